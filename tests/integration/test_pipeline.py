"""Messages: foreign triggers, poison, doubles, replays; what a big job means for a small one."""
import random
import threading
import time

import pytest

from support import store
from support.kafka import BULK, DEAD, GROUP, TRIGGER
from support.waiting import wait_until


def jobs_of(stack, total):
    """Ids of the jobs with that total."""
    return {job["_id"] for job in stack.mongo.hc_jobs.find({"total": total}, {"_id": 1})}


def sent(stack, value, total, **more):
    """Sends a trigger; the one job that it became, done."""
    before = jobs_of(stack, total)
    stack.kafka.send(TRIGGER, value, **more)
    (job_id,) = wait_until(lambda: jobs_of(stack, total) - before, 5, "no job came of the message")
    return stack.wait_job(job_id)


@pytest.mark.parametrize("n,total", [(321, 321), ("322", 322)])
def test_old_message_of_a_foreign_producer(stack, n, total):
    value = {"totalUserCreate": n, "message": TRIGGER, "createAt": 1660000000000}
    job = sent(stack, value, total)
    assert job["done"] == total
    assert stack.recount(store.job_range(stack.mongo, job["id"]))["users"] == total
    stack.idle()
    stack.assert_exact()


def test_bare_and_decorated_messages(stack):
    assert sent(stack, {"totalUserCreate": 323}, 323, key=b"any key")["done"] == 323
    extra = {"totalUserCreate": "324", "createAt": "x", "message": None, "more": [1, {"a": 2}]}
    assert sent(stack, extra, 324)["done"] == 324


def test_two_equal_messages_are_two_jobs(stack):
    value = {"totalUserCreate": 325, "message": TRIGGER, "createAt": 1660000000000}
    assert sent(stack, value, 325)["id"] != sent(stack, value, 325)["id"]
    stack.idle()
    stack.assert_exact()


# ---- poison

POISON = {
    "null value": None, "empty": b"", "blank": b"  ", "no JSON": b"hello", "cut JSON": b'{"totalUserCreate": 5',
    "array": b"[5]", "number": b"5", "string": b'"5"', "null": b"null", "deep": b"[" * 10_000,
    "deep in a field": b'{"totalUserCreate": 5, "a": ' + b"[" * 100 + b"]" * 100 + b"}",
    "half a megabyte": b'{"totalUserCreate": 5, "a": "' + b"x" * 500_000 + b'"}',
    "bad UTF-8": b'{"totalUserCreate": 5, "a": "\xff"}', "duplicate keys": b'{"totalUserCreate":5,"totalUserCreate":6}',
    "n missing": {"message": TRIGGER}, "n null": {"totalUserCreate": None}, "n zero": {"totalUserCreate": 0},
    "n negative": {"totalUserCreate": -1}, "n text": {"totalUserCreate": "abc"}, "n empty": {"totalUserCreate": ""},
    "n huge": {"totalUserCreate": 10**18}, "n beyond 64 bits": {"totalUserCreate": 10**30},
    "n exponent": b'{"totalUserCreate": 1e3}', "n fraction": {"totalUserCreate": 1.5}, "n bool": {"totalUserCreate": True},
    "n plus": {"totalUserCreate": "+5"}, "n blank around": {"totalUserCreate": " 5 "}, "n hex": {"totalUserCreate": "0x10"},
    "n full width": {"totalUserCreate": "５"}, "n list": {"totalUserCreate": [5]}, "n object": {"totalUserCreate": {}},
}
SLICES = {
    "empty": b"", "null value": None, "no JSON": b"hello", "no version": {"job": "0" * 26, "chunk": 0},
    "newer": {"v": 99, "job": "0" * 26, "chunk": 0}, "no job": {"v": 1, "chunk": 0},
    "unknown job": {"v": 1, "job": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "chunk": 0}, "bad job": {"v": 1, "job": "x", "chunk": 0},
    "chunk text": {"v": 1, "job": "0" * 26, "chunk": "0"}, "chunk negative": {"v": 1, "job": "0" * 26, "chunk": -1},
    "chunk huge": {"v": 1, "job": "0" * 26, "chunk": 10**18}, "job number": {"v": 1, "job": 5, "chunk": 0},
}
INTERNAL = ("mongoc", "json-c", "json_", "rdkafka", "hiredis", "/tmp", ".c:", "ferretdb")


def bury(stack, topic, poison):
    """Sends all of it and a good message behind, to one partition; what of it came to lie in user.dead, by name.

    The good message's job is done within 5 s, no poison makes one, and each has its place and its reason in headers.
    """
    stack.idle()
    jobs = stack.mongo.hc_jobs.count_documents({})
    since = stack.kafka.ends(DEAD)
    places = {stack.kafka.send(topic, value, partition=0): name for name, value in poison.items()}
    began = time.monotonic()
    good = sent(stack, {"totalUserCreate": 326}, 326, partition=0)
    assert time.monotonic() - began < 5 and good["done"] == 326
    stack.idle()

    dead = [one for one in stack.kafka.dead(since) if one["topic"] == topic]
    for one in dead:
        assert one["reason"] and not any(word in one["reason"].lower() for word in INTERNAL), one["reason"]
    assert stack.mongo.hc_jobs.count_documents({}) == jobs + 1
    stack.assert_exact()
    names = [places[one["partition"], one["offset"]] for one in dead]
    assert sorted(names) == sorted(poison), (set(poison) - set(names), [name for name in names if names.count(name) > 1])
    return dict(zip(names, dead))


@pytest.mark.parametrize("topic,poison", [(TRIGGER, POISON), (BULK, SLICES)], ids=["triggers", "slices"])
def test_poison_is_buried_once_and_stops_nothing(stack, topic, poison):
    for name, dead in bury(stack, topic, poison).items():
        original = poison[name]
        if original is None or isinstance(original, bytes):
            original = original or b""
            assert (dead["value"] or b"") == original[:65536] and int(dead["size"]) == len(original), name


def test_poison_as_long_as_kafka_takes_it(stack):
    """A message near the broker's limit has no room for what is said about it; it is buried all the same."""
    long = {f"{size} bytes": b"\xff" * size for size in (990_000, 1_000_000, 1_040_000)}
    try:
        for name, dead in bury(stack, TRIGGER, long).items():
            assert int(dead["size"]) == len(long[name]) and long[name].startswith(dead["value"])
    except BaseException:
        stack.fresh()  # the message would stop all that follows
        raise


# ---- doubles

def test_a_slice_that_its_job_has_not(stack):
    """Of a job of 3 chunks the chunks 3 and 40 are asked for: both are buried, nothing is begun or counted."""
    job = stack.wait_job(stack.generate(6_000))
    since = stack.kafka.ends(DEAD)
    for chunk in (3, 40):
        stack.kafka.send(BULK, {"v": 1, "job": job["id"], "chunk": chunk})
    dead = wait_until(lambda: [m for m in stack.kafka.dead(since) if job["id"].encode() in m["value"]][1:] and
                      stack.kafka.dead(since), 10)
    assert {m["reason"] for m in dead} == {"chunk: the job has no such chunk"}
    bits = stack.mongo.hc_jobs.find_one({"_id": job["id"]})
    assert bits["started"] == bits["done"] == {"0": 7}
    stack.idle()
    stack.assert_exact()


def test_our_own_trigger_delivered_twice_is_one_job(stack):
    since = stack.kafka.ends(TRIGGER)
    job = stack.generate(700)
    (message,) = wait_until(lambda: stack.kafka.read(TRIGGER, since), 5)
    for _ in range(3):
        stack.kafka.send(TRIGGER, message.value())
    stack.wait_job(job)
    stack.idle()
    assert jobs_of(stack, 700) == {job["id"]}
    assert stack.recount(store.job_range(stack.mongo, job["id"]))["users"] == 700
    stack.assert_exact()


def test_every_chunk_delivered_many_times_while_it_runs(stack):
    """A storm of doubles, in any order and on any partition, during the job and after it; no more than can be read soon."""
    job = stack.generate(60_000)
    stop = threading.Event()
    numbers = random.Random(1)

    def storm():
        rounds = 0
        while not stop.is_set() and (rounds := rounds + 1) <= 120:
            for chunk in numbers.sample(range(12), 12):
                stack.kafka.producer.produce(BULK, b'{"v":1,"job":"%s","chunk":%d}' % (job["id"].encode(), chunk))
            stack.kafka.producer.flush(5)
            time.sleep(0.02)
    thread = threading.Thread(target=storm)
    thread.start()
    try:
        stack.wait_job(job)
        time.sleep(0.3)
    finally:
        stop.set()
        thread.join()
    stack.idle()
    assert stack.recount(store.job_range(stack.mongo, job["id"]))["users"] == 60_000
    stack.assert_exact()


def test_replay_from_the_beginning_changes_nothing(stack):
    """Both bulk topics are read once more, with every foreign trigger and every chunk that lies in them."""
    stack.wait_job(stack.generate(15_000))
    sent(stack, {"totalUserCreate": "330"}, 330)
    stack.idle()

    def state():
        jobs = sorted((job["_id"], job["state"], job["done"]) for job in stack.mongo.hc_jobs.find())
        return stack.recount(), stack.counters(), str(jobs)
    before = state()
    stack.stop("consumer")
    for topic in (TRIGGER, BULK):
        stack.kafka.rewind(GROUP, topic)
        bounds, committed = stack.kafka.bounds(topic), stack.kafka.committed(GROUP, topic)
        assert committed == {p: begin for p, (begin, _) in bounds.items()}
        assert sum(end - begin for begin, end in bounds.values()) > 0
    stack.start("consumer")
    stack.wait_ready()
    stack.idle()
    assert state() == before
    stack.assert_exact()


# ---- fairness

CHUNK_USERS = 2000


def test_small_job_beside_a_big_one_starts_within_two_seconds(stack, http):
    """Its first users are there within 2 s; of five, one may have met another program's turn of the processor.

    It waits for what its worker has in hand, two chunks, and then its own; now and then a worker has one more. On a
    machine so slow that four take longer than that, for these four, and half a second for the way there.
    """
    big = stack.generate(3_000_000)
    try:
        wait_until(lambda: stack.job(big)["done"] >= 20_000, 30)
        began, before, waits = time.monotonic(), stack.job(big)["done"], []
        for _ in range(5):
            asked = time.monotonic()
            small = stack.generate(100)
            wait_until(lambda: stack.job(small)["done"] > 0, 20, every=0.02)
            waits.append(time.monotonic() - asked)
        now = stack.job(big)
        pace = (now["done"] - before) / (time.monotonic() - began) / stack.workers()
        assert now["state"] == "running", "the big job ended too early to show anything"
    finally:
        http.post(f"/v1/jobs/{big['id']}/cancel")
        stack.wait_job(big, state="cancelled", seconds=60)
    assert sorted(waits)[-2] < max(2, 4 * CHUNK_USERS / pace + 0.5), (waits, pace)
    stack.idle()
    stack.assert_exact()
