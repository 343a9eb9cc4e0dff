"""Kafka down at a trigger, wiped in the middle of a job."""
import shutil

import pytest

from support import store
from support.waiting import wait_until


@pytest.fixture(autouse=True)
def healed(stack):
    yield
    stack.start("kafka")
    stack.wait_ready(60)


def test_trigger_while_kafka_is_down(stack, http):
    """202 within 3 s; the job waits as queued and says why; when Kafka is back it runs once. Reads go on."""
    stack.idle()
    with stack.stopped("kafka"):
        answer = http.post("/v1/generate/users/random/2345")
        assert answer.status == 202 and answer.ms < 3000, answer
        job = answer.result
        assert job["state"] == "queued"
        wait_until(lambda: "kafka" in (stack.job(job)["detail"] or "").lower(), 8, "the job doesn't say why it waits")
        assert (stack.job(job)["state"], stack.job(job)["done"]) == ("queued", 0)

        assert http.get("/v1/health").status == 200
        ready = http.get("/v1/ready")
        assert ready.status == 200 and ready.result["degraded"] is True
        assert ready.result["kafka"] == {"state": "down", "latencyMs": None}
        for path in ("/v1/counts", "/v1/user", "/v1/user/agg/country", "/v1/jobs", "/"):
            answer = http.get(path)
            assert answer.status == 200 and answer.ms < 1000, answer
        second = http.post("/v1/generate/users/random/2346")
        assert second.status == 202 and second.ms < 3000
    for one in (job, second.result):
        assert stack.wait_job(one, 60)["done"] == one["total"]
        assert stack.recount(store.job_range(stack.mongo, one["id"]))["users"] == one["total"]
    assert stack.mongo.hc_jobs.count_documents({"total": {"$in": [2345, 2346]}}) == 2
    assert not stack.job(job)["detail"]
    stack.wait_ready(60)
    stack.idle()
    stack.assert_exact()


def test_kafka_wiped_in_the_middle_of_a_job(stack):
    """Every message, topic and offset is lost; the job document knows what is missing, and the job ends exact."""
    job = stack.generate(300_000)
    wait_until(lambda: stack.job(job)["done"] > 0, 15)
    stack.stop("kafka")
    at = stack.job(job)["done"]
    shutil.rmtree(stack.data / "data" / "kafka")
    stack.start("kafka")
    stack.kafka.forget()
    assert at < 300_000, "the job ended too early to show anything"
    assert stack.wait_job(job, 110)["done"] == 300_000
    assert stack.recount(store.job_range(stack.mongo, job["id"]))["users"] == 300_000
    stack.wait_ready(60)
    stack.assert_exact()
