/* test_settings_check.c - what each kind of setting takes and what it refuses. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "settings_table.h"

static const struct hc_setting *row_of(const char *name)
{
    for (size_t i = 0; i < hc_settings_count; i++)
        if (strcmp(hc_settings_table[i].name, name) == 0)
            return &hc_settings_table[i];
    fail_msg("no setting %s", name);
    return NULL;
}

static bool takes(const char *name, const char *value)
{
    const struct hc_setting *row = row_of(name);
    return row->kind->check(row, value);
}

static void integers_are_strict(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t low, high;
    } rows[] = {{"APP_KAFKA_PARTITIONS", 1, 1000},
                {"APP_KAFKA_REPLICATION", 1, 10},
                {"APP_PORT", 1, 65535},
                {"APP_THREADS", 0, 256},
                {"APP_DEADLINE_MS", 100, 60000},
                {"APP_BODY_MAX_BYTES", 1024, 1048576},
                {"APP_GENERATE_MAX", 1, 20000000},
                {"APP_JOBS_MAX", 1, 1000},
                {"APP_CHUNK_USERS", 100, 20000},
                {"APP_BATCH_USERS", 100, 2000},
                {"APP_WORKERS", 0, 64}};
    static const char *const bad[] = {"",
                                      "-1",
                                      "+500",
                                      " 500",
                                      "500 ",
                                      "500k",
                                      "0x10",
                                      "500.0",
                                      "5e2",
                                      "five",
                                      "99999999999999999999",
                                      "9223372036854775808",
                                      "18446744073709552116"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[32];
        for (int64_t by = 0; by <= 1; by++) {
            snprintf(text, sizeof text, "%" PRId64, rows[i].low - by);
            assert_int_equal(takes(rows[i].name, text), by == 0);
            snprintf(text, sizeof text, "%" PRId64, rows[i].high + by);
            assert_int_equal(takes(rows[i].name, text), by == 0);
        }
        for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++)
            assert_false(takes(rows[i].name, bad[b]));
    }
}

static void booleans_have_four_words(void **state)
{
    (void)state;
    static const char *const good[] = {"true", "false", "1", "0"};
    static const char *const bad[] = {"TRUE", "yes", "on", "2", "t", " true", "00", ""};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(takes("APP_OLD_GET", good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(takes("APP_OLD_GET", bad[i]));
}

static const struct {
    const char *name;
    const char *value;
    bool ok;
} texts[] = {
    {"APP_MONGODB_CONNECTION_STRING", "mongodb://a,b:27018/db?replicaSet=x", true},
    {"APP_MONGODB_CONNECTION_STRING", "mongodb+srv://user:pw@cluster.example/db", true},
    {"APP_MONGODB_CONNECTION_STRING", "mongodb://%2Ftmp%2Fmongodb.sock", true},
    {"APP_MONGODB_CONNECTION_STRING", "mongodb://", false},
    {"APP_MONGODB_CONNECTION_STRING", "mongodb:///db", false},
    {"APP_MONGODB_CONNECTION_STRING", "http://a", false},
    {"APP_MONGODB_CONNECTION_STRING", "127.0.0.1:27017", false},
    {"APP_MONGODB_CONNECTION_STRING", "mongodb://a b", false},
    {"APP_REDIS_CONNECTION_STRING", "redis://h", true},
    {"APP_REDIS_CONNECTION_STRING", "redis://h:1/15", true},
    {"APP_REDIS_CONNECTION_STRING", "redis://h:1/", true},
    {"APP_REDIS_CONNECTION_STRING", "redis://:p@ss:w/rd@[::1]:6379/0", true},
    {"APP_REDIS_CONNECTION_STRING", "redis://user:pw@h:6379", true},
    {"APP_REDIS_CONNECTION_STRING", "unix:///run/redis.sock", true},
    {"APP_REDIS_CONNECTION_STRING", "unix://:pw@/run/redis.sock?db=3", true},
    {"APP_REDIS_CONNECTION_STRING", "unix:///", false},
    {"APP_REDIS_CONNECTION_STRING", "unix://run/redis.sock", false},
    {"APP_REDIS_CONNECTION_STRING", "redis://", false},
    {"APP_REDIS_CONNECTION_STRING", "redis://h:0", false},
    {"APP_REDIS_CONNECTION_STRING", "redis://h:65536", false},
    {"APP_REDIS_CONNECTION_STRING", "redis://h:x", false},
    {"APP_REDIS_CONNECTION_STRING", "redis://h:1/x", false},
    {"APP_REDIS_CONNECTION_STRING", "rediss://h", false},
    {"APP_REDIS_CONNECTION_STRING", "h:6379", false},
    {"APP_KAFKA_BROKER", "a:1", true},
    {"APP_KAFKA_BROKER", "a:9092,b.example:9093,[::1]:65535,10.0.0.1:9092", true},
    {"APP_KAFKA_BROKER", "a", false},
    {"APP_KAFKA_BROKER", "a:0", false},
    {"APP_KAFKA_BROKER", "a:123456", false},
    {"APP_KAFKA_BROKER", ":9092", false},
    {"APP_KAFKA_BROKER", "a:1,", false},
    {"APP_KAFKA_BROKER", "a:1,,b:1", false},
    {"APP_KAFKA_BROKER", "a:1 b:1", false},
    {"APP_KAFKA_BROKER", "a:1, b:1", false},
    {"APP_KAFKA_BROKER", "PLAINTEXT://a:1", false},
    {"APP_KAFKA_CONFIG", "security.protocol=SSL", true},
    {"APP_KAFKA_CONFIG", " a=1, b.c=2  d_e= ", true},
    {"APP_KAFKA_CONFIG", "sasl.password=a=b=c", true},
    {"APP_KAFKA_CONFIG", " , ", true},
    {"APP_KAFKA_CONFIG", "a", false},
    {"APP_KAFKA_CONFIG", "=b", false},
    {"APP_KAFKA_CONFIG", "a=1,b", false},
    {"APP_BIND", "0.0.0.0", true},
    {"APP_BIND", "::1", true},
    {"APP_BIND", "[::]", true},
    {"APP_BIND", "localhost", true},
    {"APP_BIND", "127.0.0.1:9000", false},
    {"APP_BIND", "a b", false},
    {"APP_BIND", "[::1", false},
    {"APP_BIND", "[127.0.0.1]", false},
    {"APP_SOCKET", "/run/headcount/fcgi.sock", true},
    {"APP_WWW", "/srv/www folder", true},
    {"APP_ADMIN_TOKEN", "0123456789abcdef", true},
    {"APP_ADMIN_TOKEN", "0123456789abcde", false},
    {"APP_ADMIN_TOKEN", "0123456789 abcdef", false},
    {"APP_ADMIN_TOKEN", "0123456789abcd\xC3\xA9", false},
    {"APP_AUTH", "open", true},
    {"APP_AUTH", "all", true},
    {"APP_AUTH", "al", false},
    {"APP_AUTH", "open, all", false},
    {"APP_AUTH", "none", false},
    {"APP_HOSTS", "dash.example,localhost:8080,[::1]", true},
    {"APP_HOSTS", "http://dash.example", false},
    {"APP_HOSTS", "a/b", false},
    {"APP_HOSTS", ",", false},
    {"APP_CORS_ORIGIN", "https://a.example,http://localhost:3000", true},
    {"APP_CORS_ORIGIN", "*", false},
    {"APP_CORS_ORIGIN", "null", false},
    {"APP_CORS_ORIGIN", "https://a.example/", false},
    {"APP_CORS_ORIGIN", "https://", false},
    {"APP_CORS_ORIGIN", "http://", false},
    {"APP_CORS_ORIGIN", "ftp://a.example", false},
    {"APP_CORS_ORIGIN", "https://user@a.example", false},
    {"APP_TRUSTED_PROXIES", "10.0.0.1,::1,2001:db8::7", true},
    {"APP_TRUSTED_PROXIES", "10.0.0.0/8", false},
    {"APP_TRUSTED_PROXIES", "proxy.example", false},
    {"APP_TIMEZONE", "UTC", true},
    {"APP_TIMEZONE", "Europe/Nowhere", false},
    {"APP_TIMEZONE", "Europe", false},
    {"APP_TIMEZONE", "tzdata.zi", false},
    {"APP_TIMEZONE", "leapseconds", false},
    {"APP_TIMEZONE", "../zoneinfo/UTC", false},
    {"APP_TIMEZONE", "Europe/../Europe/Berlin", false},
    {"APP_TIMEZONE", "/usr/share/zoneinfo/UTC", false},
    {"APP_TIMEZONE", "Europe//Berlin ", false},
    {"APP_INSTANCE", "web-1.eu_2", true},
    {"APP_INSTANCE", "web 1", false},
    {"APP_INSTANCE", "a/b", false},
    {"APP_LOG_LEVEL", "debug", true},
    {"APP_LOG_LEVEL", "error", true},
    {"APP_LOG_LEVEL", "INFO", false},
    {"APP_LOG_LEVEL", "trace", false},
    {"APP_LOG_LEVEL", ",", false},
};

static void texts_are_checked_by_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (takes(texts[i].name, texts[i].value) != texts[i].ok)
            fail_msg("%s=%s is %s", texts[i].name, texts[i].value, texts[i].ok ? "refused" : "taken");
}

/* Zones of the database of this machine, if it has one. */
static void zones_are_files_of_the_database(void **state)
{
    (void)state;
    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0)
        skip();
    assert_true(takes("APP_TIMEZONE", "Europe/Berlin"));
    assert_true(takes("APP_TIMEZONE", "America/Argentina/Buenos_Aires"));
    assert_true(takes("APP_TIMEZONE", "Etc/GMT+5"));
    assert_false(takes("APP_TIMEZONE", "/Europe/Berlin"));
}

static void what_is_accepted_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
    } rows[] = {{"APP_PORT", "a whole number from 1 to 65535"},
                {"APP_AUTH", "one of: open, all"},
                {"APP_OLD_GET", "true, false, 1 or 0"},
                {"APP_KAFKA_BROKER", "host:port, several separated by commas"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hc_buf out;
        hc_buf_init(&out, 1000);
        hc_setting_accepted(row_of(rows[i].name), &out);
        assert_string_equal(out.data, rows[i].text);
        hc_buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_strict),       cmocka_unit_test(booleans_have_four_words),
        cmocka_unit_test(texts_are_checked_by_kind), cmocka_unit_test(zones_are_files_of_the_database),
        cmocka_unit_test(what_is_accepted_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
