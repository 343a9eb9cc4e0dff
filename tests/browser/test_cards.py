"""The cards: figures with trends, rankings that keep place and colour, an order of the reader's own, and one poll."""
import json

import pytest

from dashboard import Counts, answer_with, hide, job, names, shown, snapshot, soon
from support.waiting import wait_until

FIGURES = {"users": lambda c: c["users"], "requests": lambda c: c["requests"], "countries": lambda c: c["countries"],
           "daily": lambda c: c["active"]["daily"], "weekly": lambda c: c["active"]["weekly"],
           "monthly": lambda c: c["active"]["monthly"]}
ORDER = "[...document.querySelectorAll('#main > [data-card]')].map((card) => card.dataset.card)"


@pytest.fixture
def active(stack):
    """Some users, and some requests of theirs."""
    if stack.counts()["users"] < 200:
        stack.wait_job(stack.generate(200))
    if stack.counts()["requests"] < 300:
        answer = stack.http.post("/v1/generate/activities/random/300", {"days": 20})
        stack.wait_job(answer.result)
    stack.idle()


def test_every_figure_is_that_of_the_counts(stack, active, open_page):
    page = open_page()
    counts = stack.counts()
    for name, read in FIGURES.items():
        wait_until(lambda: shown(page, name) == read(counts), 5, name)
    wait_until(lambda: names(page, "top-users") == [row["user"]["name"] for row in counts["topUsers"]], 5)
    for ranking, key in (("top-systems", "os"), ("top-browsers", "browser")):
        wait_until(lambda: names(page, ranking) == [row["name"] for row in counts["devices"][key]], 5, ranking)


def test_figures_and_lists_are_there_without_javascript(stack, active, open_page):
    counts = stack.counts()
    page = open_page(script=False)
    for name, read in FIGURES.items():
        assert shown(page, name) == read(counts), name
    assert names(page, "top-users") == [row["user"]["name"] for row in counts["topUsers"]]
    assert names(page, "top-systems") == [row["name"] for row in counts["devices"]["os"]]
    assert not page.locator("#arrange-switch").is_visible()


def test_a_trend_says_since_when(open_page):
    """Against the sample of 24 hours before; in a young system since the first one, and says so."""
    then = snapshot(users=10_000_000, requests=52_340, countries=250)
    first = {"at": "2026-11-28T11:00:00.000Z"}

    def past(page):
        Counts()(page)
        page.route("**/v1/counts/history?*", lambda route: answer_with(route, {"result": {"points": [first], "step": 300}}))
        page.route("**/v1/counts?at=*", lambda route: answer_with(route, {"result": then}))
    page = open_page(before=past)
    trend = lambda name: page.locator(f'[data-trend="{name}"]')
    wait_until(lambda: trend("users").inner_text().strip(), 10)
    assert "+1,000,000 (+10%)" in trend("users").inner_text() and "since" in trend("users").inner_text()
    assert trend("users").get_attribute("data-direction") == "up"
    assert "No change" in trend("requests").inner_text()
    assert trend("countries").get_attribute("data-direction") == "down" and "-1" in trend("countries").inner_text()


def rank(key, total):
    return {"country": f"Country {key}", "code": key, "sum": total}


def test_bars_keep_place_and_colour(open_page):
    """Equal ones stay where they were; who truly passes changes places as the same row in the same colour."""
    counts = Counts(snapshot(topCountries=[rank("AA", 10), rank("BB", 9), rank("CC", 8)]))
    page = open_page(before=counts, viewport={"width": 1280, "height": 1000})
    wait_until(lambda: names(page, "top-countries")[:1] == ["Country AA"], 5)
    page.evaluate("document.querySelector('[data-key=BB]').mark = 'same row'")
    hue = lambda: page.evaluate("document.querySelector('[data-key=BB]').style.getPropertyValue('--hue')")
    before = hue()
    counts.answer = snapshot(topCountries=[rank("BB", 10), rank("AA", 10), rank("CC", 8)])
    wait_until(lambda: page.locator("[data-key=BB] [data-number]").inner_text() == "10", 5)
    assert names(page, "top-countries") == ["Country AA", "Country BB", "Country CC"]
    counts.answer = snapshot(topCountries=[rank("BB", 11), rank("AA", 10), rank("CC", 8)])
    wait_until(lambda: names(page, "top-countries") == ["Country BB", "Country AA", "Country CC"], 5)
    assert hue() == before
    assert page.evaluate("document.querySelector('[data-key=BB]').mark") == "same row"


def test_numbers_run_to_their_value_unless_motion_is_unwanted(open_page):
    for motion, fewest, most in (("no-preference", 3, 99), ("reduce", 2, 2)):
        counts = Counts(snapshot(users=1000))
        page = open_page(before=counts, reduced_motion=motion)
        wait_until(lambda: shown(page) == 1000, 5)
        page.evaluate("""() => {
          window.seen = new Set();
          const figure = document.querySelector('[data-count=users]');
          new MutationObserver(() => window.seen.add(figure.textContent))
            .observe(figure, { subtree: true, childList: true, characterData: true });
          window.seen.add(figure.textContent);
        }""")
        counts.answer = snapshot(users=900_000)
        wait_until(lambda: shown(page) == 900_000, 10)
        assert fewest <= page.evaluate("window.seen.size") <= most, motion


def test_one_poll_feeds_all_and_a_hidden_tab_asks_nothing(open_page):
    counts = Counts()
    page = open_page(before=counts)
    soon(page, lambda: counts.asked >= 4, 10)
    hide(page)
    page.wait_for_timeout(300)
    asked = counts.asked
    counts.answer = snapshot(users=77)
    page.wait_for_timeout(1500)
    assert counts.asked == asked
    hide(page, False)
    wait_until(lambda: shown(page) == 77, 10)


def test_pause_and_resume(open_page):
    counts = Counts()
    page = open_page(before=counts)
    soon(page, lambda: counts.asked >= 2, 10)
    page.keyboard.press("p")
    page.wait_for_selector('.live[data-link="paused"]')
    page.wait_for_timeout(300)
    asked = counts.asked
    page.wait_for_timeout(1200)
    assert counts.asked == asked
    counts.answer = snapshot(users=88)
    page.keyboard.press("r")
    wait_until(lambda: shown(page) == 88, 5)
    page.wait_for_timeout(700)
    assert counts.asked == asked + 1
    page.click("#pause-switch")
    page.wait_for_selector('.live[data-link="live"]')
    soon(page, lambda: counts.asked > asked + 3, 5)


def test_cards_are_arranged_by_keyboard_and_stay_so(open_page):
    page = open_page()
    served = page.evaluate(ORDER)
    page.click("#arrange-switch")
    handle = page.get_by_role("button", name="Move Countries", exact=True)
    handle.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(ORDER)[:3] == ["countries", "users", "requests"]
    assert page.evaluate("document.activeElement.textContent") == "Countries"
    page.keyboard.press("Escape")
    assert page.locator(".handle").count() == 0
    page.reload()
    assert page.evaluate(ORDER)[:3] == ["countries", "users", "requests"]
    assert page.locator("#main").is_visible()
    page.click("#arrange-switch")
    page.get_by_role("button", name="As it was").click()
    assert page.evaluate(ORDER) == served
    page.reload()
    assert page.evaluate(ORDER) == served


def test_cards_are_dragged(open_page):
    page = open_page(viewport={"width": 1280, "height": 900})
    page.click("#arrange-switch")
    page.wait_for_function("() => Boolean(globalThis.Sortable)")
    first, third = (page.locator(f'[data-card="{name}"] .handle').bounding_box() for name in ("users", "countries"))
    page.mouse.move(first["x"] + 20, first["y"] + 10)
    page.mouse.down()
    page.mouse.move(third["x"] + third["width"] - 20, third["y"] + 20, steps=12)
    page.wait_for_timeout(300)
    page.mouse.up()
    wait_until(lambda: page.evaluate(ORDER)[:3] == ["requests", "countries", "users"], 5)
    page.reload()
    assert page.evaluate(ORDER)[:3] == ["requests", "countries", "users"]


@pytest.mark.parametrize("kept", ["nonsense", json.dumps(["gone", "map"])])
def test_a_broken_order_does_no_harm(open_page, kept):
    page = open_page(before=lambda page: page.add_init_script(f"localStorage.setItem('headcount.order', {json.dumps(kept)})"))
    assert len(page.evaluate(ORDER)) == 16
    assert page.locator("#main").is_visible()


def test_hostile_words_are_text_everywhere(open_page):
    evil = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>"
    counts = Counts(snapshot(
        topCountries=[{"country": evil, "code": "<b>", "sum": 5}], topUsers=[{"user": {"_id": '"><i>', "name": evil}, "sum": 4}],
        devices={"os": [{"name": evil, "sum": 3}], "browser": [{"name": evil, "sum": 2}]},
        jobs=[job(1, error=evil), job(2, state="failed", finishedAt="2026-11-28T12:00:00Z", error=evil)]))
    page = open_page(before=counts)
    for ranking in ("top-countries", "top-users", "top-systems", "top-browsers"):
        wait_until(lambda: names(page, ranking) == [evil], 5)
    wait_until(lambda: page.locator("[data-job-note]").all_inner_texts() == [evil, evil], 5)
    assert page.locator("main img, main script, main i, main b").count() == 0
    assert page.evaluate("window.hacked") is None


def test_empty_says_what_to_do(empty, open_page):
    page = open_page()
    wait_until(lambda: shown(page) == 0, 5)
    assert page.locator("[data-start]").is_visible()
    wait_until(lambda: "No users yet" in page.locator(".empty__title").inner_text(), 10)
    wait_until(lambda: "No requests yet" in page.locator("#top-users + .empty").inner_text(), 5)
    page.locator(".empty--table a").click()
    assert page.evaluate("document.activeElement.id") == "generate-n" or "#generate-n" in page.url
