"""What is shown of requests: active users, devices, the users with the most requests; in the shapes of old clients too.

Nothing counts here: no consumer runs, and the tests write slots and usage as one would.
"""
import datetime

import pytest

from support.numbers import DAY, add_usage, add_user, iso, names, set_slots, today, utcnow
from support.problem import assert_problem
from support.stack import Stack
from support.waiting import wait_until


@pytest.fixture(scope="module")
def still():
    """A stack that counts nothing by itself."""
    with Stack(only="redis,mongodb,fcgi,web") as one:
        wait_until(lambda: one.http.get("/v1/counts").status == 200, 30)
        yield one


@pytest.fixture
def db(still):
    """Its database, empty but for what is always there."""
    database = still.mongo
    for name in ("users", "hc_usage", "hc_samples"):
        database[name].delete_many({})
    database.hc_meta.delete_many({"_id": {"$in": ["zone", "audit"]}})
    set_slots(database)
    still.redis.flushall()
    return database


def shows(still, path, want):
    """The result of path becomes want: an older answer may be kept for a second or two."""
    def there():
        result = still.http.get(path).result
        assert result == want, result
        return True
    wait_until(there, 12)


def test_nothing_yet(still, db):
    counts = still.counts()
    assert (counts["users"], counts["requests"], counts["topUsers"]) == (0, 0, [])
    assert counts["active"] == {"daily": 0, "weekly": 0, "monthly": 0}
    assert counts["devices"] == {"os": [], "browser": []}
    shows(still, "/v1/user/agg/device", {"deviceOsName": [], "deviceBrowserName": []})
    shows(still, "/v1/user/stat/top-15-user", [])
    shows(still, "/v1/user/stat/count/totalRequest", {"count": 0, "countInternationalSystem": "0"})
    shows(still, "/v1/user/stat/dau", {"totalDailyActiveUser": 0})


def test_requests(still, db):
    set_slots(db, requests=52340)
    shows(still, "/v1/user/stat/count/totalRequest", {"count": 52340, "countInternationalSystem": "52.34K"})
    assert wait_until(lambda: still.counts()["requests"], 5) == 52340


def test_active_users_are_sums_of_days(still, db):
    now = today()
    set_slots(db, day={now: 812, now - 1: 100, now - 6: 31, now - 7: 5, now - 29: 9, now - 30: 1000, now + 1: 3,
                       now + 2: 7000})
    if today() != now:
        pytest.fail("the day has just changed: once more")
    shows(still, "/v1/user/stat/dau", {"totalDailyActiveUser": 815})
    shows(still, "/v1/user/stat/wau", {"totalWeeklyActiveUser": 946})
    shows(still, "/v1/user/stat/mau", {"totalMonthlyActiveUser": 960})
    wait_until(lambda: still.counts()["active"] == {"daily": 815, "weekly": 946, "monthly": 960}, 5)


def test_devices(still, db):
    """Five of each, greatest first, equal ones by name, what this build doesn't know among the others."""
    systems, browsers = names("systems"), names("browsers")
    set_slots(db, os={1: 20100, 2: 500, 3: 500, 4: 500, 0: 7, 5: 6, 511: 1, 60000: 1},
              browser={1: 30110, 2: 5})
    others = 7 + 1 + (1 if 511 not in systems else 0)
    os = [(20100, systems[1])] + sorted((500, systems[key]) for key in (2, 3, 4)) + [(others, "Other")]
    browser = [(30110, browsers[1]), (5, browsers[2])]
    shows(still, "/v1/user/agg/device", {"deviceOsName": [{"sum": n, "name": name} for n, name in os],
                                        "deviceBrowserName": [{"sum": n, "name": name} for n, name in browser]})
    wait_until(lambda: still.counts()["devices"]["os"], 5)
    devices = still.counts()["devices"]
    assert [(row["sum"], row["name"]) for row in devices["os"]] == os
    assert [(row["sum"], row["name"]) for row in devices["browser"]] == browser


def test_top_users(still, db):
    """Most requests first, equal ones by _id; 15 of them; users without requests never."""
    users = [add_user(db, n) for n in (5, 400, 5, 7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 1)]
    add_user(db)
    order = sorted(range(17), key=lambda i: (-(5, 400, 5, 7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 1)[i], users[i]))[:15]
    want = [str(users[i]) for i in order]

    def there():
        result = still.http.get("/v1/user/stat/top-15-user").result
        assert [row["user"]["_id"] for row in result] == want
        return result
    rows = wait_until(there, 12)
    assert [row["sum"] for row in rows][:4] == [400, 7, 5, 5]
    shown = wait_until(lambda: (top := still.counts()["topUsers"]) and len(top) == 15 and top, 5)
    assert [row["user"]["_id"] for row in shown] == want and [row["sum"] for row in shown] == [r["sum"] for r in rows]


def test_top_users_are_whole_and_never_show_bookkeeping(still, db):
    last = utcnow().replace(microsecond=123000)
    user = add_user(db, 3, last=last, favourite={"colour": "blue"})
    stored = db.users.find_one({"_id": user})
    row, = wait_until(lambda: still.http.get("/v1/user/stat/top-15-user").result, 12)
    assert set(row) == {"user", "sum"} and row["sum"] == 3
    assert set(row["user"]) == set(stored) - {"_hc"}
    assert row["user"]["email"] == stored["email"] and row["user"]["favourite"] == {"colour": "blue"}
    assert row["user"]["lastActive"] == iso(last)


def test_an_older_request_never_puts_last_active_back(still, db):
    stored = utcnow().replace(microsecond=0)
    add_user(db, 1, last=stored - 3 * DAY, lastActive=stored)
    row, = wait_until(lambda: still.http.get("/v1/user/stat/top-15-user").result, 12)
    assert row["user"]["lastActive"] == iso(stored)


def test_counts_show_neither_e_mail_nor_phone(still, db):
    user = add_user(db, 2, secret="yes")
    row, = wait_until(lambda: still.counts()["topUsers"], 5)
    stored = db.users.find_one({"_id": user})
    assert row == {"sum": 2, "user": {"_id": str(user), **{key: stored[key] for key in
                                                          ("name", "userName", "avatar", "country", "gender")}}}
    body = still.http.get("/v1/counts").text
    assert "@numbers.example" not in body and "+1555" not in body and "_hc" not in body


def test_gone_users_make_room(still, db):
    """Users that are being deleted, and usage of users that are not there at all, are passed over, however many."""
    gone = [add_user(db, 900 + i, **{"_hc": {"gone": utcnow()}}) for i in range(60)]
    for i in range(30):
        add_usage(db, type(gone[0])(), 800 + i, utcnow())
    users = [add_user(db, 20 - i) for i in range(16)]

    def there():
        counts, whole = still.counts()["topUsers"], still.http.get("/v1/user/stat/top-15-user").result
        for rows in (counts, whole):
            assert [row["user"]["_id"] for row in rows] == [str(user) for user in users[:15]]
        return True
    wait_until(there, 12)


def test_odd_users_are_shown_as_they_are(still, db):
    """Documents of others: fields missing, of other types, no usage worth showing."""
    odd = add_user(db, 9)
    db.users.replace_one({"_id": odd}, {"_id": odd, "name": ["a", 5], "lastActive": "yesterday"})
    db.hc_usage.insert_one({"_id": "no object id", "n": 1000})
    db.hc_usage.insert_one({"_id": add_user(db), "v": 0})
    row, = wait_until(lambda: still.counts()["topUsers"], 5)
    assert row == {"user": {"_id": str(odd), "name": ["a", 5]}, "sum": 9}


# ---- whether the numbers are exact

def becomes(still, check):
    def there():
        counts = still.counts()
        assert check(counts), (counts["exact"], counts["pipeline"])
        return counts
    return wait_until(there, 5)


@pytest.mark.parametrize("drift,exact", [(None, True), (0, True), (3, False), (-1, False)])
def test_drift(still, db, drift, exact):
    db.hc_meta.insert_one({"_id": "audit", "drift": drift, "at": utcnow(), "exact": True})
    becomes(still, lambda counts: counts["pipeline"]["drift"] == drift and counts["exact"] is exact)


def test_no_audit_yet(still, db):
    becomes(still, lambda counts: counts["pipeline"]["drift"] is None and counts["exact"] is True)


def test_a_zone_that_is_being_counted_anew(still, db):
    db.hc_meta.insert_one({"_id": "zone", "ready": False})
    becomes(still, lambda counts: counts["exact"] is False)
    db.hc_meta.update_one({"_id": "zone"}, {"$set": {"ready": True}})
    becomes(still, lambda counts: counts["exact"] is True)


def test_slots_of_another_zone(still, db):
    db.hc_slots.update_one({"_id": 7}, {"$set": {"zone": "Europe/Berlin"}})
    becomes(still, lambda counts: counts["exact"] is False)
    set_slots(db, zone="Europe/Berlin")
    becomes(still, lambda counts: counts["exact"] is False)
    set_slots(db)
    becomes(still, lambda counts: counts["exact"] is True)


def test_days_are_those_of_the_zone(still, db):
    """Kiritimati is 14 hours ahead: for a part of each day its today is UTC's tomorrow, never the day before."""
    import zoneinfo

    zone = "Pacific/Kiritimati"
    local = datetime.datetime.now(zoneinfo.ZoneInfo(zone))
    day = (local.date() - datetime.date(1970, 1, 1)).days
    set_slots(db, zone=zone, day={day: 5, day - 1: 70, day - 6: 100, day - 7: 2000})
    with still.beside(env={"APP_TIMEZONE": zone}) as other:
        other.redis.flushall()
        counts = wait_until(lambda: other.http.get("/v1/counts").result, 20)
        assert counts["active"] == {"daily": 5, "weekly": 175, "monthly": 2175} and counts["exact"] is True
        still.redis.flushall()


# ---- the routes

PATHS = ["/v1/user/agg/device", "/v1/user/stat/dau", "/v1/user/stat/wau", "/v1/user/stat/mau",
         "/v1/user/stat/top-15-user", "/v1/user/stat/count/totalRequest"]


@pytest.mark.parametrize("path", PATHS)
def test_unchanged_is_a_304(still, db, path):
    def fits():
        tag = still.http.get(path).headers["ETag"]
        return still.http.get(path, headers={"If-None-Match": tag}).status == 304
    wait_until(fits, 5)


@pytest.mark.parametrize("path", PATHS)
def test_wrong_method(still, path):
    assert_problem(still.http.post(path), 405)


@pytest.mark.parametrize("path", ["/v1/user/stat", "/v1/user/stat/", "/v1/user/stat/yau", "/v1/user/stat/DAU",
                                  "/v1/user/stat/top-16-user", "/v1/user/stat/count", "/v1/user/stat/count/x"])
def test_unknown_statistics(still, path):
    assert still.http.get(path).status in (400, 404)


def test_who_may_see_what(still, db):
    """Elsewhere than on loopback numbers are open, people are not."""
    add_user(db, 1)
    elsewhere = {"X-Forwarded-For": "192.0.2.7"}
    for path in PATHS:
        answer = still.http.get(path, headers=elsewhere)
        assert answer.status == (403 if path.endswith("top-15-user") else 200), (path, answer)
    assert still.http.get("/v1/counts", headers=elsewhere).status == 200
