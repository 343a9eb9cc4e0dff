/* See store.h. This file: many documents at once. */
#include "log.h"
#include "store.h"
#include "store_error.h"

/* Walks a cursor to its end and frees it. */
static enum hc_err walk(mongoc_cursor_t *cursor, bool (*each)(void *ctx, const bson_t *doc), void *ctx,
                        struct hc_error *err)
{
    const bson_t *doc, *reply;
    bson_error_t why;
    bool on = true;
    while (on && mongoc_cursor_next(cursor, &doc))
        on = each(ctx, doc);
    enum hc_err e =
        mongoc_cursor_error_document(cursor, &why, &reply) ? hc_store_fail(err, &why, reply, false) : HC_OK;
    mongoc_cursor_destroy(cursor);
    return e;
}

enum hc_err hc_db_each(struct hc_db *db, enum hc_collection which, const bson_t *filter, const bson_t *opts,
                       bool (*each)(void *ctx, const bson_t *doc), void *ctx, struct hc_error *err)
{
    bson_t *all = hc_db_opts(db, opts);
    enum hc_err e = walk(mongoc_collection_find_with_opts(hc_db_collection(db, which), filter, all, NULL),
                         each, ctx, err);
    bson_destroy(all);
    return e;
}

enum hc_err hc_db_aggregate(struct hc_db *db, enum hc_collection which, const bson_t *pipeline,
                            const bson_t *opts, bool (*each)(void *ctx, const bson_t *doc), void *ctx,
                            struct hc_error *err)
{
    bson_t *all = hc_db_opts(db, opts);
    enum hc_err e =
        walk(mongoc_collection_aggregate(hc_db_collection(db, which), MONGOC_QUERY_NONE, pipeline, all, NULL),
             each, ctx, err);
    bson_destroy(all);
    return e;
}

enum hc_err hc_db_count(struct hc_db *db, enum hc_collection which, const bson_t *filter, const bson_t *opts,
                        int64_t *n, struct hc_error *err)
{
    bson_error_t why;
    bson_t reply;
    bson_t *all = hc_db_opts(db, opts);
    *n = mongoc_collection_count_documents(hc_db_collection(db, which), filter, all, NULL, &reply, &why);
    enum hc_err e = *n < 0 ? hc_store_fail(err, &why, &reply, false) : HC_OK;
    bson_destroy(&reply);
    bson_destroy(all);
    return e;
}

/* ---- what a reply complains of ---- */

/* The first code among writeErrors that is no duplicate; 0: none. *any: there were errors at all. */
static int64_t first_refusal(const bson_t *reply, bool *any)
{
    bson_iter_t it, list, entry;
    int64_t first = 0;
    *any = false;
    if (!bson_iter_init_find(&it, reply, "writeErrors") || !bson_iter_recurse(&it, &list))
        return 0;
    while (bson_iter_next(&list)) {
        *any = true;
        int64_t code = -1;
        if (bson_iter_recurse(&list, &entry) && bson_iter_find(&entry, "code"))
            code = bson_iter_as_int64(&entry);
        if (code != HC_MONGO_DUPLICATE && first == 0)
            first = code;
    }
    return first;
}

static bool lacks_majority(const bson_t *reply)
{
    bson_iter_t it, list;
    return bson_iter_init_find(&it, reply, "writeConcernErrors") && bson_iter_recurse(&it, &list) &&
           bson_iter_next(&list);
}

/* Every entry is read by its code; a write concern that was not met counts as not written. */
static enum hc_err read_reply(const bson_t *reply, bool ok, const bson_error_t *why, struct hc_error *err)
{
    bool complained;
    int64_t code = first_refusal(reply, &complained);
    if (code != 0) {
        hc_log(HC_LOG_WARN, "store.refused", "the database did not take a write", HC_INT("code", code), NULL);
        return hc_fail(err, hc_mongo_code_is_transient(code) ? HC_ESTORE : HC_EINTERNAL, "mongodb",
                       "the database did not take a write (code %lld)", (long long)code);
    }
    if (lacks_majority(reply))
        return hc_fail(err, HC_EOUTCOME, "mongodb", "the database did not confirm a write on the majority");
    return ok || complained ? HC_OK : hc_store_fail(err, why, reply, true);
}

/* ---- writing ---- */

enum hc_err hc_db_insert_all(struct hc_db *db, enum hc_collection which, const bson_t **docs, size_t n,
                             struct hc_error *err)
{
    if (n == 0)
        return HC_OK;
    bson_t *opts = hc_db_opts(db, NULL);
    BCON_APPEND(opts, "ordered", BCON_BOOL(false), "validate", BCON_BOOL(false));
    bson_t reply;
    bson_error_t why;
    bool ok = mongoc_collection_insert_many(hc_db_collection(db, which), docs, n, opts, &reply, &why);
    enum hc_err e = read_reply(&reply, ok, &why, err);
    bson_destroy(&reply);
    bson_destroy(opts);
    return e;
}

mongoc_bulk_operation_t *hc_db_bulk(struct hc_db *db, enum hc_collection which)
{
    bson_t *opts = hc_db_opts(db, NULL);
    BCON_APPEND(opts, "ordered", BCON_BOOL(false));
    mongoc_bulk_operation_t *bulk =
        mongoc_collection_create_bulk_operation_with_opts(hc_db_collection(db, which), opts);
    bson_destroy(opts);
    return bulk;
}

enum hc_err hc_db_run_bulk(mongoc_bulk_operation_t *bulk, size_t operations, int64_t *matched,
                           struct hc_error *err)
{
    enum hc_err e = HC_OK;
    if (matched)
        *matched = 0;
    if (operations > 0) {
        bson_t reply;
        bson_error_t why;
        bson_iter_t it;
        bool ok = mongoc_bulk_operation_execute(bulk, &reply, &why) != 0;
        e = read_reply(&reply, ok, &why, err);
        if (e == HC_OK && matched && bson_iter_init_find(&it, &reply, "nMatched"))
            *matched = bson_iter_as_int64(&it);
        bson_destroy(&reply);
    }
    mongoc_bulk_operation_destroy(bulk);
    return e;
}

enum hc_err hc_db_update_many(struct hc_db *db, enum hc_collection which, const bson_t *filter,
                              const bson_t *update, struct hc_error *err)
{
    bson_t reply;
    bson_error_t why;
    bson_t *opts = hc_db_opts(db, NULL);
    bool ok = mongoc_collection_update_many(hc_db_collection(db, which), filter, update, opts, &reply, &why);
    enum hc_err e = ok ? HC_OK : hc_store_fail(err, &why, &reply, true);
    bson_destroy(&reply);
    bson_destroy(opts);
    return e;
}

enum hc_err hc_db_delete_many(struct hc_db *db, enum hc_collection which, const bson_t *filter,
                              struct hc_error *err)
{
    bson_t reply;
    bson_error_t why;
    bson_t *opts = hc_db_opts(db, NULL);
    bool ok = mongoc_collection_delete_many(hc_db_collection(db, which), filter, opts, &reply, &why);
    enum hc_err e = ok ? HC_OK : hc_store_fail(err, &why, &reply, true);
    bson_destroy(&reply);
    bson_destroy(opts);
    return e;
}
