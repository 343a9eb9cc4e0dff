"""What many browsers cost: MongoDB's commands are counted on the way to MongoDB, not by our own programs."""
import random
import threading
import time

import pytest

from support.browsers import poll
from support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("nothing_left")

REFRESH_EACH_S = 1  # how old the snapshot may be


def one_refresh(stack, watched, proxy):
    """The commands of one refresh of the snapshot, {command: times}."""
    def commands():
        stack.redis.flushall()
        proxy.reset()
        assert watched.http.get("/v1/counts").status == 200
        return dict(proxy.commands)
    return wait_until(commands, 10, "the leader, who keeps it warm, was always faster", every=0.3)


def browse_during_a_job(stack, watched, proxy, users, browsers, seconds, **more):
    """Polls while a job runs from before the first poll until after the last; (what they saw, commands, seconds)."""
    job = stack.generate(users)
    stack.wait_progress(job, 1)
    wait_until(lambda: watched.counts()["users"] > 0, 5)
    proxy.reset()
    began = time.monotonic()
    seen = poll(watched.http, browsers, seconds, **more)
    took, commands = time.monotonic() - began, dict(proxy.commands)
    running = stack.job(job)["state"] == "running"
    stack.http.post(f"/v1/jobs/{job['id']}/cancel")
    stack.wait_job(job, 60, "cancelled" if running else "done")
    assert running, "the job ended before the polls did"
    return seen, commands, took


def assert_a_refresh_a_second(commands, refresh, seconds):
    """No command but those of a refresh, and of each no more than one a second (and one that had begun)."""
    assert set(commands) <= set(refresh), (commands, refresh)
    for name, times in commands.items():
        assert times <= refresh[name] * (seconds / REFRESH_EACH_S + 2), (name, commands, refresh, seconds)
    assert max(commands.values()) >= seconds / 4, (commands, seconds)  # and they are refreshed


def browse(stack, watched, proxy, users, browsers, seconds):
    refresh = one_refresh(stack, watched, proxy)
    seen, commands, took = browse_during_a_job(stack, watched, proxy, users, browsers, seconds, obey=False)
    assert not seen.failures and set(seen.statuses) <= {200, 304}, (seen.statuses, seen.failures[:3])
    assert len(seen.versions) >= seconds / 3, "the numbers moved"
    assert_a_refresh_a_second(commands, refresh, took)
    return seen


@pytest.mark.timeout(240)
def test_200_browsers_during_a_job(empty, watched, proxy):
    seen = browse(empty, watched, proxy, 2_000_000, 200, 12)
    assert seen.polls >= 200 * 4, seen.statuses


@pytest.mark.full
@pytest.mark.timeout(900)
def test_1000_browsers_for_a_minute_during_a_job(empty, watched, proxy):
    seen = browse(empty, watched, proxy, 8_000_000, 1000, 60)
    assert seen.polls >= 1000 * 30, seen.statuses
    print(f"{seen.polls} polls, {dict(seen.statuses)}, p50 {seen.late_ms(0.5):.1f} ms, p99 {seen.late_ms(0.99):.1f} ms")


def at_rest(server):
    result = server.counts()
    moving = (*result["rates"].values(), result["pipeline"]["insertsPerSecond"], result["lag"]["messages"])
    return not any(moving) and result["pipeline"]["drift"] == 0 and result["pipeline"]["consumers"] == 1


@pytest.mark.timeout(240)
def test_nothing_new_is_a_304_from_redis_alone(stack, watched, proxy):
    """When nothing moves, all that is asked of MongoDB is the refresh, whoever polls; what is sent is a few hundred bytes."""
    stack.idle()
    refresh = one_refresh(stack, watched, proxy)
    for _ in range(4):  # an audit may move a number in the middle; then once more
        wait_until(lambda: at_rest(watched), 100, every=0.3)
        proxy.reset()
        began = time.monotonic()
        seen = poll(watched.http, 40, 6)
        assert_a_refresh_a_second(dict(proxy.commands), refresh, time.monotonic() - began)
        assert not seen.failures
        if len(seen.versions) == 1:
            break
    assert len(seen.versions) == 1, "the numbers never rest"
    assert seen.statuses[200] == 40 and seen.statuses[304] >= 80, seen.statuses
    assert max(seen.bytes[304]) < 600 < max(seen.bytes[200])


def test_within_its_second_a_poll_asks_redis_alone(watched, proxy):
    """Polls between two refreshes send MongoDB nothing at all."""
    quiet = 0
    for _ in range(30):
        tag = watched.http.get("/v1/counts").headers["ETag"]
        proxy.reset()
        for _ in range(5):
            assert watched.http.get("/v1/counts", headers={"If-None-Match": tag}).status in (200, 304)
        quiet += proxy.total == 0
        time.sleep(0.02)
    assert quiet >= 15, quiet  # the others met a refresh


# ---- how long to wait

def interval(server):
    return int(server.http.get("/v1/counts").headers["Poll-Interval"])


def hammer(server, threads, until):
    """Lists that nobody has kept, one after the other."""
    rnd = random.Random(3)

    def work():
        while not until.is_set():
            server.http.get(f"/v1/user?limit=100&search={rnd.choice('aeiou')}{rnd.randrange(10 ** 6)}", timeout=30)
    them = [threading.Thread(target=work) for _ in range(threads)]
    for one in them:
        one.start()
    return them


def test_the_wait_grows_under_load_and_comes_back(stack):
    """Workers that are busy all the time ask for fewer polls, 10 s apart at most; idle ones for a second."""
    stack.wait_job(stack.generate(5000))
    done = threading.Event()
    with stack.beside(env={"APP_THREADS": "2"}) as server:
        wait_until(lambda: interval(server) == 1000, 20)
        threads = hammer(server, 8, done)
        try:
            wait_until(lambda: interval(server) > 2000, 30, "the wait doesn't grow")
            wait_until(lambda: interval(server) == 10000, 30, "the wait doesn't grow to its bound", every=0.3)
        finally:
            done.set()
            for one in threads:
                one.join()
        wait_until(lambda: interval(server) == 1000, 30, "the wait stays long", every=0.3)
