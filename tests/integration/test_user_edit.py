"""Editing and deleting one user over HTTP, by one and by many at once."""
import concurrent.futures
import json

import pytest

from support.people import create, delete, patch, person, shown, stored, user_path
from support.problem import assert_problem

pytestmark = pytest.mark.usefixtures("nothing_left")


# ---- update

@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_an_update(stack, http, method):
    user = create(http, nick="so")
    before = stored(stack, user)
    answer = http.request(method, user_path(user), body={"name": "Other Name", "country": "fra", "extra": [1]})
    after = answer.result
    assert after == {**user, "name": "Other Name", "country": "France", "extra": [1], "updatedAt": after["updatedAt"]}
    assert after["updatedAt"] > user["updatedAt"]
    assert http.get(user_path(user)).result == after and http.get(user_path(user)).headers["ETag"] == answer.headers["ETag"]
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
        whole = http.get(user_path(user)).result
        after = http.post(user_path(user), {**whole, "name": "Edited"}).result
        assert after == {**whole, "name": "Edited", "updatedAt": after["updatedAt"]}
        assert http.post(user_path(user), after).status == 200
    after = stack.mongo.users.find_one({"_id": generated["_id"]})
    assert after["name"] == "Edited" and after["_hc"]["rev"] and after["_hc"]["k"]["g"]
    assert {name: after[name] for name in ("email", "createdAt", "country")} == \
        {name: generated[name] for name in ("email", "createdAt", "country")}
    assert_problem(patch(http, user, {"email": "a.b@people.example"}), 422, "email")


def test_a_user_of_another_system(stack, http):
    made = stack.mongo.users.insert_one({"email": "Old@Mail.Example", "name": 5, "gender": "X", "country": "Utopia",
                                         "since": None, "deep": json.loads("[" * 12 + "]" * 12), "y" * 99: 1.0})
    user = http.get(f"/v1/user/{made.inserted_id}").result
    assert http.post(user_path(user), {**user, "name": "Newer"}).result["name"] == "Newer"
    row = stored(stack, user)
    assert row["email"] == "Old@Mail.Example" and row["gender"] == "X" and row["y" * 99] == 1.0
    assert row["_hc"]["k"]["v"] >= 0 and row["_hc"]["rev"]
    assert delete(http, user).status == 200


def test_unknown_users(http):
    gone = {"_id": "0" * 24}
    for answer in (patch(http, gone, {}), http.post(user_path(gone), {}), delete(http, gone), http.get(user_path(gone))):
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
    after = http.get(user_path(user)).result
    assert {n for n in range(16) if f"f{n}" in after} == done


# ---- If-Match

def test_if_match(stack, http):
    first = http.post("/v1/user", person())
    user, tag = first.result, first.headers["ETag"]
    second = patch(http, user, {"name": "Second"}, headers={"If-Match": tag})
    assert second.status == 200 and second.headers["ETag"] != tag
    assert_problem(patch(http, user, {"name": "Third"}, headers={"If-Match": tag}), 412)
    assert_problem(delete(http, user, headers={"If-Match": tag}), 412)
    assert_problem(http.post(user_path(user), {"name": "Third"}, headers={"If-Match": '"x"'}), 412)
    assert http.get(user_path(user)).result["name"] == "Second"
    assert patch(http, user, {"name": "Third"}, headers={"If-Match": f'"x", {second.headers["ETag"]}'}).status == 200
    assert patch(http, user, {"name": "Fourth"}, headers={"If-Match": "*"}).status == 200
    stack.mongo.users.update_one({"name": "Fourth"}, {"$currentDate": {"lastActive": True}})
    now = http.get(user_path(user)).headers["ETag"]
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
    for path in (user_path(user), f"/v1/user/userEmail/{user['email']}"):
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
