"""The page in a real browser: generate by clicking, see it grow, leaf through users, cancel; also without JavaScript."""
import re

import pytest
from bson import ObjectId

from support.waiting import wait_until


@pytest.fixture
def users(stack):
    """At least some pages of users, whatever ran before."""
    if stack.mongo.users.count_documents({}, limit=200) < 200:
        stack.wait_job(stack.generate(200))
    stack.idle()


def shown(page, name="users"):
    """A number as the page shows it; None while it is a dash."""
    digits = re.sub(r"\D", "", page.locator(f'[data-count="{name}"]').first.inner_text())
    return int(digits) if digits else None


def generate(page, text):
    page.fill("#generate-n", text)
    page.click("#generate-form button[type=submit]")


def emails(page):
    return page.locator("#newest-rows [data-email]").all_inner_texts()


def newest(stack, count=10):
    return [user["email"] for user in stack.mongo.users.find({}, {"email": 1}).sort("_id", -1).limit(count)]


def test_generate_5000_by_clicking_and_watch_them_come(empty, open_page):
    """The number rises without a reload, passes through values in between, and ends exactly."""
    page = open_page()
    page.evaluate("window.mark = 'same page'")
    assert shown(page) == 0
    generate(page, "5,000")
    page.wait_for_selector('#generate-result[data-kind="good"]')
    seen = {0}

    def arrived():
        seen.add(shown(page))
        return 5000 in seen
    wait_until(arrived, 30, every=0.02)
    assert len(seen) >= 2 and max(seen) == 5000, seen
    page.wait_for_selector("#jobs-recent [data-state=done]")
    assert "5,000" in page.locator("#jobs-recent .past__title").first.inner_text()
    assert page.locator("#jobs-running > li").count() == 0

    there = empty.assert_exact(5000)
    wait_until(lambda: shown(page, "countries") == len(there["country"]), 5)
    for gender in ("female", "male", "other"):
        wait_until(lambda: shown(page, gender) == there["gender"].get(gender, 0), 5)
    best = sorted(there["country"].values(), reverse=True)[:15]
    wait_until(lambda: [int(row.replace(",", "")) for row in
                        page.locator("#top-countries [data-number]").all_inner_texts()] == best, 5)
    wait_until(lambda: emails(page) == newest(empty), 10)
    assert page.evaluate("window.mark") == "same page"
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1


def test_numbers_rise_for_whoever_only_watches(stack, open_page):
    """A job from elsewhere shows in a page that nobody touches: running, with a bar, then done."""
    page = open_page()
    wait_until(lambda: shown(page) == stack.recount()["users"], 10)
    before = shown(page)
    page.locator("[data-card=jobs]").scroll_into_view_if_needed()  # off screen it is drawn seconds later
    job = stack.generate(60_000)
    row = page.locator(f'#jobs-running [data-job="{job["id"]}"]')
    row.wait_for()
    wait_until(lambda: before < shown(page) < before + 60_000, 15, every=0.02)
    assert float(row.locator("progress").get_attribute("max")) == 60_000
    page.wait_for_selector(f'#jobs-recent [data-job="{job["id"]}"][data-state=done]', timeout=30_000)
    wait_until(lambda: shown(page) == before + 60_000, 20)


def test_cancel_a_running_job(stack, open_page):
    page = open_page()
    generate(page, "600000")
    row = page.locator("#jobs-running [data-job]").first
    row.wait_for()
    job_id = row.get_attribute("data-job")
    wait_until(lambda: stack.job(job_id)["done"] > 0, 15)
    row.locator("[data-cancel]").click()
    page.wait_for_selector(f'#jobs-recent [data-job="{job_id}"][data-state=cancelled]')
    settled = stack.wait_job(job_id, state="cancelled")
    assert 0 < settled["done"] < 600_000
    stack.idle()
    users = stack.assert_exact()["users"]
    wait_until(lambda: shown(page) == users, 10)


def test_next_and_previous(stack, users, open_page):
    page = open_page()
    wait_until(lambda: emails(page) == newest(stack), 10)
    all_newest = newest(stack, 30)
    for start in (10, 20):
        page.click("[data-page=next]")
        wait_until(lambda: emails(page) == all_newest[start:start + 10], 5)
    assert "after=" in page.url
    page.click("[data-page=prev]")
    wait_until(lambda: emails(page) == all_newest[10:20], 5)
    page.go_back()
    wait_until(lambda: emails(page) == all_newest[20:30], 5)
    page.reload()
    wait_until(lambda: emails(page) == all_newest[20:30], 5)
    page.click("[data-page=first]")
    wait_until(lambda: emails(page) == all_newest[:10], 5)


@pytest.mark.parametrize("text", ["", "0", "-5", "abc", "1.5", "1e3", "20000001", "0x10", "１０"])
def test_bad_number_is_told_at_the_field(stack, open_page, text):
    page = open_page()
    jobs = stack.mongo.hc_jobs.count_documents({})
    generate(page, text)
    wait_until(lambda: page.locator("#generate-n-error").inner_text().strip(), 5)
    assert page.locator("#generate-n").get_attribute("aria-invalid") == "true"
    assert page.evaluate("document.activeElement.id") == "generate-n"
    assert stack.mongo.hc_jobs.count_documents({}) == jobs
    page.fill("#generate-n", "5")
    assert page.locator("#generate-n-error").inner_text() == ""


def test_a_million_and_more_is_asked_for_twice(stack, open_page):
    page = open_page()
    jobs = stack.mongo.hc_jobs.count_documents({})
    generate(page, "2000000")
    page.wait_for_selector("#generate-confirm:not([hidden])")
    assert page.locator("#generate-again-error").inner_text().strip()
    assert stack.mongo.hc_jobs.count_documents({}) == jobs


def test_readable_without_javascript(stack, users, open_page):
    """Numbers and the newest users are in the page as it comes; next and previous are links."""
    total = stack.assert_exact()["users"]
    wait_until(lambda: stack.counts()["users"] == total, 5)
    page = open_page(script=False)
    assert shown(page) == total
    assert emails(page) == newest(stack)
    assert page.locator("#top-countries > li").count() == 15
    first = emails(page)
    page.click("[data-page=next]")  # which waits for the answer, not for all of the page
    wait_until(lambda: emails(page) == newest(stack, 20)[10:], 5)
    page.click("[data-page=prev]")
    wait_until(lambda: emails(page) == first, 5)
    assert not page.locator("#generate-form").is_visible()


@pytest.mark.parametrize("path", ["/?after=broken", "/?before=x"])
def test_a_broken_address_says_so(http, path):
    assert http.get(path).status == 400


def test_light_and_dark(open_page):
    """The page follows the system; the switch overrules it and is remembered."""
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = (open_page(color_scheme=scheme) for scheme in ("light", "dark"))
    colours = light.evaluate(background), dark.evaluate(background)
    assert colours[0] != colours[1]
    light.click("#theme-switch")
    assert light.evaluate(background) == colours[1]
    light.reload()
    assert light.evaluate(background) == colours[1]
    light.click("#theme-switch")
    assert light.evaluate(background) == colours[0]


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_sticks_out(open_page, width):
    """No sideways scrolling, down to a small phone."""
    page = open_page(viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_hostile_names_are_text(stack, users, open_page):
    """What a stored name says is shown, never run, with and without JavaScript."""
    name = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>{{counts.users}}"
    user = {"_id": ObjectId("f" * 24), "email": '"><svg onload=window.hacked=1>@x', "name": name, "country": "<b>x</b>",
            "gender": "<i>", "_hc": {"k": {"v": 0}}}  # the counters leave it alone: it is gone before they are asked
    stack.mongo.users.insert_one(user)
    try:
        wait_until(lambda: stack.http.get("/v1/user?limit=10").result[0]["name"] == name, 5)
        for script in (True, False):
            page = open_page(script=script)
            wait_until(lambda: page.locator("#newest-rows [data-name]").first.inner_text() == name, 10)
            page.click("[data-page=next]")  # and back: with JavaScript the row is now made by it
            wait_until(lambda: page.locator("#newest-rows [data-name]").first.inner_text() != name, 10)
            page.click("[data-page=first]")
            wait_until(lambda: page.locator("#newest-rows [data-name]").first.inner_text() == name, 10)
            assert page.locator("#newest-rows img, #newest-rows script, #newest-rows svg").count() == 0
            if script:
                assert page.evaluate("window.hacked") is None
    finally:
        stack.mongo.users.delete_one({"_id": user["_id"]})


def test_lost_and_found_again(stack, open_page):
    """With the web service away the page says so and keeps its numbers; afterwards it goes on by itself."""
    page = open_page()
    users = stack.recount()["users"]
    wait_until(lambda: shown(page) == users, 10)
    stack.stop("fcgi")
    try:
        page.wait_for_selector("#toast:not([hidden])", timeout=20_000)
        assert shown(page) == users
    finally:
        stack.start("fcgi")
    page.locator("[data-toast-action]").dispatch_event("click")  # a try of its own may have taken the note away
    page.wait_for_selector('.live[data-link="live"]', timeout=40_000)
    assert page.locator("#toast").is_hidden()
    page.faults[:] = [fault for fault in page.faults if "503" not in fault]
