/* Numbers as people read them, and the order of countries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "counters.h"

static void test_short_counts(void **state)
{
    (void)state;
    static const struct {
        int64_t n;
        const char *text;
    } CASES[] = {{0, "0"},          {-5, "-5"},           {999, "999"},           {1000, "1.00K"},
                 {1239, "1.23K"},   {999999, "999.99K"},  {1000000, "1.00M"},     {11000000, "11.00M"},
                 {999999999, "999.99M"}, {1000000000, "1.00B"}, {1234567890123, "1234.56B"},
                 {INT64_MAX, "9223372036.85B"}, {INT64_MIN, "-9223372036854775808"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char out[24];
        assert_string_equal(hc_count_short(CASES[i].n, out), CASES[i].text);
    }
}

static void test_top_countries(void **state)
{
    (void)state;
    struct hc_counts counts;
    struct hc_country_sum top[3];
    memset(&counts, 0, sizeof counts);
    int in = hc_country_by_code("IN", 2), de = hc_country_by_code("DE", 2), fr = hc_country_by_code("FR", 2);
    counts.country[in] = 10;
    counts.country[de] = 20;
    counts.country[fr] = 10;
    assert_int_equal(hc_counters_top(&counts, top, 3), 3);
    assert_int_equal(top[0].country, de);
    assert_int_equal(top[1].country, fr); /* equal sums go by code */
    assert_int_equal(top[2].country, in);
    assert_int_equal(top[2].sum, 10);
    assert_int_equal(hc_counters_top(&counts, top, 1), 1);
    memset(&counts, 0, sizeof counts);
    assert_int_equal(hc_counters_top(&counts, top, 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_counts),
        cmocka_unit_test(test_top_countries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
