/* See store.h. This file: one document at a time. */
#include "clock.h"
#include "ids.h"
#include "store.h"
#include "store_error.h"

#define TRIES 6

/* True when a write was undone because another one stood in its way: nothing was done, and it is to be made
 * again, up to TRIES in all. Then the reply is released, and a moment has passed. */
static bool makes_again(const bson_error_t *why, bson_t *reply, int tries)
{
    if (tries >= TRIES || !hc_store_was_undone(why))
        return false;
    bson_destroy(reply);
    hc_sleep_ms(1 + (int)(hc_random_token() % (UINT64_C(4) << tries)));
    return true;
}

enum hc_err hc_db_find_one(struct hc_db *db, enum hc_collection which, const bson_t *filter,
                           const bson_t *opts, bson_t *found, struct hc_error *err)
{
    bson_t *all = hc_db_opts(db, opts);
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(hc_db_collection(db, which), filter, all, NULL);
    const bson_t *doc;
    enum hc_err e = HC_OK;
    if (mongoc_cursor_next(cursor, &doc)) {
        bson_destroy(found);
        bson_copy_to(doc, found);
    } else {
        bson_error_t why;
        const bson_t *reply;
        e = mongoc_cursor_error_document(cursor, &why, &reply)
                ? hc_store_fail(err, &why, reply, false)
                : hc_fail(err, HC_ENOTFOUND, NULL, "there is no such document");
    }
    mongoc_cursor_destroy(cursor);
    bson_destroy(all);
    return e;
}

/* The document that findAndModify answers with, or HC_ENOTFOUND. */
static enum hc_err take_value(const bson_t *reply, bson_t *found, struct hc_error *err)
{
    bson_iter_t it;
    const uint8_t *data;
    uint32_t len;
    bson_t value;
    if (!bson_iter_init_find(&it, reply, "value") || !BSON_ITER_HOLDS_DOCUMENT(&it))
        return hc_fail(err, HC_ENOTFOUND, NULL, "there is no such document");
    bson_iter_document(&it, &len, &data);
    if (!bson_init_static(&value, data, len))
        return hc_fail(err, HC_EINTERNAL, NULL, "the database answered with a broken document");
    bson_destroy(found);
    bson_copy_to(&value, found);
    return HC_OK;
}

enum hc_err hc_db_find_and_modify(struct hc_db *db, enum hc_collection which, const bson_t *filter,
                                  const bson_t *update, bool upsert, bson_t *found, struct hc_error *err)
{
    mongoc_find_and_modify_opts_t *opts = mongoc_find_and_modify_opts_new();
    mongoc_find_and_modify_opts_set_update(opts, update);
    mongoc_find_and_modify_opts_set_flags(opts, MONGOC_FIND_AND_MODIFY_RETURN_NEW |
                                                    (upsert ? MONGOC_FIND_AND_MODIFY_UPSERT : 0));
    bson_t *more = hc_db_opts(db, NULL);
    mongoc_find_and_modify_opts_append(opts, more);
    bson_t reply;
    bson_error_t why;
    bool ok = false;
    for (int tries = 0; tries == 0 || (!ok && makes_again(&why, &reply, tries)); tries++)
        ok = mongoc_collection_find_and_modify_with_opts(hc_db_collection(db, which), filter, opts, &reply,
                                                         &why);
    enum hc_err e = ok ? take_value(&reply, found, err) : hc_store_fail(err, &why, &reply, true);
    bson_destroy(&reply);
    mongoc_find_and_modify_opts_destroy(opts);
    bson_destroy(more);
    return e;
}

enum hc_err hc_db_update_one(struct hc_db *db, enum hc_collection which, const bson_t *filter,
                             const bson_t *update, int64_t *matched, struct hc_error *err)
{
    bson_t reply;
    bson_error_t why;
    bson_iter_t it;
    enum hc_err e = HC_OK;
    bson_t *opts = hc_db_opts(db, NULL);
    bool ok = false;
    for (int tries = 0; tries == 0 || (!ok && makes_again(&why, &reply, tries)); tries++)
        ok = mongoc_collection_update_one(hc_db_collection(db, which), filter, update, opts, &reply, &why);
    if (!ok)
        e = hc_store_fail(err, &why, &reply, true);
    else if (matched)
        *matched = bson_iter_init_find(&it, &reply, "matchedCount") ? bson_iter_as_int64(&it) : 0;
    bson_destroy(&reply);
    bson_destroy(opts);
    return e;
}

enum hc_err hc_db_insert(struct hc_db *db, enum hc_collection which, const bson_t *doc, struct hc_error *err)
{
    bson_t reply;
    bson_error_t why;
    bson_t *opts = hc_db_opts(db, NULL);
    bool ok = false;
    for (int tries = 0; tries == 0 || (!ok && makes_again(&why, &reply, tries)); tries++)
        ok = mongoc_collection_insert_one(hc_db_collection(db, which), doc, opts, &reply, &why);
    enum hc_err e = ok ? HC_OK : hc_store_fail(err, &why, &reply, true);
    bson_destroy(&reply);
    bson_destroy(opts);
    return e;
}
