/* test_flight.c - one fill at a time, over threads and processes, with Redis there. */
#include "flight_fixture.h"

static void fresh_then_stale_then_gone(void **state)
{
    struct hc_cache *c = *state;
    struct hc_flight_stats a, b;
    hc_flight_stats_read(&a);
    struct call first = expect(c, 200, 600, HC_FLIGHT_FILLED, 1);
    atomic_store(&world->version, 2);
    struct call hit = expect(c, 200, 600, HC_FLIGHT_HIT, 1);
    assert_string_equal(first.answer.etag, hit.answer.etag);
    assert_true(first.answer.built_ms == hit.answer.built_ms);
    hc_sleep_ms(250);
    struct call next = expect(c, 200, 600, HC_FLIGHT_FILLED, 2);
    assert_string_not_equal(first.answer.etag, next.answer.etag);
    hc_sleep_ms(700);
    char *text = raw_get(KEY);
    assert_string_equal(text, "");
    free(text);
    hc_flight_stats_read(&b);
    assert_int_equal(b.hits - a.hits, 1);
    assert_int_equal(b.filled - a.filled, 2);
    assert_int_equal(atomic_load(&world->fills), 2);
}

static void etags_are_the_fills_or_made(void **state)
{
    struct hc_cache *c = *state;
    static const char *const bad[] = {"a b", "a\"b", "\x7f", "\xc3\xa4"};
    atomic_store(&world->etag, "W/mine-1");
    struct call own = expect(c, 10000, 60000, HC_FLIGHT_FILLED, 1);
    assert_string_equal(own.answer.etag, "W/mine-1");
    assert_string_equal(expect(c, 10000, 60000, HC_FLIGHT_HIT, 1).answer.etag, "W/mine-1");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        raw("DEL " KEY);
        atomic_store(&world->etag, bad[i]);
        struct call made = expect(c, 10000, 60000, HC_FLIGHT_FILLED, 1);
        assert_int_equal(strlen(made.answer.etag), 16);
        assert_int_equal(strspn(made.answer.etag, "0123456789abcdef"), 16);
    }
}

static void errors_are_never_kept(void **state)
{
    struct hc_cache *c = *state;
    atomic_store(&world->fails, HC_ENOTFOUND);
    expect_error(c, HC_ENOTFOUND);
    char *text = raw_get(KEY);
    assert_string_equal(text, "");
    free(text);
    text = raw_get(KEY ":lock");
    assert_string_equal(text, "");
    free(text);
    atomic_store(&world->fails, HC_ESTORE);
    expect_error(c, HC_ESTORE);
    atomic_store(&world->fails, HC_OK);
    expect(c, 1000, 5000, HC_FLIGHT_FILLED, 1);
}

static void a_stale_value_stands_in_for_the_store(void **state)
{
    struct hc_cache *c = *state;
    expect(c, 50, 700, HC_FLIGHT_FILLED, 1);
    hc_sleep_ms(80);
    atomic_store(&world->fails, HC_ESTORE);
    expect(c, 50, 700, HC_FLIGHT_STALE, 1);
    atomic_store(&world->fails, HC_EDEADLINE);
    expect(c, 50, 700, HC_FLIGHT_STALE, 1);
    atomic_store(&world->fails, HC_ENOTFOUND); /* the truth, not a failure */
    struct call call = {.key = KEY, .fresh_ms = 50, .keep_ms = 700};
    call_run(&call, c);
    assert_int_equal(call.e, HC_ENOTFOUND);
    assert_int_equal(call.len, 0);
    hc_sleep_ms(700);
    atomic_store(&world->fails, HC_ESTORE);
    expect_error(c, HC_ESTORE);
}

/* --- many callers, Redis there --- */

static void an_expired_key_is_filled_once(void **state)
{
    struct hc_cache *c = *state;
    expect(c, 50, 60000, HC_FLIGHT_FILLED, 1);
    hc_sleep_ms(80);
    world_reset();
    atomic_store(&world->version, 2);
    atomic_store(&world->slow_ms, 200);
    struct call *calls = calls_new(THREADS, 1000, 60000);
    for (int i = 0; i < THREADS; i++)
        calls[i].fresh_ms = 50;
    call_all(calls, THREADS);
    int fills = atomic_load(&world->fills);
    assert_in_range(fills, 1, 2); /* what is kept is old after 50 ms: a thread may come later than that */
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_FILLED, 2), fills);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_STALE, 1) + count(calls, THREADS, HC_FLIGHT_STALE, 2) +
                         count(calls, THREADS, HC_FLIGHT_HIT, 2),
                     THREADS - fills);
    int waited = 0;
    for (int i = 0; i < THREADS; i++)
        waited += calls[i].ms > 100;
    assert_in_range(waited, 1, 3); /* who fills; two may be kept from running */
    free(calls);
}

static void a_missing_key_is_filled_once(void **state)
{
    (void)state;
    atomic_store(&world->slow_ms, 10);
    struct call *calls = calls_new(THREADS, 5000, 60000);
    call_all(calls, THREADS);
    assert_int_equal(atomic_load(&world->fills), 1);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_FILLED, 1), 1);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_HIT, 1), THREADS - 1);
    free(calls);
}

/* Eight threads race for one new key after another. */
#define RACES 200
static pthread_barrier_t start;

static void *race_run(void *arg)
{
    struct hc_cache *cache = cache_open(server.uri);
    struct call c = {.fresh_ms = 60000, .keep_ms = 600000};
    int *wrong = arg;
    for (int i = 0; i < RACES; i++) {
        snprintf(c.key, sizeof c.key, "hc:1:race:%d", i);
        pthread_barrier_wait(&start);
        call_run(&c, cache);
        *wrong += count(&c, 1, HC_FLIGHT_FILLED, 1) + count(&c, 1, HC_FLIGHT_HIT, 1) != 1;
    }
    hc_cache_close(cache);
    return NULL;
}

static void who_comes_late_does_not_fill_again(void **state)
{
    (void)state;
    pthread_t threads[8];
    int wrong[8] = {0};
    pthread_barrier_init(&start, NULL, 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race_run, &wrong[i]), 0);
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(wrong[i], 0);
    }
    pthread_barrier_destroy(&start);
    assert_in_range(atomic_load(&world->fills), RACES, RACES + 3); /* Redis may be late once or twice */
}

static void a_slow_fill_is_joined_by_few(void **state)
{
    (void)state;
    atomic_store(&world->slow_ms, 300);
    struct call *calls = calls_new(THREADS, 5000, 60000);
    call_all(calls, THREADS);
    assert_in_range(atomic_load(&world->fills), 1, HC_FLIGHT_FILLS);
    assert_in_range(atomic_load(&world->most), 1, HC_FLIGHT_FILLS);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_FILLED, 1) + count(calls, THREADS, HC_FLIGHT_HIT, 1),
                     THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_in_range(calls[i].ms, 0, 1000);
    free(calls);
}

static void a_dead_owner_holds_nobody_up(void **state)
{
    struct hc_cache *c = *state;
    raw("SET " KEY ":lock someone PX 60000");
    struct call call = expect(c, 1000, 60000, HC_FLIGHT_FILLED, 1);
    assert_in_range(call.ms, 95, 400);
    expect(c, 1000, 60000, HC_FLIGHT_HIT, 1);
    char *text = raw_get(KEY ":lock"); /* not ours to give back */
    assert_string_equal(text, "someone");
    free(text);
}

static void who_waits_for_a_failure_goes_on_at_once(void **state)
{
    (void)state;
    atomic_store(&world->slow_ms, 20);
    atomic_store(&world->fails, HC_ENOTFOUND);
    int best = 1000;
    for (int round = 0; round < 3; round++) {
        struct call *calls = calls_new(2, 1000, 60000);
        call_all(calls, 2);
        assert_int_equal(calls[0].e, HC_ENOTFOUND);
        assert_int_equal(calls[1].e, HC_ENOTFOUND);
        int ms = calls[0].ms > calls[1].ms ? calls[0].ms : calls[1].ms;
        best = ms < best ? ms : best;
        free(calls);
    }
    assert_in_range(best, 20, 90); /* a fill or two, without the 100 ms */
}

static void slots_are_for_all_keys_together(void **state)
{
    (void)state;
    atomic_store(&world->slow_ms, 100);
    struct call *calls = calls_new(12, 5000, 60000);
    for (int i = 0; i < 12; i++)
        snprintf(calls[i].key, sizeof calls[i].key, "hc:1:key:%d", i);
    call_all(calls, 12);
    assert_int_equal(count(calls, 12, HC_FLIGHT_FILLED, 1), 12);
    assert_int_equal(atomic_load(&world->most), HC_FLIGHT_FILLS);

    /* Too slow for the deadline of those who find no slot. */
    atomic_store(&world->slow_ms, 500);
    int busy = 0;
    for (int i = 0; i < 12; i++) {
        snprintf(calls[i].key, sizeof calls[i].key, "hc:1:other:%d", i);
        calls[i].within_ms = 300;
    }
    call_all(calls, 12);
    for (int i = 0; i < 12; i++) {
        busy += calls[i].e == HC_EBUSY;
        if (calls[i].e == HC_EBUSY)
            assert_in_range(calls[i].ms, 290, 480);
    }
    assert_int_equal(busy, 12 - HC_FLIGHT_FILLS);
    assert_int_equal(count(calls, 12, HC_FLIGHT_FILLED, 1), HC_FLIGHT_FILLS);
    free(calls);
}

static void a_slow_old_fill_never_wins(void **state)
{
    struct hc_cache *c = *state;
    struct call *slow = calls_new(1, 5000, 60000);
    atomic_store(&world->slow_ms, 400);
    assert_int_equal(pthread_create(&slow->thread, NULL, call_thread, slow), 0);
    hc_sleep_ms(100);
    atomic_store(&world->version, 2); /* the store has changed meanwhile */
    atomic_store(&world->slow_ms, 0);
    expect(c, 5000, 60000, HC_FLIGHT_FILLED, 2);
    pthread_join(slow->thread, NULL);
    assert_int_equal(count(slow, 1, HC_FLIGHT_FILLED, 1), 1);
    expect(c, 5000, 60000, HC_FLIGHT_HIT, 2);
    free(slow);
}

/* Six processes, forked before they open anything. */
static void processes_fill_once(void **state)
{
    (void)state;
    pid_t pids[6];
    atomic_store(&world->slow_ms, 10);
    for (int i = 0; i < 6; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            struct call *calls = calls_new(4, 5000, 60000);
            call_all(calls, 4);
            int good = count(calls, 4, HC_FLIGHT_FILLED, 1) + count(calls, 4, HC_FLIGHT_HIT, 1);
            free(calls);
            _exit(good == 4 ? 0 : 1);
        }
    }
    for (int i = 0; i < 6; i++) {
        int status;
        waitpid(pids[i], &status, 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(atomic_load(&world->fills), 1);
}

/* --- keys --- */

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static void two_queries_never_share_a_key(void **state)
{
    (void)state;
    enum { N = 1000000 };
    char(*hashes)[32] = malloc(N * sizeof *hashes);
    char a[HC_CACHE_KEY_MAX], b[HC_CACHE_KEY_MAX];
    assert_non_null(hashes);
    for (int i = 0; i < N; i++) {
        char query[64];
        int len = snprintf(query, sizeof query, "limit=%d&q=%c%d", i % 1000, "abcd"[i % 4], i / 1000);
        hc_flight_key(a, "users", query, (size_t)len);
        assert_int_equal(strlen(a), 11 + 32);
        memcpy(hashes[i], a + 11, 32);
    }
    assert_memory_equal(a, "hc:1:users:", 11);
    qsort(hashes, N, sizeof *hashes, by_bytes);
    for (int i = 1; i < N; i++)
        assert_memory_not_equal(hashes[i - 1], hashes[i], 32);
    free(hashes);

    hc_flight_key(a, "ab", "c", 1);
    hc_flight_key(b, "a", "bc", 2);
    assert_string_not_equal(strrchr(a, ':'), strrchr(b, ':'));
    hc_flight_key(a, "a", "", 0);
    hc_flight_key(b, "a", "\0", 1);
    assert_string_not_equal(a, b);
    hc_flight_key(b, "a", "", 0);
    assert_string_equal(a, b);
    char name[300];
    memset(name, 'n', sizeof name);
    name[299] = '\0';
    hc_flight_key(a, name, "q", 1);
    name[298] = '\0';
    hc_flight_key(b, name, "q", 1);
    assert_true(strlen(a) < HC_CACHE_KEY_MAX);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        flight_test(fresh_then_stale_then_gone),
        flight_test(etags_are_the_fills_or_made),
        flight_test(errors_are_never_kept),
        flight_test(a_stale_value_stands_in_for_the_store),
        flight_test(an_expired_key_is_filled_once),
        flight_test(a_missing_key_is_filled_once),
        flight_test(who_comes_late_does_not_fill_again),
        flight_test(a_slow_fill_is_joined_by_few),
        flight_test(a_dead_owner_holds_nobody_up),
        flight_test(who_waits_for_a_failure_goes_on_at_once),
        flight_test(slots_are_for_all_keys_together),
        flight_test(a_slow_old_fill_never_wins),
        flight_test(processes_fill_once),
        cmocka_unit_test(two_queries_never_share_a_key),
    };
    return cmocka_run_group_tests(tests, flights_setup, group_teardown);
}
