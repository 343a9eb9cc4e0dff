"""The users page where a token is needed: it is asked for, and what can't go without it says so."""
import pytest

from support.people import create
from support.waiting import wait_until
from users_page import USERS, expect, open_users, row, stored

TOKEN = "a-token-of-the-tests-only"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def closed(stack):
    """A web service over the same services that wants the token for everything."""
    with stack.beside(env={"APP_ADMIN_TOKEN": TOKEN, "APP_AUTH": "all"}) as other:
        yield other


@pytest.fixture
def there(open_page, closed, stack, monkeypatch):
    """open_page for the closed one."""
    monkeypatch.setattr(stack, "url", closed.url)
    return open_page


def give_token(page, token):
    page.locator("#token-dialog[open]").wait_for()
    page.fill("#token-input", token)
    page.locator("#token-dialog button[type=submit]").click()


def test_the_list_asks_for_the_token(http, there):
    user = create(http)
    page = there(USERS)
    page.locator("#trouble").wait_for()
    assert "Locked" in page.locator("#trouble").inner_text()
    page.click("[data-trouble-action]")
    give_token(page, TOKEN)
    wait_until(lambda: row(page, user).count() == 1, 8)
    assert page.locator("#trouble").is_hidden()
    page.click("#export summary")
    wait_until(lambda: "a link can’t carry" in page.locator("[data-export-words]").inner_text(), 5)
    assert page.locator("[data-format=csv]").get_attribute("aria-disabled") == "true"
    page.keyboard.press("Escape")
    row(page, user).locator("[data-open]").focus()
    page.keyboard.press("Delete")
    page.keyboard.press("Enter")
    wait_until(lambda: row(page, user).count() == 0, 5)
    page.goto(USERS)  # the deletion goes out with the token as the page is left
    wait_until(lambda: stored(http, user) is None, 5)
    page.close()
    expect(page, "401", "DELETE", "ERR_ABORTED")


def test_a_change_asks_for_the_token(stack, http, open_page, monkeypatch):
    user = create(http)
    with stack.beside(env={"APP_ADMIN_TOKEN": TOKEN}) as other:
        monkeypatch.setattr(stack, "url", other.url)
        page = open_users(open_page, f"?user={user['_id']}")
        page.locator("#sheet:not([aria-busy])").wait_for()
        page.click("#sheet [data-edit]")
        page.wait_for_selector("#user-dialog[open]")
        page.fill("#user-name", "With Token")
        page.click("[data-save]")
        give_token(page, "wrong")
        give_token(page, TOKEN)
        wait_until(lambda: stored(http, user)["name"] == "With Token", 8)
        page.close()
        expect(page, "401")
