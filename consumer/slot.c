/* See slot.h. This file: the step, from reading to its commit. */
#include "slot.h"

#include <string.h>

#include "clock.h"
#include "failpoint.h"
#include "ids.h"
#include "metrics.h"
#include "slot_document.h"

#define TRIES 64    /* lost races before we give the message back */
#define POLITE 12   /* times that an intent which looks young is left to whoever wrote it */
#define FRESH_MS 50 /* how young that is */

/* 3 and 4. */
static enum hc_err finish(struct hc_db *db, int which, const bson_t *intent, struct hc_error *err)
{
    enum hc_err e = hc_slot_carry_out(db, intent, err);
    HC_FAILPOINT("count.carried");
    return e == HC_OK ? hc_slot_commit(db, which, intent, NULL, err) : e;
}

/* ---- our own intent ---- */

static bson_t *make_intent(const struct hc_slot_intent *parts, int64_t v)
{
    char id[HC_ULID_TEXT];
    if (hc_ulid_new(id) != 0)
        return NULL;
    bson_t *intent = BCON_NEW("id", BCON_UTF8(id), "v", BCON_INT64(v), "at", BCON_DATE_TIME(hc_now_ms()));
    bson_append_array(intent, "writes", -1, &parts->writes);
    bson_append_document(intent, "delta", -1, &parts->delta);
    bson_append_document(intent, "slot", -1, &parts->slot);
    bson_append_document(intent, "drop", -1, &parts->drop);
    return intent;
}

/* 2, 3 and 4. *again: the race was lost. */
static enum hc_err carry_through(struct hc_db *db, const struct hc_slot_now *now,
                                 const struct hc_slot_intent *parts, bool *again, struct hc_error *err)
{
    bool won = false;
    bson_t *intent = make_intent(parts, now->v + 1);
    if (!intent)
        return hc_fail(err, HC_EINTERNAL, NULL, "the system has no random numbers for a new id");
    enum hc_err e = hc_slot_store_intent(db, now->slot, now->v, intent, &won, err);
    *again = e == HC_OK && !won;
    hc_metric_add(HC_METRIC_STEP_RACES, 0, *again);
    HC_FAILPOINT("count.intent");
    if (won)
        e = finish(db, now->slot, intent, err);
    hc_metric_add(HC_METRIC_STEPS, 0, won && e == HC_OK);
    bson_destroy(intent);
    return e;
}

static enum hc_err attempt(struct hc_db *db, const struct hc_slot_step *step, const struct hc_slot_now *now,
                           bool *again, struct hc_error *err)
{
    struct hc_slot_intent parts = {.nothing = false};
    bson_init(&parts.writes);
    bson_init(&parts.delta);
    bson_init(&parts.slot);
    bson_init(&parts.drop);
    enum hc_err e = step->compute(step->ctx, db, now, &parts, err);
    if (e == HC_OK && !parts.nothing)
        e = carry_through(db, now, &parts, again, err);
    bson_destroy(&parts.writes);
    bson_destroy(&parts.delta);
    bson_destroy(&parts.slot);
    bson_destroy(&parts.drop);
    return e;
}

/* ---- somebody's intent ---- */

/* A young intent belongs to someone who is at work: it is left a moment. Only speed hangs on that
 * wall clock, and only for POLITE turns. */
static enum hc_err meet(struct hc_db *db, const struct hc_slot_document *s, bool polite, struct hc_error *err)
{
    int64_t age = hc_slot_intent_age(&s->intent);
    if (s->held && age < HC_HOLD_MS)
        return hc_fail(err, HC_EBUSY, "slot", "the counters are held for a recount");
    if (polite && age < FRESH_MS) {
        hc_sleep_ms(5);
        return HC_OK;
    }
    hc_metric_add(HC_METRIC_STEP_INTENTS, 0, 1);
    return finish(db, s->now.slot, &s->intent, err);
}

/* ---- the step ---- */

/* One turn: finish what stands, or try our own. */
static enum hc_err turn(struct hc_db *db, const struct hc_slot_step *step, bool polite, bool *again,
                        struct hc_error *err)
{
    struct hc_slot_document s;
    enum hc_err e = hc_slot_read(db, step->slot, &s, err);
    *again = e == HC_OK && s.has_intent;
    if (e == HC_OK)
        e = s.has_intent ? meet(db, &s, polite, err) : attempt(db, step, &s.now, again, err);
    hc_slot_release(&s);
    return e;
}

enum hc_err hc_slot_run(struct hc_db *db, const struct hc_slot_step *step, struct hc_error *err)
{
    bool again = true;
    enum hc_err e = hc_db_begin(db, err);
    for (int i = 0; i < TRIES && again && e == HC_OK; i++)
        e = turn(db, step, i < POLITE, &again, err);
    hc_db_end(db);
    if (e == HC_OK && again)
        return hc_fail(err, HC_EBUSY, "slot", "slot %d is too busy", step->slot);
    return e;
}

enum hc_err hc_slots_finish(struct hc_db *db, struct hc_error *err)
{
    enum hc_err e = hc_db_begin(db, err);
    for (int i = 0; i < HC_SLOT_COUNT && e == HC_OK; i++) {
        struct hc_slot_document s;
        e = hc_slot_read(db, i, &s, err);
        if (e == HC_OK && s.has_intent && !s.held)
            e = finish(db, i, &s.intent, err);
        hc_slot_release(&s);
    }
    hc_db_end(db);
    return e;
}
