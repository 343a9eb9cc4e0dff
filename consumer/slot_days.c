/* See slot.h. This file: which days a slot counts, and in which zone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slot.h"

#define CLOCK_DAYS 2 /* clocks and zones may differ by so much */

/* Appends the keys of sum.day that are before `below` to drop. */
static enum hc_err drop_days(struct hc_db *db, int slot, int32_t below, bson_t *drop, struct hc_error *err)
{
    bson_t doc = BSON_INITIALIZER;
    bson_t *filter = BCON_NEW("_id", BCON_INT32(slot));
    bson_t *opts = BCON_NEW("projection", "{", "sum.day", BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(5000));
    enum hc_err e = hc_db_find_one(db, HC_SLOTS, filter, opts, &doc, err);
    bson_iter_t it, days;
    char key[48];
    if (e == HC_OK && bson_iter_init(&it, &doc) && bson_iter_find_descendant(&it, "sum.day", &days) &&
        bson_iter_recurse(&days, &it))
        while (bson_iter_next(&it)) {
            if (strtol(bson_iter_key(&it), NULL, 10) >= below)
                continue;
            snprintf(key, sizeof key, "day.%s", bson_iter_key(&it));
            bson_append_bool(drop, key, -1, true);
        }
    bson_destroy(filter);
    bson_destroy(opts);
    bson_destroy(&doc);
    return e;
}

/* ---- days that are over ---- */

struct prune {
    int32_t floor;
    bool rebuild;
};

/* A floor well above the wanted one was set by a clock that ran ahead: the days between are lost, and counted
 * anew. */
static enum hc_err compute_prune(void *ctx, struct hc_db *db, const struct hc_slot_now *now,
                                 struct hc_slot_intent *out, struct hc_error *err)
{
    struct prune *p = ctx;
    p->rebuild = now->floor > p->floor + CLOCK_DAYS;
    out->nothing = now->floor >= p->floor && !p->rebuild;
    if (out->nothing)
        return HC_OK;
    bson_append_int32(&out->slot, "floor", -1, p->floor);
    if (p->rebuild)
        bson_append_int32(&out->slot, "zg", -1, now->zone_generation + 1);
    return drop_days(db, now->slot, p->rebuild ? INT32_MAX : p->floor, &out->drop, err);
}

enum hc_err hc_slot_prune(struct hc_db *db, int slot, int32_t floor, bool *rebuild, struct hc_error *err)
{
    struct prune p = {.floor = floor};
    struct hc_slot_step step = {.slot = slot, .compute = compute_prune, .ctx = &p};
    enum hc_err e = hc_slot_run(db, &step, err);
    *rebuild |= e == HC_OK && p.rebuild;
    return e;
}

/* ---- another zone ---- */

static enum hc_err compute_zone(void *ctx, struct hc_db *db, const struct hc_slot_now *now,
                                struct hc_slot_intent *out, struct hc_error *err)
{
    bool *changed = ctx;
    *changed = strcmp(now->zone, hc_zone_name()) != 0;
    out->nothing = !*changed;
    if (out->nothing)
        return HC_OK;
    bson_append_utf8(&out->slot, "zone", -1, hc_zone_name(), -1);
    bson_append_int32(&out->slot, "zg", -1, now->zone_generation + 1);
    return drop_days(db, now->slot, INT32_MAX, &out->drop, err);
}

enum hc_err hc_slot_set_zone(struct hc_db *db, int slot, bool *changed, struct hc_error *err)
{
    struct hc_slot_step step = {.slot = slot, .compute = compute_zone, .ctx = changed};
    return hc_slot_run(db, &step, err);
}
