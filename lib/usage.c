/* See usage.h. */
#include "usage.h"

#define BATCH 1000

struct list {
    struct hc_usage *out;
    size_t max;
    size_t *count;
};

/* Leaves out what has no requests yet, and what was never ours. */
static bool read_one(void *ctx, const bson_t *doc)
{
    struct list *list = ctx;
    struct hc_usage one = {0};
    bson_iter_t it;
    if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
        return true;
    bson_oid_copy(bson_iter_oid(&it), &one.user);
    if (bson_iter_init_find(&it, doc, "n"))
        one.requests = bson_iter_as_int64(&it);
    if (bson_iter_init_find(&it, doc, "last") && BSON_ITER_HOLDS_DATE_TIME(&it))
        one.last_ms = bson_iter_date_time(&it);
    if (one.requests > 0)
        list->out[(*list->count)++] = one;
    return *list->count < list->max;
}

enum hc_err hc_usage_of(struct hc_db *db, const bson_oid_t *ids, size_t n, int left_ms, struct hc_usage *out,
                        size_t *count, struct hc_error *err)
{
    *count = 0;
    if (n == 0)
        return HC_OK;
    if (n > HC_USAGE_IDS_MAX)
        return hc_fail(err, HC_EINTERNAL, NULL, "More users than one look at their requests takes");
    bson_t filter = BSON_INITIALIZER, id, list;
    bson_append_document_begin(&filter, "_id", 3, &id);
    bson_append_array_begin(&id, "$in", 3, &list);
    for (size_t i = 0; i < n; i++) {
        char text[16];
        const char *key;
        size_t len = bson_uint32_to_string((uint32_t)i, &key, text, sizeof text);
        bson_append_oid(&list, key, (int)len, &ids[i]);
    }
    bson_append_array_end(&id, &list);
    bson_append_document_end(&filter, &id);
    bson_t *opts =
        BCON_NEW("hint", "{", "_id", BCON_INT32(1), "}", "projection", "{", "n", BCON_INT32(1), "last",
                 BCON_INT32(1), "}", "batchSize", BCON_INT32(BATCH), "maxTimeMS", BCON_INT32(left_ms));
    struct list found = {out, n, count};
    enum hc_err e = hc_db_each(db, HC_USAGE, &filter, opts, read_one, &found, err);
    bson_destroy(opts);
    bson_destroy(&filter);
    return e;
}

/* The index gives the order, ties too: all is not sorted each time, also while most users have one request
 * each. The range makes FerretDB use it so. */
enum hc_err hc_usage_top(struct hc_db *db, size_t max, int left_ms, struct hc_usage *out, size_t *count,
                         struct hc_error *err)
{
    bson_t *filter = BCON_NEW("n", "{", "$gt", BCON_INT32(0), "}");
    bson_t *opts = BCON_NEW("hint", "{", "n", BCON_INT32(-1), "_id", BCON_INT32(1), "}", "sort", "{", "n",
                            BCON_INT32(-1), "_id", BCON_INT32(1), "}", "projection", "{", "n", BCON_INT32(1),
                            "last", BCON_INT32(1), "}", "limit", BCON_INT64((int64_t)max), "batchSize",
                            BCON_INT32(BATCH), "maxTimeMS", BCON_INT32(left_ms));
    struct list found = {out, max, count};
    *count = 0;
    enum hc_err e = max > 0 ? hc_db_each(db, HC_USAGE, filter, opts, read_one, &found, err) : HC_OK;
    bson_destroy(opts);
    bson_destroy(filter);
    return e;
}
