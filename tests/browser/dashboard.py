"""The dashboard as its tests handle it, and a server that says what a test wants."""
import json
import re
import time

NOW = "2026-11-28T12:00:00.000Z"


def shown(page, name="users"):
    """A number as the page shows it; None while it is a dash."""
    digits = re.sub(r"\D", "", page.locator(f'[data-count="{name}"]').first.inner_text())
    return int(digits) if digits else None


def soon(page, check, seconds=10):
    """Until check() is true. The routes of a test answer only while it waits in the page, so time.sleep would starve them."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"not within {seconds} s"
        page.wait_for_timeout(25)


def names(page, ranking):
    return page.locator(f"#{ranking} .rank__name").all_inner_texts()


def job(n, **more):
    return {"id": f"J{n}", "kind": "users", "state": "running", "total": 1_000_000, "done": 0, "failed": 0,
            "perSecond": 15_000, "etaSeconds": 60, "createdAt": NOW, "startedAt": NOW, "finishedAt": None, **more}


def snapshot(**more):
    """A `result` of /v1/counts with something in every part."""
    sums = lambda *of: [{"name": name, "sum": 1000 - 100 * at} for at, name in enumerate(of)]
    return {"users": 11_000_000, "requests": 52_340, "countries": 249,
            "active": {"daily": 812, "weekly": 4310, "monthly": 9120},
            "gender": {"female": 5_500_000, "male": 5_400_000, "other": 100_000},
            "topCountries": [{"country": "India", "code": "IN", "sum": 300}, {"country": "China", "code": "CN", "sum": 200},
                             {"country": "Chad", "code": "TD", "sum": 100}],
            "topUsers": [{"user": {"_id": "a" * 24, "name": "Ada Lovelace"}, "sum": 9}],
            "devices": {"os": sums("Windows", "Android"), "browser": sums("Chrome", "Firefox")},
            "rates": {"usersPerSecond": 0, "requestsPerSecond": 0}, "jobs": [], "lag": {"messages": 0, "seconds": 0},
            "pipeline": {"consumers": 1, "insertsPerSecond": 0, "cacheHitRate": 0.9, "drift": 0},
            "exact": True, "asOf": NOW, "version": "1", **more}


class Counts:
    """Answers a page's /v1/counts: `answer` is the snapshot, a status, or "gone"; `asked` counts the questions."""

    def __init__(self, answer=None, interval=250, headers=None):
        self.answer, self.interval, self.headers = answer or snapshot(), interval, headers or {}
        self.asked = 0

    def __call__(self, page):
        page.route(re.compile(r"/v1/counts$"), self._fulfil)

    def _fulfil(self, route):
        self.asked += 1
        if self.answer == "gone":
            return route.abort()
        if isinstance(self.answer, int):
            problem = {"title": "Unavailable", "status": self.answer, "message": "The store does not answer"}
            return answer_with(route, problem, status=self.answer, type="application/problem+json")
        result = self.answer() if callable(self.answer) else self.answer
        return answer_with(route, {"result": result}, ETag=f'"{self.asked}"',
                           **{"Poll-Interval": str(self.interval)}, **self.headers)


def answer_with(route, body, status=200, type="application/json", **headers):
    route.fulfill(status=status, headers={"Content-Type": type, **headers}, body=body if isinstance(body, str) else json.dumps(body))


def forgive(page, *words):
    """Faults that a test has made itself."""
    page.faults[:] = [fault for fault in page.faults if not any(word in fault for word in words)]


def hide(page, hidden=True):
    """The tab goes into the background, or comes back, as far as the page can tell."""
    page.evaluate("""(hidden) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event('visibilitychange'));
    }""", hidden)
