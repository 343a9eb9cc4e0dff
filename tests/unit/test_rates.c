/* test_rates.c - rates from a row of samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "rates.h"

static double users_at(struct hc_rates_row *row, int64_t ms, int64_t users)
{
    struct hc_rates_sample now = {ms, users, users * 2};
    struct hc_rates out;
    hc_rates_row_note(row, &now, &out);
    assert_float_equal(out.requests, out.users * 2, 0.001);
    assert_int_equal(out.known, row->count > 1 || row->list[0].ms < ms);
    return out.users;
}

static void growth(void **state)
{
    (void)state;
    struct hc_rates_row row = {0};
    assert_float_equal(users_at(&row, 1000000, 100), 0, 0);
    assert_float_equal(users_at(&row, 1001000, 1100), 1000, 0.001);
    assert_float_equal(users_at(&row, 1001100, 1210), 1009.0, 1);
    assert_int_equal(row.count, 2); /* too near to the last one to be kept */
    assert_float_equal(users_at(&row, 1002000, 2100), 1000, 0.001);
    assert_float_equal(users_at(&row, 1003000, 50), 0, 0); /* removed: no negative rate */
}

static void old_samples_leave(void **state)
{
    (void)state;
    struct hc_rates_row row = {0};
    users_at(&row, 1000000, 0);
    users_at(&row, 1010001, 5000);
    assert_int_equal(row.count, 1);
    assert_float_equal(users_at(&row, 1011001, 5100), 100, 0.001);
    users_at(&row, 900000, 1); /* the clock went back */
    assert_int_equal(row.count, 1);
}

static void never_too_many(void **state)
{
    (void)state;
    struct hc_rates_row row = {0};
    for (int64_t i = 0; i < 100; i++)
        users_at(&row, 1000000 + i * 500, i * 10);
    assert_true(row.count <= HC_RATES_SAMPLES_MAX);
    assert_float_equal(users_at(&row, 1050000, 1000), 20, 0.5);
}

static void kept_text(void **state)
{
    (void)state;
    static const char *const broken[] = {"x",          "1 2",       "1 2 3",
                                         "1 2 3\n4 5", "1 2 3 4\n", "99999999999999999999999 1 1 1\n"};
    struct hc_rates_row row = {0};
    struct hc_rates_row back = {0};
    struct hc_buf text;
    hc_buf_init(&text, 4096);
    users_at(&row, 1000000, 7);
    users_at(&row, 1001000, 9);
    hc_rates_row_write(&row, &text);
    hc_rates_row_read(&back, text.data);
    assert_int_equal(back.count, 2);
    assert_memory_equal(&back.list, &row.list, 2 * sizeof row.list[0]);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        hc_rates_row_read(&back, broken[i]);
        assert_int_equal(back.count, 0);
    }
    hc_rates_row_read(&back, "");
    assert_int_equal(back.count, 0);
    hc_buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growth),
        cmocka_unit_test(old_samples_leave),
        cmocka_unit_test(never_too_many),
        cmocka_unit_test(kept_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
