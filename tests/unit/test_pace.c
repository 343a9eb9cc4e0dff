/* test_pace.c - how the wait between polls follows the load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#include "pace.h"

#define WORKERS 4
#define SECOND_US 1000000

/* Seconds from `from` on in each of which the workers are busy for so many percent; the wait after them. */
static int busy(struct pace *p, int from, int seconds, int percent)
{
    for (int s = from; s < from + seconds; s++)
        for (int i = 0; i < 10; i++)
            pace_note(p, s * 1000 + i * 100, (int64_t)WORKERS * SECOND_US / 1000 * percent);
    return pace_wait_ms(p, (from + seconds) * 1000);
}

static void grows_to_its_bound_and_comes_back(void **state)
{
    (void)state;
    struct pace p;
    pace_init(&p, WORKERS);
    assert_int_equal(pace_wait_ms(&p, 5000), PACE_SHORTEST_MS);
    assert_int_equal(busy(&p, 10, 1, 90), 1500);
    assert_int_equal(busy(&p, 11, 2, 90), 3375);
    assert_int_equal(busy(&p, 13, 60, 100), PACE_LONGEST_MS);
    assert_int_equal(busy(&p, 73, 1, 10), 7500);
    assert_int_equal(busy(&p, 74, 30, 10), PACE_SHORTEST_MS);
}

static void stays_between(void **state)
{
    (void)state;
    struct pace p;
    pace_init(&p, WORKERS);
    assert_int_equal(busy(&p, 10, 30, 45), PACE_SHORTEST_MS);
    assert_int_equal(busy(&p, 40, 2, 100), 2250);
    assert_int_equal(busy(&p, 42, 30, 45), 2250);
}

static void seconds_without_anybody_are_idle(void **state)
{
    (void)state;
    struct pace p;
    pace_init(&p, WORKERS);
    assert_int_equal(busy(&p, 10, 60, 100), PACE_LONGEST_MS);
    assert_int_equal(pace_wait_ms(&p, 73 * 1000), 4218);
    assert_int_equal(pace_wait_ms(&p, 10000 * 1000), PACE_SHORTEST_MS);
    assert_int_equal(pace_wait_ms(&p, 9000 * 1000),
                     PACE_SHORTEST_MS); /* a clock never goes back; nothing breaks */
}

static void *note(void *arg)
{
    for (int i = 0; i < 100000; i++)
        pace_note(arg, 1000 + i / 100, SECOND_US);
    return NULL;
}

static void many_threads(void **state)
{
    (void)state;
    struct pace p;
    pthread_t threads[4];
    pace_init(&p, WORKERS);
    for (size_t t = 0; t < 4; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, note, &p), 0);
    for (size_t t = 0; t < 4; t++)
        pthread_join(threads[t], NULL);
    int wait_ms = pace_wait_ms(&p, 2000);
    assert_in_range(wait_ms, 1500, PACE_LONGEST_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_to_its_bound_and_comes_back),
        cmocka_unit_test(stays_between),
        cmocka_unit_test(seconds_without_anybody_are_idle),
        cmocka_unit_test(many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
