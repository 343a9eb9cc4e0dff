/* See slot.h. This file: read, compute, compare-and-set, finish. */
#include "slot.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "failpoint.h"
#include "log.h"

#define TRIES 64         /* lost races before we give the message back */
#define POLITE 12        /* times that an intent which looks young is left to whoever wrote it */
#define FRESH_MS 50      /* how young that is */
#define READ_MS 5000

/* A slot as it was read. */
struct slot {
    int64_t v;
    bson_t doc;       /* owned; backs intent */
    bool has_intent;
    bson_t intent;    /* inside doc */
};

static void slot_release(struct slot *s)
{
    bson_destroy(&s->doc);
}

static bool take_intent(struct slot *s, bson_iter_t *it)
{
    const uint8_t *data;
    uint32_t len;
    if (!BSON_ITER_HOLDS_DOCUMENT(it))
        return true; /* null: none */
    bson_iter_document(it, &len, &data);
    s->has_intent = bson_init_static(&s->intent, data, len);
    return s->has_intent;
}

static enum hc_err slot_read(struct hc_db *db, int which, struct slot *s, struct hc_error *err)
{
    memset(s, 0, sizeof *s);
    bson_init(&s->doc);
    bson_t *filter = BCON_NEW("_id", BCON_INT32(which));
    bson_t *opts = BCON_NEW("projection", "{", "v", BCON_INT32(1), "intent", BCON_INT32(1), "}", "maxTimeMS",
                            BCON_INT32(READ_MS));
    enum hc_err e = hc_db_find_one(db, HC_SLOTS, filter, opts, &s->doc, err);
    bson_iter_t it;
    if (e == HC_ENOTFOUND) {
        hc_store_forget_schema(db->store);
        e = hc_fail(err, HC_ESTORE, "slot", "the document of slot %d is missing in hc_slots", which);
    }
    if (e == HC_OK && bson_iter_init_find(&it, &s->doc, "v"))
        s->v = bson_iter_as_int64(&it);
    if (e == HC_OK && bson_iter_init_find(&it, &s->doc, "intent") && !take_intent(s, &it))
        e = hc_fail(err, HC_EINTERNAL, "slot", "the intent of slot %d makes no sense", which);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

/* ---- 4: commit ---- */

/* Appends every number below `it` as "sum.a.b": n. Keys were checked before the
 * intent was stored: none is empty or has a dot. */
static void flatten(bson_t *inc, const char *prefix, bson_iter_t *it)
{
    char path[160];
    while (bson_iter_next(it)) {
        bson_iter_t below;
        snprintf(path, sizeof path, "%s.%s", prefix, bson_iter_key(it));
        if (BSON_ITER_HOLDS_DOCUMENT(it) && bson_iter_recurse(it, &below))
            flatten(inc, path, &below);
        else if (BSON_ITER_HOLDS_INT(it) && bson_iter_as_int64(it) != 0)
            bson_append_int64(inc, path, -1, bson_iter_as_int64(it));
    }
}

static void append_delta(bson_t *update, const bson_t *intent)
{
    bson_iter_t it, delta;
    bson_t inc = BSON_INITIALIZER;
    if (bson_iter_init_find(&it, intent, "delta") && bson_iter_recurse(&it, &delta))
        flatten(&inc, "sum", &delta);
    if (!bson_empty(&inc))
        bson_append_document(update, "$inc", 4, &inc);
    bson_destroy(&inc);
}

static enum hc_err commit(struct hc_db *db, int which, const bson_t *intent, struct hc_error *err)
{
    bson_iter_t it;
    if (!bson_iter_init_find(&it, intent, "v"))
        return hc_fail(err, HC_EINTERNAL, "slot", "an intent without a version");
    int64_t v = bson_iter_as_int64(&it);
    if (!bson_iter_init_find(&it, intent, "id"))
        return hc_fail(err, HC_EINTERNAL, "slot", "an intent without an id");
    bson_t filter = BSON_INITIALIZER, update = BSON_INITIALIZER;
    bson_append_int32(&filter, "_id", 3, which);
    bson_append_value(&filter, "intent.id", -1, bson_iter_value(&it));
    append_delta(&update, intent);
    BCON_APPEND(&update, "$set", "{", "v", BCON_INT64(v), "intent", BCON_NULL, "}");
    /* No match: somebody else finished it, with the same effect. */
    enum hc_err e = hc_db_update_one(db, HC_SLOTS, &filter, &update, NULL, err);
    bson_destroy(&filter);
    bson_destroy(&update);
    return e;
}

static enum hc_err finish(struct hc_db *db, int which, const bson_t *intent, struct hc_error *err)
{
    enum hc_err e = hc_slot_carry_out(db, intent, err);
    HC_FAILPOINT("count.carried");
    return e == HC_OK ? commit(db, which, intent, err) : e;
}

/* ---- 2: store the intent ---- */

static bson_t *make_intent(const bson_t *writes, const bson_t *delta, int64_t v)
{
    char id[HC_ULID_TEXT];
    if (hc_ulid_new(id) != 0)
        return NULL;
    return BCON_NEW("id", BCON_UTF8(id), "v", BCON_INT64(v), "at", BCON_DATE_TIME(hc_now_ms()), "writes",
                    BCON_ARRAY(writes), "delta", BCON_DOCUMENT(delta));
}

static enum hc_err store_intent(struct hc_db *db, int which, int64_t v, const bson_t *intent, bool *won,
                                struct hc_error *err)
{
    int64_t matched = 0;
    bson_t *filter = BCON_NEW("_id", BCON_INT32(which), "v", BCON_INT64(v), "intent", BCON_NULL);
    bson_t *update = BCON_NEW("$set", "{", "intent", BCON_DOCUMENT(intent), "}");
    enum hc_err e = hc_db_update_one(db, HC_SLOTS, filter, update, &matched, err);
    *won = matched == 1;
    bson_destroy(filter);
    bson_destroy(update);
    return e;
}

/* ---- the step ---- */

/* A young intent belongs to someone who is at work: it is left a moment. Only speed hangs on that
 * wall clock, and only for POLITE turns. */
static bool leave_alone(const bson_t *intent)
{
    bson_iter_t it;
    if (!bson_iter_init_find(&it, intent, "at") || !BSON_ITER_HOLDS_DATE_TIME(&it))
        return false;
    int64_t age = hc_now_ms() - bson_iter_date_time(&it);
    return age >= 0 && age < FRESH_MS;
}

/* Computes, stores and finishes one intent. *again: the race was lost. */
static enum hc_err attempt(struct hc_db *db, const struct hc_slot_step *step, int64_t v, bool *again,
                           struct hc_error *err)
{
    bson_t writes = BSON_INITIALIZER, delta = BSON_INITIALIZER;
    bool nothing = false, won = false;
    bson_t *intent = NULL;
    enum hc_err e = step->compute(step->ctx, db, &writes, &delta, &nothing, err);
    if (e == HC_OK && !nothing) {
        intent = make_intent(&writes, &delta, v + 1);
        e = intent ? store_intent(db, step->slot, v, intent, &won, err)
                   : hc_fail(err, HC_EINTERNAL, NULL, "the system has no random numbers for a new id");
        *again = e == HC_OK && !won;
        HC_FAILPOINT("count.intent");
        if (won)
            e = finish(db, step->slot, intent, err);
        bson_destroy(intent);
    }
    bson_destroy(&writes);
    bson_destroy(&delta);
    return e;
}

/* One turn: finish what stands, or try our own. */
static enum hc_err turn(struct hc_db *db, const struct hc_slot_step *step, bool polite, bool *again,
                        struct hc_error *err)
{
    struct slot s;
    enum hc_err e = slot_read(db, step->slot, &s, err);
    *again = false;
    if (e == HC_OK && s.has_intent) {
        *again = true;
        if (polite && leave_alone(&s.intent))
            hc_sleep_ms(5);
        else
            e = finish(db, step->slot, &s.intent, err);
    } else if (e == HC_OK) {
        e = attempt(db, step, s.v, again, err);
    }
    slot_release(&s);
    return e;
}

enum hc_err hc_slot_run(struct hc_db *db, const struct hc_slot_step *step, struct hc_error *err)
{
    bool again = true;
    enum hc_err e = HC_OK;
    for (int i = 0; i < TRIES && again && e == HC_OK; i++)
        e = turn(db, step, i < POLITE, &again, err);
    if (e == HC_OK && again)
        return hc_fail(err, HC_ESTORE, "slot", "slot %d is too busy", step->slot);
    return e;
}

enum hc_err hc_slots_finish(struct hc_db *db, struct hc_error *err)
{
    enum hc_err e = HC_OK;
    for (int i = 0; i < HC_SLOT_COUNT && e == HC_OK; i++) {
        struct slot s;
        e = slot_read(db, i, &s, err);
        if (e == HC_OK && s.has_intent)
            e = finish(db, i, &s.intent, err);
        slot_release(&s);
    }
    return e;
}
