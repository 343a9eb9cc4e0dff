/* See people.h. */
#include "people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failpoint.h"
#include "log.h"
#include "store_error.h"
#include "user.h"

/* Documents of one insert command. */
struct batch {
    const struct hc_people *people;
    uint32_t first; /* index of the first user in the job */
    uint32_t count;
    bson_t *docs;        /* count of them, initialised */
    const bson_t **list; /* pointers to them, for the driver */
    bool *duplicate;     /* the server knows this _id or e-mail already */
};

static enum hc_err batch_make(struct batch *b, struct hc_error *err)
{
    b->docs = calloc(b->count, sizeof *b->docs);
    b->list = calloc(b->count, sizeof *b->list);
    b->duplicate = calloc(b->count, sizeof *b->duplicate);
    if (!b->docs || !b->list || !b->duplicate)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    for (uint32_t i = 0; i < b->count; i++) {
        struct hc_person person;
        hc_person_make(b->people, b->first + i, &person);
        bson_init(&b->docs[i]);
        hc_user_from_person(&b->docs[i], &person);
        b->list[i] = &b->docs[i];
    }
    return HC_OK;
}

static void batch_release(struct batch *b)
{
    for (uint32_t i = 0; b->list && i < b->count && b->list[i]; i++)
        bson_destroy(&b->docs[i]);
    free(b->docs);
    free(b->list);
    free(b->duplicate);
}

/* One entry of writeErrors: by its code a duplicate, something that passes, or a refusal. */
static enum hc_err read_write_error(struct batch *b, bson_iter_t *entry, struct hc_error *err)
{
    int64_t code = 0, index = -1;
    while (bson_iter_next(entry)) {
        if (strcmp(bson_iter_key(entry), "code") == 0)
            code = bson_iter_as_int64(entry);
        else if (strcmp(bson_iter_key(entry), "index") == 0)
            index = bson_iter_as_int64(entry);
    }
    if (code == HC_MONGO_DUPLICATE && index >= 0 && index < b->count) {
        b->duplicate[index] = true;
        return HC_OK;
    }
    hc_log(HC_LOG_WARN, "people.refused", "the database did not take a user", HC_INT("code", code), NULL);
    return hc_fail(err, HC_ESTORE, "mongodb", "the database did not take a user (code %lld)",
                   (long long)code);
}

/* Reads all that the reply complains of. A write concern that was not met counts as not written. */
static enum hc_err read_reply(struct batch *b, const bson_t *reply, bool ok, const bson_error_t *why,
                              struct hc_error *err)
{
    bson_iter_t it, list, entry;
    bool complained = false;
    enum hc_err e = HC_OK;
    if (bson_iter_init_find(&it, reply, "writeErrors") && bson_iter_recurse(&it, &list))
        while (e == HC_OK && bson_iter_next(&list) && bson_iter_recurse(&list, &entry)) {
            complained = true;
            e = read_write_error(b, &entry, err);
        }
    bool concern = bson_iter_init_find(&it, reply, "writeConcernErrors") && bson_iter_recurse(&it, &list) &&
                   bson_iter_next(&list);
    if (e == HC_OK && concern)
        return hc_fail(err, HC_EOUTCOME, "mongodb", "the database did not confirm a write on the majority");
    if (e == HC_OK && !ok && !complained)
        e = hc_store_fail(err, why, reply, true);
    return e;
}

static enum hc_err batch_insert(struct hc_db *db, struct batch *b, struct hc_people_result *result,
                                struct hc_error *err)
{
    /* Our own writer made them: the driver needn't look at every key again. */
    bson_t *opts = BCON_NEW("ordered", BCON_BOOL(false), "validate", BCON_BOOL(false));
    bson_t reply;
    bson_error_t why;
    bson_iter_t it;
    bool ok =
        mongoc_collection_insert_many(hc_db_collection(db, HC_USERS), b->list, b->count, opts, &reply, &why);
    if (bson_iter_init_find(&it, &reply, "insertedCount"))
        result->inserted += bson_iter_as_int64(&it);
    enum hc_err e = read_reply(b, &reply, ok, &why, err);
    bson_destroy(&reply);
    bson_destroy(opts);
    return e;
}

/* ---- duplicates ---- */

static void person_id(const struct batch *b, uint32_t i, bson_oid_t *id)
{
    hc_oid_make(id->bytes, b->people->second, b->people->hash, b->first + i);
}

/* Of the duplicates, clears those whose own _id stands: they are in. */
static enum hc_err forget_present(struct hc_db *db, struct batch *b, struct hc_people_result *result,
                                  struct hc_error *err)
{
    bson_oid_t low, high;
    person_id(b, 0, &low);
    person_id(b, b->count - 1, &high);
    bson_t *filter = BCON_NEW("_id", "{", "$gte", BCON_OID(&low), "$lte", BCON_OID(&high), "}");
    bson_t *opts = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(10000),
                            "hint", "{", "_id", BCON_INT32(1), "}");
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(hc_db_collection(db, HC_USERS), filter, opts, NULL);
    const bson_t *doc;
    while (mongoc_cursor_next(cursor, &doc)) {
        bson_iter_t it;
        uint32_t second, hash, index;
        if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
            continue;
        hc_oid_parts(bson_iter_oid(&it)->bytes, &second, &hash, &index);
        if (b->duplicate[index - b->first])
            result->present++;
        b->duplicate[index - b->first] = false;
    }
    bson_error_t why;
    const bson_t *reply;
    enum hc_err e =
        mongoc_cursor_error_document(cursor, &why, &reply) ? hc_store_fail(err, &why, reply, false) : HC_OK;
    mongoc_cursor_destroy(cursor);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

/* Someone else has this user's e-mail, which the reserved domain should make impossible: the
 * user comes in all the same, with an e-mail made from its _id. */
static enum hc_err insert_renamed(struct hc_db *db, struct batch *b, uint32_t i, struct hc_error *err)
{
    char hex[HC_OID_TEXT];
    struct hc_person person;
    hc_person_make(b->people, b->first + i, &person);
    hc_oid_to_hex(person.id, hex);
    person.email_len = (uint16_t)snprintf(person.email, sizeof person.email, "%s@" HC_PERSON_DOMAIN, hex);
    hc_log(HC_LOG_ERROR, "people.email", "a generated e-mail is someone else's; the user gets another one",
           HC_STR("user", hex), NULL);
    bson_t doc = BSON_INITIALIZER;
    hc_user_from_person(&doc, &person);
    enum hc_err e = hc_db_insert(db, HC_USERS, &doc, err);
    bson_destroy(&doc);
    return e == HC_ECONFLICT ? hc_fail(err, HC_ESTORE, "mongodb", "a generated user can't be stored") : e;
}

static enum hc_err settle_duplicates(struct hc_db *db, struct batch *b, struct hc_people_result *result,
                                     struct hc_error *err)
{
    bool any = false;
    for (uint32_t i = 0; i < b->count; i++)
        any |= b->duplicate[i];
    enum hc_err e = any ? forget_present(db, b, result, err) : HC_OK;
    for (uint32_t i = 0; i < b->count && e == HC_OK; i++)
        if (b->duplicate[i])
            e = insert_renamed(db, b, i, err);
    return e;
}

/* ---- the chunk ---- */

enum hc_err hc_people_insert(struct hc_db *db, const struct hc_job *job, int64_t chunk, int64_t batch,
                             struct hc_people_result *result, struct hc_error *err)
{
    int64_t first = hc_job_chunk_first(job, chunk), size = hc_job_chunk_size(job, chunk);
    memset(result, 0, sizeof *result);
    enum hc_err e = HC_OK;
    for (int64_t at = 0; at < size && e == HC_OK; at += batch) {
        struct batch b = {.people = &job->people,
                          .first = (uint32_t)(first + at),
                          .count = (uint32_t)(size - at < batch ? size - at : batch)};
        e = batch_make(&b, err);
        if (e == HC_OK)
            e = batch_insert(db, &b, result, err);
        if (e == HC_OK)
            e = settle_duplicates(db, &b, result, err);
        batch_release(&b);
        HC_FAILPOINT("insert.in");
    }
    return e;
}

/* Ids of the range that have a tombstone, as the $in list of a filter; *count of them. */
static enum hc_err find_tombstones(struct hc_db *db, const bson_t *range, bson_t *list, uint32_t *count,
                                   struct hc_error *err)
{
    bson_t *opts = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(10000));
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(hc_db_collection(db, HC_TOMBSTONES), range, opts, NULL);
    bson_destroy(opts);
    const bson_t *doc;
    *count = 0;
    while (mongoc_cursor_next(cursor, &doc)) {
        bson_iter_t it;
        char key[16];
        if (!bson_iter_init_find(&it, doc, "_id"))
            continue;
        snprintf(key, sizeof key, "%u", (*count)++);
        bson_append_iter(list, key, -1, &it);
    }
    bson_error_t why;
    const bson_t *reply;
    enum hc_err e =
        mongoc_cursor_error_document(cursor, &why, &reply) ? hc_store_fail(err, &why, reply, false) : HC_OK;
    mongoc_cursor_destroy(cursor);
    return e;
}

static enum hc_err delete_listed(struct hc_db *db, const bson_t *list, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", "{", "$in", BCON_ARRAY(list), "}");
    bson_t reply;
    bson_error_t why;
    bool ok = mongoc_collection_delete_many(hc_db_collection(db, HC_USERS), filter, NULL, &reply, &why);
    enum hc_err e = ok ? HC_OK : hc_store_fail(err, &why, &reply, true);
    bson_destroy(&reply);
    bson_destroy(filter);
    return e;
}

enum hc_err hc_people_bury(struct hc_db *db, const struct hc_job *job, int64_t chunk, struct hc_error *err)
{
    bson_oid_t low, high;
    int64_t first = hc_job_chunk_first(job, chunk), size = hc_job_chunk_size(job, chunk);
    hc_oid_make(low.bytes, job->people.second, job->people.hash, (uint32_t)first);
    hc_oid_make(high.bytes, job->people.second, job->people.hash, (uint32_t)(first + size - 1));
    bson_t *range = BCON_NEW("_id", "{", "$gte", BCON_OID(&low), "$lte", BCON_OID(&high), "}");
    bson_t list = BSON_INITIALIZER;
    uint32_t count = 0;
    enum hc_err e = find_tombstones(db, range, &list, &count, err);
    if (e == HC_OK && count > 0)
        e = delete_listed(db, &list, err);
    bson_destroy(&list);
    bson_destroy(range);
    return e;
}
