"""GET /v1/jobs and /v1/jobs/:id, cancel, pause, resume."""
import re
import time

import pytest

from support import store
from support.problem import assert_problem
from support.waiting import wait_until

UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def act(http, job, what):
    return http.post(f"/v1/jobs/{job['id']}/{what}")


def begun(stack, n=400_000):
    """A job too big to end by itself within the test, some of whose users are there."""
    job = stack.generate(n)
    wait_until(lambda: 0 < stack.job(job)["done"] < n, 15)
    return job


def test_one_job_through_its_life(stack):
    job = stack.generate(20_000)
    seen = []

    def watch():
        now = stack.job(job)
        seen.append(now)
        return now["state"] == "done"
    wait_until(watch, 60, every=0.02)
    assert [one["done"] for one in seen] == sorted(one["done"] for one in seen)
    last = seen[-1]
    assert (last["done"], last["total"], last["failed"]) == (20_000, 20_000, 0) and not last["etaSeconds"]
    assert all(re.fullmatch(DATE, last[key]) for key in ("createdAt", "startedAt", "finishedAt"))
    assert last["createdAt"] <= last["startedAt"] <= last["finishedAt"]
    running = [one for one in seen if one["state"] == "running"]
    assert running and all(one["startedAt"] and not one["finishedAt"] for one in running)


def test_list_is_newest_first(stack, http):
    jobs = [stack.wait_job(stack.generate(n)) for n in (1, 2, 3)]
    listed = http.get("/v1/jobs").result
    assert [job["id"] for job in listed[:3]] == [job["id"] for job in reversed(jobs)]
    assert listed[0] == jobs[2]
    assert [job["id"] for job in http.get("/v1/jobs?limit=1").result] == [jobs[2]["id"]]


@pytest.mark.parametrize("bad", ["0", "101", "-1", "5x", "1e1"])
def test_list_limit_out_of_range(http, bad):
    assert_problem(http.get(f"/v1/jobs?limit={bad}"), 400, field="limit")


def test_id_in_lower_case(stack, http):
    job = stack.wait_job(stack.generate(1))
    assert http.get(f"/v1/jobs/{job['id'].lower()}").result == job


def test_cancel_keeps_what_is_in(stack, http):
    job = begun(stack)
    answer = act(http, job, "cancel")
    assert answer.status == 200 and answer.result["state"] == "cancelled" and answer.result["id"] == job["id"]
    assert act(http, job, "cancel").result["state"] == "cancelled"
    settled = stack.wait_job(job, state="cancelled", seconds=30)
    there = stack.recount(store.job_range(stack.mongo, job["id"]))
    assert 0 < settled["done"] == there["users"] < 400_000
    stack.assert_exact()
    time.sleep(1)
    assert stack.job(job)["done"] == settled["done"]
    assert act(http, job, "cancel").status == 200
    for what in ("pause", "resume"):
        assert_problem(act(http, job, what), 409)


def test_pause_and_resume_end_exactly(stack, http):
    job = begun(stack, 60_000)
    paused = act(http, job, "pause")
    assert paused.result["state"] == "paused" and act(http, job, "pause").result["state"] == "paused"

    def rests():
        done = stack.job(job)["done"]
        time.sleep(0.7)
        return stack.job(job)["done"] == done
    wait_until(rests, 15)
    assert stack.job(job)["state"] == "paused" and stack.job(job)["done"] < 60_000
    assert act(http, job, "resume").result["state"] in ("queued", "running")
    assert stack.wait_job(job)["done"] == 60_000
    assert stack.recount(store.job_range(stack.mongo, job["id"]))["users"] == 60_000
    stack.assert_exact()


def test_nothing_changes_a_job_that_is_done(stack, http):
    job = stack.wait_job(stack.generate(5))
    for what in ("cancel", "pause", "resume"):
        assert_problem(act(http, job, what), 409)
    assert stack.job(job) == job


@pytest.mark.parametrize("what", ["", "/cancel", "/pause", "/resume"])
def test_unknown_job(http, what):
    answer = http.post(f"/v1/jobs/{UNKNOWN}{what}") if what else http.get(f"/v1/jobs/{UNKNOWN}")
    assert_problem(answer, 404)


@pytest.mark.parametrize("bad", ["abc", UNKNOWN[:-1], UNKNOWN + "0", "U" * 26, "0" * 24, "$where", "%20" * 26, "x" * 1000,
                                 UNKNOWN[:-1] + "%C3%A9"])
def test_job_id_that_is_none(http, bad):
    assert_problem(http.get(f"/v1/jobs/{bad}"), 400, field="id")
    assert_problem(http.post(f"/v1/jobs/{bad}/cancel"), 400, field="id")


def test_jobs_beyond_the_limit_are_refused(stack):
    """APP_JOBS_MAX jobs may wait or run; the next one is a 429 that says when to come again."""
    with stack.beside(env={"APP_JOBS_MAX": "2"}) as other:
        stack.idle()
        jobs = [other.generate(500_000) for _ in range(2)]
        refused = other.http.post("/v1/generate/users/random/5")
        assert_problem(refused, 429)
        assert int(refused.headers["Retry-After"]) > 0
        for job in jobs:
            wait_until(lambda job=job: act(other.http, job, "cancel").status in (200, 409), 15)
        for job in jobs:
            stack.wait_job(job, state="cancelled", seconds=30)
        assert stack.wait_job(other.generate(5))["done"] == 5
