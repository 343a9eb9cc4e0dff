"""One of all consumers leads; one that dies, hangs or stops is replaced, and never do two lead at a time."""
import json
import os
import pathlib
import signal
import time

import pytest

from faults.consumer import Consumer
from faults.test_kills import quiet  # noqa: F401 a fixture
from support.waiting import wait_until

SMALL = {"APP_WORKERS": "1"}


def start(stack, number):
    return Consumer(stack, "release", {**SMALL, "APP_INSTANCE": f"c{number}"}).start()


def lines(consumer, event):
    """[(time, term)] of what this consumer said."""
    consumer.log.flush()
    found = []
    for line in pathlib.Path(consumer.log.name).read_text(errors="replace").splitlines():
        if f'"{event}"' in line:
            said = json.loads(line)
            found.append((said["time"], said["term"]))
    return found


def lease(stack):
    return stack.mongo.hc_meta.find_one({"_id": "leader"}) or {}


def leader(stack, among, seconds=15):
    """The consumer of `among` (name -> Consumer) that the lease names, once its beat moves."""
    before = lease(stack).get("beat")

    def beating():
        now = lease(stack)
        assert now.get("name") in among and now["owner"] and now["beat"] != before, now
        return now["name"]
    return wait_until(beating, seconds)


@pytest.fixture
def several(quiet):  # noqa: F811
    """several(n): that many consumers, name -> Consumer; ended with the test."""
    running = {}

    def begin(count):
        running.update({f"c{n}": start(quiet, n) for n in range(1, count + 1)})
        return running
    yield begin
    for consumer in running.values():
        if consumer.process.poll() is None:
            consumer.process.send_signal(signal.SIGCONT)
            consumer.kill()


def assert_terms(consumers):
    """Each term was led by one of them."""
    terms = [term for consumer in consumers for _, term in lines(consumer, "leader.elected")]
    assert len(terms) == len(set(terms)), terms


def test_a_dead_leader_is_replaced_within_ten_seconds(quiet, several):  # noqa: F811
    consumers = several(2)
    first = leader(quiet, consumers)
    term = lease(quiet)["term"]
    began = time.monotonic()
    consumers[first].process.kill()
    other = {name: c for name, c in consumers.items() if name != first}
    leader(quiet, other, 10)
    took = time.monotonic() - began
    print(f"replaced after {took:.1f} s")
    assert took < 10
    assert lease(quiet)["term"] > term
    wait_until(lambda: lines(next(iter(other.values())), "leader.elected"), 5)
    assert_terms(consumers.values())


def test_a_stopped_leader_gives_the_lease_up(quiet, several):  # noqa: F811
    consumers = several(2)
    first = leader(quiet, consumers)
    other = {name: c for name, c in consumers.items() if name != first}
    began = time.monotonic()
    consumers[first].process.send_signal(signal.SIGTERM)
    wait_until(lambda: lines(next(iter(other.values())), "leader.elected"), 5)
    took = time.monotonic() - began
    print(f"handed over after {took:.1f} s")
    assert took < 3, "nobody waits for a lease that was given up"


def test_a_paused_leader_notices_and_does_nothing_more(quiet, several):  # noqa: F811
    """Stopped past its lease; when it goes on, the other one leads and goes on leading."""
    consumers = several(2)
    first = leader(quiet, consumers)
    other = {name: c for name, c in consumers.items() if name != first}
    os.kill(consumers[first].process.pid, signal.SIGSTOP)
    second = leader(quiet, other, 10)
    term = lease(quiet)["term"]
    os.kill(consumers[first].process.pid, signal.SIGCONT)
    wait_until(lambda: lines(consumers[first], "leader.lost"), 5, "it doesn't notice")
    for _ in range(20):
        now = lease(quiet)
        assert now["name"] == second and now["term"] >= term, now  # a machine that stands still costs it a term
        time.sleep(0.2)
    assert len(lines(consumers[first], "leader.lost")) == 1
    assert len(lines(consumers[first], "leader.elected")) == 1
    assert_terms(consumers.values())


def test_a_leader_without_its_database_leads_no_more(quiet, several):  # noqa: F811
    """Longer away than the lease lasts: it says so once, and leads again later with another term."""
    consumers = several(1)
    leader(quiet, consumers)
    term = lease(quiet)["term"]
    with quiet.frozen("ferretdb"):
        time.sleep(5)
    wait_until(lambda: len(lines(consumers["c1"], "leader.elected")) >= 2, 30)
    assert len(lines(consumers["c1"], "leader.lost")) == len(lines(consumers["c1"], "leader.elected")) - 1
    assert lease(quiet)["term"] > term


@pytest.mark.parametrize("count", [2, 5])
def test_one_leader_at_each_time(quiet, several, count):  # noqa: F811
    """Whoever leads is stopped past its lease or killed, again and again; each term has one leader."""
    consumers = several(count)
    terms = []
    for turn in range(3):
        name = leader(quiet, consumers)
        terms.append(lease(quiet)["term"])
        process = consumers[name].process
        if turn == 2 and count > 2:
            process.kill()
        else:
            os.kill(process.pid, signal.SIGSTOP)
        others = {n: c for n, c in consumers.items() if n != name}
        leader(quiet, others, 10)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGCONT)
    assert terms == sorted(set(terms))
    assert_terms(consumers.values())
    wait_until(lambda: lease(quiet)["owner"], 5)
