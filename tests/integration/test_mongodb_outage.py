"""MongoDB down, in each of the ways it can be: 503 that names it, at once; back by itself; jobs end exact."""
import contextlib
import os
import pathlib
import signal
import time

import pytest

from support import store
from support.problem import assert_problem
from support.waiting import wait_until


@contextlib.contextmanager
def gone(stack, how):
    """how: whole (stopped in order), or front / storage: that one process is dead."""
    if how == "whole":
        with stack.stopped("mongodb"):
            yield
        return
    processes = stack.mongodb_processes()
    with stack.held_down(processes[0 if how == "front" else -1]):
        yield


def refused(http, method, path):
    answer = http.request(method, path)
    problem = assert_problem(answer, 503)
    assert answer.ms < 1500, answer  # 700 of them may go into looking for a server
    assert int(answer.headers["Retry-After"]) >= 1
    assert "mongodb" in problem["detail"].lower() or "mongodb" in str(problem.get("errors")).lower(), answer


@pytest.mark.parametrize("how", ["whole", "front", "storage"])
def test_outage(stack, http, how):
    stack.idle()
    before = stack.recount()
    user = http.get("/v1/user?limit=1").result or [{"_id": "0" * 24, "email": "a@b.c"}]
    job = stack.generate(60_000)
    wait_until(lambda: stack.job(job)["done"] > 0, 10)
    members = stack.kafka.members("user-consumer-bulk")
    pids = [stack.pid(name) for name in ("fcgi-1", "consumer-1")]

    with gone(stack, how):
        # The first request may find a connection that dies under it; that too is a 503 within a second.
        for _ in range(3):
            for path in (f"/v1/user/{user[0]['_id']}", f"/v1/user/userEmail/{user[0]['email']}", "/v1/jobs",
                         f"/v1/jobs/{job['id']}"):
                refused(http, "GET", path)
        refused(http, "POST", "/v1/generate/users/random/5")
        refused(http, "POST", f"/v1/jobs/{job['id']}/cancel")

        health = http.get("/v1/health")
        assert (health.status, health.json) == (200, {"message": "up"}) and health.ms < 500
        ready = http.get("/v1/ready")
        assert_problem(ready, 503)
        entries = ready.json["result"]
        assert entries["mongodb"]["state"] == "down" and entries["redis"]["state"] == "up"

        # What is kept in Redis goes on being shown, marked as old; what isn't, is refused.
        kept = http.get("/v1/counts")
        assert kept.ms < 1000
        if kept.status == 200:
            assert "Age" in kept.headers
        stack.redis.delete(*stack.redis.keys("hc:1:counts*") or ["none"])
        refused(http, "GET", "/v1/counts")
        page = http.get("/")
        assert page.status == 200 and page.ms < 2500

        # The consumer waits as a member of its group, longer than a silent one would be kept (6 s).
        time.sleep(7 if how == "whole" else 1)
        assert stack.kafka.members("user-consumer-bulk") == members

    recovered = time.monotonic()
    wait_until(lambda: http.get("/v1/ready").status == 200, 30)
    wait_until(lambda: http.get(f"/v1/jobs/{job['id']}").status == 200, 5)
    assert stack.wait_job(job, 60)["done"] == 60_000, time.monotonic() - recovered
    assert [stack.pid(name) for name in ("fcgi-1", "consumer-1")] == pids, "a program was restarted"
    stack.wait_ready()
    stack.idle()
    assert stack.recount(store.job_range(stack.mongo, job["id"]))["users"] == 60_000
    assert stack.recount()["users"] == before["users"] + 60_000
    stack.assert_exact()


def test_mongodb_that_hangs(stack, http):
    """It takes connections and never answers: 503 within a request's time, and nothing stays stuck afterwards."""
    stack.wait_ready()
    with stack.frozen(stack.mongodb_processes()[0]):
        stack.redis.flushall()  # only now: the leader keeps the counts warm
        for path in ("/v1/user/" + "0" * 24, "/v1/counts", "/v1/jobs"):
            answer = http.get(path)
            assert_problem(answer, 503)
            assert answer.ms < 3500, answer
        assert http.get("/v1/health").ms < 500
    wait_until(lambda: http.get("/v1/user?limit=1").status == 200, 10)
    stack.wait_ready()
    stack.idle()
    stack.assert_exact()


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_database_whose_child_outlives_it_comes_back(stack, http):
    """One that hangs holds the shared memory, and no other PostgreSQL could start."""
    storage = stack.mongodb_processes()[-1]
    left = children(stack.pid(storage))
    if storage == "postgres":
        os.kill(left[-1], signal.SIGSTOP)
    stack.kill(storage)
    wait_until(lambda: not [pid for pid in left if pathlib.Path(f"/proc/{pid}").exists()], 20, "some of it is left")
    wait_until(lambda: http.get("/v1/ready").status == 200, 40)
    stack.wait_job(stack.generate(10))
