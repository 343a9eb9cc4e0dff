"""The users page while it is looked at: it keeps itself fresh, and nobody loses their place by it."""
import pytest

from support.people import create, patch
from support.waiting import wait_until
from users_page import asked, at_least, expect, ids, listed, open_users, open_with_clock, row, shows, until


@pytest.fixture(scope="module", autouse=True)
def users(stack):
    at_least(stack, 120)


def change(http, user, **fields):
    assert patch(http, user, fields).status == 200


def name_of(page, user):
    return row(page, user).locator("[data-open]").inner_text()


def test_new_users_come_by_themselves(http, open_page):
    page = open_users(open_page)
    user = create(http, name="Newcomer")
    wait_until(lambda: ids(page)[0] == user["_id"], 8)
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1


def test_a_refresh_keeps_focus_selection_and_scroll(http, open_page):
    """A row that changes is the same element: what is selected, in focus and in sight stays so."""
    user = create(http, name="Before")
    page = open_users(open_page)
    page.click("[data-page=next]")
    page.go_back()
    row(page, user).locator("[data-select]").check()
    row(page, user).locator("[data-open]").focus()
    row(page, user).evaluate("(row) => { row.mark = 'same'; }")
    page.evaluate("scrollTo(0, 150)")
    top = page.evaluate("scrollY")
    change(http, user, name="After")
    wait_until(lambda: name_of(page, user) == "After", 8)
    assert row(page, user).evaluate("(row) => row.mark") == "same"
    assert row(page, user).locator("[data-select]").is_checked()
    assert page.evaluate("document.activeElement.closest('tr').dataset.user") == user["_id"]
    assert page.evaluate("scrollY") == top


def test_rows_do_not_move_under_someones_hands(http, open_page):
    """Who is at work in the rows is told of newer ones and shows them when it suits."""
    page = open_users(open_page)
    before = ids(page)
    page.locator("[data-open]").nth(3).focus()
    user = create(http)
    page.locator("[data-arrived]").wait_for(timeout=8000)
    assert ids(page) == before
    page.click("[data-arrived]")
    wait_until(lambda: ids(page)[0] == user["_id"], 5)
    assert page.locator("[data-arrived]").is_hidden()


def test_a_page_further_back_stays(http, open_page):
    page = open_users(open_page, "?limit=10")
    page.click("[data-page=next]")
    shows(page, listed(http, "limit=20")[10:])
    before = ids(page)
    turns = asked(page, "GET v1/user\\?")
    create(http)
    until(page, lambda: turns, 8)
    page.wait_for_timeout(500)
    assert ids(page) == before


def test_pause_and_refresh_now(http, open_page):
    page = open_with_clock(open_page)
    page.keyboard.press("p")
    wait_until(lambda: page.locator("[data-link-word]").inner_text() == "Paused", 5)
    turns = asked(page, "GET v1/user\\?")
    page.clock.run_for(30_000)
    page.wait_for_timeout(200)
    assert turns == []
    user = create(http)
    page.keyboard.press("r")
    wait_until(lambda: ids(page)[0] == user["_id"], 5)
    page.keyboard.press("p")
    wait_until(lambda: page.locator("[data-link-word]").inner_text() == "Live", 5)


def test_offline_and_back(http, open_page):
    """The loss is told in words with the age of the rows, the rows stay, and it recovers by itself."""
    page = open_users(open_page)
    before = ids(page)
    page.context.set_offline(True)
    page.locator("#trouble").wait_for(timeout=15_000)
    words = page.locator("#trouble").inner_text()
    assert "Connection lost" in words and "The rows are from" in words and "Next try in" in words
    assert ids(page) == before
    user = create(http)
    page.context.set_offline(False)
    wait_until(lambda: ids(page)[0] == user["_id"], 15)
    assert page.locator("#trouble").is_hidden()
    expect(page, "ERR_INTERNET_DISCONNECTED")


def test_a_store_that_is_down(http, open_page):
    """A 503 keeps the rows and says what the server says, and when it will be asked again."""
    page = open_users(open_page)
    before = ids(page)
    page.route("**/v1/user?*", lambda route: route.fulfill(
        status=503, content_type="application/problem+json", headers={"Retry-After": "1"},
        body='{"title": "The database can’t be used right now", "message": "The database does not answer"}'))
    page.locator("#trouble").wait_for(timeout=15_000)
    words = page.locator("#trouble").inner_text()
    assert "The database does not answer" in words and "Next try in" in words
    assert ids(page) == before
    page.fill("#search", "a")
    page.wait_for_timeout(600)
    assert ids(page) == before, "a search that fails leaves the rows"
    page.unroute("**/v1/user?*")
    page.locator("[data-trouble-action]").dispatch_event("click")  # a try of its own may have taken the note away
    shows(page, listed(http, "limit=25&search=a"))
    assert page.locator("#trouble").is_hidden()
    expect(page, "503")


def test_a_web_service_that_is_down(stack, http, open_page):
    """The same with a real one: it recovers by itself, with the rows in sight all the time."""
    page = open_users(open_page)
    before = ids(page)
    with stack.stopped("fcgi"):
        page.locator("#trouble").wait_for(timeout=20_000)
        assert ids(page) == before
    page.locator("#trouble").wait_for(state="hidden", timeout=30_000)
    assert page.locator("[data-link-word]").inner_text() == "Live"
    expect(page, "503")


def test_a_store_that_is_down_from_the_start(open_page):
    page = open_users(open_page)
    page.route("**/v1/user?*", lambda route: route.fulfill(status=503, content_type="application/problem+json",
                                                           body='{"message": "The database does not answer"}'))
    page.reload()
    page.locator("[data-none]").wait_for()
    assert "can’t be shown right now" in page.locator("[data-none]").inner_text()
    page.unroute("**/v1/user?*")
    page.wait_for_selector("[data-user]", timeout=15_000)
    assert page.locator("[data-none]").is_hidden()
    expect(page, "503")


def test_nothing_shifts_while_it_loads(open_page):
    page = open_users(open_page)
    page.add_init_script("""window.shifts = [];
        new PerformanceObserver((list) => { for (const one of list.getEntries()) window.shifts.push(one.value); })
          .observe({ type: 'layout-shift', buffered: true });""")
    page.reload()
    page.wait_for_selector("[data-user]")
    page.wait_for_timeout(500)
    assert sum(page.evaluate("window.shifts")) < 0.01


def test_a_stream_of_new_users(stack, http, open_page):
    """With a job at full speed the page shows the newest, the total rises, and leafing works."""
    page = open_users(open_page)
    job = stack.generate(60_000)
    before = ids(page)
    wait_until(lambda: ids(page) != before, 15)
    page.click("[data-page=next]")
    wait_until(lambda: page.evaluate("location.search").startswith("?after="), 5)
    stack.wait_job(job)
    stack.idle()
    page.click("[data-page=first]")
    shows(page, listed(http, "limit=25"))
    total = stack.assert_exact()["users"]
    wait_until(lambda: page.locator("[data-total]").inner_text().replace(",", "") == str(total), 10)
