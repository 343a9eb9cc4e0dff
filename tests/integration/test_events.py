"""Users' requests, edits and deletions through Kafka into the counters: exact whatever key, order and repetition."""
import datetime
import random

import pytest
from bson import ObjectId

from support import activity, store
from support.activity import LINUX, WINDOWS, request, send_request
from support.kafka import ACTIVITY, CREATED, DEAD, DELETED, EVENT_GROUP, UPDATED
from support.waiting import wait_until


class Scene:
    """40 generated users of this test's own, in a database that others use before and after it."""

    def __init__(self, stack):
        self.stack = stack
        job = stack.wait_job(stack.generate(40))
        stack.idle()
        ids = stack.mongo.users.find({"_id": store.job_range(stack.mongo, job["id"])}, {"_id": 1}).sort("_id", 1)
        self.users = [user["_id"] for user in ids]
        self.base = stack.counters()
        self.dead = stack.kafka.ends(DEAD)

    def request(self, number, **more):
        return send_request(self.stack, self.users[number], **more)

    def settled(self, **more):
        """All is read and counted: exact, and with so many more than at the beginning."""
        self.stack.idle()
        there = self.stack.assert_exact()
        now = self.stack.counters()
        for name, n in more.items():
            assert now[name] == self.base[name] + n, (name, now[name], self.base[name])
        return there

    def gained(self, name):
        """{key: how many more than at the beginning}"""
        was, now = self.base[name], self.stack.counters()[name]
        return {key: now.get(key, 0) - was.get(key, 0) for key in was.keys() | now.keys()
                if now.get(key, 0) != was.get(key, 0)}

    def told_dead(self):
        return self.stack.kafka.dead(self.dead)


@pytest.fixture
def scene(stack):
    return Scene(stack)


# ---- requests

def test_a_request_is_counted_with_all_that_it_says(stack, scene):
    when = 1_760_000_000_123
    scene.request(0, when=when)
    scene.settled(requests=1)
    stored = stack.mongo.useractivities.find_one()
    assert stored["user"] == scene.users[0] and activity.ms_of(stored["requestTime"]) == when
    assert stored["device"]["os"]["name"] == "Windows" and stored["device"]["browser"]["name"] == "Chrome"
    usage = stack.mongo.hc_usage.find_one({"_id": scene.users[0]})
    assert (usage["n"], activity.ms_of(usage["last"])) == (1, when)


def test_last_active_is_the_time_of_the_last_request(stack, scene):
    later = activity.now_ms() + 30_000
    was = stack.http.get(f"/v1/user/{scene.users[0]}").result["lastActive"]
    scene.request(0, when=later)
    scene.request(1, when=86_400_000)
    scene.settled(requests=2)
    now = stack.http.get(f"/v1/user/{scene.users[0]}").result["lastActive"]
    assert now > was and datetime.datetime.fromisoformat(now).timestamp() * 1000 == later
    assert stack.http.get(f"/v1/user/{scene.users[1]}").result["lastActive"] > "2020"


def test_one_users_requests_over_all_partitions(stack, scene):
    """E1: two workers read different partitions with requests of the same user, at the same time."""
    partitions = stack.kafka.partitions(ACTIVITY)
    for i in range(120):
        scene.request(0, partition=partitions[i % len(partitions)], device=(WINDOWS, LINUX)[i % 2],
                     when=activity.now_ms() - (i % 5) * 86_400_000)
    there = scene.settled(requests=120)
    assert there["by_user"][scene.users[0]][0] == 120 and list(scene.gained("day").values()) == [1]


@pytest.mark.parametrize("key", [None, b"murmur", b"wrong key", "id"])
def test_any_key(stack, scene, key):
    for user in scene.users[:10]:
        send_request(stack, user, key=str(user).encode() if key == "id" else key)
    scene.settled(requests=10)


def test_the_same_event_counts_once(stack, scene):
    for _ in range(3):
        for partition in (0, 5):
            scene.request(0, event="click-1", partition=partition)
    scene.request(1, event="click-1")
    scene.request(0, event="click-2")
    scene.settled(requests=3)


def test_foreign_messages_that_look_alike_are_two_requests(stack, scene):
    value = request(scene.users[0], when=1_760_000_000_000)
    stack.kafka.send(ACTIVITY, value, partition=1)
    stack.kafka.send(ACTIVITY, value, partition=1)
    scene.settled(requests=2)


def test_the_whole_topic_again(stack, scene):
    """F07: replayed from the beginning, nothing changes."""
    chance = random.Random(7)
    for i in range(60):
        send_request(stack, chance.choice(scene.users), event=f"e{i}" if i % 2 else None)
    before = scene.settled(requests=60)
    stack.stop("consumer")
    for topic in (ACTIVITY, CREATED, UPDATED, DELETED):
        stack.kafka.rewind(EVENT_GROUP, topic)
    stack.start("consumer")
    assert scene.settled(requests=60) == before


def test_a_late_request_adds_and_never_moves_back(stack, scene):
    today = activity.now_ms()
    scene.request(0, when=today)
    scene.settled(requests=1)
    scene.request(0, when=today - 40 * 86_400_000)
    scene.request(0, when=86_400_000 * 365)
    there = scene.settled(requests=3)
    assert activity.ms_of(there["by_user"][scene.users[0]][1]) == today
    assert list(scene.gained("day").values()) == [1]


def test_a_request_of_the_future_counts_now(stack, scene):
    """E13: nobody is pinned to a day that no window has."""
    scene.request(0, when=activity.now_ms() + 10 * 365 * 86_400_000)
    there = scene.settled(requests=1)
    last = there["by_user"][scene.users[0]][1]
    assert abs(activity.ms_of(last) - activity.now_ms()) < 150_000


def test_active_users_of_windows(stack, scene):
    before = stack.counts()["active"]
    today = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    for days, user in zip((0, 0, 1, 6, 7, 29, 30), scene.users):
        when = activity.now_ms() if days == 0 else int((today - datetime.timedelta(days=days)).timestamp() * 1000)
        send_request(stack, user, when=when)
    scene.settled(requests=7)
    more = {"daily": 2, "weekly": 4, "monthly": 6}
    wait_until(lambda: stack.counts()["active"] == {name: before[name] + n for name, n in more.items()}, 5)


def test_unknown_users_requests_are_told_not_counted(stack, scene):
    nobody = ObjectId()
    stack.kafka.send(ACTIVITY, request(nobody))
    scene.request(0)
    scene.settled(requests=1)
    (told,) = scene.told_dead()
    assert "no such user" in told["reason"] and str(nobody).encode() in told["value"] and told["topic"] == ACTIVITY


# ---- notices

def test_users_written_by_others_are_counted(stack, scene):
    user = activity.insert_user(stack)
    activity.created(stack, user)
    scene.settled(users=1)
    assert stack.mongo.users.find_one({"_id": user["_id"]})["_hc"]["k"]["g"] == "female"
    stack.mongo.users.update_one({"_id": user["_id"]}, {"$set": {"gender": "other", "country": "Atlantis"}})
    activity.updated(stack, user)
    stack.idle()
    assert scene.gained("gender") == {"other": 1} and scene.gained("country") == {"ZZ": 1}
    stack.mongo.users.update_one({"_id": user["_id"]}, {"$set": {"country": "Norway"}})
    activity.updated(stack, user)
    scene.settled(users=1)
    assert scene.gained("country") == {"NO": 1}


def test_notices_again_and_out_of_order_change_nothing(stack, scene):
    user = activity.insert_user(stack)
    for topic in (activity.updated, activity.created, activity.created, activity.updated):
        topic(stack, user)
    scene.settled(users=1)


def test_an_edit_moves_the_counts(stack, scene):
    before = scene.settled()["gender"]
    gender = stack.mongo.users.find_one({"_id": scene.users[3]})["gender"]
    assert activity.edit(stack, scene.users[3], gender="other", country="Norway")
    activity.updated(stack, {"_id": scene.users[3], "email": "x"})
    there = scene.settled()
    assert there["gender"]["other"] == before.get("other", 0) + (gender != "other")


def test_a_deleted_user_leaves_every_number(stack, scene):
    for user in scene.users[:4]:
        send_request(stack, user, device=LINUX)
        send_request(stack, user, when=activity.now_ms() - 86_400_000)
    scene.settled(requests=8)
    for user in scene.users[:2]:
        assert activity.mark_gone(stack, user)
        activity.deleted(stack, {"_id": user})
    scene.settled(requests=4, users=-2)
    assert stack.mongo.users.find_one({"_id": scene.users[0]}) is None
    assert stack.mongo.hc_tombstones.count_documents({"_id": {"$in": scene.users}}) == 2
    # what comes later about them changes nothing, and is no poison
    scene.request(0)
    activity.updated(stack, {"_id": scene.users[0], "email": "x"})
    activity.deleted(stack, {"_id": scene.users[0]})
    scene.settled(requests=4, users=-2)
    assert scene.told_dead() == []


def test_a_deleted_user_is_known_among_very_many_graves(stack, scene):
    """More graves than a step reads in one go lie between its first user and those who were deleted."""
    low = [activity.insert_user(stack, _id=ObjectId(f"10{n:022x}"), counted_by_us=True)["_id"] for n in range(100)]
    for user in scene.users:
        activity.mark_gone(stack, user)
    scene.settled(users=100 - 40)
    stack.mongo.hc_tombstones.insert_many(
        {"_id": ObjectId(f"20{n:022x}"), "at": datetime.datetime.now(datetime.timezone.utc)} for n in range(400))
    stack.stop("consumer")
    for user in low + scene.users:
        send_request(stack, user, partition=0)
    stack.start("consumer")
    scene.settled(users=100 - 40, requests=100)
    assert scene.told_dead() == []


def test_a_deletion_that_overtakes_the_creation(stack, scene):
    """E5: never counted, so nothing is taken off."""
    user = activity.insert_user(stack, counted_by_us=True)
    activity.mark_gone(stack, user["_id"])
    activity.deleted(stack, user)
    scene.settled()
    activity.created(stack, user)
    scene.settled(users=0)


def test_a_create_an_edit_and_a_deletion_in_one_batch(stack, scene):
    stack.stop("consumer")
    kept, gone = activity.insert_user(stack, counted_by_us=True), activity.insert_user(stack, counted_by_us=True)
    for user in (kept, gone):
        activity.created(stack, user)
        activity.edit(stack, user["_id"], gender="male", country="Iceland")
        activity.updated(stack, user)
        send_request(stack, user["_id"])
    activity.mark_gone(stack, gone["_id"])
    activity.deleted(stack, gone)
    stack.start("consumer")
    scene.settled(requests=1, users=1)


# ---- what others did to our bookkeeping, or without it

@pytest.mark.parametrize("odd", ["x", [], 7, {"k": 3}, {"k": {"v": "abc"}}, {"k": {"v": 10**18}}, {"k": {"v": -1}},
                                 {"k": {"v": 0}, "due": "y" * 80}, {"due": 5}], ids=repr)
def test_spoilt_bookkeeping_is_made_sound(stack, scene, odd):
    """No document of a user's can make an intent that can't be carried out, or be counted at every look."""
    user = activity.insert_user(stack, _hc=odd)
    for _ in range(3):
        activity.created(stack, user)
        send_request(stack, user["_id"])
    stack.idle()
    wait_until(lambda: scene.gained("gender") == {"female": 1}, 10)
    scene.settled(users=1, requests=3)
    assert stack.mongo.users.find_one({"_id": user["_id"]})["_hc"]["k"]["g"] == "female"


def test_a_user_who_vanished_is_taken_off_by_a_recount(stack, scene):
    """Another system deleted the document, and with it what was counted of the user."""
    scene.request(0)
    scene.settled(requests=1)
    stack.mongo.users.delete_one({"_id": scene.users[0]})
    activity.deleted(stack, {"_id": scene.users[0]})
    wait_until(lambda: stack.counters()["users"] == scene.base["users"] - 1, 20)
    scene.settled(users=-1, requests=0)


def test_a_user_of_very_many_requests_goes(stack, scene):
    """More than one piece: none of them is left."""
    stack.kafka.send_all(ACTIVITY, [request(scene.users[0], event=f"many-{scene.users[0]}-{i}") for i in range(11_000)])
    stack.idle()
    scene.settled(requests=11_000)
    activity.mark_gone(stack, scene.users[0])
    activity.deleted(stack, {"_id": scene.users[0]})
    scene.settled(requests=0, users=-1)
    assert stack.mongo.useractivities.find_one({"user": scene.users[0]}) is None


# ---- poison

POISON = [b"", b"{", b"[]", b"null", b'{"body": 3}', b'{"body": {"user": 17}}', b'{"body": {"user": "xyz"}}',
          b"\xff\xfe", b'{"body": {"user": "' + b"a" * 24 + b'", "requestTime": "soon"}}', b"[" * 200 + b"]" * 200]


def test_poison_goes_to_the_dead_and_the_good_go_on(stack, scene):
    """F25: each exactly once, with where it came from and why; the good message behind it is done."""
    for value in POISON:
        stack.kafka.send(ACTIVITY, value, partition=3)
    for topic in (CREATED, UPDATED, DELETED):
        stack.kafka.send(topic, b'{"body": {}}')
    scene.request(0, partition=3)
    wait_until(lambda: stack.counters()["requests"] == scene.base["requests"] + 1, 5)
    scene.settled(requests=1)
    dead = scene.told_dead()
    assert len(dead) == len(POISON) + 3
    assert all(one["reason"] and one["kind"] == "malformed" for one in dead)
    offsets = sorted(one["offset"] for one in dead if one["topic"] == ACTIVITY)
    assert offsets == list(range(offsets[0], offsets[0] + len(POISON)))
