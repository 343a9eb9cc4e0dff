/* test_cache.c - values and locks in Redis, and what it refuses. */
#include "redis_server.h"

static void values_come_back_byte_by_byte(void **state)
{
    struct hc_cache *c = *state;
    struct hc_buf b;
    hc_buf_init(&b, 1000);

    assert_int_equal(hc_cache_get(c, "hc:1:none", &b), HC_ENOTFOUND);
    assert_int_equal(b.len, 0);
    assert_int_equal(hc_cache_set(c, "hc:1:a b\r\n:", "x\0\r\n$-1\r\n", 9, 60000), HC_OK);
    assert_int_equal(hc_cache_set(c, "hc:1:a", "other", 5, 60000), HC_OK);
    hc_buf_str(&b, ">");
    assert_int_equal(hc_cache_get(c, "hc:1:a b\r\n:", &b), HC_OK);
    assert_int_equal(b.len, 10);
    assert_memory_equal(b.data, ">x\0\r\n$-1\r\n", 10);
    assert_int_equal(hc_cache_set(c, "hc:1:empty", "", 0, 60000), HC_OK);
    hc_buf_clear(&b);
    assert_int_equal(hc_cache_get(c, "hc:1:empty", &b), HC_OK);
    assert_int_equal(b.len, 0);
    assert_int_equal(hc_cache_delete(c, "hc:1:a"), HC_OK);
    assert_int_equal(hc_cache_delete(c, "hc:1:a"), HC_OK);
    assert_int_equal(hc_cache_get(c, "hc:1:a", &b), HC_ENOTFOUND);
    hc_buf_release(&b);
}

static void two_values_come_in_one_round_trip(void **state)
{
    struct hc_cache *c = *state;
    struct hc_buf value, also;
    hc_buf_init(&value, 10);
    hc_buf_init(&also, 10);
    assert_int_equal(hc_cache_get_beside(c, "hc:1:a", &value, "hc:1:b", &also), HC_ENOTFOUND);
    assert_int_equal(value.len + also.len, 0);
    raw("SET hc:1:b beside");
    assert_int_equal(hc_cache_get_beside(c, "hc:1:a", &value, "hc:1:b", &also), HC_ENOTFOUND);
    assert_string_equal(also.data, "beside");
    hc_buf_clear(&also);
    raw("SET hc:1:a value");
    assert_int_equal(hc_cache_get_beside(c, "hc:1:a", &value, "hc:1:b", &also), HC_OK);
    assert_string_equal(value.data, "value");
    assert_string_equal(also.data, "beside");
    hc_buf_clear(&value);
    hc_buf_clear(&also);
    raw("SET hc:1:b 12345678901"); /* longer than it may be */
    assert_int_equal(hc_cache_get_beside(c, "hc:1:a", &value, "hc:1:b", &also), HC_OK);
    assert_string_equal(value.data, "value");
    assert_int_equal(also.len, 0);
    raw("SET hc:1:b beside");
    raw("SETRANGE hc:1:a 3000000 x"); /* longer than a reply may be */
    assert_int_equal(hc_cache_get_beside(c, "hc:1:a", &value, "hc:1:b", &also), HC_ENOTFOUND);
    assert_string_equal(also.data, "beside");
    server_kill();
    assert_int_equal(hc_cache_get_beside(c, "hc:1:a", &value, "hc:1:b", &also), HC_ECACHE);
    hc_buf_release(&value);
    hc_buf_release(&also);
}

static void a_value_ends_with_its_time(void **state)
{
    struct hc_cache *c = *state;
    struct hc_buf b;
    hc_buf_init(&b, 1000);
    assert_int_equal(hc_cache_set(c, "hc:1:a", "x", 1, 500), HC_OK);
    assert_int_equal(hc_cache_get(c, "hc:1:a", &b), HC_OK);
    hc_sleep_ms(700);
    assert_int_equal(hc_cache_get(c, "hc:1:a", &b), HC_ENOTFOUND);
    hc_buf_release(&b);
}

static void what_is_no_text_is_not_found(void **state)
{
    struct hc_cache *c = *state;
    struct hc_buf b;
    int ms;
    hc_buf_init(&b, 10);
    raw("LPUSH hc:1:list a b");
    assert_int_equal(hc_cache_get(c, "hc:1:list", &b), HC_ENOTFOUND);
    raw("SET hc:1:long 12345678901");
    assert_int_equal(hc_cache_get(c, "hc:1:long", &b), HC_ENOTFOUND);
    assert_false(hc_buf_failed(&b));
    assert_int_equal(b.len, 0);

    struct hc_buf big;
    hc_buf_init(&big, SIZE_MAX);
    raw("SETRANGE hc:1:huge 3000000 x");
    assert_int_equal(hc_cache_get(c, "hc:1:huge", &big), HC_ENOTFOUND);
    assert_int_equal(hc_cache_ping(c, &ms), HC_OK);
    assert_int_equal(hc_cache_set(c, "hc:1:huge", "small", 5, 1000), HC_OK);
    assert_int_equal(hc_cache_get(c, "hc:1:huge", &big), HC_OK);
    assert_string_equal(big.data, "small");
    hc_buf_release(&big);
    hc_buf_release(&b);
}

static void a_lock_has_one_owner(void **state)
{
    struct hc_cache *c = *state;
    assert_int_equal(hc_cache_lock(c, "hc:1:l", 1, 60000), HC_OK);
    assert_int_equal(hc_cache_lock(c, "hc:1:l", 2, 60000), HC_ECONFLICT);
    assert_int_equal(hc_cache_lock(c, "hc:1:l", 1, 60000), HC_ECONFLICT);
    hc_cache_unlock(c, "hc:1:l", 2); /* not the owner */
    assert_int_equal(hc_cache_lock(c, "hc:1:l", 2, 60000), HC_ECONFLICT);
    hc_cache_unlock(c, "hc:1:l", 1);
    assert_int_equal(hc_cache_lock(c, "hc:1:l", UINT64_MAX, 80), HC_OK);
    hc_sleep_ms(150);
    assert_int_equal(hc_cache_lock(c, "hc:1:l", 3, 60000), HC_OK);
    hc_cache_unlock(c, "hc:1:l", UINT64_MAX); /* was, and is late */
    assert_int_equal(hc_cache_lock(c, "hc:1:l", 4, 60000), HC_ECONFLICT);
    raw("DEL hc:1:l");
    raw("LPUSH hc:1:l x");
    assert_int_equal(hc_cache_lock(c, "hc:1:l", 4, 60000), HC_ECONFLICT);
    hc_cache_unlock(c, "hc:1:l", 4);
}

/* --- what Redis says --- */

static void refusals_are_told_apart(void **state)
{
    struct hc_cache *c = *state;
    redisReply *reply = (void *)&reply;
    struct hc_buf b;
    hc_buf_init(&b, 100);

    assert_int_equal(hc_cache_command(c, 1, (const char *[]){"NOSUCH"}, NULL, &reply), HC_EINTERNAL);
    assert_null(reply);
    assert_int_equal(hc_cache_command(c, 2, (const char *[]){"TIME", "x"}, NULL, &reply), HC_EINTERNAL);
    assert_int_equal(hc_cache_command(c, 1, (const char *[]){"TIME"}, NULL, &reply), HC_OK);
    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    freeReplyObject(reply);

    assert_int_equal(hc_cache_set(c, "hc:1:a", "x", 1, 60000), HC_OK);
    raw("CONFIG SET maxmemory 1");
    assert_int_equal(hc_cache_set(c, "hc:1:b", "x", 1, 60000), HC_ECACHE);
    assert_int_equal(hc_cache_lock(c, "hc:1:l", 1, 60000), HC_ECACHE);
    assert_int_equal(hc_cache_get(c, "hc:1:a", &b), HC_OK); /* the breaker stays closed */
    raw("CONFIG SET maxmemory 0");
    raw("REPLICAOF 127.0.0.1 1");
    assert_int_equal(hc_cache_set(c, "hc:1:b", "x", 1, 60000), HC_ECACHE);
    raw("REPLICAOF NO ONE");
    assert_int_equal(hc_cache_set(c, "hc:1:b", "x", 1, 60000), HC_OK);
    hc_buf_release(&b);
}

static void a_password_and_a_number_are_used(void **state)
{
    char uri[200];
    struct hc_buf b;
    hc_buf_init(&b, 100);
    raw("CONFIG SET requirepass p@s:%s", "s/%");
    snprintf(uri, sizeof uri, "unix://:p%%40s%%3As%%2F%%25@%s?db=3", server.socket);
    struct hc_cache *c = cache_open(uri);
    assert_int_equal(hc_cache_set(c, "hc:1:a", "three", 5, 60000), HC_OK);
    hc_cache_close(c);

    snprintf(uri, sizeof uri, "unix://default:p%%40s%%3As%%2F%%25@%s", server.socket);
    c = cache_open(uri);
    assert_int_equal(hc_cache_get(c, "hc:1:a", &b), HC_ENOTFOUND);
    hc_cache_close(c);

    snprintf(uri, sizeof uri, "unix://:wrong@%s", server.socket);
    struct captured log = capture_begin();
    c = cache_open(uri);
    enum hc_err e = hc_cache_get(c, "hc:1:a", &b);
    int said = captured_lines(&log, "cache.lost");
    int leaked = captured_lines(&log, "wrong@");
    capture_end(&log);
    hc_cache_close(c);
    assert_int_equal(e, HC_ECACHE);
    assert_int_equal(said, 1);
    assert_int_equal(leaked, 0);

    redisContext *r = raw_open();
    freeReplyObject(redisCommand(r, "AUTH p@s:s/%%"));
    freeReplyObject(redisCommand(r, "CONFIG SET requirepass %s", ""));
    freeReplyObject(redisCommand(r, "SELECT 3"));
    redisReply *reply = redisCommand(r, "EXISTS hc:1:a");
    assert_int_equal(reply->integer, 1);
    freeReplyObject(reply);
    redisFree(r);
    assert_true(wait_back(*state) >= 0);
    hc_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        redis_test(values_come_back_byte_by_byte),
        redis_test(two_values_come_in_one_round_trip),
        redis_test(a_value_ends_with_its_time),
        redis_test(what_is_no_text_is_not_found),
        redis_test(a_lock_has_one_owner),
        redis_test(refusals_are_told_apart),
        redis_test(a_password_and_a_number_are_used),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
