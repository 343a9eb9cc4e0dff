/* store.h - MongoDB: connections, collections, the schema, errors.
 *
 * A struct hc_store is one per process; a struct hc_db is one thread's turn
 * with a client, borrowed for one request or held by one worker. The first
 * borrow that succeeds also makes sure of the schema (hc_store_prepare), so a
 * program can start while MongoDB is away and is right once it is back.
 *
 *     hc_store_open(&store, &settings, HC_STORE_POOL, &err);
 *     hc_store_borrow(store, &db, &err);
 *     mongoc_collection_t *users = hc_db_collection(&db, HC_USERS);
 *     …
 *     hc_store_return(&db);
 *     hc_store_close(store);
 *
 * Everything is written with w:majority and read of the primary with
 * readConcern majority, whatever the address says. hc_store is thread-safe,
 * hc_db belongs to one thread.
 */
#ifndef HC_STORE_H
#define HC_STORE_H

#include <mongoc/mongoc.h>

#include "error.h"
#include "settings.h"

/* The version of all stored shapes; a database with a greater one is refused. */
#define HC_SCHEMA_VERSION 3

enum hc_collection {
    HC_USERS,      /* users */
    HC_ACTIVITIES, /* useractivities */
    HC_USAGE,      /* hc_usage: {_id: user, v, n, day, last, zg}, of users with requests */
    HC_JOBS,       /* hc_jobs */
    HC_SLOTS,      /* hc_slots */
    HC_TOMBSTONES, /* hc_tombstones */
    HC_SAMPLES,    /* hc_samples: the numbers of the past */
    HC_META, /* hc_meta: {_id: "schema", version, slots}, and a document for each thing of which there is one
              */
    HC_COLLECTION_COUNT
};

enum hc_store_mode {
    HC_STORE_POOL,  /* the web service: short waits, since a request has a deadline */
    HC_STORE_DRAIN, /* the consumer: patient waits, it has nobody to answer to */
    HC_STORE_SINGLE /* one client without background threads: plain CGI, tools */
};

struct hc_store;

struct hc_db {
    struct hc_store *store;
    mongoc_client_t *client;                               /* lent by the pool */
    mongoc_client_session_t *session;                      /* between hc_db_begin and hc_db_end, or NULL */
    mongoc_collection_t *collections[HC_COLLECTION_COUNT]; /* opened on first use */
};

/* Reads the URI (database = its path, default "headcount") and makes the pool.
 * Connects to nothing. HC_ESETTING with field APP_MONGODB_CONNECTION_STRING. */
enum hc_err hc_store_open(struct hc_store **out, const struct hc_settings *s, enum hc_store_mode mode,
                          struct hc_error *err);
/* NULL is fine. All hc_db must have been returned. */
void hc_store_close(struct hc_store *store);

/* Lends a client. Waits at most the pool's limit (HC_EBUSY); on the first time
 * also prepares the schema (HC_ESTORE, HC_ENEWER). */
enum hc_err hc_store_borrow(struct hc_store *store, struct hc_db *db, struct hc_error *err);
/* Gives the client back; harmless on a zeroed hc_db, which it leaves behind. */
void hc_store_return(struct hc_db *db);

/* From begin to end all hc_db_ calls of this db go through one causally consistent session: what is read
 * later is no older than what was read or written before, also when another member of a replica set has
 * become primary meanwhile. Where the server has no sessions there is but one server, and begin does nothing.
 * HC_ESTORE. */
enum hc_err hc_db_begin(struct hc_db *db, struct hc_error *err);
/* Harmless without a begin. */
void hc_db_end(struct hc_db *db);
/* A copy of opts (NULL: none) with the session in it, for calls of the driver itself; the caller destroys it.
 */
bson_t *hc_db_opts(const struct hc_db *db, const bson_t *opts);

/* The collection's handle, owned by db. */
mongoc_collection_t *hc_db_collection(struct hc_db *db, enum hc_collection which);
const char *hc_collection_name(enum hc_collection which);

/* Something of the schema was found missing (a database dropped under us): the next
 * borrow looks, and makes it again. */
void hc_store_forget_schema(struct hc_store *store);

/* One round trip to the server: HC_OK and *ms, or HC_ESTORE. Needs no schema. */
enum hc_err hc_store_ping(struct hc_store *store, int *ms, struct hc_error *err);

/* Turns a driver's error into ours: the one place that knows its codes.
 * writing says that a lost reply leaves the outcome open (HC_EOUTCOME). What
 * the driver said goes to the log, never into *err. */
enum hc_err hc_store_fail(struct hc_error *err, const bson_error_t *driver, const bson_t *reply,
                          bool writing);
/* True for an error that the same call may not meet again: network, failover,
 * a server that is starting, also code 1 which FerretDB answers while its own
 * PostgreSQL is away. */
bool hc_store_is_transient(const bson_error_t *driver, const bson_t *reply);

/* findAndModify with the new document back. HC_OK and *found (an initialised
 * bson_t of the caller, replaced) or HC_ENOTFOUND when nothing matched. */
enum hc_err hc_db_find_and_modify(struct hc_db *db, enum hc_collection which, const bson_t *filter,
                                  const bson_t *update, bool upsert, bson_t *found, struct hc_error *err);
/* The one document with that filter, copied into *found. HC_ENOTFOUND. */
enum hc_err hc_db_find_one(struct hc_db *db, enum hc_collection which, const bson_t *filter,
                           const bson_t *opts, bson_t *found, struct hc_error *err);
/* updateOne; *matched (may be NULL) says how many documents fitted, 0 or 1. */
enum hc_err hc_db_update_one(struct hc_db *db, enum hc_collection which, const bson_t *filter,
                             const bson_t *update, int64_t *matched, struct hc_error *err);
/* Calls each(ctx, document) for all documents that fit, until it returns false. HC_ESTORE. */
enum hc_err hc_db_each(struct hc_db *db, enum hc_collection which, const bson_t *filter, const bson_t *opts,
                       bool (*each)(void *ctx, const bson_t *doc), void *ctx, struct hc_error *err);
/* The same for what an aggregation answers. */
enum hc_err hc_db_aggregate(struct hc_db *db, enum hc_collection which, const bson_t *pipeline,
                            const bson_t *opts, bool (*each)(void *ctx, const bson_t *doc), void *ctx,
                            struct hc_error *err);
/* Inserts all, in any order; one whose unique key stands already counts as in. HC_ESTORE, HC_EOUTCOME: some
 * may be. */
enum hc_err hc_db_insert_all(struct hc_db *db, enum hc_collection which, const bson_t **docs, size_t n,
                             struct hc_error *err);
/* An unordered bulk on its way, for hc_db_run_bulk. */
mongoc_bulk_operation_t *hc_db_bulk(struct hc_db *db, enum hc_collection which);
/* Executes and destroys an unordered bulk of updates; *matched (may be NULL) says how many documents fitted
 * in all. An empty one does nothing. */
enum hc_err hc_db_run_bulk(mongoc_bulk_operation_t *bulk, size_t operations, int64_t *matched,
                           struct hc_error *err);
/* Updates all documents that fit; update may be a pipeline, as an array. */
enum hc_err hc_db_update_many(struct hc_db *db, enum hc_collection which, const bson_t *filter,
                              const bson_t *update, struct hc_error *err);
/* How many documents fit. */
enum hc_err hc_db_count(struct hc_db *db, enum hc_collection which, const bson_t *filter, const bson_t *opts,
                        int64_t *n, struct hc_error *err);
/* Deletes all documents that fit. */
enum hc_err hc_db_delete_many(struct hc_db *db, enum hc_collection which, const bson_t *filter,
                              struct hc_error *err);
/* insertOne. HC_ECONFLICT when a unique index refuses it (duplicate key). */
enum hc_err hc_db_insert(struct hc_db *db, enum hc_collection which, const bson_t *doc, struct hc_error *err);

#endif
