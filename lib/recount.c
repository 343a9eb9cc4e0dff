/* See recount.h. */
#include "recount.h"

#include <string.h>

#include "clock.h"
#include "ids.h"
#include "log.h"

#define READ_MS 2000

/* ---- reading ---- */

static void text_of(const bson_t *doc, const char *key, char *out, size_t size)
{
    bson_iter_t it;
    if (bson_iter_init_find(&it, doc, key) && BSON_ITER_HOLDS_UTF8(&it))
        bson_strncpy(out, bson_iter_utf8(&it, NULL), size);
}

static int64_t number_of(const bson_t *doc, const char *key)
{
    bson_iter_t it;
    if (!bson_iter_init_find(&it, doc, key))
        return 0;
    return BSON_ITER_HOLDS_DATE_TIME(&it) ? bson_iter_date_time(&it) : bson_iter_as_int64(&it);
}

static void read_last(const bson_t *doc, struct hc_recount *out)
{
    bson_iter_t it;
    bson_t last;
    uint32_t len;
    const uint8_t *data;
    if (!bson_iter_init_find(&it, doc, "last") || !BSON_ITER_HOLDS_DOCUMENT(&it))
        return;
    bson_iter_document(&it, &len, &data);
    if (!bson_init_static(&last, data, len))
        return;
    text_of(&last, "id", out->last_id, sizeof out->last_id);
    out->last_ms = number_of(&last, "at");
    out->last_took_ms = number_of(&last, "ms");
    out->last_drift = number_of(&last, "drift");
}

static void read_document(const bson_t *doc, struct hc_recount *out)
{
    memset(out, 0, sizeof *out);
    text_of(doc, "wanted", out->id, sizeof out->id);
    text_of(doc, "state", out->state, sizeof out->state);
    text_of(doc, "why", out->why, sizeof out->why);
    text_of(doc, "detail", out->detail, sizeof out->detail);
    out->requested_ms = number_of(doc, "at");
    out->started_ms = number_of(doc, "started");
    read_last(doc, out);
}

enum hc_err hc_recount_read(struct hc_db *db, struct hc_recount *out, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", "recount");
    bson_t *opts = BCON_NEW("maxTimeMS", BCON_INT32(READ_MS));
    bson_t doc = BSON_INITIALIZER;
    memset(out, 0, sizeof *out);
    enum hc_err e = hc_db_find_one(db, HC_META, filter, opts, &doc, err);
    if (e == HC_OK)
        read_document(&doc, out);
    bson_destroy(filter);
    bson_destroy(opts);
    bson_destroy(&doc);
    return e == HC_ENOTFOUND ? HC_OK : e;
}

/* ---- asking ---- */

enum hc_err hc_recount_want(struct hc_db *db, const char *why, struct hc_recount *out, struct hc_error *err)
{
    char id[HC_ULID_TEXT];
    if (hc_ulid_new(id) != 0)
        return hc_fail(err, HC_EINTERNAL, NULL, "the system has no random numbers for a new id");
    bson_t *filter = BCON_NEW("_id", "recount");
    bson_t *update = BCON_NEW("$set", "{", "wanted", BCON_UTF8(id), "state", "wanted", "why", BCON_UTF8(why),
                              "at", BCON_DATE_TIME(hc_now_ms()), "started", BCON_NULL, "detail", "", "}");
    bson_t doc = BSON_INITIALIZER;
    enum hc_err e = hc_db_find_and_modify(db, HC_META, filter, update, true, &doc, err);
    if (e == HC_ECONFLICT) /* two upserts of the first one at once */
        e = hc_db_find_and_modify(db, HC_META, filter, update, true, &doc, err);
    if (e == HC_OK && out)
        read_document(&doc, out);
    bson_destroy(filter);
    bson_destroy(update);
    bson_destroy(&doc);
    return e;
}

void hc_recount_ask(struct hc_db *db, const char *why)
{
    struct hc_error err = {0};
    struct hc_recount now = {.requested_ms = 0};
    if (hc_recount_read(db, &now, &err) == HC_OK && strcmp(now.state, "wanted") == 0)
        return; /* it begins later than now, and sees this too */
    if (hc_recount_want(db, why, NULL, &err) == HC_OK)
        hc_log(HC_LOG_WARN, "recount.wanted", why, NULL);
    else
        hc_log(HC_LOG_WARN, "recount.unasked", err.detail, HC_STR("why", why), NULL);
}

/* ---- showing ---- */

static void put_date(struct hc_json *j, const char *key, int64_t ms)
{
    hc_json_key(j, key);
    if (ms > 0)
        hc_json_date(j, ms);
    else
        hc_json_null(j);
}

static void put_last(struct hc_json *j, const struct hc_recount *r)
{
    hc_json_key(j, "last");
    if (!r->last_id[0]) {
        hc_json_null(j);
        return;
    }
    hc_json_open(j, '{');
    hc_json_put_str(j, "id", r->last_id);
    hc_json_put_int(j, "drift", r->last_drift);
    hc_json_put_int(j, "ms", r->last_took_ms);
    put_date(j, "finishedAt", r->last_ms);
    hc_json_close(j, '}');
}

void hc_recount_json(struct hc_json *j, const struct hc_recount *r)
{
    hc_json_open(j, '{');
    hc_json_put_str(j, "id", r->id);
    hc_json_put_str(j, "state", r->id[0] ? r->state : "none");
    hc_json_put_str(j, "why", r->why);
    put_date(j, "requestedAt", r->requested_ms);
    put_date(j, "startedAt", r->started_ms);
    hc_json_put_str(j, "detail", r->detail);
    put_last(j, r);
    hc_json_close(j, '}');
}
