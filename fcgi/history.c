/* history.c - GET /v1/counts/history: users, requests and active users over time. */
#include <string.h>

#include "clock.h"
#include "handlers.h"
#include "query.h"
#include "sample.h"

#define FRESH_MS 10000
#define KEEP_MS 60000
#define HOUR_MS INT64_C(3600000)
#define DAY_S INT64_C(86400)
#define STEP_MAX_S (366 * DAY_S)
#define POINTS_MAX 1000    /* that may be asked for */
#define POINTS_DEFAULT 300 /* that a step of our choice makes at most */

/* What is asked; also the key in the cache, so it has no padding. */
struct history {
    int64_t from_ms, to_ms; /* from <= at < to */
    int64_t step_ms;
};

/* Periods of step that the range touches: counted from 1970, so that the same ones are seen at each poll. */
static int64_t periods(const struct history *h, int64_t step_ms)
{
    return (h->to_ms - 1) / step_ms - h->from_ms / step_ms + 1;
}

/* ---- the query ---- */

static int64_t choose_step(const struct history *h)
{
    static const int STEPS[] = {10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200};
    for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++)
        if (periods(h, STEPS[i] * INT64_C(1000)) <= POINTS_DEFAULT)
            return STEPS[i];
    int64_t step = DAY_S;
    while (periods(h, step * 1000) > POINTS_DEFAULT)
        step += DAY_S;
    return step;
}

static enum hc_err read_moment(const struct request *r, const char *name, int64_t absent, int64_t *out,
                               struct hc_error *err)
{
    const struct text *given = query_value(r, name);
    *out = absent;
    return given ? query_moment(name, *given, out, err) : HC_OK;
}

/* "Now" is the end of these 10 s, so that all who ask in them get the same answer. */
static enum hc_err read_range(const struct request *r, struct history *h, struct hc_error *err)
{
    int64_t now = (hc_now_ms() / FRESH_MS + 1) * FRESH_MS;
    enum hc_err code = read_moment(r, "to", now, &h->to_ms, err);
    if (code == HC_OK)
        code = read_moment(r, "from", h->to_ms > HOUR_MS ? h->to_ms - HOUR_MS : 0, &h->from_ms, err);
    if (code == HC_OK && h->from_ms >= h->to_ms)
        code = hc_fail(err, HC_EMALFORMED, "from", "from must be before to");
    return code;
}

static enum hc_err read_query(const struct request *r, struct history *h, struct hc_error *err)
{
    int64_t step;
    enum hc_err code = read_range(r, h, err);
    if (code == HC_OK)
        code = query_int(r, "step", 1, STEP_MAX_S, 0, &step, err);
    if (code != HC_OK)
        return code;
    h->step_ms = (step > 0 ? step : choose_step(h)) * 1000;
    if (periods(h, h->step_ms) > POINTS_MAX)
        return hc_fail(err, HC_EMALFORMED, "step",
                       "That is more than %d points; ask for a longer step or a shorter time", POINTS_MAX);
    return HC_OK;
}

/* ---- the answer ---- */

struct points {
    struct hc_json j;
    int64_t step_ms;
    int64_t last; /* period of the last point, -1 before the first */
};

/* The first sample of each period is its point. */
static bool add_point(void *ctx, const struct hc_sample *sample)
{
    struct points *p = ctx;
    int64_t period = sample->at_ms / p->step_ms;
    if (period <= p->last)
        return true;
    p->last = period;
    hc_json_open(&p->j, '{');
    hc_json_key(&p->j, "at");
    hc_json_date(&p->j, sample->at_ms);
    hc_json_put_int(&p->j, "users", sample->users);
    hc_json_put_int(&p->j, "requests", sample->requests);
    hc_json_key(&p->j, "active");
    hc_json_open(&p->j, '{');
    hc_json_put_int(&p->j, "daily", sample->active[HC_DAILY]);
    hc_json_put_int(&p->j, "weekly", sample->active[HC_WEEKLY]);
    hc_json_put_int(&p->j, "monthly", sample->active[HC_MONTHLY]);
    hc_json_close(&p->j, '}');
    hc_json_close(&p->j, '}');
    return true;
}

static void begin(struct points *p, const struct history *h, struct hc_buf *out)
{
    hc_json_begin(&p->j, out);
    hc_json_open(&p->j, '{');
    hc_json_key(&p->j, "result");
    hc_json_open(&p->j, '{');
    hc_json_key(&p->j, "from");
    hc_json_date(&p->j, h->from_ms);
    hc_json_key(&p->j, "to");
    hc_json_date(&p->j, h->to_ms);
    hc_json_put_int(&p->j, "step", h->step_ms / 1000);
    hc_json_key(&p->j, "points");
    hc_json_open(&p->j, '[');
}

static void end(struct points *p)
{
    hc_json_close(&p->j, ']');
    hc_json_close(&p->j, '}');
    hc_json_close(&p->j, '}');
}

struct history_fill {
    struct context *context;
    const struct history *history;
};

static enum hc_err fill(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err)
{
    (void)etag; /* made from the body */
    const struct history_fill *f = ctx;
    const struct history *h = f->history;
    struct points p = {.step_ms = h->step_ms, .last = -1};
    struct hc_db *db;
    enum hc_err code = context_db(f->context, &db, err);
    if (code != HC_OK)
        return code;
    begin(&p, h, out);
    code = hc_sample_range(db, hc_sample_tier_for(h->from_ms, h->step_ms, hc_now_ms()), h->from_ms, h->to_ms,
                           context_left_ms(f->context), add_point, &p, err);
    end(&p);
    return code;
}

enum hc_err history_show(struct context *c, struct hc_error *err)
{
    char key[HC_CACHE_KEY_MAX];
    struct history h;
    struct hc_flight_answer answer;
    enum hc_err code = read_query(&c->request, &h, err);
    if (code != HC_OK)
        return code;
    struct history_fill f = {c, &h};
    struct hc_flight flight = {.key = key,
                               .fresh_ms = FRESH_MS,
                               .keep_ms = KEEP_MS,
                               .deadline = c->request.deadline,
                               .fill = fill,
                               .ctx = &f};
    hc_flight_key(key, "history", &h, sizeof h);
    code = context_fly(c, &flight, &answer, err);
    if (code == HC_OK)
        context_tag(c, &answer, FRESH_MS);
    return code;
}
