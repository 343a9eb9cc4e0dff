"""What the leading consumer does by the clock: the sweep, take-up, audit, recount, samples, the calendar."""
import threading
import time

import pytest
from bson import ObjectId

from faults.consumer import Consumer
from support.waiting import wait_until

WRITES_BEHIND = True

FACTS = {"gender": "female", "country": "India"}


def user(**more):
    """A user as another system would write one."""
    made = ObjectId()
    return {"_id": made, "email": f"{made}@example.org", "name": "Asha Rao", "phoneNumber": "1", **FACTS, **more}


def due(**more):
    """A user as our web service writes one: to be counted."""
    return user(_hc={"k": {"v": 0}, "due": f"01{ObjectId()}"}, **more)


def add(stack, docs):
    stack.mongo.users.insert_many(docs)
    return [doc["_id"] for doc in docs]


def counted(stack, users=None):
    return stack.counters()["users"]


def ask_recount(stack):
    answer = stack.http.post("/v1/admin/recount")
    assert answer.status == 202, answer
    assert answer.result["state"] == "wanted" and answer.result["requestedAt"]
    return answer.result


def wait_recount(stack, asked, seconds=60):
    """Until it is done: what it found."""
    def done():
        now = stack.http.get("/v1/admin/recount").result
        assert now["id"] == asked["id"] and now["state"] == "done", now
        assert now["last"]["id"] == asked["id"] and now["last"]["finishedAt"]
        return now["last"]
    return wait_until(done, seconds)


def audit(stack):
    return stack.mongo.hc_meta.find_one({"_id": "audit"}) or {}


def wait_audit(stack, check, seconds=30):
    """Asks for a new audit by electing a leader anew, until check(the audit) holds."""
    began = time.monotonic()
    while True:
        before = audit(stack).get("at")
        stack.restart("consumer-1")
        wait_until(lambda: audit(stack).get("at") != before, 20, "no audit comes")
        now = audit(stack)
        if check(now):
            return now
        assert time.monotonic() - began < seconds, now


def sums(stack, part):
    """{key: sum over all slots} of one part, without zeros."""
    total = {}
    for slot in stack.mongo.hc_slots.find():
        for key, n in slot["sum"].get(part, {}).items():
            total[key] = total.get(key, 0) + n
    return {key: n for key, n in total.items() if n}


@pytest.fixture
def without_kafka(filled):
    """The same while Kafka is stopped; it runs again afterwards, and the harness asks it by a new client."""
    with filled.stopped("kafka"):
        yield filled
    filled.kafka.forget()
    filled.wait_ready()


@pytest.fixture
def filled(empty):
    """An empty database, then 2000 people."""
    empty.wait_job(empty.generate(2000))
    empty.idle()
    return empty


# ---- the sweep

def test_due_users_are_counted_without_kafka(without_kafka):
    ids = add(without_kafka, [due() for _ in range(50)])
    began = time.monotonic()
    wait_until(lambda: counted(without_kafka) == 2050, 10)
    took = time.monotonic() - began
    print(f"counted after {took:.1f} s")
    assert took < 6
    assert without_kafka.mongo.users.count_documents({"_id": {"$in": ids}, "_hc.due": {"$gt": ""}}) == 0
    assert without_kafka.mongo.users.find_one({"_id": ids[0]})["_hc"]["k"]["c"] == "IN"


def test_a_deletion_is_counted_without_kafka(without_kafka):
    gone = without_kafka.mongo.users.find_one({}, sort=[("_id", 1)])
    without_kafka.mongo.users.update_one({"_id": gone["_id"]}, {"$set": {"_hc.gone": gone["createdAt"], "_hc.due": "01A"}})
    wait_until(lambda: counted(without_kafka) == 1999, 10)
    wait_until(lambda: without_kafka.mongo.users.find_one({"_id": gone["_id"]}) is None, 5)
    without_kafka.assert_exact(1999)


def test_more_due_users_than_a_page(filled):
    add(filled, [due() for _ in range(5000)])
    wait_until(lambda: counted(filled) == 7000, 30)
    filled.assert_exact(7000)


# ---- take-up

def test_users_written_past_us_are_taken_up(empty):
    """A database of another system: counted at the first start, without anyone asking."""
    empty.stop("consumer")
    add(empty, [user() for _ in range(6000)] + [user(gender="unheard of", country="Atlantis") for _ in range(10)])
    empty.mongo.hc_meta.delete_one({"_id": "takeup"})
    empty.start("consumer")
    empty.wait_ready()
    wait_until(lambda: counted(empty) == 6010, 60)
    now = empty.counters()
    assert now["gender"] == {"female": 6000, "other": 10} and now["country"] == {"IN": 6000, "ZZ": 10}
    assert wait_until(lambda: (empty.mongo.hc_meta.find_one({"_id": "takeup"}) or {}).get("done"), 20)


def test_an_audit_finds_strangers_and_changed_facts(filled):
    """Later ones too: written, or edited, by a system that tells nobody."""
    add(filled, [user() for _ in range(20)])
    edited = filled.mongo.users.find_one({"gender": "male", "country": {"$ne": "Germany"}})
    others = filled.counters()["gender"].get("other", 0)
    filled.mongo.users.update_one({"_id": edited["_id"]}, {"$set": {"gender": "other", "country": "Germany"}})
    filled.restart("consumer-1")
    wait_until(lambda: counted(filled) == 2020, 60)
    wait_until(lambda: filled.counters()["gender"].get("other", 0) == others + 1, 60)
    filled.assert_exact(2020)


# ---- audit and recount

def test_no_drift_after_traffic(filled):
    add(filled, [due() for _ in range(20)])
    wait_until(lambda: counted(filled) == 2020, 20)
    found = wait_audit(filled, lambda now: now["drift"] is not None)
    assert found["drift"] == 0 and found["exact"] is True and found["users"] == 2020, found


def test_a_spoilt_slot_is_seen_and_repaired(filled):
    filled.mongo.hc_slots.update_one({"_id": 3}, {"$inc": {"sum.users": 7, "sum.gender.male": -4,
                                                           "sum.gender.strange": 2, "sum.requests": 5}})
    found = wait_audit(filled, lambda now: now["drift"] is not None)
    assert found["drift"] == 18 and found["exact"] is False, found
    last = wait_recount(filled, ask_recount(filled))
    assert last["drift"] == 18
    filled.assert_exact(2000)
    assert "strange" not in sums(filled, "gender") and not filled.mongo.hc_slots.find_one({"intent": {"$ne": None}})
    assert wait_recount(filled, ask_recount(filled))["drift"] == 0
    assert wait_audit(filled, lambda now: now["drift"] is not None)["drift"] == 0


def test_what_is_no_counter_goes(filled):
    """Values that nothing can be added to would stop their slot for good."""
    filled.mongo.hc_slots.update_one({"_id": 5}, {"$set": {"sum.users": "many", "sum.country": {"IN": "x", "DE": 1}}})
    filled.mongo.hc_slots.update_one({"_id": 6}, {"$set": {"sum": "gone"}})
    last = wait_recount(filled, ask_recount(filled))
    assert last["drift"] > 0
    filled.assert_exact(2000)


def test_a_missing_slot_is_made_again(filled):
    """By itself: nobody asks for it. Its users can be edited and deleted after that."""
    before = filled.mongo.hc_slots.find_one({"_id": 9})
    filled.mongo.hc_slots.delete_one({"_id": 9})
    wait_until(lambda: filled.mongo.hc_slots.find_one({"_id": 9}), 30)
    wait_until(lambda: counted(filled) == 2000, 60)
    assert filled.mongo.hc_slots.find_one({"_id": 9})["v"] > before["v"]
    for one in filled.mongo.users.find({}, {"_id": 1}).limit(200):
        filled.mongo.users.update_one({"_id": one["_id"]}, {"$set": {"country": "Germany", "_hc.due": "01B"}})
    wait_until(lambda: filled.mongo.users.find_one({"_hc.due": {"$gt": ""}}) is None, 30)
    filled.assert_exact(2000)


def test_a_recount_while_a_job_runs(filled):
    """Chunks that are in and not counted, begun or not, are nobody's drift."""
    with filled.beside(env={"APP_CHUNK_USERS": "1000"}) as other:
        job = other.generate(150_000)
    filled.wait_progress(job, 3000)
    filled.mongo.hc_slots.update_one({"_id": 1}, {"$inc": {"sum.users": 500, "sum.country.IN": -300}})
    last = wait_recount(filled, ask_recount(filled))
    assert last["drift"] == 800, last
    assert filled.job(job)["state"] == "running", "the job was over too soon to say anything"
    filled.wait_job(job, 90)
    filled.idle()
    filled.assert_exact(152_000)
    assert wait_recount(filled, ask_recount(filled))["drift"] == 0


def test_two_recounts_at_once_repair_once(filled):
    filled.mongo.hc_slots.update_one({"_id": 30}, {"$inc": {"sum.users": 9}})
    asked = []
    threads = [threading.Thread(target=lambda: asked.append(ask_recount(filled))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = filled.http.get("/v1/admin/recount").result["id"]
    wait_recount(filled, {"id": wanted})
    filled.assert_exact(2000)


def test_a_recount_needs_the_right_to_write(filled):
    answer = filled.http.post("/v1/admin/recount", headers={"X-Forwarded-For": "192.0.2.1"})
    assert answer.status == 403


# ---- leftovers

def test_what_zombies_left_is_swept(filled):
    """A user that was deleted comes back, uncounted: it goes again."""
    gone = filled.mongo.users.find_one({})
    filled.mongo.users.update_one({"_id": gone["_id"]}, {"$set": {"_hc.gone": gone["createdAt"], "_hc.due": "01C"}})
    wait_until(lambda: filled.mongo.hc_tombstones.find_one({"_id": gone["_id"]}), 20)
    wait_until(lambda: filled.mongo.users.find_one({"_id": gone["_id"]}) is None, 20)
    filled.mongo.hc_usage.insert_one({"_id": gone["_id"], "v": 1, "n": 3, "day": 20000, "zg": 1})
    filled.mongo.useractivities.insert_one({"user": gone["_id"], "_hc": {"o": 1, "b": 2}})
    filled.mongo.users.insert_one(gone)
    wait_until(lambda: filled.mongo.users.find_one({"_id": gone["_id"]}) is None, 40)
    assert filled.mongo.hc_usage.find_one({"_id": gone["_id"]}) is None
    assert filled.mongo.useractivities.find_one({"user": gone["_id"]}) is None
    filled.assert_exact(1999)


# ---- samples, the calendar

def test_samples_appear(filled):
    before = filled.mongo.hc_samples.count_documents({})
    wait_until(lambda: filled.mongo.hc_samples.count_documents({}) >= before + 2, 35)
    newest = filled.mongo.hc_samples.find_one({"_id": {"$gt": "0010:"}}, sort=[("_id", -1)])
    assert newest["_id"].startswith("0010:") or newest["_id"].startswith("0060:") or newest["_id"].startswith("3600:")


def with_requests(stack, count):
    """That many users with a request each, at 20:00 UTC of three days ago, as a slot would have counted them."""
    ids = [one["_id"] for one in stack.mongo.users.find({}, {"_id": 1}).limit(count)]
    day = int(time.time()) // 86400 - 3
    zone = stack.mongo.hc_slots.find_one()["zg"]
    from datetime import datetime, timezone
    last = datetime.fromtimestamp(day * 86400 + 20 * 3600, timezone.utc)
    stack.mongo.hc_usage.insert_many([{"_id": one, "v": 0, "n": 1, "day": day, "last": last, "zg": zone} for one in ids])
    stack.mongo.useractivities.insert_many([{"user": one, "requestTime": last, "_hc": {"o": 1, "b": 2}} for one in ids])
    wait_recount(stack, ask_recount(stack))
    assert sums(stack, "day") == {str(day): count}
    return day


def test_another_zone_counts_the_days_anew(filled):
    """20:00 UTC is the next day already in Tokyo."""
    day = with_requests(filled, 1500)
    zone = filled.mongo.hc_slots.find_one()["zg"]
    filled.stop("consumer")
    with Consumer(filled, "release", {"APP_TIMEZONE": "Asia/Tokyo", "APP_WORKERS": "1"}):
        wait_until(lambda: (filled.mongo.hc_meta.find_one({"_id": "zone"}) or {}).get("ready") is True, 60)
        assert sums(filled, "day") == {str(day + 1): 1500}
        assert {slot["zg"] for slot in filled.mongo.hc_slots.find()} == {zone + 1}
        assert wait_recount(filled, ask_recount(filled))["drift"] == 0
    filled.start("consumer")
    filled.wait_ready()
    wait_until(lambda: sums(filled, "day") == {str(day): 1500}, 60)


def test_old_days_are_pruned(filled):
    today = int(time.time()) // 86400
    filled.mongo.hc_slots.update_one({"_id": 2}, {"$set": {"sum.day": {str(today - 60): 5}, "floor": 0}})
    filled.restart("consumer-1")
    wait_until(lambda: sums(filled, "day") == {}, 30)
    assert {slot["floor"] for slot in filled.mongo.hc_slots.find()} == {today - 45}


def test_where_the_newest_begin_is_published(filled):
    """For searches: the place that so many are newer than, found anew when it holds no more."""
    def newest(users):
        now = filled.mongo.hc_meta.find_one({"_id": "newest"})
        return now and now["users"] == users and now
    assert wait_until(lambda: newest(2000) or newest(0), 10)["from"] is None, "they are too few for it"
    filled.stop("consumer")
    with Consumer(filled, "faults", {"HC_NEWEST_USERS": "500"}):
        place = wait_until(lambda: (newest(2000) or {}).get("from"), 20, "nothing is published")
        assert filled.mongo.users.count_documents({"_id": {"$gt": place}}) == 500
        filled.wait_job(filled.generate(300))
        place = wait_until(lambda: newest(2300), 20, "it is not found anew")["from"]
        assert filled.mongo.users.count_documents({"_id": {"$gt": place}}) == 500
    filled.start("consumer")
    filled.wait_ready()


def test_the_words_of_the_newest_are_published(filled):
    """For searches: the beginnings of their words, of numbers, names and addresses, in order; anew after an eighth more."""
    def keys(users):
        stored = (filled.mongo.hc_meta.find_one({"_id": "words", "users": users}) or {}).get("keys", b"")
        return [stored[at:at + 8] for at in range(0, len(stored), 8)]

    def key(text):
        return text.lower().encode()[:8].ljust(8, b"\0")
    for more in (0, 500):
        if more:
            filled.wait_job(filled.generate(more))
        users = filled.mongo.users.count_documents({})
        want = [key(text) for user in filled.mongo.users.find({}, {"_hc.s": 1, "email": 1, "userName": 1})
                for text in (*user["_hc"]["s"], "=" + user["email"], "@" + user["userName"])]
        wait_until(lambda: keys(users) == sorted(want), 40, f"of {users} users", every=0.5)


def test_the_first_browser_is_answered_from_redis(filled):
    """After a flush the snapshot is there again though nobody asked for it."""
    filled.redis.flushall()
    wait_until(lambda: list(filled.redis.scan_iter("hc:1:counts:*")), 10, "nobody fills it")
