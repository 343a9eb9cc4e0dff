"""What the web service asks of MongoDB for its reads: each with its index, a limit and a time limit; see tcp_proxy.py."""
import struct
import urllib.parse

import bson
import pytest

from support.tcp_proxy import MongoProxy
from support.waiting import wait_until

SMALL = {"hc_meta", "hc_slots", "hc_jobs"}  # of our own, some dozens of documents


class Listener(MongoProxy):
    """Keeps the commands themselves."""

    def __init__(self, target):
        self.heard = []
        super().__init__(target)

    def _note(self, message):
        super()._note(message)
        if message[4] == 0:
            (length,) = struct.unpack_from("<i", message, 5)
            self.heard.append(bson.decode(message[5:5 + length]))


@pytest.fixture(scope="module")
def proxy(stack):
    with Listener(("127.0.0.1", int(stack.ports["HEADCOUNT_MONGODB_PORT"]))) as one:
        yield one


@pytest.fixture(scope="module")
def server(stack, proxy):
    stack.wait_job(stack.generate(300))
    uri = f"mongodb://127.0.0.1:{proxy.port}/headcount?retryWrites=false"
    with stack.beside(env={"APP_MONGODB_CONNECTION_STRING": uri}) as one:
        wait_until(lambda: len(one.http.get("/v1/user").result) == 10, 5)
        yield one


HOSTILE = ['{"$gt":""}', "[$ne]", "$where", "a.*", "^(a+)+$"]
LISTS = ["", *(f"sortBy={sort}{field}" for sort in ("", "-") for field in ("createdAt", "name", "email", "country")),
         "country=India", "country=FR&sortBy=-email", "country=FR&sortBy=name", "email=a@b.c", "_id=" + "a" * 24,
         "name=maria", "search=maria", "search=x", "search=maria+india", "search=united+states", "search=qqqqqq",
         "search=%2B49151", "search=01ARZ3NDEK", "search=a@b", "page=3", "country=India&search=an",
         *(f"{field}={urllib.parse.quote(text)}" for field in ("name", "search", "email") for text in HOSTILE)]
OTHERS = ["/v1/user/" + "a" * 24, "/v1/user/userEmail/a@b.c", "/v1/user/" + "a" * 24 + "/requests", "/v1/counts",
          "/v1/counts?at=2026-01-01T00:00:00Z", "/v1/counts/history", "/v1/jobs", "/v1/user/stat/top-15-user",
          "/v1/user/agg/country", "/v1/user/agg/device", "/v1/user/stat/dau", "/v1/user/export?country=FR"]


def asked(stack, server, proxy, path):
    """The commands of one answer that nobody has kept: neither Redis nor, for a second after Redis was late, the server."""
    def commands():
        stack.redis.flushall()
        proxy.heard.clear()
        assert server.http.get(path).status in (200, 404), path
        return [one for one in proxy.heard if next(iter(one)) not in MongoProxy.OWN]
    return wait_until(commands, 5, "nothing was asked", every=0.3)


def most(command):
    """How many documents it can answer with; 0: nobody knows."""
    named = command["filter"].get("_id")
    if isinstance(named, bson.ObjectId):
        return 1
    return command.get("limit") or (len(named["$in"]) if isinstance(named, dict) and "$in" in named else 0)


def assert_a_first_look(command):
    """Of users in the order of an index no more than some, and only of these what fits."""
    place, sort, limit, fits, *_ = [next(iter(stage)) for stage in command["pipeline"]]
    assert (place, sort, limit, fits) == ("$match", "$sort", "$limit", "$match"), command
    assert set(command["pipeline"][0]["$match"]) <= {"_id"} and command["pipeline"][2]["$limit"] <= 128
    assert command["hint"] == {"_id": 1} and 1 <= command["maxTimeMS"] <= 100, command


@pytest.mark.parametrize("path", [*(f"/v1/user?{query}" for query in LISTS), *OTHERS])
def test_each_read_has_index_limit_and_time_limit(stack, server, proxy, path):
    for command in asked(stack, server, proxy, path):
        assert next(iter(command)) in ("find", "getMore", "aggregate"), command
        if "aggregate" in command:
            assert_a_first_look(command)
        if "find" not in command:
            continue
        assert 1 <= command["maxTimeMS"] <= 2500, command
        if command["find"] not in SMALL:
            assert command.get("hint"), command
            assert 1 <= most(command) <= 100_101, command


OURS = {"$and", "$or", "$in", "$gt", "$gte", "$lt", "$lte", "$eq", "$ne"}


def operators(value):
    if isinstance(value, dict):
        return {key for key in value if key.startswith("$")}.union(*map(operators, value.values()))
    return set().union(*map(operators, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["name", "search", "email"])
def test_no_operator_and_no_pattern_comes_from_outside(stack, server, proxy, field, text):
    for command in asked(stack, server, proxy, f"/v1/user?{field}={urllib.parse.quote(text)}"):
        conditions = [command.get("filter", {}), *(one.get("$match", {}) for one in command.get("pipeline", []))]
        assert operators(conditions) <= OURS, command
        patterns = [found.pattern for found in regexes(conditions)]
        assert not [one for one in patterns if ".*" in one.replace("\\.\\*", "") or "(a+)" in one], command


def regexes(value):
    if isinstance(value, bson.Regex):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [found for one in inner for found in regexes(one)]


def test_words_are_looked_up_among_the_newest_first(stack, server, proxy):
    """What the index has of older users is left out by their _id, before anything is sorted."""
    ids = [one["_id"] for one in stack.mongo.users.find({}, {"_id": 1}).sort("_id", -1)]
    wait_until(lambda: stack.mongo.hc_meta.find_one({"_id": "newest", "users": len(ids)}), 20, "the leader has yet to write it")
    stack.mongo.hc_meta.replace_one({"_id": "newest"}, {"_id": "newest", "users": bson.Int64(1000000), "from": ids[50]}, upsert=True)

    def bounds(search):
        return [(next(iter(command["hint"])), condition["_id"])
                for command in asked(stack, server, proxy, f"/v1/user?search={search}") if command.get("find") == "users"
                for condition in [command["filter"], *command["filter"].get("$and", [])] if "_id" in condition]
    want = [(index, {side: ids[50]}) for side in ("$gt", "$lte") for index in ("_hc.s", "email")]
    try:
        wait_until(lambda: bounds("qqqq") == want, 15)
        assert bounds("qqqq&sortBy=createdAt") == [], "from the oldest on"
        assert bounds("qqqq+qqqq") == [], "few have all words"
        assert bounds("qqqq%40example.org") == [], "few have so long a beginning"
    finally:
        stack.mongo.hc_meta.delete_one({"_id": "newest"})


def begins_with(sample, text):
    return sum(sample["keys"][at:at + len(text)] == text for at in range(0, len(sample["keys"]), 8))


def test_a_sample_tells_the_way(stack, proxy):
    """What many have is read along _id and no index is asked; what few have, or nobody, the other way round."""
    stack.wait_job(stack.generate(3000))
    sample = wait_until(lambda: stack.mongo.hc_meta.find_one({"_id": "words", "users": {"$gte": 3000}}), 40, every=0.5)
    common = max("abcdefghijklmnopqrstuvwxyz", key=lambda letter: begins_with(sample, letter.encode()))
    assert begins_with(sample, common.encode()) > 0.08 * sample["users"], "that is many"
    uri = f"mongodb://127.0.0.1:{proxy.port}/headcount?retryWrites=false"
    with stack.beside(env={"APP_MONGODB_CONNECTION_STRING": uri}) as server:
        def ways(name):
            return [next(iter(command.get("hint", {})), None) for command in asked(stack, server, proxy, f"/v1/user?name={name}")
                    if "users" in (command.get("find"), command.get("aggregate"))]
        wait_until(lambda: ways(common) == ["_id"], 10)  # the first one reads the sample, one that takes long goes both ways
        assert [None for command in proxy.heard if "aggregate" in command] == [], "it needs no look"
        wait_until(lambda: ways("qqqqq") == ["_hc.s"], 10)
