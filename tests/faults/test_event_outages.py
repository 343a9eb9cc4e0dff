"""What counts events stands still, dies or comes back with nothing, while users are written and make requests.

Then: exact, every acknowledged write there once, every refused one not, no program of ours restarted but those that
were killed. The seed is printed and replays as HEADCOUNT_SEED.
"""
import json
import pathlib
import random
import re
import shutil
import time

import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, ResourceType

from faults.consumer import Consumer
from faults.traffic import (Traffic, assert_no_leftovers, assert_whole_and_exact, seed_from_environment, settle,
                            take_users)
from support import activity
from support.kafka import ACTIVITY, CREATED, DEAD, DELETED, EVENT_GROUP, READ, UPDATED, Kafka
from support.stack import Stack
from support.tcp_proxy import TcpProxy
from support.waiting import wait_until

EVENTS = (ACTIVITY, CREATED, UPDATED, DELETED)
OURS = ("fcgi-1", "consumer-1")


@pytest.fixture(scope="module")
def own():
    """A stack of these tests' own: what is done to its services is felt by nobody else."""
    with Stack(consumers=2) as one:
        yield one


@pytest.fixture
def crowd(own):
    """Users for a test's traffic."""
    own.wait_ready(60)
    return take_users(own, own.wait_job(own.generate(100)))


def recovered(stack, traffic, seconds=90):
    traffic.end()
    stack.wait_ready(60)
    settle(stack, seconds)
    wait_until(lambda: assert_no_leftovers(stack), 90, every=1)
    return assert_whole_and_exact(stack, traffic)


def kill_or_freeze(stack, name, chance):
    """One fault of one process: dead and back by its supervisor, or silent for a few seconds."""
    if chance.random() < 0.4 and name in ("redis", "ferretdb", "postgres"):
        with stack.frozen(name):
            time.sleep(chance.uniform(1, 3))
        return
    stack.kill(name)


def faults_in_turn(stack, users, rounds, seed):
    chance = random.Random(seed)
    names = ["consumer-1", "fcgi-1", "redis", "kafka", "consumer-2", *stack.mongodb_processes()]
    with Traffic(stack, seed, pause=0.01, users=users) as traffic:
        for _ in range(rounds):
            chance.shuffle(names)
            for name in names:
                time.sleep(chance.uniform(0.5, 2))
                wait_until(lambda name=name: stack.headcount("pid", name, check=False).returncode == 0, 40)
                kill_or_freeze(stack, name, chance)
        time.sleep(2)
        recovered(stack, traffic)
    assert traffic.outcomes["ok"] > 5, traffic.outcomes


@pytest.mark.timeout(240)
def test_each_process_dies_once(own, crowd):
    faults_in_turn(own, crowd, 1, seed_from_environment())


@pytest.mark.full
@pytest.mark.timeout(1200)
def test_each_process_dies_again_and_again(own, crowd):
    faults_in_turn(own, crowd, 8, seed_from_environment())


# ---- standing still

STILL = [("consumer-1", 9), *(pytest.param(name, 4, marks=pytest.mark.full) for name in ("ferretdb", "postgres", "redis"))]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("frozen, seconds", STILL)
def test_one_stands_still(own, crowd, frozen, seconds):
    """F04, E3: a consumer longer than its session, so that the other one gets its partitions; then it goes on."""
    if frozen not in ("consumer-1", "redis", *own.mongodb_processes()):
        frozen = own.mongodb_processes()[0]
    pids = [own.pid(name) for name in OURS]
    with Traffic(own, seed_from_environment(), users=crowd) as traffic:
        time.sleep(1)
        with own.frozen(frozen):
            time.sleep(seconds)
        time.sleep(2)
        recovered(own, traffic)
    assert [own.pid(name) for name in OURS] == pids, "a program was restarted"


def outage(own, crowd, max_poll_ms, seconds):
    """MongoDB hangs in the middle of a job. What the consumer said meanwhile, and its memory before and after in kB."""
    settings = {"APP_KAFKA_CONFIG": f"max.poll.interval.ms={max_poll_ms}", "APP_CHUNK_USERS": "500"}

    def rss_kb(consumer):
        status = pathlib.Path(f"/proc/{consumer.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])
    with own.stopped("consumer"), Traffic(own, seed_from_environment(), http=False, users=crowd) as traffic:
        with Consumer(own, "release", settings) as consumer:
            job = own.generate(20_000)
            own.wait_progress(job, 1000)
            with own.frozen(own.mongodb_processes()[0]):
                time.sleep(3)
                said, before = len(consumer.tail(10_000)), rss_kb(consumer)
                time.sleep(seconds)
                after, meanwhile = rss_kb(consumer), consumer.tail(10_000)[said:]
            traffic.end()
            own.wait_job(job)
            settle(own)
            assert_whole_and_exact(own, traffic)
    return meanwhile, before, after


@pytest.mark.full
@pytest.mark.timeout(180)
def test_an_outage_longer_than_a_poll_may_take(own, crowd):
    """F15: whoever waits for MongoDB stays a member of both groups, grows no fatter, and goes on where he was."""
    meanwhile, before, after = outage(own, crowd, 25_000, 45)
    assert "member.lost" not in meanwhile and "member.revoked" not in meanwhile, meanwhile
    assert after - before < 0.05 * before + 1024, f"{before} kB grew to {after} kB"


@pytest.mark.full
@pytest.mark.timeout(180)
def test_partitions_that_are_lost_while_nothing_is_read(own, crowd):
    """One command takes longer than the group waits: the partitions go and come back, and are read on."""
    outage(own, crowd, 8_000, 22)


# ---- lost replies

class LosingProxy(TcpProxy):
    """Passes all on, and instead of one reply in so many cuts the connection: done, but nobody was told."""

    def __init__(self, target, chance, one_in):
        self.chance, self.one_in, self.lost, self.losing = chance, one_in, 0, False
        super().__init__(target)

    def reply_watcher(self):
        def watch(_):
            if self.losing and self.chance.randrange(self.one_in) == 0:
                self.lost += 1
                raise ConnectionResetError
        return watch


def lossy(stack, seed, one_in):
    host, port = stack.addresses["APP_MONGODB_CONNECTION_STRING"].split("://")[1].split("/")[0].rsplit(":", 1)
    proxy = LosingProxy((host, int(port)), random.Random(seed), one_in)
    return proxy, stack.addresses["APP_MONGODB_CONNECTION_STRING"].replace(f"{host}:{port}", f"127.0.0.1:{proxy.port}")


@pytest.mark.timeout(240)
def test_replies_lost_on_the_way_to_a_consumer(own, crowd):
    """F16: whatever was written, the consumer finds out and goes on."""
    seed = seed_from_environment()
    proxy, uri = lossy(own, seed, 40)
    with own.stopped("consumer"):
        with proxy, Traffic(own, seed, pause=0.02, users=crowd) as traffic:
            with Consumer(own, "release", {"APP_MONGODB_CONNECTION_STRING": uri}):
                time.sleep(2)
                proxy.losing = True
                wait_until(lambda: proxy.lost >= 20, 90)
                proxy.losing = False
                traffic.end()
                settle(own)
                assert_whole_and_exact(own, traffic)


@pytest.mark.full
def test_replies_lost_on_the_way_to_the_web_service(own, crowd):
    """E19, F16: an answer tells what is, or that nobody knows; the one that says "refused" is never wrong."""
    seed = seed_from_environment()
    proxy, uri = lossy(own, seed, 12)
    with proxy, own.beside(env={"APP_MONGODB_CONNECTION_STRING": uri}) as web:
        proxy.losing = True
        with Traffic(own, seed, http=web.http, users=crowd) as traffic:
            wait_until(lambda: proxy.lost >= 30, 45)
            time.sleep(1)
            proxy.losing = False
            recovered(own, traffic)
    print(proxy.lost, "replies lost", traffic.outcomes)
    assert traffic.outcomes["ok"] > 20


# ---- the log

@pytest.mark.full
def test_members_come_and_go(own, crowd):
    """F06: each few seconds a consumer joins or leaves."""
    seed = seed_from_environment()
    chance, extra = random.Random(seed), []
    with Traffic(own, seed, users=crowd) as traffic:
        for _ in range(6):
            time.sleep(chance.uniform(1, 3))
            if extra and chance.random() < 0.5:
                extra.pop().stop()
            else:
                extra.append(Consumer(own, "release").start())
        for one in extra:
            one.stop()
        recovered(own, traffic)


@pytest.mark.full
def test_everything_again_and_cut_otherwise(own, crowd):
    """F07, F08: both groups from the beginning, with another number of consumers and so other batches."""
    settle(own)
    own.kafka.truncate(*EVENTS)  # what other tests told of users who never came to be
    traffic = Traffic(own, seed_from_environment(), users=crowd)
    traffic.batch(400)
    before = recovered(own, traffic)
    with own.stopped("consumer"):
        for topic in EVENTS:
            own.kafka.rewind(EVENT_GROUP, topic)
        with Consumer(own, "release", {"APP_EVENT_WORKERS": "1"}), Consumer(own, "release", {"APP_EVENT_WORKERS": "3"}):
            settle(own)
            assert assert_whole_and_exact(own, traffic) == before


def test_a_few_users_in_all_partitions(own, crowd):
    """E1: many workers want the same slot at the same time."""
    partitions = own.kafka.partitions(ACTIVITY)
    settle(own)
    before = own.counters()["requests"]
    with Consumer(own, "release", {"APP_EVENT_WORKERS": "4"}):
        for number in range(600):
            value = activity.request(crowd[number % 3]["_id"], event=f"hot-{number}")
            own.kafka.producer.produce(ACTIVITY, value=json.dumps(value).encode(),
                                       partition=partitions[number % len(partitions)])
        own.kafka.producer.flush(15)
        settle(own)
    assert own.assert_exact()["requests"] == before + 600


@pytest.mark.full
def test_more_partitions_while_it_runs(own, crowd):
    """E2: 12 become 20; our own producers and everyone else's go on."""
    with Traffic(own, seed_from_environment(), users=crowd) as traffic:
        time.sleep(1)
        more = [NewPartitions(topic, 20) for topic in EVENTS]
        for future in own.kafka.admin.create_partitions(more).values():
            future.result(15)
        own.kafka.forget()
        time.sleep(4)
        recovered(own, traffic)
    assert len(own.kafka.partitions(ACTIVITY)) == 20


@pytest.mark.full
def test_offsets_beyond_the_end(own, crowd):
    """E11: what was committed is not there; all is read again from the beginning, and nothing counted twice."""
    settle(own)
    own.kafka.truncate(*EVENTS)
    traffic = Traffic(own, seed_from_environment(), users=crowd)
    traffic.batch(200)
    recovered(own, traffic)
    with own.stopped("consumer"):
        for topic in EVENTS:
            own.kafka.move(EVENT_GROUP, topic, {p: end + 500 for p, end in own.kafka.ends(topic).items()})
        traffic.batch(100)
    recovered(own, traffic)


@pytest.mark.timeout(240)
def test_kafka_wiped_and_mongodb_kept(own, crowd):
    """F13, E11: topics made anew, offsets from 0 again; what is sent then is counted, what was counted stays."""
    traffic = Traffic(own, seed_from_environment(), users=crowd)
    traffic.batch(300)
    recovered(own, traffic)
    first = {name: len(own.log(name)) for name in OURS}
    own.stop("kafka")
    shutil.rmtree(own.data / "data" / "kafka")
    own.start("kafka")
    own.kafka.forget()
    wait_until(lambda: set(sum(READ.values(), ())) | {DEAD} <= own.kafka.topics(), 30)
    # The new cluster gives the numbers of producers anew: who keeps an old one loses messages to its namesake.
    traffic.new_producer()
    for name in OURS:
        wait_until(lambda name=name: "bus.renewed" in own.log(name)[first[name]:], 30, f"{name} keeps its producer")
    traffic.dead_before = {}
    traffic.batch(300)
    recovered(own, traffic)
    said = own.log("consumer-1")[first["consumer-1"]:].lower()
    assert "kafka" in said or "broker" in said


# ---- poison

def refuses(kafka, topic):
    """Nothing can be written to the topic."""
    try:
        Kafka(kafka.broker).send(topic, b"a trial", partition=0)
    except AssertionError:
        return True
    return False


def test_poison_while_the_dead_letters_are_away(own, crowd):
    """F25, F26: nothing is dropped and no offset moves past it; then each lies there once, and the good are counted."""
    kafka, poison = own.kafka, [b"{", b"[]", b'{"body": {"user": 17}}', b"\xff"]
    settle(own)
    before = own.counters()["requests"]
    resource = ConfigResource(ResourceType.TOPIC, DEAD)

    def allow(yes):
        kind = AlterConfigOpType.DELETE if yes else AlterConfigOpType.SET
        resource.incremental_configs = [ConfigEntry("max.message.bytes", "1", incremental_operation=kind)]
        kafka._settle(kafka.admin.incremental_alter_configs([resource]))
    allow(False)
    try:
        wait_until(lambda: refuses(kafka, DEAD), 20, every=0.3)
        dead, committed = kafka.ends(DEAD), kafka.committed(EVENT_GROUP, ACTIVITY)[3]
        for value in poison:
            kafka.send(ACTIVITY, value, partition=3)
        activity.send_request(own, crowd[0]["_id"], partition=3)
        activity.send_request(own, crowd[1]["_id"], partition=4)
        wait_until(lambda: own.counters()["requests"] >= before + 1, 20)
        time.sleep(3)
        assert kafka.committed(EVENT_GROUP, ACTIVITY)[3] in (committed, -1001), "an offset moved past what is nowhere"
    finally:
        allow(True)
    settle(own)
    assert own.assert_exact()["requests"] == before + 2
    told = [one["value"] for one in kafka.dead(dead)]
    assert sorted(told) == sorted(poison)
