"""MongoDB as the tests see it: what is there, beside what is counted."""
import datetime
import hashlib
from collections import Counter

EPOCH = datetime.datetime(1970, 1, 1)

# Of a person these follow from (seed, index) alone; see lib/generator.h.
PERSON = ("name", "gender", "country", "phoneNumber")


def recount(db, ids=None):
    """Counts the users themselves: {users, emails, gender, country}. ids: an `_id` filter, all by default."""
    match = [{"$match": {"_id": ids}}] if ids else []

    def groups(field):
        found = db.users.aggregate([*match, {"$group": {"_id": f"${field}", "n": {"$sum": 1}}}])
        return {row["_id"]: row["n"] for row in found}

    distinct = [*match, {"$group": {"_id": "$email"}}, {"$count": "n"}]
    emails = next(iter(db.users.aggregate(distinct)), {"n": 0})["n"]
    gender = groups("gender")
    return {"users": sum(gender.values()), "emails": emails, "gender": gender, "country": groups("country")}


def recount_requests(db):
    """Counts the requests themselves: {requests, os, browser (by key), day (by number), by_user: {id: (n, last)}}."""
    rows = db.useractivities.aggregate([{"$group": {"_id": {"o": "$_hc.o", "b": "$_hc.b"}, "n": {"$sum": 1}}}])
    os, browser = Counter(), Counter()
    for row in rows:
        os[str(row["_id"]["o"])] += row["n"]
        browser[str(row["_id"]["b"])] += row["n"]
    made = db.useractivities.aggregate([{"$group": {"_id": "$user", "n": {"$sum": 1}, "last": {"$max": "$requestTime"}}}])
    users = {row["_id"]: (row["n"], row["last"]) for row in made}
    day = Counter(str((last - EPOCH).days) for _, last in users.values())
    return {"requests": sum(os.values()), "os": dict(os), "browser": dict(browser), "day": dict(day), "by_user": users}


def usage(db):
    """What hc_usage says: {id: (n, last)}, and that its day is that of its last request (UTC)."""
    found = {}
    for row in db.hc_usage.find():
        assert row["day"] == (row["last"] - EPOCH).days, row
        found[row["_id"]] = (row["n"], row["last"])
    return found


COUNTED = ("gender", "country", "os", "browser", "day")


def counters(db):
    """The sum of all slots: {users, requests, gender, country, os, browser, day}; a key whose sum is 0 is left out."""
    sums = {name: Counter() for name in COUNTED}
    users = requests = 0
    slots = list(db.hc_slots.find())
    assert len(slots) == 32, f"{len(slots)} slots"
    for slot in slots:
        total = slot["sum"]
        users += total.get("users", 0)
        requests += total.get("requests", 0)
        for name in COUNTED:
            for key, n in total.get(name, {}).items():
                sums[name][key] += n  # not update(), which can't go below zero by itself
    kept = {name: {key: n for key, n in counts.items() if n} for name, counts in sums.items()}
    return {"users": users, "requests": requests, **kept}


def job_range(db, job_id):
    """The `_id` filter of a job's users."""
    from bson import ObjectId

    job = db.hc_jobs.find_one({"_id": job_id})
    prefix = f"{job['second']:08x}{job['hash']:08x}"
    return {"$gte": ObjectId(prefix + "00000000"), "$lte": ObjectId(prefix + "ffffffff")}


def people(db, job_id):
    """A job's people in order, each as (index, name, gender, country, phone): what its seed decides."""
    found = db.users.find({"_id": job_range(db, job_id)}, {name: 1 for name in PERSON}).sort("_id", 1)
    return [(int(str(user["_id"])[16:], 16), *(user[name] for name in PERSON)) for user in found]


def people_hash(db, job_id):
    """people() as one text to compare."""
    digest = hashlib.sha256()
    for person in people(db, job_id):
        digest.update(repr(person).encode())
    return digest.hexdigest()
