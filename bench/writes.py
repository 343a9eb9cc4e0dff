"""How fast users and requests come in, beside raw loops that write the same; memory after it."""
import ctypes
import datetime
import json
import os
import re
import statistics
import subprocess
import time

from common import MILLION, ROOT, ROUNDS, need_million, peak_mb, say
from confluent_kafka import Producer
from support.activity import request
from support.kafka import ACTIVITY

RAW = ROOT / "build" / "release" / "bench" / "insert_raw"
RAW_REQUESTS = ROOT / "build" / "release" / "bench" / "request_raw"
SLOTS = 32

INDEX_SETS = [(), ("country+_id",), ("name+_id",), ("country+name+_id",), ("country+email",), ("_hc.s",),
              ("country+_id", "name+_id", "country+name+_id", "country+email", "_hc.s")]


def raw_rate(stack, users, *indexes, connections=0, batch=1000):
    uri = stack.addresses["APP_MONGODB_CONNECTION_STRING"]
    out = subprocess.run([RAW, uri, str(users), str(connections or stack.workers()), str(batch), *indexes], check=True,
                         capture_output=True, text=True).stdout
    return int(re.search(r"(\d+) users/s", out)[1])


def job_rate(stack, users):
    """Users a second of one job, from its request to its last count, by the job's own times."""
    job = stack.generate(users)
    while not (job := stack.job(job))["finishedAt"]:
        time.sleep(1)
    assert job["state"] == "done", job
    return round(users / (moment(job["finishedAt"]) - moment(job["createdAt"])))


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def insert(stack):
    """One job of a million beside the raw loop: same documents, indexes, batch, connections, write concern."""
    ratios = []
    for _ in range(ROUNDS):
        stack.fresh()
        ours = job_rate(stack, MILLION)
        stack.fresh()
        raw = raw_rate(stack, MILLION, "email:unique", *INDEX_SETS[-1])
        ratios.append(ours / raw)
        say("1 000 000 users", f"job {ours} users/s, raw loop {raw} users/s, ratio {ours / raw:.2f}")
    say("1 000 000 users, median ratio", f"{statistics.median(ratios):.2f}")


def indexes(stack, users=200_000):
    """What each index costs at insert: the raw loop with it and without, in turns. Always there: the unique e-mail."""
    stack.fresh()
    for some in INDEX_SETS:
        with_it, ratios = [], []
        for _ in range(ROUNDS):
            with_it.append(raw_rate(stack, users, "email:unique", *some))
            ratios.append(with_it[-1] / raw_rate(stack, users, "email:unique"))
        say("index " + (", ".join(some) or "(none more)"), f"{statistics.median(with_it):.0f} users/s, "
                                                           f"ratio to e-mail alone {statistics.median(ratios):.2f}")


SLOT_HASH = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
SLOT_HASH.restype = ctypes.c_uint64


def slot_of(user):
    return SLOT_HASH(user.binary, ctypes.c_size_t(12)) % SLOTS


def send_requests(stack, users, requests):
    """So many requests into Kafka, one after the other by each of the users, each in its slot's partition as our own
    producers send them."""
    partitions = len(stack.kafka.partitions(ACTIVITY))
    places = {user: slot_of(user) % partitions for user in users}
    producer = Producer({"bootstrap.servers": stack.addresses["APP_KAFKA_BROKER"], "linger.ms": 50, "log_level": 0,
                         "partitioner": "murmur2_random"})
    for i in range(requests):
        user = users[i % len(users)]
        producer.produce(ACTIVITY, json.dumps(request(user, event=f"bench-{i}")), key=str(user),
                         partition=places[user])
        if i % 1000 == 0:
            producer.poll(0)
    producer.flush(60)


def drain_rate(stack, requests):
    """Requests a second from the consumer's start on a full topic: between the 10th and the 90th part of them."""
    def counted():
        return sum(slot["sum"].get("requests", 0) for slot in stack.mongo.hc_slots.find({}, {"sum.requests": 1}))
    low, high, seen = requests * 0.1, requests * 0.9, []
    while (now := counted()) < requests:
        seen.append((time.monotonic(), now))
        time.sleep(0.05)
    inner = [one for one in seen if low <= one[1] <= high]
    (t0, n0), (t1, n1) = inner[0], inner[-1]
    return round((n1 - n0) / (t1 - t0))


def requests(stack):
    """Requests in Kafka until they are counted, beside the raw loop with the same writes: of users who make their first one, who
    make two, and of few."""
    total = 200_000
    for users in (total, total // 2, 1000):
        ratios = []
        for _ in range(ROUNDS):
            stack.fresh()
            job = stack.wait_job(stack.generate(users), 300)
            ids = stack.mongo.users.find({}, {"_id": 1})
            ids = [user["_id"] for user in ids]
            stack.stop("consumer")
            send_requests(stack, ids, total)
            stack.start("consumer")
            ours = drain_rate(stack, total)
            stack.idle()
            uri = stack.addresses["APP_MONGODB_CONNECTION_STRING"]
            out = subprocess.run([RAW_REQUESTS, uri, str(total), str(users), str(2 * os.cpu_count()), "500"], check=True,
                                 capture_output=True, text=True).stdout
            raw = int(re.search(r"(\d+) requests/s", out)[1])
            ratios.append(ours / raw)
            say(f"requests of {users} users", f"{ours}/s, raw loop {raw}/s, ratio {ours / raw:.2f}")
        say(f"requests of {users} users, median ratio", f"{statistics.median(ratios):.2f}")


def single(stack, calls=300):
    """What a create, an update, a deletion and a request of a user take over HTTP, one after the other."""
    took = {}

    def timed(name, *asked):
        began = time.perf_counter()
        answer = stack.http.request(*asked)
        took.setdefault(name, []).append((time.perf_counter() - began) * 1000)
        assert answer.status in (200, 201), answer
        return answer.json.get("result")

    stack.wait_job(stack.generate(100_000), 120)
    stack.idle()
    for number in range(calls):
        body = {"email": f"one-{time.time_ns()}@bench.test", "name": f"Number {number}", "phoneNumber": "+4912345",
                "gender": "female", "country": "Norway"}
        path = f"/v1/user/{timed('create', 'POST', '/v1/user', body)['_id']}"
        timed("update", "PATCH", path, {"country": "Iceland"})
        timed("request", "POST", path.replace("/user/", "/user/activity/"), {})
        timed("delete", "DELETE", path)
    for name, all_ms in took.items():
        all_ms.sort()
        say(f"one {name} over HTTP", f"p50 {all_ms[calls // 2]:.1f} ms, p99 {all_ms[int(calls * 0.99)]:.1f} ms")


def memory(stack):
    """Peak memory after a million users and some reading."""
    need_million(stack)
    for _ in range(2000):
        stack.http.get("/v1/counts")
    for name in ("consumer-1", "fcgi-1"):
        say(f"peak memory, {name}", f"{peak_mb(stack, name):.0f} MB")
