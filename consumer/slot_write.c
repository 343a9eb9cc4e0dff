/* See slot.h. This file: carrying out an intent's writes, a table of small ones. */
#include <stdio.h>
#include <string.h>

#include "failpoint.h"
#include "slot.h"
#include "slot_users.h"

/* {op: "chunk", job, word, bit}: sets the chunk's done bit, and its started bit with it, so that the two
 * rows agree whatever a failover took back. Setting a set bit changes nothing. */
static enum hc_err write_chunk(struct hc_db *db, const bson_t *doc, struct hc_error *err)
{
    bson_iter_t it, *write = &it;
    bson_iter_init(write, doc);
    const char *job = NULL;
    int64_t word = -1, bit = 0;
    while (bson_iter_next(write)) {
        const char *key = bson_iter_key(write);
        if (strcmp(key, "job") == 0 && BSON_ITER_HOLDS_UTF8(write))
            job = bson_iter_utf8(write, NULL);
        else if (strcmp(key, "word") == 0)
            word = bson_iter_as_int64(write);
        else if (strcmp(key, "bit") == 0)
            bit = bson_iter_as_int64(write);
    }
    if (!job || word < 0 || bit <= 0)
        return hc_fail(err, HC_EINTERNAL, "slot", "an intent's chunk makes no sense");
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(job));
    char started[32], done[32];
    snprintf(started, sizeof started, "started.%lld", (long long)word);
    snprintf(done, sizeof done, "done.%lld", (long long)word);
    bson_t *update = BCON_NEW("$bit", "{", done, "{", "or", BCON_INT64(bit), "}", started, "{", "or",
                              BCON_INT64(bit), "}", "}");
    enum hc_err e = hc_db_update_one(db, HC_JOBS, filter, update, NULL, err);
    bson_destroy(filter);
    bson_destroy(update);
    return e;
}

static const struct op {
    const char *name;
    enum hc_err (*carry_out)(struct hc_db *db, const bson_t *write, struct hc_error *err);
} OPS[] = {
    {"chunk", write_chunk},
    {"graves", hc_slot_write_graves},
    {"activities", hc_slot_write_activities},
    {"users", hc_slot_write_users},
    {"usage", hc_slot_write_usage},
    {"remove", hc_slot_write_removals},
};

static enum hc_err carry_out_one(struct hc_db *db, bson_iter_t *item, struct hc_error *err)
{
    bson_iter_t name;
    bson_t write;
    const uint8_t *data;
    uint32_t len;
    if (!BSON_ITER_HOLDS_DOCUMENT(item))
        return hc_fail(err, HC_EINTERNAL, "slot", "an intent's write makes no sense");
    bson_iter_document(item, &len, &data);
    if (!bson_init_static(&write, data, len) || !bson_iter_init_find(&name, &write, "op") ||
        !BSON_ITER_HOLDS_UTF8(&name))
        return hc_fail(err, HC_EINTERNAL, "slot", "an intent's write makes no sense");
    for (size_t o = 0; o < sizeof OPS / sizeof *OPS; o++)
        if (strcmp(bson_iter_utf8(&name, NULL), OPS[o].name) == 0)
            return OPS[o].carry_out(db, &write, err);
    return hc_fail(err, HC_ENEWER, "slot",
                   "an intent of a newer Headcount stands; only that one can finish it");
}

enum hc_err hc_slot_carry_out(struct hc_db *db, const bson_t *intent, struct hc_error *err)
{
    bson_iter_t it, item;
    if (!bson_iter_init_find(&it, intent, "writes") || !bson_iter_recurse(&it, &item))
        return hc_fail(err, HC_EINTERNAL, "slot", "an intent without writes");
    enum hc_err e = HC_OK;
    while (e == HC_OK && bson_iter_next(&item)) {
        e = carry_out_one(db, &item, err);
        HC_FAILPOINT("count.carrying");
    }
    return e;
}
