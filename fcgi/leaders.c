/* leaders.c - GET /v1/user/stat/top-15-user: the users with the most requests. */
#include "leaders.h"

#include "handlers.h"

#define FRESH_MS 2000
#define KEEP_MS 60000

static enum hc_err fill(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err)
{
    (void)etag; /* made from the body */
    struct context *c = ctx;
    struct hc_leaders leaders = {0};
    struct hc_json j;
    struct hc_db *db;
    enum hc_err code = context_db(c, &db, err);
    if (code == HC_OK)
        code = hc_leaders_now(db, HC_LEADERS_WHOLE, context_left_ms(c), &leaders, err);
    if (code == HC_OK) {
        hc_json_begin(&j, out);
        hc_json_open(&j, '{');
        hc_json_key(&j, "result");
        hc_leaders_json(&j, &leaders);
        hc_json_close(&j, '}');
    }
    hc_leaders_release(&leaders);
    return code;
}

enum hc_err leaders_show(struct context *c, struct hc_error *err)
{
    char key[HC_CACHE_KEY_MAX];
    struct hc_flight_answer answer;
    hc_flight_key(key, "leaders", "", 0);
    struct hc_flight flight = {.key = key,
                               .fresh_ms = FRESH_MS,
                               .keep_ms = KEEP_MS,
                               .deadline = c->request.deadline,
                               .fill = fill,
                               .ctx = c};
    enum hc_err code = context_fly(c, &flight, &answer, err);
    if (code == HC_OK)
        context_tag(c, &answer, FRESH_MS);
    return code;
}
