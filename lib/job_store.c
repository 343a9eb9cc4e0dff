/* See job.h. This file: reading and changing documents of hc_jobs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "job.h"
#include "job_document.h"
#include "log.h"

#define READ_MS 2000       /* a read's time limit at the server */
#define NEW_LIFE_MS 60000  /* how long a job may stand inserted, but not queued */
#define SWEEP_BACK_MS 86400000 /* how far back the sweep looks: all jobs of a day, not of all time */
#define HASH_TRIES 16      /* prefixes tried before we give up */

/* ---- reading ---- */

static enum hc_err read_where(struct hc_db *db, const bson_t *filter, struct hc_job *job, struct hc_error *err)
{
    bson_t *opts = BCON_NEW("maxTimeMS", BCON_INT32(READ_MS));
    bson_t doc = BSON_INITIALIZER;
    enum hc_err e = hc_db_find_one(db, HC_JOBS, filter, opts, &doc, err);
    if (e == HC_OK)
        e = hc_job_read(job, &doc, err);
    else if (e == HC_ENOTFOUND)
        hc_fail(err, e, "id", "there is no such job");
    bson_destroy(opts);
    bson_destroy(&doc);
    return e;
}

static enum hc_err read_by_id(struct hc_db *db, const char *id, struct hc_job *job, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(id));
    enum hc_err e = read_where(db, filter, job, err);
    bson_destroy(filter);
    return e;
}

enum hc_err hc_job_get(struct hc_db *db, const char *id, size_t len, struct hc_job *job, struct hc_error *err)
{
    char key[HC_JOB_ID_LEN + 1];
    memset(job, 0, sizeof *job);
    enum hc_err e = hc_job_id(id, len, key, err);
    return e == HC_OK ? read_by_id(db, key, job, err) : e;
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
    *count = mongoc_collection_count_documents(hc_db_collection(db, HC_JOBS), filter, opts, NULL, &reply, &why);
    enum hc_err e = *count < 0 ? hc_store_fail(err, &why, &reply, false) : HC_OK;
    bson_destroy(&reply);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

/* ---- making ---- */

static uint64_t request_hash(const struct hc_job_request *r)
{
    char text[96];
    int n = snprintf(text, sizeof text, "users|%lld|%d|%llu", (long long)r->total, r->has_seed,
                     (unsigned long long)(r->has_seed ? r->seed : 0));
    return hc_hash64(text, (size_t)n);
}

/* The 4 bytes behind the second in every _id of the job. A second try has
 * another salt, since two ids may have the same 32 bits. */
static uint32_t prefix_hash(const char *id, int salt)
{
    char text[HC_JOB_ID_LEN + 16];
    int n = snprintf(text, sizeof text, "%s/%d", id, salt);
    return (uint32_t)(hc_hash64(text, (size_t)n) >> 32);
}

static void append_words(bson_t *doc, const char *row, int64_t chunks)
{
    bson_t words;
    char key[24];
    bson_append_document_begin(doc, row, -1, &words);
    for (int64_t w = 0; w * HC_JOB_WORD_BITS < chunks; w++) {
        snprintf(key, sizeof key, "%lld", (long long)w);
        bson_append_int64(&words, key, -1, 0);
    }
    bson_append_document_end(doc, &words);
}

static int64_t chunk_size_for(const struct hc_job_request *r)
{
    int64_t least = (r->total + HC_JOB_CHUNKS_MAX - 1) / HC_JOB_CHUNKS_MAX;
    return r->chunk_users > least ? r->chunk_users : least;
}

static bson_t *new_document(const struct hc_job_request *r, const char *id, int salt)
{
    int64_t now_us = hc_now_us();
    int64_t chunk_users = chunk_size_for(r);
    int64_t chunks = (r->total + chunk_users - 1) / chunk_users;
    /* A seed that nobody chose stays below 2^53, so that a page can show it exactly. */
    uint64_t seed = r->has_seed ? r->seed : hc_hash64(id, strlen(id)) >> 11;
    bson_t *doc = BCON_NEW(
        "_id", BCON_UTF8(id), "v", BCON_INT32(HC_JOB_VERSION), "kind", "users", "state", "new", "open",
        BCON_BOOL(false), "total", BCON_INT64(r->total), "chunkUsers", BCON_INT64(chunk_users), "chunks",
        BCON_INT64(chunks), "seed", BCON_INT64((int64_t)seed), "second", BCON_INT64(now_us / 1000000), "hash",
        BCON_INT64((int64_t)prefix_hash(id, salt)), "time", BCON_INT64(now_us), "generator",
        BCON_INT32(HC_GENERATOR_VERSION), "request", BCON_INT64((int64_t)request_hash(r)), "published",
        BCON_INT64(0), "planned", BCON_INT64(0), "createdAt", BCON_DATE_TIME(now_us / 1000));
    append_words(doc, "started", chunks);
    append_words(doc, "done", chunks);
    return doc;
}

/* new -> queued: from here on the planner carries it out. */
static enum hc_err queue_job(struct hc_db *db, const char *id, struct hc_job *job, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(id), "state", "new");
    bson_t *update = BCON_NEW("$set", "{", "state", "queued", "open", BCON_BOOL(true), "}");
    enum hc_err e = hc_db_update_one(db, HC_JOBS, filter, update, NULL, err);
    if (e == HC_OK)
        e = read_by_id(db, id, job, err);
    bson_destroy(filter);
    bson_destroy(update);
    return e;
}

/* The id stands already: the same request again, or another one by the same key.
 * HC_ENOTFOUND: not the id clashed, but the prefix. */
static enum hc_err meet_again(struct hc_db *db, const struct hc_job_request *r, const char *id,
                              struct hc_job *job, struct hc_error *err)
{
    enum hc_err e = read_by_id(db, id, job, err);
    if (e != HC_OK)
        return e;
    if (job->request != request_hash(r)) {
        hc_job_release(job);
        return hc_fail(err, HC_EINVALID, "Idempotency-Key", "this key was used for another request");
    }
    if (job->state != HC_JOB_NEW)
        return HC_OK;
    hc_job_release(job);
    return queue_job(db, id, job, err);
}

static enum hc_err create_with_salt(struct hc_db *db, const struct hc_job_request *r, const char *id, int salt,
                                    struct hc_job *job, bool *existed, struct hc_error *err)
{
    bson_t *doc = new_document(r, id, salt);
    enum hc_err e = hc_db_insert(db, HC_JOBS, doc, err);
    bson_destroy(doc);
    if (e == HC_OK)
        return queue_job(db, id, job, err);
    if (e != HC_ECONFLICT)
        return e;
    e = meet_again(db, r, id, job, err);
    *existed = e == HC_OK;
    return e;
}

enum hc_err hc_job_create(struct hc_db *db, const struct hc_job_request *r, struct hc_job *job, bool *existed,
                          struct hc_error *err)
{
    char id[HC_ULID_TEXT];
    memset(job, 0, sizeof *job);
    *existed = false;
    if (r->total < 1 || r->total > HC_JOB_TOTAL_MAX)
        return hc_fail(err, HC_EMALFORMED, "n", "a job makes 1 to %d users", HC_JOB_TOTAL_MAX);
    if (r->id)
        bson_strncpy(id, r->id, sizeof id);
    else if (hc_ulid_new(id) != 0)
        return hc_fail(err, HC_EINTERNAL, NULL, "the system has no random numbers for a new id");
    enum hc_err e = HC_ENOTFOUND;
    for (int salt = 0; salt < HASH_TRIES && e == HC_ENOTFOUND; salt++)
        e = create_with_salt(db, r, id, salt, job, existed, err);
    if (e == HC_ENOTFOUND)
        return hc_fail(err, HC_EINTERNAL, NULL, "no free prefix was found for this job's ids");
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
static enum hc_err change(struct hc_db *db, const char *text, size_t len, const int *from, enum hc_job_state to,
                          struct hc_job *job, struct hc_error *err)
{
    char id[HC_JOB_ID_LEN + 1];
    memset(job, 0, sizeof *job);
    enum hc_err e = hc_job_id(text, len, id, err);
    if (e == HC_OK)
        e = move(db, id, from, to, err);
    if (e == HC_OK)
        e = read_by_id(db, id, job, err);
    if (e != HC_OK)
        return e;
    bool there = job->state == to || (to == HC_JOB_QUEUED && job->state == HC_JOB_RUNNING);
    if (there)
        return HC_OK;
    e = hc_fail(err, HC_ECONFLICT, "state", "this job is %s already", hc_job_state_text(job->state));
    hc_job_release(job);
    return e;
}

enum hc_err hc_job_cancel(struct hc_db *db, const char *id, size_t len, struct hc_job *job, struct hc_error *err)
{
    static const int FROM[] = {HC_JOB_QUEUED, HC_JOB_RUNNING, HC_JOB_PAUSED, -1};
    return change(db, id, len, FROM, HC_JOB_CANCELLED, job, err);
}

enum hc_err hc_job_pause(struct hc_db *db, const char *id, size_t len, struct hc_job *job, struct hc_error *err)
{
    static const int FROM[] = {HC_JOB_QUEUED, HC_JOB_RUNNING, -1};
    return change(db, id, len, FROM, HC_JOB_PAUSED, job, err);
}

enum hc_err hc_job_resume(struct hc_db *db, const char *id, size_t len, struct hc_job *job, struct hc_error *err)
{
    static const int FROM[] = {HC_JOB_PAUSED, -1};
    return change(db, id, len, FROM, HC_JOB_QUEUED, job, err);
}

/* Sets the chunk's started bit if the job runs, has such a chunk and people that this build can make, and
 * nobody began it: HC_ENOTFOUND else. */
static enum hc_err set_started(struct hc_db *db, const char *id, int64_t chunk, struct hc_job *job,
                               struct hc_error *err)
{
    char path[32];
    int64_t bit = hc_job_bit_path(path, "started", chunk);
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(id), "state", "running", "generator",
                              BCON_INT32(HC_GENERATOR_VERSION), "chunks", "{", "$gt", BCON_INT64(chunk), "}", path,
                              "{", "$bitsAllClear", BCON_INT64(bit), "}");
    bson_t *update = BCON_NEW("$bit", "{", path, "{", "or", BCON_INT64(bit), "}", "}");
    bson_t doc = BSON_INITIALIZER;
    enum hc_err e = hc_db_find_and_modify(db, HC_JOBS, filter, update, false, &doc, err);
    if (e == HC_OK)
        e = hc_job_read(job, &doc, err);
    bson_destroy(&doc);
    bson_destroy(filter);
    bson_destroy(update);
    return e;
}

/* The bit was not ours to set: what the job says of this chunk. */
static enum hc_err look_up_turn(int64_t chunk, enum hc_chunk_turn *turn, struct hc_job *job, struct hc_error *err)
{
    if (chunk >= job->chunks) {
        hc_job_release(job);
        return hc_fail(err, HC_EMALFORMED, "chunk", "the job has no such chunk");
    }
    if (hc_job_bit(job->done, chunk))
        *turn = HC_CHUNK_DONE;
    else if (!hc_job_bit(job->started, chunk))
        *turn = HC_CHUNK_DROP;
    else if (job->generator != HC_GENERATOR_VERSION)
        *turn = HC_CHUNK_DROP; /* a consumer of its own version completes it */
    return HC_OK;
}

enum hc_err hc_job_begin_chunk(struct hc_db *db, const char *id, int64_t chunk, enum hc_chunk_turn *turn,
                               struct hc_job *job, struct hc_error *err)
{
    memset(job, 0, sizeof *job);
    *turn = HC_CHUNK_RUN;
    enum hc_err e = set_started(db, id, chunk, job, err);
    if (e != HC_ENOTFOUND)
        return e;
    e = read_by_id(db, id, job, err);
    return e == HC_OK ? look_up_turn(chunk, turn, job, err) : e;
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
