"""The users page for everybody: by keyboard, by ear, without motion, in both themes and every width."""
import pytest

from axe import axe_findings
from support.people import create, patch
from support.waiting import wait_until
from users_page import at_least, expect, ids, open_users, open_with_clock, query_of, row

SIZES = {320: 700, 768: 1024, 1280: 800, 3840: 2160}


@pytest.fixture(scope="module", autouse=True)
def users(stack):
    at_least(stack, 60)


def assert_clean(page, where):
    found = axe_findings(page)
    assert not found, f"{where}: " + "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_view(http, open_page, scheme):
    user = create(http, extra="field")
    page = open_users(open_page, color_scheme=scheme)
    assert_clean(page, "the list")
    row(page, user).locator("[data-select]").check()
    assert_clean(page, "a selection")
    page.click("[data-more]")
    page.click("#export summary")
    assert_clean(page, "filters and export")
    page.keyboard.press("Escape")
    row(page, user).locator("[data-open]").click()
    page.locator("#sheet .facts--extra .fact").wait_for()
    assert_clean(page, "the panel")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.click("[data-save]")
    assert_clean(page, "the form with faults")
    page.keyboard.press("Escape")
    row(page, user).locator("[data-open]").focus()
    page.keyboard.press("Delete")
    assert_clean(page, "the question")
    page.keyboard.press("Enter")
    page.locator(".toast:visible").wait_for()
    assert_clean(page, "the note")
    page.keyboard.press("u")
    page.keyboard.press("?")
    assert_clean(page, "the shortcuts")
    page.keyboard.press("Escape")
    page.fill("#search", "zzzqqq")
    page.locator("[data-none]").wait_for()
    assert_clean(page, "nobody found")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_trouble_and_on_a_phone(http, open_page, scheme):
    user = create(http)
    page = open_users(open_page, color_scheme=scheme, viewport={"width": 320, "height": 700})
    assert_clean(page, "the list on a phone")
    row(page, user).locator("[data-open]").click()
    wait_until(lambda: page.locator("#sheet").is_visible(), 5)
    assert_clean(page, "the panel on a phone")
    page.keyboard.press("Escape")
    page.route("**/v1/user?*", lambda route: route.fulfill(status=503, body="{}", content_type="application/problem+json"))
    page.locator("#trouble").wait_for(timeout=15_000)
    assert_clean(page, "trouble")
    page.close()
    expect(page, "503")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_conflict(http, open_page, scheme):
    user = create(http, name="Base")
    page = open_users(open_page, f"?user={user['_id']}", color_scheme=scheme)
    page.locator("#sheet:not([aria-busy])").wait_for()
    page.click("#sheet [data-edit]")
    page.wait_for_selector("#user-dialog[open]")
    assert patch(http, user, {"name": "Theirs"}).status == 200
    page.fill("#user-name", "Mine")
    page.click("[data-save]")
    page.locator("[data-conflict]").wait_for()
    assert_clean(page, "a conflict")
    expect(page, "412")


@pytest.mark.parametrize("width", SIZES)
def test_nothing_sticks_out(http, open_page, width):
    user = create(http, name="W" * 256, note="n" * 500)
    page = open_users(open_page, viewport={"width": width, "height": SIZES[width]})
    wait_until(lambda: row(page, user).count() == 1, 8)
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits)
    row(page, user).locator("[data-open]").click()
    page.locator("#sheet .facts--extra .fact").wait_for()
    assert page.evaluate(fits)
    assert page.evaluate("document.querySelector('.sheet__body').scrollWidth <= document.querySelector('.sheet__body').clientWidth")
    page.click("#sheet [data-edit]")
    page.wait_for_selector("#user-dialog[open]")
    box = page.locator("#user-dialog").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width and box["y"] >= 0 and box["y"] + box["height"] <= SIZES[width]


def test_everything_by_keyboard(http, open_page):
    """From the address line to a deleted and restored user without touching the mouse."""
    user = create(http, name="Keyboard Person")
    page = open_users(open_page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("keyboard")
    wait_until(lambda: ids(page) == [user["_id"]], 5)
    stops = []
    for _ in range(30):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
        if page.evaluate("document.activeElement.matches('[data-open]')"):
            break
    assert {"country", "sort", "limit", "refresh", "pause"} <= set(stops)
    page.keyboard.press("Enter")
    wait_until(lambda: "user=" in query_of(page), 5)
    page.keyboard.press("e")
    page.wait_for_selector("#user-dialog[open]")
    page.keyboard.press("Control+a")
    page.keyboard.type("Renamed Keyboard")
    page.keyboard.press("Enter")
    wait_until(lambda: http.get(f"/v1/user/{user['_id']}").result["name"].startswith("Renamed"), 5)
    wait_until(lambda: page.locator("#user-dialog[open]").count() == 0, 5)
    page.keyboard.press("Delete")
    page.keyboard.press("Enter")
    wait_until(lambda: page.locator("#sheet").is_hidden() and row(page, user).count() == 0, 5)
    page.keyboard.press("u")
    wait_until(lambda: row(page, user).count() == 1, 5)


def test_arrows_walk_the_rows_and_focus_is_seen(open_page):
    page = open_users(open_page)
    page.locator("[data-open]").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.closest('tr').sectionRowIndex") == 1
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_page_speaks_at_most_once_in_ten_seconds(open_page):
    page = open_with_clock(open_page)
    page.evaluate("""() => {
        window.said = [];
        new MutationObserver(() => window.said.push([performance.now(), announcer.textContent]))
          .observe(announcer, { childList: true, characterData: true, subtree: true });
    }""")
    for text in ("a", "an", "ann", "anna", "x", "xy"):
        page.fill("#search", text)
        page.clock.run_for(350)
    page.keyboard.press("Tab")
    page.locator("#pause").click()
    page.locator("#pause").click()
    page.clock.run_for(10_500)
    said = page.evaluate("window.said")
    times = [when for when, _ in said]
    assert said and all(later - earlier >= 9_900 for earlier, later in zip(times, times[1:])), said


def test_reduced_motion(http, open_page):
    user = create(http)
    page = open_users(open_page, reduced_motion="reduce")
    row(page, user).locator("[data-open]").click()
    page.wait_for_timeout(300)
    lasting = page.evaluate("""document.getAnimations().filter((one) => one.effect.getComputedTiming().iterations === Infinity
        && one.playState === 'running').length""")
    assert lasting == 0


def test_words_without_javascript(open_page):
    page = open_page("/users/", script=False)
    assert "need JavaScript" in page.locator("main").inner_text()
    assert not page.locator("#list").is_visible()


def test_the_theme_is_shared_with_the_dashboard(open_page):
    page = open_users(open_page, color_scheme="light")
    page.keyboard.press("t")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.goto("/")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == background
