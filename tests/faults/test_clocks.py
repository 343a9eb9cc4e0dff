"""F29: programs whose clock is an hour or a year off, ahead and behind, count as exactly as others.

The build for faults takes that clock from HC_CLOCK_SHIFT. Leases and time limits go by the monotonic one, which is right.
"""
import datetime
import time

import pytest

from faults.consumer import Consumer
from faults.traffic import Traffic, assert_whole_and_exact, seed_from_environment, settle, take_users
from support.stack import ROOT, Stack
from support.waiting import wait_until

HOUR, DAY = 3600, 86400
CLOCKS = [HOUR, *(pytest.param(clock, marks=pytest.mark.full) for clock in (-HOUR, 365 * DAY, -365 * DAY))]


def clock_of(shift):
    return {"HC_CLOCK_SHIFT": str(shift)}


@pytest.fixture(scope="module")
def own():
    with Stack() as one:
        yield one


@pytest.fixture
def crowd(own):
    """Users whom nobody has written to yet."""
    own.wait_ready(60)
    return take_users(own, own.wait_job(own.generate(100)))


def today_is_counted(stack):
    """No clock has pruned the days that are shown, and nobody is active on a day to come."""
    today = int(time.time()) // DAY
    slots = list(stack.mongo.hc_slots.find({}, {"floor": 1, "sum.day": 1}))
    assert max(slot.get("floor", 0) for slot in slots) <= today - 29, "days of the last month are not counted"
    assert max((int(day) for slot in slots for day in slot["sum"].get("day", {})), default=0) <= today + 1
    return True


@pytest.mark.timeout(180)
@pytest.mark.parametrize("clock", CLOCKS)
def test_a_consumer_with_a_wrong_clock(own, crowd, clock):
    """It leads, too, until one with the right time takes over."""
    with Traffic(own, seed_from_environment(), pause=0.01, users=crowd) as traffic:
        with own.stopped("consumer"), Consumer(own, "faults", clock_of(clock)):
            time.sleep(6)
            job = own.wait_job(own.generate(3000))
        wrong = datetime.datetime.fromisoformat(job["startedAt"].replace("Z", "+00:00")).timestamp() - time.time()
        assert abs(wrong - clock) < 60, "its clock was right"
        time.sleep(3)
        traffic.end()
        own.wait_ready(60)
        settle(own, 90)
        wait_until(lambda: today_is_counted(own), 60)
        settle(own, 90)
        there = assert_whole_and_exact(own, traffic)
    assert sum(there["day"].values()) == len(there["by_user"]), "a user with requests is in no day's bucket"


@pytest.mark.full
@pytest.mark.timeout(180)
@pytest.mark.parametrize("clock", (HOUR, -HOUR, 365 * DAY, -365 * DAY))
def test_a_web_service_with_a_wrong_clock(own, crowd, clock):
    """Its ids and jobs are met by nobody else's."""
    with own.beside(env=clock_of(clock), build=ROOT / "build" / "faults") as web:
        with Traffic(own, seed_from_environment(), http=web.http, pause=0.01, users=crowd) as traffic:
            jobs = [stack.generate(500) for stack in (web, own)]
            for job in jobs:
                assert own.wait_job(job)["failed"] == 0
            time.sleep(2)
            traffic.end()
            settle(own, 90)
            assert_whole_and_exact(own, traffic)
        assert web.counts()["users"] == own.recount()["users"]
        assert traffic.outcomes["ok"] > 20, traffic.outcomes
