"""By keyboard, by ear, on any screen, in the reader's own format."""
import pytest

from axe import axe_findings
from dashboard import Counts, job, shown, snapshot
from support.waiting import wait_until

FULL = dict(jobs=[job(1, done=400_000), job(2, state="failed", finishedAt="2026-11-28T12:00:00Z", error="No room")])


def see_all(page):
    """Every card has been on screen, so that all is loaded."""
    for card in page.locator("#main > [data-card]").all():
        card.scroll_into_view_if_needed()
        page.wait_for_timeout(50)
    page.wait_for_selector("#map path", state="attached")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing(open_page, scheme, width):
    page = open_page(before=Counts(snapshot(**FULL)), color_scheme=scheme, viewport={"width": width, "height": 800})
    see_all(page)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.wait_for_timeout(500)
    assert axe_findings(page) == []
    page.click("#generate-form button[type=submit]")
    assert axe_findings(page, "[data-card=generate]") == [], "a form with a fault"
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = false")
    page.click("#arrange-switch")
    assert axe_findings(page, {"include": [".pagebar", "[data-card=users]"]}) == [], "arranging"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert axe_findings(page, "dialog[open]") == [], "the list of shortcuts"
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    assert axe_findings(page) == [], "kiosk"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_when_empty_and_when_broken(open_page, scheme):
    nothing = snapshot(users=0, requests=0, countries=0, topCountries=[], topUsers=[], devices={"os": [], "browser": []},
                       gender={"male": 0, "female": 0, "other": 0}, active={"daily": 0, "weekly": 0, "monthly": 0})
    page = open_page(before=Counts(nothing, headers={"Age": "600"}), color_scheme=scheme)
    page.wait_for_selector("#toast:not([hidden])")
    assert axe_findings(page) == []


@pytest.mark.parametrize("width", [320, 768, 1280, 3840])
def test_nothing_sticks_out_of_any_screen(open_page, width):
    """No sideways scrolling and no figure cut off, with numbers of a hundred million."""
    big = snapshot(users=123_456_789, requests=987_654_321, active={"daily": 12_345_678, "weekly": 23_456_789,
                                                                   "monthly": 34_567_890})
    page = open_page(before=Counts(big), viewport={"width": width, "height": 900})
    wait_until(lambda: shown(page) == 123_456_789, 5)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = page.locator(".figure").evaluate_all("all => all.filter((one) => one.scrollWidth > one.clientWidth + 1)"
                                               ".map((one) => one.dataset.count)")
    assert cut == []
    if width == 3840:
        assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.figure')).fontSize)") > 50


def test_shortcuts(open_page):
    page = open_page()
    page.keyboard.press("?")
    keys = page.locator("dialog[open] kbd").all_inner_texts()
    assert set(keys) == {"/", "r", "p", "k", "t", "?"}
    page.keyboard.press("k")
    assert page.locator(".topbar").is_visible(), "a dialog has the keys to itself"
    page.keyboard.press("Escape")
    page.focus("#generate-n")
    page.keyboard.type("kp")
    assert page.input_value("#generate-n") == "kp" and "kiosk" not in page.url
    page.evaluate("document.activeElement.blur()")
    background = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(background)
    page.keyboard.press("t")
    assert page.evaluate(background) != before
    page.keyboard.press("Control+k")
    assert "kiosk" not in page.url
    page.keyboard.press("/")
    page.wait_for_url("**/users/**")
    wait_until(lambda: page.evaluate("document.activeElement.id") == "search", 5)


def test_every_control_is_reached_by_tab_and_shows_it(open_page):
    page = open_page(viewport={"width": 1280, "height": 900})
    page.wait_for_selector('.live[data-link="live"]')
    page.evaluate("document.getElementById('main').focus()")
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        here = page.evaluate("""() => {
          const one = document.activeElement;
          const drawn = one.matches('input[type=radio]') ? one.nextElementSibling : one;
          return [one.id || one.textContent.trim(), getComputedStyle(drawn).outlineStyle];
        }""")
        assert here[1] != "none", here
        reached.add(here[0])
        if here[0] == "These numbers as JSON":
            break
    assert {"pause-switch", "arrange-switch", "kiosk-switch", "generate-n", "generate-seed", "As a table",
            "All countries as a table", "All jobs as a table"} <= reached


def test_the_live_region_speaks_at_most_once_in_10_seconds(open_page):
    """However much happens."""
    counts = Counts(lambda: snapshot(users=counts.asked, jobs=[job(counts.asked), job(
        counts.asked - 1, state="done", finishedAt="2026-11-28T12:00:00Z")]))
    page = open_page(before=counts)
    page.evaluate("""() => {
      window.said = [];
      new MutationObserver(() => window.said.push(performance.now()))
        .observe(document.getElementById('announcer'), { childList: true, characterData: true, subtree: true });
    }""")
    page.wait_for_timeout(13_000)
    said = page.evaluate("window.said")
    assert 1 <= len(said) <= 2 and all(b - a >= 9_900 for a, b in zip(said, said[1:])), said
    assert "done" in page.locator("#announcer").inner_text()


@pytest.mark.parametrize("locale, users", [("de-DE", "11.000.000"), ("en-IN", "1,10,00,000"), ("fr-FR", "11\u202f000\u202f000")])
def test_numbers_by_the_readers_locale(open_page, locale, users):
    page = open_page(before=Counts(), locale=locale)
    wait_until(lambda: page.locator('[data-count="users"]').inner_text() == users, 5)
    page.click("[data-preset='11000000']")
    assert page.locator("#generate-confirm").is_visible(), "what is filled in is understood again"


def test_charts_have_names_and_tables(open_page):
    page = open_page()
    see_all(page)
    assert page.get_by_role("img", name="World map of the users by country").count() == 1
    assert page.locator("#growth-plot .uplot").get_attribute("aria-hidden") == "true"
    for region in ("Growth as a table", "All countries as a table"):
        page.locator(f'[aria-label="{region}"]').locator("xpath=preceding-sibling::summary").click()
        wait_until(lambda: page.get_by_role("region", name=region).locator("th[scope=col]").count() >= 4, 5)
