/* generate.c - POST (and for old clients GET) /v1/generate/users/random/:n.
 *
 * A trigger stores a job; from that moment it will be carried out. The message
 * to Kafka only says so sooner: one that can't be sent is logged, no more.
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
    struct hc_job_request job;
    char id[HC_JOB_ID_LEN + 1];
};

static enum hc_err read_total(struct context *c, struct wish *w, struct hc_error *err)
{
    w->job.chunk_users = c->settings->chunk_users;
    return query_number("n", route_last(&c->request), 1, c->settings->generate_max, &w->job.total, err);
}

static enum hc_err read_seed(struct json_object *value, struct wish *w, struct hc_error *err)
{
    if (!json_object_is_type(value, json_type_int) || json_object_get_uint64(value) > INT64_MAX ||
        json_object_get_int64(value) < 0)
        return hc_fail(err, HC_EINVALID, "seed", "seed must be a whole number from 0 to %" PRId64, INT64_MAX);
    w->job.has_seed = true;
    w->job.seed = (uint64_t)json_object_get_int64(value);
    return HC_OK;
}

static enum hc_err read_members(struct json_object *body, struct wish *w, struct hc_error *err)
{
    if (!json_object_is_type(body, json_type_object))
        return hc_fail(err, HC_EMALFORMED, NULL, "The body must be a JSON object");
    struct json_object_iterator at = json_object_iter_begin(body);
    struct json_object_iterator end = json_object_iter_end(body);
    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
        const char *name = json_object_iter_peek_name(&at);
        if (strcmp(name, "seed") != 0)
            return hc_fail(err, HC_EINVALID, name, "There is no such option; seed is the only one");
        enum hc_err code = read_seed(json_object_iter_peek_value(&at), w, err);
        if (code != HC_OK)
            return code;
    }
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
    enum hc_err code = idempotency_read(&c->request, "POST /v1/generate/users/random", &once, err);
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

static enum hc_err store(struct context *c, const struct wish *w, struct hc_job *job, struct hc_error *err)
{
    struct hc_db *db;
    bool existed = false;
    enum hc_err code = context_db(c, &db, err);
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

static void announce(struct context *c, struct hc_job *job)
{
    struct hc_error err = {0};
    struct hc_bus *bus = c->web->bus;
    if (!bus || job->state != HC_JOB_QUEUED)
        return; /* as CGI: the planner finds the job by itself */
    if (hc_bus_send_trigger(bus, job->id, job->total, job->people.seed, &err) != HC_OK)
        hc_log(HC_LOG_WARN, "job.announce", "the trigger could not be sent; the job waits for the planner",
               HC_STR("job", job->id), HC_STR("err", hc_err_text(err.code)), HC_STR("req", c->request.id),
               NULL);
    if (!hc_bus_is_up(bus) && !job->detail[0])
        snprintf(job->detail, sizeof job->detail, "waiting for Kafka");
}

static enum hc_err trigger(struct context *c, bool with_body, struct hc_job *job, struct hc_error *err)
{
    struct wish w = {0};
    enum hc_err code = read_total(c, &w, err);
    if (code == HC_OK && with_body)
        code = read_body(c, &w, err);
    if (code == HC_OK)
        code = read_key(c, &w, err);
    if (code == HC_OK)
        code = store(c, &w, job, err);
    if (code == HC_OK)
        announce(c, job);
    return code;
}

/* ---- the routes ---- */

static void add_location(struct response *res, const struct hc_job *job)
{
    char location[64];
    snprintf(location, sizeof location, "/v1/jobs/%s", job->id);
    response_header(res, "Location", location);
}

enum hc_err generate_users(struct context *c, struct hc_error *err)
{
    struct hc_json j;
    struct hc_job job = {0};
    enum hc_err code = trigger(c, true, &job, err);
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

enum hc_err generate_users_old(struct context *c, struct hc_error *err)
{
    struct hc_json j;
    struct hc_job job = {0};
    char sentence[80];
    enum hc_err code = trigger(c, false, &job, err);
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
