"""Traffic over users, and what must be there in the end: who lives, as what, and how many requests each has.

    with Traffic(stack, seed) as traffic:       # a thread that creates, edits, deletes and makes requests
        … faults …
    settle(stack)                               # all is read and counted
    traffic.assert_kept()                       # what was acknowledged is there once, what was refused is not

    Traffic(stack, seed).batch(40)              # no thread: so many at once, from the caller's

Half of it comes as from another system: facts into MongoDB, then a notice or a request into Kafka, whose loss that
system makes good by itself. The other half goes over HTTP (http=False: none of it). An answer that doesn't tell
what became of a write leaves both possible, and that user is written to no more.
"""
import http.client
import json
import os
import random
import threading
import time
import uuid

import pymongo
from bson import ObjectId
from confluent_kafka import Producer

from support import activity, store
from support.kafka import ACTIVITY, CREATED, DEAD, DELETED, UPDATED
from support.waiting import wait_until

COUNTRIES = ["Germany", "Norway", "Bangladesh", "Iceland", "Japan", "Brazil"]
GENDERS = ["female", "male", "other"]
DEVICES = [activity.WINDOWS, activity.LINUX]
AGENTS = ["Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0",
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"]
DAY_MS = 86_400_000
NO_ANSWER = "no answer"


class Known:
    """One user as the traffic knows him."""

    def __init__(self, user, gender, country, doubtful=False):
        self.user, self.states = user, {(gender, country)}  # None among them: perhaps he is gone
        self.doubtful = doubtful                            # perhaps he never came
        self.requests, self.perhaps = 0, 0                  # acknowledged; and those whose outcome nobody knows
        self.base = 0                                       # requests that he had before

    @property
    def certain(self):
        return len(self.states) == 1 and None not in self.states


class Traffic:
    def __init__(self, stack, seed, http=True, pause=0.004, users=()):
        """users: some that are there already, which it may edit, delete and make requests of."""
        self.stack, self.chance, self.pause = stack, random.Random(seed), pause
        self.web = stack.http if http is True else http
        self.new_producer()
        self.dead_before, self.never = stack.kafka.ends(DEAD), set()
        self.known = {user["_id"]: Known(user["_id"], user["gender"], user["country"]) for user in users}
        self.refused, self.unclear_mails, self.gone = [], {}, set()
        self.acknowledged = {"create": 0, "edit": 0, "delete": 0, "request": 0}
        self.outcomes = {"ok": 0, "refused": 0, NO_ANSWER: 0}
        self._on_the_way, self._lost = 0, []
        self._guard, self._stop, self._fault = threading.Lock(), threading.Event(), None
        self._thread = None

    def new_producer(self):
        """Idempotent, so that a retry of the library makes no second message of one that has no name."""
        self.producer = Producer({"bootstrap.servers": self.stack.kafka.broker, "linger.ms": 0, "log_level": 0,
                                  "enable.idempotence": True, "message.timeout.ms": 20000})

    # ---- life

    def __enter__(self):
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Stops, and says again what Kafka did not take, as other systems do."""
        self._stop.set()
        if self._thread:
            self._thread.join(60)
            assert not self._thread.is_alive(), "the traffic hangs"
            self._thread = None
        self.deliver()
        if self._fault:
            raise self._fault

    def _run(self):
        try:
            while not self._stop.is_set():
                self.one()
                time.sleep(self.chance.uniform(0, 2 * self.pause))
        except Exception as error:  # told by end()
            self._fault = error

    def batch(self, count):
        for _ in range(count):
            self.one()
        self.deliver()

    def one(self):
        """One thing happens. No one writes to a user whose state is unclear."""
        kind = self.chance.choices(("create", "edit", "delete", "request", "late"), (20, 20, 8, 50, 2))[0]
        living = [one for one in self.known.values() if one.certain] if kind != "create" else []
        if kind == "late" and self.gone:  # of someone who is gone: no poison, not counted
            return self._send(ACTIVITY, activity.request(self.chance.choice(sorted(self.gone))))
        if not living or kind == "late":
            kind = "create"
        web = self.web is not None and self.web is not False and self.chance.random() < 0.5
        act = getattr(self, f"_{kind}_{'http' if web else 'direct'}")
        return act(self.chance.choice(living)) if kind != "create" else act()

    # ---- as another system does it

    def _facts(self):
        return {"gender": self.chance.choice(GENDERS), "country": self.chance.choice(COUNTRIES)}

    def _try(self, write):
        """True, or None when nobody knows."""
        try:
            write()
            return True
        except pymongo.errors.PyMongoError:
            return None

    def _create_direct(self):
        ours = self.chance.random() < 0.5
        facts = self._facts()
        user = {"_id": ObjectId(), "email": f"{uuid.uuid4().hex}@traffic.test", "name": "Tara Traffic",
                "phoneNumber": "+4911111", **facts}
        if ours:
            user["_hc"] = {"k": {"v": 0}, "due": uuid.uuid4().hex}
        done = self._try(lambda: self.stack.mongo.users.insert_one(user))
        one = self.known[user["_id"]] = Known(user["_id"], **facts, doubtful=not done)
        if done:
            self.acknowledged["create"] += 1
        else:
            one.states.add(None)
        self._tell(CREATED, user["_id"])

    def _edit_direct(self, one):
        facts = self._facts()
        done = self._try(lambda: activity.edit(self.stack, one.user, **facts))
        self._edited(one, done, tuple(facts.values()))
        self._tell(UPDATED, one.user)

    def _delete_direct(self, one):
        self._deleted(one, self._try(lambda: activity.mark_gone(self.stack, one.user)))
        self._tell(DELETED, one.user)

    def _request_direct(self, one):
        """With any key, or our own partition, or the wrong one; perhaps an event that comes twice."""
        event = uuid.uuid4().hex if self.chance.random() < 0.7 else None
        key = self.chance.choice([None, str(one.user).encode(), b"wrong"])
        when = activity.now_ms() - self.chance.randrange(40) * DAY_MS
        value = activity.request(one.user, device=self.chance.choice(DEVICES), when=when, event=event)
        if not event:
            value["n"] = uuid.uuid4().hex
        one.requests += 1
        self.acknowledged["request"] += 1
        for _ in range(2 if event and self.chance.random() < 0.2 else 1):
            # Without an event's name Kafka's copy is another request: it can't be said again.
            self._send(ACTIVITY, value, key, None if event else one)

    def _tell(self, topic, user):
        body = {"deleteId": str(user)} if topic == DELETED else {"_id": str(user), "email": "x"}
        self._send(topic, {"body": body, "message": topic, "createAt": activity.now_ms()})

    def _send(self, topic, value, key=None, only_once=None):
        payload = json.dumps(value).encode()

        def delivered(error, _):
            with self._guard:
                self._on_the_way -= 1
                if error is not None and only_once is None:
                    self._lost.append((topic, payload, key))
                elif error is not None:
                    only_once.requests -= 1
                    only_once.perhaps += 1
        with self._guard:
            self._on_the_way += 1
        self.producer.produce(topic, value=payload, key=key, on_delivery=delivered)
        self.producer.poll(0)

    def deliver(self, seconds=60):
        """Until Kafka has all of it."""
        def all_there():
            with self._guard:
                again, self._lost = self._lost, []
                self._on_the_way += len(again)
            for topic, payload, key in again:
                def delivered(error, _, what=(topic, payload, key)):
                    with self._guard:
                        self._on_the_way -= 1
                        if error is not None:
                            self._lost.append(what)
                self.producer.produce(topic, value=payload, key=key, on_delivery=delivered)
            self.producer.flush(15)
            return self._on_the_way == 0 and not self._lost
        wait_until(all_there, seconds, "Kafka doesn't take what is sent")

    # ---- over HTTP

    def _ask(self, method, path, body=None, headers=None):
        """(outcome, answer): "ok"; "refused", which means that nothing was done; or NO_ANSWER."""
        try:
            answer = self.web.request(method, path, body=body, headers=headers)
        except (OSError, ValueError, http.client.HTTPException):
            answer = None
        outcome = NO_ANSWER
        if answer is not None and 200 <= answer.status < 300:
            outcome = "ok"
        elif answer is not None and answer.status in (429, 503) and self._is_refusal(answer):
            outcome = "refused"
        assert answer is None or outcome != NO_ANSWER or answer.status >= 500, (method, path, answer)
        self.outcomes[outcome] += 1
        return outcome, answer

    @staticmethod
    def _is_refusal(answer):
        """Our own answer, not the web server's, which knows only that no worker answered."""
        kind = answer.json["type"] if "problem+json" in answer.headers["Content-Type"] else ""
        return kind not in ("", "about:blank") and not kind.endswith("outcome-unknown")

    def _create_http(self):
        facts = self._facts()
        mail = f"{uuid.uuid4().hex}@traffic.test"
        outcome, answer = self._ask("POST", "/v1/user", {"email": mail, "name": "Webb Traffic",
                                                         "phoneNumber": "+4922222", **facts})
        if outcome == "ok":
            user = ObjectId(answer.result["_id"])
            self.known[user] = Known(user, **facts)
            self.acknowledged["create"] += 1
        elif outcome == "refused":
            self.refused.append(mail)
        else:
            self.unclear_mails[mail] = tuple(facts.values())

    def _edit_http(self, one):
        facts = self._facts()
        outcome, _ = self._ask("PATCH", f"/v1/user/{one.user}", facts)
        if outcome != "refused":
            self._edited(one, outcome == "ok" or None, tuple(facts.values()))

    def _delete_http(self, one):
        outcome, _ = self._ask("DELETE", f"/v1/user/{one.user}")
        if outcome != "refused":
            self._deleted(one, outcome == "ok" or None)

    def _request_http(self, one):
        """Repeated with its key when nobody knows: counted once all the same."""
        headers = {"Idempotency-Key": uuid.uuid4().hex, "User-Agent": self.chance.choice(AGENTS)}
        outcome, perhaps = NO_ANSWER, False
        for _ in range(2):
            outcome, _ = self._ask("POST", f"/v1/user/activity/{one.user}", headers=headers)
            perhaps = perhaps or outcome == NO_ANSWER
            if outcome != NO_ANSWER:
                break
        if outcome == "ok":
            one.requests += 1
            self.acknowledged["request"] += 1
        elif perhaps:
            one.perhaps += 1

    # ---- what is known then

    def _edited(self, one, done, state):
        if done:
            one.states = {state}
            self.acknowledged["edit"] += 1
        else:
            one.states.add(state)

    def _deleted(self, one, done):
        if done:
            one.states = {None}
            self.gone.add(one.user)
            self.acknowledged["delete"] += 1
        else:
            one.states.add(None)

    # ---- the end

    def assert_kept(self):
        """Whatever was acknowledged is there, exactly once; whatever was refused is not. The stack is settled."""
        mongo = self.stack.mongo
        fields = {"gender": 1, "country": 1, "_hc.gone": 1}
        there = {row["_id"]: row for row in mongo.users.find({"_id": {"$in": list(self.known)}}, fields)}
        usage = {row["_id"]: row["n"] for row in mongo.hc_usage.find({"_id": {"$in": list(self.known)}})}
        for one in self.known.values():
            row = there.get(one.user)
            assert row is None or "gone" not in row.get("_hc", {}), ("a deleted user was left", row)
            state = row and (row["gender"], row["country"])
            assert state in one.states, (one.user, state, one.states)
            if row is None:
                continue
            made = usage.get(one.user, 0) - one.base
            assert one.requests <= made <= one.requests + one.perhaps, (one.user, made, one.requests, one.perhaps)
        assert mongo.users.count_documents({"email": {"$in": self.refused}}) == 0
        unclear = list(mongo.users.find({"email": {"$in": list(self.unclear_mails)}}))
        assert len({row["email"] for row in unclear}) == len(unclear)
        for row in unclear:
            assert (row["gender"], row["country"]) == self.unclear_mails[row["email"]]
        self._assert_nothing_dead()
        print("traffic:", self.acknowledged, self.outcomes)

    def _assert_nothing_dead(self):
        """Nothing was taken for poison, but what was told of users who perhaps never came to be."""
        never = {str(one.user).encode() for one in self.known.values() if None in one.states and one.user not in self.gone}
        never |= self.never
        dead = [one for one in self.stack.kafka.dead(self.dead_before) if not any(n in one["value"] for n in never)]
        assert not dead, dead[:3]

    def born(self):
        """How many users more there are than were given to it. The stack is settled."""
        return self.acknowledged["create"] - self.acknowledged["delete"] + self._unclear_births()

    def _unclear_births(self):
        """What became of those whose outcome nobody knew."""
        unclear = [one.user for one in self.known.values() if None in one.states and one.user not in self.gone]
        there = self.stack.mongo.users.count_documents({"_id": {"$in": unclear}})
        came = self.stack.mongo.users.count_documents({"email": {"$in": list(self.unclear_mails)}})
        created = sum(1 for one in self.known.values() if one.user in set(unclear) and one.doubtful)
        return came + there - (len(unclear) - created)


def take_users(stack, job, count=None):
    """Generated users, for a Traffic to use."""
    found = stack.mongo.users.find({"_id": store.job_range(stack.mongo, job["id"])}, {"gender": 1, "country": 1})
    return list(found.sort("_id", 1).limit(count or 0))


def settle(stack, seconds=60):
    """Until all is read and counted, and no intent is left."""
    stack.idle(seconds)
    wait_until(lambda: assert_no_intent(stack), 10)


def assert_no_intent(stack):
    left = list(stack.mongo.hc_slots.find({"intent": {"$ne": None}}, {"intent.id": 1, "v": 1}))
    assert not left, f"intents were left: {left}"
    return True


def assert_no_leftovers(stack):
    """Nothing is stored of users who were taken out. A program that stood still may bring something back, uncounted; the
    leader takes it away within a minute or so (E3; consumer/leftovers.h)."""
    graves = {"$in": [one["_id"] for one in stack.mongo.hc_tombstones.find({}, {"_id": 1})]}
    left = {"users": stack.mongo.users.find_one({"_id": graves}), "usage": stack.mongo.hc_usage.find_one({"_id": graves}),
            "requests": stack.mongo.useractivities.find_one({"user": graves})}
    assert not any(left.values()), left
    return True


def assert_counted_as_they_are(stack):
    """What is kept of each user as counted is what he is: else his next edit would be taken off wrongly."""
    codes = stack.country_codes()
    rows = stack.mongo.users.aggregate([{"$group": {"_id": {"g": "$gender", "c": "$country", "kg": "$_hc.k.g",
                                                            "kc": "$_hc.k.c"}, "n": {"$sum": 1}}}])
    wrong = [row for row in rows if row["_id"].get("kg") != row["_id"]["g"]
             or row["_id"].get("kc") != codes.get(row["_id"]["c"], "ZZ")]
    assert not wrong, wrong[:5]


def assert_whole_and_exact(stack, traffic=None, users=None):
    """All that is asked of a stack that is settled; nothing was taken for poison."""
    there = stack.assert_exact(users)
    assert_counted_as_they_are(stack)
    if traffic:
        traffic.assert_kept()
    return there


def seed_from_environment():
    seed = int(os.environ.get("HEADCOUNT_SEED") or random.SystemRandom().randrange(2**32))
    print(f"HEADCOUNT_SEED={seed}")
    return seed
