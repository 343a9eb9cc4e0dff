"""One, two and three consumer processes; stopping them in the middle."""
import os
import re
import signal
import time

import pytest

from support import store
from support.waiting import wait_until


@pytest.fixture
def one_again(stack):
    """One consumer process, whatever the test ran."""
    yield
    stack.consumers(1)


def test_one_two_three_processes_make_the_same_people(stack, one_again):
    made = []
    for count in (1, 2, 3):
        stack.consumers(count)
        assert wait_until(lambda: stack.counts()["pipeline"]["consumers"] == count, 5)
        job = stack.wait_job(stack.generate(30_000, seed=2026))
        made.append(store.people_hash(stack.mongo, job["id"]))
        assert stack.recount(store.job_range(stack.mongo, job["id"]))["users"] == 30_000
        stack.idle()
        stack.assert_exact()
    assert len(set(made)) == 1


def cpu_ticks(pid):
    """Processor time that a process has used."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_several_processes_share_one_job(stack, one_again):
    """Each of three processes does a fair part of the work."""
    stack.consumers(3)
    pids = [stack.pid(f"consumer-{number}") for number in (1, 2, 3)]
    before = [cpu_ticks(pid) for pid in pids]
    stack.wait_job(stack.generate(100_000))
    work = [cpu_ticks(pid) - ticks for pid, ticks in zip(pids, before)]
    assert min(work) >= sum(work) / 10, work
    stack.idle()
    stack.assert_exact()


def ended(stack, name, pid, signal_number):
    """Sends the signal; (seconds until the process is gone, exit code as its supervisor saw it)."""
    log = stack.log("supervisor")
    began = time.monotonic()
    os.kill(pid, signal_number)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 20, every=0.02)
    seconds = time.monotonic() - began
    line = wait_until(lambda: re.search(rf"{name} ended with code (\d+)", stack.log("supervisor")[len(log):]), 5)
    return seconds, int(line.group(1))


@pytest.mark.parametrize("how", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.full)])
def test_stop_in_the_middle_is_clean(stack, how):
    """Exit code 0 within 5 s; whoever comes next ends the job exactly."""
    job = stack.generate(80_000)
    wait_until(lambda: stack.job(job)["done"] > 0, 10)
    seconds, code = ended(stack, "consumer-1", stack.pid("consumer-1"), how)
    assert code == 0 and seconds < 5, (code, seconds)
    assert stack.wait_job(job, 60)["done"] == 80_000
    assert stack.recount(store.job_range(stack.mongo, job["id"]))["users"] == 80_000
    stack.idle()
    stack.assert_exact()
    stack.wait_ready()


def test_web_service_stops_cleanly_while_it_answers(stack, http):
    """SIGTERM: exit code 0, and no request gets less than a whole answer; the next process takes over."""
    for _ in range(20):
        assert http.get("/v1/counts").status == 200
    seconds, code = ended(stack, "fcgi-1", stack.pid("fcgi-1"), signal.SIGTERM)
    assert code == 0 and seconds < 5, (code, seconds)
    wait_until(lambda: http.get("/v1/health").status == 200, 10)
    stack.wait_ready()


@pytest.mark.full
def test_two_kills_in_a_row_end_exactly(stack):
    """SIGKILL at any moment; the fault tests do this at every failpoint."""
    job = stack.generate(60_000)
    for share in (0.2, 0.5):
        wait_until(lambda: stack.job(job)["done"] >= 60_000 * share, 60)
        stack.kill("consumer-1")
    assert stack.wait_job(job, 90)["done"] == 60_000
    assert stack.recount(store.job_range(stack.mongo, job["id"]))["users"] == 60_000
    stack.wait_ready()
    stack.idle()
    stack.assert_exact()
