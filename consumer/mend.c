/* See mend.h. */
#include "mend.h"

#include <string.h>

#include "clock.h"
#include "counters.h"
#include "log.h"
#include "zone.h"

/* ---- sums ---- */

static bool is_key(const char *key)
{
    return key[0] != '\0' && key[0] != '$' && strlen(key) < 64 && !strchr(key, '.');
}

/* A number that a counter can be added to; one typed by hand may be a double. */
static bool is_number(const bson_iter_t *it)
{
    return BSON_ITER_HOLDS_INT(it) ||
           (BSON_ITER_HOLDS_DOUBLE(it) && bson_iter_double(it) > -1e15 && bson_iter_double(it) < 1e15);
}

/* Copies what a counter can be added to. */
static bool copy_sound(bson_iter_t *from, bson_t *to, int depth)
{
    bool sound = true;
    while (bson_iter_next(from)) {
        bson_iter_t below;
        bson_t child;
        const char *key = bson_iter_key(from);
        if (is_key(key) && is_number(from)) {
            bson_append_iter(to, NULL, 0, from);
        } else if (is_key(key) && depth == 0 && BSON_ITER_HOLDS_DOCUMENT(from) &&
                   bson_iter_recurse(from, &below)) {
            bson_append_document_begin(to, key, -1, &child);
            sound &= copy_sound(&below, &child, depth + 1);
            bson_append_document_end(to, &child);
        } else {
            sound = false;
        }
    }
    return sound;
}

bool hc_mend_sum(const bson_t *slot, bson_t *out)
{
    bson_iter_t it, sum;
    if (!bson_iter_init_find(&it, slot, "sum") || !BSON_ITER_HOLDS_DOCUMENT(&it) ||
        !bson_iter_recurse(&it, &sum))
        return false;
    return copy_sound(&sum, out, 0);
}

/* ---- what stands ---- */

struct survey {
    bool seen[HC_SLOT_COUNT];
    int count;
    char zone[HC_ZONE_MAX];
    int64_t zone_generation, floor;
    bson_t spoilt; /* an array of slots as they were read */
    int spoilt_count;
};

static bool look(void *ctx, const bson_t *doc)
{
    struct survey *s = ctx;
    bson_iter_t it;
    bson_t sound = BSON_INITIALIZER;
    int64_t id = bson_iter_init_find(&it, doc, "_id") ? bson_iter_as_int64(&it) : -1;
    if (id >= 0 && id < HC_SLOT_COUNT) {
        s->seen[id] = true;
        s->count++;
        if (bson_iter_init_find(&it, doc, "zone") && BSON_ITER_HOLDS_UTF8(&it))
            bson_strncpy(s->zone, bson_iter_utf8(&it, NULL), sizeof s->zone);
        if (bson_iter_init_find(&it, doc, "zg"))
            s->zone_generation = bson_iter_as_int64(&it);
        if (bson_iter_init_find(&it, doc, "floor"))
            s->floor = bson_iter_as_int64(&it);
        if (!hc_mend_sum(doc, &sound)) {
            char key[16];
            bson_snprintf(key, sizeof key, "%d", s->spoilt_count++);
            bson_append_document(&s->spoilt, key, -1, doc);
        }
    }
    bson_destroy(&sound);
    return true;
}

/* ---- missing ones ---- */

/* When none is left, nobody knows which zone the days in hc_usage are of: a generation that none of them has.
 */
static enum hc_err next_generation(struct hc_db *db, struct survey *s, struct hc_error *err)
{
    bson_t *pipeline = BCON_NEW("pipeline", "[", "{", "$group", "{", "_id", BCON_NULL, "zg", "{", "$max",
                                "$zg", "}", "}", "}", "]");
    bson_t *opts = BCON_NEW("maxTimeMS", BCON_INT32(18000));
    bson_strncpy(s->zone, hc_zone_name(), sizeof s->zone);
    s->zone_generation = 1;
    bson_error_t why;
    const bson_t *reply, *doc;
    bson_iter_t it;
    mongoc_cursor_t *cursor =
        mongoc_collection_aggregate(hc_db_collection(db, HC_USAGE), MONGOC_QUERY_NONE, pipeline, opts, NULL);
    if (mongoc_cursor_next(cursor, &doc) && bson_iter_init_find(&it, doc, "zg"))
        s->zone_generation = bson_iter_as_int64(&it) + 1;
    enum hc_err e =
        mongoc_cursor_error_document(cursor, &why, &reply) ? hc_store_fail(err, &why, reply, false) : HC_OK;
    mongoc_cursor_destroy(cursor);
    bson_destroy(pipeline);
    bson_destroy(opts);
    return e;
}

static enum hc_err make_slot(struct hc_db *db, const struct survey *s, int slot, struct hc_error *err)
{
    bson_t *doc = BCON_NEW("_id", BCON_INT32(slot), "v", BCON_INT64(hc_now_ms()), "intent", BCON_NULL, "zone",
                           BCON_UTF8(s->zone), "zg", BCON_INT32((int32_t)s->zone_generation), "floor",
                           BCON_INT32((int32_t)s->floor), "sum", "{", "}");
    enum hc_err e = hc_db_insert(db, HC_SLOTS, doc, err);
    bson_destroy(doc);
    if (e == HC_OK)
        hc_log(HC_LOG_ERROR, "slot.missing",
               "a slot was deleted by somebody; it is made again and a recount follows", HC_INT("slot", slot),
               NULL);
    return e == HC_ECONFLICT ? HC_OK : e;
}

static enum hc_err make_missing(struct hc_db *db, struct survey *s, bool *rebuild, struct hc_error *err)
{
    enum hc_err e = HC_OK;
    if (s->count == HC_SLOT_COUNT)
        return HC_OK;
    if (s->count == 0) {
        e = next_generation(db, s, err);
        *rebuild = true;
    }
    for (int i = 0; i < HC_SLOT_COUNT && e == HC_OK; i++)
        if (!s->seen[i])
            e = make_slot(db, s, i, err);
    return e;
}

/* ---- spoilt ones ---- */

/* Fits only while nothing was counted and no other intent stands. */
static bson_t *as_it_was(const bson_t *doc)
{
    bson_t *filter = bson_new();
    bson_iter_t it, id;
    if (bson_iter_init_find(&it, doc, "_id"))
        bson_append_iter(filter, NULL, 0, &it);
    if (bson_iter_init_find(&it, doc, "v"))
        bson_append_iter(filter, NULL, 0, &it);
    if (bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, "intent.id", &id))
        bson_append_iter(filter, "intent.id", -1, &id);
    else
        bson_append_null(filter, "intent", -1);
    return filter;
}

static enum hc_err mend_one(struct hc_db *db, const bson_t *doc, struct hc_error *err)
{
    bson_t sound = BSON_INITIALIZER;
    int64_t matched = 0;
    hc_mend_sum(doc, &sound);
    bson_t *filter = as_it_was(doc);
    bson_t *update = BCON_NEW("$set", "{", "sum", BCON_DOCUMENT(&sound), "}");
    enum hc_err e = hc_db_update_one(db, HC_SLOTS, filter, update, &matched, err);
    if (e == HC_OK && matched > 0)
        hc_log(HC_LOG_ERROR, "slot.spoilt",
               "a slot had values that are no counters; they are gone and a recount follows", NULL);
    bson_destroy(&sound);
    bson_destroy(filter);
    bson_destroy(update);
    return e;
}

static enum hc_err mend_spoilt(struct hc_db *db, const struct survey *s, struct hc_error *err)
{
    bson_iter_t it;
    bson_t doc;
    const uint8_t *data;
    uint32_t len;
    enum hc_err e = HC_OK;
    for (bson_iter_init(&it, &s->spoilt); e == HC_OK && bson_iter_next(&it);) {
        bson_iter_document(&it, &len, &data);
        if (bson_init_static(&doc, data, len))
            e = mend_one(db, &doc, err);
    }
    return e;
}

enum hc_err hc_mend_slots(struct hc_db *db, bool *mended, bool *rebuild, struct hc_error *err)
{
    struct survey s = {.count = 0};
    bson_t filter = BSON_INITIALIZER;
    bson_t *opts =
        BCON_NEW("projection", "{", "intent.writes", BCON_INT32(0), "}", "maxTimeMS", BCON_INT32(5000));
    bson_init(&s.spoilt);
    *rebuild = false;
    enum hc_err e = hc_db_each(db, HC_SLOTS, &filter, opts, look, &s, err);
    *mended = e == HC_OK && (s.count < HC_SLOT_COUNT || s.spoilt_count > 0);
    if (e == HC_OK)
        e = make_missing(db, &s, rebuild, err);
    if (e == HC_OK)
        e = mend_spoilt(db, &s, err);
    bson_destroy(opts);
    bson_destroy(&s.spoilt);
    return e;
}
