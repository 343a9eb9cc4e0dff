"""Growth over time and the world map: what they show is also in a table, and they load when they are seen."""
import datetime
import re

import pytest

from dashboard import Counts, answer_with, snapshot, soon
from support.waiting import wait_until

COUNTRIES = [{"country": "India", "code": "IN", "sum": 1_000_000}, {"country": "France", "code": "FR", "sum": 1000},
             {"country": "Chad", "code": "TD", "sum": 1}, {"country": "Monaco", "code": "MC", "sum": 12}]


def point(minutes_ago, users):
    at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes_ago)
    return {"at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "users": users, "requests": 2 * users,
            "active": {"daily": 1, "weekly": 2, "monthly": 3}}


@pytest.fixture
def history(open_page):
    """history(path, points): a page whose growth is made of these; page.questions: what it asked."""
    def open_one(path, points, **options):
        questions = []

        def answer(route):
            questions.append(route.request.url)
            answer_with(route, {"result": {"points": points, "step": 60, "from": point(60, 0)["at"], "to": point(0, 0)["at"]}})

        def before(page):
            Counts()(page)
            page.route("**/v1/counts/history?*", answer)
            page.route("**/v1/counts?at=*", lambda route: answer_with(route, {"result": snapshot()}))
        page = open_page(path, before=before, **options)
        page.questions = questions
        return page
    return open_one


def asked_hours(page):
    """How long the last question's range was."""
    begin, end = (datetime.datetime.fromisoformat(re.search(f"{name}=([^&]+)", page.questions[-1])[1].replace("%3A", ":"))
                  for name in ("from", "to"))
    return (end - begin).total_seconds() / 3600


def test_growth_is_drawn_and_is_a_table(history):
    page = history("/", [point(30, 1000), point(20, 2000), point(10, 3000)])
    page.wait_for_selector("#growth-plot canvas", state="attached")
    wait_until(lambda: "3,000 users" in page.locator("#growth-readout").inner_text(), 5)
    page.click("#growth-table summary")
    cells = lambda: page.locator("#growth-table tbody tr").evaluate_all("rows => rows.map((row) => row.cells[1].textContent)")
    wait_until(lambda: cells() == ["3,000", "2,000", "1,000"], 5)
    assert page.locator("#growth-table caption").inner_text().startswith("Users")


def test_range_and_lines_are_in_the_address(history):
    page = history("/", [point(30, 1000), point(10, 3000)])
    page.wait_for_selector("#growth-plot canvas", state="attached")
    page.get_by_label("7 d").check(force=True)
    soon(page, lambda: "range=7d" in page.url and abs(asked_hours(page) - 168) < 1)
    page.get_by_role("radio", name="Active").check(force=True)
    assert "show=active" in page.url
    wait_until(lambda: "Weekly 2" in page.locator("#growth-readout").inner_text(), 5)
    page.reload()
    assert page.get_by_label("7 d").is_checked() and page.get_by_role("radio", name="Active").is_checked()
    wait_until(lambda: "Monthly 3" in page.locator("#growth-readout").inner_text(), 10)


def test_no_history_yet(history):
    page = history("/?range=nonsense", [])
    wait_until(lambda: "No history yet" in page.locator("#growth-empty").inner_text(), 10)


def test_map_loads_when_it_is_seen(open_page):
    """Nothing of it before; then countries are the darker the more users they have, and all are in the table."""
    asked = []

    def before(page):
        Counts()(page)
        page.on("request", lambda one: asked.append(one.url))
        page.route("**/v1/user/agg/country?*", lambda route: answer_with(route, {"result": COUNTRIES}))
    page = open_page(before=before, viewport={"width": 1280, "height": 500})
    page.wait_for_selector('.live[data-link="live"]')
    page.wait_for_timeout(500)
    assert not [url for url in asked if "d3-" in url or "world-atlas" in url or "agg/country" in url]
    page.locator("#map-label").scroll_into_view_if_needed()
    page.wait_for_selector('#map path[data-code="IN"][data-level="7"]', state="attached")
    level = lambda code: int(page.locator(f'#map path[data-code="{code}"]').first.get_attribute("data-level"))
    assert level("IN") > level("FR") > level("TD") > level("DE") == 0
    assert "Monaco 12" in page.locator("#map-small").inner_text()
    page.locator('#map path[data-code="IN"]').first.dispatch_event("pointermove", {"bubbles": True})
    wait_until(lambda: "India: 1,000,000 users" in page.locator("#map-readout").inner_text(), 5)
    page.click("#map-table summary")
    wait_until(lambda: page.locator("#map-table tbody th").all_inner_texts() == [one["country"] for one in COUNTRIES], 5)


def test_map_of_the_real_numbers(stack, open_page):
    """Each country that has users and a shape is filled."""
    if not stack.counts()["users"]:
        stack.wait_job(stack.generate(200))
    page = open_page(viewport={"width": 1280, "height": 900})
    page.locator("#map-label").scroll_into_view_if_needed()
    page.wait_for_selector("#map path[data-level]:not([data-level='0'])", state="attached")
    there = {row["code"] for row in stack.http.get("/v1/user/agg/country?limit=300").result}
    filled = set(page.locator("#map path[data-code]:not([data-level='0'])").evaluate_all("all => all.map((one) => one.dataset.code)"))
    shapes = set(page.locator("#map path[data-code]").evaluate_all("all => all.map((one) => one.dataset.code)"))
    assert filled == there & shapes and len(shapes) > 170
