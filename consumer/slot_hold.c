/* See slot.h. This file: holding all slots still. */
#include <string.h>

#include "clock.h"
#include "ids.h"
#include "slot_document.h"

#define TRIES 200 /* a busy slot has an intent at most of the time */

static bson_t *make_hold(const char *id, int64_t v)
{
    return BCON_NEW("id", BCON_UTF8(id), "v", BCON_INT64(v), "at", BCON_DATE_TIME(hc_now_ms()), "hold",
                    BCON_BOOL(true), "writes", "[", "]");
}

/* One try: *held says that it is ours now. */
static enum hc_err try_one(struct hc_db *db, int slot, struct hc_hold *hold, bool *held, struct hc_error *err)
{
    struct hc_slot_document s;
    enum hc_err e = hc_slot_read(db, slot, &s, err);
    if (e == HC_OK && s.held && hc_slot_intent_age(&s.intent) < HC_HOLD_MS)
        e = hc_fail(err, HC_EBUSY, "slot", "another recount is under way");
    if (e == HC_OK && s.has_intent) {
        if (!s.held)
            e = hc_slot_carry_out(db, &s.intent, err);
        if (e == HC_OK)
            e = hc_slot_commit(db, slot, &s.intent, NULL, err);
    } else if (e == HC_OK) {
        bson_t *intent = make_hold(hold->id, s.now.v + 1);
        hold->v[slot] = s.now.v + 1;
        e = hc_slot_store_intent(db, slot, s.now.v, intent, held, err);
        bson_destroy(intent);
    }
    hc_slot_release(&s);
    return e;
}

static enum hc_err hold_one(struct hc_db *db, int slot, struct hc_hold *hold, struct hc_error *err)
{
    bool held = false;
    enum hc_err e = HC_OK;
    for (int i = 0; i < TRIES && e == HC_OK && !held; i++)
        e = try_one(db, slot, hold, &held, err);
    return e == HC_OK && !held ? hc_fail(err, HC_EBUSY, "slot", "slot %d is too busy to be held", slot) : e;
}

static enum hc_err let_go(struct hc_db *db, const struct hc_hold *hold, int slot, struct hc_error *err)
{
    bson_t *intent = make_hold(hold->id, hold->v[slot]);
    enum hc_err e = hc_slot_commit(db, slot, intent, NULL, err);
    bson_destroy(intent);
    return e;
}

enum hc_err hc_hold_take(struct hc_db *db, struct hc_hold *hold, struct hc_error *err)
{
    enum hc_err e = HC_OK;
    int slot = 0;
    memset(hold, 0, sizeof *hold);
    if (hc_ulid_new(hold->id) != 0)
        return hc_fail(err, HC_EINTERNAL, NULL, "the system has no random numbers for a new id");
    while (slot < HC_SLOT_COUNT && e == HC_OK)
        e = hold_one(db, slot++, hold, err);
    /* What can't be let go now is broken by whoever comes after HC_HOLD_MS. */
    for (int i = 0; e != HC_OK && i < slot; i++) {
        struct hc_error ignored;
        let_go(db, hold, i, &ignored);
    }
    return e;
}

/* Is the intent that stands in this slot our hold? */
static enum hc_err check_one(struct hc_db *db, const struct hc_hold *hold, int slot, struct hc_error *err)
{
    struct hc_slot_document s;
    bson_iter_t it;
    enum hc_err e = hc_slot_read(db, slot, &s, err);
    bool ours = e == HC_OK && s.held && bson_iter_init_find(&it, &s.intent, "id") &&
                BSON_ITER_HOLDS_UTF8(&it) && strcmp(bson_iter_utf8(&it, NULL), hold->id) == 0;
    hc_slot_release(&s);
    return e == HC_OK && !ours ? hc_fail(err, HC_EBUSY, "slot", "the hold of slot %d was broken", slot) : e;
}

enum hc_err hc_hold_check(struct hc_db *db, const struct hc_hold *hold, struct hc_error *err)
{
    enum hc_err e = HC_OK;
    for (int i = 0; i < HC_SLOT_COUNT && e == HC_OK; i++)
        e = check_one(db, hold, i, err);
    return e;
}

static enum hc_err renew_one(struct hc_db *db, const struct hc_hold *hold, int slot, struct hc_error *err)
{
    int64_t matched = 0;
    bson_t *filter = BCON_NEW("_id", BCON_INT32(slot), "intent.id", BCON_UTF8(hold->id));
    bson_t *update = BCON_NEW("$set", "{", "intent.at", BCON_DATE_TIME(hc_now_ms()), "}");
    enum hc_err e = hc_db_update_one(db, HC_SLOTS, filter, update, &matched, err);
    bson_destroy(filter);
    bson_destroy(update);
    return e == HC_OK && matched == 0 ? hc_fail(err, HC_EBUSY, "slot", "the hold of slot %d was broken", slot)
                                      : e;
}

enum hc_err hc_hold_renew(struct hc_db *db, const struct hc_hold *hold, struct hc_error *err)
{
    enum hc_err e = HC_OK;
    for (int i = 0; i < HC_SLOT_COUNT && e == HC_OK; i++)
        e = renew_one(db, hold, i, err);
    return e;
}

/* The hold's own commit, with a delta: one update that fits only while the hold stands, so that it
 * is added once or not at all. */
static enum hc_err add_under_hold(struct hc_db *db, const struct hc_hold *hold, const bson_t *delta,
                                  struct hc_error *err)
{
    bool won = false;
    bson_t *intent = make_hold(hold->id, hold->v[0]);
    bson_append_document(intent, "delta", -1, delta);
    enum hc_err e = hc_slot_commit(db, 0, intent, &won, err);
    bson_destroy(intent);
    return e == HC_OK && !won ? hc_fail(err, HC_EBUSY, "slot", "the hold was broken before its end") : e;
}

enum hc_err hc_hold_release(struct hc_db *db, const struct hc_hold *hold, const bson_t *delta,
                            struct hc_error *err)
{
    enum hc_err e = delta ? add_under_hold(db, hold, delta, err) : let_go(db, hold, 0, err);
    for (int i = 1; i < HC_SLOT_COUNT; i++) {
        struct hc_error later;
        enum hc_err one = let_go(db, hold, i, &later);
        if (e == HC_OK && one != HC_OK) {
            e = one;
            *err = later;
        }
    }
    return e;
}
