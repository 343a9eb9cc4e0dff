"""Who may read and who may write."""
import pytest

from support.problem import assert_problem

GENERATE = "/v1/generate/users/random/1"
CANCEL = "/v1/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV/cancel"
USER_DATA = ["/v1/user", "/v1/user/" + "0" * 24, "/v1/user/userEmail/a@b.c", "/v1/ready", "/metrics",
             "/v1/user/stat/top-15-user"]
OPEN = ["/v1/health", "/v1/counts", "/v1/user/admin/count", "/v1/user/agg/country", "/v1/user/agg/gender",
        "/v1/user/agg/all/country", "/v1/jobs", "/v1/counts/history", "/v1/user/agg/device", "/v1/user/stat/dau",
        "/v1/user/stat/wau", "/v1/user/stat/mau", "/v1/user/stat/count/totalRequest"]
TOKEN = "a-token-of-the-tests-only"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module", autouse=True)
def nothing_else(stack):
    """A refused change has made no job: whatever came in by this file is what it counted."""
    yield
    stack.idle()
    stack.assert_exact()


def jobs(stack):
    return stack.mongo.hc_jobs.count_documents({})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST:9000"])
def test_our_own_hosts_may_write(http, host):
    assert http.post(GENERATE, headers={"Host": host}).status == 202


FOREIGN = {
    "another host": {"Host": "headcount.example"}, "a host that looks like ours": {"Host": "localhost.evil.example"},
    "an address as host": {"Host": "192.168.1.5:9000"},
    "forwarded for": {"X-Forwarded-For": "127.0.0.1"}, "forwarded": {"Forwarded": "for=127.0.0.1"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_requests_from_elsewhere(stack, http, headers):
    """Without a token they may neither write nor see people; numbers are open."""
    before = jobs(stack)
    for method in ("GET", "POST"):
        assert_problem(http.request(method, GENERATE, headers=headers), 403)
    assert_problem(http.post(CANCEL, headers=headers), 403)
    for path in USER_DATA:
        assert_problem(http.get(path, headers=headers), 403)
    for path in OPEN:
        assert http.get(path, headers=headers).status == 200, path
    assert jobs(stack) == before


SITES = {
    "cross-site": {"Sec-Fetch-Site": "cross-site"}, "another origin": {"Origin": "http://evil.example"},
    "no origin to speak of": {"Origin": "null"}, "our host with another port": {"Origin": "http://127.0.0.1:1"},
}


@pytest.mark.parametrize("headers", SITES.values(), ids=SITES)
def test_changes_asked_for_by_another_site(stack, http, headers):
    before = jobs(stack)
    for method in ("GET", "POST"):
        assert_problem(http.request(method, GENERATE, headers=headers), 403)
    assert_problem(http.post(CANCEL, headers=headers), 403)
    assert jobs(stack) == before
    assert http.get("/v1/counts", headers=headers).status == 200


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-site"}, {"Sec-Purpose": "prefetch"},
                                     {"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}])
def test_a_get_that_writes_is_for_no_prefetch_and_no_neighbour(stack, http, headers):
    before = jobs(stack)
    assert_problem(http.get(GENERATE, headers=headers), 403)
    assert jobs(stack) == before


def test_our_own_page_may_write(http):
    own = {"Origin": http.url, "Sec-Fetch-Site": "same-origin"}
    assert http.post(GENERATE, headers=own).status == 202
    assert http.get(GENERATE, headers={"Sec-Fetch-Site": "none"}).status == 200


def test_named_hosts(stack):
    with stack.beside(env={"APP_HOSTS": "one.example,headcount.example"}) as other:
        assert other.http.post(GENERATE, headers={"Host": "headcount.example:80"}).status == 202
        assert_problem(other.http.post(GENERATE, headers={"Host": "x.headcount.example"}), 403)


def test_old_get_can_be_switched_off(stack):
    with stack.beside(env={"APP_OLD_GET": "false"}) as other:
        answer = other.http.get(GENERATE)
        assert_problem(answer, 405)
        assert "GET" not in answer.headers["Allow"]
        assert other.http.post(GENERATE).status == 202


def test_with_a_token(stack):
    with stack.beside(env={"APP_ADMIN_TOKEN": TOKEN}) as other:
        before = jobs(stack)
        wrong = [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {TOKEN}x"},
                 {"Authorization": f"Bearer {TOKEN[:-1]}"}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": TOKEN},
                 {"Authorization": "Bearer "}, {"Authorization": ""}]
        for headers in wrong:
            for method, path in (("GET", GENERATE), ("POST", GENERATE), ("POST", CANCEL)):
                answer = other.http.request(method, path, headers=headers)
                assert_problem(answer, 401)
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
                assert TOKEN not in answer.text
        assert_problem(other.http.post(f"{GENERATE}?token={TOKEN}"), 401)
        assert jobs(stack) == before

        assert other.http.post(GENERATE, headers=BEARER).status == 202
        assert other.http.post(GENERATE, headers={**BEARER, "Host": "headcount.example"}).status == 202
        assert other.http.post(GENERATE, headers={**BEARER, "X-Forwarded-For": "10.0.0.1"}).status == 202
        assert other.http.get("/v1/user").status == 200
        elsewhere = {"Host": "headcount.example"}
        for path in USER_DATA:
            assert_problem(other.http.get(path, headers=elsewhere), 401)
            assert other.http.get(path, headers={**elsewhere, **BEARER}).status in (200, 404)
        assert_problem(other.http.post(GENERATE, headers={**BEARER, "Origin": "http://evil.example"}), 403)
        assert_problem(other.http.post(GENERATE, headers={**BEARER, "Sec-Fetch-Site": "cross-site"}), 403)
        assert TOKEN not in other.logs(ours=10_000, others=10_000, width=10_000)


def test_closed_for_all_without_the_token(stack):
    with stack.beside(env={"APP_ADMIN_TOKEN": TOKEN, "APP_AUTH": "all"}) as other:
        for path in USER_DATA + OPEN[1:]:
            assert_problem(other.http.get(path), 401)
            assert other.http.get(path, headers=BEARER).status in (200, 404), path
        assert other.http.get("/v1/health").status == 200
        page = other.http.get("/")
        assert page.status == 200 and stack.http.get("/v1/user?limit=1").result[0]["email"] not in page.text


def test_open_to_all(stack):
    with stack.beside(env={"APP_AUTH": "open"}) as other:
        elsewhere = {"Host": "headcount.example"}
        assert other.http.get("/v1/user", headers=elsewhere).status == 200
        assert_problem(other.http.post(GENERATE, headers=elsewhere), 403)


def test_beyond_loopback(stack):
    """Listening on all addresses without a token: numbers only, also for this machine."""
    with stack.beside(env={"APP_BIND": "0.0.0.0"}) as other:
        before = jobs(stack)
        assert_problem(other.http.post(GENERATE), 403)
        assert_problem(other.http.get(GENERATE), 403)
        assert_problem(other.http.get("/v1/user"), 403)
        assert other.http.get("/v1/counts").status == 200
        assert jobs(stack) == before
        page = other.http.get("/")
        assert page.status == 200 and "@people.example" not in page.text
