/* counts.c - GET /v1/counts. */
#include "counts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "counters.h"
#include "handlers.h"
#include "ids.h"
#include "instance.h"
#include "job.h"
#include "log.h"
#include "rates.h"

#define FRESH_MS 1000
#define KEEP_MS 60000
#define JOBS_SHOWN 20
#define TOP_SHOWN 15

/* Everything that goes into one snapshot. */
struct snapshot {
    struct hc_counts counts;
    struct hc_job jobs[JOBS_SHOWN];
    size_t job_count;
    struct hc_instance instances[HC_INSTANCES_MAX];
    size_t instance_count;
    struct rates rates;
};

/* ms between two polls: longer when a fill is slow here. */
static atomic_int poll_interval = 1000;

static void note_fill_time(int64_t ms)
{
    atomic_store(&poll_interval, ms > 1000 ? 5000 : ms > 250 ? 2000 : 1000);
}

/* ---- gathering ---- */

static bool is_shown(const struct snapshot *s, const char *id)
{
    for (size_t i = 0; i < s->job_count; i++)
        if (strcmp(s->jobs[i].id, id) == 0)
            return true;
    return false;
}

/* Those that wait or run, however old they are, then the newest of all the others. */
static enum hc_err gather_jobs(struct hc_db *db, struct snapshot *s, struct hc_error *err)
{
    struct hc_job recent[JOBS_SHOWN];
    size_t count = 0;
    enum hc_err code = hc_job_list(db, true, s->jobs, JOBS_SHOWN, &s->job_count, err);
    if (code == HC_OK)
        code = hc_job_list(db, false, recent, JOBS_SHOWN, &count, err);
    for (size_t i = 0; i < count; i++)
        if (s->job_count < JOBS_SHOWN && !is_shown(s, recent[i].id))
            s->jobs[s->job_count++] = recent[i];
        else
            hc_job_release(&recent[i]);
    return code;
}

static enum hc_err gather(struct context *c, struct snapshot *s, struct hc_error *err)
{
    struct hc_db *db;
    enum hc_err code = context_db(c, &db, err);
    if (code == HC_OK)
        code = hc_counters_read(db, &s->counts, err);
    if (code == HC_OK)
        code = gather_jobs(db, s, err);
    if (code != HC_OK)
        return code;
    if (hc_instances_read(context_cache(c), s->instances, HC_INSTANCES_MAX, &s->instance_count) != HC_OK)
        s->instance_count = 0;
    rates_note(context_cache(c), hc_now_ms(), s->counts.users, s->counts.requests, &s->rates);
    return HC_OK;
}

static void release(struct snapshot *s)
{
    for (size_t i = 0; i < s->job_count; i++)
        hc_job_release(&s->jobs[i]);
}

/* ---- what consumers and jobs add up to ---- */

struct totals {
    int64_t consumers;
    int64_t inserts;  /* users a second, by what the consumers say */
    int64_t lag;      /* messages; -1: nobody knows */
    int64_t left;     /* users that open jobs still have to make */
    double job_speed; /* users a second, of all running jobs */
};

static void add_instance(struct totals *t, const struct hc_instance *i)
{
    if (i->role != HC_ROLE_CONSUMER)
        return;
    t->consumers++;
    t->inserts += i->inserts_per_second;
    if (i->lag >= 0)
        t->lag = (t->lag < 0 ? 0 : t->lag) + i->lag;
}

static struct totals add_up(const struct snapshot *s)
{
    struct totals t = {.lag = -1};
    for (size_t i = 0; i < s->instance_count; i++)
        add_instance(&t, &s->instances[i]);
    for (size_t i = 0; i < s->job_count; i++) {
        const struct hc_job *job = &s->jobs[i];
        if (job->kind != HC_JOB_USERS || (job->state != HC_JOB_RUNNING && job->state != HC_JOB_QUEUED))
            continue;
        t.left += job->total - job->done_users;
        t.job_speed += job->state == HC_JOB_RUNNING ? job->per_second : 0;
    }
    return t;
}

/* ---- writing ---- */

static void write_empty(struct hc_json *j, const char *key)
{
    hc_json_key(j, key);
    hc_json_open(j, '[');
    hc_json_close(j, ']');
}

/* Nobody's requests are taken in yet, so nobody was active. */
static void write_active(struct hc_json *j)
{
    hc_json_key(j, "active");
    hc_json_open(j, '{');
    hc_json_put_int(j, "daily", 0);
    hc_json_put_int(j, "weekly", 0);
    hc_json_put_int(j, "monthly", 0);
    hc_json_close(j, '}');
    write_empty(j, "topUsers");
    hc_json_key(j, "devices");
    hc_json_open(j, '{');
    write_empty(j, "os");
    write_empty(j, "browser");
    hc_json_close(j, '}');
}

static void write_genders(struct hc_json *j, const struct hc_counts *counts)
{
    hc_json_key(j, "gender");
    hc_json_open(j, '{');
    for (unsigned g = 0; g < HC_GENDER_COUNT; g++)
        hc_json_put_int(j, hc_gender_name(g), counts->gender[g]);
    hc_json_close(j, '}');
}

static void write_countries(struct hc_json *j, const struct hc_counts *counts)
{
    struct hc_country_sum top[TOP_SHOWN];
    size_t count = hc_counters_top(counts, top, TOP_SHOWN);
    hc_json_key(j, "topCountries");
    hc_json_open(j, '[');
    for (size_t i = 0; i < count; i++) {
        const struct hc_country *country = hc_country_at(top[i].country);
        hc_json_open(j, '{');
        hc_json_put_str(j, "country", country->name);
        hc_json_put_str(j, "code", country->code);
        hc_json_put_int(j, "sum", top[i].sum);
        hc_json_close(j, '}');
    }
    hc_json_close(j, ']');
}

static void write_jobs(struct hc_json *j, const struct snapshot *s)
{
    hc_json_key(j, "jobs");
    hc_json_open(j, '[');
    for (size_t i = 0; i < s->job_count; i++)
        hc_job_json(j, &s->jobs[i]);
    hc_json_close(j, ']');
}

static void write_lag(struct hc_json *j, const struct totals *t)
{
    double speed = t->job_speed > 0 ? t->job_speed : (double)t->inserts;
    hc_json_key(j, "lag");
    hc_json_open(j, '{');
    hc_json_key(j, "messages");
    if (t->lag >= 0)
        hc_json_int(j, t->lag);
    else
        hc_json_null(j);
    hc_json_key(j, "seconds");
    if (t->left == 0)
        hc_json_int(j, 0);
    else if (speed > 0)
        hc_json_int(j, (int64_t)((double)t->left / speed) + 1);
    else
        hc_json_null(j);
    hc_json_close(j, '}');
}

/* Leaves the object open: its last member comes behind the version. */
static void write_pipeline(struct hc_json *j, const struct totals *t)
{
    hc_json_key(j, "pipeline");
    hc_json_open(j, '{');
    hc_json_put_int(j, "consumers", t->consumers);
    hc_json_put_int(j, "insertsPerSecond", t->inserts);
    hc_json_key(j, "drift"); /* null until an auditor has measured it */
    hc_json_null(j);
}

/* Of this process, and moved by polling alone: like asOf it is no part of the version. */
static void write_hit_rate(struct hc_json *j)
{
    struct hc_flight_stats f;
    hc_flight_stats_read(&f);
    uint64_t all = f.hits + f.stale + f.filled + f.failed;
    hc_json_key(j, "cacheHitRate");
    if (all > 0)
        hc_json_fixed(j, (double)(f.hits + f.stale) / (double)all, 2);
    else
        hc_json_null(j);
    hc_json_close(j, '}');
}

/* The first look after a while has nothing to compare with: then the running jobs
 * say how fast users come in. */
static void write_rates(struct hc_json *j, const struct rates *rates, const struct totals *t)
{
    hc_json_key(j, "rates");
    hc_json_open(j, '{');
    hc_json_key(j, "usersPerSecond");
    hc_json_fixed(j, rates->known ? rates->users : t->job_speed, 0);
    hc_json_key(j, "requestsPerSecond");
    hc_json_fixed(j, rates->requests, 0);
    hc_json_close(j, '}');
}

/* What the version is the hash of: all but asOf, the hit rate and itself. */
static void write_numbers(struct hc_json *j, const struct snapshot *s)
{
    struct totals t = add_up(s);
    hc_json_put_int(j, "users", s->counts.users);
    hc_json_put_int(j, "requests", s->counts.requests);
    hc_json_put_int(j, "countries", s->counts.countries);
    write_active(j);
    write_genders(j, &s->counts);
    write_countries(j, &s->counts);
    write_rates(j, &s->rates, &t);
    write_jobs(j, s);
    write_lag(j, &t);
    hc_json_key(j, "exact");
    hc_json_bool(j, true);
    write_pipeline(j, &t);
}

static void write_snapshot(const struct snapshot *s, struct hc_buf *out, char etag[32])
{
    struct hc_json j;
    hc_json_begin(&j, out);
    hc_json_open(&j, '{');
    hc_json_key(&j, "result");
    hc_json_open(&j, '{');
    write_numbers(&j, s);
    snprintf(etag, 32, "%016" PRIx64, hc_hash64(out->data, out->len));
    write_hit_rate(&j);
    hc_json_key(&j, "asOf");
    hc_json_date(&j, hc_now_ms());
    hc_json_put_str(&j, "version", etag);
    hc_json_close(&j, '}');
    hc_json_close(&j, '}');
}

static enum hc_err fill(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err)
{
    struct context *c = ctx;
    int64_t began = hc_mono_ms();
    struct snapshot *s = calloc(1, sizeof *s);
    if (!s)
        return hc_fail(err, HC_ENOMEM, NULL, "There is no memory for the counts");
    enum hc_err code = gather(c, s, err);
    if (code == HC_OK)
        write_snapshot(s, out, etag);
    release(s);
    free(s);
    if (code == HC_OK)
        note_fill_time(hc_mono_ms() - began);
    return code;
}

/* ---- the route ---- */

enum hc_err counts_fetch(struct context *c, struct hc_flight_answer *answer, struct hc_error *err)
{
    char key[HC_CACHE_KEY_MAX];
    hc_flight_key(key, "counts", "", 0);
    struct hc_flight flight = {.key = key,
                               .fresh_ms = FRESH_MS,
                               .keep_ms = KEEP_MS,
                               .deadline = c->request.deadline,
                               .fill = fill,
                               .ctx = c};
    return context_fly(c, &flight, answer, err);
}

enum hc_err counts_show(struct context *c, struct hc_error *err)
{
    struct hc_flight_answer answer;
    char interval[16];
    enum hc_err code = counts_fetch(c, &answer, err);
    if (code != HC_OK)
        return code;
    context_tag(c, &answer, FRESH_MS);
    snprintf(interval, sizeof interval, "%d", atomic_load(&poll_interval));
    response_header(&c->response, "Poll-Interval", interval);
    return HC_OK;
}
