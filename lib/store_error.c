/* See store_error.h. */
#include "store_error.h"

#include <mongoc/mongoc.h>
#include <stddef.h>
#include <string.h>

#include "log.h"
#include "metrics.h"
#include "store.h"

/* Failover, shutdown, start-up, network between servers, and code 1, with which
 * FerretDB answers everything while its own PostgreSQL is away. */
static const int64_t TRANSIENT[] = {
    1,    6,    7,     24,    43,    63,    64,    89,    91,    112,   134,   150, 175,
    189,  202,  234,   237,   262,   290,   314,   317,   358,   384,   433,   444, 7500,
    8000, 9001, 10058, 10107, 11600, 11602, 13388, 13435, 13436, 16500, 10003,
};

/* ---- what PostgreSQL says ---- */

#define SQLSTATE_LEAST (INT64_C(1) << 24) /* smaller ones can't be told from MongoDB's */

/* The first two characters of a SQLSTATE, its class; "" for a code of MongoDB's. */
static const char *sqlstate_class(int64_t code, char class[3])
{
    class[0] = '\0';
    if (code < SQLSTATE_LEAST || code >= INT64_C(1) << 30)
        return class;
    class[0] = (char)('0' + (code & 63));
    class[1] = (char)('0' + (code >> 6 & 63));
    class[2] = '\0';
    return class;
}

static bool is_transient_state(int64_t code)
{
    /* Connection, rolled back (deadlock, serialization), resources, not available (locks), stopped or
     * cancelled. */
    static const char *const CLASSES[] = {"08", "40", "53", "55", "57"};
    char class[3];
    sqlstate_class(code, class);
    for (size_t i = 0; i < sizeof CLASSES / sizeof *CLASSES; i++)
        if (strcmp(class, CLASSES[i]) == 0)
            return true;
    return false;
}

/* ---- codes ---- */

bool hc_mongo_code_is_transient(int64_t code)
{
    if (is_transient_state(code))
        return true;
    for (size_t i = 0; i < sizeof TRANSIENT / sizeof *TRANSIENT; i++)
        if (TRANSIENT[i] == code)
            return true;
    return false;
}

bool hc_store_never_sent(const bson_error_t *driver)
{
    return driver->domain == MONGOC_ERROR_SERVER_SELECTION;
}

static bool is_network(const bson_error_t *driver)
{
    return driver->domain == MONGOC_ERROR_STREAM || driver->domain == MONGOC_ERROR_SERVER_SELECTION;
}

/* The server said so itself, in its reply's labels. */
static bool has_label(const bson_t *reply)
{
    return reply && (mongoc_error_has_label(reply, "RetryableWriteError") ||
                     mongoc_error_has_label(reply, "TransientTransactionError"));
}

/* Codes of the server; the driver's own domains have other numbers with other meanings. */
static bool is_server_code(const bson_error_t *driver)
{
    return driver->domain == MONGOC_ERROR_SERVER || driver->domain == MONGOC_ERROR_WRITE_CONCERN ||
           driver->domain == MONGOC_ERROR_COMMAND || driver->domain == MONGOC_ERROR_QUERY;
}

bool hc_store_was_undone(const bson_error_t *driver)
{
    char class[3];
    return is_server_code(driver) && strcmp(sqlstate_class(driver->code, class), "40") == 0;
}

bool hc_store_is_transient(const bson_error_t *driver, const bson_t *reply)
{
    return is_network(driver) || has_label(reply) ||
           (is_server_code(driver) && hc_mongo_code_is_transient(driver->code));
}

static enum hc_err judge(struct hc_error *err, const bson_error_t *driver, const bson_t *reply, bool writing)
{
    if (is_server_code(driver) && driver->code == HC_MONGO_DUPLICATE)
        return hc_fail(err, HC_ECONFLICT, NULL, "a document with this unique value exists already");
    if (driver->domain == MONGOC_ERROR_CLIENT && driver->code == MONGOC_ERROR_CLIENT_IN_EXHAUST)
        return hc_fail(err, HC_EBUSY, "mongodb", "all connections to the database are in use");
    if (is_server_code(driver) && driver->code == HC_MONGO_MAX_TIME)
        return hc_fail(err, HC_EDEADLINE, "mongodb",
                       "the database did not answer within this request's time");
    bool transient = hc_store_is_transient(driver, reply);
    hc_log(transient ? HC_LOG_WARN : HC_LOG_ERROR, "store.error", driver->message,
           HC_INT("domain", driver->domain), HC_INT("code", driver->code), NULL);
    if (!transient)
        return hc_fail(err, HC_EINTERNAL, "mongodb", "the database refused a command of ours");
    if (writing && !hc_store_never_sent(driver) && !hc_store_was_undone(driver))
        return hc_fail(
            err, HC_EOUTCOME, "mongodb",
            "the database's answer was lost, so the change may have happened; ask again before repeating it");
    return hc_fail(err, HC_ESTORE, "mongodb", "The database (MongoDB) can't be reached right now");
}

enum hc_err hc_store_fail(struct hc_error *err, const bson_error_t *driver, const bson_t *reply, bool writing)
{
    enum hc_err e = judge(err, driver, reply, writing);
    hc_metric_add(HC_METRIC_MONGODB_ERRORS, e, 1);
    if (e == HC_ESTORE || e == HC_EOUTCOME)
        hc_metric_set(HC_METRIC_MONGODB_UP, 0, 0);
    return e;
}
