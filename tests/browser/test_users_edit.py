"""The users page: adding and editing, with what is wrong said at the field and nobody's change written over unseen."""
import json
import uuid

import pytest

from support.people import create, patch, person
from support.waiting import wait_until
from users_page import asked, expect, fill, ids, open_users, row, save, shows, stored


@pytest.fixture(scope="module", autouse=True)
def nothing_left(stack):
    """The users that these tests made go again."""
    yield
    stack.idle()
    stack.fresh()


def error_at(page, field):
    return page.locator(f"#user-{field}-error").inner_text()


def open_edit(page, user):
    row(page, user).locator("[data-open]").click()
    page.locator("#sheet [data-edit]").click()
    page.wait_for_selector("#user-dialog[open]")


def is_open(page):
    return page.locator("#user-dialog[open]").count() == 1


def by_email(http, email):
    return http.get(f"/v1/user?email={email}").result


def test_add_a_user(http, open_page):
    create(http)
    page = open_users(open_page)
    wanted = person(name="Ada Lovelace", country="United Kingdom")
    page.locator(".users__actions [data-add]").click()
    fill(page, **wanted)
    save(page)
    wait_until(lambda: not is_open(page), 5)
    user, = by_email(http, wanted["email"])
    assert {name: user[name] for name in wanted} == wanted
    wait_until(lambda: ids(page)[0] == user["_id"], 5)
    page.get_by_text("Added Ada Lovelace").first.wait_for()
    page.locator(".toast [data-toast-action]:visible").click()
    wait_until(lambda: page.locator("#sheet-title").inner_text() == "Ada Lovelace", 5)


def test_what_is_missing_is_said_at_each_field(http, open_page):
    create(http)
    page = open_users(open_page)
    sent = asked(page, "POST v1/user")
    page.keyboard.press("a")
    save(page)
    for field in ("name", "email", "phoneNumber", "gender"):
        assert "is missing" in error_at(page, field)
        assert page.locator(f"#user-{field}").get_attribute("aria-invalid") == "true"
        assert f"user-{field}-error" in page.locator(f"#user-{field}").get_attribute("aria-describedby")
    assert error_at(page, "country") == ""
    assert page.evaluate("document.activeElement.id") == "user-name"
    page.fill("#user-name", "A")
    assert error_at(page, "name") == "" and sent == []


VALUES = {
    "name": ["x" * 257, "ä" * 257, "a\tb", "ok"],
    "email": ["nobody", "a b@mail.example", "ä@mail.example", "a@-b.cd", "a@b-.cd", "a@b..cd", "a" * 65 + "@b.cd", "a@b@c.de",
              "a" * 250 + "@b.cd", "x@People.Example", "a@" + "b" * 64 + ".cd"],
    "phoneNumber": ["123", "1" * 33, "call me", "+-/()", "12 ", "+1 (2)x3"],
    "avatar": ["ftp://a.b/c", "http://", "https://a b", 'http://a.b/"', "https://-a.b", "http://" + "a" * 1020, "HTTPS://[::1]/x"],
    "userName": ["x" * 65],
}


@pytest.mark.parametrize("field", VALUES)
def test_the_page_says_what_the_server_would(http, open_page, field):
    """Each value gets the server's verdict in the server's words, before it is sent."""
    create(http)
    page = open_users(open_page)
    for value in VALUES[field]:
        answer = http.post("/v1/user", person(**{field: value}))
        theirs = [error["message"] for error in answer.json.get("errors", []) if error["field"] == field]
        ours, said = page.evaluate("""([field, value, theirs]) => import('/js/users/checks.js').then(
            ({ check, inFormWords }) => [check(field, value), theirs.map((one) => inFormWords(field, one))])""",
                                   [field, value, theirs])
        assert [ours] == (said or [""]), value


def test_a_refusal_of_the_server_shows_at_its_field(http, open_page):
    create(http)
    page = open_users(open_page)
    page.route("**/v1/user", lambda route: route.fulfill(status=422, content_type="application/problem+json", body=json.dumps(
        {"title": "x", "message": "phoneNumber is not liked", "errors": [{"field": "phoneNumber", "message": "phoneNumber is not liked"}]})))
    page.keyboard.press("a")
    fill(page, **person())
    save(page)
    wait_until(lambda: error_at(page, "phoneNumber") == "Phone is not liked", 5)
    assert page.evaluate("document.activeElement.id") == "user-phoneNumber"
    expect(page, "422")


def test_a_taken_address_is_said_at_the_email(http, open_page):
    other, user = create(http), create(http)
    page = open_users(open_page)
    page.keyboard.press("a")
    fill(page, **person(email=other["email"].upper()))
    save(page)
    wait_until(lambda: "belongs to another user" in error_at(page, "email"), 5)
    page.keyboard.press("Escape")
    page.click("#confirm-dialog [data-confirm-yes]")
    open_edit(page, user)
    fill(page, email=other["email"])
    save(page)
    wait_until(lambda: "belongs to another user" in error_at(page, "email"), 5)
    assert stored(http, user)["email"] == user["email"]
    expect(page, "409")


def test_a_lost_answer_makes_no_second_user(http, open_page):
    """The request reaches the server and its answer is lost: sent again with the same key, there is one user."""
    create(http)
    page = open_users(open_page)
    keys = []

    def lose_first(route):
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()
            return route.abort()
        return route.continue_()
    page.route("**/v1/user", lose_first)
    wanted = person()
    page.keyboard.press("a")
    fill(page, **wanted)
    save(page)
    wait_until(lambda: not is_open(page), 10)
    assert len(by_email(http, wanted["email"])) == 1
    assert len(keys) == 2 and keys[0] == keys[1]
    expect(page, "ERR_FAILED")


def test_an_unknown_outcome_is_told_and_safe_to_repeat(http, open_page):
    create(http)
    page = open_users(open_page)
    keys = []
    page.on("request", lambda one: one.method == "POST" and keys.append(one.headers["idempotency-key"]))
    page.route("**/v1/user", lambda route: route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(
        {"type": "https://x.example/problems/outcome-unknown", "message": "It is not known whether the change was made"})))
    wanted = person()
    page.keyboard.press("a")
    fill(page, **wanted)
    save(page)
    wait_until(lambda: "Saving again is safe" in page.locator("[data-result]").inner_text(), 15)
    page.unroute("**/v1/user")
    save(page)
    wait_until(lambda: not is_open(page), 5)
    assert len(by_email(http, wanted["email"])) == 1
    assert len(keys) > 2 and len(set(keys)) == 1
    expect(page, "503")


def test_edit(http, open_page):
    """Only what was changed is sent, and only if the user is still what was shown."""
    user = create(http, name="Before", favourite={"colour": "red"})
    page = open_users(open_page)
    open_edit(page, user)
    fill(page, name="After", gender="other")
    with page.expect_request(lambda request: request.method == "PATCH") as caught:
        save(page)
    assert json.loads(caught.value.post_data) == {"name": "After", "gender": "other"}
    assert caught.value.headers["if-match"].startswith('W/"')
    wait_until(lambda: not is_open(page), 5)
    now = stored(http, user)
    assert {**now, "updatedAt": ""} == {**user, "name": "After", "gender": "other", "updatedAt": ""}
    wait_until(lambda: row(page, user).locator("[data-open]").inner_text() == "After", 8)
    wait_until(lambda: page.locator("#sheet-title").inner_text() == "After", 8)


def test_a_generated_user_can_be_edited(stack, http, open_page):
    """Its e-mail is one that the form would not take, which doesn't matter while it stays."""
    stack.wait_job(stack.generate(1))
    page = open_users(open_page)
    user = http.get("/v1/user?limit=1").result[0]
    open_edit(page, user)
    fill(page, country="")
    save(page)
    wait_until(lambda: not is_open(page), 5)
    assert "country" not in {name for name, value in stored(http, user).items() if value}


def clash(http, open_page, mine, theirs):
    """The form with mine in it, sent after someone else wrote theirs."""
    user = create(http, name="Base Name", phoneNumber="+1 000")
    page = open_users(open_page)
    open_edit(page, user)
    assert patch(http, user, theirs).status == 200
    fill(page, **mine)
    save(page)
    page.locator("[data-conflict]").wait_for()
    expect(page, "412")
    return page, user


MINE, THEIRS = {"name": "My Name", "phoneNumber": "+1 111"}, {"name": "Their Name", "phoneNumber": "+1 222", "gender": "male"}


@pytest.mark.parametrize("choice, name, phone", [("mine", "My Name", "+1 111"), ("theirs", "Their Name", "+1 222"),
                                                 ("each", "My Name", "+1 222")])
def test_someone_else_was_faster(http, open_page, choice, name, phone):
    """Both versions are shown, and one is chosen, all at once or field by field; what only they changed stays theirs."""
    page, user = clash(http, open_page, MINE, THEIRS)
    assert stored(http, user)["name"] == "Their Name", "nothing is written before the choice"
    words = page.locator("[data-conflict]").inner_text()
    assert all(value in words for value in ("My Name", "Their Name", "+1 111", "+1 222", "male"))
    if choice == "each":
        page.locator(".clash", has_text="Phone").locator('input[value="theirs"]').check()
    else:
        page.click(f"[data-keep-{choice}]")
    assert page.input_value("#user-name") == name
    save(page)
    wait_until(lambda: not is_open(page), 5)
    now = stored(http, user)
    assert (now["name"], now["phoneNumber"], now["gender"]) == (name, phone, "male")


def test_changes_of_other_fields_come_together(http, open_page):
    page, user = clash(http, open_page, {"name": "Mine"}, {"gender": "other"})
    assert page.locator(".clash").count() == 0
    assert page.input_value("#user-gender") == "other"
    save(page)
    wait_until(lambda: not is_open(page), 5)
    now = stored(http, user)
    assert (now["name"], now["gender"]) == ("Mine", "other")


def test_an_edit_whose_answer_was_lost_is_no_conflict(http, open_page):
    user = create(http)
    page = open_users(open_page)
    open_edit(page, user)
    tries = []

    def lose_first(route):
        if route.request.method != "PATCH":
            return route.continue_()
        tries.append(1)
        if len(tries) == 1:
            route.fetch()
            return route.abort()
        return route.continue_()
    page.route(f"**/v1/user/{user['_id']}", lose_first)
    fill(page, name="Once")
    save(page)
    wait_until(lambda: not is_open(page), 10)
    assert stored(http, user)["name"] == "Once" and len(tries) == 2
    expect(page, "ERR_FAILED", "412")


def test_what_was_typed_is_not_lost_by_a_slip(http, open_page):
    create(http)
    page = open_users(open_page)
    page.keyboard.press("a")
    page.fill("#user-name", "Typed")
    page.keyboard.press("Escape")
    page.locator("#confirm-dialog[open]").wait_for()
    page.keyboard.press("Escape")
    wait_until(lambda: page.locator("#confirm-dialog[open]").count() == 0, 5)
    assert is_open(page) and page.input_value("#user-name") == "Typed"
    page.fill("#user-name", "")
    page.keyboard.press("Escape")
    wait_until(lambda: not is_open(page), 5)


@pytest.mark.parametrize("name", ["<img src=x onerror=window.hacked=1>", "\u202eevil", "👩‍👩‍👧‍👦 Ünïcode", "=cmd()|'x'"])
def test_names_go_in_and_come_out_as_they_are(http, open_page, name):
    create(http)
    page = open_users(open_page)
    email = f"{uuid.uuid4().hex[:12]}@mail.example"
    page.keyboard.press("a")
    fill(page, **person(name=name, email=email))
    save(page)
    wait_until(lambda: not is_open(page), 5)
    user, = by_email(http, email)
    assert user["name"] == name
    wait_until(lambda: row(page, user).locator("[data-open]").text_content() == name, 5)
    assert page.evaluate("window.hacked") is None
