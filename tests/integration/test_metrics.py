"""GET /metrics of all processes, and the lines that requests leave in the log."""
import json
import re
import socket
import subprocess
import time

import pytest

from support.kafka import BULK
from support.metrics import Metrics, read
from support.problem import assert_problem
from support.stack import ROOT, Stack
from support.waiting import wait_until

TOKEN = "a-token-of-the-tests-only"


@pytest.fixture(scope="module")
def pair():
    """Two of each program, with the log at its usual level."""
    with Stack(consumers=2, fcgi=2) as stack:
        yield stack


def metrics(stack):
    return read(stack.http)


def told(stack, check, seconds=10):
    """The page once check(page) holds; every process tells its numbers once a second."""
    def holds():
        page = metrics(stack)
        assert check(page), page.text
        return page
    return wait_until(holds, seconds, every=0.2)


# ---- the page


def test_every_process_is_there(pair):
    page = told(pair, lambda page: len(page.instances()) == 4)
    programs = sorted(labels["program"] for name, labels, _ in page.samples if name == "headcount_build_info")
    assert programs == ["headcount-consumer"] * 2 + ["headcount.fcgi"] * 2
    assert len(page.find("process_start_time_seconds")) == 4
    assert all(0 <= time.time() - at < 600 for at in page.find("process_start_time_seconds"))
    assert all(bytes_ > 1e6 for bytes_ in page.find("process_resident_memory_bytes"))
    told(pair, lambda page: sorted(page.find("headcount_leader")) == [0, 1])
    for service in ("redis", "kafka"):
        told(pair, lambda page: page.find(f"headcount_{service}_up") == [1] * 4)
    told(pair, lambda page: len(up := page.find("headcount_mongodb_up")) >= 2 and set(up) == {1})  # of those that asked it


def test_a_stopped_process_is_gone_at_once(pair):
    told(pair, lambda page: len(page.instances()) == 4)
    pair.stop("consumer")
    try:
        told(pair, lambda page: len(page.instances()) == 2, 3)
        assert not pair.redis.keys("hc:1:metrics:consumer*")
    finally:
        pair.start("consumer")
        pair.wait_ready()
    told(pair, lambda page: len(page.instances()) == 4)


def test_promtool_finds_no_fault(pair):
    pair.wait_job(pair.generate(500))
    page = told(pair, lambda page: len(page.instances()) == 4)
    done = subprocess.run(["promtool", "check", "metrics"], input=page.text, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    broken = page.text.replace("# TYPE headcount_steps_total counter", "# TYPE headcount_steps_total gauge")
    done = subprocess.run(["promtool", "check", "metrics"], input=broken, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0


def test_documented_as_it_is(pair):
    """docs/operations.md has a row for each metric of the table; the page shows nothing else."""
    rows = re.findall(r"^\| `([a-z_]+)(?:\{([a-z, ]+)\})?` \| (\w+) \| (\w+) \| (.+) \|$",
                      (ROOT / "docs/operations.md").read_text(), re.M)
    documented = {name: (kind, who, labels, text) for name, labels, kind, who, text in rows}
    source = (ROOT / "lib/metrics_table.h").read_text().replace("\\\n", "\n")
    label = dict(re.findall(r'X\(([A-Z]+), "([a-z]+)", \d+\)', source))
    table = {}
    for _, kind, name, who, a, b, c, text in re.findall(
            r'X\((\w+), (\w+), "(\w+)", \d+, (\w+), (\w+), (\w+), (\w+), \w+,\s+"([^"]+)"\)', source):
        names = ", ".join(label[one] for one in (a, b, c) if one != "NONE")
        table[name] = (kind.lower(), {"WEB": "web", "CONSUMER": "consumer", "BOTH": "both"}[who], names, text)
    assert len(table) > 30 and documented == table
    page = metrics(pair)
    assert {name: documented[name][0] for name in page.types} == page.types
    consumers = {name for name, (_, who, _, _) in table.items() if who == "consumer"}
    of_web = {name for name, labels, _ in page.samples if "web" in labels["instance"]}
    assert not of_web & consumers


def test_requests_are_counted_by_pattern_and_status(pair):
    def counted(page, route, method, status):
        return page.sum("headcount_http_requests_total", route=route, method=method, status=status)

    wanted = [("/v1/user/" + "0" * 24, "/v1/user/:id", "GET", "404", 3), ("/v1/user/xyz", "/v1/user/:id", "GET", "400", 2),
              ("/v1/counts", "/v1/counts", "GET", "200", 4), ("/v1/secret-of-somebody", "none", "GET", "404", 2),
              ("/v1/health", "/v1/health", "HEAD", "200", 1), ("/v1/health", "/v1/health", "PUT", "405", 1)]
    time.sleep(1.2)  # what was asked before has been told by now
    before = metrics(pair)
    for path, _, method, status, times in wanted:
        for _ in range(times):
            assert pair.http.request(method, path).status == int(status)

    def all_there(page):
        return all(counted(page, route if status != "405" else "none", method, status)
                   - counted(before, route if status != "405" else "none", method, status) == times
                   for _, route, method, status, times in wanted)
    page = told(pair, all_there)
    assert "secret-of-somebody" not in page.text and "0" * 24 not in page.text
    name = "headcount_http_request_duration_seconds"
    for route in ("/v1/counts", "/v1/user/:id"):
        assert page.sum(f"{name}_count", route=route) == page.sum(f"{name}_bucket", route=route, le="+Inf") \
            == page.sum("headcount_http_requests_total", route=route)
        assert 0 < page.sum(f"{name}_sum", route=route) < 60
    assert page.sum("headcount_errors_total", kind="not-found") - before.sum("headcount_errors_total", kind="not-found") == 5
    assert page.sum("headcount_http_requests_in_flight") >= 1  # the one for the page itself


def test_hits_and_misses(pair):
    def answers(page, outcome):
        return page.sum("headcount_cache_answers_total", outcome=outcome)

    time.sleep(1.2)
    before = metrics(pair)
    page_of = f"/v1/user/agg/country?limit={100 + int(time.time()) % 200}"
    for _ in range(5):
        assert pair.http.get(page_of).status == 200
    page = told(pair, lambda page: sum(answers(page, o) - answers(before, o) for o in ("hit", "stale", "filled")) >= 5)
    assert answers(page, "filled") > answers(before, "filled")
    assert answers(page, "hit") > answers(before, "hit")


def test_a_job_moves_the_consumers_numbers(pair):
    told(pair, lambda page: sum(page.find("headcount_kafka_lag_messages")) == 0)
    before = metrics(pair)

    def grown(page, name, **labels):
        return page.sum(name, **labels) - before.sum(name, **labels)
    pair.wait_job(pair.generate(20_000))
    page = told(pair, lambda page: grown(page, "headcount_users_inserted_total") == 20_000)
    page = told(pair, lambda page: grown(page, "headcount_kafka_messages_total", topic=BULK, outcome="processed") >= 4)
    assert grown(page, "headcount_steps_total") >= 4
    assert grown(page, "headcount_mongodb_commands_total", command="insert", result="ok") >= 20
    assert grown(page, "headcount_mongodb_command_duration_seconds_count") >= 30
    assert grown(page, "headcount_kafka_sent_total", result="ok") >= 4
    users = pair.mongo.users.count_documents({})
    told(pair, lambda page: page.find("headcount_users") == [users] and page.find("headcount_jobs_open") == [0])
    told(pair, lambda page: set(page.find("headcount_kafka_lag_seconds")) <= {0})


def test_a_dead_letter_is_counted(pair):
    before = metrics(pair)
    pair.kafka.send(BULK, b"no JSON")
    page = told(pair, lambda page: page.sum("headcount_kafka_messages_total", topic=BULK, outcome="dead")
                - before.sum("headcount_kafka_messages_total", topic=BULK, outcome="dead") == 1)
    assert page.sum("headcount_log_lines_total", level="warn") > 0


def test_what_a_repeated_message_does(pair):
    """The same slice again is processed and changes no counter."""
    job = pair.wait_job(pair.generate(500))
    pair.idle()
    before = told(pair, lambda page: True)
    time.sleep(2.5)
    before = metrics(pair)
    pair.kafka.send(BULK, json.dumps({"v": 1, "job": job["id"], "chunk": 0}).encode())
    page = told(pair, lambda page: page.sum("headcount_kafka_messages_total", topic=BULK, outcome="processed")
                - before.sum("headcount_kafka_messages_total", topic=BULK, outcome="processed") == 1)
    assert page.sum("headcount_users_inserted_total") == before.sum("headcount_users_inserted_total")


def test_without_redis_the_answering_process_shows_itself(pair):
    with pair.stopped("redis"):
        page = wait_until(lambda: (page := metrics(pair)).find("headcount_redis_up") == [0] and page, 10)
        (instance,) = page.instances()
        assert instance in ("web-1", "web-2")
        assert page.sum("headcount_redis_calls_total", result="failed") > 0
        subprocess.run(["promtool", "check", "metrics"], input=page.text, check=True, text=True, timeout=60)
    pair.wait_ready()
    told(pair, lambda page: len(page.instances()) == 4, 20)


def test_strangers_in_redis_make_no_bad_page(pair):
    name = next(iter(told(pair, lambda page: len(page.instances()) == 4).instances()))
    pair.redis.zadd("hc:1:instances", {"stranger": time.time() * 1000, 'a"b\nheadcount_steps_total 1': time.time() * 1000})
    pair.redis.hset("hc:1:instance:stranger", mapping={"v": 1, "role": "web", "beat": 1, "workers": 1, "lag": -1, "rate": 0,
                                                       "kafka": 1})
    pair.redis.set("hc:1:metrics:stranger", b'headcount_steps_total 7\nevil{a="b} 1\n# TYPE x y\nheadcount_steps_total\xff 1\n',
                   ex=15)
    page = told(pair, lambda page: page.find("headcount_steps_total", instance="stranger"), 3)
    assert page.one("headcount_steps_total", instance="stranger") == 7
    assert "evil" not in page.text and name in page.text
    pair.redis.delete("hc:1:metrics:stranger", "hc:1:instance:stranger")


def test_beyond_loopback_it_needs_the_token(pair):
    with pair.beside(env={"APP_BIND": "0.0.0.0", "APP_ADMIN_TOKEN": TOKEN}) as other:
        assert_problem(other.http.get("/metrics"), 401)
        assert_problem(other.http.get("/metrics", headers={"Authorization": "Bearer wrong"}), 401)
        page = wait_until(lambda: len((page := read(other.http, headers={"Authorization": f"Bearer {TOKEN}"})).instances()) >= 4
                          and page, 5)
        assert TOKEN not in page.text
        password = pair.addresses["APP_MONGODB_CONNECTION_STRING"]
        assert password not in page.text
    assert_problem(pair.http.get("/metrics", headers={"X-Forwarded-For": "10.0.0.1"}), 403)
    assert_problem(pair.http.post("/metrics"), 405)


# ---- the log


def lines(stack, name):
    """Every line of a program's log as what it says; one that is no JSON object, or holds a control byte, fails."""
    raw = (stack.data / "log" / f"{name}.log").read_bytes()
    found = []
    for line in raw.split(b"\n")[:-1]:
        assert not re.search(rb"[\x00-\x1f\x7f]", line), line
        found.append(json.loads(line.decode("utf-8")))
        assert {"time", "level", "event", "msg"} <= set(found[-1]), line
    return found


def of_request(stack, request_id):
    found = [line for n in (1, 2) if stack.log(f"fcgi-{n}") for line in lines(stack, f"fcgi-{n}")
             if line.get("req") == request_id]
    return [line for line in found if line["event"] == "request.done"]


def test_changes_and_errors_are_logged_with_their_id_reads_are_not(pair):
    change = pair.http.post("/v1/generate/users/random/1")
    missing = pair.http.get("/v1/nothing-here")
    given = pair.http.get("/v1/user/xyz", headers={"X-Request-Id": "from-the-client-7"})
    read_ = pair.http.get("/v1/user?limit=1")
    for answer, route, method, status in ((change, "/v1/generate/users/random/:n", "POST", 202),
                                          (missing, "", "GET", 404), (given, "/v1/user/:id", "GET", 400)):
        (line,) = of_request(pair, answer.headers["X-Request-Id"])
        assert (line["route"], line["method"], line["status"], line["level"]) == (route, method, status, "info")
        assert line["ms"] >= 0 and line["instance"]
    assert given.headers["X-Request-Id"] == "from-the-client-7"
    assert of_request(pair, read_.headers["X-Request-Id"]) == []


def test_a_busy_client_does_not_fill_the_log(pair):
    before = metrics(pair)
    lines = lambda: sum(pair.log(f"fcgi-{n}").count('"request.done"') for n in (1, 2))
    had = lines()
    for _ in range(300):
        assert pair.http.get("/v1/counts").status == 200
    assert lines() == had
    began = time.monotonic()
    count = 1500
    with socket.create_connection((pair.http.host, pair.http.port)) as link:  # refused ones, as fast as they come
        for _ in range(count // 50):
            link.sendall(b"GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
            got = b""
            while got.count(b"HTTP/1.1 404") < 50:
                got += link.recv(1 << 16)
    seconds = time.monotonic() - began
    written = sum(pair.log(f"fcgi-{n}").count('"status":404') for n in (1, 2))
    assert written <= (seconds + 2) * 100 * 2 + 10, (written, seconds)

    def none_is_lost(page):
        grown = {name: page.sum(name) - before.sum(name) for name in
                 ("headcount_log_lines_total", "headcount_log_lines_left_out_total")}
        return grown["headcount_log_lines_left_out_total"] > 0 and sum(grown.values()) >= count
    if count / seconds > 250:  # else nothing had to be left out
        told(pair, none_is_lost)


@pytest.fixture(scope="module")
def chatty(pair):
    """A web service that logs everything."""
    with pair.beside(env={"APP_LOG_LEVEL": "debug", "APP_ADMIN_TOKEN": TOKEN}) as other:
        yield other


HOSTILE = [
    b"GET /v1/user/%0a%7b%22level%22%3a%22error%22%7d HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /v1/user?name=%1b%5b31mred%07 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /v1/user?search=%c3%28%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /v1/\xff\xfe\"\\ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /v1/user/userEmail/x%0d%0aX-Evil:1@y.z HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /v1/jobs/%e2%80%a8%c2%85%c2%9b HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /v1/counts HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: a\x1b[2Jb\r\nUser-Agent: \x7f\"}\r\n\r\n",
    b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {\"level\":\"error\"}\r\n\r\n",
    b"POST /v1/generate/users/random/1%0a HTTP/1.1\r\nHost: localhost\r\nOrigin: http://\x80\"\r\nContent-Length: 0\r\n\r\n",
    b"BREW\x01 /v1/counts HTTP/1.1\r\nHost: localhost\r\n\r\n",
]


def exchange(http, request):
    with socket.create_connection((http.host, http.port), timeout=10) as link:
        link.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        got = b""
        while chunk := link.recv(1 << 16):
            got += chunk
    return got


def test_hostile_requests_make_one_sound_line_each(chatty):
    """Also in debug, where most is said: no control byte, no line of the client's own making."""
    before = len(lines(chatty, "fcgi-1"))
    ids = []
    for request in HOSTILE:
        head = exchange(chatty.http, request).split(b"\r\n\r\n")[0]
        assert b"X-Evil" not in head
        found = re.search(rb"^x-request-id: (\S+)\r?$", head, re.I | re.M)
        ids += [found[1].decode()] if found else []  # else lighttpd itself refused it
    assert len(ids) >= 2  # the rest is refused before it reaches the program
    new = lines(chatty, "fcgi-1")[before:]
    done = [line["req"] for line in new if line["event"] == "request.done"]
    assert sorted(done) == sorted(ids)
    assert all(re.fullmatch(r"[0-9A-Z]{26}", one) for one in done), done
    assert not [line for line in new if line["level"] == "error"]


def test_no_secret_and_no_person_in_the_log(pair, chatty):
    """At the usual level neither a token nor a person's data; the token not even in debug."""
    mail = "somebody.special@example.org"
    person = {"email": mail, "name": "Somebody Special", "phoneNumber": "+4915112345678", "gender": "female",
              "country": "Germany"}
    for http, headers in ((pair.http, {}), (chatty.http, {"Authorization": f"Bearer {TOKEN}"})):
        http.post("/v1/user", person, headers=headers)
        http.post("/v1/user", person, headers=headers)  # the e-mail is taken
        http.post("/v1/user", {**person, "country": "Nowhere-Special", "gender": mail}, headers=headers)
        http.get(f"/v1/user/userEmail/{mail}", headers=headers)
        http.get(f"/v1/user?email={mail}", headers=headers)
        http.get("/v1/user", headers={"Authorization": "Bearer not-" + TOKEN})
    usual = "".join(pair.log(f"fcgi-{n}") for n in (1, 2))
    for word in (mail, "Special", "+4915112345678"):
        assert word not in usual, word
    assert TOKEN not in chatty.log("fcgi-1") + chatty.log("lighttpd")
    (user,) = [pair.http.get(f"/v1/user/userEmail/{mail}").result]
    assert pair.http.request("DELETE", f"/v1/user/{user['_id']}").status == 200


def test_metrics_is_parsed_strictly():
    """The reader above refuses what Prometheus would."""
    for bad in ("x 1\n", 'x{a="b"} \n', 'x{a="b} 1\n', 'x{a="1"} 1\nx{a="1"} 2\n', 'x{a="1"} 1'):
        with pytest.raises(AssertionError):
            Metrics(bad)
