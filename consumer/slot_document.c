/* See slot_document.h. */
#include "slot_document.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"

#define READ_MS 5000
#define PATH_MAX_LEN 160

/* ---- reading ---- */

void hc_slot_release(struct hc_slot_document *s)
{
    bson_destroy(&s->doc);
}

static bool take_intent(struct hc_slot_document *s, bson_iter_t *it)
{
    const uint8_t *data;
    uint32_t len;
    if (!BSON_ITER_HOLDS_DOCUMENT(it))
        return true; /* null: none */
    bson_iter_document(it, &len, &data);
    s->has_intent = bson_init_static(&s->intent, data, len);
    s->held = s->has_intent && bson_has_field(&s->intent, "hold");
    return s->has_intent;
}

static bool take_fields(struct hc_slot_document *s)
{
    bson_iter_t it;
    bool fine = bson_iter_init(&it, &s->doc);
    while (fine && bson_iter_next(&it)) {
        const char *key = bson_iter_key(&it);
        if (strcmp(key, "v") == 0)
            s->now.v = bson_iter_as_int64(&it);
        else if (strcmp(key, "zone") == 0 && BSON_ITER_HOLDS_UTF8(&it))
            bson_strncpy(s->now.zone, bson_iter_utf8(&it, NULL), sizeof s->now.zone);
        else if (strcmp(key, "zg") == 0)
            s->now.zone_generation = (int32_t)bson_iter_as_int64(&it);
        else if (strcmp(key, "floor") == 0)
            s->now.floor = (int32_t)bson_iter_as_int64(&it);
        else if (strcmp(key, "intent") == 0)
            fine = take_intent(s, &it);
    }
    return fine;
}

enum hc_err hc_slot_read(struct hc_db *db, int which, struct hc_slot_document *s, struct hc_error *err)
{
    memset(s, 0, sizeof *s);
    bson_init(&s->doc);
    s->now.slot = which;
    bson_t *filter = BCON_NEW("_id", BCON_INT32(which));
    bson_t *opts = BCON_NEW("projection", "{", "sum", BCON_INT32(0), "}", "maxTimeMS", BCON_INT32(READ_MS));
    enum hc_err e = hc_db_find_one(db, HC_SLOTS, filter, opts, &s->doc, err);
    if (e == HC_ENOTFOUND) {
        hc_store_forget_schema(db->store);
        e = hc_fail(err, HC_ESTORE, "slot", "the document of slot %d is missing in hc_slots", which);
    }
    if (e == HC_OK && !take_fields(s))
        e = hc_fail(err, HC_EINTERNAL, "slot", "the intent of slot %d makes no sense", which);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

int64_t hc_slot_intent_age(const bson_t *intent)
{
    bson_iter_t it;
    if (!bson_iter_init_find(&it, intent, "at") || !BSON_ITER_HOLDS_DATE_TIME(&it))
        return INT64_MAX;
    int64_t age = hc_now_ms() - bson_iter_date_time(&it);
    if (age < 0 && age > -HC_HOLD_MS) /* written by a machine whose clock is a little ahead */
        age = 0;
    return age >= 0 ? age : INT64_MAX;
}

/* ---- storing ---- */

enum hc_err hc_slot_store_intent(struct hc_db *db, int which, int64_t v, const bson_t *intent, bool *won,
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

/* ---- the commit ---- */

/* Appends every number below `it` as "sum.a.b": n. Keys were checked before the
 * intent was stored: none is empty or has a dot. */
static void flatten(bson_t *inc, const char *prefix, bson_iter_t *it)
{
    char path[PATH_MAX_LEN];
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

/* drop: {"day.20000": true} -> $unset {"sum.day.20000": ""} */
static void append_drop(bson_t *update, const bson_t *intent)
{
    bson_iter_t it, drop;
    bson_t unset = BSON_INITIALIZER;
    char path[PATH_MAX_LEN];
    if (bson_iter_init_find(&it, intent, "drop") && bson_iter_recurse(&it, &drop))
        while (bson_iter_next(&drop)) {
            snprintf(path, sizeof path, "sum.%s", bson_iter_key(&drop));
            bson_append_utf8(&unset, path, -1, "", 0);
        }
    if (!bson_empty(&unset))
        bson_append_document(update, "$unset", 6, &unset);
    bson_destroy(&unset);
}

static void append_set(bson_t *update, const bson_t *intent, int64_t v)
{
    bson_iter_t it, fields;
    bson_t set = BSON_INITIALIZER;
    BCON_APPEND(&set, "v", BCON_INT64(v), "intent", BCON_NULL);
    if (bson_iter_init_find(&it, intent, "slot") && bson_iter_recurse(&it, &fields))
        while (bson_iter_next(&fields))
            bson_append_iter(&set, NULL, 0, &fields);
    bson_append_document(update, "$set", 4, &set);
    bson_destroy(&set);
}

enum hc_err hc_slot_commit(struct hc_db *db, int which, const bson_t *intent, bool *won, struct hc_error *err)
{
    bson_iter_t it;
    int64_t matched = 0;
    if (!bson_iter_init_find(&it, intent, "v"))
        return hc_fail(err, HC_EINTERNAL, "slot", "an intent without a version");
    int64_t v = bson_iter_as_int64(&it);
    if (!bson_iter_init_find(&it, intent, "id"))
        return hc_fail(err, HC_EINTERNAL, "slot", "an intent without an id");
    bson_t filter = BSON_INITIALIZER, update = BSON_INITIALIZER;
    bson_append_int32(&filter, "_id", 3, which);
    bson_append_value(&filter, "intent.id", -1, bson_iter_value(&it));
    append_delta(&update, intent);
    append_drop(&update, intent);
    append_set(&update, intent, v);
    /* No match: somebody else finished it, with the same effect. */
    enum hc_err e = hc_db_update_one(db, HC_SLOTS, &filter, &update, &matched, err);
    if (won)
        *won = matched == 1;
    bson_destroy(&filter);
    bson_destroy(&update);
    return e;
}
