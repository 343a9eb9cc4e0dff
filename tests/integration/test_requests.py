"""GET /v1/user/:id/requests. The documents are put there as the consumer stores them."""
import datetime

import bson
import pytest
from bson import ObjectId

from support import store
from support.problem import assert_no_leak, assert_problem

WRITES_BEHIND = True

TOKEN = "a-token-of-the-tests-only"
NOON = datetime.datetime(2026, 3, 1, 12, 0, 0, 123000)


@pytest.fixture(scope="module")
def users(stack):
    """Ids of a few users of this file's own."""
    job = stack.generate(20)
    stack.wait_job(job)
    found = stack.mongo.users.find({"_id": store.job_range(stack.mongo, job["id"])}, {"_id": 1})
    return [str(user["_id"]) for user in found]


def put_requests(stack, user, times):
    """Stores requests as the consumer does; returns them in the list's order, as (time, id)."""
    documents = []
    for n, at in enumerate(times):
        device = {"ua": f"agent {n}", "os": {"name": "Windows"}, "browser": {"name": "Chrome", "version": "1"}}
        documents.append({"_id": ObjectId(), "user": ObjectId(user), "requestTime": at, "device": device,
                          "createdAt": at, "updatedAt": at, "_hc": {"o": 1, "b": 1}})
    stack.mongo.useractivities.insert_many(documents)
    return sorted(((one["requestTime"], one["_id"]) for one in documents), reverse=True)


@pytest.fixture
def listed(stack, users):
    """A user whose stored requests are this test's own."""
    user = users[10]
    yield user
    stack.mongo.useractivities.delete_many({"user": ObjectId(user)})


def iso(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def test_a_user_without_requests(http, users):
    answer = http.get(f"/v1/user/{users[11]}/requests")
    assert answer.status == 200 and answer.json == {"result": [], "page": {"next": None, "hasMore": False}}
    assert "Link" not in answer.headers and answer.headers["Cache-Control"] in ("no-store", "no-cache")


def test_newest_first(stack, http, users, listed):
    times = [NOON + datetime.timedelta(hours=n) for n in (3, 1, 2, 15, 7, 4, 11, 9, 5, 6, 8, 10)]
    wanted = put_requests(stack, listed, times)
    put_requests(stack, users[12], [NOON])
    answer = http.get(f"/v1/user/{listed}/requests")
    rows = answer.result
    assert [(row["requestTime"], row["_id"]) for row in rows] == [(iso(at), str(one)) for at, one in wanted[:10]]
    for row in rows:
        assert set(row) == {"_id", "requestTime", "device"}
        assert row["device"]["os"] == {"name": "Windows"} and row["device"]["ua"].startswith("agent")
    assert answer.json["page"]["hasMore"] is True
    assert_no_leak(answer)
    stack.mongo.useractivities.delete_many({"user": ObjectId(users[12])})


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_paging_over_ties(stack, http, listed, limit):
    """Many requests in the same ms, pages cut among them: each is shown once, in order, whatever comes meanwhile."""
    times = [NOON + datetime.timedelta(milliseconds=n // 9) for n in range(40)]
    wanted = [str(one) for _, one in put_requests(stack, listed, times)]
    shown, path = [], f"/v1/user/{listed}/requests?limit={limit}"
    while path:
        answer = http.get(path)
        rows, page = answer.result, answer.json["page"]
        assert 0 < len(rows) <= limit
        shown += [row["_id"] for row in rows]
        assert page["hasMore"] is (page["next"] is not None) is (len(shown) < len(wanted))
        path = None
        if page["hasMore"]:
            path = f"/v1/user/{listed}/requests?limit={limit}&before={page['next']}"
            assert answer.headers["Link"] == f'<{path}>; rel="next"'
        if len(shown) == limit:  # newer ones, which no later page shows
            put_requests(stack, listed, [NOON + datetime.timedelta(days=1)])
    assert shown == wanted


def test_far_pages_cost_no_more(stack, http, listed):
    """10 000 requests of one user, of which 5 000 have the same time."""
    times = [NOON] * 5000 + [NOON + datetime.timedelta(seconds=n) for n in range(5000)]
    wanted = [str(one) for _, one in put_requests(stack, listed, times)]
    shown, cursor, times = [], "", []
    while len(shown) < len(wanted):
        answer = http.get(f"/v1/user/{listed}/requests?limit=100&before={cursor}")
        shown += [row["_id"] for row in answer.result]
        cursor = answer.json["page"]["next"]
        times.append(answer.ms)
    assert shown == wanted and cursor is None
    assert sorted(times)[-2] < 1000, times  # one may have met a machine that stood still


def test_cursors_of_others(stack, http, users, listed):
    """A cursor belongs to its user's list."""
    put_requests(stack, listed, [NOON, NOON, NOON])
    cursor = http.get(f"/v1/user/{listed}/requests?limit=1").json["page"]["next"]
    assert http.get(f"/v1/user/{listed}/requests?before={cursor}").status == 200
    assert_problem(http.get(f"/v1/user/{users[0]}/requests?before={cursor}"), 400, "before")
    assert_problem(http.get(f"/v1/user?after={cursor}"), 400, "after")
    foreign = http.get("/v1/user?limit=1").json["page"]["next"]
    for wrong in ("x", cursor[:-1], cursor + "A", cursor[::-1], foreign, "%00", "A" * 900):
        answer = http.get(f"/v1/user/{listed}/requests?before={wrong}")
        assert_problem(answer, 400)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "x", "1e2", "+5", "9" * 30])
def test_limits_that_are_none(http, users, limit):
    assert_problem(http.get(f"/v1/user/{users[0]}/requests?limit={limit}"), 400, "limit")


def test_odd_documents_are_left_out(stack, http, listed):
    """What another system stored in odd shapes is neither shown nor in the way."""
    ((_, fine),) = put_requests(stack, listed, [NOON])
    user = ObjectId(listed)
    stack.mongo.useractivities.insert_many([
        {"user": user}, {"user": user, "requestTime": None}, {"user": user, "requestTime": "yesterday"},
        {"user": user, "requestTime": 1660000000000},
        {"user": user, "requestTime": bson.datetime_ms.DatetimeMS(2**53), "device": {"ua": "later"}},
        {"_id": "text", "user": user, "requestTime": NOON}])
    answer = http.get(f"/v1/user/{listed}/requests")
    assert [row["_id"] for row in answer.result] == [str(fine)]


def test_requests_are_user_data(stack, users):
    path = f"/v1/user/{users[0]}/requests"
    elsewhere = {"Host": "headcount.example"}
    assert_problem(stack.http.get(path, headers=elsewhere), 403)
    with stack.beside(env={"APP_ADMIN_TOKEN": TOKEN}) as other:
        assert_problem(other.http.get(path, headers=elsewhere), 401)
        assert other.http.get(path, headers={**elsewhere, "Authorization": f"Bearer {TOKEN}"}).status == 200


def test_unknown_and_deleted_users(stack, http, users, listed):
    assert_problem(http.get(f"/v1/user/{'0' * 24}/requests"), 404)
    put_requests(stack, listed, [NOON])
    gone = {"_id": ObjectId(listed)}
    stack.mongo.users.update_one(gone, {"$set": {"_hc.gone": True}})
    try:
        assert_problem(http.get(f"/v1/user/{listed}/requests"), 404)
    finally:
        stack.mongo.users.update_one(gone, {"$unset": {"_hc.gone": 1}})
    assert len(http.get(f"/v1/user/{listed}/requests").result) == 1


@pytest.mark.parametrize("user", ["x", "0" * 23, "0" * 25, "0" * 23 + "g", "%20" + "0" * 23, "$ne"])
def test_ids_that_are_none(http, user):
    assert_problem(http.get(f"/v1/user/{user}/requests"), 400, "id")


def test_methods(http, users):
    path = f"/v1/user/{users[0]}/requests"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = http.request(method, path)
        assert_problem(answer, 405)
        assert {"GET", "HEAD"} <= set(answer.headers["Allow"].split(", "))
    assert http.request("HEAD", path).status == 200


def test_redis_away(stack, http, listed):
    """The list is read from MongoDB."""
    put_requests(stack, listed, [NOON])
    with stack.stopped("redis"):
        assert len(http.get(f"/v1/user/{listed}/requests").result) == 1
