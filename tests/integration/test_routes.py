"""Addresses and methods: unknown ones, odd ones, HEAD, OPTIONS, CORS, static files, broken requests."""
import socket

import pytest

from support.problem import assert_no_leak, assert_problem

READS = ["/v1/health", "/v1/ready", "/v1/counts", "/v1/user", "/v1/user/admin/count", "/v1/user/agg/country",
         "/v1/user/agg/gender", "/v1/user/agg/all/country", "/v1/counts/history", "/v1/user/agg/device",
         "/v1/user/stat/dau", "/v1/user/stat/wau", "/v1/user/stat/mau", "/v1/user/stat/top-15-user",
         "/v1/user/stat/count/totalRequest", "/v1/user/" + "0" * 24, "/v1/user/userEmail/a@b.c",
         "/v1/jobs", "/v1/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV"]
# What else the paths of READS take.
ALSO = {"/v1/user": ["POST"], "/v1/user/" + "0" * 24: ["POST", "PATCH", "DELETE"]}
WRONG = [(method, path) for path in READS for method in ("POST", "PUT", "DELETE", "PATCH")
         if method not in ALSO.get(path, [])]
WRITES = ["/v1/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV/cancel"]
GENERATE = "/v1/generate/users/random/5"


def methods(answer):
    return {method.strip() for method in answer.headers["Allow"].split(",")}


@pytest.mark.parametrize("method, path", WRONG)
def test_wrong_method_on_a_read(http, method, path):
    answer = http.request(method, path)
    assert_problem(answer, 405)
    assert {"GET", "HEAD"} <= methods(answer) and method not in methods(answer)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_wrong_method_on_a_write(http, method):
    for path in WRITES:
        answer = http.request(method, path)
        assert answer.status == 405 and "POST" in methods(answer) and method not in methods(answer)


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH"])
def test_wrong_method_on_generate(http, method):
    """HEAD is none of the methods of a GET that changes something."""
    answer = http.request(method, GENERATE)
    assert answer.status == 405 and {"GET", "POST"} <= methods(answer) and method not in methods(answer)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "QUERY", "FOO", "get"])
def test_strange_methods(http, method):
    answer = http.request(method, "/v1/health")
    assert answer.status in (400, 405, 501), answer
    assert_no_leak(answer)


@pytest.mark.parametrize("path", ["/", *READS])
def test_head_is_get_without_a_body(http, path):
    get, head = http.get(path), http.request("HEAD", path)
    assert head.status == get.status and head.body == b""
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_options(http):
    for path in READS:
        answer = http.request("OPTIONS", path)
        assert answer.status == 204 and answer.body == b"" and {"GET", "HEAD", "OPTIONS"} <= methods(answer), path
    assert {"GET", "POST", "OPTIONS"} <= methods(http.request("OPTIONS", GENERATE))
    assert_problem(http.request("OPTIONS", "/v1/nothing"), 404)


@pytest.mark.parametrize("path", [
    "/v1", "/v1/", "/v1/nothing", "/v2/counts", "/v1/countsx", "/v1/counts/", "/v1/counts/x", "/v1/user/",
    "/V1/User", "/v1/jobs/", "/v1/jobs//cancel", "/v1/generate", "/v1/generate/users/random",
    "/v1/generate/users/random/5/", "/v1/generate/activities", "/v1/user/agg/all",
    "/v1/user/agg/nothing", "/v1/user/userEmail/", "/metricsx", "/nothing.html"])
def test_unknown_route(http, path):
    assert_problem(http.get(path), 404)


@pytest.mark.parametrize("path", ["//v1//user", "/v1//user", "/v1/./user", "/v1/user/../user", "/v1/%2e%2e/v1/user",
                                  "/v1%2fuser", "/v1/user%2f..", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
                                  "/..%2f..%2fetc/passwd", "/js/../../lighttpd.conf", "/css/..%5c..%5clighttpd.conf"])
def test_odd_paths_are_no_way_out(http, path):
    """Never a file from elsewhere and never HTML: refused, or the very route that the plain path is."""
    answer = http.get(path)
    assert_no_leak(answer)
    if answer.status == 200:
        assert set(answer.json) == {"result", "page"}, answer
    else:
        assert_problem(answer, answer.status)
        assert answer.status in (400, 403, 404)


@pytest.mark.parametrize("path", ["/v1/user/%00", "/v1/user?email=%00", "/v1/user/%zz", "/v1/user?email=%zz",
                                  "/v1/user?email=%", "/v1/user?email=%4", "/v1/user/%C0%AF", "/v1/user?email=%ff",
                                  "/v1/user?email=%ED%A0%80", "/v1/user?email=%0D%0AX:1", "/v1/user?%ff=1",
                                  "/v1/user?email=%F4%90%80%80", "/v1/user/userEmail/%01"])
def test_broken_escapes(http, path):
    assert_problem(http.get(path), 400)


def test_raw_bytes_beyond_ascii(http):
    for path in ("/v1/user/\xff\xfe", "/v1/user?email=\xff"):
        answer = http.get(path)
        assert_problem(answer, 400)


def test_many_parameters(http):
    answer = http.get("/v1/user?" + "&".join(f"a{i}=1" for i in range(900)))
    assert answer.status in (200, 400, 414, 431), answer
    assert_no_leak(answer)


def test_unknown_and_operator_like_parameters_reach_nothing(http):
    plain = http.get("/v1/user?limit=2").result
    for query in ("limit=2&a[$gt]=", "limit=2&email[$ne]=x", "limit=2&$where=1", "limit=2&__proto__=1"):
        assert http.get(f"/v1/user?{query}").result == plain, query


def test_long_address(http):
    answer = http.get("/v1/user?email=" + "a" * 20000)
    assert answer.status in (400, 414, 431), answer
    assert_problem(answer, answer.status)


def test_nine_kilobytes_of_header(http):
    assert_problem(http.get("/v1/health", headers={"X-Long": "a" * 9000}), 431)
    assert_problem(http.get("/v1/health", headers={"Cookie": "a" * 9000}), 431)
    assert http.get("/v1/health").status == 200


def raw(http, request):
    """What the server sends to these very bytes, until it closes."""
    with socket.create_connection((http.host, http.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("request_text", [
    "GET /v1/health HTTP/1.1\r\n\r\n",
    "GET /v1/health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET /v1/health HTTP/1.1\r\nHost: a b\r\n\r\n",
    "POST /v1/generate/users/random/5 HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    "POST /v1/generate/users/random/5 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "POST /v1/generate/users/random/5 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
    "Transfer-Encoding: chunked\r\n\r\n{}",
    "POST /v1/generate/users/random/5 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "GET\r\n\r\n", "\x00\x01\x02\r\n\r\n", "GET /v1/health HTTP/9.9\r\nHost: localhost\r\n\r\n",
])
def test_requests_that_are_none(stack, http, request_text):
    jobs = stack.mongo.hc_jobs.count_documents({})
    answer = raw(http, request_text.encode("latin-1"))
    assert answer == b"" or answer.split(b" ")[1] in (b"400", b"411", b"501", b"505"), answer[:200]
    assert stack.mongo.hc_jobs.count_documents({}) == jobs
    assert http.get("/v1/health").status == 200


def test_chunked_body(stack, http):
    answer = raw(http, b"POST /v1/generate/users/random/3 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                       b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                       b"5\r\n{\"see\r\n6\r\nd\": 1}\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 202"), answer[:300]
    assert b'"seed":1' in answer


# ---- other origins

UI = "http://ui.example:8080"


def test_cors_is_off(http):
    answer = http.get("/v1/counts", headers={"Origin": UI})
    assert answer.status == 200 and not [name for name in answer.headers if name.startswith("Access-Control")]
    preflight = http.request("OPTIONS", "/v1/counts", headers={"Origin": UI, "Access-Control-Request-Method": "GET"})
    assert not [name for name in preflight.headers if name.startswith("Access-Control")]


def test_cors_for_a_named_origin(stack):
    with stack.beside(env={"APP_CORS_ORIGIN": f"http://first.example,{UI}"}) as other:
        ours = other.http.with_headers(Origin=UI)
        answer = ours.get("/v1/counts")
        assert answer.headers["Access-Control-Allow-Origin"] == UI and "Origin" in answer.headers["Vary"]
        assert {"ETag", "Poll-Interval", "Link", "Location"} <= {
            name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
        asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        preflight = ours.request("OPTIONS", GENERATE, headers=asks)
        assert preflight.status == 204 and preflight.headers["Access-Control-Allow-Origin"] == UI
        assert {"GET", "POST"} <= set(preflight.headers["Access-Control-Allow-Methods"].split(", "))
        assert "content-type" in preflight.headers["Access-Control-Allow-Headers"].lower()
        assert ours.post(GENERATE).status == 202
        assert ours.get("/v1/user/xyz").headers["Access-Control-Allow-Origin"] == UI
        assert other.http.get("/v1/counts").headers.get("Access-Control-Allow-Origin") is None

        foreign = other.http.with_headers(Origin="http://evil.example")
        assert foreign.get("/v1/counts").headers.get("Access-Control-Allow-Origin") is None
        assert foreign.request("OPTIONS", GENERATE, headers=asks).headers.get("Access-Control-Allow-Origin") is None
        assert_problem(foreign.post(GENERATE), 403)


# ---- static files

def test_static_files(http):
    for path, kind in (("/css/base.css", "text/css"), ("/js/main.js", "text/javascript"),
                       ("/favicon.svg", "image/svg+xml")):
        answer = http.get(path)
        assert answer.status == 200 and answer.headers["Content-Type"].startswith(kind), answer.headers
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        tag = answer.headers["ETag"]
        assert http.get(path, headers={"If-None-Match": tag}).status == 304


@pytest.mark.parametrize("path", ["/js/", "/js", "/css/", "/.git/config", "/.htaccess", "/js/main.js.map",
                                  "/index.html~", "/lighttpd.conf", "/services/errors/problem-404.html", "/js/nothing.js"])
def test_files_that_are_nobodys(http, path):
    answer = http.get(path)
    if answer.status in (301, 302):
        answer = http.get(path + "/")
    assert answer.status in (403, 404), answer
    assert_problem(answer, answer.status)
