"""What goes on while something else does: exports, polls, requests beside a big job."""
import gzip
import http.client
import json
import random
import statistics
import threading
import time

from confluent_kafka import Producer

from common import MILLION, need_million, peak_mb, say
from support.activity import request
from support.kafka import ACTIVITY
from support.tcp_proxy import MongoProxy
from writes import SLOTS, slot_of

EXPORTS = [("csv", False), ("csv", True), ("ndjson", False), ("ndjson", True)]


def read_export(stack, kind, packed):
    """(rows, bytes on the wire, seconds)"""
    connection = http.client.HTTPConnection(stack.http.host, stack.http.port, timeout=120)
    began, size, rows = time.monotonic(), 0, 0
    connection.request("GET", f"/v1/user/export?format={kind}", headers={"Accept-Encoding": "gzip"} if packed else {})
    answer = connection.getresponse()
    assert answer.status == 200 and (answer.headers["Content-Encoding"] == "gzip") == packed
    unpack = gzip.GzipFile(fileobj=answer) if packed else answer
    while piece := unpack.read(1 << 18):
        size += len(piece)
        rows += piece.count(b"\n")
    connection.close()
    return rows, size, time.monotonic() - began


def export(stack):
    """All of a million users in each form, and the web service's memory before and after."""
    need_million(stack)
    total = stack.counters()["users"]
    stack.restart("fcgi-1")
    stack.wait_ready()
    stack.http.get("/v1/user/export?country=FR", timeout=60)
    before = peak_mb(stack, "fcgi-1")
    for kind, packed in EXPORTS:
        rows, size, seconds = read_export(stack, kind, packed)
        assert rows == total + (kind == "csv"), (rows, total)
        say(f"export, {kind}{' by gzip' if packed else ''}",
            f"{rows / seconds:.0f} rows/s, {size / seconds / 2**20:.1f} MB/s before packing, {seconds:.1f} s")
    say("export, peak memory of fcgi-1", f"{before:.1f} MB before, {peak_mb(stack, 'fcgi-1'):.1f} MB after all")


def wire_bytes(stack, headers):
    answer = stack.http.get("/v1/counts", headers=headers)
    head = sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
    return answer.status, len(f"HTTP/1.1 {answer.status} OK\r\n") + head + 2 + len(answer.body)


def poll(stack):
    """The bytes of one poll, and what one refresh of the snapshot asks of MongoDB."""
    need_million(stack)
    packed = {"Accept-Encoding": "gzip"}
    for name, headers in (("a 200", {}), ("a 200 by gzip", packed)):
        say(f"poll, bytes of {name}", str(wire_bytes(stack, headers)[1]))
    for _ in range(50):
        tag = stack.http.get("/v1/counts").headers["ETag"]
        status, size = wire_bytes(stack, {"If-None-Match": tag})
        if status == 304:
            break
    say("poll, bytes of a 304", str(size) if status == 304 else "the numbers never rest")
    with MongoProxy(("127.0.0.1", int(stack.ports["HEADCOUNT_MONGODB_PORT"]))) as proxy:
        uri = f"mongodb://127.0.0.1:{proxy.port}/headcount?retryWrites=false"
        with stack.beside(env={"APP_MONGODB_CONNECTION_STRING": uri}) as watched:
            watched.http.get("/v1/counts")
            stack.redis.flushall()
            proxy.reset()
            watched.http.get("/v1/counts")
            say("poll, commands of one refresh", json.dumps(dict(proxy.commands)))


class Sender(threading.Thread):
    """Sends requests of existing users at a steady rate; sent[slot] has the times, in order."""

    def __init__(self, stack, users, rate):
        super().__init__(daemon=True)
        self.stack, self.users, self.rate = stack, users, rate
        self.sent = [[] for _ in range(SLOTS)]
        self.ending = threading.Event()

    def run(self):
        partitions = len(self.stack.kafka.partitions(ACTIVITY))
        producer = Producer({"bootstrap.servers": self.stack.addresses["APP_KAFKA_BROKER"], "linger.ms": 0,
                             "log_level": 0})
        at, number, rnd = time.monotonic(), 0, random.Random(5)
        while not self.ending.is_set():
            user = rnd.choice(self.users)
            slot = slot_of(user)
            self.sent[slot].append(time.monotonic())
            producer.produce(ACTIVITY, json.dumps(request(user, event=f"lag-{number}")), key=str(user),
                             partition=slot % partitions)
            producer.poll(0)
            number += 1
            at += 1 / self.rate
            time.sleep(max(0, at - time.monotonic()))
        producer.flush(30)


class Counted:
    """How long each took until its slot's counter had it; a slot counts its requests in the order they came."""

    def __init__(self, stack, sender):
        self.stack, self.sender, self.seconds = stack, sender, []
        self.first = self.counters()
        self.seen = [0] * SLOTS

    def counters(self):
        rows = self.stack.mongo.hc_slots.find({}, {"sum.requests": 1})
        return {row["_id"]: row["sum"].get("requests", 0) for row in rows}

    def look(self):
        now_counted, now = self.counters(), time.monotonic()
        for slot, first in self.first.items():
            for n in range(self.seen[slot], now_counted[slot] - first):
                self.seconds.append(now - self.sender.sent[slot][n])
                self.seen[slot] += 1

    def waiting(self):
        return sum(map(len, self.sender.sent)) - len(self.seconds)


def watch(stack, sender, job):
    """Looks each 20 ms until the job has ended and all requests are counted, or 60 s later."""
    counted = Counted(stack, sender)
    sender.start()
    end, next_ask = None, 0
    while not end or (counted.waiting() and time.monotonic() < end):
        counted.look()
        if not end and time.monotonic() > next_ask:
            next_ask = time.monotonic() + 1
            if stack.job(job)["finishedAt"]:
                sender.ending.set()
                sender.join()
                end = time.monotonic() + 60
        time.sleep(0.02)
    assert counted.waiting() == 0, f"{counted.waiting()} requests are not counted"
    return sorted(counted.seconds)


def lag(stack, users=100_000, big=MILLION, rate=50):
    """Requests of existing users while a big job runs: from the producer's call until they are counted."""
    stack.fresh()
    stack.wait_job(stack.generate(users), 300)
    ids = [user["_id"] for user in stack.mongo.users.find({}, {"_id": 1}).limit(20_000)]
    stack.idle()
    job = stack.generate(big)
    stack.wait_progress(job, 1)
    seconds = watch(stack, Sender(stack, ids, rate), job)
    say(f"lag, {rate} requests/s beside a job", f"p50 {statistics.median(seconds) * 1000:.0f} ms, "
        f"p99 {seconds[int(len(seconds) * 0.99)] * 1000:.0f} ms, max {seconds[-1] * 1000:.0f} ms, {len(seconds)} requests")
