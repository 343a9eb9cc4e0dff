"""POST and GET /v1/generate/users/random/:n: what a trigger answers, makes, and refuses."""
import concurrent.futures
import json

import pytest

from support import store
from support.kafka import TRIGGER
from support.problem import assert_no_leak, assert_problem
from support.waiting import wait_until

JOB = {"id", "kind", "total", "done", "failed", "state", "perSecond", "etaSeconds", "createdAt", "startedAt",
       "finishedAt", "error", "detail", "seed"}


@pytest.fixture
def no_effect(stack):
    """Holds that the test makes no job and sends no trigger."""
    def state():
        return stack.kafka.count(TRIGGER), stack.mongo.hc_jobs.count_documents({})
    # The last test's job is settled, so its message has been sent too.
    wait_until(lambda: stack.mongo.hc_jobs.find_one({"open": True}) is None)
    before = state()
    yield
    assert state() == before


def test_post(stack, http):
    answer = http.post("/v1/generate/users/random/120")
    job = answer.result
    assert answer.status == 202 and set(answer.json) == {"result"} and set(job) == JOB
    assert (job["kind"], job["total"], job["done"], job["failed"], job["state"]) in [("users", 120, 0, 0, state) for state in ("queued", "running")]
    assert job["finishedAt"] is None and job["error"] in (None, "")
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}"
    done = stack.wait_job(job)
    assert (done["done"], done["seed"]) == (120, job["seed"])
    assert stack.recount(store.job_range(stack.mongo, job["id"]))["users"] == 120
    stack.assert_exact()


def test_get_for_old_clients(stack, http):
    answer = http.get("/v1/generate/users/random/30", headers={"Content-Type": "application/json"})
    assert answer.status == 200 and set(answer.json) == {"result", "job"}
    assert isinstance(answer.result, str) and "30" in answer.result
    assert set(answer.json["job"]) == JOB
    assert stack.wait_job(answer.json["job"])["done"] == 30


def test_one_user(stack):
    assert stack.wait_job(stack.generate(1))["done"] == 1


def test_a_trigger_sends_one_message(stack):
    before = stack.kafka.ends(TRIGGER)
    job = stack.generate(10)
    (message,) = wait_until(lambda: stack.kafka.read(TRIGGER, before), 5)
    value = json.loads(message.value())
    assert (value["totalUserCreate"], value["jobId"], value["seed"]) == (10, job["id"], job["seed"])
    assert value["message"] == TRIGGER and isinstance(value["createAt"], int)


def test_same_seed_same_people(stack):
    first, second = (stack.wait_job(stack.generate(2500, seed=77)) for _ in range(2))
    other = stack.wait_job(stack.generate(2500, seed=78))
    assert (first["seed"], second["seed"], other["seed"]) == (77, 77, 78)
    assert first["id"] != second["id"]
    one, two, three = (store.people(stack.mongo, job["id"]) for job in (first, second, other))
    assert one == two != three
    assert [person[0] for person in one] == list(range(2500))
    stack.assert_exact()


def test_a_longer_job_of_a_seed_begins_with_the_shorter_one(stack):
    short, long = (store.people(stack.mongo, stack.wait_job(stack.generate(n, seed=9))["id"]) for n in (100, 7000))
    assert long[:100] == short


@pytest.mark.parametrize("seed", [0, 1, 2**53 + 1, 2**63 - 1])
def test_seeds_are_kept_exactly(stack, seed):
    job = stack.generate(1, seed=seed)
    assert job["seed"] == seed and stack.wait_job(job)["seed"] == seed


def test_no_body_and_an_empty_object_are_the_same(stack, http):
    for body in (None, "{}", " {} ", b""):
        assert http.post("/v1/generate/users/random/1", body).status == 202, body


# ---- Idempotency-Key

def test_same_key_same_job(stack, http):
    key = {"Idempotency-Key": "test-same-key"}
    first = http.post("/v1/generate/users/random/40", {"seed": 3}, headers=key)
    stack.wait_job(first.result)
    again = http.post("/v1/generate/users/random/40", {"seed": 3}, headers=key)
    assert again.status == 202 and again.result["id"] == first.result["id"]
    assert stack.recount(store.job_range(stack.mongo, first.result["id"]))["users"] == 40
    stack.idle()
    stack.assert_exact()


def test_same_key_for_another_request_is_refused(http):
    key = {"Idempotency-Key": "test-other-request"}
    assert http.post("/v1/generate/users/random/4", {"seed": 3}, headers=key).status == 202
    for n, body in ((5, {"seed": 3}), (4, {"seed": 4}), (4, None)):
        assert_problem(http.post(f"/v1/generate/users/random/{n}", body, headers=key), 422, field="Idempotency-Key")


def test_same_key_twenty_times_at_once_is_one_job(stack, http):
    key = {"Idempotency-Key": "test-at-once"}
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(http.post, "/v1/generate/users/random/11", headers=key) for _ in range(20)]
        answers = [one.result() for one in asked]
    assert {answer.status for answer in answers} <= {202, 409}
    (job_id,) = {answer.result["id"] for answer in answers if answer.status == 202}
    assert stack.wait_job(job_id)["done"] == 11
    assert stack.mongo.hc_jobs.count_documents({"_id": job_id}) == 1
    stack.idle()
    stack.assert_exact()


@pytest.mark.parametrize("key", ["x" * 256, "caf\u00e9"])
def test_keys_that_are_none(http, no_effect, key):
    answer = http.post("/v1/generate/users/random/1", headers={"Idempotency-Key": key})
    assert_problem(answer, 400, field="Idempotency-Key")


# ---- bad input

@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("n", [
    "0", "-5", "+5", "1.5", "1e3", "0x10", "abc", "1e9", "1000000000", "20000001", "1" + "0" * 30, "",
    "%EF%BC%91%EF%BC%90", "%2010", "10%20", "5x", "-0", "NaN", "9223372036854775808", "1,000", "%D9%A1"])
def test_n_that_is_none(http, no_effect, method, n):
    assert_problem(http.request(method, f"/v1/generate/users/random/{n}"), 400, field="n")


@pytest.mark.parametrize("seed", [-1, 1.5, "5", None, True, [], {}, 2**63, 10**30, 1e3])
def test_seed_that_is_none(http, no_effect, seed):
    answer = http.post("/v1/generate/users/random/5", {"seed": seed})
    assert answer.status in (400, 422), answer
    assert_problem(answer, answer.status)


BODIES = {
    "no JSON": b"seed=5", "cut": b'{"seed": 5', "trailing": b'{"seed": 5} x', "two": b'{"seed": 5}{"seed": 5}',
    "comment": b'{"seed": 5 /* x */}', "single quotes": b"{'seed': 5}", "NaN": b'{"seed": NaN}',
    "Infinity": b'{"seed": Infinity}', "leading zero": b'{"seed": 05}', "plus": b'{"seed": +5}',
    "array": b"[5]", "scalar": b"5", "null": b"null", "blank": b"   ", "BOM": b'\xef\xbb\xbf{"seed": 5}',
    "duplicate keys": b'{"seed": 5, "seed": 6}', "duplicate by escape": b'{"seed": 5, "s\\u0065ed": 6}',
    "NUL in a key": b'{"seed\\u0000x": 5}', "NUL in a value": b'{"seed": "\\u0000"}', "raw NUL": b'{"seed": 5}\x00',
    "bad UTF-8": b'{"\xff": 5}', "overlong": b'{"\xc0\xaf": 5}', "lone surrogate": b'{"\\ud800": 5}',
    "deep": b'{"seed": ' + b"[" * 40 + b"]" * 40 + b"}", "very deep": b"[" * 30000, "huge number": b'{"seed": 1e400}',
    "long number": b'{"seed": ' + b"1" * 5000 + b"}", "control": b'{"a\x01": 1}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_bodies_that_are_none(http, no_effect, body):
    answer = http.post("/v1/generate/users/random/5", body)
    assert_problem(answer, 400)
    assert answer.ms < 1000


def test_unknown_option(http, no_effect):
    assert_problem(http.post("/v1/generate/users/random/5", {"sed": 5}), 422, field="sed")


@pytest.mark.parametrize("size", [65_537, 300_000, 1_100_000])
def test_body_too_large(http, no_effect, size):
    body = b'{"seed": 5}' + b" " * (size - 11)
    assert_problem(http.post("/v1/generate/users/random/5", body), 413)


def test_many_members(http, no_effect):
    answer = http.post("/v1/generate/users/random/5", {f"k{i}": i for i in range(3000)})
    assert answer.status in (400, 413), answer
    assert_problem(answer, answer.status)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                                  "application/json; charset=utf-16", "application/jsonx", ""])
def test_content_types_that_are_none(http, no_effect, kind):
    answer = http.post("/v1/generate/users/random/5", b'{"seed": 5}', headers={"Content-Type": kind})
    assert_problem(answer, 415)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
def test_content_types_that_are_taken(http, kind):
    answer = http.post("/v1/generate/users/random/1", b'{"seed": 5}', headers={"Content-Type": kind})
    assert answer.status == 202, answer


def test_a_field_that_a_client_made_up_is_shown_as_text_only(http, no_effect):
    answer = http.post("/v1/generate/users/random/5", {"<script>alert(1)</script>": 1})
    assert_no_leak(answer)
    assert answer.headers["Content-Type"].startswith("application/problem+json")
