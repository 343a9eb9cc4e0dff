"""What reads cost, uncached and cached."""
import os
import random
import statistics
import urllib.parse

import bson

from common import LeastProgram, MILLION, ROUNDS, deep_cursor, need_million, say, times_ms, wrk


def reads(stack):
    """Uncached reads at a thousand and at a million users, on the first page and 500 000 users deep."""
    stack.fresh()
    stack.wait_job(stack.generate(1000))
    few = times_ms(stack, "/v1/counts")
    say("/v1/counts uncached, 1 000 users", f"p50 {few[0]:.1f} ms, p99 {few[1]:.1f} ms")
    # From here on every slot knows nearly every country: its document grows no more.
    stack.wait_job(stack.generate(200_000), 120)
    some = times_ms(stack, "/v1/counts")
    say("/v1/counts uncached, 200 000 users", f"p50 {some[0]:.1f} ms, p99 {some[1]:.1f} ms")
    need_million(stack)
    many = times_ms(stack, "/v1/counts")
    say("/v1/counts uncached, 1 000 000", f"p50 {many[0]:.1f} ms, p99 {many[1]:.1f} ms, p50 ratio to 200 000: "
                                          f"{many[0] / some[0]:.2f}")
    deep = deep_cursor(stack, 500_000)
    pairs = []
    for _ in range(ROUNDS):
        first, far = times_ms(stack, "/v1/user?limit=10", 100), times_ms(stack, deep, 100)
        pairs.append(far[0] / first[0])
        say("list uncached, first / deep", f"p50 {first[0]:.1f} / {far[0]:.1f} ms, p99 {first[1]:.1f} / {far[1]:.1f} ms")
    say("list, median ratio deep : first", f"{statistics.median(pairs):.2f}")


def sampled_users(stack, count, rnd):
    """Users spread over the whole collection, by their places in their jobs."""
    found = []
    for job in stack.mongo.hc_jobs.find({"kind": "users"}):
        prefix = f"{job['second']:08x}{job['hash']:08x}"
        ids = [bson.ObjectId(prefix + f"{rnd.randrange(job['total']):08x}") for _ in range(count)]
        found += stack.mongo.users.find({"_id": {"$in": ids}})
    return found


def list_cases(users, rnd):
    """{name: a function that gives a random query}."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [word for user in users for word in user["_hc"]["s"] if word[0] not in "+@"]

    def of(field, cut=None):
        return lambda: (lambda text: text[:rnd.randrange(*cut)] if cut else text)(rnd.choice(users)[field])

    def begin():
        word = rnd.choice(words)
        return word[:rnd.randrange(1, len(word) + 1)]

    def query(**fields):
        return lambda: "&".join(f"{name}={urllib.parse.quote(str(value()), safe='')}" for name, value in fields.items())

    return {
        "first page": query(limit=lambda: 10),
        "country": query(country=of("country")),
        "_id": query(_id=of("_id")), "email": query(email=of("email")),
        **{f"sortBy={sort}": query(sortBy=lambda sort=sort: sort, page=lambda: rnd.randrange(1, 50))
           for sort in ("createdAt", "name", "-name", "email", "-email", "country", "-country")},
        **{f"country, sortBy={sort}": query(country=of("country"), sortBy=lambda sort=sort: sort)
           for sort in ("name", "-name", "email", "-email")},
        "name, a whole word": query(name=lambda: rnd.choice(words)),
        "name, a beginning": query(name=begin),
        "name and country": query(name=lambda: rnd.choice(words), country=of("country")),
        "search, a whole word": query(search=lambda: rnd.choice(words)),
        "search, a beginning": query(search=begin),
        "search, one letter": query(search=lambda: rnd.choice(letters)),
        "search, two letters": query(search=lambda: "".join(rnd.choices(letters, k=2))),
        "search, nothing found": query(search=lambda: "".join(rnd.choices(letters, k=8))),
        "search, a full name": query(search=of("name")),
        "search, an e-mail": query(search=of("email")),
        "search, a phone number": query(search=of("phoneNumber")),
        "search, digits of a phone": query(search=of("phoneNumber", (3, 10))),
        "search, a user name": query(search=of("userName")),
        "search, begin of a user name": query(search=of("userName", (4, 20))),
        "search, a country": query(search=of("country")),
    }


def lists(stack, calls=200):
    """Every list at a million users, uncached, with random values; then the 500 000th of each order; index sizes."""
    need_million(stack)
    rnd = random.Random(17)
    users = sampled_users(stack, 400, rnd)
    for name, query in list_cases(users, rnd).items():
        p50, p99 = times_ms(stack, lambda: f"/v1/user?{query()}", calls)
        say(f"list: {name}", f"p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    for sort in ("-createdAt", "name", "-email", "country"):
        deep = deep_cursor(stack, 500_000, f"&sortBy={sort}")
        p50, p99 = times_ms(stack, lambda: deep, calls)
        say(f"list: 500 000 deep, sortBy={sort}", f"p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    sizes = stack.mongo.command("collStats", "users")
    for name, size in sorted(sizes.get("indexSizes", {}).items()):
        say(f"size of index {name}", f"{size / 2**20:.0f} MB")
    say("size of users", f"{sizes['size'] / 2**20:.0f} MB")


def cached(stack):
    """Cached requests a second beside a FastCGI program that does no more than one Redis GET."""
    need_million(stack)
    least = LeastProgram(stack, threads=4 * os.cpu_count())
    etag = stack.http.get("/v1/counts").headers["ETag"]
    cases = {"/v1/counts": ("/v1/counts", None), "/v1/counts 304": ("/v1/counts", f"If-None-Match: {etag}"),
             "list": ("/v1/user?limit=10", None)}
    try:
        for name, (path, header) in cases.items():
            ratios, size = [], 0 if header else len(stack.http.get(path).body)
            for _ in range(ROUNDS):
                ours, p99 = wrk(stack.url + path, header=header)
                base, base99 = least.rate(size)
                ratios.append(ours / base)
                say(f"cached, {name}", f"{ours:.0f}/s (p99 {p99}), least program {base:.0f}/s (p99 {base99}),"
                                       f" ratio {ours / base:.2f}")
            say(f"cached, {name}, median ratio", f"{statistics.median(ratios):.2f}")
    finally:
        least.stop()
