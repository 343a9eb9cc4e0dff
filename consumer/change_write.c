/* See change_write.h. */
#include "change_write.h"

#include <string.h>

#include "clock.h"
#include "ids.h"

#define READ_MS 15000
#define GROUPED_MAX 200000 /* requests that are surely grouped in that time */

/* ---- lists ---- */

static void each_list(struct hc_change_writes *w, void (*act)(bson_t *array))
{
    act(&w->graves.array);
    act(&w->devices.array);
    act(&w->activities.array);
    act(&w->users.array);
    act(&w->usage.array);
    act(&w->removals.array);
}

static void begin(bson_t *array)
{
    bson_init(array);
}

void hc_change_writes_begin(struct hc_change_writes *w)
{
    memset(w, 0, sizeof *w);
    each_list(w, begin);
}

void hc_change_writes_release(struct hc_change_writes *w)
{
    each_list(w, bson_destroy);
}

/* The key of the next item. */
static const char *next_key(struct hc_change_list *list, char key[16], int *len)
{
    const char *text;
    *len = (int)bson_uint32_to_string(list->count++, &text, key, 16);
    return text;
}

static void add_id(struct hc_change_list *list, const bson_oid_t *id)
{
    char key[16];
    int len;
    const char *text = next_key(list, key, &len);
    bson_append_oid(&list->array, text, len, id);
}

static void begin_item(struct hc_change_list *list, bson_t *item)
{
    char key[16];
    int len;
    const char *text = next_key(list, key, &len);
    bson_append_document_begin(&list->array, text, len, item);
}

/* ---- items ---- */

void hc_change_write_user(struct hc_change_writes *w, const struct hc_subject *u, bool counted)
{
    bson_t item;
    begin_item(&w->users, &item);
    BSON_APPEND_OID(&item, "_id", &u->user);
    if (counted) {
        BSON_APPEND_UTF8(&item, "g", hc_gender_name((unsigned)u->gender));
        BSON_APPEND_UTF8(&item, "c", hc_country_at(u->country)->code);
    }
    if (u->due[0])
        BSON_APPEND_UTF8(&item, "due", u->due);
    if (!u->has_k)
        BSON_APPEND_BOOL(&item, "new", true);
    bson_append_document_end(&w->users.array, &item);
}

void hc_change_write_usage(struct hc_change_writes *w, const struct hc_usage_now *usage)
{
    bson_t item;
    begin_item(&w->usage, &item);
    BSON_APPEND_OID(&item, "_id", &usage->user);
    BSON_APPEND_INT64(&item, "n", usage->requests);
    BSON_APPEND_INT32(&item, "day", usage->day);
    BSON_APPEND_DATE_TIME(&item, "last", usage->last_ms);
    BSON_APPEND_INT32(&item, "zg", usage->zone_generation);
    if (usage->fresh)
        BSON_APPEND_BOOL(&item, "new", true);
    bson_append_document_end(&w->usage.array, &item);
}

/* Where this device stands among those of the step, added if it is the first of its kind. Many requests share
 * a few devices, which would be most of an intent. */
static int32_t place_device(struct hc_change_writes *w, const bson_t *device)
{
    char key[16];
    int len;
    uint64_t hash = hc_hash64(bson_get_data(device), device->len) | 1;
    size_t at = hash % HC_CHANGE_PLACES;
    while (w->known[at].hash != 0 && w->known[at].hash != hash)
        at = (at + 1) % HC_CHANGE_PLACES;
    if (w->known[at].hash == 0) {
        w->known[at].hash = hash;
        w->known[at].place = w->devices.count;
        const char *text = next_key(&w->devices, key, &len);
        bson_append_document(&w->devices.array, text, len, device);
    }
    return (int32_t)w->known[at].place;
}

void hc_change_write_activity(struct hc_change_writes *w, const struct hc_activity *a)
{
    bson_t item;
    begin_item(&w->activities, &item);
    BSON_APPEND_OID(&item, "_id", &a->id);
    BSON_APPEND_OID(&item, "u", &a->user);
    BSON_APPEND_DATE_TIME(&item, "t", a->time_ms);
    BSON_APPEND_DATE_TIME(&item, "at", a->taken_ms);
    BSON_APPEND_INT32(&item, "o", a->os);
    BSON_APPEND_INT32(&item, "b", a->browser);
    BSON_APPEND_INT32(&item, "d", place_device(w, a->device));
    bson_append_document_end(&w->activities.array, &item);
}

void hc_change_write_grave(struct hc_change_writes *w, const struct hc_subject *u)
{
    add_id(&w->graves, &u->user);
}

void hc_change_write_removal(struct hc_change_writes *w, const struct hc_subject *u)
{
    add_id(&w->removals, &u->user);
    w->lost |= !u->stands && !u->buried;
}

/* ---- the ops ---- */

struct ops {
    bson_t *writes;
    uint32_t count;
    int64_t v;
};

/* more: a second list of the op, "devices"; NULL: none. lost: whoever carries it out asks for a recount. */
static void add_op(struct ops *ops, const char *name, const char *field, const struct hc_change_list *list,
                   const struct hc_change_list *more, bool lost)
{
    bson_t op;
    char key[16];
    const char *text;
    if (list->count == 0)
        return;
    size_t len = bson_uint32_to_string(ops->count++, &text, key, sizeof key);
    bson_append_document_begin(ops->writes, text, (int)len, &op);
    BSON_APPEND_UTF8(&op, "op", name);
    BSON_APPEND_INT64(&op, "v", ops->v);
    BSON_APPEND_DATE_TIME(&op, "at", hc_now_ms());
    BSON_APPEND_ARRAY(&op, field, &list->array);
    if (more)
        BSON_APPEND_ARRAY(&op, "devices", &more->array);
    if (lost)
        BSON_APPEND_BOOL(&op, "lost", true);
    bson_append_document_end(ops->writes, &op);
}

bool hc_change_writes_end(struct hc_change_writes *w, int64_t v, bson_t *writes)
{
    struct ops ops = {.writes = writes, .v = v};
    add_op(&ops, "graves", "ids", &w->graves, NULL, false);
    add_op(&ops, "activities", "list", &w->activities, &w->devices, false);
    add_op(&ops, "users", "list", &w->users, NULL, false);
    add_op(&ops, "usage", "list", &w->usage, NULL, false);
    add_op(&ops, "remove", "ids", &w->removals, NULL, w->lost);
    return ops.count > 0;
}

/* ---- the devices of those who go ---- */

static bool take_device(void *ctx, const bson_t *doc)
{
    bson_iter_t it, found;
    int64_t os = -1, browser = -1, n = 0;
    if (bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, "_id.o", &found) &&
        BSON_ITER_HOLDS_INT(&found))
        os = bson_iter_as_int64(&found);
    if (bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, "_id.b", &found) &&
        BSON_ITER_HOLDS_INT(&found))
        browser = bson_iter_as_int64(&found);
    if (bson_iter_init_find(&it, doc, "n"))
        n = bson_iter_as_int64(&it);
    if (os >= 0 && browser >= 0) /* else it was written by somebody else and never counted */
        hc_tally_device(ctx, (int)os, (int)browser, -n);
    return true;
}

/* One request of somebody who made very many. */
static bool take_request(void *ctx, const bson_t *doc)
{
    bson_iter_t it, os, browser;
    if (bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, "_hc.o", &os) &&
        BSON_ITER_HOLDS_INT(&os) && bson_iter_init(&it, doc) &&
        bson_iter_find_descendant(&it, "_hc.b", &browser) && BSON_ITER_HOLDS_INT(&browser))
        hc_tally_device(ctx, (int)bson_iter_as_int64(&os), (int)bson_iter_as_int64(&browser), -1);
    return true;
}

static enum hc_err read_one_by_one(struct hc_db *db, const bson_t *users, struct hc_tally *tally,
                                   struct hc_error *err)
{
    bson_t *filter = BCON_NEW("user", "{", "$in", BCON_ARRAY(users), "}");
    bson_t *opts = BCON_NEW("projection", "{", "_hc", BCON_INT32(1), "}", "batchSize", BCON_INT32(5000),
                            "hint", "user_1_requestTime_-1");
    enum hc_err e = hc_db_each(db, HC_ACTIVITIES, filter, opts, take_request, tally, err);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

enum hc_err hc_change_read_devices(struct hc_db *db, const bson_t *users, int64_t requests,
                                   struct hc_tally *tally, struct hc_error *err)
{
    if (requests > GROUPED_MAX)
        return read_one_by_one(db, users, tally, err);
    bson_t *pipeline = BCON_NEW("pipeline", "[", "{", "$match", "{", "user", "{", "$in", BCON_ARRAY(users),
                                "}", "}", "}", "{", "$group", "{", "_id", "{", "o", "$_hc.o", "b", "$_hc.b",
                                "}", "n", "{", "$sum", BCON_INT32(1), "}", "}", "}", "]");
    bson_t *opts = BCON_NEW("hint", "user_1_requestTime_-1", "maxTimeMS", BCON_INT32(READ_MS));
    enum hc_err e = hc_db_aggregate(db, HC_ACTIVITIES, pipeline, opts, take_device, tally, err);
    bson_destroy(pipeline);
    bson_destroy(opts);
    return e;
}
