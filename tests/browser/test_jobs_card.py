"""Jobs from the page: activity of every sort, pause and resume, a big number typed twice, the history."""
import json

import pytest

from dashboard import Counts, answer_with, job, snapshot, soon
from support.waiting import wait_until


@pytest.fixture
def posted(open_page):
    """A page whose generations go nowhere: page.sent has [path, body, key] of each."""
    sent = []

    def answer(route):
        asked = route.request
        sent.append([asked.url.split("/v1")[1], asked.post_data and json.loads(asked.post_data),
                     asked.headers.get("idempotency-key")])
        answer_with(route, {"result": job(len(sent), state="queued")}, status=202)

    def before(page):
        Counts()(page)
        page.route("**/v1/generate/**", answer)
    page = open_page(before=before)
    page.sent = sent
    return page


def submit(page):
    page.click("#generate-form button[type=submit]")


@pytest.mark.parametrize("when, field, value, body", [
    ("now", None, None, None), ("days", "days", "7", {"days": 7}), ("rate", "rate", "50", {"rate": 50}),
])
def test_activity_of_every_sort(posted, when, field, value, body):
    posted.get_by_label("Activity").check(force=True)
    posted.fill("#generate-n", "2,500")
    posted.select_option("#generate-when", when)
    if field:
        posted.fill(f"#generate-{field}", value)
    submit(posted)
    soon(posted, lambda: posted.sent, 5)
    assert posted.sent[0][:2] == ["/generate/activities/random/2500", body]
    wait_until(lambda: "2,500 requests" in posted.locator("#generate-result").inner_text(), 5)


def test_seed_goes_along(posted):
    posted.fill("#generate-n", "10")
    posted.fill("#generate-seed", "42")
    submit(posted)
    soon(posted, lambda: posted.sent, 5)
    assert posted.sent[0][:2] == ["/generate/users/random/10", {"seed": 42}]


@pytest.mark.parametrize("field, value", [("days", "0"), ("days", "366"), ("rate", "abc"), ("seed", "-1")])
def test_a_wrong_option_is_told_at_its_field(posted, field, value):
    posted.get_by_label("Activity").check(force=True)
    posted.fill("#generate-n", "5")
    if field != "seed":
        posted.select_option("#generate-when", field)
    posted.fill(f"#generate-{field}", value)
    submit(posted)
    wait_until(lambda: "whole number" in posted.locator(f"#generate-{field}-error").inner_text(), 5)
    assert posted.evaluate("document.activeElement.id") == f"generate-{field}"
    assert posted.sent == []


def test_above_a_million_the_number_is_typed_once_more(posted):
    posted.fill("#generate-n", "2,000,000")
    submit(posted)
    posted.fill("#generate-again", "2000001")
    submit(posted)
    wait_until(lambda: "another number" in posted.locator("#generate-again-error").inner_text(), 5)
    assert posted.sent == []
    posted.fill("#generate-again", "2000000")
    submit(posted)
    soon(posted, lambda: posted.sent, 5)
    assert posted.sent[0][0] == "/generate/users/random/2000000"


def test_pause_resume_and_the_history(stack, open_page):
    page = open_page()
    page.fill("#generate-n", "300000")
    submit(page)
    row = page.locator("#jobs-running [data-job]").first
    row.wait_for()
    job_id = row.get_attribute("data-job")
    stack.wait_progress(job_id, 1)
    row = page.locator(f'#jobs-running [data-job="{job_id}"]')
    row.get_by_role("button", name="Pause").click()
    wait_until(lambda: row.get_attribute("data-state") == "paused", 10)
    wait_until(lambda: stack.job(job_id)["state"] == "paused", 10)
    row.get_by_role("button", name="Resume").click()
    wait_until(lambda: stack.job(job_id)["state"] == "running", 10)
    wait_until(lambda: row.get_attribute("data-state") == "running", 10)
    row.get_by_role("button", name="Cancel").click()
    page.wait_for_selector(f'#jobs-recent [data-job="{job_id}"][data-state=cancelled]')
    page.click("#jobs-history summary")
    first = page.locator("#jobs-history tbody tr").first
    wait_until(lambda: "300,000 users" in first.inner_text() and "cancelled" in first.inner_text(), 10)
    stack.wait_job(job_id, state="cancelled")


def test_activity_shows_in_the_figures(stack, open_page):
    """Requests that are generated here are counted, and the busiest users appear."""
    if stack.counts()["users"] < 50:
        stack.wait_job(stack.generate(50))
    page = open_page()
    before = stack.counts()["requests"]
    page.get_by_label("Activity").check(force=True)
    page.fill("#generate-n", "200")
    submit(page)
    wait_until(lambda: page.locator('[data-count="requests"]').inner_text() == f"{before + 200:,}", 30)
    wait_until(lambda: page.locator("#top-users > li").count() > 0, 10)


def test_progress_with_rate_and_time_left(open_page):
    counts = Counts(snapshot(jobs=[job(1, done=421_000, perSecond=15_800, etaSeconds=37)]))
    page = open_page(before=counts)
    row = page.locator('[data-job="J1"]')
    wait_until(lambda: "42.1%" in row.inner_text() and "15,800/s" in row.inner_text() and "37 s left" in row.inner_text(), 5)
