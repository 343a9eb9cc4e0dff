/* See schema.h. */
#include "schema.h"

#include <string.h>

#include "clock.h"
#include "counters.h"
#include "log.h"
#include "store_error.h"
#include "zone.h"

/* The fewest indexes that serve every query: each one is paid at every insert
 * into users. Lists of users, newest first, run on _id alone; LISTS has the others. */
static const struct index {
    enum hc_collection collection;
    const char *name, *field;
    int direction;
    const char *second; /* a second field, descending, but _id ascending; NULL: none */
    bool unique;
    const char *only; /* partial: documents whose field of this name is a text */
    int64_t life_s;   /* documents go this long after the field's time; -1: they stay */
} INDEXES[] = {
    {HC_USERS, "email_1", "email", 1, NULL, true, NULL, -1},
    {HC_USERS, "due_1", "_hc.due", 1, NULL, false, "_hc.due",
     -1}, /* what is to be looked at; generated users have none */
    {HC_ACTIVITIES, "user_1_requestTime_-1", "user", 1, "requestTime", false, NULL, -1},
    {HC_USAGE, "n_-1__id_1", "n", -1, "_id", false, NULL, -1},
    {HC_JOBS, "hash_1", "hash", 1, NULL, true, NULL, -1}, /* _id prefixes of two jobs must never meet */
    {HC_JOBS, "open_1", "open", 1, NULL, false, NULL, -1},
    {HC_JOBS, "createdAt_-1", "createdAt", -1, NULL, false, NULL, -1},
    {HC_TOMBSTONES, "at_1", "at", 1, NULL, false, NULL, 14 * 86400},
    {HC_SAMPLES, "expireAt_1", "expireAt", 1, NULL, false, NULL, 0},
};

/* The orders that lists of users have besides _id, each with _id behind what may be equal; and the words that
 * searches find. All ascending: an index is read from either end. What each costs: docs/decisions.md. */
static const struct list_index {
    const char *name;
    const char *fields[3];
} LISTS[] = {
    {"country_1__id_1", {"country", "_id"}},
    {"name_1__id_1", {"name", "_id"}},
    {"country_1_name_1__id_1", {"country", "name", "_id"}},
    {"country_1_email_1", {"country", "email"}},
    {"search_1", {"_hc.s"}},
};

static void append_list_index(bson_t *list, const struct list_index *ix)
{
    bson_t item, key;
    bson_append_document_begin(list, "0", 1, &item);
    bson_append_document_begin(&item, "key", 3, &key);
    for (size_t i = 0; i < 3 && ix->fields[i]; i++)
        bson_append_int32(&key, ix->fields[i], -1, 1);
    bson_append_document_end(&item, &key);
    bson_append_utf8(&item, "name", 4, ix->name, -1);
    bson_append_document_end(list, &item);
}

static void append_index(bson_t *list, const struct index *ix)
{
    bson_t item, key;
    bson_append_document_begin(list, "0", 1, &item);
    bson_append_document_begin(&item, "key", 3, &key);
    bson_append_int32(&key, ix->field, -1, ix->direction);
    if (ix->second)
        bson_append_int32(&key, ix->second, -1, strcmp(ix->second, "_id") == 0 ? 1 : -1);
    bson_append_document_end(&item, &key);
    bson_append_utf8(&item, "name", 4, ix->name, -1);
    if (ix->unique)
        bson_append_bool(&item, "unique", 6, true);
    if (ix->only)
        BCON_APPEND(&item, "partialFilterExpression", "{", ix->only, "{", "$gt", BCON_UTF8(""), "}", "}");
    if (ix->life_s >= 0)
        bson_append_int64(&item, "expireAfterSeconds", -1, ix->life_s);
    bson_append_document_end(list, &item);
}

/* Creates either ix or lists. */
static enum hc_err create_index(struct hc_db *db, const struct index *ix, const struct list_index *lists,
                                struct hc_error *err)
{
    enum hc_collection which = ix ? ix->collection : HC_USERS;
    bson_t command = BSON_INITIALIZER;
    bson_append_utf8(&command, "createIndexes", -1, hc_collection_name(which), -1);
    bson_t list;
    bson_append_array_begin(&command, "indexes", -1, &list);
    if (ix)
        append_index(&list, ix);
    else
        append_list_index(&list, lists);
    bson_append_array_end(&command, &list);
    bson_error_t why;
    bson_t reply;
    mongoc_collection_t *c = hc_db_collection(db, which);
    bool ok = mongoc_collection_write_command_with_opts(c, &command, NULL, &reply, &why);
    enum hc_err e = ok ? HC_OK : hc_store_fail(err, &why, &reply, false);
    bson_destroy(&reply);
    bson_destroy(&command);
    return e;
}

/* Inserts unless a document with that _id stands. */
static enum hc_err insert_once(struct hc_db *db, enum hc_collection which, const bson_t *doc,
                               struct hc_error *err)
{
    enum hc_err e = hc_db_insert(db, which, doc, err);
    return e == HC_ECONFLICT ? HC_OK : e;
}

/* A slot's days are those of its zone; zg grows with each change of it. Versions begin at the time, so that
 * users who outlived their slots can't have been counted at a later one. */
static enum hc_err create_slots(struct hc_db *db, struct hc_error *err)
{
    enum hc_err e = HC_OK;
    for (int i = 0; i < HC_SLOT_COUNT && e == HC_OK; i++) {
        bson_t *doc = BCON_NEW("_id", BCON_INT32(i), "v", BCON_INT64(hc_now_ms()), "intent", BCON_NULL,
                               "zone", BCON_UTF8(hc_zone_name()), "zg",
                               BCON_INT32((int32_t)(hc_now_ms() / 60000)), "sum", "{", "}");
        e = insert_once(db, HC_SLOTS, doc, err);
        bson_destroy(doc);
    }
    return e;
}

/* Slots of schema 1 counted no days yet. */
static enum hc_err give_slots_zones(struct hc_db *db, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("zone", BCON_NULL);
    bson_t *update = BCON_NEW("$set", "{", "zone", BCON_UTF8(hc_zone_name()), "zg", BCON_INT32(1), "}");
    bson_error_t why;
    bson_t reply;
    bool ok =
        mongoc_collection_update_many(hc_db_collection(db, HC_SLOTS), filter, update, NULL, &reply, &why);
    enum hc_err e = ok ? HC_OK : hc_store_fail(err, &why, &reply, false);
    bson_destroy(&reply);
    bson_destroy(filter);
    bson_destroy(update);
    return e;
}

/* Says in hc_meta that all is there, whatever version stood there before. */
static enum hc_err note_version(struct hc_db *db, struct hc_error *err)
{
    bson_t *meta = BCON_NEW("_id", "schema", "version", BCON_INT32(HC_SCHEMA_VERSION), "slots",
                            BCON_INT32(HC_SLOT_COUNT));
    bson_t *old = BCON_NEW("_id", "schema", "version", "{", "$lt", BCON_INT32(HC_SCHEMA_VERSION), "}");
    bson_t *update = BCON_NEW("$set", "{", "version", BCON_INT32(HC_SCHEMA_VERSION), "}");
    enum hc_err e = insert_once(db, HC_META, meta, err);
    if (e == HC_OK)
        e = hc_db_update_one(db, HC_META, old, update, NULL, err);
    bson_destroy(meta);
    bson_destroy(old);
    bson_destroy(update);
    if (e == HC_OK)
        hc_log(HC_LOG_INFO, "schema.ready", "indexes and slots are in place",
               HC_INT("version", HC_SCHEMA_VERSION), NULL);
    return e;
}

/* Each part may be there already: a first start that was cut off, or an older schema. */
static enum hc_err create_all(struct hc_db *db, struct hc_error *err)
{
    enum hc_err e = HC_OK;
    for (size_t i = 0; i < sizeof INDEXES / sizeof *INDEXES && e == HC_OK; i++)
        e = create_index(db, &INDEXES[i], NULL, err);
    for (size_t i = 0; i < sizeof LISTS / sizeof *LISTS && e == HC_OK; i++)
        e = create_index(db, NULL, &LISTS[i], err);
    if (e == HC_OK)
        e = create_slots(db, err);
    if (e == HC_OK)
        e = give_slots_zones(db, err);
    return e == HC_OK ? note_version(db, err) : e;
}

/* HC_OK: it is this build's schema. HC_ENOTFOUND: there is none yet, or an older one. */
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
        else if (version < 1 || slots != HC_SLOT_COUNT)
            e = hc_fail(err, HC_EINTERNAL, "mongodb", "the schema's description in hc_meta makes no sense");
        else if (version < HC_SCHEMA_VERSION)
            e = hc_fail(err, HC_ENOTFOUND, NULL, "the schema is an older one");
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
        e = hc_fail(err, HC_ESTORE, "mongodb", "The database (MongoDB) can't be reached right now");
    return e;
}
