"""Creating, editing and deleting one user over HTTP: what is stored, what is refused, what is seen at once."""
import concurrent.futures
import itertools
import json
import re

import bson
import pytest

from support.people import create, person
from support.problem import assert_no_leak, assert_problem
from support.waiting import wait_until

ULID = "[0-9A-HJKMNP-TV-Z]{26}"
CREATED, UPDATED, DELETED = "user.created.single", "user.updated.single", "user.deleted.single"
numbers = itertools.count(1)


@pytest.fixture(scope="module", autouse=True)
def nothing_left(stack):
    """The users that these tests made go again, whether a slot has counted them or not."""
    yield
    stack.idle()
    stack.fresh()


def one(user):
    return f"/v1/user/{user['_id']}"


def patch(http, user, body, **more):
    return http.request("PATCH", one(user), body=body, **more)


def delete(http, user, **more):
    return http.request("DELETE", one(user), **more)


def stored(stack, user):
    return stack.mongo.users.find_one({"_id": bson.ObjectId(user["_id"])})


def shown(http):
    """The ids of the first page of the list."""
    return [user["_id"] for user in http.get("/v1/user?limit=100").result]


# ---- create

def test_a_new_user(stack, http):
    body = person(email="Ada.LOVELACE@Mail.Example", country="DE", favourite={"colour": ["red", 1, 2.5, None, True]},
                  big=2**62)
    answer = http.post("/v1/user", body)
    assert answer.status == 201, answer
    user = answer.result
    assert re.fullmatch("[0-9a-f]{24}", user["_id"]) and re.fullmatch(ULID, user["userName"])
    assert answer.headers["Location"] == one(user)
    assert re.fullmatch('W/"[0-9a-z]+"', answer.headers["ETag"])
    assert user["email"] == "ada.lovelace@mail.example" and user["country"] == "Germany"
    assert user["avatar"] == "https://i.pravatar.cc/150"
    assert user["createdAt"] == user["updatedAt"] == user["lastActive"]
    assert user["favourite"] == body["favourite"] and user["big"] == 2**62
    assert "_hc" not in user
    for path in (one(user), "/v1/user/userEmail/ada.lovelace@mail.example", "/v1/user/userEmail/ADA.lovelace@mail.example"):
        again = http.get(path)
        assert again.result == user and again.headers["ETag"] == answer.headers["ETag"], path
    assert user["_id"] in shown(http)


def test_what_is_stored(stack, http):
    row = stored(stack, create(http, name="Zoë Ångström"))
    facts = row["_hc"]
    assert facts["k"]["v"] >= 0 and re.fullmatch(ULID, facts["rev"])
    assert facts.get("due", facts["rev"]) == facts["rev"] and "gone" not in facts and "req" not in facts
    assert facts["s"][:3] == ["zoe", "angstrom", "+491711234567"] and facts["s"][3].startswith("@")
    assert {type(row[name]).__name__ for name in ("createdAt", "updatedAt", "lastActive")} == {"datetime"}


def test_all_faults_at_once(http):
    answer = http.post("/v1/user", {"email": "nobody", "name": "", "gender": "Male", "country": "Atlantis",
                                    "avatar": "javascript:alert(1)", "a.b": 1})
    problem = assert_problem(answer, 422)
    assert {error["field"] for error in problem["errors"]} == {"email", "name", "phoneNumber", "gender", "country",
                                                               "avatar", "a.b"}
    assert all(error["message"] for error in problem["errors"])


REFUSED = {
    "no @": ({"email": "nobody.example"}, "email"), "blanks": ({"email": "a b@mail.example"}, "email"),
    "CRLF": ({"email": "a@mail.example\r\nX: y"}, "email"), "too long": ({"email": "a" * 250 + "@b.cd"}, "email"),
    "unicode": ({"email": "ä@mail.example"}, "email"), "empty e-mail": ({"email": ""}, "email"),
    "ours": ({"email": "a.b@People.Example"}, "email"), "an operator": ({"email": {"$gt": ""}}, "email"),
    "an array": ({"email": ["a@b.cd"]}, "email"), "null": ({"email": None}, "email"), "number": ({"name": 5}, "name"),
    "long name": ({"name": "x" * 257}, "name"), "blank name": ({"name": "   "}, "name"),
    "line break": ({"name": "a\nb"}, "name"), "letters": ({"phoneNumber": "call me"}, "phoneNumber"),
    "short": ({"phoneNumber": "123"}, "phoneNumber"), "long phone": ({"phoneNumber": "1" * 33}, "phoneNumber"),
    "gender": ({"gender": "x"}, "gender"), "country": ({"country": "ZZ"}, "country"), "no country": ({"country": ""}, "country"),
    "data url": ({"avatar": "data:text/html,x"}, "avatar"), "quote": ({"avatar": 'http://a.b/"onload='}, "avatar"),
    "dot": ({"a.b": 1}, "a.b"), "dollar": ({"$set": {"x": 1}}, "$set"), "underscore": ({"__proto__": 1}, "__proto__"),
    "no name": ({"": 1}, None), "nested operator": ({"x": {"$date": 1}}, "x"), "nested dot": ({"x": [{"a.b": 1}]}, "x"),
    "deep": ({"x": json.loads("[" * 9 + "]" * 9)}, "x"),
}


@pytest.mark.parametrize("more, field", REFUSED.values(), ids=REFUSED)
def test_refused_fields(stack, http, more, field):
    before = stack.mongo.users.count_documents({})
    problem = assert_problem(http.post("/v1/user", person(**more)), 422, field)
    assert len(problem["errors"]) == 1
    user = create(http)
    if list(more.values()) != [None]:
        assert_problem(patch(http, user, more), 422, field)
    assert http.get(one(user)).result == user
    assert stack.mongo.users.count_documents({}) == before + 1


MALFORMED = {
    "nothing": b"", "array": b"[]", "text": b'"x"', "null": b"null", "cut": b'{"a":', "behind": b"{} x", "comment": b"{/**/}",
    "NaN": b'{"a": NaN}', "quotes": b"{'a': 1}", "zero": b'{"a": 01}', "twice": b'{"a": 1, "\\u0061": 2}',
    "NUL in a key": b'{"email\\u0000x": "a@b.cd"}', "NUL in a value": b'{"name": "a\\u0000b"}',
    "raw NUL": b'{"name": "a\x00b"}', "no UTF-8": b'{"name": "\xc0\xaf"}', "surrogate": b'{"name": "\\ud800"}',
    "BOM": b"\xef\xbb\xbf{}", "big": b'{"a": 9223372036854775808}', "minus zero": b'{"a": -0}', "huge": b'{"a": 1e400}',
    "deep": b'{"a":' * 40 + b"1" + b"}" * 40,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_malformed_bodies(stack, http, body):
    user = create(http)
    before = stack.mongo.users.count_documents({})
    for method, path in (("POST", "/v1/user"), ("POST", one(user)), ("PATCH", one(user))):
        assert_problem(http.request(method, path, body=body), 400)
    assert http.get(one(user)).result == user
    assert stack.mongo.users.count_documents({}) == before


def test_sizes(http):
    assert_problem(http.post("/v1/user", person(x="y" * 17000)), 413)
    assert_problem(http.post("/v1/user", person(x="y" * 70000)), 413)
    assert_problem(http.post("/v1/user", person(**{f"x{n}": n for n in range(999)})), 413)
    user = create(http, x="y" * 8000)
    assert patch(http, user, {"x": "z" * 9000}).status == 200
    assert_problem(patch(http, user, {"more": "z" * 9000}), 413)
    assert "more" not in http.get(one(user)).result


def test_content_types(http):
    for wrong in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""):
        assert_problem(http.post("/v1/user", person(), headers={"Content-Type": wrong}), 415)


@pytest.mark.parametrize("name", ["😀 Smile", "\u202eevil", "e\u0301", "👩‍👩‍👧‍👦", "x" * 256, "ä" * 256,
                                  "<script>alert(1)</script>", "{{7*7}}", "=cmd()", " two  blanks "])
def test_names_come_back_byte_for_byte(http, name):
    assert http.get(one(create(http, name=name))).result["name"] == name


def test_reserved_fields_are_passed_over(stack, http):
    mine = {"_id": "0" * 24, "createdAt": "2001-01-01T00:00:00.000Z", "updatedAt": 5, "lastActive": None,
            "_hc": {"k": {"v": 9, "g": "male"}}, "__v": 3}
    user = create(http, **mine)
    assert user["_id"] != mine["_id"] and user["createdAt"] > "2020" and "__v" not in user
    after = patch(http, user, {**mine, "userName": "other"}).result
    assert {**after, "updatedAt": user["updatedAt"]} == user
    assert "g" not in stored(stack, user)["_hc"]["k"] or stored(stack, user)["_hc"]["k"]["g"] == "female"


# ---- e-mails

def test_a_taken_address(http):
    user = create(http)
    for twin in (user["email"], user["email"].upper()):
        assert_problem(http.post("/v1/user", person(email=twin)), 409, "email")
        assert_problem(patch(http, create(http), {"email": twin}), 409, "email")
    assert patch(http, user, {"email": user["email"].upper()}).result["email"] == user["email"]


@pytest.mark.parametrize("round", range(5))
def test_two_who_want_the_same_address_at_once(stack, http, round):
    """Each waits for all others at the unique index, in a circle: one gets it, all others hear why not, soon."""
    users, wanted = [create(http) for _ in range(8)], person()["email"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda user: patch(http, user, {"email": wanted}), users))
    assert sorted(answer.status for answer in answers) == [200] + 7 * [409], answers
    assert all(assert_problem(answer, 409, "email") for answer in answers if answer.status == 409)
    assert stack.mongo.users.count_documents({"email": wanted}) == 1
    assert max(answer.ms for answer in answers) < 2000


def test_one_of_a_hundred_at_once(stack, http):
    body = person()
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: http.post("/v1/user", body), range(100)))
    statuses = sorted(answer.status for answer in answers)
    assert statuses == [201] + 99 * [409], statuses
    assert stack.mongo.users.count_documents({"email": body["email"]}) == 1


# ---- update

@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_an_update(stack, http, method):
    user = create(http, nick="so")
    before = stored(stack, user)
    answer = http.request(method, one(user), body={"name": "Other Name", "country": "fra", "extra": [1]})
    after = answer.result
    assert after == {**user, "name": "Other Name", "country": "France", "extra": [1], "updatedAt": after["updatedAt"]}
    assert after["updatedAt"] > user["updatedAt"]
    assert http.get(one(user)).result == after and http.get(one(user)).headers["ETag"] == answer.headers["ETag"]
    facts = stored(stack, user)["_hc"]
    assert facts["rev"] > before["_hc"]["rev"]
    assert facts["s"][:3] == ["other", "name", "+491711234567"] and "some" not in facts["s"]


def test_null_removes(http):
    user = create(http, nick="so", avatar="https://pictures.example/1.png")
    after = patch(http, user, {"nick": None, "country": None, "avatar": None, "unknown": None}).result
    assert "nick" not in after and "country" not in after and "unknown" not in after
    assert after["avatar"] == "https://i.pravatar.cc/150"
    problem = assert_problem(patch(http, user, {name: None for name in ("email", "name", "phoneNumber", "gender")}), 422)
    assert [error["field"] for error in problem["errors"]] == ["email", "name", "phoneNumber", "gender"]


def test_old_clients_send_the_whole_user_back(stack, http):
    """Also one whose values no person may give: they are as they were."""
    stack.wait_job(stack.generate(1))
    generated = stack.mongo.users.find_one({"email": {"$regex": "@people.example$"}})
    for user in [{"_id": str(generated["_id"])}, create(http)]:
        whole = http.get(one(user)).result
        after = http.post(one(user), {**whole, "name": "Edited"}).result
        assert after == {**whole, "name": "Edited", "updatedAt": after["updatedAt"]}
        assert http.post(one(user), after).status == 200
    after = stack.mongo.users.find_one({"_id": generated["_id"]})
    assert after["name"] == "Edited" and after["_hc"]["rev"] and after["_hc"]["k"]["g"]
    assert {name: after[name] for name in ("email", "createdAt", "country")} == \
        {name: generated[name] for name in ("email", "createdAt", "country")}
    assert_problem(patch(http, user, {"email": "a.b@people.example"}), 422, "email")


def test_a_user_of_another_system(stack, http):
    made = stack.mongo.users.insert_one({"email": "Old@Mail.Example", "name": 5, "gender": "X", "country": "Utopia",
                                         "since": None, "deep": json.loads("[" * 12 + "]" * 12), "y" * 99: 1.0})
    user = http.get(f"/v1/user/{made.inserted_id}").result
    assert http.post(one(user), {**user, "name": "Newer"}).result["name"] == "Newer"
    row = stored(stack, user)
    assert row["email"] == "Old@Mail.Example" and row["gender"] == "X" and row["y" * 99] == 1.0
    assert row["_hc"]["k"]["v"] >= 0 and row["_hc"]["rev"]
    assert delete(http, user).status == 200


def test_unknown_users(http):
    gone = {"_id": "0" * 24}
    for answer in (patch(http, gone, {}), http.post(one(gone), {}), delete(http, gone), http.get(one(gone))):
        assert_problem(answer, 404)
    for wrong in ("x", "0" * 23, "0" * 25, "g" * 24, "%00" * 24):
        for method in ("PATCH", "POST", "DELETE"):
            assert_problem(http.request(method, f"/v1/user/{wrong}", body={}), 400)


def test_edits_at_once_are_all_there(http):
    """Each edits a field of its own; nobody's is lost."""
    user = create(http)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: patch(http, user, {f"f{n}": n}), range(16)))
    done = {n for n, answer in enumerate(answers) if answer.status == 200}
    assert all(answer.status == 200 or assert_problem(answer, 503) for answer in answers) and len(done) >= 12, answers
    after = http.get(one(user)).result
    assert {n for n in range(16) if f"f{n}" in after} == done


# ---- If-Match

def test_if_match(stack, http):
    first = http.post("/v1/user", person())
    user, tag = first.result, first.headers["ETag"]
    second = patch(http, user, {"name": "Second"}, headers={"If-Match": tag})
    assert second.status == 200 and second.headers["ETag"] != tag
    assert_problem(patch(http, user, {"name": "Third"}, headers={"If-Match": tag}), 412)
    assert_problem(delete(http, user, headers={"If-Match": tag}), 412)
    assert_problem(http.post(one(user), {"name": "Third"}, headers={"If-Match": '"x"'}), 412)
    assert http.get(one(user)).result["name"] == "Second"
    assert patch(http, user, {"name": "Third"}, headers={"If-Match": f'"x", {second.headers["ETag"]}'}).status == 200
    assert patch(http, user, {"name": "Fourth"}, headers={"If-Match": "*"}).status == 200
    stack.mongo.users.update_one({"name": "Fourth"}, {"$currentDate": {"lastActive": True}})
    now = http.get(one(user)).headers["ETag"]
    assert delete(http, user, headers={"If-Match": now}).status == 200
    assert_problem(patch(http, user, {}, headers={"If-Match": "*"}), 404)


def test_if_match_lets_one_of_many_win(http):
    first = http.post("/v1/user", person())
    headers = {"If-Match": first.headers["ETag"]}
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: patch(http, first.result, {"name": f"N{n}"}, headers=headers), range(16)))
    assert sorted(answer.status for answer in answers) == [200] + 15 * [412], answers


# ---- delete

def test_a_deleted_user_is_gone_at_once(stack, http):
    user = create(http)
    assert user["_id"] in shown(http)
    answer = delete(http, user)
    assert answer.status == 200 and answer.json == {"message": "delete successfully"}
    assert user["_id"] not in shown(http)
    for path in (one(user), f"/v1/user/userEmail/{user['email']}"):
        assert_problem(http.get(path), 404)
    assert http.get(f"/v1/user?email={user['email']}").result == []
    assert http.get(f"/v1/user?_id={user['_id']}").result == []
    assert_problem(delete(http, user), 404)
    assert_problem(patch(http, user, {"name": "x"}), 404)
    row = stored(stack, user)
    assert row is None or (row["email"] == f"deleted:{user['_id']}" and row["_hc"]["gone"])
    assert http.post("/v1/user", person(email=user["email"])).status == 201


def test_deleting_at_once_is_done_once(http):
    user = create(http)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = sorted(answer.status for answer in pool.map(lambda _: delete(http, user), range(16)))
    assert statuses == [200] + 15 * [404]


# ---- Idempotency-Key

def key(name):
    return {"Idempotency-Key": f"{name}-{next(numbers)}"}


def test_a_repeated_create(stack, http):
    body, headers = person(), key("create")
    first, second = (http.post("/v1/user", body, headers=headers) for _ in range(2))
    assert first.status == second.status == 201 and first.result == second.result
    assert first.headers["Location"] == second.headers["Location"]
    assert_problem(http.post("/v1/user", person(), headers=headers), 422, "Idempotency-Key")
    assert_problem(http.post("/v1/user", body, headers=key("another")), 409, "email")
    assert stack.mongo.users.count_documents({"email": body["email"]}) == 1
    assert delete(http, first.result).status == 200
    assert_problem(http.post("/v1/user", body, headers=headers), 409, "Idempotency-Key")


def test_a_repeated_create_that_redis_knows_nothing_of(stack, http):
    body, headers = person(), key("forgotten")
    first = http.post("/v1/user", body, headers=headers)
    for name in stack.redis.keys("hc:1:idem:*"):
        stack.redis.delete(name)
    assert http.post("/v1/user", body, headers=headers).result == first.result
    for name in stack.redis.keys("hc:1:idem:*"):
        stack.redis.delete(name)
    assert_problem(http.post("/v1/user", {**body, "name": "Another"}, headers=headers), 422, "Idempotency-Key")


def test_the_same_create_at_once(stack, http):
    body, headers = person(), key("parallel")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: http.post("/v1/user", body, headers=headers), range(16)))
    assert {answer.status for answer in answers} <= {201, 409} and 201 in {answer.status for answer in answers}
    assert len({answer.result["_id"] for answer in answers if answer.status == 201}) == 1
    assert all(assert_problem(answer, 409, "Idempotency-Key") for answer in answers if answer.status == 409)
    assert stack.mongo.users.count_documents({"email": body["email"]}) == 1


def test_a_refused_request_frees_its_key(http):
    headers, user = key("refused"), create(http)
    assert_problem(http.post("/v1/user", person(email=user["email"]), headers=headers), 409, "email")
    assert http.post("/v1/user", person(), headers=headers).status == 201
    assert_problem(http.post("/v1/user", person(), headers={"Idempotency-Key": "x" * 256}), 400, "Idempotency-Key")


def test_a_repeated_update_is_done_once(http):
    user, headers = create(http), key("update")
    first = http.post(one(user), {"name": "First"}, headers=headers).result
    assert patch(http, user, {"name": "Second"}).status == 200
    assert http.post(one(user), {"name": "First"}, headers=headers).result["name"] == "Second"
    assert_problem(http.post(one(user), {"name": "Else"}, headers=headers), 422, "Idempotency-Key")
    assert first["name"] == "First"


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
    body, headers = person(), key("without-redis")
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
        assert_problem(http.get(one(user)), 404)
        slow = max(http.post("/v1/user", person()).ms for _ in range(5))
        assert slow < 1000, slow
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
    for path, allowed in (("/v1/user", "GET, HEAD, POST, OPTIONS"), (one(user), "GET, HEAD, POST, PATCH, DELETE, OPTIONS")):
        assert http.request("OPTIONS", path).headers["Allow"] == allowed
        wrong = http.request("PUT", path, body={})
        assert_problem(wrong, 405)
        assert wrong.headers["Allow"] == allowed
    head = http.request("HEAD", one(user))
    assert head.status == 200 and head.body == b"" and head.headers["ETag"] == http.get(one(user)).headers["ETag"]


def test_preflight(stack):
    origin = {"Origin": "http://ui.example"}
    with stack.beside(env={"APP_CORS_ORIGIN": "http://ui.example"}) as other:
        user = create(other.http.with_headers(**origin))
        for method in ("PATCH", "DELETE", "POST"):
            answer = other.http.request("OPTIONS", one(user), headers={**origin, "Access-Control-Request-Method": method})
            assert method in answer.headers["Access-Control-Allow-Methods"]
            for name in ("If-Match", "Idempotency-Key", "Content-Type"):
                assert name in answer.headers["Access-Control-Allow-Headers"]
        assert "ETag" in other.http.get(one(user), headers=origin).headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("headers", [{"Host": "headcount.example"}, {"X-Forwarded-For": "127.0.0.1"},
                                     {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}])
def test_changes_from_elsewhere_are_refused(stack, http, headers):
    user = create(http)
    before = stack.mongo.users.count_documents({})
    for method, path in (("POST", "/v1/user"), ("POST", one(user)), ("PATCH", one(user)), ("DELETE", one(user))):
        answer = http.request(method, path, body=person(), headers=headers)
        assert_problem(answer, 403)
        assert_no_leak(answer)
    assert stack.mongo.users.count_documents({}) == before and http.get(one(user)).result == user


def test_with_a_token(stack):
    with stack.beside(env={"APP_ADMIN_TOKEN": "a-token-of-the-tests-only"}) as other:
        assert_problem(other.http.post("/v1/user", person()), 401)
        allowed = other.http.with_headers(Authorization="Bearer a-token-of-the-tests-only")
        user = create(allowed)
        assert_problem(delete(other.http, user), 401)
        assert_problem(patch(other.http, user, {}), 401)
        assert delete(allowed, user).status == 200
