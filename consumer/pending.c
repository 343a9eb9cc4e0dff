/* See pending.h. */
#include "pending.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define JOBS_MAX 1000
#define RANGES_MAX 1000
#define READ_MS 15000

/* ---- reading ---- */

static bool add_range(struct hc_pending *p, const struct hc_job *job, int64_t from, int64_t to)
{
    if (p->count == RANGES_MAX)
        return false;
    int64_t end = hc_job_chunk_first(job, to - 1) + hc_job_chunk_size(job, to - 1);
    p->ranges[p->count++] =
        (struct hc_pending_range){job, (uint32_t)hc_job_chunk_first(job, from), (uint32_t)(end - 1)};
    return true;
}

/* Chunks that are not done, in runs. */
static bool add_job(struct hc_pending *p, const struct hc_job *job)
{
    bool fits = true;
    int64_t from = -1;
    for (int64_t c = 0; c <= job->chunks && fits; c++) {
        bool done = c == job->chunks || hc_job_bit(job->done, c);
        if (!done && from < 0)
            from = c;
        if (done && from >= 0) {
            fits = add_range(p, job, from, c);
            from = -1;
        }
    }
    return fits;
}

static void id_of(const struct hc_pending_range *r, uint32_t index, bson_oid_t *id)
{
    hc_oid_make(id->bytes, r->job->people.second, r->job->people.hash, index);
}

static int by_id(const void *a, const void *b)
{
    bson_oid_t x, y;
    id_of(a, ((const struct hc_pending_range *)a)->first, &x);
    id_of(b, ((const struct hc_pending_range *)b)->first, &y);
    return bson_oid_compare(&x, &y);
}

enum hc_err hc_pending_read(struct hc_pending *p, struct hc_db *db, struct hc_error *err)
{
    memset(p, 0, sizeof *p);
    p->jobs = calloc(JOBS_MAX, sizeof *p->jobs);
    p->ranges = calloc(RANGES_MAX, sizeof *p->ranges);
    if (!p->jobs || !p->ranges)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    enum hc_err e = hc_job_list(db, true, p->jobs, JOBS_MAX, &p->job_count, err);
    for (size_t j = 0; j < p->job_count && e == HC_OK; j++)
        if (p->jobs[j].kind == HC_JOB_USERS && !add_job(p, &p->jobs[j]))
            e = hc_fail(err, HC_EBUSY, "jobs", "the chunks that are not counted yet lie too scattered");
    if (e == HC_OK)
        qsort(p->ranges, p->count, sizeof *p->ranges, by_id);
    return e;
}

void hc_pending_release(struct hc_pending *p)
{
    for (size_t j = 0; j < p->job_count; j++)
        hc_job_release(&p->jobs[j]);
    free(p->jobs);
    free(p->ranges);
    memset(p, 0, sizeof *p);
}

static bool has_job(const struct hc_pending *p, const char *id)
{
    for (size_t j = 0; j < p->job_count; j++)
        if (strcmp(p->jobs[j].id, id) == 0)
            return true;
    return false;
}

bool hc_pending_covers(const struct hc_pending *p, const struct hc_pending *later)
{
    bool covers = true;
    for (size_t j = 0; j < later->job_count && covers; j++)
        covers = has_job(p, later->jobs[j].id);
    return covers;
}

/* ---- filters ---- */

/* The next id in order. */
static void step_behind(bson_oid_t *id)
{
    for (size_t i = sizeof id->bytes; i-- > 0;)
        if (++id->bytes[i] != 0)
            return;
}

void hc_pending_gap(const struct hc_pending *p, size_t i, bson_oid_t *from, bson_oid_t *to)
{
    memset(from, 0, sizeof *from);
    memset(to, 0xff, sizeof *to);
    if (i > 0) {
        id_of(&p->ranges[i - 1], p->ranges[i - 1].last, from);
        step_behind(from);
    }
    if (i < p->count)
        id_of(&p->ranges[i], p->ranges[i].first, to);
}

static void append_range(const struct hc_pending_range *r, bson_t *filter)
{
    bson_oid_t low, high;
    id_of(r, r->first, &low);
    id_of(r, r->last, &high);
    BCON_APPEND(filter, "_id", "{", "$gte", BCON_OID(&low), "$lte", BCON_OID(&high), "}");
}

/* ---- those who were edited ---- */

struct edited {
    const struct hc_pending_range *range;
    struct hc_difference *difference;
};

/* Takes off what the chunk is going to add for this user: one of its step was against that. */
static bool take_generated(struct edited *e, const bson_t *doc)
{
    bson_iter_t it;
    struct hc_histogram h;
    uint32_t second, hash, index;
    if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
        return false;
    hc_oid_parts(bson_iter_oid(&it)->bytes, &second, &hash, &index);
    hc_people_histogram(&e->range->job->people, index, 1, &h);
    hc_difference_add(e->difference, "users", "", -1);
    for (unsigned g = 0; g < HC_GENDER_COUNT; g++)
        if (h.gender[g])
            hc_difference_add(e->difference, "gender", hc_gender_name(g), -1);
    for (int c = 0; c < hc_country_count(); c++)
        if (h.country[c])
            hc_difference_add(e->difference, "country", hc_country_at(c)->code, -1);
    return true;
}

static bool add_edited(void *ctx, const bson_t *doc)
{
    struct edited *e = ctx;
    bson_iter_t it, g, c;
    if (!bson_iter_init(&it, doc) || !bson_iter_find_descendant(&it, "_hc.k.g", &g) ||
        !BSON_ITER_HOLDS_UTF8(&g) || !bson_iter_init(&it, doc) ||
        !bson_iter_find_descendant(&it, "_hc.k.c", &c) || !BSON_ITER_HOLDS_UTF8(&c))
        return true;
    if (take_generated(e, doc))
        hc_difference_add_users(e->difference, bson_iter_utf8(&g, NULL), bson_iter_utf8(&c, NULL), 1);
    return true;
}

static bool add_buried(void *ctx, const bson_t *doc)
{
    take_generated(ctx, doc);
    return true;
}

static enum hc_err add_range_edited(const struct hc_pending_range *r, struct hc_db *db, int64_t deadline,
                                    struct hc_difference *d, struct hc_error *err)
{
    struct edited e = {r, d};
    int left = hc_left_ms(deadline, READ_MS);
    bson_t users = BSON_INITIALIZER, graves = BSON_INITIALIZER;
    bson_t *opts = BCON_NEW("maxTimeMS", BCON_INT32(left > 0 ? left : 1), "hint", "{", "_id", BCON_INT32(1),
                            "}", "projection", "{", "_hc.k", BCON_INT32(1), "}");
    append_range(r, &graves);
    append_range(r, &users);
    BCON_APPEND(&users, "_hc.k.v", "{", "$gt", BCON_INT64(0), "}");
    enum hc_err code = hc_db_each(db, HC_USERS, &users, opts, add_edited, &e, err);
    if (code == HC_OK)
        code = hc_db_each(db, HC_TOMBSTONES, &graves, opts, add_buried, &e, err);
    bson_destroy(&users);
    bson_destroy(&graves);
    bson_destroy(opts);
    return code;
}

enum hc_err hc_pending_add_edited(const struct hc_pending *p, struct hc_db *db, int64_t deadline,
                                  struct hc_difference *d, struct hc_error *err)
{
    enum hc_err e = HC_OK;
    for (size_t i = 0; i < p->count && e == HC_OK; i++)
        e = p->ranges[i].job->generator == HC_GENERATOR_VERSION
                ? add_range_edited(&p->ranges[i], db, deadline, d, err)
                : hc_fail(err, HC_EBUSY, "jobs", "a job waits for a consumer of another version");
    return e;
}
