/* See slot_users.h. This file: requests, whose devices an intent holds once each. */
#include <stdlib.h>
#include <string.h>

#include "activity.h"
#include "slot_op.h"
#include "slot_users.h"

static bool is_whole(const bson_iter_t *it)
{
    return BSON_ITER_HOLDS_INT(it);
}

/* One item {_id, u, t, at, o, b, d} as the request that it was. The device stays the caller's. */
static bool read_item(const bson_t *item, const struct hc_op_documents *devices, struct hc_activity *a)
{
    bson_iter_t it;
    unsigned seen = 0;
    memset(a, 0, sizeof *a);
    for (bson_iter_init(&it, item); bson_iter_next(&it); seen++) {
        const char *key = bson_iter_key(&it);
        if (strcmp(key, "_id") == 0 && BSON_ITER_HOLDS_OID(&it))
            bson_oid_copy(bson_iter_oid(&it), &a->id);
        else if (strcmp(key, "u") == 0 && BSON_ITER_HOLDS_OID(&it))
            bson_oid_copy(bson_iter_oid(&it), &a->user);
        else if (strcmp(key, "t") == 0 && BSON_ITER_HOLDS_DATE_TIME(&it))
            a->time_ms = bson_iter_date_time(&it);
        else if (strcmp(key, "at") == 0 && BSON_ITER_HOLDS_DATE_TIME(&it))
            a->taken_ms = bson_iter_date_time(&it);
        else if (strcmp(key, "o") == 0 && is_whole(&it))
            a->os = (int)bson_iter_as_int64(&it);
        else if (strcmp(key, "b") == 0 && is_whole(&it))
            a->browser = (int)bson_iter_as_int64(&it);
        else if (strcmp(key, "d") == 0 && is_whole(&it) && bson_iter_as_int64(&it) >= 0 &&
                 bson_iter_as_int64(&it) < (int64_t)devices->count)
            a->device = &devices->docs[bson_iter_as_int64(&it)];
        else
            return false;
    }
    return seen == 7 && a->device != NULL;
}

static enum hc_err insert_items(struct hc_db *db, const struct hc_op_documents *items,
                                const struct hc_op_documents *devices, struct hc_error *err)
{
    bson_t **docs = calloc(items->count + 1, sizeof *docs);
    size_t n = 0;
    enum hc_err e = HC_OK;
    if (!docs)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    while (n < items->count && e == HC_OK) {
        struct hc_activity a;
        if (read_item(&items->docs[n], devices, &a)) {
            docs[n] = bson_new();
            hc_activity_bson(&a, docs[n++]);
        } else {
            e = hc_op_nonsense(err);
        }
    }
    if (e == HC_OK)
        e = hc_db_insert_all(db, HC_ACTIVITIES, (const bson_t **)docs, n, err);
    while (n > 0)
        bson_destroy(docs[--n]);
    free(docs);
    return e;
}

enum hc_err hc_slot_write_activities(struct hc_db *db, const bson_t *write, struct hc_error *err)
{
    struct hc_op_documents items, devices = {.count = 0};
    enum hc_err e = hc_op_open(&items, write, "list", err);
    if (e == HC_OK)
        e = hc_op_open(&devices, write, "devices", err);
    if (e == HC_OK)
        e = insert_items(db, &items, &devices, err);
    hc_op_close(&items);
    hc_op_close(&devices);
    return e;
}
