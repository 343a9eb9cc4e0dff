"""A consumer stands still in the middle of a step, others finish that step and go on; then it writes what it had in hand.

HC_FAIL=stop:… stops it exactly between two writes, which is where a frozen machine or a lost packet leaves it. Whoever takes
over has the same name in the groups (group.instance.id), so it need not wait for the end of a session; to the
database both are nobody, and that is all that counts. What the late one writes must change nothing (E3, E12, E8).
"""
import contextlib
import os
import pathlib
import signal
import time

import pytest

from faults.consumer import Consumer
from faults.test_event_kills import ALONE
from faults.test_kills import quiet  # noqa: F401 a fixture
from faults.traffic import assert_counted_as_they_are, assert_no_intent, settle, take_users
from support import activity
from support.activity import LINUX, WINDOWS, send_request
from support.kafka import DEAD
from support.waiting import wait_until


HAND_S = 1.5  # what a consumer has in hand it writes within milliseconds


def state_of(consumer):
    """T: stopped."""
    return pathlib.Path(f"/proc/{consumer.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


@contextlib.contextmanager
def stopped_at(stack, variant, place, number=1, **env):
    """with stopped_at(…) as late: it is there, and stands still at that place. late.go(); ends by SIGKILL."""
    late = Consumer(stack, variant, {**ALONE, "HC_FAIL": f"stop:{place}:{number}", **env}).start()
    late.go = lambda: os.kill(late.process.pid, signal.SIGCONT)
    late.wait_stopped = lambda: wait_until(lambda: state_of(late) == "T", 30, f"{place} was not reached")
    try:
        late.wait_stopped()
        yield late
    finally:
        late.kill()


class Scene:
    """A few users, counted, each with one request; one whom all is about."""

    def __init__(self, stack, variant):
        self.stack, self.variant = stack, variant
        with Consumer(stack, variant, ALONE):
            job = stack.wait_job(stack.generate(20))
            self.users = [user["_id"] for user in take_users(stack, job)]
            for user in self.users:
                send_request(stack, user)
            settle(stack)
        self.user = self.users[7]
        self.dead = stack.kafka.ends(DEAD)

    def edit(self, gender, country):
        assert activity.edit(self.stack, self.user, gender=gender, country=country)
        activity.updated(self.stack, {"_id": self.user, "email": "x"})

    def delete(self):
        assert activity.mark_gone(self.stack, self.user)
        activity.deleted(self.stack, {"_id": self.user})

    def exact(self, users=20):
        settle(self.stack)
        there = self.stack.assert_exact(users)
        assert_counted_as_they_are(self.stack)
        assert self.stack.kafka.dead(self.dead) == []
        return there


def awake(late, stack):
    """Lets the late one go, until it has written what it had in hand. Its step was finished before: no sum moves."""
    before = stack.counters()
    late.go()
    time.sleep(HAND_S)
    assert stack.counters() == before


def late_usage(stack, variant="faults"):
    """E3: usage as it was two batches ago."""
    scene = Scene(stack, variant)
    send_request(stack, scene.user, device=LINUX, when=activity.now_ms() - 3 * 86_400_000)
    with stopped_at(stack, variant, "usage.new") as late:
        with Consumer(stack, variant, ALONE):
            for _ in range(3):
                send_request(stack, scene.user, device=WINDOWS)
                settle(stack)
            awake(late, stack)
            assert scene.exact()["by_user"][scene.user][0] == 5
            send_request(stack, scene.user)
            assert scene.exact()["by_user"][scene.user][0] == 6


def late_user(stack, variant="faults"):
    """E3: what a user was counted as, before he was edited again."""
    scene = Scene(stack, variant)
    scene.edit("other", "Norway")
    with stopped_at(stack, variant, "users.new") as late:
        with Consumer(stack, variant, ALONE):
            settle(stack)
            scene.edit("male", "Iceland")
            settle(stack)
            awake(late, stack)
            scene.exact()
            scene.edit("female", "Japan")
            scene.exact()


def late_token(stack, variant="faults"):
    """A step that took its facts before the last edit leaves that edit's token standing."""
    scene = Scene(stack, variant)
    scene.edit("other", "Norway")
    with stopped_at(stack, variant, "users.new") as late:
        assert activity.edit(stack, scene.user, gender="male", country="Iceland")  # its notice is lost
        late.go()
        time.sleep(HAND_S)
        late.kill()
    with Consumer(stack, variant, ALONE):
        scene.exact()


def late_intent(stack, variant="faults"):
    """A step that was computed from what is no longer so: its intent doesn't fit any more."""
    scene = Scene(stack, variant)
    for _ in range(3):
        send_request(stack, scene.user, event="one-and-the-same")
    with stopped_at(stack, variant, "change.read") as late:
        with Consumer(stack, variant, ALONE):
            settle(stack)
            assert scene.exact()["by_user"][scene.user][0] == 2
            awake(late, stack)
            assert scene.exact()["by_user"][scene.user][0] == 2


def late_reader(stack, variant="faults"):
    """Half of what a step needs is read; then its user, who never made a request, is taken out. He was there: no poison."""
    scene = Scene(stack, variant)
    with Consumer(stack, variant, ALONE):
        scene.user = take_users(stack, stack.wait_job(stack.generate(1)))[0]["_id"]
        settle(stack)
    send_request(stack, scene.user)
    with stopped_at(stack, variant, "subjects.half") as late:
        with Consumer(stack, variant, ALONE):
            settle(stack)
            scene.delete()
            scene.exact(20)
            awake(late, stack)
            scene.exact(20)


def late_commit(stack, variant="faults"):
    """All is written but the slot's version; another one has finished it."""
    scene = Scene(stack, variant)
    send_request(stack, scene.user)
    with stopped_at(stack, variant, "count.carried") as late:
        with Consumer(stack, variant, ALONE):
            settle(stack)
            send_request(stack, scene.user)
            settle(stack)
            awake(late, stack)
            assert scene.exact()["by_user"][scene.user][0] == 3


def late_removal(stack, variant="faults"):
    """The graves are dug, the user is taken out by another one; then once more."""
    scene = Scene(stack, variant)
    scene.delete()
    with stopped_at(stack, variant, "remove.activities") as late:
        with Consumer(stack, variant, ALONE):
            settle(stack)
            send_request(stack, scene.user)  # too late: no poison, and not counted
            scene.exact(19)
            awake(late, stack)
            scene.exact(19)


def late_activity(stack, variant="faults"):
    """E12: a request is written after its user was taken out. It stays uncounted, and only of one who has a grave."""
    scene = Scene(stack, variant)
    send_request(stack, scene.user, device=LINUX)
    with stopped_at(stack, variant, "count.intent") as late:
        with Consumer(stack, variant, ALONE):
            settle(stack)
            scene.delete()
            scene.exact(19)
            awake(late, stack)
            orphans = set(stack.mongo.useractivities.distinct("user")) - set(stack.mongo.users.distinct("_id"))
            assert orphans <= {scene.user} and stack.mongo.hc_tombstones.find_one({"_id": scene.user})
            stack.mongo.useractivities.delete_many({"user": {"$in": list(orphans)}})  # as the leftovers are
            scene.exact(19)


def late_inserter(stack, variant="faults"):
    """E8: a chunk is written again by one who was away while a user of it was deleted and taken out."""
    scene = Scene(stack, variant)
    small = {"APP_CHUNK_USERS": "1000", "APP_BATCH_USERS": "250"}
    job = stack.generate(1000)
    with stopped_at(stack, variant, "insert.before", 1, **small) as late:
        with Consumer(stack, variant, {**ALONE, **small}):
            stack.wait_job(job)
            settle(stack)
            scene.user = take_users(stack, job, 1)[0]["_id"]
            scene.delete()
            scene.exact(1019)
            awake(late, stack)
            assert stack.mongo.users.find_one({"_id": scene.user}) is None
            scene.exact(1019)


def inserter_between_grave_and_removal(stack, variant="faults"):
    """E8: the same while the user's removal stands still after its first write, which has to be the grave."""
    scene = Scene(stack, variant)
    small = {"APP_CHUNK_USERS": "1000", "APP_BATCH_USERS": "250"}
    job = stack.generate(1000)
    orders = "stop:insert.before:1,stop:count.before:1"  # before its first user, and when it has looked for graves
    with stopped_at(stack, variant, "insert.before", 1, **small, HC_FAIL=orders) as inserter:
        with Consumer(stack, variant, {**ALONE, **small}):
            stack.wait_job(job)
            settle(stack)
        scene.user = take_users(stack, job, 1)[0]["_id"]
        scene.delete()
        with stopped_at(stack, variant, "count.carrying") as remover:
            assert stack.mongo.hc_tombstones.find_one({"_id": scene.user}), "the user's removal began without a grave"
            inserter.go()
            time.sleep(0.1)
            inserter.wait_stopped()
            assert stack.mongo.users.find_one({"_id": scene.user}) is None, "a deleted user is back"
            inserter.kill()
            remover.go()
            time.sleep(HAND_S)
            remover.kill()
        with Consumer(stack, variant, ALONE):
            scene.exact(1019)
            assert stack.mongo.users.find_one({"_id": scene.user}) is None


SHORT = [late_usage, late_user, inserter_between_grave_and_removal]
FULL = [late_intent, late_reader, late_activity, late_token, late_commit, late_removal, late_inserter]
SCENES = [*SHORT, *(pytest.param(scene, marks=pytest.mark.full) for scene in FULL)]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_what_comes_late_changes_nothing(quiet, scene):  # noqa: F811
    scene(quiet)
    assert_no_intent(quiet)
