"""A whole Headcount of the tests' own: services, programs and web server on free ports, with data in a folder of its own.

    with Stack() as stack:                                   # everything, about 10 s
    with Stack(env={"APP_CHUNK_USERS": "500"}, consumers=3, build="build/faults") as stack:
    with Stack(only="redis,kafka,mongodb") as stack:         # no programs of ours

    stack.http.get("/v1/counts")        stack.generate(1000), stack.wait_job(job)
    stack.mongo, stack.redis, stack.kafka                    clients
    stack.assert_exact()                counters, a recount of the users and /v1/counts say the same
    stack.fresh()                       an empty database, about 1.5 s
    stack.stop("consumer"), stack.start("consumer"), stack.restart("fcgi-1")
    stack.pid("consumer-1"), stack.frozen("redis"), stack.held_down("postgres")
    with stack.beside(env={…}, fcgi=2) as other:   further programs with other settings over the same services

Several stacks may run side by side. All is driven through services/headcount, as a user would; processes are met
by the pid that it tells, never by name.
"""
import contextlib
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections import Counter

import pymongo
import redis as redis_client

from support import store
from support.http import Http
from support.kafka import DEAD, GROUP, READ, Kafka
from support.waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVICES = ROOT / "services" / "headcount"
PROGRAMS = "fcgi,consumer"
EVERYTHING = "redis,kafka,mongodb,fcgi,consumer,web"


def free_ports(count):
    """Ports of 127.0.0.1 that the system says are free, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Stack:
    def __init__(self, env=None, consumers=1, fcgi=1, build=None, only=EVERYTHING):
        self.only = only.split(",")
        self.settings = {"HEADCOUNT_CONSUMERS": str(consumers), "HEADCOUNT_FCGI": str(fcgi), **(env or {})}
        if build:
            self.settings["HEADCOUNT_BUILD"] = str(build)
        self.data = None
        self._mongo = None
        self.written_behind = False  # the database holds what the counters were not told of, see conftest.py

    # ---- life

    def up(self):
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="hc-", dir="/tmp"))
        self.data.chmod(0o755)
        try:
            self._start_all()
        except BaseException:
            self.down()
            raise
        return self

    def _start_all(self):
        for _ in range(3):
            names = ("HEADCOUNT_KAFKA_PORT", "HEADCOUNT_KAFKA_CONTROLLER_PORT", "HEADCOUNT_MONGODB_PORT", "APP_PORT")
            self.ports = dict(zip(names, map(str, free_ports(len(names)))))
            done = self.headcount("start", "--only", ",".join(self.only), check=False)
            if "is taken" not in done.stderr:  # by someone who was faster
                break
        assert done.returncode == 0, done.stdout + done.stderr
        self._read_addresses()
        if "fcgi" in self.only and "consumer" in self.only:
            self.wait_ready()

    def _read_addresses(self):
        lines = self.headcount("env").stdout.splitlines()
        told = dict(part.split("=", 1) for line in lines for part in shlex.split(line)[1:])
        self.addresses = told
        self.url = told["HEADCOUNT_URL"]
        self.http = Http(self.url)
        self.kafka = Kafka(told["APP_KAFKA_BROKER"])
        self.redis = redis_client.Redis.from_url(told["APP_REDIS_CONNECTION_STRING"], socket_timeout=5)

    def down(self):
        """Stops all and removes the folder. What can't be stopped is told, not hidden."""
        if self.data is None:
            return
        if self._mongo:
            self._mongo.close()
            self._mongo = None
        stopped = self.headcount("stop", check=False)
        shutil.rmtree(self.data, ignore_errors=True)
        self.data = None
        assert stopped.returncode == 0, stopped.stdout + stopped.stderr

    def __enter__(self):
        return self.up()

    def __exit__(self, *_):
        self.down()

    def beside(self, env=None, only="fcgi,web", **more):
        """Further programs over this stack's services, with settings of their own; starts in a second."""
        names = ("APP_MONGODB_CONNECTION_STRING", "APP_REDIS_CONNECTION_STRING", "APP_KAFKA_BROKER")
        return Stack(env={**{name: self.addresses[name] for name in names}, **(env or {})}, only=only, **more)

    # ---- services/headcount

    def environment(self):
        """That of the verbs: the caller's without its settings, then ours."""
        env = {name: value for name, value in os.environ.items()
               if not name.startswith("APP_") and (not name.startswith("HEADCOUNT_") or name == "HEADCOUNT_CACHE")}
        env.update(self.ports, HEADCOUNT_DATA=str(self.data))
        env.update(self.settings)
        return {name: value for name, value in env.items() if value is not None}

    def headcount(self, *words, check=True):
        done = subprocess.run([SERVICES, *words], env=self.environment(), cwd=ROOT, capture_output=True, text=True,
                              timeout=180, stdin=subprocess.DEVNULL)
        assert not check or done.returncode == 0, f"services/headcount {words}: {done.stdout}{done.stderr}"
        return done

    def start(self, what):
        self.headcount("start", "--only", what)

    def stop(self, what):
        self.headcount("stop", "--only", what)

    def restart(self, name):
        self.headcount("restart", name)

    def pid(self, name):
        return int(self.headcount("pid", name).stdout)

    def supervisor_pid(self, name):
        return int((self.data / "run" / f"{name}.supervisor").read_text().split()[0])

    def kill(self, name, how=signal.SIGKILL):
        """Sends a signal to one process; its supervisor starts it again."""
        pid = self.pid(name)
        os.kill(pid, how)
        return pid

    @contextlib.contextmanager
    def frozen(self, name):
        """The process is there and does nothing."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def held_down(self, name, how=signal.SIGKILL):
        """One process, such as postgres alone, is dead and not started again before the end of the with."""
        pid, supervisor = self.pid(name), self.supervisor_pid(name)
        os.kill(supervisor, signal.SIGSTOP)
        try:
            os.kill(pid, how)
            wait_until(lambda: _is_dead(pid), 20, f"{name} doesn't die")
            yield
        finally:
            os.kill(supervisor, signal.SIGCONT)

    @contextlib.contextmanager
    def stopped(self, what):
        """A service is stopped in order, and started again at the end of the with."""
        self.stop(what)
        try:
            yield
        finally:
            self.start(what)

    def consumers(self, count):
        """Runs that many consumer processes from now on."""
        self.stop("consumer")
        self.settings["HEADCOUNT_CONSUMERS"] = str(count)
        self.start("consumer")
        self.wait_ready()

    def log(self, name):
        """What a process has written, "" before it has."""
        try:
            return (self.data / "log" / f"{name}.log").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def logs(self, ours=15, others=4, width=400):
        """The last lines of everyone's log: more of our programs' than of the services'."""
        parts = []
        for file in sorted((self.data / "log").glob("*.log")) if self.data else []:
            count = ours if file.name.startswith(("fcgi", "consumer", "supervisor")) else others
            lines = file.read_text(errors="replace").splitlines()[-count:]
            parts.append("\n".join([f"== {file.name}", *(line[:width] for line in lines)]))
        return "\n".join(parts)

    # ---- state

    @property
    def mongo(self):
        """The database of the programs, by a client that waits 5 s at most."""
        if self._mongo is None:
            self._mongo = pymongo.MongoClient(self.addresses["APP_MONGODB_CONNECTION_STRING"], w="majority",
                                              serverSelectionTimeoutMS=5000, socketTimeoutMS=60000)
        return self._mongo.get_default_database()

    def ready(self):
        """`result` of /v1/ready, also of a 503."""
        token = self.environment().get("APP_ADMIN_TOKEN")
        answer = self.http.get("/v1/ready", headers={"Authorization": f"Bearer {token}"} if token else {})
        return answer.json.get("result", {})

    def wait_ready(self, seconds=30):
        """Until all services and a consumer are seen, and every worker is a member of the bulk group."""
        def all_joined():
            members, workers = self.kafka.members(GROUP), self.workers()
            assert members == (workers, "STABLE"), f"the group has {members}, there are {workers} workers"
            return True
        wait_until(lambda: self.ready().get("degraded") is False, seconds, "/v1/ready stays degraded", every=0.1)
        wait_until(all_joined, seconds, every=0.1)

    def workers(self):
        """Bulk workers of all consumer processes, as each said at its last start."""
        count = int(self.environment()["HEADCOUNT_CONSUMERS"])
        said = [re.findall(r'"consumer.started".*?"workers":(\d+)', self.log(f"consumer-{n + 1}")) for n in range(count)]
        return sum(int(numbers[-1]) for numbers in said if numbers)

    def fresh(self):
        """An empty database and cache.

        The programs prepare the schema once, so they are stopped, the database is dropped, Redis is flushed, and they
        start again on nothing. Kafka's topics stay, emptied; their offsets go on from where they were.
        """
        self.stop(PROGRAMS)
        self._mongo_drop()
        self.written_behind = False
        self.kafka.truncate(*(topic for topics in READ.values() for topic in topics), DEAD)
        self.redis.flushall()
        self.start(PROGRAMS)
        self.wait_ready()

    def _mongo_drop(self):
        database = self.mongo
        database.client.drop_database(database.name)

    def mongodb_processes(self):
        """The processes that MongoDB's protocol needs here: mongod, or FerretDB and PostgreSQL."""
        there = {file.stem for file in (self.data / "run").glob("*.address")}
        return [name for name in ("mongod", "ferretdb", "postgres") if name in there]

    def is_empty(self):
        return self.mongo.users.find_one({}, {"_id": 1}) is None and self.mongo.hc_jobs.find_one() is None

    # ---- jobs

    def generate(self, n, seed=None, headers=None):
        """Asks for n users; returns the job as it was answered."""
        answer = self.http.post(f"/v1/generate/users/random/{n}", None if seed is None else {"seed": seed},
                                headers=headers)
        assert answer.status == 202, answer
        return answer.result

    def job(self, job):
        """The job as it is now; job: an id, or one as it was answered."""
        job_id = job if isinstance(job, str) else job["id"]
        return self.http.get(f"/v1/jobs/{job_id}").result

    def wait_job(self, job, seconds=60, state="done"):
        """Until the job has that state (and, if that is a final one, is settled: finishedAt is set)."""
        def there():
            now = self.job(job)
            settled = now["finishedAt"] or state not in ("done", "cancelled", "failed")
            assert now["state"] == state and settled, now
            return now
        return wait_until(there, seconds)

    def wait_progress(self, job, done, seconds=30):
        """Until at least that many of its users are counted."""
        wait_until(lambda: self.job(job)["done"] >= done, seconds, f"the job doesn't get to {done} users")

    def idle(self, seconds=60):
        """Until no job waits or runs, both groups have read everything that lies in their topics, and no user is due."""
        def nothing_open():
            return self.mongo.hc_jobs.find_one({"open": True}, {"_id": 1}) is None

        def all_read():
            for group, topics in READ.items():
                for topic in topics:
                    committed = self.kafka.committed(group, topic)
                    bounds = self.kafka.bounds(topic).items()
                    behind = {p: end for p, (begin, end) in bounds if end > max(committed[p], begin)}
                    assert not behind, f"{topic}: up to {behind} is not committed, {committed} is"
            return True

        def nobody_due():
            return self.mongo.users.find_one({"_hc.due": {"$gt": ""}}, {"_id": 1}, hint="due_1") is None
        wait_until(nothing_open, seconds, "a job stays open")
        wait_until(all_read, seconds, every=0.2)
        wait_until(nobody_due, seconds, "a user stays due")

    # ---- counts

    def counts(self):
        return self.http.get("/v1/counts").result

    def recount(self, ids=None):
        return store.recount(self.mongo, ids)

    def counters(self):
        return store.counters(self.mongo)

    def assert_exact(self, users=None):
        """All that is counted, as stored, as counted, and as shown. users: how many there must be."""
        there, counted = self.recount(), self.counters()
        if users is not None:
            assert there["users"] == users, there["users"]
        assert there["emails"] == there["users"]
        for key in ("users", "gender"):
            assert counted[key] == there[key], (key, counted[key], there[key])
        names = self.country_codes()
        by_code = self._by_code(there, names)
        assert counted["country"] == by_code
        there.update(self._assert_requests_exact(counted))
        wait_until(lambda: self._shown_is(there, names), 5)
        return there

    def _assert_requests_exact(self, counted):
        there = store.recount_requests(self.mongo)
        floor = min(slot.get("floor", 0) for slot in self.mongo.hc_slots.find({}, {"floor": 1}))
        there["day"] = {day: n for day, n in there["day"].items() if int(day) >= floor}
        for key in ("requests", "os", "browser", "day"):
            assert counted[key] == there[key], (key, counted[key], there[key])
        usage = store.usage(self.mongo)
        wrong = {user: (usage.get(user), there["by_user"].get(user)) for user in usage.keys() | there["by_user"].keys()
                 if usage.get(user) != there["by_user"].get(user)}
        assert not wrong, ("requests as counted of a user, and as there are", wrong)
        made = set(there["by_user"])
        living = {user["_id"] for user in self.mongo.users.find({"_id": {"$in": list(made)}}, {"_id": 1})}
        assert made == living, f"requests of users who are not there: {list(made - living)[:3]}"
        return there

    @staticmethod
    def _by_code(there, codes):
        """{code: users}; what is no country of the table, as others may write it, is ZZ."""
        counts = Counter()
        for name, n in there["country"].items():
            counts[codes.get(name, "ZZ")] += n
        return counts

    def _shown_is(self, there, codes):
        shown = self.counts()
        assert shown["users"] == there["users"], (shown["users"], there["users"])
        assert {g: n for g, n in shown["gender"].items() if n} == there["gender"]
        assert shown["countries"] == len(codes.keys() & there["country"].keys())
        assert shown["exact"] is True
        by_code = self._by_code(there, codes)
        for row in shown["topCountries"]:
            assert by_code[row["code"]] == row["sum"], row
        best = sorted(by_code.values(), reverse=True)[:15]
        assert [row["sum"] for row in shown["topCountries"]] == best
        return True

    @staticmethod
    def country_codes():
        """{name: code} of lib/data, the table that the programs are built from."""
        rows = (ROOT / "lib" / "data" / "countries.tsv").read_text().splitlines()
        fields = [row.split("\t") for row in rows if row and not row.startswith("#")]
        return {row[3]: row[0] for row in fields}


def _is_dead(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def elapsed_ms(work):
    """Milliseconds that work() takes."""
    began = time.monotonic()
    work()
    return (time.monotonic() - began) * 1000
