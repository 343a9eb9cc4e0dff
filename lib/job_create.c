/* See job.h. This file: making jobs. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "job_document.h"

#define HASH_TRIES 16 /* prefixes tried before we give up */

static uint64_t request_hash(const struct hc_job_request *r)
{
    char text[128];
    int n = snprintf(text, sizeof text, "%s|%lld|%d|%llu", hc_job_kind_text(r->kind), (long long)r->total,
                     r->has_seed, (unsigned long long)(r->has_seed ? r->seed : 0));
    if (r->kind == HC_JOB_ACTIVITIES)
        n +=
            snprintf(text + n, sizeof text - (size_t)n, "|%lld|%lld", (long long)r->days, (long long)r->rate);
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

static int64_t wanted_chunk(const struct hc_job_request *r)
{
    if (r->kind == HC_JOB_USERS)
        return r->chunk_users;
    return r->rate > 0 && r->rate < HC_JOB_CHUNK_REQUESTS ? r->rate : HC_JOB_CHUNK_REQUESTS;
}

static int64_t chunk_size_for(const struct hc_job_request *r)
{
    int64_t least = (r->total + HC_JOB_CHUNKS_MAX - 1) / HC_JOB_CHUNKS_MAX, wanted = wanted_chunk(r);
    return wanted > least ? wanted : least;
}

static void append_requests(bson_t *doc, const struct hc_job_request *r)
{
    if (r->days > 0)
        bson_append_int64(doc, "days", -1, r->days);
    if (r->rate > 0)
        bson_append_int64(doc, "pace", -1, r->rate); /* "rate" is how fast it is at the moment */
    hc_population_append(r->population, doc);
}

static bson_t *new_document(const struct hc_job_request *r, const char *id, int salt)
{
    int64_t now_us = hc_now_us();
    int64_t chunk_users = chunk_size_for(r);
    int64_t chunks = (r->total + chunk_users - 1) / chunk_users;
    /* A seed that nobody chose stays below 2^53, so that a page can show it exactly. */
    uint64_t seed = r->has_seed ? r->seed : hc_hash64(id, strlen(id)) >> 11;
    bson_t *doc = BCON_NEW(
        "_id", BCON_UTF8(id), "v", BCON_INT32(hc_job_kind_shape(r->kind)), "kind",
        BCON_UTF8(hc_job_kind_text(r->kind)), "state", "new", "open", BCON_BOOL(false), "total",
        BCON_INT64(r->total), "chunkUsers", BCON_INT64(chunk_users), "chunks", BCON_INT64(chunks), "seed",
        BCON_INT64((int64_t)seed), "second", BCON_INT64(now_us / 1000000), "hash",
        BCON_INT64((int64_t)prefix_hash(id, salt)), "time", BCON_INT64(now_us), "generator",
        BCON_INT32(hc_job_kind_generator(r->kind)), "request", BCON_INT64((int64_t)request_hash(r)),
        "published", BCON_INT64(0), "planned", BCON_INT64(0), "createdAt", BCON_DATE_TIME(now_us / 1000));
    append_words(doc, "started", chunks);
    append_words(doc, "done", chunks);
    if (r->kind == HC_JOB_ACTIVITIES)
        append_requests(doc, r);
    return doc;
}

/* new -> queued: from here on the planner carries it out. */
static enum hc_err queue_job(struct hc_db *db, const char *id, struct hc_job *job, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(id), "state", "new");
    bson_t *update = BCON_NEW("$set", "{", "state", "queued", "open", BCON_BOOL(true), "}");
    enum hc_err e = hc_db_update_one(db, HC_JOBS, filter, update, NULL, err);
    if (e == HC_OK)
        e = hc_job_read_by_id(db, id, false, job, err);
    bson_destroy(filter);
    bson_destroy(update);
    return e;
}

/* The id stands already: the same request again, or another one by the same key.
 * HC_ENOTFOUND: not the id clashed, but the prefix. */
static enum hc_err meet_again(struct hc_db *db, const struct hc_job_request *r, const char *id,
                              struct hc_job *job, struct hc_error *err)
{
    enum hc_err e = hc_job_read_by_id(db, id, false, job, err);
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

static enum hc_err create_with_salt(struct hc_db *db, const struct hc_job_request *r, const char *id,
                                    int salt, struct hc_job *job, bool *existed, struct hc_error *err)
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

/* What a request leaves open is filled in, and what can't be is refused. */
static enum hc_err check(struct hc_job_request *r, struct hc_error *err)
{
    if (r->total < 1 || r->total > HC_JOB_TOTAL_MAX)
        return hc_fail(err, HC_EMALFORMED, "n", "a job makes 1 to %d %s", HC_JOB_TOTAL_MAX,
                       r->kind == HC_JOB_USERS ? "users" : "requests");
    if (r->kind == HC_JOB_ACTIVITIES && r->days == 0 && r->rate == 0)
        r->days = 1;
    int64_t longest_s = (int64_t)HC_JOB_CHUNKS_MAX * HC_JOB_LIVE_CHUNK_S;
    if (r->rate > 0 && r->total > longest_s * r->rate)
        return hc_fail(err, HC_EINVALID, "rate",
                       "a live job lasts at most %lld seconds: n may be %lld at this rate",
                       (long long)longest_s, (long long)(longest_s * r->rate));
    return HC_OK;
}

static enum hc_err create(struct hc_db *db, const struct hc_job_request *r, const char *id,
                          struct hc_job *job, bool *existed, struct hc_error *err)
{
    enum hc_err e = HC_ENOTFOUND;
    for (int salt = 0; salt < HASH_TRIES && e == HC_ENOTFOUND; salt++)
        e = create_with_salt(db, r, id, salt, job, existed, err);
    if (e == HC_ENOTFOUND)
        return hc_fail(err, HC_EINTERNAL, NULL, "no free prefix was found for this job's ids");
    return e;
}

static enum hc_err meet(struct hc_db *db, const struct hc_job_request *r, const char *id, struct hc_job *job,
                        bool *existed, struct hc_error *err)
{
    enum hc_err e = meet_again(db, r, id, job, err);
    *existed = e == HC_OK;
    return e == HC_ENOTFOUND ? hc_fail(err, HC_EBUSY, NULL, "The job that this key made is being removed")
                             : e;
}

enum hc_err hc_job_create(struct hc_db *db, const struct hc_job_request *request, struct hc_job *job,
                          bool *existed, struct hc_error *err)
{
    char id[HC_ULID_TEXT];
    struct hc_job_request r = *request;
    memset(job, 0, sizeof *job);
    *existed = false;
    enum hc_err e = check(&r, err);
    if (e != HC_OK)
        return e;
    if (r.id)
        bson_strncpy(id, r.id, sizeof id);
    else if (hc_ulid_new(id) != 0)
        return hc_fail(err, HC_EINTERNAL, NULL, "the system has no random numbers for a new id");
    if (r.kind == HC_JOB_ACTIVITIES && !r.population)
        return meet(db, &r, id, job, existed, err);
    return create(db, &r, id, job, existed, err);
}
