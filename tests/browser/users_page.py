"""The users page as its tests handle it, and people who are on it."""
import re
import time

from support.waiting import wait_until

USERS = "/users/"


def open_users(open_page, query="", **options):
    """The page, once it shows users or says why not."""
    page = open_page(USERS + query, **options)
    page.wait_for_selector("[data-user], [data-none]:not([hidden])")
    return page


def at_least(stack, count):
    """That many users or more, whatever ran before; whoever is created afterwards is newer than all of them."""
    if stack.mongo.users.count_documents({}, limit=count) < count:
        stack.wait_job(stack.generate(count))
    stack.idle()
    newest = stack.mongo.users.find_one({}, {"_id": 1}, sort=[("_id", -1)])["_id"]
    wait_until(lambda: time.time() >= newest.generation_time.timestamp() + 1, 3)


def open_with_clock(open_page, query=""):
    """The page with a clock that page.clock.run_for moves on at once."""
    page = open_users(open_page, query)
    page.clock.install()
    page.reload()
    page.wait_for_selector("[data-user], [data-none]:not([hidden])")
    return page


def stored(http, user):
    """The user as it is now; None when there is none."""
    answer = http.get(f"/v1/user/{user['_id']}")
    return answer.result if answer.status == 200 else None


def ids(page):
    return page.locator("[data-user]").evaluate_all("rows => rows.map((row) => row.dataset.user)")


def listed(http, query=""):
    """The ids that the server lists."""
    return [user["_id"] for user in http.get(f"/v1/user?{query}").result]


def row(page, user):
    return page.locator(f'[data-user="{user["_id"]}"]')


def shows(page, wanted, seconds=10):
    wait_until(lambda: ids(page) == wanted, seconds, f"the list shows something else than {wanted[:3]} …")


def until(page, check, seconds=10):
    """As wait_until, for what Playwright tells: its events come only while it is at work."""
    wait_until(lambda: page.wait_for_timeout(20) or check(), seconds)


def settle(page):
    """Until the list has its rows and no question is open."""
    page.wait_for_selector('.table--users:not([aria-busy="true"])', state="attached")


def query_of(page):
    """The address' query, once the page has written it."""
    return page.evaluate("location.search")


def expect(page, *faults):
    """Takes the faults that a test brought about itself, such as a 412, off the page's list."""
    page.faults[:] = [fault for fault in page.faults if not any(re.search(one, fault) for one in faults)]


def asked(page, wanted):
    """A list that grows by each request whose "METHOD path?query" fits."""
    found = []

    def note(request):
        text = f"{request.method} {request.url.split('/', 3)[3]}"
        if re.search(wanted, text):
            found.append(text)
    page.on("request", note)
    return found


def fill(page, **fields):
    for name, value in fields.items():
        field = page.locator(f"#user-{name}")
        if field.evaluate("(field) => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def save(page):
    page.click("[data-save]")
