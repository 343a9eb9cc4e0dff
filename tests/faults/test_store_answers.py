"""What a replica set may answer and a single server never does: refusals in the middle of a failover, half a batch, a write
that only the primary has, a member that lags. A proxy that speaks MongoDB's protocol says so to a consumer.

Then: all is counted exactly, nothing was taken for poison, and the consumer went on by itself. The seed is printed and
replays as HEADCOUNT_SEED.
"""
import itertools
import random
import time

import pytest
from bson import Timestamp

from faults.consumer import Consumer
from faults.traffic import Traffic, assert_whole_and_exact, seed_from_environment, settle, take_users
from support import activity
from support.mongo_wire import Answer, WireProxy, name_of, refusal
from support.stack import Stack
from support.waiting import wait_until

DEADLOCK = 16908292  # PostgreSQL's 40P01, as DocumentDB passes it on
WRITES = {"insert", "update", "delete", "findAndModify"}


@pytest.fixture(scope="module")
def own():
    """A stack whose consumer is the test's own."""
    with Stack() as one:
        one.stop("consumer")
        yield one
        one.start("consumer")


@pytest.fixture
def crowd(own):
    """Users that nobody has written to yet, counted."""
    with Consumer(own, "release"):
        users = take_users(own, own.wait_job(own.generate(100)))
        settle(own)
    return users


class Telling(WireProxy):
    """One command in so many gets what `tell` makes of it, while it is on."""

    def __init__(self, stack, seed, one_in, tell):
        host, port = stack.addresses["APP_MONGODB_CONNECTION_STRING"].split("://")[1].split("/")[0].rsplit(":", 1)
        self.chance, self.one_in, self.tell, self.on, self.told = random.Random(seed), one_in, tell, False, 0
        super().__init__((host, int(port)))
        self.uri = stack.addresses["APP_MONGODB_CONNECTION_STRING"].replace(f"{host}:{port}", f"127.0.0.1:{self.port}")

    def on_command(self, command):
        if not self.on or self.chance.randrange(self.one_in):
            return None
        told = self.tell(command, None)
        self.told += told is not None
        return told

    def on_reply(self, command, reply):
        if command.get("halved"):
            raise ConnectionResetError
        if not self.on or self.chance.randrange(self.one_in):
            return reply
        told = self.tell(command, reply)
        self.told += told is not None
        return reply if told is None else told


def not_done(code, *labels):
    """Refused, and nothing was done."""
    return lambda command, reply: refusal(code, *labels) if reply is None else None


def done_all_the_same(code, *labels):
    """The server did it, and then said that it did not."""
    return lambda command, reply: None if reply is None else refusal(code, *labels)


def not_on_the_majority(command, reply):
    """Written, but perhaps to be rolled back."""
    if reply is None or next(iter(command)) not in WRITES:
        return None
    return {**reply, "writeConcernError": {"code": 64, "codeName": "WriteConcernFailed", "errmsg": "waiting timed out"}}


def half_and_then_cut(command, reply):
    """Of many documents the first half goes in; then the connection ends."""
    documents = command.get("documents", [])
    if reply is not None or len(documents) < 2:
        return None
    command.update(documents=documents[:len(documents) // 2], halved=True)
    return {key: value for key, value in command.items() if key != "halved"}


def each_refused(code):
    """The command is fine, each of its documents is not."""
    def tell(command, reply):
        documents = command.get("documents", [])
        if reply is not None or len(documents) < 2:
            return None
        return Answer(ok=1.0, n=0, writeErrors=[{"index": i, "code": code, "errmsg": "told"} for i in range(len(documents))])
    return tell


ANSWERS = {
    "stepping down, not done": not_done(10107, "RetryableWriteError"),
    "stepping down, done": done_all_the_same(189, "RetryableWriteError"),
    "shutting down, not done": not_done(91),
    "interrupted, done": done_all_the_same(11600),
    "no reason, not done": not_done(1),
    "time exceeded, done": done_all_the_same(262),
    "not on the majority": not_on_the_majority,
    "half and then cut": half_and_then_cut,
    "documents refused in passing": each_refused(189),
    "documents in a deadlock": each_refused(DEADLOCK),
}
OF_DOCUMENTS = ("half and then cut", "documents refused in passing", "documents in a deadlock")  # rarer, so told more often
SHORT = ("stepping down, done", "half and then cut", "not on the majority")


@pytest.mark.timeout(150)
@pytest.mark.parametrize("answer", [pytest.param(a, marks=() if a in SHORT else pytest.mark.full) for a in ANSWERS])
def test_a_consumer_that_is_told(own, crowd, answer):
    """F16, F17, F35: jobs, requests, edits and deletions while the database answers so."""
    seed = seed_from_environment()
    one_in, least = (2, 8) if answer in OF_DOCUMENTS else (6, 25)
    with Telling(own, seed, one_in, ANSWERS[answer]) as proxy, Traffic(own, seed, pause=0.02, users=crowd) as traffic:
        with Consumer(own, "release", {"APP_MONGODB_CONNECTION_STRING": proxy.uri, "APP_CHUNK_USERS": "500"}) as consumer:
            proxy.on = True
            jobs = [own.generate(4000)]
            while proxy.told < least and len(jobs) < 10:  # chance may have it that one job is not enough
                if own.job(jobs[-1])["state"] == "done":
                    jobs.append(own.generate(2000))
                time.sleep(0.05)
            proxy.on = False
            traffic.end()
            assert proxy.told >= least, f"told {proxy.told} times in {len(jobs)} jobs"
            for job in jobs:
                assert own.wait_job(job)["failed"] == 0
            settle(own)
            assert_whole_and_exact(own, traffic)
            assert consumer.process.poll() is None, consumer.tail()


def in_deadlocks():
    """A write of one document was undone for another one's sake: two of three, so that none meets it again and again."""
    turns = itertools.cycle((True, True, False))

    def tell(command, reply):
        name = next(iter(command))
        if reply is not None or name not in WRITES or not next(turns):
            return None
        return refusal(DEADLOCK) if name == "findAndModify" else Answer(
            ok=1.0, n=0, writeErrors=[{"index": 0, "code": DEADLOCK, "errmsg": "told"}])
    return tell


def test_a_web_service_that_meets_deadlocks(own, crowd):
    """Nobody hears of a write that was undone and made again."""
    with Telling(own, 1, 1, in_deadlocks()) as proxy:
        with own.beside(env={"APP_MONGODB_CONNECTION_STRING": proxy.uri}) as web, Consumer(own, "release"):
            own.wait_ready()
            proxy.on = True
            with Traffic(own, 5, http=web.http, users=crowd) as traffic:
                wait_until(lambda: proxy.told >= 20 and traffic.outcomes["ok"] > 20, 30)
                proxy.on = False
            settle(own)
            assert_whole_and_exact(own, traffic)
    assert traffic.outcomes["ok"] > 20 and traffic.outcomes["refused"] == traffic.outcomes["no answer"] == 0


def edits_untold():
    """FerretDB says no more than 1 when a findAndModify meets a deadlock; here also when it was done."""
    turns, now = itertools.cycle(("not done", "done", "", "not done", "not done", "not done", "done", "")), [""]

    def tell(command, reply):
        if next(iter(command)) != "findAndModify":
            return None
        if reply is None:
            now[0] = next(turns)
        return refusal(1) if now[0] == ("not done" if reply is None else "done") else None
    return tell


def test_an_edit_whose_answer_does_not_tell(own, crowd):
    """What became of it is looked up, and it is made again if nothing did: once in the end, and answered with what stands."""
    with Telling(own, 1, 1, edits_untold()) as proxy:
        with own.beside(env={"APP_MONGODB_CONNECTION_STRING": proxy.uri}) as web:
            user = f"/v1/user/{crowd[0]['_id']}"
            tag, proxy.on = web.http.get(user).headers["ETag"], True
            for i in range(40):
                answer = web.http.request("PATCH", user, body={"name": f"Edited {i}"}, headers={"If-Match": tag})
                assert (answer.status, answer.json["result"]["name"]) == (200, f"Edited {i}"), answer
                tag = answer.headers["ETag"]
                assert web.http.get(user).headers["ETag"] == tag
            assert proxy.told >= 60


class Lagging(Telling):
    """Says with each reply when it was, as a replica set does, and keeps what the consumer's commands ask for."""

    def __init__(self, stack):
        super().__init__(stack, 0, 1, lambda command, reply: None)
        self.time, self.seen = 0, []

    def on_command(self, command):
        concern = command.get("readConcern", {})
        self.seen.append((name_of(command), command.get("lsid", {}).get("id"), concern.get("afterClusterTime"),
                          str(command.get("filter"))))
        return {**command, "readConcern": {"level": "majority"}} if "afterClusterTime" in concern else None

    def on_reply(self, command, reply):
        self.time += 1
        now = Timestamp(1_800_000_000, self.time)
        return {**reply, "operationTime": now}


def test_a_step_reads_nothing_older_than_its_slot(own, crowd):
    """E22: all that a step reads is at least as new as the slot it read first, whoever is primary by then."""
    with Lagging(own) as proxy:
        with Consumer(own, "release", {"APP_MONGODB_CONNECTION_STRING": proxy.uri, "APP_EVENT_WORKERS": "1"}):
            settle(own)
            before = len(proxy.seen)
            activity.send_request(own, crowd[0]["_id"])
            settle(own)
    # Others read there too, for the schedule; the step's own read asks for the user.
    reads = [one for one in proxy.seen[before:] if one[0] in ("find hc_usage", "find hc_tombstones")
             and str(crowd[0]["_id"]) in one[3]]
    assert {one[0] for one in reads} == {"find hc_usage", "find hc_tombstones"}, proxy.seen[before:]
    slots = [one for one in proxy.seen[before:] if one[0] == "find hc_slots"]
    for name, session, after, _ in reads:
        assert after is not None, f"{name} may be older than the slot"
        assert session in [one[1] for one in slots], f"{name} is in another session than its slot"
