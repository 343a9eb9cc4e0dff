#!/usr/bin/env python3
"""Measures what the project promises about speed, on real services of its own, and prints one line a figure.

usage: bench/measure.py [insert] [indexes] [requests] [memory] [reads] [lists] [cached] …    all by default; `make bench` calls it

Machines are noisy: what is compared runs in turns, A B A B …, and the ratio is the median of the pairs.
"""
import ctypes
import datetime
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

import bson

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from confluent_kafka import Producer  # noqa: E402
from support.activity import request  # noqa: E402
from support.kafka import ACTIVITY  # noqa: E402
from support.stack import Stack  # noqa: E402

RAW = ROOT / "build" / "release" / "bench" / "insert_raw"
RAW_REQUESTS = ROOT / "build" / "release" / "bench" / "request_raw"
LEAST = ROOT / "build" / "release" / "bench" / "redis_get"
MILLION = 1_000_000
SLOTS = 32
ROUNDS = 3


def say(name, text):
    print(f"{name:<34} {text}", flush=True)


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


def send_requests(stack, users, requests):
    """So many requests into Kafka, one after the other by each of the users, each in its slot's partition as our own
    producers send them."""
    slot_hash = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
    slot_hash.restype = ctypes.c_uint64
    partitions = len(stack.kafka.partitions(ACTIVITY))
    places = {user: slot_hash(user.binary, ctypes.c_size_t(12)) % SLOTS % partitions for user in users}
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
    """Requests in Kafka until they are counted, beside the raw loop with the same writes: many users and few."""
    total = 200_000
    for users in (total, 1000):
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


def peak_mb(stack, name):
    status = pathlib.Path(f"/proc/{stack.pid(name)}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def memory(stack):
    """Peak memory after a million users and some reading."""
    need_million(stack)
    for _ in range(2000):
        stack.http.get("/v1/counts")
    for name in ("consumer-1", "fcgi-1"):
        say(f"peak memory, {name}", f"{peak_mb(stack, name):.0f} MB")


def need_million(stack):
    there = stack.mongo.users.estimated_document_count()
    if there < MILLION:
        stack.fresh()
        stack.wait_job(stack.generate(MILLION), 600)


def times_ms(stack, path, calls=200):
    """Uncached: Redis is emptied before each call. path may be a function that gives another one each time."""
    took = []
    for _ in range(calls):
        stack.redis.flushall()
        asked = path() if callable(path) else path
        began = time.perf_counter()
        answer = stack.http.get(asked)
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, answer
    took.sort()
    return took[len(took) // 2], took[int(len(took) * 0.99)]


def deep_cursor(stack, depth, query=""):
    path = f"/v1/user?limit=100{query}"
    for _ in range(depth // 100):
        path = f"/v1/user?limit=100{query}&after=" + stack.http.get(path).json["page"]["next"]
    return path.replace("limit=100", "limit=10")


def reads(stack):
    """Uncached reads at a thousand and at a million users, on the first page and 500 000 users deep."""
    stack.fresh()
    stack.wait_job(stack.generate(1000))
    few = times_ms(stack, "/v1/counts")
    say("/v1/counts uncached, 1 000 users", f"p50 {few[0]:.1f} ms, p99 {few[1]:.1f} ms")
    # From here on every slot knows nearly every country: its document grows no more.
    stack.wait_job(stack.generate(200_000), 120)
    some = times_ms(stack, "/v1/counts")
    say("/v1/counts uncached, 200 000 users", f"p50 {some[0]:.1f} ms, p99 {some[1]:.1f} ms")
    need_million(stack)
    many = times_ms(stack, "/v1/counts")
    say("/v1/counts uncached, 1 000 000", f"p50 {many[0]:.1f} ms, p99 {many[1]:.1f} ms, p50 ratio to 200 000: "
                                          f"{many[0] / some[0]:.2f}")
    deep = deep_cursor(stack, 500_000)
    pairs = []
    for _ in range(ROUNDS):
        first, far = times_ms(stack, "/v1/user?limit=10", 100), times_ms(stack, deep, 100)
        pairs.append(far[0] / first[0])
        say("list uncached, first / deep", f"p50 {first[0]:.1f} / {far[0]:.1f} ms, p99 {first[1]:.1f} / {far[1]:.1f} ms")
    say("list, median ratio deep : first", f"{statistics.median(pairs):.2f}")


def sampled_users(stack, count, rnd):
    """Users spread over the whole collection, by their places in their jobs."""
    found = []
    for job in stack.mongo.hc_jobs.find({"kind": "users"}):
        prefix = f"{job['second']:08x}{job['hash']:08x}"
        ids = [bson.ObjectId(prefix + f"{rnd.randrange(job['total']):08x}") for _ in range(count)]
        found += stack.mongo.users.find({"_id": {"$in": ids}})
    return found


def list_cases(users, rnd):
    """{name: a function that gives a random query}."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [word for user in users for word in user["_hc"]["s"] if word[0] not in "+@"]

    def of(field, cut=None):
        return lambda: (lambda text: text[:rnd.randrange(*cut)] if cut else text)(rnd.choice(users)[field])

    def begin():
        word = rnd.choice(words)
        return word[:rnd.randrange(1, len(word) + 1)]

    def query(**fields):
        return lambda: "&".join(f"{name}={urllib.parse.quote(str(value()), safe='')}" for name, value in fields.items())

    return {
        "first page": query(limit=lambda: 10),
        "country": query(country=of("country")),
        "_id": query(_id=of("_id")), "email": query(email=of("email")),
        **{f"sortBy={sort}": query(sortBy=lambda sort=sort: sort, page=lambda: rnd.randrange(1, 50))
           for sort in ("createdAt", "name", "-name", "email", "-email", "country", "-country")},
        **{f"country, sortBy={sort}": query(country=of("country"), sortBy=lambda sort=sort: sort)
           for sort in ("name", "-name", "email", "-email")},
        "name, a whole word": query(name=lambda: rnd.choice(words)),
        "name, a beginning": query(name=begin),
        "name and country": query(name=lambda: rnd.choice(words), country=of("country")),
        "search, a whole word": query(search=lambda: rnd.choice(words)),
        "search, a beginning": query(search=begin),
        "search, one letter": query(search=lambda: rnd.choice(letters)),
        "search, two letters": query(search=lambda: "".join(rnd.choices(letters, k=2))),
        "search, nothing found": query(search=lambda: "".join(rnd.choices(letters, k=8))),
        "search, a full name": query(search=of("name")),
        "search, an e-mail": query(search=of("email")),
        "search, a phone number": query(search=of("phoneNumber")),
        "search, digits of a phone": query(search=of("phoneNumber", (3, 10))),
        "search, a user name": query(search=of("userName")),
        "search, begin of a user name": query(search=of("userName", (4, 20))),
        "search, a country": query(search=of("country")),
    }


def lists(stack, calls=200):
    """Every list at a million users, uncached, with random values; then the 500 000th of each order; index sizes."""
    need_million(stack)
    rnd = random.Random(17)
    users = sampled_users(stack, 400, rnd)
    for name, query in list_cases(users, rnd).items():
        p50, p99 = times_ms(stack, lambda: f"/v1/user?{query()}", calls)
        say(f"list: {name}", f"p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    for sort in ("-createdAt", "name", "-email", "country"):
        deep = deep_cursor(stack, 500_000, f"&sortBy={sort}")
        p50, p99 = times_ms(stack, lambda: deep, calls)
        say(f"list: 500 000 deep, sortBy={sort}", f"p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    sizes = stack.mongo.command("collStats", "users")
    for name, size in sorted(sizes.get("indexSizes", {}).items()):
        say(f"size of index {name}", f"{size / 2**20:.0f} MB")
    say("size of users", f"{sizes['size'] / 2**20:.0f} MB")


class LeastProgram:
    """redis_get behind a lighttpd of its own, on the stack's Redis."""

    def __init__(self, stack, threads):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hc-bench-", dir="/tmp"))
        redis = stack.addresses["APP_REDIS_CONNECTION_STRING"].removeprefix("unix://")
        stack.redis.set("bench", "x" * 700)
        socket = self.folder / "least.sock"
        self.url = f"http://127.0.0.1:{int(stack.url.rsplit(':', 1)[1]) + 1}/v1/counts"
        config = self.folder / "lighttpd.conf"
        config.write_text(f'server.modules = ("mod_fastcgi")\nserver.bind = "127.0.0.1"\n'
                          f'server.port = {self.url.split(":")[2].split("/")[0]}\n'
                          f'server.document-root = "/var/empty"\nserver.max-keep-alive-requests = 10000\n'
                          f'fastcgi.server = ("/v1" => (("socket" => "{socket}", "check-local" => "disable")))\n')
        self.processes = [subprocess.Popen([LEAST, socket, redis, str(threads)]),
                          subprocess.Popen(["lighttpd", "-D", "-f", config])]
        time.sleep(1)

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder)


def wrk(url, connections=16, seconds=5, header=None):
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url]
    out = subprocess.run(words + (["-H", header] if header else []), check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in out or header, out
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), re.search(r"99%\s+(\S+)", out)[1]


def cached(stack):
    """Cached requests a second beside a FastCGI program that does no more than one Redis GET."""
    need_million(stack)
    least = LeastProgram(stack, threads=4 * os.cpu_count())
    etag = stack.http.get("/v1/counts").headers["ETag"]
    cases = {"/v1/counts": ("/v1/counts", None), "/v1/counts 304": ("/v1/counts", f"If-None-Match: {etag}"),
             "list": ("/v1/user?limit=10", None)}
    try:
        for name, (path, header) in cases.items():
            ratios = []
            for _ in range(ROUNDS):
                ours, p99 = wrk(stack.url + path, header=header)
                base, base99 = wrk(least.url)
                ratios.append(ours / base)
                say(f"cached, {name}", f"{ours:.0f}/s (p99 {p99}), least program {base:.0f}/s (p99 {base99}),"
                                       f" ratio {ours / base:.2f}")
            say(f"cached, {name}, median ratio", f"{statistics.median(ratios):.2f}")
    finally:
        least.stop()


PARTS = {part.__name__: part for part in (insert, indexes, requests, memory, reads, lists, cached)}


def main():
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"measure.py: {', '.join(unknown)} is none of {', '.join(PARTS)}")
    say("machine", json.dumps({"cores": os.cpu_count(), "load": os.getloadavg()[0]}))
    with Stack() as stack:
        for name in wanted:
            PARTS[name](stack)


if __name__ == "__main__":
    main()
