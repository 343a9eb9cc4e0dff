/* test_instance.c - who is alive, as Redis says, and what Redis may say wrongly. */
#include "redis_server.h"

#include "instance.h"

static struct hc_instance sample(const char *name)
{
    struct hc_instance i = {.role = HC_ROLE_CONSUMER,
                            .beat_ms = 1795440000123,
                            .workers = 4,
                            .lag = 12,
                            .inserts_per_second = 15000,
                            .kafka_up = 1};
    snprintf(i.name, sizeof i.name, "%s", name);
    return i;
}

static size_t read_all(struct hc_cache *c, struct hc_instance list[HC_INSTANCES_MAX])
{
    size_t n = 999;
    assert_int_equal(hc_instances_read(c, list, HC_INSTANCES_MAX, &n), HC_OK);
    return n;
}

static void a_beat_is_read_as_written(void **state)
{
    struct hc_cache *c = *state;
    struct hc_instance list[HC_INSTANCES_MAX];
    assert_int_equal(read_all(c, list), 0);
    struct hc_instance web = sample("web-1.example");
    web.role = HC_ROLE_WEB;
    web.lag = -1;
    web.kafka_up = 0;
    struct hc_instance consumer = sample("consumer_2");
    assert_int_equal(hc_instance_beat(c, &web), HC_OK);
    assert_int_equal(hc_instance_beat(c, &consumer), HC_OK);
    assert_int_equal(read_all(c, list), 2);
    assert_string_equal(list[0].name, "consumer_2");
    assert_int_equal(list[0].role, HC_ROLE_CONSUMER);
    assert_int_equal(list[0].beat_ms, 1795440000123);
    assert_int_equal(list[0].workers, 4);
    assert_int_equal(list[0].lag, 12);
    assert_int_equal(list[0].inserts_per_second, 15000);
    assert_int_equal(list[0].kafka_up, 1);
    assert_string_equal(list[1].name, "web-1.example");
    assert_int_equal(list[1].role, HC_ROLE_WEB);
    assert_int_equal(list[1].lag, -1);
    assert_int_equal(list[1].kafka_up, 0);

    web.workers = 9;
    assert_int_equal(hc_instance_beat(c, &web), HC_OK);
    assert_int_equal(read_all(c, list), 2);
    assert_int_equal(list[1].workers, 9);
    hc_instance_leave(c, "consumer_2");
    hc_instance_leave(c, "nobody");
    assert_int_equal(read_all(c, list), 1);
    assert_string_equal(list[0].name, "web-1.example");
}

static long long ask(const char *format, ...)
{
    redisContext *r = raw_open();
    va_list args;
    va_start(args, format);
    redisReply *reply = redisvCommand(r, format, args);
    va_end(args);
    assert_non_null(reply);
    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    long long n = reply->integer;
    freeReplyObject(reply);
    redisFree(r);
    return n;
}

static void the_silent_are_taken_out(void **state)
{
    struct hc_cache *c = *state;
    struct hc_instance list[HC_INSTANCES_MAX];
    static const char *const names[] = {"alive", "old", "future", "nohash"};
    for (int i = 0; i < 4; i++) {
        struct hc_instance self = sample(names[i]);
        assert_int_equal(hc_instance_beat(c, &self), HC_OK);
    }
    assert_in_range(ask("PTTL hc:1:instance:alive"), 14000, 15000);
    raw("ZADD hc:1:instances %lld old", (long long)hc_now_ms() - 15100);
    raw("ZADD hc:1:instances %lld future", (long long)hc_now_ms() + 3600000);
    raw("DEL hc:1:instance:nohash");
    assert_int_equal(read_all(c, list), 1);
    assert_string_equal(list[0].name, "alive");
    assert_int_equal(ask("ZCARD hc:1:instances"), 2); /* alive, and nohash until its time */
    raw("ZADD hc:1:instances %lld alive", (long long)hc_now_ms() - 14000);
    assert_int_equal(read_all(c, list), 1);
}

static void hostile_rows_are_skipped(void **state)
{
    struct hc_cache *c = *state;
    struct hc_instance list[HC_INSTANCES_MAX];
    struct hc_instance good = sample("good");
    struct hc_instance odd = sample("odd");
    static const struct {
        const char *field, *value;
    } cases[] = {
        {"v", "2"},        {"v", ""},         {"role", "admin"},  {"role", "webx"},
        {"beat", ""},      {"beat", "-1"},    {"beat", "1e9"},    {"beat", "99999999999999999999"},
        {"workers", "4 "}, {"workers", "+4"}, {"workers", "0x4"}, {"workers", "1000001"},
        {"lag", "-2"},     {"lag", "-"},      {"lag", "1.5"},     {"rate", "many"},
        {"rate", "-1"},    {"kafka", "2"},    {"kafka", "true"},  {"kafka", NULL}, /* not there */
    };
    assert_int_equal(hc_instance_beat(c, &good), HC_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(hc_instance_beat(c, &odd), HC_OK);
        assert_int_equal(read_all(c, list), 2);
        if (cases[i].value)
            raw("HSET hc:1:instance:odd %s %s", cases[i].field, cases[i].value);
        else
            raw("HDEL hc:1:instance:odd %s", cases[i].field);
        if (read_all(c, list) != 1)
            fail_msg("taken: %s %s", cases[i].field, cases[i].value ? cases[i].value : "(none)");
        assert_string_equal(list[0].name, "good");
    }
    hc_instance_leave(c, "odd");
    assert_int_equal(hc_instance_beat(c, &odd), HC_OK);
    raw("HSET hc:1:instance:odd note x");
    assert_int_equal(read_all(c, list), 2);
}

static void names_are_checked(void **state)
{
    struct hc_cache *c = *state;
    struct hc_instance list[HC_INSTANCES_MAX];
    static const char *const bad[] = {"", "a b", "a:b", "a/b", "\xc3\xa4", "a\n", "*"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct hc_instance self = sample(bad[i]);
        assert_int_equal(hc_instance_beat(c, &self), HC_EINVALID);
        self = sample("x");
        assert_int_equal(hc_instance_beat(c, &self), HC_OK);
        raw("RENAME hc:1:instance:x hc:1:instance:%s", bad[i]);
        raw("ZREM hc:1:instances x");
        raw("ZADD hc:1:instances %lld %s", (long long)hc_now_ms(), bad[i]);
        assert_int_equal(read_all(c, list), 0);
        hc_instance_leave(c, bad[i]);
        raw("FLUSHALL");
    }
    struct hc_instance self = sample("");
    memset(self.name, 'n', sizeof self.name); /* no NUL */
    assert_int_equal(hc_instance_beat(c, &self), HC_EINVALID);
    self.name[63] = '\0';
    assert_int_equal(hc_instance_beat(c, &self), HC_OK);
    assert_int_equal(read_all(c, list), 1);
    assert_string_equal(list[0].name, self.name);
}

static void keys_of_another_type_heal(void **state)
{
    struct hc_cache *c = *state;
    struct hc_instance list[HC_INSTANCES_MAX];
    struct hc_instance self = sample("one");
    raw("SET hc:1:instances x");
    raw("SET hc:1:instance:one x");
    assert_int_equal(read_all(c, list), 0);
    hc_instance_leave(c, "one");
    raw("SET hc:1:instance:one x");
    assert_int_equal(hc_instance_beat(c, &self), HC_OK);
    assert_int_equal(read_all(c, list), 1);
    raw("DEL hc:1:instance:one");
    raw("SET hc:1:instance:one x");
    assert_int_equal(read_all(c, list), 0);
}

static void the_list_has_an_end(void **state)
{
    struct hc_cache *c = *state;
    struct hc_instance list[HC_INSTANCES_MAX];
    size_t n;
    for (int i = 0; i < HC_INSTANCES_MAX + 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "i%03d", i);
        struct hc_instance self = sample(name);
        while (hc_instance_beat(c, &self) != HC_OK)
            assert_true(wait_back(c) >= 0);
    }
    assert_int_equal(read_all(c, list), HC_INSTANCES_MAX);
    for (int i = 1; i < HC_INSTANCES_MAX; i++)
        assert_true(strcmp(list[i - 1].name, list[i].name) < 0);
    assert_int_equal(hc_instances_read(c, list, 3, &n), HC_OK);
    assert_int_equal(n, 3);
    assert_int_equal(hc_instances_read(c, list, 0, &n), HC_OK);
    assert_int_equal(n, 0);
}

static void without_redis_it_says_so(void **state)
{
    struct hc_cache *c = *state;
    struct hc_instance list[2];
    struct hc_instance self = sample("one");
    size_t n = 5;
    server_kill();
    assert_int_equal(hc_instance_beat(c, &self), HC_ECACHE);
    assert_int_equal(hc_instances_read(c, list, 2, &n), HC_ECACHE);
    assert_int_equal(n, 0);
    hc_instance_leave(c, "one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        redis_test(a_beat_is_read_as_written), redis_test(the_silent_are_taken_out),
        redis_test(hostile_rows_are_skipped),  redis_test(names_are_checked),
        redis_test(keys_of_another_type_heal), redis_test(the_list_has_an_end),
        redis_test(without_redis_it_says_so),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
