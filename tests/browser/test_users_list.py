"""The users page: searching, filtering, sorting and leafing, with the view in the address."""
import pathlib

import pytest

from support.people import create
from support.waiting import wait_until
from users_page import asked, at_least, expect, ids, listed, open_users, query_of, settle, shows, until

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def users(stack):
    """Some pages of users, whatever ran before."""
    at_least(stack, 300)


def test_search_as_you_type(http, open_page):
    """One question when the typing pauses, not one a letter; the address follows."""
    page = open_users(open_page)
    questions = asked(page, "v1/user.*search=")
    page.locator("#search").press_sequentially("mar", delay=0)
    shows(page, listed(http, "limit=25&search=mar"))
    assert query_of(page) == "?search=mar"
    assert len(questions) == 1, questions


def test_a_newer_search_overtakes_an_older_one(http, open_page):
    """An answer that comes late doesn't show, and the old rows stay in sight, dimmed, until the new ones are there."""
    page = open_users(open_page)
    before = ids(page)
    held = []
    page.route("**/v1/user?*search=a*", lambda route: held.append(route) if "search=a&" in route.request.url + "&"
               else route.continue_())
    page.fill("#search", "a")
    until(page, lambda: held, 5)
    assert ids(page) == before
    assert page.locator(".table--users").get_attribute("aria-busy") == "true"
    wait_until(lambda: page.evaluate("getComputedStyle(document.querySelector('.table--users tbody')).opacity") < "1", 2)
    page.fill("#search", "an")
    shows(page, listed(http, "limit=25&search=an"))
    assert page.locator(".table--users").get_attribute("aria-busy") is None
    for route in held:
        route.continue_()
    page.wait_for_timeout(700)
    assert ids(page) == listed(http, "limit=25&search=an")
    assert page.locator("[data-link-word]").inner_text() == "Live"


def test_the_address_is_the_view(http, open_page):
    """Filter, order, page size and page survive a reload, and a link that was sent shows the same."""
    page = open_users(open_page)
    page.select_option("#country", "IN")
    settle(page)
    page.click("[data-sort=name]")
    page.select_option("#limit", "10")
    first = listed(http, "country=IN&sortBy=name&limit=10")
    shows(page, first)
    page.click("[data-page=next]")
    wait_until(lambda: "after=" in query_of(page) and ids(page) != first, 5)
    second = ids(page)
    page.reload()
    shows(page, second)
    assert page.input_value("#country") == "IN" and page.input_value("#sort") == "name" and page.input_value("#limit") == "10"
    other = open_users(open_page, query_of(page))
    shows(other, second)
    page.go_back()
    shows(page, first)
    page.go_forward()
    shows(page, second)


def test_too_many_words_are_seen_to_be_left_out(open_page):
    """The field shows what is looked for, which is what the server takes."""
    page = open_users(open_page)
    page.fill("#search", "one two three four five six seven eight nine\tten")
    wait_until(lambda: page.input_value("#search") == "one two three four five six seven eight", 5)
    settle(page)
    assert "seven+eight" in query_of(page) and "nine" not in query_of(page)


def test_back_leads_out_of_a_search_in_one_step(http, open_page):
    page = open_users(open_page)
    before = ids(page)
    for text in ("a", "an", "ann"):
        page.fill("#search", text)
        shows(page, listed(http, f"limit=25&search={text}"))
    page.go_back()
    shows(page, before)
    assert page.input_value("#search") == "" and query_of(page) == ""
    page.go_forward()
    shows(page, listed(http, "limit=25&search=ann"))
    assert page.input_value("#search") == "ann"


@pytest.mark.parametrize("query", ["?search=an&sort=name", "?email=a@b.cd&sort=-country", "?name=ann&sort=email",
                                   "?limit=7", "?sort=phoneNumber", "?country=Atlantis", "?user=nobody", "?limit=1e9",
                                   "?search=a b c d e f g h i j", "?name=x&search=a b c d e f g h", "?search=" + "ä" * 150,
                                   "?email=" + "ä" * 200, "?name=" + "n" * 300])
def test_no_address_asks_what_the_server_refuses(open_page, query):
    """What doesn't go together is put right (a 400 would be a fault of the page)."""
    page = open_users(open_page, query)
    settle(page)
    assert query_of(page) != query


def test_every_offered_order_is_served(http, open_page):
    page = open_users(open_page, "?country=IN")
    orders = page.locator("#sort option").evaluate_all("options => options.map((one) => one.value)")
    assert len(orders) == 8
    for order in orders:
        page.select_option("#sort", order)
        shows(page, listed(http, f"limit=25&country=IN&sortBy={order}"))


def test_orders_that_do_not_go_with_a_search_are_disabled_with_words(open_page):
    page = open_users(open_page, "?sort=name")
    page.fill("#search", "an")
    wait_until(lambda: query_of(page) == "?search=an", 5)
    for field in ("name", "email", "country"):
        head = page.locator(f"[data-sort={field}]")
        assert head.get_attribute("aria-disabled") == "true"
        assert "sorted by time" in page.locator(f"#{head.get_attribute('aria-describedby')}").text_content()
    possible = page.locator("#sort option:not([disabled])").evaluate_all("options => options.map((one) => one.value)")
    assert possible == ["-createdAt", "createdAt"]
    page.locator("[data-sort=name]").click(force=True)
    page.get_by_text("can be sorted by time of joining only").last.wait_for()
    assert query_of(page) == "?search=an"
    page.fill("#search", "")
    wait_until(lambda: page.locator("[data-sort=name]").get_attribute("aria-disabled") is None, 5)


def test_column_heads_turn(http, open_page):
    page = open_users(open_page)
    for wanted, order in (("country", "ascending"), ("-country", "descending"), ("country", "ascending")):
        page.click("[data-sort=country]")
        shows(page, listed(http, f"limit=25&sortBy={wanted}"))
        assert page.locator("th:has([data-sort=country])").get_attribute("aria-sort") == order
    assert page.locator("[aria-sort]").count() == 1


def test_chips_take_filters_away(http, open_page):
    page = open_users(open_page, "?search=an&country=IN")
    chips = page.locator("#chips button:visible")
    assert [text.split() for text in chips.all_inner_texts()] == [["Search", "an"], ["Country", "India"], ["Clear", "all"]]
    page.click("[data-clear=search]")
    shows(page, listed(http, "limit=25&country=IN"))
    assert chips.count() == 1 and page.input_value("#search") == ""
    page.fill("#search", "an")
    wait_until(lambda: chips.count() == 3, 5)
    page.click('[data-clear=""]')
    shows(page, listed(http, "limit=25"))
    assert query_of(page) == "" and chips.count() == 0


def test_exact_email_and_name(http, open_page):
    user = create(http, name="Quirina Testberg")
    page = open_users(open_page)
    page.click("[data-more]")
    page.fill("#filter-email", user["email"].upper())
    shows(page, [user["_id"]])
    page.fill("#filter-email", "")
    page.fill("#filter-name", "testb")
    wait_until(lambda: query_of(page) == "?name=testb", 5)
    settle(page)
    assert user["_id"] in ids(page) and len(ids(page)) < 5
    page.reload()
    wait_until(lambda: page.is_visible("#filter-name") and page.input_value("#filter-name") == "testb", 5)


def test_next_and_previous(http, open_page):
    """Every page in turn, forward and back; there is no way past the ends."""
    page = open_users(open_page, "?limit=100&country=IN&sort=name")
    seen = [ids(page)]
    while page.locator("[data-page=next]").get_attribute("href"):
        page.click("[data-page=next]")
        wait_until(lambda: ids(page) != seen[-1], 5)
        settle(page)
        seen.append(ids(page))
    assert page.locator("[data-page=next]").get_attribute("aria-disabled") == "true"
    everyone = [one for part in seen for one in part]
    assert len(everyone) == len(set(everyone)) == http.get("/v1/user/agg/country?limit=300").result[0]["sum"] or len(seen) == 1
    for part in reversed(seen[:-1]):
        page.click("[data-page=prev]")
        shows(page, part)
    assert page.locator("[data-page=prev]").get_attribute("aria-disabled") == "true"


def test_back_at_the_front_is_the_first_page(http, open_page):
    """Going back ends at the list's beginning, with the users who came meanwhile, at the plain address."""
    page = open_users(open_page, "?limit=10")
    page.click("[data-page=next]")
    wait_until(lambda: "after=" in query_of(page), 5)
    user = create(http)
    page.click("[data-page=prev]")
    wait_until(lambda: "before=" in query_of(page), 5)
    settle(page)
    page.click("[data-page=prev]")
    wait_until(lambda: query_of(page) == "?limit=10", 5)
    shows(page, listed(http, "limit=10"))
    assert ids(page)[0] == user["_id"]


def test_the_total(stack, open_page):
    stack.idle()
    total = stack.assert_exact()["users"]
    wait_until(lambda: stack.counts()["users"] == total, 5)
    page = open_users(open_page)
    wait_until(lambda: page.locator("[data-total]").inner_text().replace(",", "") == str(total), 10)


def test_nobody_found(open_page):
    page = open_users(open_page, "?search=zzzqqqxxx")
    assert "Oops! No User Found" in page.locator("[data-none]").inner_text()
    assert page.locator("[data-way]:visible").all_inner_texts() == ["Clear search", "Add user"]
    page.click("[data-way=clear]")
    page.wait_for_selector("[data-user]")
    assert query_of(page) == "" and page.evaluate("document.activeElement.id") == "search"


def test_an_address_that_leads_nowhere(open_page):
    """A cursor that was cut off says so, and there is a way out."""
    page = open_users(open_page, "?after=broken")
    assert "leads nowhere" in page.locator("[data-none]").inner_text()
    page.click("[data-way=all]")
    page.wait_for_selector("[data-user]")
    assert query_of(page) == ""
    expect(page, "400")


def test_exports_follow_the_filter(http, open_page):
    page = open_users(open_page)
    page.select_option("#country", "IN")
    page.click("#export summary")
    count = next(row["sum"] for row in http.get("/v1/user/agg/country?limit=300").result if row["code"] == "IN")
    wait_until(lambda: f"All {count} users" in page.locator("[data-export-words]").inner_text(), 5)
    with page.expect_download() as caught:
        page.click("[data-format=csv]")
    lines = pathlib.Path(caught.value.path()).read_text().splitlines()
    assert len(lines) == count + 1 and all("India" in line for line in lines[1:])
    page.click("#export summary")
    with page.expect_download() as caught:
        page.click("[data-format=ndjson]")
    assert caught.value.suggested_filename.endswith(".ndjson")
    assert len(pathlib.Path(caught.value.path()).read_text().splitlines()) == count


def test_the_countries_are_those_of_the_server(open_page):
    lines = (ROOT / "lib" / "data" / "countries.tsv").read_text().splitlines()
    table = {fields[0]: fields[3] for line in lines if not line.startswith("#") for fields in [line.split("\t")]}
    page = open_users(open_page)
    ours = page.evaluate("import('/js/users/countries.js').then(({ countries }) => countries.map(({ code, name }) => [code, name]))")
    assert dict(ours) == table
    assert page.locator("#country option").count() == len(table) + 1
