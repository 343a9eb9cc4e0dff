"""The users page: deleting, which can be undone for some seconds and goes out when they are over or the page is left."""
import pytest

from support.people import create
from support.waiting import wait_until
from users_page import asked, expect, ids, open_with_clock, row, stored, until

UNDO = 6


@pytest.fixture(scope="module", autouse=True)
def nothing_left(stack):
    yield
    stack.idle()
    stack.fresh()


def delete(page, user):
    """By the keyboard, from the row."""
    row(page, user).locator("[data-open]").focus()
    page.keyboard.press("Delete")
    page.locator("#confirm-dialog[open]").wait_for()
    page.keyboard.press("Enter")
    wait_until(lambda: row(page, user).count() == 0, 5)


def toast(page, text):
    return page.locator("#toasts .toast", has_text=text)


def test_undo_brings_the_row_back_and_nothing_was_sent(http, open_page):
    user, other = create(http, name="Kept After All"), create(http)
    page = open_with_clock(open_page)
    before = ids(page)
    sent = asked(page, "^DELETE")
    delete(page, user)
    assert page.evaluate("document.activeElement.matches('[data-open]')"), "the focus goes to a neighbour"
    toast(page, "Deleted Kept After All").get_by_role("button", name="Undo").click()
    wait_until(lambda: ids(page) == before, 5)
    page.clock.run_for((UNDO + 1) * 1000)
    page.wait_for_timeout(300)
    assert sent == [] and stored(http, user) and stored(http, other)


def test_the_request_goes_out_when_the_time_is_over(http, open_page):
    user = create(http)
    page = open_with_clock(open_page)
    sent = asked(page, "^DELETE")
    delete(page, user)
    page.mouse.move(0, 0)
    page.clock.run_for((UNDO - 4) * 1000)
    assert sent == [] and stored(http, user)
    page.clock.run_for(5000)
    wait_until(lambda: stored(http, user) is None, 8)
    until(page, lambda: len(sent) == 1, 2)
    wait_until(lambda: toast(page, "Deleted").count() == 0, 2)
    page.wait_for_timeout(300)
    assert row(page, user).count() == 0


def test_the_request_goes_out_when_the_page_is_left(http, open_page):
    first, second = create(http), create(http)
    page = open_with_clock(open_page)
    delete(page, first)
    delete(page, second)
    page.goto("/")
    wait_until(lambda: stored(http, first) is None and stored(http, second) is None, 5)
    expect(page, "DELETE|ERR_ABORTED")


def test_several_at_once_each_with_an_undo_of_its_own(http, open_page):
    kept, gone = create(http, name="Kept One"), create(http, name="Gone One")
    page = open_with_clock(open_page)
    delete(page, kept)
    delete(page, gone)
    toast(page, "Deleted Kept One").get_by_role("button", name="Undo").click()
    wait_until(lambda: row(page, kept).count() == 1, 5)
    page.mouse.move(0, 0)
    page.clock.run_for(UNDO * 1000)
    wait_until(lambda: stored(http, gone) is None, 12)
    assert stored(http, kept) and row(page, gone).count() == 0


def test_the_time_stands_still_while_someone_is_at_the_note(http, open_page):
    user = create(http, name="Hovered")
    page = open_with_clock(open_page)
    delete(page, user)
    toast(page, "Deleted Hovered").hover()
    page.clock.run_for((UNDO + 2) * 1000)
    page.wait_for_timeout(300)
    assert stored(http, user)
    page.keyboard.press("u")
    wait_until(lambda: row(page, user).count() == 1, 5)


def test_a_refused_deletion_brings_the_row_back_with_words(http, open_page):
    user = create(http, name="Protected")
    page = open_with_clock(open_page)
    page.route(f"**/v1/user/{user['_id']}", lambda route: route.fulfill(
        status=403, content_type="application/problem+json", body='{"message": "This is not allowed from here"}'))
    delete(page, user)
    page.mouse.move(0, 0)
    page.clock.run_for(UNDO * 1000)
    note = toast(page, "Protected could not be deleted: This is not allowed from here")
    note.wait_for(timeout=10_000)
    wait_until(lambda: row(page, user).count() == 1, 5)
    page.unroute(f"**/v1/user/{user['_id']}")
    note.get_by_role("button", name="Try again").click()
    wait_until(lambda: row(page, user).count() == 0 and stored(http, user) is None, 5)
    expect(page, "403")


def test_who_was_deleted_by_someone_else_is_gone_without_a_word(http, open_page):
    user = create(http)
    page = open_with_clock(open_page)
    delete(page, user)
    assert http.request("DELETE", f"/v1/user/{user['_id']}").status == 200
    page.mouse.move(0, 0)
    page.clock.run_for(UNDO * 1000)
    wait_until(lambda: toast(page, "Deleted").count() == 0, 10)
    until(page, lambda: any("404" in fault for fault in page.faults), 5)
    page.wait_for_timeout(500)
    assert row(page, user).count() == 0 and toast(page, "could not").count() == 0
    expect(page, "404")


def test_no_is_no(http, open_page):
    user = create(http)
    page = open_with_clock(open_page)
    row(page, user).locator("[data-open]").focus()
    page.keyboard.press("Delete")
    page.keyboard.press("Escape")
    wait_until(lambda: page.locator("#confirm-dialog[open]").count() == 0, 5)
    assert row(page, user).count() == 1
    assert page.evaluate("document.activeElement.closest('tr').dataset.user") == user["_id"]


def test_many_by_selection(http, open_page):
    """Selected one by one, by shift and over pages; deleted and undone as one."""
    for n in range(12):
        create(http, name=f"Many {n}")
    users = http.get("/v1/user?limit=12").result
    page = open_with_clock(open_page, "?limit=10")
    row(page, users[0]).locator("[data-select]").click()
    row(page, users[3]).locator("[data-select]").click(modifiers=["Shift"])
    assert "4 users selected" in page.locator("[data-bulk-count]").inner_text()
    page.click("[data-page=next]")
    wait_until(lambda: row(page, users[10]).count() == 1, 5)
    row(page, users[10]).locator("[data-select]").check()
    assert page.locator("[data-bulk-count]").inner_text() == "5 users selected, 4 on other pages"
    page.click("[data-bulk-delete]")
    assert "4 of them are not on this page" in page.locator("#confirm-dialog").inner_text()
    page.click("[data-confirm-yes]")
    wait_until(lambda: row(page, users[10]).count() == 0, 5)  # the keys are the dialog's until it has closed
    page.keyboard.press("u")
    wait_until(lambda: row(page, users[10]).count() == 1, 5)
    page.go_back()
    wait_until(lambda: row(page, users[0]).count() == 1, 5)
    page.locator("[data-select-page]").check()
    page.click("[data-bulk-delete]")
    page.click("[data-confirm-yes]")
    page.mouse.move(0, 0)
    page.clock.run_for(UNDO * 1000)
    wait_until(lambda: all(stored(http, user) is None for user in users[:10]), 12)
    assert all(stored(http, user) for user in users[10:])
    wait_until(lambda: row(page, users[10]).count() == 1, 8)
