/* test_flight_away.c - one fill at a time while Redis is away, hangs, or refuses to store. */
#include "flight_fixture.h"

static void threads_share_while_redis_is_away(void **state)
{
    struct hc_cache *c = *state;
    server_kill();
    atomic_store(&world->slow_ms, 100);
    struct call *calls = calls_new(THREADS, 1000, 60000);
    call_all(calls, THREADS);
    assert_int_equal(atomic_load(&world->fills), 1);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_FILLED, 1), 1);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_HIT, 1), THREADS - 1);
    for (int i = 0; i < THREADS; i++)
        assert_string_equal(calls[i].answer.etag, calls[0].answer.etag);

    atomic_store(&world->slow_ms, 0);
    atomic_store(&world->version, 2);
    expect(c, 1000, 60000, HC_FLIGHT_HIT, 1);
    expect(NULL, 1000, 60000, HC_FLIGHT_HIT, 1); /* no Redis at all is the same */
    expect(c, 1, 60000, HC_FLIGHT_FILLED, 2);
    free(calls);
}

static void a_fill_longer_than_fresh_is_still_shared(void **state)
{
    (void)state;
    atomic_store(&world->slow_ms, 150);
    struct call *calls = calls_new(THREADS, 100, 60000);
    for (int i = 0; i < THREADS; i++) {
        calls[i].no_redis = true;
        strcpy(calls[i].key, "hc:1:short");
    }
    call_all(calls, THREADS);
    int fills = atomic_load(&world->fills);
    assert_in_range(fills, 1, 2); /* a thread may come when it is all over */
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_HIT, 1), THREADS - fills);
    free(calls);
}

static void what_is_too_long_to_share_is_bounded(void **state)
{
    (void)state;
    atomic_store(&world->slow_ms, 50);
    atomic_store(&world->length, 100000);
    struct call *calls = calls_new(THREADS, 1000, 60000);
    for (int i = 0; i < THREADS; i++) {
        calls[i].no_redis = true;
        strcpy(calls[i].key, "hc:1:long");
    }
    call_all(calls, THREADS);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_FILLED, 1), THREADS);
    assert_int_equal(atomic_load(&world->most), HC_FLIGHT_FILLS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(calls[i].len, 100000);
    free(calls);
}

static void more_keys_than_places_are_right(void **state)
{
    (void)state;
    struct call *calls = calls_new(200, 60000, 60000);
    for (int i = 0; i < 200; i++) {
        calls[i].no_redis = true;
        snprintf(calls[i].key, sizeof calls[i].key, "hc:1:many:%d", i);
    }
    call_all(calls, 200);
    assert_int_equal(count(calls, 200, HC_FLIGHT_FILLED, 1), 200);
    call_all(calls + 195, 5);
    int shared = count(calls + 195, 5, HC_FLIGHT_HIT, 1);
    assert_in_range(shared, 1, 5);
    free(calls);
}

static void failures_are_shared_and_stale_stands_in(void **state)
{
    (void)state;
    struct call *calls = calls_new(THREADS, 100, 700);
    for (int i = 0; i < THREADS; i++) {
        calls[i].no_redis = true;
        strcpy(calls[i].key, "hc:1:failing");
    }
    atomic_store(&world->slow_ms, 100);
    atomic_store(&world->fails, HC_ESTORE);
    call_all(calls, THREADS);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(calls[i].e, HC_ESTORE);
        assert_int_equal(calls[i].err.code, HC_ESTORE);
        assert_string_equal(calls[i].err.detail, "As told");
    }
    assert_in_range(atomic_load(&world->fills), 1, 3); /* a thread that starts late fills anew */

    atomic_store(&world->fails, HC_OK);
    atomic_store(&world->slow_ms, 0);
    call_all(calls, 1);
    assert_int_equal(count(calls, 1, HC_FLIGHT_FILLED, 1), 1);
    hc_sleep_ms(120);
    atomic_store(&world->fails, HC_ESTORE);
    call_all(calls, THREADS);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_STALE, 1), THREADS);
    hc_sleep_ms(700);
    call_all(calls, 1);
    assert_int_equal(calls->e, HC_ESTORE);
    free(calls);
}

/* A fill that ran out of its own time says nothing to those with more. */
static void a_deadline_is_not_shared(void **state)
{
    (void)state;
    struct call *calls = calls_new(2, 1000, 5000);
    for (int i = 0; i < 2; i++) {
        calls[i].no_redis = true;
        strcpy(calls[i].key, "hc:1:deadline");
    }
    atomic_store(&world->slow_ms, 150);
    atomic_store(&world->fails, HC_EDEADLINE);
    assert_int_equal(pthread_create(&calls[0].thread, NULL, call_thread, &calls[0]), 0);
    hc_sleep_ms(30);
    assert_int_equal(pthread_create(&calls[1].thread, NULL, call_thread, &calls[1]), 0);
    pthread_join(calls[0].thread, NULL);
    atomic_store(&world->fails, HC_OK);
    pthread_join(calls[1].thread, NULL);
    assert_int_equal(calls[0].e, HC_EDEADLINE);
    assert_int_equal(count(&calls[1], 1, HC_FLIGHT_FILLED, 1), 1);

    atomic_store(&world->slow_ms, 400); /* and a waiter has a deadline of its own */
    strcpy(calls[0].key, "hc:1:deadline:2");
    strcpy(calls[1].key, "hc:1:deadline:2");
    calls[1].within_ms = 100;
    assert_int_equal(pthread_create(&calls[0].thread, NULL, call_thread, &calls[0]), 0);
    hc_sleep_ms(50);
    call_thread(&calls[1]);
    pthread_join(calls[0].thread, NULL);
    assert_int_equal(calls[0].e, HC_OK);
    assert_int_equal(calls[1].e, HC_EBUSY);
    assert_in_range(calls[1].ms, 95, 250);
    free(calls);
}

static void a_redis_that_refuses_to_store_is_as_away(void **state)
{
    struct hc_cache *c = *state;
    expect(c, 50, 60000, HC_FLIGHT_FILLED, 1);
    hc_sleep_ms(80);
    raw("CONFIG SET maxmemory 1");
    world_reset();
    atomic_store(&world->version, 2);
    atomic_store(&world->slow_ms, 100);
    struct call *calls = calls_new(THREADS, 50, 60000);
    for (int i = 0; i < THREADS; i++)
        calls[i].fresh_ms = 50;
    call_all(calls, THREADS);
    assert_in_range(atomic_load(&world->fills), 1, 2);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_FILLED, 2) + count(calls, THREADS, HC_FLIGHT_HIT, 2),
                     THREADS);
    atomic_store(&world->fails, HC_ESTORE);
    hc_sleep_ms(80);
    expect(c, 50, 60000, HC_FLIGHT_STALE, 2); /* the process' own is the newer one */
    free(calls);
}

static void redis_is_the_only_truth_when_it_is_there(void **state)
{
    struct hc_cache *c = *state;
    expect(c, 60000, 600000, HC_FLIGHT_FILLED, 1); /* forgets what other tests left */
    raw("DEL " KEY);
    expect(NULL, 60000, 600000, HC_FLIGHT_FILLED, 1); /* in the process */
    atomic_store(&world->version, 2);
    expect(c, 60000, 600000, HC_FLIGHT_FILLED, 2);
    atomic_store(&world->version, 3);
    expect(NULL, 60000, 600000, HC_FLIGHT_FILLED, 3); /* what was in the process is forgotten */
    expect(c, 60000, 600000, HC_FLIGHT_HIT, 2);
    atomic_store(&world->version, 4);
    expect(NULL, 60000, 600000, HC_FLIGHT_FILLED, 4); /* after a hit too */
}

/* The best of three requests of an expired key, during which Redis hangs. */
static int hanging_ms(struct hc_cache *c, bool while_filling)
{
    int best = 1000;
    for (int i = 0; i < 3; i++) {
        expect(c, 1, 60000, HC_FLIGHT_FILLED, 1);
        hc_sleep_ms(5);
        if (!while_filling)
            server_pause();
        atomic_store(&world->pauses_redis, while_filling);
        struct call call = expect(c, 1, 60000, HC_FLIGHT_FILLED, 1);
        best = call.ms < best ? call.ms : best;
        atomic_store(&world->pauses_redis, false);
        server_resume();
        assert_true(wait_back(c) >= 0);
        raw("FLUSHALL"); /* the lock too, which couldn't be given back */
    }
    return best;
}

static void a_hanging_redis_costs_a_request_50_ms(void **state)
{
    int before = hanging_ms(*state, false);
    int within = hanging_ms(*state, true);
    print_message("%d ms, %d ms\n", before, within);
    assert_in_range(before, 35, 75); /* one time limit, not two */
    assert_in_range(within, 35, 75);
}

/* Redis pauses, dies and returns at random under eight threads: every call
 * succeeds, with the value of its key, and of a version that was current. */
static atomic_bool stop_storm;
static atomic_int storm_calls, storm_wrong;

static void *storm_run(void *arg)
{
    unsigned seed = *(unsigned *)arg;
    struct hc_cache *cache = cache_open(server.uri);
    struct call c = {.fresh_ms = 20, .keep_ms = 200};
    while (!atomic_load(&stop_storm)) {
        snprintf(c.key, sizeof c.key, "hc:1:storm:%u", (unsigned)rand_r(&seed) % 10);
        call_run(&c, cache);
        size_t len = strlen(c.key);
        if (c.e != HC_OK || strncmp(c.body, c.key, len) != 0 || strncmp(c.body + len, " v", 2) != 0)
            atomic_fetch_add(&storm_wrong, 1);
        atomic_fetch_add(&storm_calls, 1);
        hc_sleep_ms(1);
    }
    hc_cache_close(cache);
    return NULL;
}

static void no_fault_of_redis_is_an_error(void **state)
{
    (void)state;
    pthread_t threads[8];
    unsigned seeds[9] = {1, 2, 3, 4, 5, 6, 7, 8, (unsigned)hc_random_token()};
    print_message("seed %u\n", seeds[8]);
    atomic_store(&world->slow_ms, 5);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, storm_run, &seeds[i]), 0);
    for (int i = 0; i < 6; i++) {
        hc_sleep_ms(100 + rand_r(&seeds[8]) % 300);
        if (i % 2 == 0) {
            server_kill();
            hc_sleep_ms(rand_r(&seeds[8]) % 300);
            server_start();
        } else {
            server_pause();
            hc_sleep_ms(rand_r(&seeds[8]) % 300);
            server_resume();
        }
        hc_sleep_ms(600);
        atomic_fetch_add(&world->version, 1);
    }
    atomic_store(&stop_storm, true);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    print_message("%d calls, %d fills\n", storm_calls, atomic_load(&world->fills));
    assert_int_equal(storm_wrong, 0);
    assert_true(atomic_load(&world->most) <= HC_FLIGHT_FILLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        flight_test(threads_share_while_redis_is_away),
        flight_test(a_fill_longer_than_fresh_is_still_shared),
        flight_test(what_is_too_long_to_share_is_bounded),
        flight_test(more_keys_than_places_are_right),
        flight_test(failures_are_shared_and_stale_stands_in),
        flight_test(a_deadline_is_not_shared),
        flight_test(a_redis_that_refuses_to_store_is_as_away),
        flight_test(redis_is_the_only_truth_when_it_is_there),
        flight_test(a_hanging_redis_costs_a_request_50_ms),
        flight_test(no_fault_of_redis_is_an_error),
    };
    return cmocka_run_group_tests(tests, flights_setup, group_teardown);
}
