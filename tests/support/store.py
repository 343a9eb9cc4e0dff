"""MongoDB as the tests see it: what is there, beside what is counted."""
import hashlib
from collections import Counter

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


def counters(db):
    """The sum of all slots: {users, gender, country (by code)}; a key whose sum is 0 is left out."""
    users, gender, country = 0, Counter(), Counter()
    slots = list(db.hc_slots.find())
    assert len(slots) == 32, f"{len(slots)} slots"
    for slot in slots:
        total = slot["sum"]
        users += total.get("users", 0)
        gender.update(total.get("gender", {}))
        country.update(total.get("country", {}))
    kept = lambda counts: {key: n for key, n in counts.items() if n}
    return {"users": users, "gender": kept(gender), "country": kept(country)}


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
