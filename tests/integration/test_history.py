"""GET /v1/counts/history and /v1/counts?at=: the numbers of the past, from samples that the tests write."""
import datetime
import subprocess
import time

import pytest
from bson import ObjectId

from support.numbers import DAY, ROOT, add_user, iso, names, sample, set_slots, utcnow
from support.problem import assert_problem
from support.stack import Stack
from support.waiting import wait_until

HISTORY = "/v1/counts/history"
SECOND, MINUTE, HOUR = (datetime.timedelta(seconds=n) for n in (1, 60, 3600))


@pytest.fixture(scope="module")
def still():
    """A stack that samples nothing by itself."""
    with Stack(only="redis,mongodb,fcgi,web") as one:
        wait_until(lambda: one.http.get("/v1/counts").status == 200, 30)
        yield one


@pytest.fixture
def db(still):
    database = still.mongo
    for name in ("users", "hc_usage", "hc_samples"):
        database[name].delete_many({})
    set_slots(database)
    still.redis.flushall()
    return database


@pytest.fixture
def now():
    """A full hour of about now, so that all tiers have a period beginning there; it doesn't end during the test."""
    left = 3600 - time.time() % 3600
    if left < 10:
        time.sleep(left + 0.1)
    return utcnow().replace(minute=0, second=0, microsecond=0)


def history(still, **query):
    text = "&".join(f"{key}={iso(value) if isinstance(value, datetime.datetime) else value}"
                    for key, value in query.items())
    return still.http.get(f"{HISTORY}?{text}").result


def read(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_nothing_was_kept(still, db):
    result = still.http.get(HISTORY).result
    assert set(result) == {"from", "to", "step", "points"}
    assert result["points"] == [] and result["step"] == 20
    assert read(result["to"]) - read(result["from"]) == HOUR
    assert abs(read(result["to"]) - utcnow()) < 15 * SECOND


def test_points(still, db, now):
    start = now - HOUR
    db.hc_samples.insert_many([sample(start + i * 10 * SECOND + 0.25 * SECOND, users=1000 + i, requests=10 * i,
                                      active=(i, 2 * i, 3 * i)) for i in range(90)])
    result = history(still, **{"from": start, "to": start + 15 * MINUTE, "step": 10})
    assert (result["from"], result["to"], result["step"]) == (iso(start), iso(start + 15 * MINUTE), 10)
    assert result["points"] == [
        {"at": iso(start + i * 10 * SECOND + 0.25 * SECOND), "users": 1000 + i, "requests": 10 * i,
         "active": {"daily": i, "weekly": 2 * i, "monthly": 3 * i}} for i in range(90)]


def test_a_longer_step_takes_the_first_sample_of_each(still, db, now):
    start = now - HOUR
    db.hc_samples.insert_many([sample(start + i * 10 * SECOND + SECOND, users=i) for i in range(180)])
    points = history(still, **{"from": start, "to": start + 30 * MINUTE, "step": 50})["points"]
    assert [point["users"] for point in points] == list(range(0, 180, 5))


def test_bounds_are_from_and_up_to(still, db, now):
    start = now - HOUR
    db.hc_samples.insert_many([sample(start + i * 10 * SECOND, users=i) for i in range(20)])
    points = history(still, **{"from": start + 50 * SECOND, "to": start + 100 * SECOND, "step": 10})["points"]
    assert [point["users"] for point in points] == [5, 6, 7, 8, 9]


def test_a_gap_is_a_gap(still, db, now):
    start = now - HOUR
    there = [*range(0, 10), *range(50, 60)]
    db.hc_samples.insert_many([sample(start + i * 10 * SECOND, users=i) for i in there])
    points = history(still, **{"from": start, "to": start + 10 * MINUTE, "step": 10})["points"]
    assert [point["users"] for point in points] == there


def test_the_tier_goes_by_age_and_step(still, db, now):
    """Each tier says other numbers here, so that one sees which was read."""
    def tell(tier, start, count):
        step = tier * SECOND
        db.hc_samples.insert_many([sample(start + i * step, tier=tier, users=tier) for i in range(count)])
    for start in (now - HOUR, now - 3 * DAY, now - 30 * DAY):
        tell(10, start, 12)
        tell(60, start, 2)
        tell(3600, start, 1)
    for start, step, tier in ((now - HOUR, 10, 10), (now - HOUR, 59, 10), (now - HOUR, 60, 60), (now - HOUR, 3600, 3600),
                              (now - 3 * DAY, 10, 60), (now - 3 * DAY, 300, 60), (now - 3 * DAY, 3600, 3600),
                              (now - 30 * DAY, 60, 3600), (now - 30 * DAY, 86400, 3600)):
        points = history(still, **{"from": start, "to": start + 2 * MINUTE, "step": step})["points"]
        assert points and {point["users"] for point in points} == {tier}, (start, step, points)


def test_defaults(still, db, now):
    """At most 300 points by a step of ours, which is a round one."""
    for length, step in ((HOUR, 20), (5 * MINUTE, 10), (DAY, 300), (7 * DAY, 3600), (30 * DAY, 10800), (365 * DAY, 172800),
                         (20000 * DAY, 67 * 86400)):
        result = history(still, **{"from": now - length, "to": now})
        assert result["step"] == step, (length, result["step"])
        assert length / (result["step"] * SECOND) <= 300
    assert history(still, **{"to": now - DAY})["from"] == iso(now - DAY - HOUR)
    until_now = history(still, **{"from": now - DAY})
    assert abs(read(until_now["to"]) - utcnow()) < 15 * SECOND


def test_milliseconds_and_offsets(still, db, now):
    start = now - HOUR
    db.hc_samples.insert_one(sample(start, users=5))
    ms = int(start.timestamp() * 1000)
    berlin = start.astimezone(datetime.timezone(datetime.timedelta(hours=5, minutes=30))).isoformat()
    for begin in (str(ms), berlin, berlin.replace("+", "%2B"), start.strftime("%Y-%m-%dT%H:%MZ")):
        result = still.http.get(f"{HISTORY}?from={begin}&to={ms + 60000}&step=10").result
        assert result["from"] == iso(start) and [point["users"] for point in result["points"]] == [5], begin


@pytest.mark.parametrize("query,field", [
    ("from=yesterday", "from"), ("to=2026-02-30", "to"), ("from=2026-01-01T00:00:00", "from"), ("from=-1", "from"),
    ("to=253402300800000", "to"), ("from=2026-01-02&to=2026-01-01", "from"), ("from=2026-01-01&to=2026-01-01", "from"),
    ("step=0", "step"), ("step=-5", "step"), ("step=1.5", "step"), ("step=5m", "step"), ("step=31622401", "step"),
    ("from=2026-01-01&to=2026-01-02&step=86", "step"), ("from=0&to=253402300799999&step=60", "step"),
    ("from=99999999999999999999", "from")])
def test_what_is_refused(still, query, field):
    assert_problem(still.http.get(f"{HISTORY}?{query}"), 400, field=field)


def test_a_thousand_points_are_allowed(still, db):
    assert len(history(still, **{"from": "2026-01-01", "to": "2026-01-01T16:40:00Z", "step": 60})["points"]) == 0


def test_all_of_time(still, db):
    assert history(still, **{"from": 0, "to": 253402300799999})["points"] == []


def test_history_is_kept_ten_seconds(still, db, now):
    kept = 0
    for step in (60, 120, 180):  # each a question of its own; Redis may be late for one
        query = {"from": now - HOUR, "to": now, "step": step}
        db.hc_samples.delete_many({})
        assert history(still, **query)["points"] == []
        db.hc_samples.insert_one(sample(now - MINUTE, tier=60, users=3))
        kept += history(still, **query)["points"] == []
    assert kept >= 1
    wait_until(lambda: history(still, **query)["points"], 15)


def test_odd_samples(still, db, now):
    """Of another build: shown as far as they can be read."""
    start = now - HOUR
    db.hc_samples.insert_one({"_id": sample(start)["_id"], "at": start, "users": "many", "active": 5})
    db.hc_samples.insert_one({"_id": sample(start + 10 * SECOND)["_id"]})
    db.hc_samples.insert_one({"_id": 5})
    points = history(still, **{"from": start, "to": start + MINUTE, "step": 10})["points"]
    assert points == [{"at": iso(start), "users": 0, "requests": 0, "active": {"daily": 0, "weekly": 0, "monthly": 0}}]


# ---- taking samples

@pytest.fixture(scope="module")
def taker(still):
    """Starts programs that take samples, each of all the given times; waits for their end."""
    subprocess.run(["make", "-s", "build/release/unit/take_sample"], cwd=ROOT, check=True, capture_output=True)
    env = {"PATH": "/usr/bin:/bin", "APP_MONGODB_CONNECTION_STRING": still.addresses["APP_MONGODB_CONNECTION_STRING"]}

    def take(*times, at_once=1):
        words = [ROOT / "build/release/unit/take_sample", *(str(int(time.timestamp() * 1000)) for time in times)]
        running = [subprocess.Popen(words, env=env, stderr=subprocess.PIPE) for _ in range(at_once)]
        for one in running:
            assert one.wait(30) == 0, one.stderr.read()
    return take


def test_a_sample_says_what_is_counted(still, db, now, taker):
    users = [add_user(db, 30 - i) for i in range(17)]
    day = (now - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)).days
    set_slots(db, users=900, requests=5000, gender={"male": 500, "other": 400}, country={"DE": 899, "ZZ": 1},
              os={1: 3000, 2: 2000}, browser={k: 1000 - k for k in range(1, 8)}, day={day: 6, day - 8: 7})
    when = utcnow().replace(microsecond=250000)
    taker(when)
    documents = list(db.hc_samples.find().sort("_id", 1))
    second = int(when.timestamp())
    assert [doc.pop("_id") for doc in documents] == [
        f"{tier:04d}:{second // tier * tier:012d}" for tier in (10, 60, 3600)]
    life = [doc.pop("expireAt").replace(tzinfo=datetime.timezone.utc) - when for doc in documents]
    assert life == [2 * HOUR, 7 * DAY, 730 * DAY]
    assert documents[0] == documents[1] == documents[2]
    assert documents[0] == {
        "at": when.replace(tzinfo=None), "users": 900, "requests": 5000, "countries": 1,
        "active": {"daily": 6, "weekly": 6, "monthly": 13}, "gender": {"male": 500, "female": 0, "other": 400},
        "topCountries": [{"sum": 899, "code": "DE"}, {"sum": 1, "code": "ZZ"}],
        "os": [{"sum": 3000, "key": 1}, {"sum": 2000, "key": 2}],
        "browser": [{"sum": 1000 - k, "key": k} for k in range(1, 6)],
        "topUsers": [{"sum": 30 - i, "user": users[i]} for i in range(15)], "exact": True}
    then = at(still, when).result
    live = still.counts()
    for key in ("users", "requests", "countries", "active", "gender", "topCountries", "topUsers", "devices", "exact"):
        assert then[key] == live[key], key


def test_one_sample_a_period_however_many_take_it(db, now, taker):
    times = [now + n * SECOND for n in (1, 5, 9, 11, 59, 60, 3599, 3600)]
    taker(*times, at_once=4)
    begin = int(now.timestamp())
    assert sorted(db.hc_samples.distinct("_id")) == sorted(
        f"{tier:04d}:{begin + n:012d}" for tier, starts in
        ((10, (0, 10, 50, 60, 3590, 3600)), (60, (0, 60, 3540, 3600)), (3600, (0, 3600))) for n in starts)
    first = db.hc_samples.find_one({"_id": f"0010:{begin:012d}"})
    assert first["at"] == (now + SECOND).replace(tzinfo=None)


def test_a_sample_of_what_is_not_exact_says_so(db, now, taker):
    db.hc_slots.update_one({"_id": 3}, {"$set": {"zone": "Asia/Tokyo"}})
    taker(now)
    assert db.hc_samples.distinct("exact") == [False]


# ---- at a time

def at(still, when):
    return still.http.get(f"/v1/counts?at={iso(when) if isinstance(when, datetime.datetime) else when}")


def nearest(still, when):
    return read(at(still, when).result["asOf"])


def test_as_it_was(still, db, now):
    """The shape of /v1/counts, with what was not kept as null."""
    now_shape = still.counts()
    first, second = add_user(db, 1), add_user(db, 2)
    when = now - HOUR + 4.321 * SECOND
    db.hc_samples.insert_one(sample(
        when, users=11000000, requests=52340, active=(812, 4310, 9120), countries=249,
        gender={"male": 1, "female": 2, "other": 3}, topCountries=[{"sum": 1934002, "code": "IN"}],
        os=[{"sum": 20100, "key": 1}, {"sum": 5, "key": 60000}], browser=[{"sum": 30110, "key": 2}],
        topUsers=[{"sum": 400, "user": second}, {"sum": 300, "user": ObjectId()}, {"sum": 5, "user": first}]))
    answer = at(still, when)
    then = answer.result
    assert then.pop("version") and answer.headers["ETag"]
    assert set(then) == set(now_shape) - {"version"} and set(then["pipeline"]) == set(now_shape["pipeline"])
    people = {str(user["_id"]): user for user in db.users.find()}
    shown = lambda user: {"_id": str(user), **{key: people[str(user)][key] for key in
                                               ("name", "userName", "avatar", "country", "gender")}}
    assert then == {
        "users": 11000000, "requests": 52340, "countries": 249,
        "active": {"daily": 812, "weekly": 4310, "monthly": 9120}, "gender": {"male": 1, "female": 2, "other": 3},
        "topCountries": [{"country": "India", "code": "IN", "sum": 1934002}],
        "topUsers": [{"user": shown(second), "sum": 400}, {"user": shown(first), "sum": 5}],
        "devices": {"os": [{"name": names("systems")[1], "sum": 20100}, {"name": "Other", "sum": 5}],
                    "browser": [{"name": names("browsers")[2], "sum": 30110}]},
        "rates": {"usersPerSecond": None, "requestsPerSecond": None}, "jobs": [],
        "lag": {"messages": None, "seconds": None}, "exact": True, "asOf": iso(when),
        "pipeline": {"consumers": None, "insertsPerSecond": None, "drift": None, "cacheHitRate": None}}


def test_the_names_of_deleted_users_are_gone_from_the_past(still, db, now):
    user = add_user(db, 5, name="Somebody Deleted")
    when = now - HOUR
    db.hc_samples.insert_one(sample(when, topUsers=[{"sum": 5, "user": user}]))
    assert "Somebody Deleted" in at(still, when).text
    db.users.update_one({"_id": user}, {"$set": {"_hc.gone": utcnow()}})
    still.redis.flushall()
    answer = at(still, when)
    assert "Somebody Deleted" not in answer.text and answer.result["topUsers"] == []


def test_the_nearest_of_all_tiers(still, db, now):
    start = now - 5 * HOUR
    db.hc_samples.insert_many([sample(start + 2 * SECOND, tier=3600), sample(start + HOUR + 2 * SECOND, tier=3600),
                               sample(start + 65 * SECOND, tier=60), sample(start + 125 * SECOND, tier=60),
                               sample(start + 95 * SECOND, tier=10)])
    for offset, want in ((2, 2), (33, 2), (34, 65), (65, 65), (79, 65), (81, 95), (95, 95), (109, 95), (111, 125),
                         (1000, 125), (1863, 125), (1865, 3602), (3602, 3602)):
        assert nearest(still, start + offset * SECOND) == start + want * SECOND, offset


def test_within_reach(still, db, now):
    """Between two samples any time has a nearest one; before the first and behind the last only a near one counts."""
    start = now - 20 * HOUR
    assert_problem(at(still, start), 404)
    db.hc_samples.insert_many([sample(start), sample(start + 10 * HOUR)])
    still.redis.flushall()
    assert nearest(still, start - 10 * SECOND) == start
    assert nearest(still, start + 3 * HOUR) == start
    assert nearest(still, start + 8 * HOUR) == start + 10 * HOUR
    assert nearest(still, start + 10 * HOUR + 9 * SECOND) == start + 10 * HOUR
    assert_problem(at(still, start - 11 * SECOND), 404)
    assert_problem(at(still, start + 10 * HOUR + 11 * SECOND), 404)
    assert_problem(at(still, start - 300 * DAY), 404)
    assert_problem(at(still, 0), 404)


def test_the_future(still, db):
    db.hc_samples.insert_one(sample(utcnow(), tier=3600, users=9))
    assert at(still, utcnow() + 30 * SECOND).result["users"] == 9
    assert_problem(at(still, utcnow() + 5 * MINUTE), 404)
    assert_problem(at(still, 253402300799999), 404)


@pytest.mark.parametrize("when", ["now", "yesterday", "2026-02-29", "2026-11-23T13:20:00", "-1", "1e9",
                                  "99999999999999999999", "2026-11-23T13:20:00Z;", "%00", "0x0"])
def test_bad_times(still, when):
    assert_problem(at(still, when), 400)


def test_an_empty_time_is_now(still, db):
    answer = still.http.get("/v1/counts?at=")
    assert answer.result["jobs"] == [] and answer.headers["Poll-Interval"]
    assert abs(read(answer.result["asOf"]) - utcnow()) < 5 * SECOND


def test_the_past_is_tagged_too(still, db, now):
    db.hc_samples.insert_one(sample(now - HOUR, users=4))
    path = f"/v1/counts?at={iso(now - HOUR)}"
    tag = still.http.get(path).headers["ETag"]
    assert still.http.get(path, headers={"If-None-Match": tag}).status == 304


def test_counts_are_open(still, db):
    elsewhere = {"X-Forwarded-For": "192.0.2.7"}
    assert still.http.get(HISTORY, headers=elsewhere).status == 200
    assert_problem(still.http.get("/v1/counts?at=0", headers=elsewhere), 404)
    assert_problem(still.http.post(HISTORY), 405)
