"""Requests of a user, on their way to being counted."""
import contextlib
import json
import socket
import threading
import time

import pytest
from bson import ObjectId

from support import store
from support.cgi import cgi
from support.problem import assert_problem
from support.stack import ROOT
from support.waiting import wait_until

WRITES_BEHIND = True

TOPIC = "user.activate.create"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
NOBODY = "0" * 24
TOKEN = "a-token-of-the-tests-only"


@pytest.fixture(scope="module")
def users(stack):
    """Ids of a few users of this file's own."""
    job = stack.generate(20)
    stack.wait_job(job)
    found = stack.mongo.users.find({"_id": store.job_range(stack.mongo, job["id"])}, {"_id": 1})
    return [str(user["_id"]) for user in found]


@contextlib.contextmanager
def seen(stack):
    """What comes into the topic within the with: a list that is filled at its end, in no particular order."""
    messages, since = [], stack.kafka.ends(TOPIC)
    yield messages
    for message in stack.kafka.read(TOPIC, since):
        messages.append((message, json.loads(message.value())))


def sent(stack, user, headers=None, method="POST"):
    """Notes one request; the message that it became, with its value."""
    with seen(stack) as messages:
        answer = stack.http.request(method, f"/v1/user/activity/{user}", headers=headers)
        assert answer.status == 200, answer
    assert len(messages) == 1, messages
    return messages[0]


# ---- the message

@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_message(stack, http, users, method):
    began = time.time() * 1000
    with seen(stack) as messages:
        answer = http.request(method, f"/v1/user/activity/{users[0]}", headers={"User-Agent": WINDOWS})
    assert answer.status == 200 and answer.json == {"result": "ok"}
    assert answer.headers["Cache-Control"] == "no-store"
    ((message, value),) = messages
    assert message.key() == users[0].encode()
    assert set(value) == {"body", "message", "createAt", "event"} and value["message"] == TOPIC
    assert set(value["body"]) == {"user", "device", "requestTime"} and value["body"]["user"] == users[0]
    for ms in (value["createAt"], value["body"]["requestTime"]):
        assert isinstance(ms, int) and began - 1000 <= ms <= time.time() * 1000 + 1000
    device = value["body"]["device"]
    assert device["ua"] == WINDOWS
    assert device["os"]["name"] == "Windows" and device["browser"]["name"] == "Firefox"
    assert 1 <= len(value["event"]) <= 64


def test_one_user_lies_in_one_partition_and_slots_are_spread(stack, users):
    places = {}
    with seen(stack) as messages:
        for user in users * 2:
            assert stack.http.post(f"/v1/user/activity/{user}").status == 200
    for message, value in messages:
        places.setdefault(value["body"]["user"], set()).add(message.partition())
    assert len(messages) == 2 * len(users) and set(places) == set(users)
    assert all(len(partitions) == 1 for partitions in places.values())
    assert len(set().union(*places.values())) > 3


@pytest.fixture
def known_slots(stack):
    """Users of whose ids the slots are known: {id: slot}."""
    slots = {"507f1f77bcf86cd799439011": 13, "507f1f77bcf86cd799439014": 21}
    stack.mongo.users.insert_many([{"_id": ObjectId(one), "email": f"{one}@slots.example", "_hc": {"k": {"v": 0}}}
                                   for one in slots])
    yield slots
    stack.mongo.users.delete_many({"_id": {"$in": [ObjectId(one) for one in slots]}})


def test_a_slot_lies_in_one_partition(stack, known_slots):
    count = len(stack.kafka.partitions(TOPIC))
    for user, slot in known_slots.items():
        assert sent(stack, user)[0].partition() == slot % count


def test_an_idempotency_key_names_the_event(stack, users):
    key = {"Idempotency-Key": "click-17"}
    events = [sent(stack, users[0], key)[1]["event"] for _ in range(2)]
    assert events[0] == events[1]
    others = [sent(stack, users[0])[1]["event"], sent(stack, users[0])[1]["event"],
              sent(stack, users[0], {"Idempotency-Key": "click-18"})[1]["event"]]
    assert len({events[0], *others}) == 4
    assert "click" not in events[0]


@pytest.mark.parametrize("key", ["x" * 256, "caf\xe9"])
def test_bad_idempotency_keys(stack, http, users, key):
    with seen(stack) as messages:
        assert_problem(http.post(f"/v1/user/activity/{users[0]}", headers={"Idempotency-Key": key}), 400,
                       "Idempotency-Key")
    assert messages == []


AGENTS = {
    "none": None, "empty": "", "7 KB": "Mozilla/5.0 (Windows NT 10.0) " + "x" * 7000, "binary": "\xff\xfe\x80",
    "cut UTF-8": "caf\xc3", "JSON": '"},{"$inc":{"a":1}}', "blanks": "     ", "percent": "%s%n%x" * 50,
    "nested": "(" * 500, "markup": "<script>alert(1)</script>", "long UTF-8": "\xc3\xa9" * 500,
}


@pytest.mark.parametrize("agent", AGENTS.values(), ids=AGENTS)
def test_hostile_user_agents(stack, users, agent):
    """Never an error: the device is cut or "Other", and the message is JSON of bounded size."""
    message, value = sent(stack, users[1], {} if agent is None else {"User-Agent": agent})
    device = value["body"]["device"]
    assert device["os"]["name"] and device["browser"]["name"]
    assert len(device.get("ua", "").encode()) <= 512 and len(message.value()) < 4096
    if agent in (None, "", AGENTS["binary"]):
        assert device["os"]["name"] == device["browser"]["name"] == "Other"


def test_raw_user_agents(stack, http, users):
    """A NUL is refused by the web server; 8 KB and more too; nothing breaks."""
    for agent, statuses in ((b"a\0b", (b"400",)), (b"x" * 9000, (b"431",))):
        with socket.create_connection((http.host, http.port), timeout=10) as connection:
            connection.sendall(b"POST /v1/user/activity/" + users[1].encode() + b" HTTP/1.1\r\nHost: localhost\r\n"
                               b"Connection: close\r\nContent-Length: 0\r\nUser-Agent: " + agent + b"\r\n\r\n")
            assert connection.recv(4096).split(b" ")[1] in statuses
    assert http.post(f"/v1/user/activity/{users[1]}").status == 200


def test_as_plain_cgi(stack, users):
    """A process of its own for each request, with agents that no web server lets through."""
    names = ("APP_MONGODB_CONNECTION_STRING", "APP_REDIS_CONNECTION_STRING", "APP_KAFKA_BROKER")
    env = {"APP_DEADLINE_MS": "10000", **{name: stack.addresses[name] for name in names}}
    program = ROOT / "build" / "release" / "headcount.fcgi"
    key = {"Idempotency-Key": "by two ways"}
    _, through_the_server = sent(stack, users[4], key)
    for agent in (WINDOWS, "x" * 8192, "\x01\x7f\r\nX-Header: 1"):
        with seen(stack) as messages:
            answer = cgi(program, env, "POST", f"/v1/user/activity/{users[4]}", headers={"User-Agent": agent, **key})
            assert answer.status == 200 and answer.json == {"result": "ok"}, answer
        ((message, value),) = messages
        assert message.key() == users[4].encode() and value["event"] == through_the_server["event"]
        assert len(value["body"]["device"].get("ua", "")) <= 512


# ---- who is refused

def test_unknown_and_deleted_users(stack, http, users):
    gone = ObjectId(users[19])
    with seen(stack) as messages:
        assert_problem(http.post(f"/v1/user/activity/{NOBODY}"), 404)
        assert_problem(http.get(f"/v1/user/activity/{NOBODY}"), 404)
        stack.mongo.users.update_one({"_id": gone}, {"$set": {"_hc.gone": True}})
        try:
            assert_problem(http.post(f"/v1/user/activity/{gone}"), 404)
        finally:
            stack.mongo.users.update_one({"_id": gone}, {"$unset": {"_hc.gone": 1}})
    assert messages == []


@pytest.mark.parametrize("user", ["x", "0" * 23, "0" * 25, "0" * 23 + "g", "%20" + "0" * 23, "$ne", "requests"])
def test_ids_that_are_none(http, user):
    for method in ("GET", "POST"):
        assert_problem(http.request(method, f"/v1/user/activity/{user}"), 400, "id")


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {"Host": "evil.example"},
    {"X-Forwarded-For": "10.0.0.1"}])
def test_other_sites(stack, http, users, headers):
    with seen(stack) as messages:
        for method in ("GET", "POST"):
            assert_problem(http.request(method, f"/v1/user/activity/{users[0]}", headers=headers), 403)
    assert messages == []


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-site"}, {"Sec-Purpose": "prefetch;prerender"},
                                     {"Purpose": "prefetch"}])
def test_the_old_get_is_for_no_prefetch_and_no_neighbour(stack, http, users, headers):
    with seen(stack) as messages:
        assert_problem(http.get(f"/v1/user/activity/{users[0]}", headers=headers), 403)
    assert messages == []


def test_methods(http, users):
    for method in ("HEAD", "PUT", "PATCH", "DELETE"):
        answer = http.request(method, f"/v1/user/activity/{users[0]}")
        assert answer.status == 405 and {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_the_old_get_can_be_switched_off(stack, users):
    with stack.beside(env={"APP_OLD_GET": "0"}) as other:
        answer = other.http.get(f"/v1/user/activity/{users[0]}")
        assert_problem(answer, 405)
        assert "GET" not in answer.headers["Allow"]
        assert other.http.post(f"/v1/user/activity/{users[0]}").status == 200


# ---- Kafka away

def ask_many(http, path, count):
    """count requests at once; their answers."""
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(http.post(path))) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def assert_refused(answer):
    problem = assert_problem(answer, 503)
    assert int(answer.headers["Retry-After"]) >= 1 and answer.ms < 3000, answer
    return problem["type"]


def test_kafka_stopped(stack, http, users):
    """503 within 3 s, and said so that all know whether it was taken; other answers go on; back by itself."""
    path = f"/v1/user/activity/{users[2]}"
    before = stack.kafka.count(TOPIC)
    assert http.post(path).status == 200
    try:
        with stack.stopped("kafka"):
            kinds = {assert_refused(http.post(path))}
            for answer in ask_many(http, path, 24):
                kinds.add(assert_refused(answer))
            assert_problem(http.post(f"/v1/user/activity/{NOBODY}"), 404)
            kinds.add(assert_refused(http.get(path)))
            assert kinds == {"/problems/broker"}
            began = time.monotonic()
            stop = began + 3
            while time.monotonic() < stop:
                assert_refused(http.post(path))
                read = http.get("/v1/user?limit=1")
                assert read.status == 200 and read.ms < 1000, read
        again = []
        wait_until(lambda: again.append(http.post(path)) or again[-1].status == 200, 10,
                   "requests are refused although Kafka is back")
        unknown = sum("outcome-unknown" in answer.text for answer in again)
        assert before + 2 <= stack.kafka.count(TOPIC) <= before + 2 + unknown  # what was refused is not there, for ever
    finally:
        stack.start("kafka")
        stack.wait_ready(60)


def test_kafka_hangs(stack, http, users):
    """It takes messages and doesn't answer: nobody knows, and the answer says so. A repeated key is one event."""
    path = f"/v1/user/activity/{users[3]}"
    key = {"Idempotency-Key": "hanging"}
    assert http.post(path).status == 200
    with seen(stack) as messages:
        with stack.frozen("kafka"):
            answer = http.post(path, headers=key)
            assert assert_refused(answer) == "/problems/outcome-unknown"
            assert "Idempotency-Key" in answer.json["detail"]
            assert assert_refused(http.post(path, headers=key)) in ("/problems/outcome-unknown", "/problems/broker")
        wait_until(lambda: http.post(path, headers=key).status == 200, 15, "requests are refused although Kafka is back")
    events = {value["event"] for _, value in messages}
    assert len(events) == 1 and len(messages) >= 1
    stack.wait_ready(60)


def test_redis_away(stack, http, users):
    with stack.stopped("redis"):
        assert http.post(f"/v1/user/activity/{users[0]}").status == 200


def test_with_a_token(stack, users):
    with stack.beside(env={"APP_ADMIN_TOKEN": TOKEN}) as other:
        assert_problem(other.http.post(f"/v1/user/activity/{users[0]}"), 401)
        assert_problem(other.http.get(f"/v1/user/activity/{users[0]}"), 401)
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert other.http.post(f"/v1/user/activity/{users[0]}", headers=bearer).status == 200
