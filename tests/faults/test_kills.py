"""The consumer is killed by SIGKILL, at each place where that could hurt and at random moments, during one job.

After it is started again: exactly the users that were asked for, each _id and each e-mail once, the counters equal to
a recount, the job done. The seed of the random moments is printed and, given as HEADCOUNT_SEED, replays.
"""
import json
import os
import random
import time

import pytest

from faults.consumer import ALONE, Consumer, assert_whole
from support.kafka import ACTIVITY
from support.waiting import wait_until

CHUNKS = {"APP_CHUNK_USERS": "2000", "APP_BATCH_USERS": "500"}
ONE = {**CHUNKS, **ALONE}
FAILPOINTS = ["chunk.read", "chunk.begun", "insert.before", "insert.in", "insert.after", "count.before",
              "count.intent", "count.carrying", "count.carried", "count.after", "commit.before", "commit.after"]


@pytest.fixture
def quiet(empty):
    """The stack with an empty database and no consumer of its own."""
    empty.stop("consumer")
    yield empty
    empty.start("consumer")
    empty.wait_ready()


def test_a_kill_at_every_failpoint(quiet):
    """One job of 100 000; the consumer dies at each failpoint once, on its second or a later way past it."""
    job = quiet.generate(100_000)
    for number, place in enumerate(FAILPOINTS):
        with Consumer(quiet, "faults", {**ONE, "HC_FAIL": f"{place}:{2 + number % 3}"}) as dying:
            dying.wait_killed(60)
            assert quiet.job(job)["state"] in ("queued", "running"), "the job was over before all places were met"
    with Consumer(quiet, "faults", ONE):
        quiet.wait_job(job, 90)
        assert_whole(quiet, job)


@pytest.mark.parametrize("place", ["trigger.read", "trigger.stored"])
def test_a_kill_around_a_trigger(quiet, place):
    """A message of someone else's is never lost and never carried out twice."""
    with Consumer(quiet, "faults", {**ONE, "HC_FAIL": f"{place}:1"}) as dying:
        quiet.kafka.send("user.create.bulk.randomusers", '{"totalUserCreate":"3000","message":"m","createAt":1}')
        dying.wait_killed(30)
    with Consumer(quiet, "faults", ONE):
        wait_until(lambda: [j for j in quiet.http.get("/v1/jobs").result if j["state"] == "done"], 60)
        jobs = quiet.http.get("/v1/jobs").result
        assert [j["total"] for j in jobs] == [3000]
        assert_whole(quiet, jobs[0])


def test_a_kill_around_simulated_requests(quiet):
    """What the dead had sent is sent again, as the same events: exactly as many as were asked for, each one's own."""
    with Consumer(quiet, "release", CHUNKS):
        quiet.wait_job(quiet.generate(3000))
    since = quiet.kafka.ends(ACTIVITY)
    job = quiet.http.post("/v1/generate/activities/random/30500", {"days": 7}).result
    for number, place in enumerate(["requests.before", "requests.sent", "requests.after"]):
        with Consumer(quiet, "faults", {**ONE, "HC_FAIL": f"{place}:{2 + number}"}) as dying:
            dying.wait_killed(60)
            assert quiet.job(job)["state"] in ("queued", "running"), "the job was over before all places were met"
    with Consumer(quiet, "faults", ONE):
        assert quiet.wait_job(job, 90)["done"] == 30_500
    sent = [json.loads(message.value()) for message in quiet.kafka.read(ACTIVITY, since)]
    assert {one["event"] for one in sent} == {f"{job['id']}/{i}" for i in range(30_500)}
    assert len(sent) > 30_500, "no chunk was sent twice: the kills say nothing"
    what = {(one["event"], one["body"]["user"], one["body"]["requestTime"]) for one in sent}
    assert len(what) == 30_500, "an event was another one the second time"


def random_kills(stack, users, kills, seed, processes=1):
    """Kills one of `processes` consumers at random moments while a job of `users` runs."""
    chance = random.Random(seed)
    job = stack.generate(users)
    alive = [Consumer(stack, "release", CHUNKS).start() for _ in range(processes)]
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.3, 8.0))
            victim = chance.randrange(processes)
            alive[victim].kill()
            alive[victim] = Consumer(stack, "release", CHUNKS).start()
        stack.wait_job(job, 120)
        assert_whole(stack, job)
    finally:
        for consumer in alive:
            consumer.stop()


def seed_from_environment():
    seed = int(os.environ.get("HEADCOUNT_SEED") or random.SystemRandom().randrange(2**32))
    print(f"HEADCOUNT_SEED={seed}")
    return seed


def test_kills_at_random(quiet):
    random_kills(quiet, 100_000, kills=4, seed=seed_from_environment(), processes=2)


@pytest.mark.full
@pytest.mark.timeout(900)
def test_thirty_kills_at_random(quiet):
    random_kills(quiet, 500_000, kills=30, seed=seed_from_environment(), processes=3)


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("place", FAILPOINTS)
def test_one_place_again_and_again(quiet, place):
    """Five deaths in a row at one place: what was begun by the dead is finished by the living."""
    job = quiet.generate(60_000)
    for _ in range(5):
        with Consumer(quiet, "faults", {**CHUNKS, "HC_FAIL": f"{place}:3"}) as dying:
            dying.wait_killed(60)
    with Consumer(quiet, "faults", CHUNKS):
        quiet.wait_job(job, 90)
        assert_whole(quiet, job)
