"""Numbers as the consumer leaves them, written straight into MongoDB: for tests of what reads them."""
import datetime
import pathlib

from bson import Int64, ObjectId

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLOTS = 32
DAY = datetime.timedelta(days=1)
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def utcnow():
    return datetime.datetime.now(datetime.timezone.utc)


def iso(when):
    """As answers write a time."""
    return when.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def today():
    """The number of the day in UTC."""
    return (utcnow() - EPOCH).days


def names(table):
    """{key: name} of lib/data/systems.tsv or browsers.tsv."""
    rows = (ROOT / "lib" / "data" / f"{table}.tsv").read_text().splitlines()
    fields = [row.split("\t") for row in rows if row and not row.startswith("#")]
    return {int(row[0]): row[1] for row in fields}


def set_slots(db, zone="UTC", generation=1, **sums):
    """Makes the slots add up to `sums` (users=…, gender={…}, day={…}, …); each number lies in three of them."""
    parts = [{} for _ in range(SLOTS)]
    for name, value in sums.items():
        each = value.items() if isinstance(value, dict) else [(None, value)]
        for key, n in each:
            for slot, share in zip((1, 17, 31), (n // 2, n // 3, n - n // 2 - n // 3)):
                if key is None:
                    parts[slot][name] = Int64(share)
                else:
                    parts[slot].setdefault(name, {})[str(key)] = Int64(share)
    for slot, part in enumerate(parts):
        db.hc_slots.update_one({"_id": slot}, {"$set": {"sum": part, "zone": zone, "zg": generation}})


def add_user(db, requests=0, last=None, **fields):
    """One user, and what his requests add up to. Returns his _id."""
    user, now = ObjectId(), utcnow()
    db.users.insert_one({"_id": user, "email": f"{user}@numbers.example", "name": f"User {user}", "phoneNumber": "+1555",
                         "country": "Germany", "gender": "other", "avatar": "https://i.pravatar.cc/150",
                         "userName": str(user), "lastActive": now - DAY, "createdAt": now - DAY, "updatedAt": now - DAY,
                         "_hc": {"k": {"v": Int64(1), "g": "other", "c": "DE"}}, **fields})
    if requests:
        add_usage(db, user, requests, last or now)
    return user


def add_usage(db, user, requests, last):
    db.hc_usage.insert_one({"_id": user, "v": Int64(1), "n": Int64(requests), "day": (last - EPOCH).days, "last": last,
                            "zg": 1})


def sample(at, tier=10, users=0, requests=0, active=(0, 0, 0), **more):
    """A document of hc_samples."""
    seconds = int(at.timestamp()) // tier * tier
    return {"_id": f"{tier:04d}:{seconds:012d}", "expireAt": at + 800 * DAY, "at": at, "users": Int64(users),
            "requests": Int64(requests), "countries": Int64(1),
            "active": dict(zip(("daily", "weekly", "monthly"), map(Int64, active))),
            "gender": {"male": Int64(users), "female": Int64(0), "other": Int64(0)}, "topCountries": [], "os": [],
            "browser": [], "topUsers": [], "exact": True, **more}
