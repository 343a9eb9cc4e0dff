"""What every write of a user has in common: seen at once, told to Kafka, whatever is away; and who may write."""
import json
import re

import pytest

from support.people import create, delete, idempotency, patch, person, shown, user_path
from support.problem import assert_no_leak, assert_problem
from support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("nothing_left")
CREATED, UPDATED, DELETED = "user.created.single", "user.updated.single", "user.deleted.single"


# ---- own writes are seen at once

def see_own_writes(http, rounds=5):
    for n in range(rounds):
        http.get("/v1/user?limit=100")
        user = create(http)
        assert user["_id"] in shown(http), n
        assert http.get(f"/v1/user?email={user['email']}").result == [user]
        after = patch(http, user, {"name": f"Seen {n}"}).result
        assert http.get(f"/v1/user?_id={user['_id']}").result == [after]
        assert http.get(f"/v1/user?email={user['email']}").result == [after]
        assert delete(http, user).status == 200
        assert user["_id"] not in shown(http), n
        assert http.get(f"/v1/user?email={user['email']}").result == []


def test_own_writes_are_seen_at_once(http):
    see_own_writes(http)


def test_by_another_process_too(stack):
    with stack.beside(fcgi=2) as other:
        for n in range(5):
            for http in (stack.http, other.http):
                shown(http)
            user = create(stack.http)
            assert user["_id"] in shown(other.http), n
            assert delete(other.http, user).status == 200
            assert user["_id"] not in shown(stack.http), n


@pytest.mark.parametrize("how", ["stopped", "hanging"])
def test_without_redis(stack, http, how):
    body, headers = person(), idempotency("without-redis")
    with stack.stopped("redis") if how == "stopped" else stack.frozen("redis"):
        see_own_writes(http)
        first, second = (http.post("/v1/user", body, headers=headers) for _ in range(2))
        assert first.status == second.status == 201 and first.result == second.result
        late = create(http)
        assert late["_id"] in shown(http)
    # What was owed to Redis is paid before anything of it is shown.
    for _ in range(20):
        assert late["_id"] in shown(http)
    stack.wait_ready(15)
    see_own_writes(http, 2)
    wait_until(lambda: stack.redis.get("hc:1:generation:users"), 5)


def test_garbage_in_redis(stack, http):
    user = create(http)
    for junk in (lambda: stack.redis.lpush("hc:1:generation:users", 1),
                 lambda: stack.redis.set("hc:1:generation:users", b"\x00\xff" * 1000)):
        stack.redis.delete("hc:1:generation:users")
        junk()
        assert user["_id"] in shown(http)
        see_own_writes(http, 1)


# ---- Kafka

def notices(stack, topic, since):
    return [(message, json.loads(message.value())) for message in stack.kafka.read(topic, since)]


def test_notices(stack, http):
    since = {topic: stack.kafka.ends(topic) for topic in (CREATED, UPDATED, DELETED)}
    user = create(http, extra=5)
    after = patch(http, user, {"name": "Changed"}).result
    assert delete(http, user).status == 200
    places = set()
    for topic, body in ((CREATED, user), (UPDATED, after), (DELETED, {"deleteId": user["_id"]})):
        def sent():
            return [(m, v) for m, v in notices(stack, topic, since[topic]) if m.key().decode() == user["_id"]]
        ((message, value),) = wait_until(sent, 10, f"no {topic}", every=0.2)
        assert value["body"] == body and value["message"] == topic and isinstance(value["createAt"], int)
        places.add(message.partition())
    assert len(places) == 1


def test_writes_go_on_without_kafka(stack, http):
    with stack.stopped("kafka"):
        user = create(http)
        times = [create(http), patch(http, user, {"name": "Without Kafka"}).result, delete(http, user).json]
        assert len(times) == 3
        assert_problem(http.get(user_path(user)), 404)
        slow = sorted(http.post("/v1/user", person()).ms for _ in range(5))
        assert slow[-2] < 1000, slow
    stack.wait_ready(60)


# ---- MongoDB

def test_a_lost_reply_is_told_apart(stack, http):
    user, body = create(http), person()
    name = stack.mongodb_processes()[0]
    with stack.frozen(name):
        answers = [http.post("/v1/user", body), patch(http, user, {"name": "Lost"}), delete(http, user)]
    for answer in answers:
        problem = assert_problem(answer, 503)
        assert answer.headers["Retry-After"] and answer.ms < 4000
        if problem["type"].endswith("/outcome-unknown"):
            assert re.fullmatch("/v1/user/[0-9a-f]{24}", answer.headers["Location"])
    wait_until(lambda: http.get("/v1/user").status == 200, 20)
    lost = answers[0]
    assert lost.json["type"].endswith("/outcome-unknown"), lost
    stands = http.get(lost.headers["Location"])
    again = http.post("/v1/user", body)
    assert (stands.status, again.status) in ((200, 409), (404, 201)), (stands, again)


# ---- methods, access, CORS

def test_methods(http):
    user = create(http)
    for path, allowed in (("/v1/user", "GET, HEAD, POST, OPTIONS"), (user_path(user), "GET, HEAD, POST, PATCH, DELETE, OPTIONS")):
        assert http.request("OPTIONS", path).headers["Allow"] == allowed
        wrong = http.request("PUT", path, body={})
        assert_problem(wrong, 405)
        assert wrong.headers["Allow"] == allowed
    head = http.request("HEAD", user_path(user))
    assert head.status == 200 and head.body == b"" and head.headers["ETag"] == http.get(user_path(user)).headers["ETag"]


def test_preflight(stack):
    origin = {"Origin": "http://ui.example"}
    with stack.beside(env={"APP_CORS_ORIGIN": "http://ui.example"}) as other:
        user = create(other.http.with_headers(**origin))
        for method in ("PATCH", "DELETE", "POST"):
            answer = other.http.request("OPTIONS", user_path(user), headers={**origin, "Access-Control-Request-Method": method})
            assert method in answer.headers["Access-Control-Allow-Methods"]
            for name in ("If-Match", "Idempotency-Key", "Content-Type"):
                assert name in answer.headers["Access-Control-Allow-Headers"]
        assert "ETag" in other.http.get(user_path(user), headers=origin).headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("headers", [{"Host": "headcount.example"}, {"X-Forwarded-For": "127.0.0.1"},
                                     {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}])
def test_changes_from_elsewhere_are_refused(stack, http, headers):
    user = create(http)
    before = stack.mongo.users.count_documents({})
    for method, path in (("POST", "/v1/user"), ("POST", user_path(user)), ("PATCH", user_path(user)), ("DELETE", user_path(user))):
        answer = http.request(method, path, body=person(), headers=headers)
        assert_problem(answer, 403)
        assert_no_leak(answer)
    assert stack.mongo.users.count_documents({}) == before and http.get(user_path(user)).result == user


def test_with_a_token(stack):
    with stack.beside(env={"APP_ADMIN_TOKEN": "a-token-of-the-tests-only"}) as other:
        assert_problem(other.http.post("/v1/user", person()), 401)
        allowed = other.http.with_headers(Authorization="Bearer a-token-of-the-tests-only")
        user = create(allowed)
        assert_problem(delete(other.http, user), 401)
        assert_problem(patch(other.http, user, {}), 401)
        assert delete(allowed, user).status == 200
