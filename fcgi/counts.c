/* counts.c - GET /v1/counts. */
#include "counts.h"

#include <stdio.h>

#include "clock.h"
#include "handlers.h"
#include "query.h"
#include "snapshot.h"

#define FRESH_MS 1000
#define KEEP_MS 60000
#define PAST_FRESH_MS 10000
#define FUTURE_MS 60000 /* clocks that differ by this much still mean now */

/* ms between two polls by what the last fill of this process took: a slow store is asked less. */
static atomic_int fill_wait_ms = PACE_SHORTEST_MS;

static void note_fill_time(int64_t ms)
{
    atomic_store(&fill_wait_ms, ms > 1000 ? 5000 : ms > 250 ? 2000 : PACE_SHORTEST_MS);
}

static void say_interval(struct context *c)
{
    char text[16];
    int slow = atomic_load(&fill_wait_ms), busy = pace_wait_ms(&c->web->pace, hc_mono_ms());
    snprintf(text, sizeof text, "%d", slow > busy ? slow : busy);
    response_header(&c->response, "Poll-Interval", text);
}

static enum hc_err fill(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err)
{
    struct context *c = ctx;
    struct hc_db *db;
    int64_t began = hc_mono_ms();
    enum hc_err code = context_db(c, &db, err);
    if (code == HC_OK)
        code = hc_snapshot_now(db, context_cache(c), context_left_ms(c), out, etag, err);
    if (code == HC_OK)
        note_fill_time(hc_mono_ms() - began);
    return code;
}

enum hc_err counts_fetch(struct context *c, struct hc_flight_answer *answer, struct hc_error *err)
{
    char key[HC_CACHE_KEY_MAX];
    hc_flight_key(key, "counts", "", 0);
    struct hc_flight flight = {.key = key,
                               .fresh_ms = FRESH_MS,
                               .keep_ms = KEEP_MS,
                               .deadline = c->request.deadline,
                               .fill = fill,
                               .ctx = c};
    return context_fly(c, &flight, answer, err);
}

/* ---- the past ---- */

struct past {
    struct context *context;
    int64_t at_ms;
};

static enum hc_err fill_past(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err)
{
    const struct past *past = ctx;
    struct context *c = past->context;
    struct hc_sample sample;
    struct hc_db *db;
    enum hc_err code = context_db(c, &db, err);
    if (code == HC_OK)
        code = hc_sample_near(db, past->at_ms, context_left_ms(c), &sample, err);
    if (code == HC_OK)
        code = hc_snapshot_then(db, &sample, context_left_ms(c), out, etag, err);
    return code;
}

static enum hc_err show_past(struct context *c, struct text at, struct hc_error *err)
{
    char key[HC_CACHE_KEY_MAX];
    struct past past = {.context = c};
    struct hc_flight_answer answer;
    enum hc_err code = query_moment("at", at, &past.at_ms, err);
    if (code != HC_OK)
        return code;
    if (past.at_ms > hc_now_ms() + FUTURE_MS)
        return hc_fail(err, HC_ENOTFOUND, "at", "Nothing is known of the future");
    hc_flight_key(key, "counts-at", &past.at_ms, sizeof past.at_ms);
    struct hc_flight flight = {.key = key,
                               .fresh_ms = PAST_FRESH_MS,
                               .keep_ms = KEEP_MS,
                               .deadline = c->request.deadline,
                               .fill = fill_past,
                               .ctx = &past};
    code = context_fly(c, &flight, &answer, err);
    if (code == HC_OK)
        context_tag(c, &answer, PAST_FRESH_MS);
    return code;
}

/* ---- the route ---- */

enum hc_err counts_show(struct context *c, struct hc_error *err)
{
    struct hc_flight_answer answer;
    const struct text *at = query_value(&c->request, "at");
    if (at)
        return show_past(c, *at, err);
    enum hc_err code = counts_fetch(c, &answer, err);
    if (code != HC_OK)
        return code;
    context_tag(c, &answer, FRESH_MS);
    say_interval(c);
    return HC_OK;
}
