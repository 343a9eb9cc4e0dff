/* test_flight_value.c - a kept answer as bytes in Redis: garbage, older and other versions, times. */
#include "flight_fixture.h"

static void a_value_is_read_as_written(void **state)
{
    (void)state;
    struct hc_value in = {.built_ms = 1795440000000,
                          .counter = 7,
                          .fresh_until_ms = 1795440001000,
                          .keep_until_ms = 1795440060000,
                          .generation = 42,
                          .etag = "W/abc-1",
                          .body = "a\n\0b",
                          .body_len = 4};
    struct hc_value out;
    struct hc_buf b;
    hc_buf_init(&b, 1000);
    hc_value_write(&in, &b);
    assert_memory_equal(b.data, "HC2 1795440000000 7 1795440001000 1795440060000 42 W/abc-1 4\na\n\0b",
                        b.len);
    assert_true(hc_value_read(&out, b.data, b.len));
    assert_int_equal(out.built_ms, in.built_ms);
    assert_int_equal(out.counter, in.counter);
    assert_int_equal(out.fresh_until_ms, in.fresh_until_ms);
    assert_int_equal(out.keep_until_ms, in.keep_until_ms);
    assert_int_equal(out.generation, in.generation);
    assert_string_equal(out.etag, in.etag);
    assert_int_equal(out.body_len, 4);
    assert_memory_equal(out.body, "a\n\0b", 4);
    for (size_t cut = 0; cut < b.len; cut++) { /* from a copy, so that a read behind its end is seen */
        char *copy = malloc(cut ? cut : 1);
        memcpy(copy, b.data, cut);
        assert_false(hc_value_read(&out, copy, cut));
        free(copy);
    }
    hc_buf_char(&b, 'x');
    assert_false(hc_value_read(&out, b.data, b.len));
    hc_buf_release(&b);
}

/* Values that are none. %s: a time of building later than the fill's, and still
 * believed: if the script that puts took it for a value, it would stay. */
static const char *const garbage[] = {
    "",
    "x",
    "HC2",
    "HC1 %s 1 %s9 %s9 e 1\nx",
    "HC3 %s 1 %s9 %s9 0 e 1\nx",
    "hc2 %s 1 %s9 %s9 0 e 1\nx",
    "HC2  %s 1 %s9 %s9 0 e 1\nx",
    "HC2 %s 1 %s9 %s9 0 e 1\nxx",
    "HC2 %s 1 %s9 %s9 0 e 2\nx",
    "HC2 %s 1 %s9 %s9 0 e 1 \nx",
    "HC2 %s 1 %s9 %s9 0 e 1\r\nx",
    "HC2 %s 1 %s9 %s9 0 e -1\nx",
    "HC2 %s 1 %s9 %s9 0 e +1\nx",
    "HC2 %s 1 %s9 %s9 0 e \nx",
    "HC2 %s 1 %s9 %s9 0  1\nx",
    "HC2 %s 1 %s9 %s9 0 a\"b 1\nx",
    "HC2 %s 1 %s9 %s9 0 a\tb 1\nx",
    "HC2 %s 1 %s9 %s9 0 0123456789012345678901234567890123 1\nx",
    "HC2 %s 1 %s9 1 0 e 1\nx",
    "HC2 %s 1 1 %s9 0 e 1\nx",
    "HC2 -%s 1 %s9 %s9 0 e 1\nx",
    "HC2 0x1 1 9 9 0 e 1\nx",
    "HC2 99999999999999999999 1 99999999999999999999 99999999999999999999 0 e 1\nx",
    "HC2 %s 1 %s9 %s9 0 e 1",
    "HC2 %s 1234567890123456 %s9 %s9 0 e 1\nx",
    "HC2 %s 1 %s9 %s999 0 e 1\nx",
    "HC2 %s 1 %s9 %s9 0 e 99999999999999999999\nx",
    "HC2 %s 1 %s9 %s9 e 1\nx",
    "HC2 %s 1 %s9 %s9 -1 e 1\nx",
    "HC2 %s 1 %s9 %s9 x e 1\nx",
    "HC2 %s 1 %s9 %s9 1234567890123456 e 1\nx",
    "{\"total\":5}",
};

static void garbage_is_a_miss_and_overwritten(void **state)
{
    struct hc_cache *c = *state;
    char now[24];
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        char *text;
        struct hc_value v;
        snprintf(now, sizeof now, "%lld", (long long)hc_now_ms() + 3000);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        assert_true(asprintf(&text, garbage[i], now, now, now) >= 0);
#pragma GCC diagnostic pop
        if (hc_value_read(&v, text, strlen(text)))
            fail_msg("taken: %s", text);
        raw("SET " KEY " %s", text);
        expect(c, 10000, 60000, HC_FLIGHT_FILLED, 1);
        free(text);
        text = raw_get(KEY);
        if (!hc_value_read(&v, text, strlen(text)))
            fail_msg("not overwritten: %s", text);
        free(text);
        expect(c, 10000, 60000, HC_FLIGHT_HIT, 1);
    }
    raw("DEL " KEY);
    raw("LPUSH " KEY " a");
    expect(c, 10000, 60000, HC_FLIGHT_FILLED, 1);
    expect(c, 10000, 60000, HC_FLIGHT_HIT, 1);
    raw("SETRANGE " KEY " 3000000 x");
    expect(c, 10000, 60000, HC_FLIGHT_FILLED, 1);
    expect(c, 10000, 60000, HC_FLIGHT_HIT, 1);
}

static void put(struct hc_cache *c, int64_t built, int64_t counter, const char *body)
{
    struct hc_value v = {.built_ms = built,
                         .counter = counter,
                         .fresh_until_ms = built + 60000,
                         .keep_until_ms = built + 600000,
                         .etag = "e",
                         .body = body,
                         .body_len = strlen(body)};
    assert_int_equal(hc_value_put(c, KEY, &v, &(struct hc_generation){0}, hc_now_ms()), HC_OK);
}

static void assert_kept(const char *body)
{
    char *text = raw_get(KEY);
    const char *line = strchr(text, '\n');
    if (!line || strcmp(line + 1, body) != 0)
        fail_msg("kept is %s, not %s", text, body);
    free(text);
}

static void older_never_replaces_newer(void **state)
{
    struct hc_cache *c = *state;
    int64_t now = hc_now_ms();
    put(c, now - 100, 5, "first");
    put(c, now - 101, 9, "older");
    assert_kept("first");
    put(c, now - 100, 4, "lower counter");
    assert_kept("first");
    put(c, now - 100, 5, "equal");
    assert_kept("first");
    put(c, now - 100, 10, "higher counter"); /* "10" < "5" as text */
    assert_kept("higher counter");
    put(c, now - 99, 0, "newer");
    assert_kept("newer");
    put(c, now + 4000, 0, "a little ahead");
    put(c, now, 0, "now");
    assert_kept("a little ahead");
    raw("DEL " KEY);
    put(c, now + 60000, 0, "from the future");
    put(c, now, 0, "now");
    assert_kept("now");
    put(c, now - 700000, 0, "over before it is put");
    assert_kept("now");
}

static void times_are_believed_within_reason(void **state)
{
    struct hc_cache *c = *state;
    int64_t now = hc_now_ms();
    put(c, now + 3600000, 0, KEY " v8"); /* a clock that was ahead */
    expect(c, 1000, 60000, HC_FLIGHT_FILLED, 1);
    expect(c, 1000, 60000, HC_FLIGHT_HIT, 1);
    raw("DEL " KEY);
    put(c, now - 500, 0, KEY " v8"); /* says that it is fresh for a minute */
    expect(c, 10000, 60000, HC_FLIGHT_HIT, 8);
    expect(c, 100, 60000, HC_FLIGHT_FILLED, 1);
    raw("DEL " KEY);
    put(c, now - 30000, 0, KEY " v8"); /* older than this flight keeps */
    atomic_store(&world->fails, HC_ESTORE);
    struct call call = {.key = KEY, .fresh_ms = 100, .keep_ms = 1000};
    call_run(&call, c);
    assert_int_equal(call.e, HC_ESTORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_read_as_written),
        flight_test(garbage_is_a_miss_and_overwritten),
        flight_test(older_never_replaces_newer),
        flight_test(times_are_believed_within_reason),
    };
    return cmocka_run_group_tests(tests, flights_setup, group_teardown);
}
