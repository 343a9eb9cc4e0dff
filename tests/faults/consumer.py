"""A consumer that a test starts and ends itself, beside the stack's supervisor, so that it stays dead when killed."""
import os
import pathlib
import signal
import subprocess
import tempfile
import time

from support import store
from support.stack import ROOT
from support.waiting import wait_until

# One worker with a name in its groups: who comes after it takes its partitions at once, not after the 6 s of a session.
ALONE = {"APP_WORKERS": "1", "APP_EVENT_WORKERS": "1", "APP_KAFKA_CONFIG": "group.instance.id=one"}


class Consumer:
    """with Consumer(stack, "faults", {"HC_FAIL": "insert.in:3"}) as c: …   variant: a folder below build/, or a path"""

    def __init__(self, stack, variant, env=None):
        folder = pathlib.Path(variant) if "/" in str(variant) else ROOT / "build" / variant
        self.program = folder / "headcount-consumer"
        self.env = {**{k: v for k, v in stack.addresses.items() if k.startswith("APP_")}, "PATH": os.environ["PATH"],
                    **(env or {})}
        self.process = None

    def start(self):
        self.log = tempfile.NamedTemporaryFile("w+", prefix="consumer-", suffix=".log")
        self.process = subprocess.Popen([self.program], env=self.env, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log)
        return self

    def stop(self):
        """In order; a consumer that doesn't end by itself within 10 s is a failure."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                code = self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"the consumer did not stop:\n{self.tail()}") from None
            assert code == 0, f"exit code {code}:\n{self.tail()}"
        self.log.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def died_within(self, seconds):
        """True as soon as it is dead, of whatever."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        return self.process.poll() is not None

    def wait_killed(self, seconds):
        """Until it died at its failpoint."""
        wait_until(lambda: self.process.poll() is not None, seconds, "the failpoint was not reached")
        assert self.process.returncode == -signal.SIGKILL, f"it ended otherwise:\n{self.tail()}"

    def tail(self, lines=20):
        self.log.flush()
        return "".join(pathlib.Path(self.log.name).read_text(errors="replace").splitlines(keepends=True)[-lines:])

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()


def assert_whole(stack, job):
    """All that V1 and V2 ask of a job that is done: its indexes are 0 … N-1, each once; nothing more; counts exact."""
    total = job["total"]
    wanted = store.job_range(stack.mongo, job["id"])
    ids = [user["_id"] for user in stack.mongo.users.find({"_id": wanted}, {"_id": 1})]
    indexes = {int(str(one)[16:], 16) for one in ids}
    assert len(ids) == total, f"{len(ids)} of {total} users"
    assert indexes == set(range(total))
    now = stack.job(job)
    assert (now["state"], now["done"], now["failed"]) == ("done", total, 0), now
    assert stack.mongo.hc_slots.find_one({"intent": {"$ne": None}}) is None, "an intent was left"
    stack.assert_exact(total)
