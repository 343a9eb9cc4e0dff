/* See leftovers.h. */
#include "leftovers.h"

#include <string.h>

#include "clock.h"

#define BATCH 1000        /* tombstones at once */
#define RECENT_BATCHES 20 /* of the last hour in one turn: 20 000 */
#define RECENT_EACH_MS 60000
#define HOUR_MS (60 * 60 * 1000)
#define READ_MS 10000

/* A batch of tombstones. */
struct batch {
    bson_t ids; /* an array */
    uint32_t count;
    bson_oid_t last;
    int64_t last_at;
};

static bool take_id(void *ctx, const bson_t *doc)
{
    struct batch *b = ctx;
    bson_iter_t it;
    char key[16];
    const char *text;
    if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
        return true;
    size_t len = bson_uint32_to_string(b->count++, &text, key, sizeof key);
    bson_append_oid(&b->ids, text, (int)len, bson_iter_oid(&it));
    bson_oid_copy(bson_iter_oid(&it), &b->last);
    if (bson_iter_init_find(&it, doc, "at") && BSON_ITER_HOLDS_DATE_TIME(&it))
        b->last_at = bson_iter_date_time(&it);
    return true;
}

static enum hc_err delete_of(struct hc_db *db, enum hc_collection which, const char *field, const bson_t *ids,
                             struct hc_error *err)
{
    bson_t *filter = BCON_NEW(field, "{", "$in", BCON_ARRAY(ids), "}");
    enum hc_err e = hc_db_delete_many(db, which, filter, err);
    bson_destroy(filter);
    return e;
}

/* Requests first, the user last: as a slot removes them. */
static enum hc_err clean(struct hc_duty_turn *t, const struct batch *b, struct hc_error *err)
{
    if (b->count == 0 || !hc_duty_goes_on(t))
        return HC_OK;
    enum hc_err e = delete_of(t->db, HC_ACTIVITIES, "user", &b->ids, err);
    if (e == HC_OK)
        e = delete_of(t->db, HC_USAGE, "_id", &b->ids, err);
    if (e == HC_OK)
        e = delete_of(t->db, HC_USERS, "_id", &b->ids, err);
    return e;
}

/* One batch by `field`; *b is released by the caller. */
static enum hc_err run_batch(struct hc_duty_turn *t, const bson_t *filter, const char *field,
                             const char *index, struct batch *b, struct hc_error *err)
{
    memset(b, 0, sizeof *b);
    bson_init(&b->ids);
    bson_t *opts = BCON_NEW("sort", "{", field, BCON_INT32(1), "}", "limit", BCON_INT64(BATCH), "hint",
                            BCON_UTF8(index), "maxTimeMS", BCON_INT32(READ_MS));
    enum hc_err e = hc_db_each(t->db, HC_TOMBSTONES, filter, opts, take_id, b, err);
    if (e == HC_OK)
        e = clean(t, b, err);
    bson_destroy(opts);
    return e;
}

/* The next batch of the round over all; *end when that was the last. */
static enum hc_err run_round(struct hc_duty_turn *t, bson_oid_t *at, bool *end, struct hc_error *err)
{
    struct batch b;
    bson_t *filter = BCON_NEW("_id", "{", "$gt", BCON_OID(at), "}");
    enum hc_err e = run_batch(t, filter, "_id", "_id_", &b, err);
    *end = e == HC_OK && b.count < BATCH;
    if (e == HC_OK)
        bson_oid_copy(&b.last, at);
    if (*end)
        memset(at, 0, sizeof *at);
    bson_destroy(&b.ids);
    bson_destroy(filter);
    return e;
}

static enum hc_err run_recent(struct hc_duty_turn *t, struct hc_error *err)
{
    enum hc_err e = HC_OK;
    int64_t from = hc_now_ms() - HOUR_MS;
    uint32_t count = BATCH;
    for (int i = 0; i < RECENT_BATCHES && e == HC_OK && count == BATCH; i++) {
        struct batch b;
        bson_t *filter = BCON_NEW("at", "{", "$gt", BCON_DATE_TIME(from), "}");
        e = run_batch(t, filter, "at", "at_1", &b, err);
        count = b.count;
        /* A deletion of many has one time: what a batch cut off there, the round finds. */
        from = b.last_at;
        bson_destroy(&b.ids);
        bson_destroy(filter);
    }
    return e;
}

enum hc_err hc_leftovers_turn(struct hc_duty_turn *t, struct hc_error *err)
{
    struct hc_leftovers *l = t->state;
    bool end;
    enum hc_err e = HC_OK;
    if (t->first || hc_mono_ms() - l->recent_ms >= RECENT_EACH_MS) {
        l->recent_ms = hc_mono_ms();
        e = run_recent(t, err);
    }
    return e == HC_OK ? run_round(t, &l->at, &end, err) : e;
}

enum hc_err hc_leftovers_sweep_all(struct hc_duty_turn *t, int64_t deadline, struct hc_error *err)
{
    bson_oid_t at;
    bool end = false;
    enum hc_err e = HC_OK;
    memset(&at, 0, sizeof at);
    while (e == HC_OK && !end && hc_mono_ms() < deadline && hc_duty_goes_on(t))
        e = run_round(t, &at, &end, err);
    return e;
}
