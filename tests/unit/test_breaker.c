/* test_breaker.c - who may try a store that was away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "breaker.h"

static void breaker(void **state)
{
    (void)state;
    struct breaker b = {0};
    assert_true(breaker_try(&b, 1000));
    assert_true(breaker_try(&b, 1000));
    breaker_note(&b, 1000, true);
    assert_false(breaker_try(&b, 1001));
    assert_false(breaker_try(&b, 1499));
    assert_true(breaker_try(&b, 1500));  /* one tries … */
    assert_false(breaker_try(&b, 1501)); /* … the others don't */
    breaker_note(&b, 2200, true);
    assert_false(breaker_try(&b, 2300));
    assert_true(breaker_try(&b, 2700));
    breaker_note(&b, 2710, false);
    assert_true(breaker_try(&b, 2711));
    assert_true(breaker_try(&b, 2711));
    breaker_note(&b, 3000, true);
    assert_true(breaker_try(&b, 3500)); /* never says how it ended */
    assert_false(breaker_try(&b, 7000));
    assert_true(breaker_try(&b, 7500));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(breaker)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
