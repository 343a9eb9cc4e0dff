"""What is off screen is drawn later and less often: a poll costs what can be seen."""
import re
from pathlib import Path

from dashboard import Counts, answer_with, names, snapshot, soon

WITHOUT_NUMBERS = Path(__file__).parents[2] / "www/index.html"
WATCH = """
window.changes = 0;
addEventListener('DOMContentLoaded', () => new MutationObserver((all) => { window.changes += all.length; })
  .observe(document.getElementById('top-countries'), { subtree: true, childList: true, characterData: true }));
"""


def moving(counts):
    k = counts.asked
    return snapshot(users=1000 + k, version=str(k), topCountries=[{"country": "India", "code": "IN", "sum": 300 + k}])


def open_moving(open_page, **options):
    counts = Counts(lambda: moving(counts), interval=100)

    def before(page):
        page.add_init_script(WATCH)
        counts(page)
    page = open_page(before=before, reduced_motion="reduce", **options)
    page.counts = counts
    soon(page, lambda: counts.asked > 5)
    return page


def changes(page):
    return page.evaluate("window.changes")


def changes_in(page, polls):
    before, asked = changes(page), page.counts.asked
    soon(page, lambda: page.counts.asked >= asked + polls, 20)
    return changes(page) - before


def test_an_unseen_card_changes_seldom_and_does_change(open_page):
    page = open_moving(open_page, viewport={"width": 1280, "height": 500})
    assert changes_in(page, 20) < 10
    before = changes(page)
    soon(page, lambda: changes(page) > before, 20)
    page.locator("#top-countries").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    assert changes_in(page, 20) >= 20


def test_an_unseen_card_is_up_to_date_when_it_comes_into_view(open_page):
    page = open_moving(open_page, viewport={"width": 1280, "height": 500})
    asked = page.counts.asked
    number = page.locator("#top-countries .rank__number")
    soon(page, lambda: page.counts.asked >= asked + 8)
    shown = page.evaluate("""async (number) => {
      number.scrollIntoView();
      for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame);
      return number.textContent;
    }""", number.element_handle())
    assert int(shown) >= 300 + asked + 7, "the one before may still be under way"


def test_unseen_cards_are_drawn_though_nothing_new_comes(open_page):
    counts = Counts(snapshot())
    page = open_page(before=counts, viewport={"width": 320, "height": 400})
    soon(page, lambda: names(page, "top-systems") == ["Windows", "Android"])
    counts.answer = snapshot(version="2", topUsers=[], devices={"os": [{"name": "iOS", "sum": 1}], "browser": []},
                             topCountries=[{"country": "Chad", "code": "TD", "sum": 1}])
    counts.interval = 600_000
    page.keyboard.press("r")
    for ranking, want in (("top-countries", ["Chad"]), ("top-systems", ["iOS"]), ("top-browsers", []), ("top-users", [])):
        soon(page, lambda: names(page, ranking) == want)


def test_the_first_value_is_shown_at_once_also_unseen(open_page):
    """In a page without numbers, however late they come: it has long looked at what is in sight by then."""
    asked = []

    def hold(page):
        page.route(re.compile("/$"), lambda route: answer_with(route, WITHOUT_NUMBERS.read_text(), type="text/html"))
        page.route("**/v1/counts", lambda route: asked.append(route))
    page = open_page(before=hold, viewport={"width": 320, "height": 400})
    page.wait_for_timeout(500)
    answer_with(asked[0], {"result": snapshot()}, ETag='"1"', **{"Poll-Interval": "600000"})
    soon(page, lambda: names(page, "top-countries") == ["India", "China", "Chad"])
    assert [names(page, of) for of in ("top-systems", "top-browsers")] == [["Windows", "Android"], ["Chrome", "Firefox"]]
    assert names(page, "top-users") == ["Ada Lovelace"]
