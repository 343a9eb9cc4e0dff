/* See population.h. This file: collecting a population from the database. */
#include <stdlib.h>
#include <string.h>

#include "ids.h"
#include "job.h"
#include "population.h"

#define JOBS_MAX 1000 /* jobs whose users are looked at, the newest ones */
#define NEWEST (HC_POPULATION_OTHERS / 2)
#define POINTS 16 /* moments between the first user and the last one at which others are looked for */
#define AT_A_POINT ((HC_POPULATION_OTHERS - NEWEST) / POINTS)

struct sample {
    struct hc_db *db;
    int left_ms;
    struct hc_population *p;
};

/* ---- ranges ---- */

/* Each run of done chunks is a range. */
static void add_job(struct hc_population *p, const struct hc_job *job)
{
    struct hc_population_range run = {job->people.second, job->people.hash, 0, 0};
    for (int64_t c = 0; c < job->chunks; c++) {
        if (hc_job_bit(job->done, c)) {
            run.count += (uint32_t)hc_job_chunk_size(job, c);
            continue;
        }
        hc_population_add_range(p, run);
        run.first = (uint32_t)hc_job_chunk_first(job, c + 1);
        run.count = 0;
    }
    hc_population_add_range(p, run);
}

static int compare_ranges(const void *left, const void *right)
{
    const struct hc_population_range *a = left, *b = right;
    const uint32_t x[] = {a->second, a->hash, a->first}, y[] = {b->second, b->hash, b->first};
    for (int i = 0; i < 3; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

static enum hc_err sample_ranges(struct sample *s, struct hc_error *err)
{
    size_t count = 0;
    struct hc_job *jobs = calloc(JOBS_MAX, sizeof *jobs);
    if (!jobs)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    enum hc_err e = hc_job_list(s->db, false, jobs, JOBS_MAX, &count, err);
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].kind == HC_JOB_USERS && jobs[i].state != HC_JOB_REMOVED)
            add_job(s->p, &jobs[i]);
        hc_job_release(&jobs[i]);
    }
    free(jobs);
    qsort(s->p->ranges, s->p->range_count, sizeof *s->p->ranges, compare_ranges);
    return e;
}

/* ---- others ---- */

/* The ids between two ranges: low < id < high. Gap 0 lies before the first range. */
struct gap {
    bson_oid_t low, high;
};

static struct gap gap_at(const struct hc_population *p, size_t g)
{
    struct gap gap;
    memset(gap.low.bytes, 0x00, sizeof gap.low.bytes);
    memset(gap.high.bytes, 0xff, sizeof gap.high.bytes);
    if (g > 0) {
        const struct hc_population_range *r = &p->ranges[g - 1];
        hc_oid_make(gap.low.bytes, r->second, r->hash, r->first + (r->count - 1));
    }
    if (g < p->range_count) {
        const struct hc_population_range *r = &p->ranges[g];
        hc_oid_make(gap.high.bytes, r->second, r->hash, r->first);
    }
    return gap;
}

/* The first users within a gap from either end, at most max and never more than there is room for. */
static enum hc_err find_in(struct sample *s, const struct gap *gap, bool newest_first, size_t max,
                           size_t *found, struct hc_error *err)
{
    struct hc_population *p = s->p;
    size_t room = HC_POPULATION_OTHERS - p->other_count;
    *found = 0;
    if (max > room)
        max = room;
    if (max == 0)
        return HC_OK;
    bson_t *filter = BCON_NEW("_id", "{", "$gt", BCON_OID(&gap->low), "$lt", BCON_OID(&gap->high), "}",
                              "_hc.gone", BCON_NULL);
    bson_t *opts = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "limit", BCON_INT64((int64_t)max),
                            "sort", "{", "_id", BCON_INT32(newest_first ? -1 : 1), "}", "hint", "{", "_id",
                            BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(s->left_ms));
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(hc_db_collection(s->db, HC_USERS), filter, opts, NULL);
    const bson_t *doc;
    while (*found < max && mongoc_cursor_next(cursor, &doc)) {
        bson_iter_t it;
        if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
            continue;
        p->others[p->other_count++] = *bson_iter_oid(&it);
        ++*found;
    }
    bson_error_t why;
    const bson_t *reply;
    enum hc_err e =
        mongoc_cursor_error_document(cursor, &why, &reply) ? hc_store_fail(err, &why, reply, false) : HC_OK;
    mongoc_cursor_destroy(cursor);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

/* The newest ones: gap by gap, from the last one back. */
static enum hc_err sample_newest(struct sample *s, struct hc_error *err)
{
    enum hc_err e = HC_OK;
    size_t left = NEWEST;
    for (size_t g = s->p->range_count + 1; g-- > 0 && left > 0 && e == HC_OK;) {
        size_t found;
        struct gap gap = gap_at(s->p, g);
        e = find_in(s, &gap, true, left, &found, err);
        left -= found;
    }
    return e;
}

static uint32_t second_of(const bson_oid_t *id)
{
    uint32_t second, hash, index;
    hc_oid_parts(id->bytes, &second, &hash, &index);
    return second;
}

/* The gap in which an id lies, from that id on. */
static struct gap gap_from(const struct hc_population *p, uint32_t second)
{
    bson_oid_t at;
    hc_oid_make(at.bytes, second, 0, 0);
    for (size_t g = 0;; g++) {
        struct gap gap = gap_at(p, g);
        if (g < p->range_count && memcmp(at.bytes, gap.high.bytes, HC_OID_SIZE) >= 0)
            continue;
        if (memcmp(at.bytes, gap.low.bytes, HC_OID_SIZE) > 0)
            gap.low = at;
        return gap;
    }
}

/* Some of all times between the first other user and the oldest of the newest. */
static enum hc_err sample_spread(struct sample *s, struct hc_error *err)
{
    struct hc_population *p = s->p;
    size_t found, newest = p->other_count;
    if (newest < NEWEST)
        return HC_OK; /* these are all there are */
    uint32_t to = second_of(&p->others[newest - 1]);
    struct gap all = gap_at(p, 0);
    memset(all.high.bytes, 0xff, sizeof all.high.bytes);
    enum hc_err e = find_in(s, &all, false, 1, &found, err);
    if (e != HC_OK || found == 0)
        return e;
    uint32_t from = second_of(&p->others[--p->other_count]);
    for (unsigned i = 0; i < POINTS && from < to && e == HC_OK; i++) {
        struct gap gap = gap_from(p, from + (uint32_t)((uint64_t)(to - from) * i / POINTS));
        e = find_in(s, &gap, false, AT_A_POINT, &found, err);
    }
    return e;
}

static int compare_ids(const void *left, const void *right)
{
    return memcmp(left, right, HC_OID_SIZE);
}

static void drop_repeated(struct hc_population *p)
{
    size_t kept = 0;
    qsort(p->others, p->other_count, sizeof *p->others, compare_ids);
    for (size_t i = 0; i < p->other_count; i++)
        if (kept == 0 || compare_ids(&p->others[kept - 1], &p->others[i]) != 0)
            p->others[kept++] = p->others[i];
    p->other_count = kept;
}

/* One user who is there is enough: a database may have jobs whose users were all deleted. */
static enum hc_err anybody(struct sample *s, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_hc.gone", BCON_NULL);
    bson_t *opts = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "hint", "{", "_id", BCON_INT32(1),
                            "}", "maxTimeMS", BCON_INT32(s->left_ms));
    bson_t doc = BSON_INITIALIZER;
    enum hc_err e = hc_db_find_one(s->db, HC_USERS, filter, opts, &doc, err);
    bson_destroy(&doc);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

enum hc_err hc_population_sample(struct hc_db *db, int left_ms, struct hc_population *out,
                                 struct hc_error *err)
{
    struct sample s = {.db = db, .left_ms = left_ms, .p = out};
    memset(out, 0, sizeof *out);
    enum hc_err e = anybody(&s, err);
    if (e == HC_OK)
        e = sample_ranges(&s, err);
    if (e == HC_OK)
        e = sample_newest(&s, err);
    if (e == HC_OK)
        e = sample_spread(&s, err);
    drop_repeated(out);
    if (e == HC_ENOTFOUND || (e == HC_OK && hc_population_size(out) == 0))
        return hc_fail(err, HC_ECONFLICT, NULL,
                       "there are no users who could make requests; generate some first");
    return e;
}
