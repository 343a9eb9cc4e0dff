"""GET /v1/user/export: all users as one file, made while it is sent."""
import contextlib
import csv
import gzip
import http.client
import io
import json
import os
import signal
import threading
import time
import uuid

import pytest
from bson import ObjectId

from support.activity import insert_user, mark_gone
from support.cgi import cgi
from support.problem import assert_problem
from support.stack import ROOT, Stack
from support.waiting import wait_until

pytestmark = pytest.mark.timeout(500)  # whoever comes first waits for the users

EXPORT = "/v1/user/export"
COLUMNS = ["_id", "name", "userName", "email", "phoneNumber", "gender", "country", "avatar", "lastActive", "createdAt",
           "updatedAt"]
USERS = 200_000
MEMORY_KB = 8 * 1024  # what exports may add to a process, whatever they send


@pytest.fixture(scope="module")
def big():
    """A stack with many users, two streams at once, and little patience with who takes nothing."""
    with Stack(env={"APP_STREAMS": "2", "APP_STREAM_IDLE_MS": "2000", "APP_THREADS": "8"}) as stack:
        stack.wait_job(stack.generate(USERS, seed=7), 400)
        yield stack


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def lines(answer):
    assert answer.status == 200, answer
    return [json.loads(line) for line in answer.text.splitlines()]


def ndjson(http, query="", **more):
    return lines(http.get(f"{EXPORT}?format=ndjson{query}", timeout=60, **more))


@contextlib.contextmanager
def reader(stack, query="format=ndjson"):
    """An export that is read piece by piece: the answer as http.client has it."""
    connection = http.client.HTTPConnection(stack.http.host, stack.http.port, timeout=60)
    try:
        connection.request("GET", f"{EXPORT}?{query}")
        answer = connection.getresponse()
        assert answer.status == 200
        yield answer
    finally:
        connection.close()


def read_rest(answer):
    while answer.read(1 << 16):
        pass


def is_cut(answer):
    """The connection ends before the last chunk."""
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        read_rest(answer)
    return True


def memory_kb(pid, key="VmHWM"):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(key + ":"))


# ---- what is in it

def test_csv(empty):
    stack = empty
    stack.wait_job(stack.generate(2500, seed=3))
    answer = stack.http.get(f"{EXPORT}?format=csv", timeout=30)
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/csv; charset=utf-8")
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="users-') and disposition.endswith('.csv"')
    assert answer.headers["X-Total-Count"] == "2500" and answer.headers["Cache-Control"] == "no-store"
    assert answer.text.startswith(",".join(COLUMNS) + "\r\n") and answer.text.count("\n") == answer.text.count("\r\n")
    got = rows(answer.text)
    there = {str(user["_id"]): user for user in stack.mongo.users.find()}
    assert [row["_id"] for row in got] == sorted(there) and len(got) == 2500
    for row in got:
        user = there[row["_id"]]
        for name in ("name", "userName", "email", "gender", "country", "avatar"):
            assert row[name] == user[name]
        assert row["phoneNumber"] == "'" + user["phoneNumber"]  # it begins with +
        assert row["createdAt"] == user["createdAt"].isoformat(timespec="milliseconds") + "Z"
    assert stack.http.get(EXPORT, timeout=30).body == answer.body  # csv is the default


def test_ndjson_is_what_the_lists_show(stack):
    user = insert_user(stack, extra={"deep": [1, {"a": "b"}]}, counted_by_us=True)
    [row] = ndjson(stack.http, f"&_id={user['_id']}")
    assert row == stack.http.get(f"/v1/user/{user['_id']}").result
    assert row["extra"] == {"deep": [1, {"a": "b"}]} and "_hc" not in row


@pytest.mark.parametrize("cell", ["=cmd|'/C calc'!A0", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "a,b", 'say "hi"',
                                  "two\r\nlines", "'quoted", "Ünï 漢字 🙂", "", " =1", '="x",1'])
def test_hostile_cells(stack, cell):
    user = insert_user(stack, name=cell)
    [row] = rows(stack.http.get(f"{EXPORT}?_id={user['_id']}").text)
    dangerous = cell[:1] in tuple("=+-@\t\r") and cell
    assert row["name"] == ("'" + cell if dangerous else cell)
    assert ndjson(stack.http, f"&_id={user['_id']}")[0]["name"] == cell


def test_odd_documents(stack):
    user = insert_user(stack, name=17, phoneNumber={"a": [1, "x,y"]}, country=None, avatar=["=1"], lastActive="never")
    stack.mongo.users.update_one({"_id": user["_id"]}, {"$unset": {"gender": ""}})
    [row] = rows(stack.http.get(f"{EXPORT}?_id={user['_id']}").text)
    assert (row["name"], row["phoneNumber"], row["country"]) == ("17", '{"a":[1,"x,y"]}', "")
    assert (row["avatar"], row["gender"], row["lastActive"]) == ('["=1"]', "", "never")
    stack.mongo.users.delete_one({"_id": user["_id"]})


def test_last_active_is_the_latest_request(stack):
    user = stack.http.post("/v1/user", {"email": f"{uuid.uuid4().hex}@active.test", "name": "Ada Active",
                                        "phoneNumber": "+4411", "gender": "female"}).result
    assert stack.http.post(f"/v1/user/activity/{user['_id']}").status == 200
    def seen():
        [row] = ndjson(stack.http, f"&_id={user['_id']}")
        [cells] = rows(stack.http.get(f"{EXPORT}?_id={user['_id']}").text)
        return row["lastActive"] > user["lastActive"] and cells["lastActive"] == row["lastActive"]
    wait_until(seen, 20, "the request isn't seen in the export")


def test_filters(stack):
    mark = "Zq" + uuid.uuid4().hex[:8]
    made = [insert_user(stack, name=f"{mark} {n}", country="Japan" if n % 2 else "Peru") for n in range(5)]
    for user in made:  # words are stored with what we write
        assert stack.http.post(f"/v1/user/{user['_id']}", {"name": user["name"]}).status == 200
    ids = [str(user["_id"]) for user in made]
    assert [row["_id"] for row in ndjson(stack.http, f"&name={mark.lower()}")] == ids
    assert [row["_id"] for row in ndjson(stack.http, f"&search={mark}&sortBy=-createdAt")] == ids[::-1]
    assert [row["_id"] for row in ndjson(stack.http, f"&search={mark}&country=JP")] == ids[1::2]
    assert [row["_id"] for row in ndjson(stack.http, f"&email={made[3]['email'].upper()}")] == [ids[3]]
    assert ndjson(stack.http, "&email=nobody@nowhere.test") == []
    japan = ndjson(stack.http, "&country=Japan")
    assert {row["country"] for row in japan} == {"Japan"} and set(ids[1::2]) <= {row["_id"] for row in japan}
    assert len(japan) == stack.mongo.users.count_documents({"country": "Japan", "_hc.gone": None})


@pytest.mark.parametrize("query, field", [
    ("format=xml", "format"), ("limit=5", "limit"), ("page=2", "page"), ("before=x", "before"), ("after=zz", "after"),
    ("after=" + "g" * 24, "after"), ("sortBy=name", "sortBy"), ("sortBy=$where", "sortBy"), ("_id=1", "_id"),
    ("country=Nowhere", "country"), ("name=" + "a" * 300, "name")])
def test_bad_queries(http, query, field):
    assert_problem(http.get(f"{EXPORT}?{query}"), 400, field)


def test_head(stack):
    answer = stack.http.request("HEAD", f"{EXPORT}?format=ndjson")
    assert answer.status == 200 and answer.body == b"" and "Content-Length" not in answer.headers
    assert answer.headers["Content-Type"].startswith("application/x-ndjson") and "X-Total-Count" in answer.headers
    assert "X-Total-Count" not in stack.http.request("HEAD", f"{EXPORT}?name=an").headers


def test_deleted_users_are_never_in_it(stack):
    kept, gone = insert_user(stack, country="Chad"), insert_user(stack, country="Chad", counted_by_us=True)
    assert mark_gone(stack, gone["_id"]) == 1
    ids = {row["_id"] for row in ndjson(stack.http, "&country=Chad")}
    assert str(kept["_id"]) in ids and str(gone["_id"]) not in ids
    assert ndjson(stack.http, f"&_id={gone['_id']}") == []


def test_cgi(stack):
    user = insert_user(stack)
    env = {name: stack.addresses[name] for name in ("APP_MONGODB_CONNECTION_STRING", "APP_REDIS_CONNECTION_STRING",
                                                     "APP_KAFKA_BROKER")}
    program = ROOT / "build/release/headcount.fcgi"
    more = {"headers": {"Accept-Encoding": "gzip"}, "timeout": 60}
    answer = cgi(program, {**env, "APP_WWW": str(ROOT / "www")}, "GET", f"{EXPORT}?format=ndjson", **more)
    assert answer.headers["Content-Encoding"] == "gzip"
    ids = [json.loads(line)["_id"] for line in gzip.decompress(answer.body).splitlines()]
    assert str(user["_id"]) in ids and ids == sorted(ids)


# ---- how it is sent

def test_gzip(big):
    plain = big.http.get(f"{EXPORT}?country=France", timeout=60)
    packed = big.http.get(f"{EXPORT}?country=France", headers={"Accept-Encoding": "br, gzip;q=0.5"}, timeout=60)
    assert packed.headers["Content-Encoding"] == "gzip" and packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body) / 2
    for refused in ("gzip;q=0", "br", "gzip; q=0.0, br"):
        answer = big.http.request("HEAD", EXPORT, headers={"Accept-Encoding": refused})
        assert "Content-Encoding" not in answer.headers, refused


def assert_flat(stack, users):
    """All of them come, once, in order, and the process doesn't grow with what it sends."""
    pid = stack.pid("fcgi-1")
    assert len(ndjson(stack.http, "&country=France")) > 100  # what any export needs
    before = memory_kb(pid, "VmRSS")
    last, count = "", 0
    with reader(stack, "format=csv") as answer:
        assert answer.headers["X-Total-Count"] == str(users)
        for line in io.TextIOWrapper(io.BufferedReader(answer), "utf-8", newline="\r\n"):
            if count:
                assert line[:24] > last
                last = line[:24]
            count += 1
    assert count == users + 1
    assert memory_kb(pid) - before < MEMORY_KB, (before, memory_kb(pid))


def test_memory_is_flat(big):
    assert_flat(big, USERS)


@pytest.mark.full
def test_memory_is_flat_for_a_million():
    with Stack() as stack:
        stack.wait_job(stack.generate(1_000_000), 1200)
        assert_flat(stack, 1_000_000)


def test_going_on_after_the_last_row(big):
    with reader(big, "format=csv&country=India") as answer:
        begun = answer.read(200_000).decode("utf-8", "ignore").split("\r\n")[1:-1]
    last = begun[-1][:24]
    rest = big.http.get(f"{EXPORT}?country=India&after={last}", timeout=60)
    ids = [line[:24] for line in begun] + [row["_id"] for row in rows(rest.text)]
    there = [str(user["_id"]) for user in big.mongo.users.find({"country": "India"}, {"_id": 1}).sort("_id", 1)]
    assert ids == there and "X-Total-Count" not in rest.headers
    # And with a cursor of a list of the same order and filters.
    page = big.http.get("/v1/user?limit=50&sortBy=createdAt&country=India").json
    rest = ndjson(big.http, f"&country=India&after={page['page']['next']}")
    assert [row["_id"] for row in page["result"] + rest] == there
    assert_problem(big.http.get(f"{EXPORT}?after={page['page']['next']}"), 400, "after")


def test_a_reader_who_takes_nothing_is_cut(big):
    pid = big.pid("fcgi-1")
    with reader(big) as answer:
        answer.read(1000)
        wait_until(lambda: "stream.idle" in big.log("fcgi-1"), 20, "the reader isn't cut")
        assert is_cut(answer)
    assert big.pid("fcgi-1") == pid


def test_only_so_many_at_once(big):
    with reader(big, "format=csv") as first, reader(big, "format=csv") as second:
        first.read(100), second.read(100)
        refused = big.http.get(EXPORT)
        assert_problem(refused, 503)
        assert int(refused.headers["Retry-After"]) >= 1 and "Content-Disposition" not in refused.headers
        assert big.http.get("/v1/user?limit=1").status == 200  # all else has its workers
        assert big.http.request("HEAD", EXPORT).status == 200
    wait_until(lambda: big.http.get(f"{EXPORT}?_id={ObjectId()}").status == 200, 10, "a place isn't given back")


def test_a_stop_ends_it_at_once(big):
    with reader(big) as answer:
        answer.read(1000)
        pid, began = big.kill("fcgi-1", signal.SIGTERM), time.monotonic()
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 10, "it doesn't end")
        assert time.monotonic() - began < 4
        assert is_cut(answer)
    wait_until(lambda: big.http.get("/v1/health").status == 200, 10)


def test_a_store_that_is_away_for_a_moment(big):
    with reader(big) as answer:
        count = answer.read(1000).count(b"\n")
        began = time.monotonic()
        with big.frozen(big.mongodb_processes()[0]):
            back = threading.Timer(4, os.kill, (big.pid(big.mongodb_processes()[0]), signal.SIGCONT))
            back.start()
            while piece := answer.read(1 << 16):
                count += piece.count(b"\n")
            back.join()
    assert count == USERS and time.monotonic() - began > 3


def test_a_store_that_dies_leaves_no_whole_file(big):
    with reader(big) as answer:
        answer.read(1000)
        with big.stopped("mongodb"):
            assert is_cut(answer)
            assert_problem(big.http.get(EXPORT), 503)
    wait_until(lambda: big.http.get(f"{EXPORT}?_id={ObjectId()}").status == 200, 30)
