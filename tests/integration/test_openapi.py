"""www/openapi.json says what the server does: its routes, and the shape of every answer."""
import json
import re
import uuid

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from support.stack import ROOT
from support.waiting import wait_until

OPENAPI = json.loads((ROOT / "www/openapi.json").read_text())
VERBS = ("get", "post", "put", "patch", "delete")
NOBODY = "0" * 24
NO_JOB = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def described():
    return {(verb.upper(), path) for path, item in OPENAPI["paths"].items() for verb in item if verb in VERBS}


def table():
    """What fcgi/routes.c has."""
    rows = re.findall(r'^\s*\{([A-Z| ]+), "([^"]+)",', (ROOT / "fcgi/routes.c").read_text(), re.M)
    assert len(rows) > 30
    return {(verb.strip(), re.sub(r":(\w+)", r"{\1}", path)) for verbs, path in rows for verb in verbs.split("|")}


def test_routes_are_those_of_the_table():
    assert described() == table()


def test_the_document_is_sound():
    assert OPENAPI["openapi"].startswith("3.1")
    for name, schema in OPENAPI["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema), name
    operations = [op for item in OPENAPI["paths"].values() for verb, op in item.items() if verb in VERBS]
    assert len({op["operationId"] for op in operations}) == len(operations)
    used = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(OPENAPI)))
    assert used == set(OPENAPI["components"]["schemas"])


def test_it_is_served(http):
    answer = http.get("/openapi.json")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("application/json")
    assert answer.json == OPENAPI


def assert_fits(answer, verb, path):
    """Status, type and body are as the document says for that operation."""
    responses = OPENAPI["paths"][path][verb.lower()]["responses"]
    said = responses.get(str(answer.status)) or responses["default"]
    assert str(answer.status) in responses or answer.status >= 400, answer
    content = said.get("content", {})
    if not content:
        assert answer.body == b"", answer
        return
    kind = answer.headers["Content-Type"].split(";")[0]
    assert kind in content, (kind, list(content))
    for name in said.get("headers", {}):
        if name in ("Location", "ETag", "Content-Disposition"):
            assert name in answer.headers, (name, answer)
    schema = {**content[kind]["schema"], "components": OPENAPI["components"]}
    value = answer.json if kind.endswith("json") else answer.text
    problems = list(Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(value))
    assert not problems, (problems[0].message, list(problems[0].absolute_path), answer)


CALLS = [
    ("GET", "/", ""), ("GET", "/index.html", ""), ("GET", "/v1/health", ""), ("GET", "/v1/ready", ""),
    ("GET", "/metrics", ""), ("GET", "/v1/counts", ""), ("GET", "/v1/counts", "?at=x"),
    ("GET", "/v1/counts/history", ""), ("GET", "/v1/counts/history", "?step=0"), ("GET", "/v1/user", ""),
    ("GET", "/v1/user", "?country=FR&limit=3"), ("GET", "/v1/user", "?limit=0"), ("GET", "/v1/user/export", ""),
    ("GET", "/v1/user/export", "?format=x"), ("GET", "/v1/user/admin/count", ""), ("GET", "/v1/user/agg/country", ""),
    ("GET", "/v1/user/agg/country", "?limit=301"), ("GET", "/v1/user/agg/gender", ""),
    ("GET", "/v1/user/agg/all/{field}", ""), ("GET", "/v1/user/agg/device", ""), ("GET", "/v1/user/stat/dau", ""),
    ("GET", "/v1/user/stat/wau", ""), ("GET", "/v1/user/stat/mau", ""), ("GET", "/v1/user/stat/count/totalRequest", ""),
    ("GET", "/v1/user/stat/top-15-user", ""), ("GET", "/v1/user/userEmail/{mail}", ""),
    ("GET", "/v1/user/{id}", ""), ("GET", "/v1/user/{id}/requests", ""), ("POST", "/v1/user/activity/{id}", ""),
    ("GET", "/v1/user/activity/{id}", ""), ("POST", "/v1/generate/users/random/{n}", ""),
    ("GET", "/v1/generate/users/random/{n}", ""), ("POST", "/v1/generate/activities/random/{n}", ""),
    ("GET", "/v1/jobs", ""), ("GET", "/v1/jobs/{id}", ""), ("POST", "/v1/jobs/{id}/cancel", ""),
    ("POST", "/v1/jobs/{id}/pause", ""), ("POST", "/v1/jobs/{id}/resume", ""), ("GET", "/v1/admin/recount", ""),
    ("POST", "/v1/admin/recount", ""),
]


@pytest.fixture(scope="module")
def there(stack):
    """A job that is done, and a user with a request: what the paths' places stand for."""
    if not stack.is_empty():  # other tests leave users whose fields have odd types
        stack.idle()
        stack.fresh()
    job = stack.wait_job(stack.generate(5))
    user = stack.http.post("/v1/user", new_user()).result
    stack.http.post(f"/v1/user/activity/{user['_id']}")
    wait_until(lambda: stack.http.get(f"/v1/user/{user['_id']}/requests").result, 20)
    return {"job": job["id"], "user": user}


def new_user():
    return {"email": f"{uuid.uuid4().hex}@openapi.test", "name": "Ada Open", "phoneNumber": "+4411", "gender": "female",
            "country": "FR", "more": {"a": 1}}


def place(path, user, job, mail, n):
    return (path.replace("{id}", job if "/jobs/" in path else user).replace("{mail}", mail).replace("{n}", n)
            .replace("{field}", "country"))


@pytest.mark.parametrize("verb, path, query", CALLS)
def test_answers_fit(http, there, verb, path, query):
    user = there["user"]
    answer = http.request(verb, place(path, user["_id"], there["job"], user["email"], "5") + query, timeout=30)
    if not query and "/jobs/{id}/" not in path:  # a job that is done takes no orders
        assert answer.status < 300, answer
    assert_fits(answer, verb, path)
    if "{" in path and "{field}" not in path:
        for odd in (place(path, NOBODY, NO_JOB, "no@body.test", "0"), place(path, "zz", "zz", "x", "-1")):
            refused = http.request(verb, odd)
            assert refused.status >= 400, refused
            assert_fits(refused, verb, path)


def test_a_users_life_fits(http):
    body = new_user()
    created = http.post("/v1/user", body)
    assert created.status == 201
    assert_fits(created, "POST", "/v1/user")
    for wrong in (body, {}, {**body, "email": "x"}, [], {**body, "country": "Nowhere"}):
        refused = http.post("/v1/user", wrong)
        assert refused.status >= 400
        assert_fits(refused, "POST", "/v1/user")
    one = f"/v1/user/{created.result['_id']}"
    for verb in ("POST", "PATCH"):
        edited = http.request(verb, one, {"name": "Ada Edited"})
        assert edited.status == 200
        assert_fits(edited, verb, "/v1/user/{id}")
    stale = http.request("PATCH", one, {"name": "X"}, headers={"If-Match": '"other"'})
    assert stale.status == 412
    assert_fits(stale, "PATCH", "/v1/user/{id}")
    for status in (200, 404):
        gone = http.request("DELETE", one)
        assert gone.status == status
        assert_fits(gone, "DELETE", "/v1/user/{id}")


def test_what_has_not_changed_has_no_body(http):
    def not_changed():
        tag = http.get("/v1/user/agg/all/country").headers["ETag"]
        answer = http.get("/v1/user/agg/all/country", headers={"If-None-Match": tag})
        return answer.status == 304 and answer
    answer = wait_until(not_changed, 5)
    assert_fits(answer, "GET", "/v1/user/agg/all/{field}")
