#!/usr/bin/env python3
"""Fills an empty Headcount with generated users through the real pipeline, and shows how it comes along.

usage: fill.py URL USERS

Asks the web service how many users there are. If none, it asks for USERS of them as anybody would, by
POST /v1/generate/users/random/USERS, and draws a bar until the job is done. Then, unless HEADCOUNT_ACTIVITY is 0,
for requests of these users over the last 30 days, and for some a second during the next hour; nobody waits
for the latter. Standard library only.
Exit code 0: filled, or there were users already; 1: it did not work, with one sentence.
"""
import json
import os
import sys
import time
import urllib.error
import urllib.request

POLL_SECONDS = 0.25
PAST_SHARE, PAST_MOST, PAST_DAYS = 0.2, 50_000, 30
LIVE_RATE, LIVE_SECONDS = 5, 3600
BAR_WIDTH = 32


class Refused(Exception):
    """The service answered, but not with what was asked for."""


def ask(method, url, body=None):
    headers = {"Accept": "application/json", **({"Content-Type": "application/json"} if body else {})}
    token = os.environ.get("APP_ADMIN_TOKEN")
    if token:
        headers["Authorization"] = "Bearer " + token
    data = json.dumps(body).encode() if body else b"" if method == "POST" else None
    request = urllib.request.Request(url, method=method, headers=headers, data=data)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            raise Refused(json.load(error).get("message") or str(error)) from error
        except ValueError:
            raise Refused(str(error)) from error


def ask_patiently(method, url, seconds=20):
    """GETs only: a store that is just starting is asked again."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ask(method, url)
        except (OSError, Refused):
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def draw(job, line_end):
    share = job["done"] / job["total"]
    full = int(share * BAR_WIDTH)
    eta = job.get("etaSeconds")
    left = f", {eta} s left" if eta is not None and job["state"] == "running" else ""
    rate = f"  {job['perSecond']:,}/s" if job["perSecond"] else ""
    wait = f"  {job['detail']}" if job.get("detail") else ""
    text = (f"  [{'█' * full}{'·' * (BAR_WIDTH - full)}] {share:4.0%}  {job['done']:,} of {job['total']:,} people"
            f"{rate}{left}{wait}")
    sys.stdout.write(("\r\033[K" if sys.stdout.isatty() else "") + text + line_end)
    sys.stdout.flush()


def follow(url, job):
    terminal = sys.stdout.isatty()
    shown = -1
    while job["state"] in ("queued", "running", "paused"):
        tenth = job["done"] * 10 // job["total"]
        if terminal or tenth != shown:
            draw(job, "" if terminal else "\n")
            shown = tenth
        time.sleep(POLL_SECONDS)
        job = ask_patiently("GET", f"{url}/v1/jobs/{job['id']}")["result"]
    draw(job, "\n")
    return job


def act(url, users):
    """Requests of the new users: some of the past, and some that go on while one looks at the page."""
    past = min(PAST_MOST, int(users * PAST_SHARE))
    if past > 0:
        job = ask("POST", f"{url}/v1/generate/activities/random/{past}", {"days": PAST_DAYS})["result"]
        while job["state"] in ("queued", "running", "paused"):
            time.sleep(POLL_SECONDS)
            job = ask_patiently("GET", f"{url}/v1/jobs/{job['id']}")["result"]
        print(f"Requests over the last {PAST_DAYS} days: {job['done']:,}")
    ask("POST", f"{url}/v1/generate/activities/random/{LIVE_RATE * LIVE_SECONDS}", {"rate": LIVE_RATE})
    print(f"Requests from now on: {LIVE_RATE} a second for an hour")


def main():
    if len(sys.argv) != 3 or not sys.argv[2].isdigit():
        sys.exit("usage: fill.py URL USERS")
    url, users = sys.argv[1].rstrip("/"), int(sys.argv[2])
    there = ask_patiently("GET", f"{url}/v1/user/admin/count")["result"]["count"]
    if there > 0:
        print(f"{there:,} people are here already.")
        return 0
    if users == 0:
        return 0
    print(f"Generating {users:,} people:")
    job = follow(url, ask("POST", f"{url}/v1/generate/users/random/{users}")["result"])
    if job["state"] != "done":
        print(f"fill: the job ended as {job['state']}: {job.get('error') or 'no reason given'}", file=sys.stderr)
        return 1
    if os.environ.get("HEADCOUNT_ACTIVITY") != "0":
        act(url, users)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except (OSError, Refused) as problem:
        sys.exit(f"fill: {problem}")
