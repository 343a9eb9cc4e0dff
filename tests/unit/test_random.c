/* lib/random: the same numbers for ever, and evenly spread ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "random.h"

/* splitmix64 seeded with 0 begins with these numbers (published with its reference implementation). */
static void lanes_are_splitmix64(void **state)
{
    (void)state;
    assert_int_equal(hc_random_lane(0, 0), UINT64_C(0xe220a8397b1dcdaf));
    assert_int_equal(hc_random_lane(0, 1), UINT64_C(0x6e789e6aa1b965f4));
    assert_int_equal(hc_random_lane(0, 2), UINT64_C(0x06c45d188009454f));
}

static void order_of_asking_is_nothing(void **state)
{
    uint64_t forward[64];

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        forward[i] = hc_random(7, i / 4, i % 4);
    for (unsigned i = 64; i-- > 0;)
        assert_int_equal(hc_random(7, i / 4, i % 4), forward[i]);
    assert_int_equal(hc_random(7, 5, 3), hc_random_lane(hc_random_start(7, 5), 3));
}

static void seed_index_and_lane_all_matter(void **state)
{
    uint64_t here = hc_random(1, 2, 3);

    (void)state;
    assert_int_not_equal(here, hc_random(2, 2, 3));
    assert_int_not_equal(here, hc_random(1, 3, 3));
    assert_int_not_equal(here, hc_random(1, 2, 4));
    /* Neighbours don't share streams: the next index isn't the next lane, the next seed isn't the next index.
     */
    assert_int_not_equal(hc_random(1, 3, 3), hc_random(1, 2, 4));
    assert_int_not_equal(hc_random(2, 2, 3), hc_random(1, 3, 3));
}

static void below_stays_below(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(hc_random_below(9, i, 0, 0), 0);
        assert_int_equal(hc_random_below(9, i, 0, 1), 0);
        assert_in_range(hc_random_below(9, i, 0, 10), 0, 9);
        assert_true(hc_random_below(9, i, 0, UINT32_MAX) < UINT32_MAX);
    }
    assert_int_equal(hc_random_scale(UINT64_MAX, 10), 9);
    assert_int_equal(hc_random_scale(0, 10), 0);
}

/* Chi-squared of 64 classes over neighbouring indices: 63 degrees of freedom, beyond 120 by chance once in
 * 10^5. */
static void neighbours_are_evenly_spread(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++) {
        const double expected = 200000 / 64.0;
        uint32_t classes[64] = {0};
        double chi = 0;

        for (uint32_t i = 0; i < 200000; i++)
            classes[hc_random_below(seed, i, 0, 64)]++;
        for (unsigned c = 0; c < 64; c++)
            chi += (classes[c] - expected) * (classes[c] - expected) / expected;
        assert_true(chi > 25 && chi < 120);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_are_splitmix64),           cmocka_unit_test(order_of_asking_is_nothing),
        cmocka_unit_test(seed_index_and_lane_all_matter), cmocka_unit_test(below_stays_below),
        cmocka_unit_test(neighbours_are_evenly_spread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
