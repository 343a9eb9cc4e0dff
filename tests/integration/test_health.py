"""GET /v1/health and /v1/ready while all is well; the outages have their own files."""


def test_health(http):
    answer = http.get("/v1/health")
    assert (answer.status, answer.json) == (200, {"message": "up"})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_ready_has_an_entry_for_each_service(http):
    answer = http.get("/v1/ready")
    result = answer.result
    assert result.pop("degraded") is False
    assert set(result) == {"mongodb", "redis", "kafka", "consumer"}
    for name, entry in result.items():
        assert set(entry) == {"state", "latencyMs"}, name
        assert entry["state"] == "up" and 0 <= entry["latencyMs"] < 5000, (name, entry)
    assert answer.headers["Cache-Control"] == "no-store"


def test_generate_and_count(stack):
    """Some users, made through the whole pipeline, are there and counted exactly."""
    job = stack.wait_job(stack.generate(1234))
    assert job["done"] == 1234
    assert stack.recount(None)["users"] >= 1234
    stack.assert_exact()


def test_fresh(empty):
    empty.assert_exact(0)
