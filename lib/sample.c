/* See sample.h. This file: storing and finding. */
#include "sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STORE_MS 5000
#define ROWS_MAX 20000 /* of one range: more than a tier ever keeps */

const struct hc_sample_tier hc_sample_tiers[HC_SAMPLE_TIERS] = {
    {10 * 1000, INT64_C(2) * 3600 * 1000},
    {60 * 1000, INT64_C(7) * 86400 * 1000},
    {3600 * 1000, INT64_C(730) * 86400 * 1000},
};

static int64_t period_start(const struct hc_sample_tier *tier, int64_t ms)
{
    return ms > 0 ? ms - ms % tier->period_ms : 0;
}

char *hc_sample_id(const struct hc_sample_tier *tier, int64_t ms, char out[HC_SAMPLE_ID_MAX])
{
    snprintf(out, HC_SAMPLE_ID_MAX, "%04" PRId64 ":%012" PRId64, tier->period_ms / 1000,
             period_start(tier, ms) / 1000);
    return out;
}

/* ---- storing ---- */

struct missing {
    char id[HC_SAMPLE_TIERS][HC_SAMPLE_ID_MAX];
    bool there[HC_SAMPLE_TIERS];
};

static bool note_there(void *ctx, const bson_t *doc)
{
    struct missing *m = ctx;
    bson_iter_t it;
    if (bson_iter_init_find(&it, doc, "_id") && BSON_ITER_HOLDS_UTF8(&it))
        for (size_t t = 0; t < HC_SAMPLE_TIERS; t++)
            m->there[t] |= strcmp(m->id[t], bson_iter_utf8(&it, NULL)) == 0;
    return true;
}

/* Which of the periods that now_ms lies in have a sample. */
static enum hc_err look(struct hc_db *db, int64_t now_ms, struct missing *m, struct hc_error *err)
{
    memset(m, 0, sizeof *m);
    for (size_t t = 0; t < HC_SAMPLE_TIERS; t++)
        hc_sample_id(&hc_sample_tiers[t], now_ms, m->id[t]);
    bson_t *filter = BCON_NEW("_id", "{", "$in", "[", BCON_UTF8(m->id[0]), BCON_UTF8(m->id[1]),
                              BCON_UTF8(m->id[2]), "]", "}");
    bson_t *opts = BCON_NEW("hint", "{", "_id", BCON_INT32(1), "}", "projection", "{", "_id", BCON_INT32(1),
                            "}", "maxTimeMS", BCON_INT32(STORE_MS));
    enum hc_err e = hc_db_each(db, HC_SAMPLES, filter, opts, note_there, m, err);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

static enum hc_err insert_missing(struct hc_db *db, const struct missing *m, const struct hc_sample *sample,
                                  struct hc_error *err)
{
    bson_t docs[HC_SAMPLE_TIERS];
    const bson_t *list[HC_SAMPLE_TIERS];
    size_t n = 0;
    for (size_t t = 0; t < HC_SAMPLE_TIERS; t++) {
        if (m->there[t])
            continue;
        bson_t *doc = &docs[n];
        bson_init(doc);
        bson_append_utf8(doc, "_id", 3, m->id[t], -1);
        bson_append_date_time(doc, "expireAt", -1, sample->at_ms + hc_sample_tiers[t].keep_ms);
        hc_sample_bson(sample, doc);
        list[n++] = doc;
    }
    enum hc_err e = hc_db_insert_all(db, HC_SAMPLES, list, n, err);
    for (size_t i = 0; i < n; i++)
        bson_destroy(&docs[i]);
    return e;
}

static enum hc_err read_numbers(struct hc_db *db, int64_t now_ms, struct hc_sample *out, struct hc_error *err)
{
    struct hc_counts counts;
    enum hc_err e = hc_counters_read(db, &counts, err);
    if (e != HC_OK)
        return e;
    hc_sample_of_counts(&counts, now_ms, out);
    return hc_usage_top(db, HC_SAMPLE_USERS, STORE_MS, out->top, &out->top_count, err);
}

enum hc_err hc_sample_store(struct hc_db *db, int64_t now_ms, struct hc_error *err)
{
    struct missing m;
    struct hc_sample sample;
    enum hc_err e = look(db, now_ms, &m, err);
    if (e != HC_OK || (m.there[0] && m.there[1] && m.there[2]))
        return e;
    e = read_numbers(db, now_ms, &sample, err);
    return e == HC_OK ? insert_missing(db, &m, &sample, err) : e;
}

/* ---- finding the nearest ---- */

struct search {
    int64_t at_ms;
    int64_t period_ms;  /* of the tier that is looked through */
    bool before, after; /* something lies on that side */
    bool near;          /* something lies within a period of its tier */
    int64_t best;       /* the least distance so far, -1: none */
    struct hc_sample *out;
};

static bool weigh(void *ctx, const bson_t *doc)
{
    struct search *s = ctx;
    struct hc_sample sample;
    hc_sample_read(&sample, doc);
    int64_t distance = sample.at_ms - s->at_ms;
    s->before |= distance <= 0;
    s->after |= distance >= 0;
    if (distance < 0)
        distance = -distance;
    s->near |= distance <= s->period_ms;
    if (s->best < 0 || distance < s->best) {
        s->best = distance;
        *s->out = sample;
    }
    return true;
}

/* A tier's samples by _id: direction 1 those from `from` on, -1 those below `to`, the nearest first. */
static enum hc_err find_beside(struct hc_db *db, const char *low, const char *high, int direction,
                               int left_ms, struct search *s, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", "{", "$gte", BCON_UTF8(low), "$lt", BCON_UTF8(high), "}");
    bson_t *opts = BCON_NEW("hint", "{", "_id", BCON_INT32(1), "}", "sort", "{", "_id", BCON_INT32(direction),
                            "}", "limit", BCON_INT64(2), "maxTimeMS", BCON_INT32(left_ms));
    enum hc_err e = hc_db_each(db, HC_SAMPLES, filter, opts, weigh, s, err);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

/* The sample of a period may lie on either side of a time within it: so two on each side are looked at. */
static enum hc_err search_tier(struct hc_db *db, const struct hc_sample_tier *tier, int left_ms,
                               struct search *s, struct hc_error *err)
{
    char first[HC_SAMPLE_ID_MAX], middle[HC_SAMPLE_ID_MAX], last[HC_SAMPLE_ID_MAX];
    hc_sample_id(tier, 0, first);
    hc_sample_id(tier, s->at_ms, middle);
    snprintf(last, sizeof last, "%.4s;", first); /* ';' is what comes behind ':' */
    s->period_ms = tier->period_ms;
    enum hc_err e = find_beside(db, first, middle, -1, left_ms, s, err);
    return e == HC_OK ? find_beside(db, middle, last, 1, left_ms, s, err) : e;
}

enum hc_err hc_sample_near(struct hc_db *db, int64_t at_ms, int left_ms, struct hc_sample *out,
                           struct hc_error *err)
{
    struct search s = {.at_ms = at_ms, .best = -1, .out = out};
    enum hc_err e = HC_OK;
    memset(out, 0, sizeof *out);
    for (size_t t = 0; t < HC_SAMPLE_TIERS && e == HC_OK; t++)
        e = search_tier(db, &hc_sample_tiers[t], left_ms, &s, err);
    if (e != HC_OK)
        return e;
    if (s.best < 0 || (!s.near && !(s.before && s.after)))
        return hc_fail(err, HC_ENOTFOUND, NULL, "Nothing was kept of that time");
    return HC_OK;
}

/* ---- a range ---- */

const struct hc_sample_tier *hc_sample_tier_for(int64_t from_ms, int64_t step_ms, int64_t now_ms)
{
    const struct hc_sample_tier *found = NULL;
    for (size_t t = 0; t < HC_SAMPLE_TIERS; t++) {
        const struct hc_sample_tier *tier = &hc_sample_tiers[t];
        bool kept = from_ms >= now_ms - tier->keep_ms || t == HC_SAMPLE_TIERS - 1;
        if (kept && (!found || tier->period_ms <= step_ms))
            found = tier;
    }
    return found;
}

struct range {
    int64_t from_ms, to_ms;
    bool (*each)(void *ctx, const struct hc_sample *sample);
    void *ctx;
};

static bool within(void *ctx, const bson_t *doc)
{
    const struct range *range = ctx;
    struct hc_sample sample;
    hc_sample_read(&sample, doc);
    if (sample.at_ms < range->from_ms || sample.at_ms >= range->to_ms)
        return true;
    return range->each(range->ctx, &sample);
}

enum hc_err hc_sample_range(struct hc_db *db, const struct hc_sample_tier *tier, int64_t from_ms,
                            int64_t to_ms, int left_ms,
                            bool (*each)(void *ctx, const struct hc_sample *sample), void *ctx,
                            struct hc_error *err)
{
    char low[HC_SAMPLE_ID_MAX], high[HC_SAMPLE_ID_MAX];
    struct range range = {from_ms, to_ms, each, ctx};
    hc_sample_id(tier, from_ms, low);
    hc_sample_id(tier, to_ms, high);
    bson_t *filter = BCON_NEW("_id", "{", "$gte", BCON_UTF8(low), "$lte", BCON_UTF8(high), "}");
    bson_t *opts = BCON_NEW("hint", "{", "_id", BCON_INT32(1), "}", "sort", "{", "_id", BCON_INT32(1), "}",
                            "projection", "{", "at", BCON_INT32(1), "users", BCON_INT32(1), "requests",
                            BCON_INT32(1), "active", BCON_INT32(1), "}", "limit", BCON_INT64(ROWS_MAX),
                            "batchSize", BCON_INT32(2000), "maxTimeMS", BCON_INT32(left_ms));
    enum hc_err e = hc_db_each(db, HC_SAMPLES, filter, opts, within, &range, err);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}
