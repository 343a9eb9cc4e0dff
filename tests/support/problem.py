"""What every error answer must look like, and what none may tell."""
import re

# Words of drivers, servers and our own inside; an answer to a client has none of them.
INTERNAL = (
    "mongoc", "libmongoc", "bson", "ferretdb", "postgres", "documentdb", "hiredis", "librdkafka", "rdkafka", "json-c",
    "json_object", "/tmp", "/var/", "/root", "/work", ".sock", ".c:", "errno", "segfault", "assert", "stack",
    "socket", "server selection", "topology", "econnrefused", "e11000", "lua", "_hc", "hc_slots", "hc_jobs", "sql",
)


def assert_no_leak(answer):
    """No internal word in body or headers; the letters of a cursor are as they come."""
    text = answer.body.decode("utf-8", "replace") + "\n" + str(answer.headers)
    shown = re.sub(r'("(?:next|prev)": ?"|(?:after|before)=)[\w-]+', r"\1", text).lower()
    found = [word for word in INTERNAL if word in shown]
    assert not found, f"{found} in {answer}"


def assert_problem(answer, status, field=None, says=None):
    """A problem document (RFC 9457) of that status; `field` is the one that it names, `says` is in its detail."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"].split(";")[0] == "application/problem+json", answer
    assert_no_leak(answer)
    problem = answer.json
    assert problem["status"] == status, answer
    for key in ("type", "title", "detail", "message"):
        assert isinstance(problem[key], str) and problem[key], (key, answer)
    assert problem["message"] == problem["detail"], answer
    if field is not None:
        assert [error["field"] for error in problem["errors"]] == [field], answer
        assert all(error["message"] for error in problem["errors"]), answer
    if says is not None:
        assert says.lower() in problem["detail"].lower(), answer
    return problem
