"""Requests, notices and users as other programs make them: straight into Kafka and MongoDB."""
import datetime
import time
import uuid

from bson import ObjectId

from support.kafka import ACTIVITY, CREATED, DELETED, UPDATED

WINDOWS = {"os": {"name": "Windows", "version": "10"}, "browser": {"name": "Chrome", "version": "120.0"}, "device": {},
           "ua": "Mozilla/5.0"}
LINUX = {"os": {"name": "Linux", "version": ""}, "browser": {"name": "Firefox", "version": "115"}, "device": {}}


def now_ms():
    return time.time_ns() // 1_000_000


def ms_of(moment):
    return int(moment.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000)


def request(user, device=None, when=None, event=None):
    """The value of one request's message, as an old client's producer sends it; event: as ours do."""
    value = {"body": {"user": str(user), "device": device or WINDOWS, "requestTime": when or now_ms()},
             "message": ACTIVITY, "createdAt": now_ms()}
    if event:
        value["event"] = event
    return value


def send_request(stack, user, key=None, partition=None, **more):
    return stack.kafka.send(ACTIVITY, request(user, **more), key=key, partition=partition)


def insert_user(stack, counted_by_us=False, **fields):
    """A user as another system writes it, without our bookkeeping (or as ours writes it before it is counted)."""
    user = {"_id": ObjectId(), "email": f"{uuid.uuid4().hex}@foreign.test", "name": "Ada Foreign", "gender": "female",
            "country": "Bangladesh", "phoneNumber": "+8801", **fields}
    if counted_by_us:
        user["_hc"] = {"k": {"v": 0}, "due": uuid.uuid4().hex}
    stack.written_behind = True
    stack.mongo.users.insert_one(user)
    return user


def notify(stack, topic, user, **more):
    body = {"deleteId": str(user["_id"])} if topic == DELETED else {"_id": str(user["_id"]), "email": user["email"]}
    stack.kafka.send(topic, {"body": body, "message": topic, "createAt": now_ms()}, **more)


def created(stack, user, **more):
    notify(stack, CREATED, user, **more)


def updated(stack, user, **more):
    notify(stack, UPDATED, user, **more)


def deleted(stack, user, **more):
    notify(stack, DELETED, user, **more)


def mark_gone(stack, user_id):
    """Deletes a user as the web service does: gone for every reader, due for the counters, the e-mail free."""
    stack.written_behind = True
    return stack.mongo.users.update_one({"_id": user_id, "_hc.gone": None}, {"$set": {
        "_hc.gone": datetime.datetime.now(datetime.timezone.utc), "_hc.due": uuid.uuid4().hex,
        "email": f"deleted:{user_id}"}}).matched_count


def edit(stack, user_id, **fields):
    """Edits a user as the web service does."""
    stack.written_behind = True
    return stack.mongo.users.update_one({"_id": user_id, "_hc.gone": None},
                                        {"$set": {**fields, "_hc.due": uuid.uuid4().hex}}).matched_count
