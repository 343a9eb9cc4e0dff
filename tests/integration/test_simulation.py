"""POST /v1/generate/activities/random/:n: requests of existing users, as messages of user.activate.create."""
import json
import time
from collections import Counter, namedtuple

import pytest
from bson import ObjectId

from support.kafka import ACTIVITY, BULK, TRIGGER
from support.problem import assert_problem
from support.waiting import wait_until

WRITES_BEHIND = True

ROUTE = "/v1/generate/activities/random/"
DAY = 86_400_000
KEYS = {"id", "kind", "total", "done", "failed", "state", "perSecond", "etaSeconds", "createdAt", "startedAt",
        "finishedAt", "error", "detail", "seed", "days", "rate"}

Event = namedtuple("Event", "name user time device key partition sent")


def ask(stack, n, headers=None, **options):
    answer = stack.http.post(f"{ROUTE}{n}", options or None, headers=headers)
    assert answer.status == 202, answer
    return answer.result


def events(stack, job, since=None):
    """Every message of the job that lies in the topic, repeated ones too."""
    found = []
    for message in stack.kafka.read(ACTIVITY, since):
        value = json.loads(message.value())
        if not value["event"].startswith(job["id"] + "/"):
            continue
        body = value["body"]
        found.append(Event(value["event"], body["user"], body["requestTime"], json.dumps(body["device"], sort_keys=True),
                           message.key().decode(), message.partition(), message.timestamp()[1]))
    return found


def assert_all_sent(stack, job, sent):
    """Each number of the job is an event, each has one user, and each of these is there."""
    assert {event.name for event in sent} == {f"{job['id']}/{i}" for i in range(job["total"])}
    assert len({(event.name, event.user) for event in sent}) == job["total"]
    users = [ObjectId(user) for user in {event.user for event in sent}]
    assert stack.mongo.users.count_documents({"_id": {"$in": users}}) == len(users)


@pytest.fixture
def peopled(stack):
    """The stack with some people."""
    if stack.mongo.users.count_documents({}) < 3000:
        stack.wait_job(stack.generate(3000))
    return stack


@pytest.fixture
def no_job(stack):
    """Holds that the test makes no job."""
    before = stack.mongo.hc_jobs.count_documents({})
    yield
    assert stack.mongo.hc_jobs.count_documents({}) == before


# ---- what is made

def test_requests_of_existing_users_spread_over_days(peopled):
    since, triggers = peopled.kafka.ends(ACTIVITY), peopled.kafka.count(TRIGGER)
    job = ask(peopled, 5300, days=30)
    assert set(job) == KEYS
    assert (job["kind"], job["total"], job["days"], job["rate"]) == ("activities", 5300, 30, None)
    done = peopled.wait_job(job)
    assert (done["done"], done["failed"]) == (5300, 0)
    sent = events(peopled, job, since)
    assert len(sent) == 5300
    assert_all_sent(peopled, job, sent)
    made = peopled.mongo.hc_jobs.find_one({"_id": job["id"]})["time"] // 1000
    ages = [made - event.time for event in sent]
    assert min(ages) >= 0 and max(ages) < 30 * DAY and max(ages) > 27 * DAY
    week, before = (sum(low <= age < low + 7 * DAY for age in ages) for low in (0, 21 * DAY))
    assert week > 1.5 * before > 0
    assert peopled.kafka.count(TRIGGER) == triggers, "other systems would make users of that"


def test_messages_are_keyed_by_the_user_and_lie_with_its_slot(peopled):
    since = peopled.kafka.ends(ACTIVITY)
    job = ask(peopled, 3000)
    peopled.wait_job(job)
    sent = events(peopled, job, since)
    assert all(event.key == event.user for event in sent)
    places = {(event.user, event.partition) for event in sent}
    assert len(places) == len({user for user, _ in places}), "a user's requests lie in several partitions"
    assert {place for _, place in places} == set(peopled.kafka.partitions(ACTIVITY))


def test_some_users_make_many_requests_and_devices_differ(peopled):
    since = peopled.kafka.ends(ACTIVITY)
    job = ask(peopled, 4000)
    peopled.wait_job(job)
    sent = events(peopled, job, since)
    most = [count for _, count in Counter(event.user for event in sent).most_common(15)]
    assert most[0] > 2 * most[2] and most[0] < 2000 and len({event.user for event in sent}) > 500, most
    assert len({event.device for event in sent}) > 10


def test_a_seed_of_the_same_people_is_the_same_traffic(peopled):
    since = peopled.kafka.ends(ACTIVITY)
    jobs = [peopled.wait_job(ask(peopled, 300, seed=5)) for _ in range(2)]
    one, two = ([(e.user, e.device) for e in sorted(events(peopled, job, since), key=lambda e: int(e.name[27:]))]
                for job in jobs)
    assert one == two and jobs[0]["seed"] == 5 and jobs[0]["days"] == 1


def test_people_of_no_job_make_requests_too(empty):
    """3 000 users whom another system wrote: the newest and some of all times are drawn."""
    people = [{"_id": ObjectId(f"{1_600_000_000 + 10 * i:08x}{i:016x}"), "email": f"p{i}@example.com", "name": f"P {i}"}
              for i in range(3000)]
    empty.mongo.users.insert_many(people)
    try:
        since = empty.kafka.ends(ACTIVITY)
        job = ask(empty, 6000)
        empty.wait_job(job)
        sent = events(empty, job, since)
        assert_all_sent(empty, job, sent)
        numbers = {int(event.user[8:], 16) for event in sent}
        assert len(numbers & set(range(2500, 3000))) > 400
        assert len(numbers & set(range(1000))) > 50
    finally:
        empty.fresh()


# ---- live

def test_a_live_job_keeps_its_pace(peopled):
    since = peopled.kafka.ends(ACTIVITY)
    job = ask(peopled, 60, rate=20)
    assert (job["days"], job["rate"]) == (None, 20)
    began = time.monotonic()
    peopled.wait_job(job, 20)
    took = time.monotonic() - began
    sent = events(peopled, job, since)
    assert len(sent) == 60
    assert_all_sent(peopled, job, sent)
    assert 2.5 < took < 8, took
    times = sorted(event.time for event in sent)
    assert times[-1] - times[0] > 1000 and all(abs(event.time - event.sent) < 3000 for event in sent)


def test_a_live_job_holds_up_nobody(peopled):
    live = ask(peopled, 20_000, rate=20)
    try:
        peopled.wait_progress(live, 20)
        peopled.wait_job(peopled.generate(500), 10)
        assert peopled.job(live)["state"] == "running"
        big = peopled.generate(1_000_000)
        try:
            peopled.wait_progress(big, 5000)
            before = peopled.job(live)["done"]
            peopled.wait_progress(live, before + 60, 30)
            assert peopled.job(big)["state"] == "running"
        finally:
            peopled.http.post(f"/v1/jobs/{big['id']}/cancel")
            peopled.wait_job(big, 30, state="cancelled")
        shown = next(job for job in peopled.counts()["jobs"] if job["id"] == live["id"])
        assert (shown["kind"], shown["rate"]) == ("activities", 20)
    finally:
        peopled.http.post(f"/v1/jobs/{live['id']}/cancel")
        peopled.wait_job(live, 30, state="cancelled")


def test_a_paused_live_job_catches_up_on_nothing(peopled):
    job = ask(peopled, 600, rate=20)
    peopled.wait_progress(job, 20)
    assert peopled.http.post(f"/v1/jobs/{job['id']}/pause").result["state"] == "paused"
    time.sleep(4)
    rests = peopled.job(job)["done"]
    time.sleep(3)
    assert peopled.job(job)["done"] == rests
    assert peopled.http.post(f"/v1/jobs/{job['id']}/resume").result["state"] in ("queued", "running")
    began = time.monotonic()
    peopled.wait_progress(job, rests + 60, 30)
    assert time.monotonic() - began > 1.5, "the time of the pause was made up for"
    peopled.http.post(f"/v1/jobs/{job['id']}/cancel")
    peopled.wait_job(job, 30, state="cancelled")


# ---- a job's life

def test_pause_resume_and_the_end(peopled):
    since = peopled.kafka.ends(ACTIVITY)
    job = ask(peopled, 60_000)
    peopled.wait_progress(job, 1)
    assert peopled.http.post(f"/v1/jobs/{job['id']}/pause").result["state"] == "paused"

    def rests():
        done = peopled.job(job)["done"]
        time.sleep(0.7)
        return peopled.job(job)["done"] == done
    wait_until(rests, 15)
    assert peopled.job(job)["state"] == "paused" and peopled.job(job)["done"] < 60_000
    assert peopled.http.post(f"/v1/jobs/{job['id']}/resume").status == 200
    assert peopled.wait_job(job)["done"] == 60_000
    assert_all_sent(peopled, job, events(peopled, job, since))


def test_cancel_ends_what_was_begun(peopled):
    since = peopled.kafka.ends(ACTIVITY)
    job = ask(peopled, 400_000)
    peopled.wait_progress(job, 1)
    assert peopled.http.post(f"/v1/jobs/{job['id']}/cancel").result["state"] == "cancelled"
    settled = peopled.wait_job(job, 30, state="cancelled")
    assert 0 < settled["done"] < 400_000
    assert len({event.name for event in events(peopled, job, since)}) == settled["done"]


def test_a_slice_that_comes_again_sends_nothing(peopled):
    job = ask(peopled, 1500)
    peopled.wait_job(job)
    before = peopled.kafka.count(ACTIVITY)
    peopled.kafka.send(BULK, {"v": 1, "job": job["id"], "chunk": 0})
    peopled.idle()
    assert peopled.kafka.count(ACTIVITY) == before


def test_a_slice_that_is_done_again_sends_the_same_events(peopled):
    """As after a kill between the broker's word and the done bit: the same requests, whatever happened meanwhile."""
    since = peopled.kafka.ends(ACTIVITY)
    job = ask(peopled, 1500, days=3)
    peopled.wait_job(job)
    first = events(peopled, job, since)
    peopled.wait_job(peopled.generate(700))
    peopled.mongo.hc_jobs.update_one({"_id": job["id"]}, {"$bit": {"done.0": {"and": 2}}})
    peopled.kafka.send(BULK, {"v": 1, "job": job["id"], "chunk": 0})
    wait_until(lambda: peopled.job(job)["done"] == 1500, 20)
    again = events(peopled, job, since)
    assert len(again) == 1500 + 1000
    what = lambda sent: {(e.name, e.user, e.time, e.device, e.partition) for e in sent}
    assert what(again) == what(first) and len(what(first)) == 1500


# ---- refusals

def test_nobody_there(empty, http):
    problem = http.post(f"{ROUTE}5")
    assert_problem(problem, 409)
    assert "no users" in problem.json["detail"]
    assert empty.mongo.hc_jobs.find_one() is None


@pytest.mark.parametrize("body, field", [
    ({"days": 0}, "days"), ({"days": 366}, "days"), ({"days": 1.5}, "days"), ({"days": "5"}, "days"),
    ({"days": None}, "days"), ({"rate": 0}, "rate"), ({"rate": 10_001}, "rate"), ({"rate": -1}, "rate"),
    ({"days": 5, "rate": 5}, "rate"), ({"rate": 5, "days": 5}, "rate"), ({"seed": -1}, "seed"), ({"day": 5}, "day")])
def test_options_that_are_none(peopled, no_job, body, field):
    answer = peopled.http.post(f"{ROUTE}5", body)
    assert answer.status in (400, 422)
    assert_problem(answer, answer.status, field=field)


def test_a_live_job_of_days(peopled, no_job):
    assert_problem(peopled.http.post(f"{ROUTE}100001", {"rate": 1}), 422, field="rate")


def test_days_are_no_option_of_users(http, no_job):
    assert_problem(http.post("/v1/generate/users/random/5", {"days": 5}), 422, field="days")


@pytest.mark.parametrize("n", ["0", "-5", "20000001", "1.5", "abc", ""])
def test_n_that_is_none(http, no_job, n):
    assert_problem(http.post(f"{ROUTE}{n}"), 400, field="n")


def test_only_post(http):
    assert_problem(http.get(f"{ROUTE}5"), 405)


def test_who_may_not_write(http, no_job):
    assert_problem(http.post(f"{ROUTE}5", headers={"X-Forwarded-For": "1.2.3.4"}), 403)


# ---- Idempotency-Key

def test_same_key_same_job(peopled):
    since, key = peopled.kafka.ends(ACTIVITY), {"Idempotency-Key": "test-simulation"}
    first = ask(peopled, 40, headers=key, days=2)
    peopled.wait_job(first)
    assert ask(peopled, 40, headers=key, days=2)["id"] == first["id"]
    for n, body in ((41, {"days": 2}), (40, {"days": 3}), (40, {"rate": 2}), (40, None)):
        refused = peopled.http.post(f"{ROUTE}{n}", body, headers=key)
        assert_problem(refused, 422, field="Idempotency-Key")
    users = peopled.http.post("/v1/generate/users/random/1", headers=key)
    assert users.status == 202 and users.result["id"] != first["id"], "a key is of one route"
    assert len(events(peopled, first, since)) == 40
