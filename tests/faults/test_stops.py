"""A consumer that is told to stop ends within five seconds whatever hangs, and what it had begun is finished later."""
import signal
import time

import pytest

from faults.consumer import Consumer, assert_whole
from faults.test_kills import CHUNKS, quiet  # noqa: F401 a fixture


@pytest.mark.parametrize("hanging", ["kafka", "ferretdb", "redis"])
def test_a_stop_while_a_service_hangs(quiet, hanging):  # noqa: F811
    job = quiet.generate(60_000)
    with Consumer(quiet, "release", CHUNKS) as consumer:
        quiet.wait_progress(job, 4_000)
        with quiet.frozen(hanging):
            time.sleep(0.5)
            began = time.monotonic()
            consumer.process.send_signal(signal.SIGTERM)
            code = consumer.process.wait(10)
            took = time.monotonic() - began
        assert code == 0, consumer.tail()
        assert took < 5, f"{took:.1f} s"
    with Consumer(quiet, "release", CHUNKS):
        quiet.wait_job(job, 60)
        assert_whole(quiet, job)


def test_a_stop_with_nothing_there(quiet):  # noqa: F811
    """No service can be reached: it starts, waits, and ends in order."""
    nowhere = {"APP_KAFKA_BROKER": "127.0.0.1:1", "APP_MONGODB_CONNECTION_STRING": "mongodb://127.0.0.1:1",
               "APP_REDIS_CONNECTION_STRING": "unix:///nowhere"}
    with Consumer(quiet, "release", nowhere) as consumer:
        time.sleep(1)
        began = time.monotonic()
        consumer.stop()
        assert time.monotonic() - began < 5


def test_more_workers_than_the_address_allows_clients(quiet):  # noqa: F811
    """maxPoolSize in the address is raised to what the workers need: none stands for ever."""
    uri = quiet.addresses["APP_MONGODB_CONNECTION_STRING"] + "&maxPoolSize=1"
    job = quiet.generate(40_000)
    with Consumer(quiet, "release", {**CHUNKS, "APP_MONGODB_CONNECTION_STRING": uri, "APP_WORKERS": "6"}):
        quiet.wait_job(job, 60)
        assert_whole(quiet, job)
