#!/usr/bin/env python3
"""Measures what the project promises about speed, on real services of its own, and prints one line a figure.

usage: bench/measure.py [insert] [indexes] [memory] [reads] [cached] …    all by default; `make bench` calls it

Machines are noisy: what is compared runs in turns, A B A B …, and the ratio is the median of the pairs.
"""
import datetime
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from confluent_kafka import Producer  # noqa: E402
from support.stack import Stack  # noqa: E402

RAW = ROOT / "build" / "release" / "bench" / "insert_raw"
RAW_REQUESTS = ROOT / "build" / "release" / "bench" / "request_raw"
LEAST = ROOT / "build" / "release" / "bench" / "redis_get"
MILLION = 1_000_000
ROUNDS = 3


def say(name, text):
    print(f"{name:<34} {text}", flush=True)


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
    """One job of a million beside the raw loop: same documents, index, batch, connections, write concern."""
    ratios = []
    for _ in range(ROUNDS):
        stack.fresh()
        ours = job_rate(stack, MILLION)
        stack.fresh()
        raw = raw_rate(stack, MILLION, "email:unique")
        ratios.append(ours / raw)
        say("1 000 000 users", f"job {ours} users/s, raw loop {raw} users/s, ratio {ours / raw:.2f}")
    say("1 000 000 users, median ratio", f"{statistics.median(ratios):.2f}")


INDEX_SETS = [(), ("email:unique",), ("email:unique", "country+_id"), ("email:unique", "createdAt+_id"),
              ("email:unique", "name+_id"), ("email:unique", "country+_id", "createdAt+_id", "name+_id")]


def indexes(stack):
    """What each index costs at insert: the raw loop with it and without."""
    stack.fresh()
    for some in INDEX_SETS:
        rates = [raw_rate(stack, 300_000, *some) for _ in range(ROUNDS)]
        say("indexes: _id" + "".join(f", {i}" for i in some), f"{statistics.median(rates):.0f} users/s  {rates}")


def send_requests(stack, users, requests):
    """So many requests into Kafka, one after the other by each of the users, as our own producers send them."""
    from support.activity import request
    from support.kafka import ACTIVITY
    producer = Producer({"bootstrap.servers": stack.addresses["APP_KAFKA_BROKER"], "linger.ms": 50, "log_level": 0,
                         "partitioner": "murmur2_random"})
    for i in range(requests):
        user = users[i % len(users)]
        producer.produce(ACTIVITY, json.dumps(request(user, event=f"bench-{i}")), key=str(user))
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
    """Uncached: Redis is emptied before each call."""
    took = []
    for _ in range(calls):
        stack.redis.flushall()
        began = time.perf_counter()
        answer = stack.http.get(path)
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, answer
    took.sort()
    return took[len(took) // 2], took[int(len(took) * 0.99)]


def deep_cursor(stack, depth):
    path = "/v1/user?limit=100"
    for _ in range(depth // 100):
        path = "/v1/user?limit=100&after=" + stack.http.get(path).json["page"]["next"]
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


PARTS = {part.__name__: part for part in (insert, indexes, requests, memory, reads, cached)}


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
