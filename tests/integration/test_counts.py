"""GET /v1/counts: the shape, the ETag, what polling costs a client."""
import re
import time

import pytest

from support.waiting import wait_until

SHAPE = {
    "users": int, "requests": int, "countries": int,
    "active": {"daily": int, "weekly": int, "monthly": int},
    "gender": {"male": int, "female": int, "other": int},
    "topCountries": list, "topUsers": list,
    "devices": {"os": list, "browser": list},
    "rates": {"usersPerSecond": (int, float), "requestsPerSecond": (int, float)},
    "jobs": list,
    "lag": {"messages": (int, type(None)), "seconds": (int, type(None))},
    "pipeline": {"consumers": int, "insertsPerSecond": int, "cacheHitRate": (int, float, type(None)),
                 "drift": (int, type(None))},
    "exact": bool, "asOf": str, "version": str,
}


def assert_shape(value, shape, where="result"):
    if isinstance(shape, dict):
        assert set(value) == set(shape), where
        for key, inner in shape.items():
            assert_shape(value[key], inner, f"{where}.{key}")
    else:
        assert isinstance(value, shape) and (shape is bool or not isinstance(value, bool)), (where, value)


def test_shape(stack, http):
    stack.wait_job(stack.generate(300))
    answer = wait_until(lambda: (now := http.get("/v1/counts")).result["users"] >= 300
                        and now.result["pipeline"]["consumers"] == 1 and now, 5)  # 0 while Redis is late
    result = answer.result
    assert set(answer.json) == {"result"}
    assert_shape(result, SHAPE)
    assert result["exact"] is True
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", result["asOf"])
    assert 1 <= len(result["topCountries"]) <= 15
    for row in result["topCountries"]:
        assert_shape(row, {"country": str, "code": str, "sum": int})
        assert re.fullmatch("[A-Z]{2}", row["code"])
    sums = [row["sum"] for row in result["topCountries"]]
    assert sums == sorted(sums, reverse=True)


def test_empty_database(empty):
    result = empty.counts()
    assert_shape(result, SHAPE)
    assert (result["users"], result["countries"], result["topCountries"], result["jobs"]) == (0, 0, [], [])
    assert result["gender"] == {"male": 0, "female": 0, "other": 0}
    empty.assert_exact(0)


def test_headers(http):
    headers = http.get("/v1/counts").headers
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert re.fullmatch(r'(W/)?"[!-~]+"', headers["ETag"])
    assert 250 <= int(headers["Poll-Interval"]) <= 10000
    assert headers["Cache-Control"] == "no-cache"


def unchanged(http, headers=None):
    """An ETag that still holds, asked for while nothing happens: the answer to a poll with it."""
    def still():
        tag = http.get("/v1/counts").headers["ETag"]
        answer = http.get("/v1/counts", headers={"If-None-Match": tag, **(headers or {})})
        assert answer.status == 304, answer
        return answer
    return wait_until(still, 15)


def test_unchanged_is_a_304_without_a_body(stack, http):
    stack.idle()
    answer = unchanged(http)
    assert answer.body == b"" and answer.headers["ETag"] and int(answer.headers["Poll-Interval"]) > 0
    assert answer.headers.get("Content-Length") in (None, "0")


@pytest.mark.parametrize("form", ['W/{}', '"other", {}', "*"])
def test_if_none_match_forms(stack, http, form):
    stack.idle()

    def fits():
        tag = http.get("/v1/counts").headers["ETag"]
        return http.get("/v1/counts", headers={"If-None-Match": form.format(tag)}).status == 304
    wait_until(fits, 10)


@pytest.mark.parametrize("odd", ["", '"', "x", '"other"', ",", 'W/"', '"' * 500])
def test_if_none_match_that_fits_nothing(http, odd):
    assert http.get("/v1/counts", headers={"If-None-Match": odd}).status == 200


def at_rest(http):
    """An answer in which every rate has come down to 0."""
    answer = http.get("/v1/counts")
    result = answer.result
    moving = result["rates"]["usersPerSecond"], result["pipeline"]["insertsPerSecond"], result["lag"]["messages"]
    return answer if moving == (0, 0, 0) else None


def test_polling_alone_moves_nothing_but_asof(stack, http):
    """The version, and with it the ETag, stays while nothing happens, however often and by however many it is asked.

    The hit rate of the cache is moved by the asking, and so, like asOf, is no part of the version.
    """
    stack.idle()
    first = wait_until(lambda: (now := at_rest(http)) and now.result["pipeline"]["drift"] == 0 and now, 90, every=0.2)
    for _ in range(2):
        for _ in range(100):
            http.get("/v1/counts")
        time.sleep(1.1)
    second = wait_until(lambda: at_rest(http), 5)
    assert second.result["asOf"] > first.result["asOf"]
    numbers, later = first.result, second.result
    for result in (numbers, later):
        result["pipeline"] = {key: value for key, value in result["pipeline"].items() if key != "cacheHitRate"}
    assert [key for key in numbers if numbers[key] != later[key]] == ["asOf"]
    assert second.headers["ETag"] == first.headers["ETag"]


def test_new_users_show_within_a_second_or_so(stack, http):
    before = stack.counts()
    job = stack.wait_job(stack.generate(50))
    after = wait_until(lambda: (now := stack.counts())["users"] != before["users"] and now, 5)
    assert after["users"] == before["users"] + 50
    assert after["version"] != before["version"]
    assert job["id"] in [shown["id"] for shown in after["jobs"]]


def test_compressed_on_request(stack, http):
    """Compression changes neither the content nor whether the ETag fits."""
    import gzip

    stack.idle()
    plain = http.get("/v1/counts")
    packed = http.get("/v1/counts", headers={"Accept-Encoding": "gzip"})
    if len(plain.body) > 1024:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.body).startswith(b'{"result":{"users":')

    def fits():
        tag = http.get("/v1/counts", headers={"Accept-Encoding": "gzip"}).headers["ETag"]
        again = http.get("/v1/counts", headers={"Accept-Encoding": "gzip", "If-None-Match": tag})
        return again.status == 304
    wait_until(fits, 10)
