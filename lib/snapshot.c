/* See snapshot.h. */
#include "snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "flight.h"
#include "ids.h"
#include "instance.h"
#include "job.h"
#include "leaders.h"
#include "rates.h"

#define JOBS_SHOWN 20

/* What is known of this moment only. */
struct live {
    struct hc_job jobs[JOBS_SHOWN];
    size_t job_count;
    struct hc_instance instances[HC_INSTANCES_MAX];
    size_t instance_count;
    struct hc_rates rates;
    int64_t drift; /* HC_DRIFT_UNKNOWN: nobody has looked */
};

/* Everything that goes into one snapshot. */
struct snapshot {
    const struct hc_sample *sample;
    const struct live *live; /* NULL: it is one of the past */
    struct hc_leaders leaders;
};

/* ---- gathering ---- */

static bool is_shown(const struct live *s, const char *id)
{
    for (size_t i = 0; i < s->job_count; i++)
        if (strcmp(s->jobs[i].id, id) == 0)
            return true;
    return false;
}

/* Those that wait or run, however old they are, then the newest of all the others. */
static enum hc_err gather_jobs(struct hc_db *db, struct live *s, struct hc_error *err)
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

static void gather_instances(struct hc_cache *cache, struct live *s)
{
    if (!cache || hc_instances_read(cache, s->instances, HC_INSTANCES_MAX, &s->instance_count) != HC_OK)
        s->instance_count = 0;
}

static enum hc_err gather_counts(struct hc_db *db, struct hc_cache *cache, struct live *live,
                                 struct hc_sample *sample, struct hc_error *err)
{
    struct hc_counts counts;
    enum hc_err code = hc_counters_read(db, &counts, err);
    if (code != HC_OK)
        return code;
    hc_sample_of_counts(&counts, hc_now_ms(), sample);
    live->drift = counts.drift;
    hc_rates_note(cache, sample->at_ms, counts.users, counts.requests, &live->rates);
    return HC_OK;
}

static void release(struct live *s)
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

static struct totals add_up(const struct live *s)
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

static void write_active(struct hc_json *j, const struct hc_sample *sample)
{
    hc_json_key(j, "active");
    hc_json_open(j, '{');
    hc_json_put_int(j, "daily", sample->active[HC_DAILY]);
    hc_json_put_int(j, "weekly", sample->active[HC_WEEKLY]);
    hc_json_put_int(j, "monthly", sample->active[HC_MONTHLY]);
    hc_json_close(j, '}');
}

static void write_device_sums(struct hc_json *j, const char *key, const struct hc_device_sum *sums,
                              size_t count)
{
    hc_json_key(j, key);
    hc_json_open(j, '[');
    for (size_t i = 0; i < count; i++) {
        hc_json_open(j, '{');
        hc_json_put_str(j, "name", sums[i].name);
        hc_json_put_int(j, "sum", sums[i].sum);
        hc_json_close(j, '}');
    }
    hc_json_close(j, ']');
}

static void write_devices(struct hc_json *j, const struct hc_sample *sample)
{
    hc_json_key(j, "devices");
    hc_json_open(j, '{');
    write_device_sums(j, "os", sample->os, sample->os_count);
    write_device_sums(j, "browser", sample->browser, sample->browser_count);
    hc_json_close(j, '}');
}

static void write_genders(struct hc_json *j, const struct hc_sample *sample)
{
    hc_json_key(j, "gender");
    hc_json_open(j, '{');
    for (unsigned g = 0; g < HC_GENDER_COUNT; g++)
        hc_json_put_int(j, hc_gender_name(g), sample->gender[g]);
    hc_json_close(j, '}');
}

static void write_countries(struct hc_json *j, const struct hc_sample *sample)
{
    hc_json_key(j, "topCountries");
    hc_json_open(j, '[');
    for (size_t i = 0; i < sample->country_count; i++) {
        const struct hc_country *country = hc_country_at(sample->country[i].country);
        hc_json_open(j, '{');
        hc_json_put_str(j, "country", country->name);
        hc_json_put_str(j, "code", country->code);
        hc_json_put_int(j, "sum", sample->country[i].sum);
        hc_json_close(j, '}');
    }
    hc_json_close(j, ']');
}

/* The first look after a while has nothing to compare with: then the running jobs
 * say how fast users come in. */
static void write_rates(struct hc_json *j, const struct hc_rates *rates, const struct totals *t)
{
    hc_json_key(j, "rates");
    hc_json_open(j, '{');
    hc_json_key(j, "usersPerSecond");
    hc_json_fixed(j, rates->known ? rates->users : t->job_speed, 0);
    hc_json_key(j, "requestsPerSecond");
    hc_json_fixed(j, rates->requests, 0);
    hc_json_close(j, '}');
}

static void write_jobs(struct hc_json *j, const struct live *s)
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
static void write_pipeline(struct hc_json *j, const struct live *live, const struct totals *t)
{
    hc_json_key(j, "pipeline");
    hc_json_open(j, '{');
    hc_json_put_int(j, "consumers", t->consumers);
    hc_json_put_int(j, "insertsPerSecond", t->inserts);
    hc_json_key(j, "drift");
    if (live->drift != HC_DRIFT_UNKNOWN)
        hc_json_int(j, live->drift);
    else
        hc_json_null(j);
}

/* Of this process, and moved by polling alone: like asOf it is no part of the version. */
static void write_hit_rate(struct hc_json *j, const struct live *live)
{
    struct hc_flight_stats f;
    hc_flight_stats_read(&f);
    uint64_t all = f.hits + f.stale + f.filled + f.failed;
    hc_json_key(j, "cacheHitRate");
    if (live && all > 0)
        hc_json_fixed(j, (double)(f.hits + f.stale) / (double)all, 2);
    else
        hc_json_null(j);
    hc_json_close(j, '}');
}

static void write_live(struct hc_json *j, const struct live *live, bool exact)
{
    struct totals t = add_up(live);
    write_rates(j, &live->rates, &t);
    write_jobs(j, live);
    write_lag(j, &t);
    hc_json_key(j, "exact");
    hc_json_bool(j, exact);
    write_pipeline(j, live, &t);
}

static void write_nulls(struct hc_json *j, const char *key, const char *const *names, bool close)
{
    hc_json_key(j, key);
    hc_json_open(j, '{');
    for (; *names; names++)
        hc_json_put_str(j, *names, NULL);
    if (close)
        hc_json_close(j, '}');
}

/* In the same shape: what was not kept is null. */
static void write_past(struct hc_json *j, bool exact)
{
    static const char *const RATES[] = {"usersPerSecond", "requestsPerSecond", NULL};
    static const char *const LAG[] = {"messages", "seconds", NULL};
    static const char *const PIPELINE[] = {"consumers", "insertsPerSecond", "drift", NULL};
    write_nulls(j, "rates", RATES, true);
    hc_json_key(j, "jobs");
    hc_json_open(j, '[');
    hc_json_close(j, ']');
    write_nulls(j, "lag", LAG, true);
    hc_json_key(j, "exact");
    hc_json_bool(j, exact);
    write_nulls(j, "pipeline", PIPELINE, false);
}

/* What the version is the hash of: all but asOf, the hit rate and itself. */
static void write_numbers(struct hc_json *j, const struct snapshot *s)
{
    const struct hc_sample *sample = s->sample;
    hc_json_put_int(j, "users", sample->users);
    hc_json_put_int(j, "requests", sample->requests);
    hc_json_put_int(j, "countries", sample->countries);
    write_active(j, sample);
    hc_json_key(j, "topUsers");
    hc_leaders_json(j, &s->leaders);
    write_devices(j, sample);
    write_genders(j, sample);
    write_countries(j, sample);
    if (s->live)
        write_live(j, s->live, sample->exact);
    else
        write_past(j, sample->exact);
}

static void write_snapshot(const struct snapshot *s, struct hc_buf *out,
                           char version[HC_SNAPSHOT_VERSION_MAX])
{
    struct hc_json j;
    hc_json_begin(&j, out);
    hc_json_open(&j, '{');
    hc_json_key(&j, "result");
    hc_json_open(&j, '{');
    write_numbers(&j, s);
    snprintf(version, HC_SNAPSHOT_VERSION_MAX, "%016" PRIx64, hc_hash64(out->data, out->len));
    write_hit_rate(&j, s->live);
    hc_json_key(&j, "asOf");
    hc_json_date(&j, s->sample->at_ms);
    hc_json_put_str(&j, "version", version);
    hc_json_close(&j, '}');
    hc_json_close(&j, '}');
}

/* ---- now and then ---- */

static enum hc_err make_now(struct hc_db *db, struct hc_cache *cache, int left_ms, struct live *live,
                            struct hc_buf *out, char version[HC_SNAPSHOT_VERSION_MAX], struct hc_error *err)
{
    struct hc_sample sample;
    struct snapshot s = {.sample = &sample, .live = live};
    enum hc_err code = gather_counts(db, cache, live, &sample, err);
    if (code == HC_OK)
        code = gather_jobs(db, live, err);
    if (code == HC_OK)
        code = hc_leaders_now(db, HC_LEADERS_BRIEF, left_ms, &s.leaders, err);
    if (code == HC_OK) {
        gather_instances(cache, live);
        write_snapshot(&s, out, version);
    }
    hc_leaders_release(&s.leaders);
    return code;
}

enum hc_err hc_snapshot_now(struct hc_db *db, struct hc_cache *cache, int left_ms, struct hc_buf *out,
                            char version[HC_SNAPSHOT_VERSION_MAX], struct hc_error *err)
{
    struct live *live = calloc(1, sizeof *live);
    if (!live)
        return hc_fail(err, HC_ENOMEM, NULL, "There is no memory for the counts");
    enum hc_err code = make_now(db, cache, left_ms, live, out, version, err);
    release(live);
    free(live);
    return code;
}

enum hc_err hc_snapshot_then(struct hc_db *db, const struct hc_sample *sample, int left_ms,
                             struct hc_buf *out, char version[HC_SNAPSHOT_VERSION_MAX], struct hc_error *err)
{
    struct snapshot s = {.sample = sample};
    enum hc_err code =
        hc_leaders_of(db, sample->top, sample->top_count, HC_LEADERS_BRIEF, left_ms, &s.leaders, err);
    if (code == HC_OK)
        write_snapshot(&s, out, version);
    hc_leaders_release(&s.leaders);
    return code;
}
