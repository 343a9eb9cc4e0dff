"""Every read of the service as one row of a table: uncached at 10 000 and at 1 000 000 users, cached under wrk."""
import datetime
import os
import random
import statistics

from common import LeastProgram, MILLION, deep_cursor, times_ms, wrk
from reads import list_cases, sampled_users

SMALL = 10_000
CALLS = 200
SECONDS = 2  # of each wrk
CONNECTIONS = (16, 64)


def fill(stack, users):
    """So many users, of whom some made requests in the last month."""
    stack.fresh()
    stack.wait_job(stack.generate(users), 900)
    answer = stack.http.post(f"/v1/generate/activities/random/{min(users // 5, 20_000)}", {"days": 30})
    stack.wait_job(answer.result, 300)
    stack.idle()


def moment(rnd):
    """Some time of the last minute."""
    when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=rnd.randrange(60))
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def single_reads(stack, users, rnd):
    """{name: a function that gives a path} of all that is no list."""
    active = [str(row["_id"]) for row in stack.mongo.hc_usage.find({}, {"_id": 1}).limit(500)]
    job = stack.http.get("/v1/jobs").result[0]["id"]
    fixed = ["/v1/counts", "/v1/counts/history", "/v1/user/admin/count", "/v1/user/agg/all/country",
             "/v1/user/agg/country", "/v1/user/agg/country?limit=300", "/v1/user/agg/gender", "/v1/user/agg/device",
             "/v1/user/stat/dau", "/v1/user/stat/wau", "/v1/user/stat/mau", "/v1/user/stat/count/totalRequest",
             "/v1/user/stat/top-15-user", "/v1/jobs", f"/v1/jobs/{job}", "/v1/ready", "/v1/health", "/metrics"]
    cases = {path.replace(job, ":id"): lambda path=path: path for path in fixed}
    cases["/v1/counts?at="] = lambda: f"/v1/counts?at={moment(rnd)}"
    cases["/v1/user/:id"] = lambda: f"/v1/user/{rnd.choice(users)['_id']}"
    cases["/v1/user/userEmail/:mail"] = lambda: f"/v1/user/userEmail/{rnd.choice(users)['email']}"
    cases["/v1/user/:id/requests"] = lambda: f"/v1/user/{rnd.choice(active)}/requests"
    return cases


def all_reads(stack):
    rnd = random.Random(17)
    users = sampled_users(stack, 400, rnd)
    cases = single_reads(stack, users, rnd)
    for name, query in list_cases(users, rnd).items():
        cases[f"list: {name}"] = lambda query=query: f"/v1/user?{query()}"
    half = stack.mongo.users.estimated_document_count() // 2
    for sort in ("-createdAt", "name"):
        deep = deep_cursor(stack, half, f"&sortBy={sort}")
        cases[f"list: in the middle, sortBy={sort}"] = lambda deep=deep: deep
    return cases


def cached_cells(stack, least, path, ratios):
    """Both one after the other, so that a slow minute of the machine slows both."""
    cells, size = [], len(stack.http.get(path).body)
    for connections in CONNECTIONS:
        ours, p99 = wrk(stack.url + path, connections, SECONDS)
        ratios[connections].append(ours / least.rate(size, connections, SECONDS)[0])
        cells.append(f"{ours:.0f}/s, p99 {p99}, {ratios[connections][-1]:.2f}")
    return cells


def table(stack):
    """A markdown table; a ratio is cached requests/s divided by those of a program that answers as many bytes from Redis."""
    fill(stack, SMALL)
    small = {name: times_ms(stack, path, CALLS) for name, path in all_reads(stack).items()}
    fill(stack, MILLION)
    least = LeastProgram(stack, threads=4 * os.cpu_count())
    ratios, slow = {n: [] for n in CONNECTIONS}, []
    heads = ["read", "uncached at 10 000: p50/p99 ms", "at 1 000 000", *(f"cached, {n} connections" for n in CONNECTIONS)]
    print("| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads), flush=True)
    try:
        for name, path in all_reads(stack).items():
            p50, p99 = times_ms(stack, path, CALLS)
            slow += [f"{name} {p99:.0f}"] if p99 >= 20 else []
            uncached = f"{small[name][0]:.1f}/{small[name][1]:.1f}" if name in small else "-"
            print("| " + " | ".join([name, uncached, f"{p50:.1f}/{p99:.1f}",
                                     *cached_cells(stack, least, path(), ratios)]) + " |", flush=True)
    finally:
        least.stop()
    for connections, each in ratios.items():
        print(f"\nmedian ratio with {connections} connections: {statistics.median(each):.2f}")
    print(f"p99 of 20 ms and more at 1 000 000: {', '.join(slow) or 'none'}", flush=True)
