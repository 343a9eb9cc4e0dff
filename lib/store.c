/* See store.h. */
#include "store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "schema.h"
#include "store_error.h"

static const char *const COLLECTION_NAMES[HC_COLLECTION_COUNT] = {
    [HC_USERS] = "users",    [HC_ACTIVITIES] = "useractivities", [HC_JOBS] = "hc_jobs",
    [HC_SLOTS] = "hc_slots", [HC_TOMBSTONES] = "hc_tombstones",  [HC_META] = "hc_meta",
    [HC_USAGE] = "hc_usage", [HC_SAMPLES] = "hc_samples",
};

/* How patient each mode is, all in ms. A request's whole time is 2.5 s, and
 * "MongoDB is away" must be said within 1 s; the consumer has nobody waiting. */
static const struct limits {
    int select_ms, socket_ms, connect_ms, queue_ms, heartbeat_ms;
} LIMITS[] = {
    [HC_STORE_POOL] = {700, 2500, 500, 500, 1000},
    [HC_STORE_DRAIN] = {2000, 20000, 1000, 5000, 1000},
    [HC_STORE_SINGLE] = {700, 2500, 500, 500, 1000},
};
#define WEB_CLIENTS 32 /* requests that wait for the database at once; more wait for one of these */
#define DRAIN_OTHERS 5 /* the schedule's four threads, and one to spare */

struct hc_store {
    enum hc_store_mode mode;
    mongoc_uri_t *uri;
    mongoc_client_pool_t *pool; /* NULL in single mode */
    mongoc_client_t *single;    /* NULL in pool mode */
    char database[64];
    atomic_bool prepared;      /* the schema was seen or made */
    pthread_mutex_t preparing; /* one thread prepares at a time */
};

const char *hc_collection_name(enum hc_collection which)
{
    return which < HC_COLLECTION_COUNT ? COLLECTION_NAMES[which] : "";
}

static pthread_once_t init_once = PTHREAD_ONCE_INIT;

/* The driver's own log: warnings and errors become one line each of ours. */
static void driver_log(mongoc_log_level_t level, const char *domain, const char *message, void *unused)
{
    (void)unused;
    if (level <= MONGOC_LOG_LEVEL_WARNING)
        hc_log(HC_LOG_WARN, "store.driver", message, HC_STR("domain", domain), NULL);
}

static void init_driver(void)
{
    mongoc_init();
    mongoc_log_set_handler(driver_log, NULL);
}

/* The given value unless the address names one itself. */
static void set_default(mongoc_uri_t *uri, const char *name, int value)
{
    if (!mongoc_uri_has_option(uri, name))
        mongoc_uri_set_option_as_int32(uri, name, value);
}

/* A worker without a client would stand for ever, so the address can only ask for more than we need. */
static void set_pool_size(mongoc_uri_t *uri, int least)
{
    if (mongoc_uri_get_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, 0) < least)
        mongoc_uri_set_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, least);
}

/* least: clients that are needed at once. */
static void set_options(mongoc_uri_t *uri, enum hc_store_mode mode, int least)
{
    const struct limits *l = &LIMITS[mode];
    set_default(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, l->select_ms);
    set_default(uri, MONGOC_URI_SOCKETTIMEOUTMS, l->socket_ms);
    set_default(uri, MONGOC_URI_CONNECTTIMEOUTMS, l->connect_ms);
    set_default(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, l->heartbeat_ms);
    if (mode != HC_STORE_SINGLE) {
        set_pool_size(uri, least);
        set_default(uri, MONGOC_URI_WAITQUEUETIMEOUTMS, l->queue_ms);
    }
    /* What a step reads decides what it writes: always of the primary, and nothing that may be rolled back.
     */
    mongoc_read_prefs_t *primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
    mongoc_uri_set_read_prefs_t(uri, primary);
    mongoc_read_prefs_destroy(primary);
    mongoc_read_concern_t *durable = mongoc_read_concern_new();
    mongoc_read_concern_set_level(durable, MONGOC_READ_CONCERN_LEVEL_MAJORITY);
    mongoc_uri_set_read_concern(uri, durable);
    mongoc_read_concern_destroy(durable);
    mongoc_write_concern_t *majority = mongoc_write_concern_new();
    mongoc_write_concern_set_wmajority(majority, 10000);
    mongoc_uri_set_write_concern(uri, majority);
    mongoc_write_concern_destroy(majority);
}

/* Every command that the driver sends is counted; a server that refuses one is there, too. */
static void command_done(const mongoc_apm_command_succeeded_t *event)
{
    hc_metric_command(mongoc_apm_command_succeeded_get_command_name(event), HC_CALL_OK,
                      mongoc_apm_command_succeeded_get_duration(event));
    hc_metric_set(HC_METRIC_MONGODB_UP, 0, 1);
}

static void command_failed(const mongoc_apm_command_failed_t *event)
{
    hc_metric_command(mongoc_apm_command_failed_get_command_name(event), HC_CALL_FAILED,
                      mongoc_apm_command_failed_get_duration(event));
}

static bool open_client(struct hc_store *store)
{
    mongoc_apm_callbacks_t *watch = mongoc_apm_callbacks_new();
    bool ok;
    mongoc_apm_set_command_succeeded_cb(watch, command_done);
    mongoc_apm_set_command_failed_cb(watch, command_failed);
    if (store->mode == HC_STORE_SINGLE) {
        store->single = mongoc_client_new_from_uri(store->uri);
        ok = store->single && mongoc_client_set_error_api(store->single, MONGOC_ERROR_API_VERSION_2) &&
             mongoc_client_set_apm_callbacks(store->single, watch, NULL);
    } else {
        store->pool = mongoc_client_pool_new(store->uri);
        ok = store->pool && mongoc_client_pool_set_error_api(store->pool, MONGOC_ERROR_API_VERSION_2) &&
             mongoc_client_pool_set_apm_callbacks(store->pool, watch, NULL);
    }
    mongoc_apm_callbacks_destroy(watch);
    return ok;
}

enum hc_err hc_store_open(struct hc_store **out, const struct hc_settings *s, enum hc_store_mode mode,
                          struct hc_error *err)
{
    *out = NULL;
    pthread_once(&init_once, init_driver);
    bson_error_t why;
    mongoc_uri_t *uri = mongoc_uri_new_with_error(s->mongodb, &why);
    if (!uri)
        return hc_fail(err, HC_ESETTING, "APP_MONGODB_CONNECTION_STRING", "it is not a MongoDB address");
    struct hc_store *store = calloc(1, sizeof *store);
    if (!store) {
        mongoc_uri_destroy(uri);
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    }
    store->mode = mode;
    store->uri = uri;
    pthread_mutex_init(&store->preparing, NULL);
    const char *database = mongoc_uri_get_database(uri);
    bson_strncpy(store->database, database && *database ? database : "headcount", sizeof store->database);
    set_options(uri, mode,
                mode == HC_STORE_DRAIN ? DRAIN_OTHERS + hc_settings_workers(s) + hc_settings_event_workers(s)
                                       : WEB_CLIENTS);
    if (!open_client(store)) {
        hc_store_close(store);
        return hc_fail(err, HC_ESETTING, "APP_MONGODB_CONNECTION_STRING", "no client can be made for it");
    }
    *out = store;
    return HC_OK;
}

void hc_store_close(struct hc_store *store)
{
    if (!store)
        return;
    if (store->pool)
        mongoc_client_pool_destroy(store->pool);
    if (store->single)
        mongoc_client_destroy(store->single);
    mongoc_uri_destroy(store->uri);
    pthread_mutex_destroy(&store->preparing);
    free(store);
}

/* Makes sure of the schema once in a process; others wait for the first. */
static enum hc_err prepare_once(struct hc_db *db, struct hc_error *err)
{
    struct hc_store *store = db->store;
    if (atomic_load(&store->prepared))
        return HC_OK;
    pthread_mutex_lock(&store->preparing);
    enum hc_err e = HC_OK;
    if (!atomic_load(&store->prepared)) {
        e = hc_schema_prepare(db, err);
        atomic_store(&store->prepared, e == HC_OK);
    }
    pthread_mutex_unlock(&store->preparing);
    return e;
}

static enum hc_err lend(struct hc_store *store, struct hc_db *db, struct hc_error *err)
{
    memset(db, 0, sizeof *db);
    db->store = store;
    db->client = store->pool ? mongoc_client_pool_pop(store->pool) : store->single;
    if (!db->client)
        return hc_fail(err, HC_EBUSY, "mongodb", "all connections to the database are in use");
    return HC_OK;
}

enum hc_err hc_store_borrow(struct hc_store *store, struct hc_db *db, struct hc_error *err)
{
    enum hc_err e = lend(store, db, err);
    if (e == HC_OK)
        e = prepare_once(db, err);
    if (e != HC_OK)
        hc_store_return(db);
    return e;
}

void hc_store_return(struct hc_db *db)
{
    hc_db_end(db);
    for (int i = 0; i < HC_COLLECTION_COUNT; i++)
        if (db->collections[i])
            mongoc_collection_destroy(db->collections[i]);
    if (db->client && db->store->pool)
        mongoc_client_pool_push(db->store->pool, db->client);
    memset(db, 0, sizeof *db);
}

mongoc_collection_t *hc_db_collection(struct hc_db *db, enum hc_collection which)
{
    BSON_ASSERT(which < HC_COLLECTION_COUNT);
    if (!db->collections[which])
        db->collections[which] =
            mongoc_client_get_collection(db->client, db->store->database, COLLECTION_NAMES[which]);
    return db->collections[which];
}

void hc_store_forget_schema(struct hc_store *store)
{
    atomic_store(&store->prepared, false);
}

enum hc_err hc_store_ping(struct hc_store *store, int *ms, struct hc_error *err)
{
    struct hc_db db;
    enum hc_err e = lend(store, &db, err);
    if (e != HC_OK)
        return e;
    int64_t start = hc_mono_ms();
    bson_t *ping = BCON_NEW("ping", BCON_INT32(1));
    bson_error_t why;
    bson_t reply;
    bool ok = mongoc_client_command_simple(db.client, store->database, ping, NULL, &reply, &why);
    *ms = (int)(hc_mono_ms() - start);
    e = ok ? HC_OK : hc_store_fail(err, &why, &reply, false);
    bson_destroy(ping);
    bson_destroy(&reply);
    hc_store_return(&db);
    return e;
}
