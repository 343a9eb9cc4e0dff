/* test_cache_address.c - how an address of Redis is read. */
#include "redis_server.h"

#include "cache_link.h"

static void addresses_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *path, *host, *user, *password;
        int port, db;
    } good[] = {
        {"redis://127.0.0.1:6379/0", "", "127.0.0.1", "", "", 6379, 0},
        {"redis://localhost", "", "localhost", "", "", 6379, 0},
        {"redis://localhost/", "", "localhost", "", "", 6379, 0},
        {"redis://cache.example:1/9999", "", "cache.example", "", "", 1, 9999},
        {"redis://:secret@h:65535/3", "", "h", "", "secret", 65535, 3},
        {"redis://:p%40ss%3A%2f@h:6380", "", "h", "", "p@ss:/", 6380, 0},
        {"redis://:a@b@h:6380", "", "h", "", "a@b", 6380, 0},
        {"redis://me:pw@h", "", "h", "me", "pw", 6379, 0},
        {"redis://[::1]:7000/2", "", "::1", "", "", 7000, 2},
        {"redis://:x@[fe80::1%25eth0]", "", "fe80::1%25eth0", "", "x", 6379, 0},
        {"unix:///run/redis.sock", "/run/redis.sock", "", "", "", 6379, 0},
        {"unix:///run/redis.sock?db=4", "/run/redis.sock", "", "", "", 6379, 4},
        {"unix://:pw@/run/redis.sock?db=0", "/run/redis.sock", "", "", "pw", 6379, 0},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct hc_link_address a;
        struct hc_error err = {0};
        if (hc_link_address(&a, good[i].uri, &err) != HC_OK)
            fail_msg("%s: %s", good[i].uri, err.detail);
        assert_string_equal(a.path, good[i].path);
        assert_string_equal(a.host, good[i].host);
        assert_string_equal(a.user, good[i].user);
        assert_string_equal(a.password, good[i].password);
        assert_int_equal(a.port, good[i].port);
        assert_int_equal(a.db, good[i].db);
    }
}

static void wrong_addresses_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "redis",
                                      "redis:",
                                      "redis:/h",
                                      "http://h",
                                      "rediss://h",
                                      "redis://",
                                      "redis://:6379",
                                      "redis:///0",
                                      "redis://h:",
                                      "redis://h:0",
                                      "redis://h:65536",
                                      "redis://h:-1",
                                      "redis://h:+1",
                                      "redis://h:6379x",
                                      "redis://h:6379/x",
                                      "redis://h:6379/-1",
                                      "redis://h:6379/10000",
                                      "redis://h:6379/1/",
                                      "redis://h/?db=1",
                                      "redis://h h",
                                      "redis://h\n",
                                      "redis://h#x",
                                      "redis://::1",
                                      "redis://[::1",
                                      "redis://[]:1",
                                      "redis://[::1]x",
                                      "redis://pw@h",
                                      "redis://:@h",
                                      "redis://me:@h",
                                      "redis://:%@h",
                                      "redis://:%4@h",
                                      "redis://:%zz@h",
                                      "redis://:a%00b@h",
                                      "unix://",
                                      "unix://run/redis",
                                      "unix:///run?db=",
                                      "unix:///run?db=x",
                                      "unix:///run?d=1",
                                      "unix:///run?db=1&x",
                                      "unix://?db=1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct hc_cache *c = (void *)&c;
        struct hc_error err = {0};
        if (hc_cache_open(&c, bad[i], &err) != HC_ESETTING)
            fail_msg("taken: %s", bad[i]);
        assert_null(c);
        assert_int_equal(err.code, HC_ESETTING);
        assert_string_equal(err.field, "APP_REDIS_CONNECTION_STRING");
    }
    struct hc_cache *c;
    struct hc_error err;
    struct hc_link_address a;
    char path[7 + sizeof a.path + 1] = "unix:///";
    memset(path + 8, 'p', sizeof a.path - 2);
    assert_int_equal(hc_link_address(&a, path, &err), HC_OK);
    path[8 + sizeof a.path - 2] = 'p'; /* one more than fits */
    assert_int_equal(hc_link_address(&a, path, &err), HC_ESETTING);
    assert_int_equal(hc_cache_open(&c, "redis://:hunter2@h:x", &err), HC_ESETTING);
    assert_null(strstr(err.detail, "hunter2"));
    hc_cache_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(wrong_addresses_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
