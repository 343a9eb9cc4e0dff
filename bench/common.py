"""What all parts of the measure share: lines of figures, data sets, times of calls, wrk and the least program."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from support.stack import Stack, free_ports  # noqa: E402,F401

LEAST = ROOT / "build" / "release" / "bench" / "redis_get"
MILLION = 1_000_000
ROUNDS = 3


def say(name, text):
    print(f"{name:<34} {text}", flush=True)


def peak_mb(stack, name):
    status = pathlib.Path(f"/proc/{stack.pid(name)}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


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


class LeastProgram:
    """redis_get behind a lighttpd of its own, on the stack's Redis."""

    def __init__(self, stack, threads):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hc-bench-", dir="/tmp"))
        self.redis = stack.redis
        redis = stack.addresses["APP_REDIS_CONNECTION_STRING"].removeprefix("unix://")
        socket = self.folder / "least.sock"
        port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{port}/v1/counts"
        config = self.folder / "lighttpd.conf"
        config.write_text(f'server.modules = ("mod_fastcgi")\nserver.bind = "127.0.0.1"\n'
                          f'server.port = {port}\n'
                          f'server.document-root = "/var/empty"\nserver.max-keep-alive-requests = 10000\n'
                          f'fastcgi.server = ("/v1" => (("socket" => "{socket}", "check-local" => "disable")))\n')
        self.processes = [subprocess.Popen([LEAST, socket, redis, str(threads)]),
                          subprocess.Popen(["lighttpd", "-D", "-f", config])]
        time.sleep(1)

    def rate(self, size, *how):
        """What wrk says of it when it answers with so many bytes."""
        self.redis.set("bench", "x" * size)
        return wrk(self.url, *how)

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder)


def wrk(url, connections=16, seconds=5, header=None):
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url]
    out = subprocess.run(words + (["-H", header] if header else []), check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in out or header, out
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), re.search(r"^\s*99%\s+(\S+)", out, re.M)[1]
