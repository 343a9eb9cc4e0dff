/* See job.h. This file: the document's shape, the bits, the public form.
 * job_create.c makes documents, job_store.c reads and changes them. */
#include "job.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "job_document.h"
#include "traffic.h"

static const char *const STATES[HC_JOB_STATE_COUNT] = {
    [HC_JOB_NEW] = "new",       [HC_JOB_QUEUED] = "queued",   [HC_JOB_RUNNING] = "running",
    [HC_JOB_PAUSED] = "paused", [HC_JOB_DONE] = "done",       [HC_JOB_CANCELLED] = "cancelled",
    [HC_JOB_FAILED] = "failed", [HC_JOB_REMOVED] = "removed",
};

const char *hc_job_state_text(enum hc_job_state state)
{
    return state < HC_JOB_STATE_COUNT ? STATES[state] : "unknown";
}

/* shape: the version of its documents, so that a build that knows no requests refuses those alone. */
static const struct kind {
    const char *text;
    int32_t shape;
    int32_t generator;
} KINDS[HC_JOB_KIND_COUNT] = {
    [HC_JOB_USERS] = {"users", 1, HC_GENERATOR_VERSION},
    [HC_JOB_ACTIVITIES] = {"activities", 2, HC_TRAFFIC_VERSION},
};

const char *hc_job_kind_text(enum hc_job_kind kind)
{
    return kind < HC_JOB_KIND_COUNT ? KINDS[kind].text : "unknown";
}

int32_t hc_job_kind_shape(enum hc_job_kind kind)
{
    return KINDS[kind].shape;
}

int32_t hc_job_kind_generator(enum hc_job_kind kind)
{
    return KINDS[kind].generator;
}

bool hc_job_is_known(const struct hc_job *job)
{
    return job->generator == KINDS[job->kind].generator;
}

bool hc_job_is_final(enum hc_job_state state)
{
    return state >= HC_JOB_DONE;
}

enum hc_err hc_job_id(const char *text, size_t len, char id[HC_JOB_ID_LEN + 1], struct hc_error *err)
{
    uint8_t bytes[HC_ULID_SIZE];
    if (!hc_ulid_decode(bytes, text, len))
        return hc_fail(err, HC_EMALFORMED, "id", "a job's id has 26 letters and digits");
    hc_ulid_from_bytes(id, bytes);
    return HC_OK;
}

/* ---- bits ---- */

int64_t hc_job_chunk_first(const struct hc_job *job, int64_t chunk)
{
    return chunk * job->chunk_users;
}

int64_t hc_job_chunk_size(const struct hc_job *job, int64_t chunk)
{
    int64_t left = job->total - hc_job_chunk_first(job, chunk);
    if (left < 0)
        return 0;
    return left < job->chunk_users ? left : job->chunk_users;
}

bool hc_job_bit(const int64_t *words, int64_t chunk)
{
    return (words[chunk / HC_JOB_WORD_BITS] >> (chunk % HC_JOB_WORD_BITS)) & 1;
}

int64_t hc_job_bit_path(char out[32], const char *row, int64_t chunk)
{
    snprintf(out, 32, "%s.%" PRId64, row, chunk / HC_JOB_WORD_BITS);
    return INT64_C(1) << (chunk % HC_JOB_WORD_BITS);
}

static int64_t count_bits(const int64_t *words, size_t count)
{
    int64_t n = 0;
    for (size_t w = 0; w < count; w++)
        n += __builtin_popcountll((unsigned long long)words[w]);
    return n;
}

/* Only the last chunk may be smaller than the others. */
static void count_progress(struct hc_job *job)
{
    job->started_chunks = count_bits(job->started, job->words);
    job->done_chunks = count_bits(job->done, job->words);
    job->done_users = job->done_chunks * job->chunk_users;
    if (job->chunks > 0 && hc_job_bit(job->done, job->chunks - 1))
        job->done_users -= job->chunk_users - hc_job_chunk_size(job, job->chunks - 1);
}

/* ---- reading ---- */

void hc_job_release(struct hc_job *job)
{
    free(job->started);
    free(job->done);
    free(job->population);
    job->started = job->done = NULL;
    job->population = NULL;
    job->words = 0;
}

static bool read_int(const bson_t *doc, const char *key, int64_t *out)
{
    bson_iter_t it;
    if (!bson_iter_init_find(&it, doc, key))
        return false;
    if (BSON_ITER_HOLDS_DATE_TIME(&it))
        *out = bson_iter_date_time(&it);
    else if (BSON_ITER_HOLDS_INT(&it) || BSON_ITER_HOLDS_DOUBLE(&it))
        *out = bson_iter_as_int64(&it);
    else
        return false;
    return true;
}

static int64_t int_or(const bson_t *doc, const char *key, int64_t other)
{
    int64_t n;
    return read_int(doc, key, &n) ? n : other;
}

static void read_text(const bson_t *doc, const char *key, char *out, size_t size)
{
    bson_iter_t it;
    out[0] = '\0';
    if (bson_iter_init_find(&it, doc, key) && BSON_ITER_HOLDS_UTF8(&it))
        bson_strncpy(out, bson_iter_utf8(&it, NULL), size);
}

/* One row of bits: {"0": word, "1": word, …}. */
static bool read_words(const bson_t *doc, const char *row, int64_t *words, size_t count)
{
    bson_iter_t it, word;
    if (!bson_iter_init_find(&it, doc, row) || !bson_iter_recurse(&it, &word))
        return false;
    while (bson_iter_next(&word)) {
        unsigned long w = strtoul(bson_iter_key(&word), NULL, 10);
        if (w >= count || !BSON_ITER_HOLDS_INT(&word))
            return false;
        words[w] = bson_iter_as_int64(&word);
    }
    return true;
}

static bool read_state(const bson_t *doc, enum hc_job_state *out)
{
    char text[16];
    read_text(doc, "state", text, sizeof text);
    for (int s = 0; s < HC_JOB_STATE_COUNT; s++)
        if (strcmp(text, STATES[s]) == 0) {
            *out = (enum hc_job_state)s;
            return true;
        }
    return false;
}

/* HC_JOB_KIND_COUNT: one that this build doesn't know. */
static enum hc_job_kind read_kind(const bson_t *doc)
{
    char text[24];
    int kind = HC_JOB_USERS;
    read_text(doc, "kind", text, sizeof text);
    while (text[0] && kind < HC_JOB_KIND_COUNT && strcmp(text, KINDS[kind].text) != 0)
        kind++;
    return (enum hc_job_kind)kind;
}

/* Who makes the requests is left out of most reads: it is long. */
static bool read_requests(const bson_t *doc, struct hc_job *job)
{
    bson_iter_t it;
    job->days = int_or(doc, "days", 0);
    job->rate = int_or(doc, "pace", 0);
    bool live = job->rate > 0;
    if (job->days < 0 || job->days > HC_JOB_DAYS_MAX || job->rate < 0 || job->rate > HC_JOB_RATE_MAX ||
        live == (job->days > 0))
        return false;
    if (!bson_iter_init_find(&it, doc, "population"))
        return true;
    job->population = calloc(1, sizeof *job->population);
    return job->population && hc_population_read(job->population, doc);
}

/* What is frozen when the job is made. */
static bool read_frozen(const bson_t *doc, struct hc_job *job)
{
    int64_t seed, second, hash;
    read_text(doc, "_id", job->id, sizeof job->id);
    bool ok = read_int(doc, "total", &job->total) && read_int(doc, "chunkUsers", &job->chunk_users) &&
              read_int(doc, "chunks", &job->chunks) && read_int(doc, "generator", &job->generator) &&
              read_int(doc, "seed", &seed) && read_int(doc, "second", &second) &&
              read_int(doc, "hash", &hash) && read_int(doc, "time", &job->people.time_us) &&
              read_state(doc, &job->state);
    if (!ok || job->chunk_users < 1 || job->total < 1 || job->total > HC_JOB_TOTAL_MAX ||
        job->chunks != (job->total + job->chunk_users - 1) / job->chunk_users)
        return false;
    job->people.seed = (uint64_t)seed;
    job->people.second = (uint32_t)second;
    job->people.hash = (uint32_t)hash;
    job->created_ms = job->people.time_us / 1000;
    return true;
}

static void read_moving(const bson_t *doc, struct hc_job *job)
{
    bson_iter_t it;
    job->open = bson_iter_init_find(&it, doc, "open") && bson_iter_as_bool(&it);
    job->request = (uint64_t)int_or(doc, "request", 0);
    job->published = int_or(doc, "published", 0);
    job->started_ms = int_or(doc, "startedAt", 0);
    job->finished_ms = int_or(doc, "finishedAt", 0);
    job->mark_ms = int_or(doc, "markAt", 0);
    job->mark_done = int_or(doc, "markDone", 0);
    job->planned = int_or(doc, "planned", 0);
    job->resent = int_or(doc, "resent", 0);
    job->paced_us = int_or(doc, "paced", 0);
    job->per_second = bson_iter_init_find(&it, doc, "rate") ? bson_iter_as_double(&it) : 0;
    read_text(doc, "detail", job->detail, sizeof job->detail);
    read_text(doc, "error", job->error, sizeof job->error);
}

enum hc_err hc_job_read(struct hc_job *job, const bson_t *doc, struct hc_error *err)
{
    memset(job, 0, sizeof *job);
    job->kind = read_kind(doc);
    if (int_or(doc, "v", 0) > HC_JOB_VERSION || job->kind == HC_JOB_KIND_COUNT)
        return hc_fail(err, HC_ENEWER, "job", "this job was made by a newer Headcount");
    if (!read_frozen(doc, job) || (job->kind == HC_JOB_ACTIVITIES && !read_requests(doc, job))) {
        hc_job_release(job);
        return hc_fail(err, HC_EINTERNAL, "job", "a job's document makes no sense");
    }
    read_moving(doc, job);
    job->words = (size_t)(job->chunks + HC_JOB_WORD_BITS - 1) / HC_JOB_WORD_BITS;
    job->started = calloc(job->words, sizeof *job->started);
    job->done = calloc(job->words, sizeof *job->done);
    if (!job->started || !job->done) {
        hc_job_release(job);
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    }
    if (!read_words(doc, "started", job->started, job->words) ||
        !read_words(doc, "done", job->done, job->words)) {
        hc_job_release(job);
        return hc_fail(err, HC_EINTERNAL, "job", "a job's bits make no sense");
    }
    count_progress(job);
    return HC_OK;
}

/* ---- the public form ---- */

static double shown_rate(const struct hc_job *job)
{
    int64_t ms = job->finished_ms - job->started_ms;
    if (job->finished_ms > 0 && job->started_ms > 0)
        return ms > 0 ? (double)job->done_users * 1000.0 / (double)ms : 0;
    return job->state == HC_JOB_RUNNING ? job->per_second : 0;
}

static void put_date(struct hc_json *j, const char *key, int64_t ms)
{
    hc_json_key(j, key);
    if (ms > 0)
        hc_json_date(j, ms);
    else
        hc_json_null(j);
}

/* A number, or null for none. */
static void put_positive(struct hc_json *j, const char *key, int64_t n)
{
    hc_json_key(j, key);
    if (n > 0)
        hc_json_int(j, n);
    else
        hc_json_null(j);
}

static void put_text(struct hc_json *j, const char *key, const char *text)
{
    hc_json_put_str(j, key, *text ? text : NULL);
}

/* Seconds until it ends: a live job keeps its own pace, whatever the last seconds were like. */
static int64_t eta(const struct hc_job *job, double speed)
{
    double rate = job->rate > 0 ? (double)job->rate : speed;
    if (job->state != HC_JOB_RUNNING || rate < 1)
        return 0;
    return (int64_t)ceil((double)(job->total - job->done_users) / rate);
}

void hc_job_json(struct hc_json *j, const struct hc_job *job)
{
    enum hc_job_state state = job->state == HC_JOB_NEW ? HC_JOB_QUEUED : job->state;
    double speed = shown_rate(job);
    hc_json_open(j, '{');
    hc_json_put_str(j, "id", job->id);
    hc_json_put_str(j, "kind", hc_job_kind_text(job->kind));
    hc_json_put_int(j, "total", job->total);
    hc_json_put_int(j, "done", job->done_users);
    hc_json_put_int(j, "failed", 0); /* a generated item is never given up */
    hc_json_put_str(j, "state", hc_job_state_text(state));
    hc_json_put_int(j, "perSecond", llround(speed));
    put_positive(j, "etaSeconds", eta(job, speed));
    put_date(j, "createdAt", job->created_ms);
    put_date(j, "startedAt", job->started_ms);
    put_date(j, "finishedAt", job->finished_ms);
    hc_json_put_int(j, "seed", (int64_t)job->people.seed);
    if (job->kind == HC_JOB_ACTIVITIES) {
        put_positive(j, "days", job->days);
        put_positive(j, "rate", job->rate);
    }
    put_text(j, "error", job->error);
    put_text(j, "detail", job->detail);
    hc_json_close(j, '}');
}
