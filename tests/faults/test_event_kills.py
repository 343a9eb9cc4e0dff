"""The consumer is killed by SIGKILL at each place of its way from a message about a user to the counters.

Mixed traffic lies in Kafka each time: requests with all kinds of keys, new users of ours and of others, edits,
deletions, and what comes too late. After the last death: exact, every acknowledged write there once, nothing taken for
poison, no intent and no user left over. The seed is printed and, given as HEADCOUNT_SEED, replays.
"""
import time

import pytest

from faults.consumer import ALONE, Consumer
from faults.test_kills import quiet  # noqa: F401 a fixture
from faults.traffic import Traffic, assert_whole_and_exact, seed_from_environment, settle, take_users

# Where, and at which time past it; removals are rarer.
PLACES = {"events.read": 1, "change.read": 7, "count.intent": 5, "count.carrying": 9, "users.new": 4, "usage.new": 4,
          "remove.activities": 1, "remove.usage": 2, "count.carried": 6, "events.counted": 1, "events.before": 2,
          "events.after": 1}


def populate(stack, users=120, variant="faults"):
    """Some users, counted, and requests of them; traffic that knows them."""
    with Consumer(stack, variant, ALONE):
        job = stack.wait_job(stack.generate(users))
        traffic = Traffic(stack, seed_from_environment(), http=False, users=take_users(stack, job))
        traffic.batch(60)
        settle(stack)
    return traffic


def enough_for_every_place(traffic, batch):
    """Mixed traffic, and as many deletions as the rarest place asks for."""
    traffic.batch(batch)
    for _ in range(3):
        traffic._delete_direct(traffic.chance.choice([one for one in traffic.known.values() if one.certain]))
    traffic.deliver()


def kill_at_every_place(stack, variant="faults", places=None, batch=60):
    """One death a place, one batch before each; then a consumer that lives."""
    traffic = populate(stack, variant=variant)
    for place in places or PLACES:
        enough_for_every_place(traffic, batch)
        with Consumer(stack, variant, {**ALONE, "HC_FAIL": f"{place}:{PLACES[place]}"}) as dying:
            # How often a place is passed depends on how the messages are cut into steps: more come until it is enough.
            for _ in range(8):
                if dying.died_within(5):
                    break
                enough_for_every_place(traffic, batch // 2)
            dying.wait_killed(20)
    with Consumer(stack, variant, ALONE):
        settle(stack)
        assert_whole_and_exact(stack, traffic)


def test_a_kill_at_every_place_of_an_event(quiet):  # noqa: F811
    kill_at_every_place(quiet)


@pytest.mark.full
@pytest.mark.timeout(300)
@pytest.mark.parametrize("place", PLACES)
def test_five_deaths_at_one_place(quiet, place):  # noqa: F811
    kill_at_every_place(quiet, places=[place] * 5)


def kills_by_chance(stack, batches, per_mille=12):
    """Dies wherever chance has it; each life has another seed. Returns how many deaths there were."""
    traffic = populate(stack)
    deaths = 0
    for _ in range(batches):
        traffic.batch(80)
        order = f"random:{traffic.chance.randrange(2**31)}:{per_mille}"
        with Consumer(stack, "faults", {**ALONE, "HC_FAIL": order}) as consumer:
            if consumer.died_within(4):
                consumer.wait_killed(1)
                deaths += 1
    with Consumer(stack, "faults", ALONE):
        settle(stack)
        assert_whole_and_exact(stack, traffic)
    print(f"{deaths} deaths")
    return deaths


def test_deaths_by_chance(quiet):  # noqa: F811
    assert kills_by_chance(quiet, batches=6) > 0


@pytest.mark.full
@pytest.mark.timeout(900)
def test_sixty_deaths_by_chance(quiet):  # noqa: F811
    assert kills_by_chance(quiet, batches=60) > 20


def kills_by_the_clock(stack, users, kills, seed, processes, apart):
    """A users job, requests, edits and deletions at the same time, and consumers killed at random moments."""
    traffic = None
    alive = [Consumer(stack, "release", {"APP_CHUNK_USERS": "2000"}).start() for _ in range(processes)]
    try:
        crowd = take_users(stack, stack.wait_job(stack.generate(200)))
        with Traffic(stack, seed, users=crowd) as traffic:
            job = stack.generate(users)
            for _ in range(kills):
                time.sleep(traffic.chance.uniform(*apart))
                victim = traffic.chance.randrange(processes)
                alive[victim].kill()
                alive[victim] = Consumer(stack, "release", {"APP_CHUNK_USERS": "2000"}).start()
            stack.wait_job(job, 240)
        settle(stack, 120)
        assert_whole_and_exact(stack, traffic, 200 + users + traffic.born())
    finally:
        for consumer in alive:
            consumer.stop()


def test_kills_among_a_job_requests_edits_and_deletions(quiet):  # noqa: F811
    kills_by_the_clock(quiet, 20_000, kills=3, seed=seed_from_environment(), processes=2, apart=(0.5, 5))


@pytest.mark.full
@pytest.mark.timeout(1500)
def test_thirty_kills_among_everything(quiet):  # noqa: F811
    """The soak: 300 000 users, and the recount is the counters to the unit."""
    kills_by_the_clock(quiet, 300_000, kills=30, seed=seed_from_environment(), processes=3, apart=(0.3, 8))
