/* See job.h. This file: reading documents of hc_jobs, changing their state, planning. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "job.h"
#include "job_document.h"
#include "log.h"

#define READ_MS 2000           /* a read's time limit at the server */
#define NEW_LIFE_MS 60000      /* how long a job may stand inserted, but not queued */
#define SWEEP_BACK_MS 86400000 /* how far back the sweep looks: all jobs of a day, not of all time */

/* ---- reading ---- */

/* Who makes a job's requests is long, and wanted by those alone who make them. */
static void leave_population(bson_t *opts)
{
    BCON_APPEND(opts, "projection", "{", "population", BCON_INT32(0), "}");
}

enum hc_err hc_job_read_by_id(struct hc_db *db, const char *id, bool whole, struct hc_job *job,
                              struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(id));
    bson_t *opts = BCON_NEW("maxTimeMS", BCON_INT32(READ_MS));
    bson_t doc = BSON_INITIALIZER;
    if (!whole)
        leave_population(opts);
    enum hc_err e = hc_db_find_one(db, HC_JOBS, filter, opts, &doc, err);
    if (e == HC_OK)
        e = hc_job_read(job, &doc, err);
    else if (e == HC_ENOTFOUND)
        hc_fail(err, e, "id", "there is no such job");
    bson_destroy(filter);
    bson_destroy(opts);
    bson_destroy(&doc);
    return e;
}

enum hc_err hc_job_get(struct hc_db *db, const char *id, size_t len, struct hc_job *job, struct hc_error *err)
{
    char key[HC_JOB_ID_LEN + 1];
    memset(job, 0, sizeof *job);
    enum hc_err e = hc_job_id(id, len, key, err);
    return e == HC_OK ? hc_job_read_by_id(db, key, false, job, err) : e;
}

/* Documents that can't be read are left out and said so in the log: one odd job
 * must not hide the others. */
static size_t read_all(mongoc_cursor_t *cursor, struct hc_job *jobs, size_t max)
{
    size_t n = 0;
    const bson_t *doc;
    while (n < max && mongoc_cursor_next(cursor, &doc)) {
        struct hc_error why;
        if (hc_job_read(&jobs[n], doc, &why) == HC_OK)
            n++;
        else
            hc_log(HC_LOG_WARN, "job.unreadable", why.detail, NULL);
    }
    return n;
}

enum hc_err hc_job_list(struct hc_db *db, bool open_only, struct hc_job *jobs, size_t max, size_t *count,
                        struct hc_error *err)
{
    bson_t filter = BSON_INITIALIZER;
    bson_t opts = BSON_INITIALIZER;
    *count = 0;
    if (open_only)
        bson_append_bool(&filter, "open", 4, true);
    BCON_APPEND(&opts, "maxTimeMS", BCON_INT32(READ_MS), "limit", BCON_INT64((int64_t)max), "sort", "{",
                "createdAt", BCON_INT32(open_only ? 1 : -1), "}", "hint",
                BCON_UTF8(open_only ? "open_1" : "createdAt_-1"));
    leave_population(&opts);
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(hc_db_collection(db, HC_JOBS), &filter, &opts, NULL);
    size_t n = read_all(cursor, jobs, max);
    bson_error_t why;
    const bson_t *reply;
    enum hc_err e = HC_OK;
    if (mongoc_cursor_error_document(cursor, &why, &reply)) {
        e = hc_store_fail(err, &why, reply, false);
        while (n > 0)
            hc_job_release(&jobs[--n]);
    }
    *count = n;
    mongoc_cursor_destroy(cursor);
    bson_destroy(&filter);
    bson_destroy(&opts);
    return e;
}

enum hc_err hc_job_count_open(struct hc_db *db, int64_t *count, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("open", BCON_BOOL(true));
    bson_t *opts = BCON_NEW("maxTimeMS", BCON_INT32(READ_MS), "hint", "open_1");
    bson_error_t why;
    bson_t reply;
    *count =
        mongoc_collection_count_documents(hc_db_collection(db, HC_JOBS), filter, opts, NULL, &reply, &why);
    enum hc_err e = *count < 0 ? hc_store_fail(err, &why, &reply, false) : HC_OK;
    bson_destroy(&reply);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

/* ---- changing ---- */

/* Moves a job to `to` if its state is one of from[] (ended by -1). */
static enum hc_err move(struct hc_db *db, const char *id, const int *from, enum hc_job_state to,
                        struct hc_error *err)
{
    bson_t filter = BSON_INITIALIZER, in, list;
    bson_append_utf8(&filter, "_id", 3, id, -1);
    bson_append_document_begin(&filter, "state", 5, &in);
    bson_append_array_begin(&in, "$in", 3, &list);
    for (int i = 0; from[i] >= 0; i++)
        bson_append_utf8(&list, i ? (i == 1 ? "1" : "2") : "0", 1,
                         hc_job_state_text((enum hc_job_state)from[i]), -1);
    bson_append_array_end(&in, &list);
    bson_append_document_end(&filter, &in);
    bson_t *update = BCON_NEW("$set", "{", "state", BCON_UTF8(hc_job_state_text(to)), "detail", "", "}");
    enum hc_err e = hc_db_update_one(db, HC_JOBS, &filter, update, NULL, err);
    bson_destroy(&filter);
    bson_destroy(update);
    return e;
}

/* Moves, then looks: whatever the reply was, what stands now decides. */
static enum hc_err change(struct hc_db *db, const char *text, size_t len, const int *from,
                          enum hc_job_state to, struct hc_job *job, struct hc_error *err)
{
    char id[HC_JOB_ID_LEN + 1];
    memset(job, 0, sizeof *job);
    enum hc_err e = hc_job_id(text, len, id, err);
    if (e == HC_OK)
        e = move(db, id, from, to, err);
    if (e == HC_OK)
        e = hc_job_read_by_id(db, id, false, job, err);
    if (e != HC_OK)
        return e;
    bool there = job->state == to || (to == HC_JOB_QUEUED && job->state == HC_JOB_RUNNING);
    if (there)
        return HC_OK;
    e = hc_fail(err, HC_ECONFLICT, "state", "this job is %s already", hc_job_state_text(job->state));
    hc_job_release(job);
    return e;
}

enum hc_err hc_job_cancel(struct hc_db *db, const char *id, size_t len, struct hc_job *job,
                          struct hc_error *err)
{
    static const int FROM[] = {HC_JOB_QUEUED, HC_JOB_RUNNING, HC_JOB_PAUSED, -1};
    return change(db, id, len, FROM, HC_JOB_CANCELLED, job, err);
}

enum hc_err hc_job_pause(struct hc_db *db, const char *id, size_t len, struct hc_job *job,
                         struct hc_error *err)
{
    static const int FROM[] = {HC_JOB_QUEUED, HC_JOB_RUNNING, -1};
    return change(db, id, len, FROM, HC_JOB_PAUSED, job, err);
}

enum hc_err hc_job_resume(struct hc_db *db, const char *id, size_t len, struct hc_job *job,
                          struct hc_error *err)
{
    static const int FROM[] = {HC_JOB_PAUSED, -1};
    return change(db, id, len, FROM, HC_JOB_QUEUED, job, err);
}

/* ---- planning ---- */

static bson_t *plan_update(const struct hc_job *job, const struct hc_job_plan *plan)
{
    int64_t now = hc_now_ms();
    bson_t *update = bson_new();
    bson_t set;
    bson_append_document_begin(update, "$set", 4, &set);
    BCON_APPEND(&set, "state", BCON_UTF8(hc_job_state_text(plan->state)), "open", BCON_BOOL(!plan->settled),
                "published", BCON_INT64(plan->published), "planned", BCON_INT64(job->planned + 1), "rate",
                BCON_DOUBLE(plan->per_second), "markAt", BCON_DATE_TIME(plan->mark_ms), "markDone",
                BCON_INT64(plan->mark_done), "resent", BCON_INT64(plan->resent), "detail",
                BCON_UTF8(plan->detail));
    if (job->rate > 0)
        bson_append_int64(&set, "paced", -1, plan->paced_us);
    if (plan->state == HC_JOB_RUNNING && job->started_ms == 0)
        bson_append_date_time(&set, "startedAt", -1, now);
    if (plan->settled)
        bson_append_date_time(&set, "finishedAt", -1, now);
    bson_append_document_end(update, &set);
    return update;
}

enum hc_err hc_job_plan(struct hc_db *db, const struct hc_job *job, const struct hc_job_plan *plan, bool *won,
                        struct hc_error *err)
{
    int64_t matched = 0;
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(job->id), "planned", BCON_INT64(job->planned), "state",
                              BCON_UTF8(hc_job_state_text(job->state)));
    bson_t *update = plan_update(job, plan);
    enum hc_err e = hc_db_update_one(db, HC_JOBS, filter, update, &matched, err);
    *won = e == HC_OK && matched == 1;
    bson_destroy(filter);
    bson_destroy(update);
    return e;
}

enum hc_err hc_job_sweep_new(struct hc_db *db, struct hc_error *err)
{
    int64_t now = hc_now_ms();
    bson_t *filter = BCON_NEW("createdAt", "{", "$gt", BCON_DATE_TIME(now - SWEEP_BACK_MS), "$lt",
                              BCON_DATE_TIME(now - NEW_LIFE_MS), "}", "state", "new");
    bson_error_t why;
    bson_t reply;
    bool ok = mongoc_collection_delete_many(hc_db_collection(db, HC_JOBS), filter, NULL, &reply, &why);
    enum hc_err e = ok ? HC_OK : hc_store_fail(err, &why, &reply, false);
    bson_destroy(&reply);
    bson_destroy(filter);
    return e;
}
