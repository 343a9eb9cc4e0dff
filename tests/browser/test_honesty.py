"""The page says how old its numbers are and what is down, keeps them, and goes on by itself."""
import re
import time

import pytest

from dashboard import Counts, answer_with, forgive, shown, snapshot
from support.waiting import wait_until

SIGN = ".topbar .live"
FAILED = ("503", "ERR_FAILED", "ERR_CONNECTION")


def phase(page):
    return page.locator(SIGN).get_attribute("data-link")


def test_each_card_says_how_old_it_is(open_page):
    counts = Counts()
    page = open_page(before=counts)
    ages = lambda: page.locator('[data-age-of="counts"]').all_text_contents()
    wait_until(lambda: set(ages()) == {"now"} and len(ages()) == 12, 5)
    counts.answer = "gone"
    wait_until(lambda: all("s ago" in age for age in ages()), 15)
    page.wait_for_selector('[data-age-of="counts"][data-stale]', state="attached", timeout=15_000)
    counts.answer = snapshot()
    page.locator("[data-toast-action]").dispatch_event("click")  # a try of its own may have taken the note away
    wait_until(lambda: set(ages()) == {"now"}, 10)
    forgive(page, *FAILED)


def test_lost_numbers_stay_and_tries_become_rarer(open_page):
    """Three missed polls are a loss; then waits of 1, 2, 4 s, a quarter more or less; the first answer heals all."""
    counts = Counts()
    page = open_page(before=counts)
    wait_until(lambda: shown(page) == 11_000_000, 5)
    counts.answer = "gone"
    times, asked = [], counts.asked
    end = time.monotonic() + 20
    while len(times) < 4 and time.monotonic() < end:
        page.wait_for_timeout(20)
        if counts.asked > asked:
            asked = counts.asked
            times.append(time.monotonic())
    gaps = [after - before for before, after in zip(times, times[1:])]
    assert all(base * 0.74 <= gap <= base * 1.26 + 1 for base, gap in zip((1, 2, 4), gaps)), gaps
    assert phase(page) == "lost" and shown(page) == 11_000_000
    words = page.locator("#toast").inner_text()
    assert "Connection lost" in words and "Numbers are from" in words and "Next try in" in words
    counts.answer = snapshot(users=12)
    wait_until(lambda: phase(page) == "live" and shown(page) == 12, 15)
    assert page.locator("#toast").is_hidden()
    forgive(page, *FAILED)


def test_numbers_that_the_server_kept_are_called_old(open_page):
    counts = Counts(headers={"Age": "42"})
    page = open_page(before=counts)
    wait_until(lambda: phase(page) == "stale", 5)
    assert page.locator('[data-age-of="counts"]').first.text_content() in ("42 s ago", "43 s ago")
    assert "Old numbers" in page.locator("#toast").inner_text()
    counts.headers = {}
    wait_until(lambda: phase(page) == "live", 5)


@pytest.mark.parametrize("name, word", [("redis", "Redis"), ("kafka", "Kafka"), ("consumer", "consumer")])
def test_a_service_that_is_down_is_named(open_page, name, word):
    up = {each: {"state": "up", "latencyMs": 1} for each in ("mongodb", "redis", "kafka", "consumer")}
    ready = {**up, name: {"state": "down", "latencyMs": None}}

    def before(page):
        Counts()(page)
        page.route("**/v1/ready", lambda route: answer_with(route, {"result": ready}))
    page = open_page(before=before)
    page.wait_for_selector("#toast:not([hidden])")
    assert word in page.locator("#toast").inner_text()
    page.click("[data-toast-action]")
    page.wait_for_timeout(1500)
    assert page.locator("#toast").is_hidden(), "hidden for as long as it is the same"


def test_no_consumer_is_said(open_page):
    page = open_page(before=Counts(snapshot(pipeline={"consumers": 0})))
    wait_until(lambda: "No consumer runs" in page.locator("#pipeline-text").inner_text(), 5)


def test_mongodb_down_and_back(stack, open_page):
    """The numbers stay, the page names the store, and it recovers without a hand."""
    if not stack.counts()["users"]:
        stack.wait_job(stack.generate(100))
    stack.idle()
    page = open_page()
    users = stack.counts()["users"]
    wait_until(lambda: shown(page) == users, 10)
    name = stack.mongodb_processes()[0]
    with stack.frozen(name):
        wait_until(lambda: phase(page) in ("stale", "failing", "lost"), 30)
        wait_until(lambda: "MongoDB" in page.locator("#toast").inner_text(), 40)
        assert shown(page) == users
    wait_until(lambda: phase(page) == "live", 60)
    wait_until(lambda: page.locator("#toast").is_hidden(), 40)
    assert shown(page) == users
    forgive(page, *FAILED)


def test_a_page_made_without_the_store_says_so(open_page):
    """Dashes, not zeros, and words; numbers come when the store does."""
    counts = Counts(503)

    def before(page):
        counts(page)
        page.route(lambda url: url.endswith("/"), lambda route: serve_without_numbers(route))
    page = open_page(before=before)
    assert shown(page) is None
    assert "unavailable" in page.locator("#unavailable").inner_text()
    wait_until(lambda: phase(page) == "failing", 20)
    assert "The store does not answer. " in page.locator("#toast").inner_text()
    counts.answer = snapshot()
    page.click("[data-toast-action]")
    wait_until(lambda: shown(page) == 11_000_000, 5)
    assert page.locator("#unavailable").count() == 0
    forgive(page, *FAILED)


def serve_without_numbers(route):
    """What the program makes of its page when it has no counts: every place is empty."""
    answer = route.fetch()
    text = re.sub(r'(data-count="\w+" data-value=)"[^"]*">[^<]*<', r'\1""><', answer.text())
    notice = '<p class="notice" id="unavailable">The numbers are unavailable right now</p>'
    route.fulfill(response=answer, body=text.replace('<section class="card card--stat"', notice + '<section class="card card--stat"', 1))
