"""The users page of a base without users."""
from support.people import person
from support.waiting import wait_until
from users_page import fill, open_users, save


def test_an_empty_base_shows_the_ways_to_users(empty, open_page):
    page = open_users(open_page)
    assert "Oops! No User Found" in page.locator("[data-none]").inner_text()
    assert "no users yet" in page.locator("[data-none]").inner_text()
    assert page.locator("[data-way]:visible").all_inner_texts() == ["Generate users", "Add user"]
    assert not page.locator(".table--users").is_visible()
    wait_until(lambda: page.locator("[data-total]").inner_text() == "0", 5)
    page.locator("[data-way=add]").click()
    fill(page, **person(name="The First"))
    save(page)
    wait_until(lambda: page.locator("[data-open]").all_inner_texts() == ["The First"], 8)
    page.close()  # it would go on asking while all is made anew
    empty.idle()
    empty.fresh()


def test_the_way_to_generate_leads_to_its_field(empty, open_page):
    page = open_users(open_page)
    page.locator("[data-way=generate]").click()
    page.wait_for_url("**/#generate-n")
    assert page.locator("#generate-n").is_visible()
