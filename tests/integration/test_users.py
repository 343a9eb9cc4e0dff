"""GET /v1/user: lists by page and by cursor, one user by id and by e-mail."""
import re
import urllib.parse

import pytest

from support.problem import assert_problem
from support.waiting import wait_until

WRITES_BEHIND = True

FIELDS = {"_id", "avatar", "name", "userName", "email", "phoneNumber", "gender", "country", "lastActive", "createdAt",
          "updatedAt"}
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture(scope="module")
def thousand(stack):
    """A database with exactly 1 000 users; their ids, newest first. Tests of this file may add users to it."""
    stack.idle()
    stack.fresh()
    stack.wait_job(stack.generate(1000, seed=5))
    return ids_in(stack)


def ids_in(stack):
    return [str(user["_id"]) for user in stack.mongo.users.find({}, {"_id": 1}).sort("_id", -1)]


def ids_of(answer):
    return [user["_id"] for user in answer.result]


def links(answer):
    """{rel: address} of the Link header."""
    return {rel: address for address, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers.get("Link", ""))}


def walk(http, path, rel, each=None):
    """Follows Link from page to page; the pages' ids."""
    pages = []
    while path:
        answer = http.get(path)
        pages.append(ids_of(answer))
        path = links(answer).get(rel)
        if path:
            cursor = answer.json["page"][rel]
            assert {"next": "after", "prev": "before"}[rel] + "=" + urllib.parse.quote(cursor) in path
        if each:
            each(len(pages))
    return pages


def test_a_user_has_exactly_the_fields_that_clients_read(stack, http, thousand):
    codes = stack.country_codes()
    for user in http.get("/v1/user?limit=100").result:
        assert set(user) == FIELDS
        assert re.fullmatch("[0-9a-f]{24}", user["_id"])
        assert re.fullmatch(r"[a-z0-9]+(\.[a-z0-9]+)+@people\.example", user["email"]), user
        assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{26}", user["userName"])
        assert re.fullmatch(r"\+\d{7,16}", user["phoneNumber"])
        assert user["gender"] in ("male", "female", "other") and user["country"] in codes
        assert user["avatar"] == "https://i.pravatar.cc/150" and user["name"].strip() == user["name"] != ""
        for key in ("lastActive", "createdAt", "updatedAt"):
            assert re.fullmatch(DATE, user[key]), (key, user)
        assert user["lastActive"] == user["createdAt"]


def test_first_page_is_the_newest_ten(http, thousand):
    answer = http.get("/v1/user")
    assert set(answer.json) == {"result", "page"}
    assert ids_of(answer) == thousand[:10]
    page = answer.json["page"]
    assert set(page) == {"next", "prev", "hasMore"}
    assert page["hasMore"] is True and page["prev"] is None and page["next"]
    assert set(links(answer)) == {"next"}


def test_old_clients_send_every_field_of_their_form(http, thousand):
    path = "/v1/user?limit=10&page=1&sortBy=-createdAt&email=&_id=&name=&country=&search="
    answer = http.get(path, headers={"Content-Type": "application/json"})
    assert ids_of(answer) == thousand[:10]
    assert ids_of(http.get("/v1/user?limit=&page=&sortBy=")) == thousand[:10]


@pytest.mark.parametrize("limit", [1, 10, 99, 100])
def test_limit(http, thousand, limit):
    assert ids_of(http.get(f"/v1/user?limit={limit}")) == thousand[:limit]


def test_pages_by_number(http, thousand):
    found = [one for page in range(1, 11) for one in ids_of(http.get(f"/v1/user?limit=100&page={page}"))]
    assert found == thousand
    behind = http.get("/v1/user?limit=100&page=11")
    assert behind.result == [] and behind.json["page"]["hasMore"] is False


@pytest.mark.parametrize("limit", [7, 37, 100])
def test_walk_by_cursor_there_and_back(http, thousand, limit):
    pages = walk(http, f"/v1/user?limit={limit}", "next")
    assert [one for page in pages for one in page] == thousand
    assert all(len(page) == limit for page in pages[:-1])

    last = http.get(f"/v1/user?limit={limit}&page={len(pages)}")
    assert last.json["page"]["hasMore"] is False and last.json["page"]["next"] is None
    back = walk(http, f"/v1/user?limit={limit}&page={len(pages)}", "prev")
    assert [one for page in reversed(back) for one in page] == thousand
    assert back == list(reversed(pages))


def test_hundred_pages_of_ten_end_exactly(http, thousand):
    """The last full page knows that nothing follows."""
    pages = walk(http, "/v1/user?limit=100", "next")
    assert [len(page) for page in pages] == [100] * 10


def test_walk_is_stable_while_users_come_in(stack, http, thousand):
    """Users that come in during a walk neither push others off nor double them."""
    before = ids_in(stack)
    jobs = []

    def each(number):
        if number in (2, 5, 8):
            jobs.append(stack.wait_job(stack.generate(60)))
    pages = walk(http, "/v1/user?limit=90", "next", each)
    assert [one for page in pages for one in page] == before
    assert len(jobs) == 3

    # Back to the front: the old ones again, and the new ones in front of them.
    last = http.get(f"/v1/user?limit=90&after={cursor_behind(http, len(before) // 2)}")
    back = walk(http, links(last)["prev"], "prev")
    found = [one for page in reversed(back) for one in page]
    now = ids_in(stack)
    assert len(now) == len(before) + 180
    place = now.index(ids_of(last)[0])
    assert found == now[:place]


def cursor_behind(http, row):
    """The cursor of page.next behind the given row (counted from 1), within the first page of rows."""
    page = row // 90 + 1
    return http.get(f"/v1/user?limit=90&page={page}").json["page"]["next"]


def test_previous_of_page_two_is_the_first_page(http, thousand):
    first = ids_of(http.get("/v1/user?limit=10"))
    second = http.get(links(http.get("/v1/user?limit=10"))["next"])
    again = http.get(links(second)["prev"])
    assert ids_of(again) == first
    assert again.json["page"]["prev"] is None


def test_unchanged_is_a_304(http, thousand):
    def fits():
        tag = http.get("/v1/user?limit=3").headers["ETag"]
        return http.get("/v1/user?limit=3", headers={"If-None-Match": tag}).status == 304
    wait_until(fits, 5)


def test_filters_on_one_user(http, thousand):
    user = http.get("/v1/user?limit=5").result[4]
    for query in (f"_id={user['_id']}", f"email={user['email']}", f"email={user['email'].upper()}",
                  f"_id={user['_id'].upper()}", f"_id={user['_id']}&email={user['email']}"):
        answer = http.get(f"/v1/user?{query}")
        assert answer.result == [user], query
        assert answer.json["page"]["hasMore"] is False
    assert http.get("/v1/user?_id=" + "0" * 24).result == []
    assert http.get("/v1/user?email=nobody@people.example").result == []


def test_by_id(http, thousand):
    user = http.get("/v1/user?limit=1").result[0]
    for given in (user["_id"], user["_id"].upper()):
        answer = http.get(f"/v1/user/{given}")
        assert answer.result == user and set(answer.json) == {"result"}


@pytest.mark.parametrize("change", [str, str.upper])
def test_by_email(http, thousand, change):
    user = http.get("/v1/user?limit=1").result[0]
    assert http.get(f"/v1/user/userEmail/{change(user['email'])}").result == user
    assert http.get(f"/v1/user/userEmail/{change(user['email']).replace('@', '%40')}").result == user


def test_unknown_user(http):
    assert_problem(http.get("/v1/user/" + "0" * 24), 404)
    assert_problem(http.get("/v1/user/userEmail/nobody@people.example"), 404)


@pytest.mark.parametrize("bad", ["0", "101", "-1", "1000000000", "10abc", "+5", "1.0", "1e1", "0x5", "%2010", "10%20",
                                 "%EF%BC%91", "99999999999999999999999"])
def test_limit_out_of_range(http, bad):
    assert_problem(http.get(f"/v1/user?limit={bad}"), 400, field="limit")


@pytest.mark.parametrize("bad", ["0", "-1", "9223372036854775808", "99999999999999999999999", "1x", "+1", "1.5",
                                 "%EF%BC%91"])
def test_page_out_of_range(http, bad):
    assert_problem(http.get(f"/v1/user?page={bad}"), 400, field="page")


def test_page_too_deep_points_to_after(http):
    for query in ("page=10002&limit=10", "page=1002&limit=100", "page=9223372036854775807"):
        assert_problem(http.get(f"/v1/user?{query}"), 400, field="page", says="after")
    assert http.get("/v1/user?page=10001&limit=10").status == 200


@pytest.mark.parametrize("bad", ["abc", "0" * 23, "0" * 25, "g" * 24, "%00" + "0" * 23, "a" * 1000, "0x" + "0" * 22])
def test_id_that_is_none(http, bad):
    path_field = None if "%00" in bad else "id"  # the web server itself refuses a NUL
    assert_problem(http.get(f"/v1/user/{bad}"), 400, field=path_field)
    assert_problem(http.get(f"/v1/user?_id={bad}"), 400, field=None if "%00" in bad else "_id")


def test_emails_that_are_none(http):
    assert_problem(http.get("/v1/user/userEmail/" + "a" * 300), 400, field="email")
    assert_problem(http.get("/v1/user?email=" + "a" * 300), 400, field="email")
    for odd in ("%7B%22$gt%22:%22%22%7D", ".*", "%27%20or%201=1", "a@b@c"):
        assert http.get(f"/v1/user?email={odd}").result == []
        assert_problem(http.get(f"/v1/user/userEmail/{odd}"), 404)


@pytest.mark.parametrize("sort", ["-", "$x", "__v", "--name", "-createdAt,name", "-_id", "Name", "lastActive"])
def test_sorts_that_are_none(http, sort):
    assert_problem(http.get(f"/v1/user?sortBy={sort}"), 400, field="sortBy")


def test_cursor_that_is_none(http, thousand):
    good = http.get("/v1/user?limit=5").json["page"]["next"]
    assert http.get(f"/v1/user?limit=5&after={good}").status == 200
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    flipped = [good[:i] + letters[letters.index(good[i]) ^ 1] + good[i + 1:] for i in range(len(good) - 1)]
    cut = [good[:i] for i in (1, 5, len(good) // 2, len(good) - 2)]
    made_up = ["x", "AAAA", thousand[0], "%25", good + good, "A" * 5000, good + "=", "%C3%A9"]
    for name in ("after", "before"):
        for bad in flipped + cut + made_up:
            assert_problem(http.get(f"/v1/user?limit=5&{name}={bad}"), 400, field=name)


def test_cursor_of_another_query(http, thousand):
    user = http.get("/v1/user?limit=1").result[0]
    good = http.get("/v1/user?limit=5").json["page"]["next"]
    assert_problem(http.get(f"/v1/user?limit=5&after={good}&email={user['email']}"), 400, field="after")


def test_cursors_that_do_not_go_together(http, thousand):
    good = http.get("/v1/user?limit=5").json["page"]["next"]
    assert_problem(http.get(f"/v1/user?after={good}&before={good}"), 400, field="before")
    assert_problem(http.get(f"/v1/user?after={good}&page=2"), 400, field="page")


def test_odd_documents_of_others(stack, http, thousand):
    """What another program wrote is shown as far as it can be, and never breaks a list."""
    from bson import Binary, ObjectId, Regex

    odd = [
        {"_id": ObjectId("f" * 23 + "1"), "email": 5, "name": ["a", {"b": None}], "country": True},
        {"_id": ObjectId("f" * 23 + "2"), "email": Binary(b"\x00\xff"), "name": Regex("x"), "extra": {"deep": [1, 2]}},
        {"_id": ObjectId("f" * 23 + "3"), "email": "odd\u202e@b", "name": "\x07</script><script>alert(1)</script>"},
    ]
    try:
        stack.mongo.users.insert_many(odd)
        wait_until(lambda: ids_of(http.get("/v1/user?limit=4"))[:3] == [str(one["_id"]) for one in reversed(odd)], 5)
        shown = http.get("/v1/user?limit=4").result
        assert shown[0]["name"] == odd[2]["name"] and shown[2]["name"] == ["a", {"b": None}]
        assert "name" not in shown[1] and shown[1]["extra"] == {"deep": [1, 2]}
        assert http.get("/v1/user/" + "f" * 23 + "1").result["email"] == 5
    finally:
        stack.mongo.users.delete_many({"_id": {"$in": [one["_id"] for one in odd]}})


def test_empty_list(empty):
    answer = empty.http.get("/v1/user")
    assert answer.json == {"result": [], "page": {"next": None, "prev": None, "hasMore": False}}
    assert "Link" not in answer.headers
