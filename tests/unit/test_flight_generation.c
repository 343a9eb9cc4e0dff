/* test_flight_generation.c - kept answers that belong to a text in Redis: one round trip, and none of another
 * generation, whatever happens to the text, to the value, and to Redis.
 */
#include "flight_fixture.h"

#define TEXT "hc:1:test:generation"

/* One call of KEY with a generation, which must succeed from `source` with version `version`. */
static void expect_of(struct hc_cache *cache, int fresh_ms, enum hc_flight_source source, int version)
{
    struct call c = {.key = KEY, .fresh_ms = fresh_ms, .keep_ms = 60000, .generation = TEXT};
    call_run(&c, cache);
    if (count(&c, 1, source, version) != 1)
        fail_msg("got %d, source %d, %s; not source %d, v%d", c.e, c.answer.source, c.body, source, version);
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
    static const char *const texts[] = {"one",
                                        "two",
                                        "",
                                        "one",
                                        "o",
                                        "a text that is longer than any that we write, "
                                        "so that it does not fit what is read of it: as if none were there"};
    expect_of(c, 60000, HC_FLIGHT_FILLED, 1); /* there is none yet */
    expect_of(c, 60000, HC_FLIGHT_HIT, 1);
    for (int i = 0; i < 6; i++) {
        atomic_store(&world->version, 2 + i);
        raw("SET " TEXT " %s", texts[i]);
        expect_of(c, 60000, HC_FLIGHT_FILLED, 2 + i);
        expect_of(c, 60000, HC_FLIGHT_HIT, 2 + i);
    }
    raw("DEL " TEXT);
    expect_of(c, 60000, HC_FLIGHT_HIT, 7);
    raw("LPUSH " TEXT " x");
    expect_of(c, 60000, HC_FLIGHT_HIT, 7);
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
        flight_test(away_the_processs_own_number_stands_for_it),
        flight_test(what_is_too_long_is_a_miss),
    };
    return cmocka_run_group_tests(tests, flights_setup, group_teardown);
}
