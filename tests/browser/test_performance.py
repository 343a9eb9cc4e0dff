"""Small, steady and light: what the first view weighs, that nothing jumps, and what a poll costs."""
import json
import statistics

import pytest

from dashboard import Counts, answer_with, job, snapshot
FIRST_VIEW = 100_000
POLL_MS = 3.0
SLOWER = 4
OWN_ORDER = ["map", "gender", "monthly", "users", "requests", "countries", "daily", "weekly", "growth", "rates",
             "top-countries", "top-users", "devices", "generate", "jobs", "newest"]
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({ type: 'layout-shift', buffered: true });
"""


def moving(counts):
    """250 countries and 20 jobs, all of them other than a poll ago."""
    k = counts.asked
    things = lambda *of: [{"name": name, "sum": 10_000 - 1000 * at + k * (9 - at)} for at, name in enumerate(of)]
    return snapshot(
        users=1_000_000 + k * 15_800, requests=50_000 + k * 1200, version=str(k),
        active={"daily": 800 + k, "weekly": 4000 + k, "monthly": 9000 + k},
        gender={"female": 500_000 + k * 7900, "male": 490_000 + k * 7800, "other": 10_000 + k * 100},
        topCountries=[{"country": f"Country {n}", "code": f"{n:02x}", "sum": (250 - n) * 1000 + k * (251 - n)} for n in range(250)],
        topUsers=[{"user": {"_id": f"{n:024x}", "name": f"User {n}"}, "sum": 400 - n * 7 + k * (16 - n)} for n in range(15)],
        devices={"os": things("Windows", "Android", "iOS", "Mac OS X", "Linux"),
                 "browser": things("Chrome", "Chrome Mobile", "Safari", "Edge", "Firefox")},
        rates={"usersPerSecond": 15_800 + k, "requestsPerSecond": 1200 + k},
        jobs=[job(n, done=k * 1000 + n, perSecond=15_000 + k + n, etaSeconds=max(1, 900 - k)) for n in range(20)])


def test_first_view_is_small(open_page):
    """All files that are fetched before anybody scrolls, as they come, with what the growth chart needs."""
    sizes = {}

    def before(page):
        page.on("requestfinished", lambda one: sizes.update({one.url: one.sizes()["responseBodySize"]}))
    page = open_page(before=before, viewport={"width": 1280, "height": 700})
    page.wait_for_selector("#growth-plot canvas", state="attached")
    page.wait_for_timeout(1000)
    assert not [url for url in sizes if "/d3-" in url or "world-atlas" in url or "sortable" in url]
    body = sum(size for url, size in sizes.items() if "/v1/" not in url)
    assert 30_000 < body < FIRST_VIEW, (body, sorted(sizes.items(), key=lambda one: -one[1])[:8])


def test_files_are_asked_for_again_and_not_sent_again(http):
    answer = http.get("/js/main.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "no-cache" and answer.headers["Content-Encoding"] == "gzip"
    again = http.get("/js/main.js", headers={"If-None-Match": answer.headers["ETag"], "Accept-Encoding": "gzip"})
    assert again.status == 304


def steady(page):
    page.wait_for_timeout(500)
    assert page.evaluate("window.shifts") < 0.02


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_jumps(open_page, width):
    """From the first paint through polls, a job that comes and numbers that grow old."""
    counts = Counts(snapshot())

    def before(page):
        page.add_init_script(SHIFTS)
        counts(page)
    page = open_page(before=before, viewport={"width": width, "height": 800})
    page.wait_for_timeout(1500)
    counts.answer = snapshot(users=11_000_001, jobs=[job(1, done=5)], rates={"usersPerSecond": 123, "requestsPerSecond": 4})
    page.wait_for_timeout(1000)
    counts.headers = {"Age": "60"}
    page.wait_for_selector("#toast:not([hidden])")
    steady(page)


def test_nothing_jumps_in_an_order_of_ones_own(stack, open_page):
    """The cards are put in order before they are seen."""
    if not stack.counts()["users"]:
        stack.wait_job(stack.generate(200))
    stack.idle()

    def before(page):
        page.add_init_script(SHIFTS)
        page.add_init_script(f"localStorage.setItem('headcount.order', '{json.dumps(OWN_ORDER)}')")
    page = open_page(before=before, viewport={"width": 1280, "height": 800})
    page.wait_for_selector("#map path", state="attached")
    steady(page)


def test_what_a_poll_costs(open_page):
    """CPU time of the main thread for one poll, four times over: as on a processor of a quarter of this one's speed.

    Chromium's own throttle goes by the clock and so counts also what others on this machine take; they make most polls
    dearer as well, through caches and cores that are shared, so it is the cheapest of many windows that tells.
    """
    counts = Counts(lambda: moving(counts), interval=250)
    page = open_page(before=counts, viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page.route("**/v1/user?*", lambda route: answer_with(route, {"result": [], "page": {}}))
    page.wait_for_timeout(2000)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    read = lambda: {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    script, drawing = [], []
    while len(script) < 14 or (min(script) >= POLL_MS and len(script) < 42):  # longer while the machine is slow
        before, asked = read(), counts.asked
        page.wait_for_timeout(600)
        after, polls = read(), max(1, counts.asked - asked)
        spent = lambda name: (after[name] - before[name]) * 1000 / polls * SLOWER
        script.append(spent("ScriptDuration"))
        drawing.append(spent("LayoutDuration") + spent("RecalcStyleDuration"))
    print(f"script {min(script):.1f} ms, median {statistics.median(script):.1f}; "
          f"style and layout {min(drawing):.1f} ms, median {statistics.median(drawing):.1f}")
    assert min(script) < POLL_MS, script
    assert min(drawing) < 24, drawing


@pytest.mark.full
@pytest.mark.timeout(900)
def test_ten_minutes_of_streaming_use_no_more_memory(open_page):
    """Heap, nodes and listeners after two minutes and after twelve."""
    counts = Counts(lambda: moving(counts), interval=250)
    page = open_page(before=counts, viewport={"width": 1280, "height": 800})
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def used():
        session.send("HeapProfiler.collectGarbage")
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        return metrics["JSHeapUsedSize"], metrics["Nodes"], metrics["JSEventListeners"]
    page.wait_for_timeout(120_000)
    heap, nodes, listeners = used()
    page.wait_for_timeout(600_000)
    later = used()
    assert counts.asked > 1000
    assert later[0] < heap * 1.1 + 1_000_000 and later[1] <= nodes * 1.05 + 50 and later[2] <= listeners + 10, (heap, nodes, later)
