"""Kafka as a foreign program sees it: sending what it likes, reading what lies there, moving a group's offsets."""
import json
import time

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

TRIGGER = "user.create.bulk.randomusers"
BULK = "user.create.bulk"
ACTIVITY = "user.activate.create"
DEAD = "user.dead"
PING = "user.consumer.ping"
GROUP = "user-consumer-bulk"
EVENT_GROUP = "user-consumer-create"
ACTIVITY = "user.activate.create"
CREATED, UPDATED, DELETED = "user.created.single", "user.updated.single", "user.deleted.single"
READ = {GROUP: (TRIGGER, BULK), EVENT_GROUP: (ACTIVITY, CREATED, UPDATED, DELETED)}

# A broker that has just come up says these of topics and groups that it has.
PASSING = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
           KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.LEADER_NOT_AVAILABLE,
           KafkaError._TRANSPORT, KafkaError._TIMED_OUT}


def _patiently(ask, seconds=10):
    """ask(), again while the broker is still finding its feet."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except KafkaException as error:
            if time.monotonic() > end or not error.args[0].retriable() and error.args[0].code() not in PASSING:
                raise
        time.sleep(0.1)


class Kafka:
    def __init__(self, broker):
        self.broker = broker
        self.forget()

    def forget(self):
        """Drops the connections: the broker was wiped or replaced."""
        self._producer = self._admin = None

    @property
    def producer(self):
        if self._producer is None:
            self._producer = Producer({"bootstrap.servers": self.broker, "linger.ms": 0, "message.timeout.ms": 10000,
                                       "message.max.bytes": 2_000_000, "log_level": 0})
        return self._producer

    def send(self, topic, value, key=None, partition=None):
        """Sends one message and waits for it; a dict becomes JSON. Returns (partition, offset)."""
        if isinstance(value, (dict, list)):
            value = json.dumps(value).encode()
        got = []
        where = {} if partition is None else {"partition": partition}
        self.producer.produce(topic, value=value, key=key, on_delivery=lambda error, msg: got.append((error, msg)),
                              **where)
        self.producer.flush(15)
        assert got, f"no delivery report for {topic}"
        error, message = got[0]
        assert error is None, error
        return message.partition(), message.offset()

    def send_all(self, topic, values):
        """Sends many, each a dict, and waits for all."""
        failed = []
        for value in values:
            self.producer.produce(topic, json.dumps(value), on_delivery=lambda error, _: error and failed.append(error))
            self.producer.poll(0)
        assert self.producer.flush(60) == 0 and not failed, failed[:3]

    @property
    def admin(self):
        if self._admin is None:
            self._admin = AdminClient({"bootstrap.servers": self.broker, "log_level": 0})
        return self._admin

    def partitions(self, topic):
        def ask():
            found = self.admin.list_topics(topic, timeout=10).topics[topic]
            if found.error is not None:
                raise KafkaException(found.error)
            return sorted(found.partitions)
        return _patiently(ask)

    def topics(self):
        return set(self.admin.list_topics(timeout=10).topics)

    def bounds(self, topic):
        """{partition: (offset of the first message, offset of the next one)}"""
        reader = self._reader()
        try:
            return {p: _patiently(lambda: reader.get_watermark_offsets(TopicPartition(topic, p), timeout=10))
                    for p in self.partitions(topic)}
        finally:
            reader.close()

    def ends(self, topic):
        """{partition: offset of the next message}"""
        return {p: end for p, (_, end) in self.bounds(topic).items()}

    def count(self, topic):
        """How many messages were ever sent to the topic."""
        return sum(self.ends(topic).values())

    def read(self, topic, since=None):
        """All messages that lie in the topic, from the offsets `since` ({partition: offset}) on."""
        begins = {p: max(begin, (since or {}).get(p, 0)) for p, (begin, _) in self.bounds(topic).items()}
        left = {p: end for p, end in self.ends(topic).items() if end > begins[p]}
        reader = self._reader()
        messages = []
        try:
            reader.assign([TopicPartition(topic, p, begins[p]) for p in left])
            limit = time.monotonic() + 20
            while left:
                assert time.monotonic() < limit, f"{topic}: {left} not reached"
                message = reader.poll(0.5)
                if message is None or message.error():
                    continue
                messages.append(message)
                if message.offset() + 1 >= left.get(message.partition(), 0):
                    left.pop(message.partition(), None)
        finally:
            reader.close()
        return messages

    def dead(self, since=None):
        """What lies in user.dead: [{value, topic, partition, offset, reason, …}]"""
        found = []
        for message in self.read(DEAD, since):
            headers = {name: value.decode() for name, value in message.headers() or []}
            found.append({**headers, "value": message.value(), "partition": int(headers["partition"]),
                          "offset": int(headers["offset"])})
        return found

    def truncate(self, *topics):
        """Takes all messages out; the offsets go on from where they are."""
        places = [TopicPartition(topic, p, end) for topic in topics for p, end in self.ends(topic).items() if end]
        if places:
            self._settle(self.admin.delete_records(places))

    def rewind(self, group, topic):
        """Sets a group, none of whose members may run, back to the topic's beginning."""
        self.move(group, topic, {p: begin for p, (begin, _) in self.bounds(topic).items()})

    def move(self, group, topic, offsets):
        """The same to {partition: offset}."""
        places = [TopicPartition(topic, p, offset) for p, offset in offsets.items()]
        self._settle(self.admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)]))

    def committed(self, group, topic):
        """{partition: committed offset}, -1001 where there is none."""
        places = [TopicPartition(topic, p) for p in self.partitions(topic)]

        def ask():
            (asked,) = self.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)]).values()
            try:
                return asked.result(5)
            except TimeoutError as error:  # it still asks a broker that was stopped meanwhile
                self.forget()
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT)) from error
        return {p.partition: p.offset for p in _patiently(ask, 25).topic_partitions}

    def members(self, group):
        """How many members the group has, and its state; (0, reason) while the broker can't tell."""
        (asked,) = self.admin.describe_consumer_groups([group]).values()
        try:
            described = asked.result(10)
        except (KafkaException, TimeoutError) as error:
            self.forget()
            return 0, repr(error)
        return len(described.members), described.state.name

    @staticmethod
    def _settle(futures):
        for future in futures.values():
            future.result(15)

    def _reader(self):
        return Consumer({"bootstrap.servers": self.broker, "group.id": "tests-reader", "enable.auto.commit": False,
                         "log_level": 0})
