"""The single numbers that old clients poll: admin/count and agg/…"""
import pytest

from support.problem import assert_problem
from support.waiting import wait_until


def short(n):
    """11000000 -> "11.00M": two decimals, cut; below 1 000 the number itself."""
    for unit, letter in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if n >= unit:
            return f"{n // unit}.{n % unit * 100 // unit:02d}{letter}"
    return str(n)


@pytest.fixture(scope="module")
def people(stack):
    """At least 3 000 users, and what they are."""
    stack.wait_job(stack.generate(3000))
    return stack.assert_exact()


def fresh(http, path, check):
    """The result of path once check(result) holds: an older answer may still be kept for some seconds."""
    def there():
        result = http.get(path).result
        assert check(result), result
        return result
    return wait_until(there, 12)


def test_count(http, people):
    result = fresh(http, "/v1/user/admin/count", lambda r: r["count"] == people["users"])
    assert result == {"count": people["users"], "countInternationalSystem": short(people["users"])}


def test_count_below_a_thousand_is_the_number_itself(empty):
    assert empty.http.get("/v1/user/admin/count").result == {"count": 0, "countInternationalSystem": "0"}
    empty.wait_job(empty.generate(999))
    fresh(empty.http, "/v1/user/admin/count", lambda r: r == {"count": 999, "countInternationalSystem": "999"})
    empty.wait_job(empty.generate(1))
    fresh(empty.http, "/v1/user/admin/count", lambda r: r == {"count": 1000, "countInternationalSystem": "1.00K"})


def test_genders(stack, http):
    gender = stack.assert_exact()["gender"]
    result = fresh(http, "/v1/user/agg/gender", lambda r: r["male"] == gender["male"])
    assert {key: n for key, n in result.items() if n} == gender
    assert {"male", "female"} <= set(result)


def test_all_countries(stack, http):
    there = stack.assert_exact()
    result = fresh(http, "/v1/user/agg/all/country", lambda r: r["allCountry"] == len(there["country"]))
    assert set(result) == {"allCountry"}


@pytest.mark.parametrize("field", ["gender", "email", "Country", "$where", "_id"])
def test_all_of_another_field(http, field):
    assert_problem(http.get(f"/v1/user/agg/all/{field}"), 400, field="field")


@pytest.mark.parametrize("query,rows", [("", 15), ("?limit=", 15), ("?limit=1", 1), ("?limit=5", 5), ("?limit=300", 300)])
def test_countries(stack, http, query, rows):
    there = stack.assert_exact()["country"]
    best = sorted(there.values(), reverse=True)[:rows]
    result = fresh(http, f"/v1/user/agg/country{query}", lambda r: [row["sum"] for row in r] == best)
    codes = stack.country_codes()
    for row in result:
        assert set(row) == {"sum", "country", "code"}
        assert there[row["country"]] == row["sum"] and codes[row["country"]] == row["code"]


@pytest.mark.parametrize("limit", ["0", "301", "-1", "+5", "5x", "1e1", "0x5", "%201", "99999999999999999999",
                                   "%EF%BC%95", "1.0"])
def test_countries_limit_out_of_range(http, limit):
    assert_problem(http.get(f"/v1/user/agg/country?limit={limit}"), 400, field="limit")


@pytest.mark.parametrize("path", ["/v1/user/admin/count", "/v1/user/agg/gender", "/v1/user/agg/country",
                                  "/v1/user/agg/all/country"])
def test_unchanged_is_a_304(http, path):
    def fits():
        tag = http.get(path).headers["ETag"]
        return http.get(path, headers={"If-None-Match": tag}).status == 304
    wait_until(fits, 5)
