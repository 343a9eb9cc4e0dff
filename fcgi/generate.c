/* generate.c - POST /v1/generate/users/random/:n (for old clients also GET) and POST
 * /v1/generate/activities/random/:n.
 *
 * A trigger stores a job; from that moment it will be carried out. The message
 * to Kafka only says so sooner: one that can't be sent is logged, no more. A job of
 * requests is found by the planner alone: other systems that read the triggers'
 * topic would take its message for one about users.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "handlers.h"
#include "idempotency.h"
#include "job.h"
#include "log.h"
#include "query.h"

/* ---- what is asked ---- */

struct wish {
    const struct kind *kind;
    struct hc_job_request job;
    struct hc_population *population; /* owned */
    char id[HC_JOB_ID_LEN + 1];
};

/* A member of the body: a whole number. */
struct option {
    const char *name;
    int64_t low, high;
    void (*put)(struct hc_job_request *job, int64_t n);
};

static void put_seed(struct hc_job_request *job, int64_t n)
{
    job->has_seed = true;
    job->seed = (uint64_t)n;
}

static void put_days(struct hc_job_request *job, int64_t n)
{
    job->days = n;
}

static void put_rate(struct hc_job_request *job, int64_t n)
{
    job->rate = n;
}

static const struct option OPTIONS[] = {
    {"seed", 0, INT64_MAX, put_seed},
    {"days", 1, HC_JOB_DAYS_MAX, put_days},
    {"rate", 1, HC_JOB_RATE_MAX, put_rate},
};

typedef enum hc_err prepare_fn(struct context *c, struct hc_db *db, struct wish *w, struct hc_error *err);
typedef void announce_fn(struct context *c, struct hc_job *job);
static prepare_fn prepare_requests;
static announce_fn announce_users;

/* What may be asked for. */
static const struct kind {
    enum hc_job_kind job;
    const char *route;     /* a repeated key means the same job only on the same route */
    size_t options;        /* the first so many of OPTIONS are its */
    const char *there_is;  /* … in words */
    prepare_fn *prepare;   /* what has to be looked up before the job is stored, or NULL */
    announce_fn *announce; /* or NULL */
} USERS = {HC_JOB_USERS, "POST /v1/generate/users/random", 1, "seed is the only one", NULL, announce_users},
  REQUESTS = {HC_JOB_ACTIVITIES,
              "POST /v1/generate/activities/random",
              3,
              "there are seed, days and rate",
              prepare_requests,
              NULL};

static enum hc_err read_total(struct context *c, struct wish *w, struct hc_error *err)
{
    w->job.chunk_users = c->settings->chunk_users;
    return query_number("n", route_last(&c->request), 1, c->settings->generate_max, &w->job.total, err);
}

static enum hc_err read_option(const struct option *o, struct json_object *value, struct wish *w,
                               struct hc_error *err)
{
    if (!json_object_is_type(value, json_type_int) || json_object_get_uint64(value) > INT64_MAX ||
        json_object_get_int64(value) < o->low || json_object_get_int64(value) > o->high)
        return hc_fail(err, HC_EINVALID, o->name, "%s must be a whole number from %" PRId64 " to %" PRId64,
                       o->name, o->low, o->high);
    o->put(&w->job, json_object_get_int64(value));
    return HC_OK;
}

static enum hc_err read_member(const char *name, struct json_object *value, struct wish *w,
                               struct hc_error *err)
{
    for (size_t o = 0; o < w->kind->options; o++)
        if (strcmp(name, OPTIONS[o].name) == 0)
            return read_option(&OPTIONS[o], value, w, err);
    return hc_fail(err, HC_EINVALID, name, "There is no such option; %s", w->kind->there_is);
}

static enum hc_err read_members(struct json_object *body, struct wish *w, struct hc_error *err)
{
    if (!json_object_is_type(body, json_type_object))
        return hc_fail(err, HC_EMALFORMED, NULL, "The body must be a JSON object");
    struct json_object_iterator at = json_object_iter_begin(body);
    struct json_object_iterator end = json_object_iter_end(body);
    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
        enum hc_err code =
            read_member(json_object_iter_peek_name(&at), json_object_iter_peek_value(&at), w, err);
        if (code != HC_OK)
            return code;
    }
    if (w->job.days > 0 && w->job.rate > 0)
        return hc_fail(err, HC_EINVALID, "rate",
                       "Either days spreads the requests back in time, or rate plays them live; not both");
    return HC_OK;
}

static enum hc_err read_body(struct context *c, struct wish *w, struct hc_error *err)
{
    struct json_object *body = NULL;
    enum hc_err code = request_body(&c->request, err);
    if (code != HC_OK || c->request.body.len == 0)
        return code;
    code = hc_json_parse(c->request.body.data, c->request.body.len, &HC_JSON_LIMITS, &body, err);
    if (code == HC_OK)
        code = read_members(body, w, err);
    json_object_put(body);
    return code;
}

/* The same key always means the same job: its id is a hash of the key. */
static enum hc_err read_key(struct context *c, struct wish *w, struct hc_error *err)
{
    struct idempotency once;
    enum hc_err code = idempotency_read(&c->request, w->kind->route, &once, err);
    if (code != HC_OK || !once.given)
        return code;
    hc_ulid_from_bytes(w->id, once.hash);
    w->job.id = w->id;
    return HC_OK;
}

/* ---- storing ---- */

/* Counting and storing are one step within this process, so that many triggers
 * at once don't all find the last free place. */
static pthread_mutex_t admission = PTHREAD_MUTEX_INITIALIZER;

/* Who makes the requests. A repeated key needs nobody: its job stands. */
static enum hc_err prepare_requests(struct context *c, struct hc_db *db, struct wish *w, struct hc_error *err)
{
    struct hc_job known = {0};
    if (w->job.id) {
        enum hc_err found = hc_job_get(db, w->id, HC_JOB_ID_LEN, &known, err);
        hc_job_release(&known);
        if (found != HC_ENOTFOUND)
            return found;
    }
    w->population = malloc(sizeof *w->population);
    if (!w->population)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    w->job.population = w->population;
    return hc_population_sample(db, context_left_ms(c), w->population, err);
}

static enum hc_err admit(struct context *c, struct hc_db *db, const struct wish *w, struct hc_error *err)
{
    int64_t open = 0;
    struct hc_job known = {0};
    if (w->job.id) {
        enum hc_err found = hc_job_get(db, w->id, HC_JOB_ID_LEN, &known, err);
        hc_job_release(&known);
        if (found != HC_ENOTFOUND)
            return found; /* a repeated request takes no place of its own */
    }
    enum hc_err code = hc_job_count_open(db, &open, err);
    if (code == HC_OK && open >= c->settings->jobs_max)
        return hc_fail(err, HC_ETOOMANY, NULL,
                       "%" PRId64 " jobs wait or run already; no more than %" PRId64 " may", open,
                       c->settings->jobs_max);
    return code;
}

static bool enter(struct context *c)
{
    while (pthread_mutex_trylock(&admission) != 0) {
        if (hc_mono_ms() >= c->request.deadline)
            return false;
        hc_sleep_ms(5);
    }
    return true;
}

static enum hc_err store(struct context *c, struct wish *w, struct hc_job *job, struct hc_error *err)
{
    struct hc_db *db;
    bool existed = false;
    enum hc_err code = context_db(c, &db, err);
    if (code == HC_OK && w->kind->prepare)
        code = w->kind->prepare(c, db, w, err);
    if (code != HC_OK)
        return code;
    if (!enter(c))
        return hc_fail(err, HC_EBUSY, NULL, "Too many jobs are asked for at once");
    code = admit(c, db, w, err);
    if (code == HC_OK)
        code = hc_job_create(db, &w->job, job, &existed, err);
    pthread_mutex_unlock(&admission);
    return code;
}

/* ---- announcing ---- */

static void announce_users(struct context *c, struct hc_job *job)
{
    struct hc_error err = {0};
    struct hc_bus *bus = c->web->bus;
    if (!bus || job->state != HC_JOB_QUEUED)
        return; /* as CGI: the planner finds the job by itself */
    if (hc_bus_send_trigger(bus, job->id, job->total, job->people.seed, &err) != HC_OK)
        hc_log(HC_LOG_WARN, "job.announce", "the trigger could not be sent; the job waits for the planner",
               HC_STR("job", job->id), HC_STR("err", hc_err_text(err.code)), HC_STR("req", c->request.id),
               NULL);
}

static void announce(struct context *c, const struct kind *kind, struct hc_job *job)
{
    struct hc_bus *bus = c->web->bus;
    if (kind->announce)
        kind->announce(c, job);
    if (bus && job->state == HC_JOB_QUEUED && !hc_bus_is_up(bus) && !job->detail[0])
        snprintf(job->detail, sizeof job->detail, "waiting for Kafka");
}

static enum hc_err trigger(struct context *c, const struct kind *kind, bool with_body, struct hc_job *job,
                           struct hc_error *err)
{
    struct wish w = {.kind = kind, .job.kind = kind->job};
    enum hc_err code = read_total(c, &w, err);
    if (code == HC_OK && with_body)
        code = read_body(c, &w, err);
    if (code == HC_OK)
        code = read_key(c, &w, err);
    if (code == HC_OK)
        code = store(c, &w, job, err);
    free(w.population);
    if (code == HC_OK)
        announce(c, kind, job);
    return code;
}

/* ---- the routes ---- */

static void add_location(struct response *res, const struct hc_job *job)
{
    char location[64];
    snprintf(location, sizeof location, "/v1/jobs/%s", job->id);
    response_header(res, "Location", location);
}

/* 202 with the job. */
static enum hc_err take(struct context *c, const struct kind *kind, struct hc_error *err)
{
    struct hc_json j;
    struct hc_job job = {0};
    enum hc_err code = trigger(c, kind, true, &job, err);
    if (code == HC_OK) {
        c->response.status = 202;
        add_location(&c->response, &job);
        response_json(&c->response, &j);
        hc_json_open(&j, '{');
        hc_json_key(&j, "result");
        hc_job_json(&j, &job);
        hc_json_close(&j, '}');
    }
    hc_job_release(&job);
    return code;
}

enum hc_err generate_users(struct context *c, struct hc_error *err)
{
    return take(c, &USERS, err);
}

enum hc_err generate_activities(struct context *c, struct hc_error *err)
{
    return take(c, &REQUESTS, err);
}

enum hc_err generate_users_old(struct context *c, struct hc_error *err)
{
    struct hc_json j;
    struct hc_job job = {0};
    char sentence[80];
    enum hc_err code = trigger(c, &USERS, false, &job, err);
    if (code == HC_OK) {
        snprintf(sentence, sizeof sentence, "%" PRId64 " %s will be generated", job.total,
                 job.total == 1 ? "user" : "users");
        response_json(&c->response, &j);
        hc_json_open(&j, '{');
        hc_json_put_str(&j, "result", sentence);
        hc_json_key(&j, "job");
        hc_job_json(&j, &job);
        hc_json_close(&j, '}');
    }
    hc_job_release(&job);
    return code;
}
