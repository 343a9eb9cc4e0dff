"""Creating one user over HTTP: what is stored, what is refused, and the same request again."""
import concurrent.futures
import json
import re

import pytest

from support.people import create, delete, idempotency, patch, person, shown, stored, user_path
from support.problem import assert_problem

pytestmark = pytest.mark.usefixtures("nothing_left")
ULID = "[0-9A-HJKMNP-TV-Z]{26}"


# ---- create

def test_a_new_user(stack, http):
    body = person(email="Ada.LOVELACE@Mail.Example", country="DE", favourite={"colour": ["red", 1, 2.5, None, True]},
                  big=2**62)
    answer = http.post("/v1/user", body)
    assert answer.status == 201, answer
    user = answer.result
    assert re.fullmatch("[0-9a-f]{24}", user["_id"]) and re.fullmatch(ULID, user["userName"])
    assert answer.headers["Location"] == user_path(user)
    assert re.fullmatch('W/"[0-9a-z]+"', answer.headers["ETag"])
    assert user["email"] == "ada.lovelace@mail.example" and user["country"] == "Germany"
    assert user["avatar"] == "https://i.pravatar.cc/150"
    assert user["createdAt"] == user["updatedAt"] == user["lastActive"]
    assert user["favourite"] == body["favourite"] and user["big"] == 2**62
    assert "_hc" not in user
    for path in (user_path(user), "/v1/user/userEmail/ada.lovelace@mail.example", "/v1/user/userEmail/ADA.lovelace@mail.example"):
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
    assert http.get(user_path(user)).result == user
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
    for method, path in (("POST", "/v1/user"), ("POST", user_path(user)), ("PATCH", user_path(user))):
        assert_problem(http.request(method, path, body=body), 400)
    assert http.get(user_path(user)).result == user
    assert stack.mongo.users.count_documents({}) == before


def test_sizes(http):
    assert_problem(http.post("/v1/user", person(x="y" * 17000)), 413)
    assert_problem(http.post("/v1/user", person(x="y" * 70000)), 413)
    assert_problem(http.post("/v1/user", person(**{f"x{n}": n for n in range(999)})), 413)
    user = create(http, x="y" * 8000)
    assert patch(http, user, {"x": "z" * 9000}).status == 200
    assert_problem(patch(http, user, {"more": "z" * 9000}), 413)
    assert "more" not in http.get(user_path(user)).result


def test_content_types(http):
    for wrong in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""):
        assert_problem(http.post("/v1/user", person(), headers={"Content-Type": wrong}), 415)


@pytest.mark.parametrize("name", ["😀 Smile", "\u202eevil", "e\u0301", "👩‍👩‍👧‍👦", "x" * 256, "ä" * 256,
                                  "<script>alert(1)</script>", "{{7*7}}", "=cmd()", " two  blanks "])
def test_names_come_back_byte_for_byte(http, name):
    assert http.get(user_path(create(http, name=name))).result["name"] == name


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


@pytest.mark.parametrize("again", range(5))
def test_two_who_want_the_same_address_at_once(stack, http, again):
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


# ---- Idempotency-Key

def test_a_repeated_create(stack, http):
    body, headers = person(), idempotency("create")
    first, second = (http.post("/v1/user", body, headers=headers) for _ in range(2))
    assert first.status == second.status == 201 and first.result == second.result
    assert first.headers["Location"] == second.headers["Location"]
    assert_problem(http.post("/v1/user", person(), headers=headers), 422, "Idempotency-Key")
    assert_problem(http.post("/v1/user", body, headers=idempotency("another")), 409, "email")
    assert stack.mongo.users.count_documents({"email": body["email"]}) == 1
    assert delete(http, first.result).status == 200
    assert_problem(http.post("/v1/user", body, headers=headers), 409, "Idempotency-Key")


def test_a_repeated_create_that_redis_knows_nothing_of(stack, http):
    body, headers = person(), idempotency("forgotten")
    first = http.post("/v1/user", body, headers=headers)
    for name in stack.redis.keys("hc:1:idem:*"):
        stack.redis.delete(name)
    assert http.post("/v1/user", body, headers=headers).result == first.result
    for name in stack.redis.keys("hc:1:idem:*"):
        stack.redis.delete(name)
    assert_problem(http.post("/v1/user", {**body, "name": "Another"}, headers=headers), 422, "Idempotency-Key")


def test_the_same_create_at_once(stack, http):
    body, headers = person(), idempotency("parallel")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: http.post("/v1/user", body, headers=headers), range(16)))
    assert {answer.status for answer in answers} <= {201, 409} and 201 in {answer.status for answer in answers}
    assert len({answer.result["_id"] for answer in answers if answer.status == 201}) == 1
    assert all(assert_problem(answer, 409, "Idempotency-Key") for answer in answers if answer.status == 409)
    assert stack.mongo.users.count_documents({"email": body["email"]}) == 1


def test_a_refused_request_frees_its_key(http):
    headers, user = idempotency("refused"), create(http)
    assert_problem(http.post("/v1/user", person(email=user["email"]), headers=headers), 409, "email")
    assert http.post("/v1/user", person(), headers=headers).status == 201
    assert_problem(http.post("/v1/user", person(), headers={"Idempotency-Key": "x" * 256}), 400, "Idempotency-Key")


def test_a_repeated_update_is_done_once(http):
    user, headers = create(http), idempotency("update")
    first = http.post(user_path(user), {"name": "First"}, headers=headers).result
    assert patch(http, user, {"name": "Second"}).status == 200
    assert http.post(user_path(user), {"name": "First"}, headers=headers).result["name"] == "Second"
    assert_problem(http.post(user_path(user), {"name": "Else"}, headers=headers), 422, "Idempotency-Key")
    assert first["name"] == "First"
