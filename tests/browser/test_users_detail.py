"""The users page: one user in the panel, with all that is known of them, whatever was stored."""
import datetime

import pytest
from bson import ObjectId

from support.people import create, patch
from support.waiting import wait_until
from users_page import at_least, expect, ids, open_users, query_of, row

WRITES_BEHIND = True


@pytest.fixture(scope="module", autouse=True)
def users(stack):
    at_least(stack, 60)


def panel(page):
    return page.locator("#sheet")


def fields(page):
    """{label: text} of the panel."""
    return dict(page.locator("#sheet .fact").evaluate_all(
        "facts => facts.map((one) => [one.querySelector('dt').textContent, one.querySelector('dd').textContent])"))


def test_all_fields_and_further_ones(http, open_page):
    user = create(http, name="Grace Hopper", note="A note", tags=["a", {"b": 1}], score=4.5, active=True)
    page = open_users(open_page)
    row(page, user).locator("[data-open]").click()
    wait_until(lambda: fields(page).get("note") == "A note", 5)
    shown = fields(page)
    assert page.locator("#sheet-title").inner_text() == "Grace Hopper"
    assert (shown["E-mail"], shown["Phone"], shown["Id"]) == (user["email"], user["phoneNumber"], user["_id"])
    assert shown["Country"].endswith("Germany") and shown["Gender"] == "female"
    assert (shown["tags"], shown["score"], shown["active"]) == ('["a",{"b":1}]', "4.5", "true")
    joined = page.locator("#sheet [data-time=createdAt]")
    assert joined.get_attribute("datetime") == user["createdAt"] and ":" in joined.get_attribute("title")
    assert "_hc" not in shown


def test_a_row_says_who_and_when(http, open_page):
    """Initials on a colour of their own, flag beside the country's name, "x ago" with the exact time on hover."""
    user = create(http, name="Grace Brewster Hopper", country="FR")
    page = open_users(open_page)
    wait_until(lambda: row(page, user).count() == 1, 8)
    one = row(page, user)
    assert one.locator(".avatar").inner_text() == "GH" and one.locator(".avatar").get_attribute("data-hue")
    assert one.locator(".flag").inner_text() in ("FR", "🇫🇷") and one.locator(".flag").get_attribute("aria-hidden") == "true"
    assert one.locator("[data-country-name]").inner_text() == "France"
    when = one.locator("[data-active]")
    assert when.inner_text().endswith("ago") or when.inner_text() == "just now"
    assert when.get_attribute("datetime") == user["lastActive"] and str(datetime.date.today().year) in when.get_attribute("title")
    assert one.locator("img").count() == 0


def test_the_panel_is_in_the_address(http, open_page):
    user = create(http)
    page = open_users(open_page)
    row(page, user).locator("[data-open]").focus()
    page.keyboard.press("Enter")
    wait_until(lambda: query_of(page) == f"?user={user['_id']}", 5)
    assert page.evaluate("document.activeElement.id") == "sheet-title"
    page.reload()
    wait_until(lambda: fields(page)["Id"] == user["_id"], 5)
    page.keyboard.press("Escape")
    wait_until(lambda: panel(page).is_hidden() and query_of(page) == "", 5)
    row(page, user).locator("[data-open]").click()
    wait_until(panel(page).is_visible, 5)
    page.go_back()
    wait_until(panel(page).is_hidden, 5)
    assert page.evaluate("document.activeElement.closest('tr').dataset.user") == user["_id"]
    page.go_forward()
    wait_until(panel(page).is_visible, 5)


def test_closing_leaves_no_step_behind(http, open_page):
    """After some users were looked at, "back" leads out of the list: it opens no panel again."""
    user, other = create(http), create(http)
    page = open_page("/")
    page.goto("/users/?country=DE")
    page.wait_for_selector("[data-user]")
    for one in (user, other):
        row(page, one).locator("[data-email]").click()
        wait_until(lambda: fields(page)["Id"] == one["_id"], 5)
    page.click("#sheet [data-close]")
    wait_until(lambda: query_of(page) == "?country=DE" and panel(page).is_hidden(), 5)
    page.go_back()
    assert page.evaluate("location.pathname") == "/"


def test_the_requests_of_a_user(stack, http, open_page):
    """Ten at a time, newest first, with what they came by; a new one shows by itself."""
    user = create(http)
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"

    def ask(times):
        for _ in range(times):
            assert http.post(f"/v1/user/activity/{user['_id']}", headers={"User-Agent": agent}).status == 200
    ask(13)
    wait_until(lambda: stack.mongo.useractivities.count_documents({"user": ObjectId(user["_id"])}) == 13, 20)
    page = open_users(open_page, f"?user={user['_id']}")
    requests = page.locator("#sheet .request")
    wait_until(lambda: requests.count() == 10, 5)
    assert "Chrome 120 on Windows 10" in requests.first.inner_text()
    page.click("[data-older]")
    wait_until(lambda: requests.count() == 13, 5)
    assert page.locator("[data-older]").is_hidden()
    times = requests.locator("time").evaluate_all("times => times.map((one) => one.dateTime)")
    assert times == sorted(times, reverse=True)
    ask(1)
    wait_until(lambda: requests.count() == 14, 15)


def test_a_user_who_does_not_exist(open_page):
    page = open_users(open_page, "?user=" + "0" * 24)
    panel(page).get_by_text("doesn’t exist any more").wait_for()
    assert not page.locator("#sheet [data-edit]").is_visible()
    page.keyboard.press("Escape")
    wait_until(panel(page).is_hidden, 5)
    expect(page, "404")


def test_the_panel_follows_changes(http, open_page):
    user = create(http, name="Before")
    page = open_users(open_page, f"?user={user['_id']}")
    wait_until(lambda: page.locator("#sheet-title").inner_text() == "Before", 5)
    assert patch(http, user, {"name": "After"}).status == 200
    wait_until(lambda: page.locator("#sheet-title").inner_text() == "After", 8)


HOSTILE = '"><img src=x onerror=window.hacked=1><script>window.hacked=1</script>{{x}}'


def test_stored_script_is_text_in_every_field(stack, open_page):
    """Another system may have stored anything anywhere: it is shown, never run, in the list, the panel and the form."""
    user = {"_id": ObjectId("f" * 23 + "e"), "email": HOSTILE, "name": HOSTILE, "country": HOSTILE, "gender": HOSTILE,
            "phoneNumber": HOSTILE, "userName": HOSTILE, "avatar": "javascript:window.hacked=1", "lastActive": HOSTILE,
            "createdAt": HOSTILE, "extra<b>": {"deep": [HOSTILE]}}
    stack.mongo.users.insert_one(user)
    one = {"_id": str(user["_id"])}
    page = open_users(open_page, f"?user={one['_id']}")
    wait_until(lambda: row(page, one).count() == 1, 10)
    for part in ("[data-open]", "[data-email]", "[data-phone]", "[data-gender-word]", "[data-country-name]", "[data-user-name]"):
        assert row(page, one).locator(part).text_content() == HOSTILE, part
    wait_until(lambda: fields(page)["E-mail"] == HOSTILE, 5)
    assert fields(page)["extra<b>"] == '{"deep":["' + HOSTILE.replace('"', '\\"') + '"]}'
    page.click("#sheet [data-edit]")
    page.wait_for_selector("#user-dialog[open]")
    assert page.input_value("#user-name") == HOSTILE and page.input_value("#user-country") == HOSTILE
    page.keyboard.press("Escape")
    wait_until(lambda: page.locator("#user-dialog[open]").count() == 0, 5)
    page.click("#sheet [data-delete]")
    page.click("#confirm-dialog [data-confirm-yes]")
    page.get_by_text("Deleted").first.wait_for()
    page.keyboard.press("u")
    assert page.locator("main img, #sheet img, .toasts img, #sheet script, main script").count() == 0
    assert page.evaluate("window.hacked") is None


def test_odd_shapes_do_not_break_the_list(stack, open_page):
    """Numbers, objects and nothing where texts belong."""
    oid = ObjectId("f" * 24)
    stack.mongo.users.insert_one({"_id": oid, "email": 5, "name": {"a": 1}, "country": None, "gender": [], "createdAt": 7})
    page = open_users(open_page)
    wait_until(lambda: str(oid) in ids(page), 10)
    assert row(page, {"_id": str(oid)}).locator("[data-open]").inner_text() == '{"a":1}'
    row(page, {"_id": str(oid)}).locator("[data-open]").click()
    wait_until(lambda: fields(page)["Id"] == str(oid), 5)
