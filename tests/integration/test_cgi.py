"""The second transport: the same binary as a plain CGI program, without a web server."""
import pytest

from support.cgi import cgi
from support.problem import assert_problem
from support.stack import ROOT
from support.waiting import wait_until


@pytest.fixture
def run(stack):
    """run(method, uri, …): one request to a process of its own."""
    program = ROOT / "build" / "release" / "headcount.fcgi"
    names = ("APP_MONGODB_CONNECTION_STRING", "APP_REDIS_CONNECTION_STRING", "APP_KAFKA_BROKER")
    env = {name: stack.addresses[name] for name in names} | {"APP_WWW": str(ROOT / "www")}
    return lambda method, uri, **more: cgi(program, env, method, uri, **more)


def test_health(run):
    answer = run("GET", "/v1/health")
    assert (answer.status, answer.json) == (200, {"message": "up"})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_reads_are_the_same_as_through_the_web_server(stack, run):
    stack.wait_job(stack.generate(20))
    stack.idle()
    users = stack.recount()["users"]
    wait_until(lambda: run("GET", "/v1/counts").result["users"] == users, 5)  # a kept answer is a second old at most
    assert run("GET", "/v1/user?limit=7").json == stack.http.get("/v1/user?limit=7").json
    user = run("GET", "/v1/user?limit=1").result[0]
    assert run("GET", f"/v1/user/{user['_id']}").result == user
    assert run("GET", f"/v1/user/userEmail/{user['email']}").result == user
    assert run("GET", "/v1/user/agg/all/country").result == stack.http.get("/v1/user/agg/all/country").result


def test_etag(run):
    tag = run("GET", "/v1/user?limit=2").headers["ETag"]
    answer = run("GET", "/v1/user?limit=2", headers={"If-None-Match": tag})
    assert answer.status == 304 and answer.body == b""


def test_generate(stack, run):
    answer = run("POST", "/v1/generate/users/random/25", body={"seed": 4})
    assert answer.status == 202 and answer.result["seed"] == 4
    assert stack.wait_job(answer.result)["done"] == 25
    assert run("GET", "/v1/generate/users/random/2").status == 200
    stack.idle()
    stack.assert_exact()


def test_page(run):
    answer = run("GET", "/")
    assert answer.status == 200 and answer.text.startswith("<!doctype html>")


def test_errors(run):
    assert_problem(run("GET", "/v1/nothing"), 404)
    assert_problem(run("GET", "/v1/user/xyz"), 400, field="id")
    assert_problem(run("PUT", "/v1/counts"), 405)
    assert_problem(run("POST", "/v1/generate/users/random/5", body=b"{"), 400)
    assert_problem(run("POST", "/v1/generate/users/random/5", headers={"X-Forwarded-For": "1.2.3.4"}), 403)
    assert run("HEAD", "/v1/health").body == b""


def test_a_body_shorter_than_it_says(run):
    answer = run("POST", "/v1/generate/users/random/5", body=b'{"seed": 5}', headers={})
    assert answer.status == 202
