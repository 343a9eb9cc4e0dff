"""GET /v1/health and /v1/ready while all is well; outages have files of their own."""
from support.waiting import wait_until


def test_health(http):
    answer = http.get("/v1/health")
    assert (answer.status, answer.json) == (200, {"message": "up"})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_ready_has_an_entry_for_each_service(http):
    def well():
        answer = http.get("/v1/ready")
        return answer.result["degraded"] is False and answer
    answer = wait_until(well, 5)  # one late answer of a service makes it true
    result = answer.result
    assert result.pop("degraded") is False
    assert set(result) == {"mongodb", "redis", "kafka", "consumer"}
    for name, entry in result.items():
        assert set(entry) == {"state", "latencyMs"}, name
        assert entry["state"] == "up" and 0 <= entry["latencyMs"] < 5000, (name, entry)
    assert answer.headers["Cache-Control"] == "no-store"


def test_every_answer_has_the_safe_headers(http):
    for path in ("/", "/v1/health", "/v1/counts", "/v1/nothing", "/css/base.css", "/nothing", "/v1/user/xyz"):
        headers = http.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert "Server" not in headers, path
        assert headers["Referrer-Policy"], path


def test_request_id_is_the_clients_if_it_is_sane(http):
    assert http.get("/v1/health", headers={"X-Request-Id": "abc-123"}).headers["X-Request-Id"] == "abc-123"
    for odd in ("a b", "x" * 200, "<script>"):
        given = http.get("/v1/health", headers={"X-Request-Id": odd}).headers["X-Request-Id"]
        assert given != odd and len(given) == 26, odd
