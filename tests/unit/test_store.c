/* MongoDB's errors as ours, addresses, and a server that is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clock.h"
#include "log.h"
#include "store.h"
#include "store_error.h"

static struct hc_settings settings_with(char *uri)
{
    struct hc_settings s;
    memset(&s, 0, sizeof s);
    s.mongodb = uri;
    return s;
}

static bson_error_t driver_error(uint32_t domain, uint32_t code)
{
    bson_error_t e;
    memset(&e, 0, sizeof e);
    e.domain = domain;
    e.code = code;
    snprintf(e.message, sizeof e.message, "secret text of the driver");
    return e;
}

static void test_errors_by_code(void **state)
{
    (void)state;
    static const struct {
        uint32_t domain, code;
        bool writing;
        enum hc_err expected;
    } CASES[] = {
        {MONGOC_ERROR_SERVER, 11000, true, HC_ECONFLICT},
        {MONGOC_ERROR_SERVER, 50, false, HC_EDEADLINE},
        {MONGOC_ERROR_SERVER_SELECTION, 13053, true, HC_ESTORE}, /* never sent: nothing happened */
        {MONGOC_ERROR_STREAM, 4, true, HC_EOUTCOME},             /* sent, no reply */
        {MONGOC_ERROR_STREAM, 4, false, HC_ESTORE},
        {MONGOC_ERROR_SERVER, 1, false, HC_ESTORE}, /* FerretDB without its PostgreSQL */
        {MONGOC_ERROR_SERVER, 1, true, HC_EOUTCOME},
        {MONGOC_ERROR_SERVER, 10107, false, HC_ESTORE},
        {MONGOC_ERROR_SERVER, 189, false, HC_ESTORE},
        {MONGOC_ERROR_SERVER, 11600, false, HC_ESTORE},
        {MONGOC_ERROR_SERVER, 9, false, HC_EINTERNAL}, /* a command of ours is wrong */
        {MONGOC_ERROR_SERVER, 121, true, HC_EINTERNAL},
        /* PostgreSQL's: a deadlock and a failed serialization undo the write, the others leave it open */
        {MONGOC_ERROR_SERVER, 16908292, true, HC_ESTORE},
        {MONGOC_ERROR_SERVER, 16777220, true, HC_ESTORE},
        {MONGOC_ERROR_SERVER, 67371461, true, HC_EOUTCOME}, /* 57014, cancelled */
        {MONGOC_ERROR_SERVER, 67371461, false, HC_ESTORE},
        {MONGOC_ERROR_SERVER, 50463173, false, HC_ESTORE},     /* 57P03, it is starting */
        {MONGOC_ERROR_SERVER, 50463045, true, HC_EOUTCOME},    /* 55P03, a lock was not to be had */
        {MONGOC_ERROR_SERVER, 100663808, false, HC_ESTORE},    /* 08006, the connection failed */
        {MONGOC_ERROR_SERVER, 33685634, true, HC_EINTERNAL},   /* 22P02, a text that is no number */
        {MONGOC_ERROR_SERVER, 1073741824, true, HC_EINTERNAL}, /* nobody's */
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        bson_error_t driver = driver_error(CASES[i].domain, CASES[i].code);
        struct hc_error err;
        assert_int_equal(hc_store_fail(&err, &driver, NULL, CASES[i].writing), CASES[i].expected);
        assert_null(strstr(err.detail, "secret"));
    }
}

static void test_what_was_undone(void **state)
{
    (void)state;
    bson_error_t deadlock = driver_error(MONGOC_ERROR_SERVER, 16908292);
    bson_error_t network = driver_error(MONGOC_ERROR_STREAM, 16908292);
    bson_error_t cancelled = driver_error(MONGOC_ERROR_SERVER, 67371461);
    assert_true(hc_store_was_undone(&deadlock));
    assert_false(hc_store_was_undone(&network));
    assert_false(hc_store_was_undone(&cancelled));
}

static void test_labels_make_transient(void **state)
{
    (void)state;
    bson_error_t driver = driver_error(MONGOC_ERROR_SERVER, 9);
    bson_t *labelled = BCON_NEW("errorLabels", "[", "RetryableWriteError", "]");
    assert_true(hc_store_is_transient(&driver, labelled));
    assert_false(hc_store_is_transient(&driver, NULL));
    bson_destroy(labelled);
}

static void test_wrong_addresses(void **state)
{
    (void)state;
    static const char *const WRONG[] = {"", "localhost", "http://x", "mongodb://", "mongodb://:pw@"};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        char uri[64];
        struct hc_store *store;
        struct hc_error err;
        snprintf(uri, sizeof uri, "%s", WRONG[i]);
        struct hc_settings s = settings_with(uri);
        assert_int_equal(hc_store_open(&store, &s, HC_STORE_POOL, &err), HC_ESETTING);
        assert_string_equal(err.field, "APP_MONGODB_CONNECTION_STRING");
        assert_null(store);
    }
}

/* A port that nobody listens on: told within a second, in every mode that serves requests. */
static void test_a_server_that_is_not_there(void **state)
{
    (void)state;
    static const enum hc_store_mode MODES[] = {HC_STORE_POOL, HC_STORE_SINGLE};
    for (size_t i = 0; i < sizeof MODES / sizeof *MODES; i++) {
        char uri[] = "mongodb://127.0.0.1:1/headcount";
        struct hc_settings s = settings_with(uri);
        struct hc_store *store;
        struct hc_error err;
        struct hc_db db;
        assert_int_equal(hc_store_open(&store, &s, MODES[i], &err), HC_OK);
        int64_t start = hc_mono_ms();
        assert_int_equal(hc_store_borrow(store, &db, &err), HC_ESTORE);
        assert_true(hc_mono_ms() - start < 1500);
        assert_string_equal(err.field, "mongodb");
        int ms;
        assert_int_equal(hc_store_ping(store, &ms, &err), HC_ESTORE);
        hc_store_return(&db); /* harmless after a failure */
        hc_store_close(store);
    }
    hc_store_close(NULL);
}

int main(void)
{
    hc_log_setup(HC_LOG_ERROR, "test");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_by_code),
        cmocka_unit_test(test_what_was_undone),
        cmocka_unit_test(test_labels_make_transient),
        cmocka_unit_test(test_wrong_addresses),
        cmocka_unit_test(test_a_server_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
