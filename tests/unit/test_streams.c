/* test_streams.c - how many exports run at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "streams.h"

/* How many may enter one after the other. */
static size_t places(size_t max, size_t threads)
{
    struct streams s;
    size_t n = 0;
    streams_init(&s, max, threads);
    while (n < 1000 && streams_enter(&s))
        n++;
    assert_false(streams_enter(&s));
    streams_leave(&s);
    assert_true(streams_enter(&s)); /* who was refused took no place */
    assert_false(streams_enter(&s));
    return n;
}

static void a_quarter_of_the_workers_by_themselves(void **state)
{
    (void)state;
    assert_int_equal(places(0, 8), 2);
    assert_int_equal(places(0, 64), 16);
    assert_int_equal(places(0, 7), 1);
    assert_int_equal(places(0, 1), 1);
}

static void as_many_as_were_asked_for(void **state)
{
    (void)state;
    assert_int_equal(places(3, 8), 3);
    assert_int_equal(places(1, 64), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quarter_of_the_workers_by_themselves),
        cmocka_unit_test(as_many_as_were_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
