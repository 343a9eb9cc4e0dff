/* test_flight_generation.c - kept answers that belong to a text in Redis: one round trip, and none of another
 * generation, whatever happens to the text, to the value, and to Redis.
 */
#include "flight_fixture.h"

#define TEXT "hc:1:test:generation"

/* One call of KEY with a generation. */
static void expect_of(struct hc_cache *cache, int fresh_ms, enum hc_flight_source source, int version)
{
    struct call c = {.key = KEY, .fresh_ms = fresh_ms, .keep_ms = 60000, .generation = TEXT};
    call_must(&c, cache, source, version);
}

/* How many commands Redis has answered. */
static long long commands(void)
{
    redisContext *r = raw_open();
    assert_non_null(r);
    redisReply *reply = redisCommand(r, "INFO stats");
    const char *at = strstr(reply->str, "total_commands_processed:");
    assert_non_null(at);
    long long n = strtoll(at + strlen("total_commands_processed:"), NULL, 10);
    freeReplyObject(reply);
    redisFree(r);
    return n;
}

static void a_hit_is_one_command(void **state)
{
    struct hc_cache *c = *state;
    raw("SET " TEXT " one");
    expect_of(c, 60000, HC_FLIGHT_FILLED, 1);
    long long before = commands();
    for (int i = 0; i < 100; i++)
        expect_of(c, 60000, HC_FLIGHT_HIT, 1);
    assert_int_equal(commands() - before, 100 + 1); /* INFO itself */
}

static void another_text_makes_it_a_miss(void **state)
{
    struct hc_cache *c = *state;
    static const char *const texts[] = {
        "one", "two", "",
        "one", "o",   "a text that is longer than any of ours does not fit, and is as if there were none",
    };
    expect_of(c, 60000, HC_FLIGHT_FILLED, 1); /* there is none yet: one is made */
    expect_of(c, 60000, HC_FLIGHT_HIT, 1);
    for (int i = 0; i < 6; i++) {
        atomic_store(&world->version, 2 + i);
        raw("SET " TEXT " %s", texts[i]);
        expect_of(c, 60000, HC_FLIGHT_FILLED, 2 + i);
        expect_of(c, 60000, HC_FLIGHT_HIT, 2 + i);
    }
    atomic_store(&world->version, 8);
    raw("DEL " TEXT); /* what is made anew is never one that was */
    expect_of(c, 60000, HC_FLIGHT_FILLED, 8);
    expect_of(c, 60000, HC_FLIGHT_HIT, 8);
    atomic_store(&world->version, 9);
    raw("DEL " TEXT);
    raw("LPUSH " TEXT " x");
    expect_of(c, 60000, HC_FLIGHT_FILLED, 9);
    expect_of(c, 60000, HC_FLIGHT_HIT, 9);
    atomic_store(&world->version, 10);
    assert_int_equal(hc_flight_generation_new(c, TEXT), HC_OK);
    expect_of(c, 60000, HC_FLIGHT_FILLED, 10);
}

/* Neither while another one fills nor when the store fails. */
static void another_generation_is_never_stale(void **state)
{
    struct hc_cache *c = *state;
    expect_of(c, 60000, HC_FLIGHT_FILLED, 1);
    raw("SET " TEXT " two");
    atomic_store(&world->version, 2);
    atomic_store(&world->slow_ms, 300);
    struct call *calls = calls_new(THREADS, 60000, 60000);
    for (int i = 0; i < THREADS; i++)
        calls[i].generation = TEXT;
    call_all(calls, THREADS);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_FILLED, 2) + count(calls, THREADS, HC_FLIGHT_HIT, 2),
                     THREADS);
    assert_in_range(atomic_load(&world->fills), 2, 1 + HC_FLIGHT_FILLS);
    free(calls);

    raw("SET " TEXT " three");
    atomic_store(&world->slow_ms, 0);
    atomic_store(&world->fails, HC_ESTORE);
    struct call call = {.key = KEY, .fresh_ms = 60000, .keep_ms = 60000, .generation = TEXT};
    call_run(&call, c);
    assert_int_equal(call.e, HC_ESTORE);
}

static void the_same_generation_is_stale_for_the_store(void **state)
{
    struct hc_cache *c = *state;
    raw("SET " TEXT " one");
    expect_of(c, 50, HC_FLIGHT_FILLED, 1);
    hc_sleep_ms(80);
    atomic_store(&world->fails, HC_ESTORE);
    expect_of(c, 50, HC_FLIGHT_STALE, 1);
}

/* It looked before the write, and is ready after who looked behind it. */
static void a_fill_from_before_never_hides_a_write(void **state)
{
    struct hc_cache *c = *state;
    struct call *slow = calls_new(1, 60000, 60000);
    slow->generation = TEXT;
    raw("SET " TEXT " one");
    atomic_store(&world->slow_ms, 400);
    assert_int_equal(pthread_create(&slow->thread, NULL, call_thread, slow), 0);
    hc_sleep_ms(100);
    atomic_store(&world->version, 2);
    raw("SET " TEXT " two");
    atomic_store(&world->slow_ms, 0);
    char *lock = raw_get(KEY ":lock"); /* that one's is of its generation: nobody else waits for it */
    assert_string_equal(lock, "");
    free(lock);
    expect_of(c, 60000, HC_FLIGHT_FILLED, 2);
    pthread_join(slow->thread, NULL);
    assert_int_equal(count(slow, 1, HC_FLIGHT_FILLED, 1), 1);
    expect_of(c, 60000, HC_FLIGHT_HIT, 2);
    free(slow);
}

#define ASKERS 6

/* The fill of one is for all who asked before the write, though it ends behind it. */
static void who_waits_takes_what_was_asked_for(void **state)
{
    (void)state;
    int least = ASKERS;
    for (int round = 0; round < 10 && least > 1; round++) {
        struct call *calls = calls_new(ASKERS, 60000, 60000);
        world_reset();
        raw("FLUSHALL");
        raw("SET " TEXT " one");
        atomic_store(&world->slow_ms, 90);
        for (int i = 0; i < ASKERS; i++) {
            calls[i].generation = TEXT;
            assert_int_equal(pthread_create(&calls[i].thread, NULL, call_thread, &calls[i]), 0);
        }
        hc_sleep_ms(70);
        raw("SET " TEXT " two");
        for (int i = 0; i < ASKERS; i++)
            pthread_join(calls[i].thread, NULL);
        assert_int_equal(count(calls, ASKERS, HC_FLIGHT_FILLED, 1) + count(calls, ASKERS, HC_FLIGHT_HIT, 1),
                         ASKERS);
        int fills = atomic_load(&world->fills);
        least = fills < least ? fills : least;
        free(calls);
    }
    assert_int_equal(least, 1);
}

/* Redis loses all, and who began before that ends behind it. */
static void a_lost_text_never_comes_again(void **state)
{
    struct hc_cache *c = *state;
    struct call *slow = calls_new(1, 60000, 60000);
    slow->generation = TEXT;
    atomic_store(&world->slow_ms, 200);
    assert_int_equal(pthread_create(&slow->thread, NULL, call_thread, slow), 0);
    hc_sleep_ms(100);
    atomic_store(&world->version, 2);
    raw("SET " TEXT " two");
    raw("FLUSHALL");
    pthread_join(slow->thread, NULL);
    assert_int_equal(count(slow, 1, HC_FLIGHT_FILLED, 1), 1);
    atomic_store(&world->slow_ms, 0);
    expect_of(c, 60000, HC_FLIGHT_FILLED, 2);
    free(slow);
}

static void a_clock_that_is_ahead_keeps_no_write_out(void **state)
{
    struct hc_cache *c = *state;
    int64_t ahead = hc_now_ms() + 4000;
    struct hc_value v = {.built_ms = ahead,
                         .generation = 42,
                         .fresh_until_ms = ahead + 60000,
                         .keep_until_ms = ahead + 60000,
                         .etag = "e",
                         .body = "x",
                         .body_len = 1};
    struct hc_generation other = {.key = TEXT, .text = "another"};
    raw("SET " TEXT " one");
    assert_int_equal(hc_value_put(c, KEY, &v, &other, hc_now_ms()), HC_OK);
    expect_of(c, 60000, HC_FLIGHT_FILLED, 1);
    expect_of(c, 60000, HC_FLIGHT_HIT, 1);
    assert_int_equal(hc_value_put(c, KEY, &v, &other, hc_now_ms()), HC_OK); /* newer, so it may */
    expect_of(c, 60000, HC_FLIGHT_FILLED, 1);
    v.built_ms -= 8000;
    assert_int_equal(hc_value_put(c, KEY, &v, &other, hc_now_ms()), HC_OK); /* older, and of another text */
    expect_of(c, 60000, HC_FLIGHT_HIT, 1);
}

static void away_the_processs_own_number_stands_for_it(void **state)
{
    struct hc_cache *c = *state;
    struct call call = {
        .key = KEY, .fresh_ms = 60000, .keep_ms = 60000, .generation = TEXT, .generation_away = 1};
    server_kill();
    call_run(&call, c);
    assert_int_equal(count(&call, 1, HC_FLIGHT_FILLED, 1), 1);
    atomic_store(&world->version, 2);
    call_run(&call, c);
    assert_int_equal(count(&call, 1, HC_FLIGHT_HIT, 1), 1);
    call.generation_away = 2;
    call_run(&call, c);
    assert_int_equal(count(&call, 1, HC_FLIGHT_FILLED, 2), 1);
    call.generation_away = 3;
    atomic_store(&world->fails, HC_ESTORE);
    call_run(&call, c);
    assert_int_equal(call.e, HC_ESTORE);
}

/* A value that is too long to be read hides the text too: both are asked for apart then. */
static void what_is_too_long_is_a_miss(void **state)
{
    struct hc_cache *c = *state;
    raw("SET " TEXT " one");
    raw("SETRANGE " KEY " 3000000 x");
    expect_of(c, 60000, HC_FLIGHT_FILLED, 1);
    expect_of(c, 60000, HC_FLIGHT_HIT, 1);
    raw("SETRANGE " TEXT " 3000000 x");
    atomic_store(&world->version, 2);
    expect_of(c, 60000, HC_FLIGHT_FILLED, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        flight_test(a_hit_is_one_command),
        flight_test(another_text_makes_it_a_miss),
        flight_test(another_generation_is_never_stale),
        flight_test(the_same_generation_is_stale_for_the_store),
        flight_test(a_fill_from_before_never_hides_a_write),
        flight_test(who_waits_takes_what_was_asked_for),
        flight_test(a_lost_text_never_comes_again),
        flight_test(a_clock_that_is_ahead_keeps_no_write_out),
        flight_test(away_the_processs_own_number_stands_for_it),
        flight_test(what_is_too_long_is_a_miss),
    };
    return cmocka_run_group_tests(tests, flights_setup, group_teardown);
}
