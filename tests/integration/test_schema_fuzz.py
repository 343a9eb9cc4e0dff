"""The server does what www/openapi.json says, whatever is asked: schemathesis tries it, with Redis and without."""
import contextlib
import copy
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from support.stack import ROOT

WRITES_BEHIND = True  # not behind, but beyond what any other file expects to find

OPENAPI = json.loads((ROOT / "www/openapi.json").read_text())
CONFIG = ROOT / "tests/support/schemathesis.toml"
PROGRAM = pathlib.Path(sys.executable).parent / "schemathesis"
MAX = 1000  # users a job


@pytest.fixture(scope="module")
def small(stack):
    """A server that makes no big jobs, over an empty database."""
    if not stack.is_empty():
        stack.idle()
        stack.fresh()
    with stack.beside(env={"APP_GENERATE_MAX": str(MAX)}) as other:
        yield other


def document():
    """www/openapi.json with the maximum of that server."""
    there = copy.deepcopy(OPENAPI)
    for item in there["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] == "n":
                    parameter["schema"]["maximum"] = MAX
    return there


def run(server, folder, what, *words, seconds):
    """Runs schemathesis; (exit code, its report from the failures on, how many cases there were)."""
    (folder / "openapi.json").write_text(json.dumps(what))
    env = {**os.environ, "SCHEMATHESIS_HOOKS": "support.schema_hooks", "PYTHONPATH": str(ROOT / "tests")}
    done = subprocess.run([PROGRAM, "--config-file", CONFIG, "run", folder / "openapi.json", "-u", server.url,
                           "--workers", "1", "--no-color", *map(str, words)], env=env, cwd=folder, capture_output=True,
                          text=True, timeout=seconds, stdin=subprocess.DEVNULL)
    report = done.stdout[max(done.stdout.find("= FAILURES ="), 0):] if done.returncode else done.stdout
    cases = re.search(r"(\d+) generated", done.stdout)
    return done.returncode, f"{report[:20000]}{done.stderr[-2000:]}", int(cases[1]) if cases else 0


@contextlib.contextmanager
def stores(stack, how):
    with stack.stopped("redis") if how == "redis down" else contextlib.nullcontext():
        yield


def assert_nothing_found(server, folder, *words, least, seconds):
    code, report, cases = run(server, folder, document(), *words, seconds=seconds)
    assert code == 0, report
    assert cases >= least, report
    assert server.http.get("/v1/health").status == 200
    assert "runtime error" not in server.log("fcgi-1") and '"level":"error"' not in server.log("fcgi-1")


@pytest.mark.parametrize("how", ["stores up", "redis down"])
@pytest.mark.timeout(300)
def test_nothing_is_found(stack, small, tmp_path, how):
    """Every bound of every field, then some at random, then what follows from an answer."""
    with stores(stack, how):
        assert_nothing_found(small, tmp_path, "-n", 3, "--seed", 7, "--phases", "coverage,fuzzing,stateful", least=900,
                             seconds=250)


@pytest.mark.full
@pytest.mark.parametrize("how", ["stores up", "redis down"])
@pytest.mark.timeout(1800)
def test_nothing_is_found_in_long(stack, small, tmp_path, how):
    """2 000 cases and more, with another seed each time; a failure prints it."""
    with stores(stack, how):
        assert_nothing_found(small, tmp_path, "-n", 50, least=2000, seconds=1700)


BROKEN = {
    "an answer lacks a field": ("/v1/user/agg/gender", lambda at: at["get"]["responses"]["200"]["content"][
        "application/json"]["schema"]["properties"]["result"].update(required=["unicorn"])),
    "a bound is too wide": ("/v1/user/agg/country", lambda at: at["get"]["parameters"][0]["schema"]["anyOf"][0].update(
        maximum=301)),
    "a bound is too narrow": ("/v1/user/agg/country", lambda at: at["get"]["parameters"][0]["schema"]["anyOf"][0].update(
        maximum=299)),
    "a method is not told": ("/v1/admin/recount", lambda at: at.pop("post")),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_is_found(small, tmp_path, what):
    """The same run, of a document that says something else than the server does."""
    path, break_it = BROKEN[what]
    wrong = document()
    inline(wrong, wrong["paths"][path]["get"]["responses"]["200"])
    break_it(wrong["paths"][path])
    code, report, _ = run(small, tmp_path, wrong, "-n", 5, "--seed", 7, "--phases", "coverage", "--include-path", path,
                          seconds=100)
    assert code == 1 and "FAILURES" in report, report


def inline(whole, response):
    """Puts the schema that a response's result names in its place, so that one answer's can be changed."""
    for content in response["content"].values():
        result = content["schema"].get("properties", {}).get("result", {})
        if "$ref" in result:
            content["schema"]["properties"]["result"] = copy.deepcopy(
                whole["components"]["schemas"][result["$ref"].rsplit("/", 1)[1]])
