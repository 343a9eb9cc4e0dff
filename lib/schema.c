/* See schema.h. */
#include "schema.h"

#include "counters.h"
#include "log.h"
#include "store_error.h"

/* The fewest indexes that serve every query: each one is paid at every insert
 * into users. Lists of users, newest first, run on _id alone. */
static const struct index {
    enum hc_collection collection;
    const char *name, *field;
    int direction;
    bool unique;
} INDEXES[] = {
    {HC_USERS, "email_1", "email", 1, true},
    {HC_JOBS, "hash_1", "hash", 1, true}, /* _id prefixes of two jobs must never meet */
    {HC_JOBS, "open_1", "open", 1, false},
    {HC_JOBS, "createdAt_-1", "createdAt", -1, false},
};

static enum hc_err create_index(struct hc_db *db, const struct index *ix, struct hc_error *err)
{
    bson_t command = BSON_INITIALIZER;
    bson_append_utf8(&command, "createIndexes", -1, hc_collection_name(ix->collection), -1);
    bson_t list, item, key;
    bson_append_array_begin(&command, "indexes", -1, &list);
    bson_append_document_begin(&list, "0", 1, &item);
    bson_append_document_begin(&item, "key", 3, &key);
    bson_append_int32(&key, ix->field, -1, ix->direction);
    bson_append_document_end(&item, &key);
    bson_append_utf8(&item, "name", 4, ix->name, -1);
    if (ix->unique)
        bson_append_bool(&item, "unique", 6, true);
    bson_append_document_end(&list, &item);
    bson_append_array_end(&command, &list);
    bson_error_t why;
    bson_t reply;
    mongoc_collection_t *c = hc_db_collection(db, ix->collection);
    bool ok = mongoc_collection_write_command_with_opts(c, &command, NULL, &reply, &why);
    enum hc_err e = ok ? HC_OK : hc_store_fail(err, &why, &reply, false);
    bson_destroy(&reply);
    bson_destroy(&command);
    return e;
}

/* Inserts unless a document with that _id stands. */
static enum hc_err insert_once(struct hc_db *db, enum hc_collection which, const bson_t *doc, struct hc_error *err)
{
    enum hc_err e = hc_db_insert(db, which, doc, err);
    return e == HC_ECONFLICT ? HC_OK : e;
}

static enum hc_err create_slots(struct hc_db *db, struct hc_error *err)
{
    enum hc_err e = HC_OK;
    for (int i = 0; i < HC_SLOT_COUNT && e == HC_OK; i++) {
        bson_t *doc = BCON_NEW("_id", BCON_INT32(i), "v", BCON_INT64(0), "intent", BCON_NULL, "sum", "{", "}");
        e = insert_once(db, HC_SLOTS, doc, err);
        bson_destroy(doc);
    }
    return e;
}

static enum hc_err create_all(struct hc_db *db, struct hc_error *err)
{
    enum hc_err e = HC_OK;
    for (size_t i = 0; i < sizeof INDEXES / sizeof *INDEXES && e == HC_OK; i++)
        e = create_index(db, &INDEXES[i], err);
    if (e == HC_OK)
        e = create_slots(db, err);
    if (e != HC_OK)
        return e;
    bson_t *meta = BCON_NEW("_id", "schema", "version", BCON_INT32(HC_SCHEMA_VERSION), "slots",
                            BCON_INT32(HC_SLOT_COUNT));
    e = insert_once(db, HC_META, meta, err);
    bson_destroy(meta);
    if (e == HC_OK)
        hc_log(HC_LOG_INFO, "schema.ready", "indexes and slots are in place",
               HC_INT("version", HC_SCHEMA_VERSION), NULL);
    return e;
}

/* HC_OK: it is this build's schema. HC_ENOTFOUND: there is none yet. */
static enum hc_err check(struct hc_db *db, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", "schema");
    bson_t meta = BSON_INITIALIZER;
    bson_iter_t it;
    enum hc_err e = hc_db_find_one(db, HC_META, filter, NULL, &meta, err);
    if (e == HC_OK) {
        int64_t version = bson_iter_init_find(&it, &meta, "version") ? bson_iter_as_int64(&it) : -1;
        int64_t slots = bson_iter_init_find(&it, &meta, "slots") ? bson_iter_as_int64(&it) : -1;
        if (version > HC_SCHEMA_VERSION)
            e = hc_fail(err, HC_ENEWER, "mongodb",
                        "this database was written by a newer Headcount (schema %lld, this build knows %d); "
                        "start that one, or give another database in APP_MONGODB_CONNECTION_STRING",
                        (long long)version, HC_SCHEMA_VERSION);
        else if (version != HC_SCHEMA_VERSION || slots != HC_SLOT_COUNT)
            e = hc_fail(err, HC_EINTERNAL, "mongodb", "the schema's description in hc_meta makes no sense");
    }
    bson_destroy(filter);
    bson_destroy(&meta);
    return e;
}

enum hc_err hc_schema_prepare(struct hc_db *db, struct hc_error *err)
{
    enum hc_err e = check(db, err);
    if (e == HC_ENOTFOUND)
        e = create_all(db, err);
    if (e == HC_EOUTCOME)
        e = hc_fail(err, HC_ESTORE, "mongodb", "the database (MongoDB) can't be reached right now");
    return e;
}
