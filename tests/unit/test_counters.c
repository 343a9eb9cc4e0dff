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
    } CASES[] = {{0, "0"},
                 {-5, "-5"},
                 {999, "999"},
                 {1000, "1.00K"},
                 {1239, "1.23K"},
                 {999999, "999.99K"},
                 {1000000, "1.00M"},
                 {11000000, "11.00M"},
                 {999999999, "999.99M"},
                 {1000000000, "1.00B"},
                 {1234567890123, "1234.56B"},
                 {INT64_MAX, "9223372036.85B"},
                 {INT64_MIN, "-9223372036854775808"}};
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

/* ---- one slot ---- */

#define TODAY 20780

static struct hc_counts added(const bson_t *slot)
{
    struct hc_counts counts;
    memset(&counts, 0, sizeof counts);
    assert_true(hc_counters_add(&counts, slot, TODAY, "UTC"));
    return counts;
}

static void test_a_slot(void **state)
{
    (void)state;
    bson_t *slot = BCON_NEW(
        "zone", "UTC", "sum", "{", "users", BCON_INT64(7), "requests", BCON_INT32(40), "gender", "{",
        "female", BCON_INT64(3), "other", BCON_INT64(4), "robot", BCON_INT64(9), "}", "country", "{", "DE",
        BCON_INT64(5), "QQ", BCON_INT64(2), "}", "os", "{", "3", BCON_INT64(30), "0", BCON_INT64(1), "512",
        BCON_INT64(2), "Linux", BCON_INT64(4), "99999999999999999999", BCON_INT64(8), "}", "browser", "{",
        "511", BCON_INT64(40), "-1", BCON_INT64(1), "}", "unknown", "{", "a", BCON_INT64(1), "}", "}");
    struct hc_counts counts = added(slot);
    bson_destroy(slot);
    assert_int_equal(counts.users, 7);
    assert_int_equal(counts.requests, 40);
    assert_int_equal(counts.gender[HC_MALE], 0);
    assert_int_equal(counts.gender[HC_FEMALE], 3);
    assert_int_equal(counts.gender[HC_OTHER], 4);
    assert_int_equal(counts.country[hc_country_by_code("DE", 2)], 5);
    assert_int_equal(counts.country[hc_country_unknown()], 2);
    assert_int_equal(counts.os[3], 30);
    assert_int_equal(counts.os[HC_DEVICE_OTHER], 1 + 2 + 4 + 8); /* a newer build's keys, and what is none */
    assert_int_equal(counts.browser[511], 40);
    assert_int_equal(counts.browser[HC_DEVICE_OTHER], 1);
}

static void test_slots_add_up(void **state)
{
    (void)state;
    struct hc_counts counts;
    memset(&counts, 0, sizeof counts);
    for (int i = 0; i < 3; i++) {
        bson_t *slot = BCON_NEW("zone", "UTC", "sum", "{", "users", BCON_INT64(i - 1), "os", "{", "1",
                                BCON_INT64(i), "}", "day", "{", "20780", BCON_INT64(10), "}", "}");
        assert_true(hc_counters_add(&counts, slot, TODAY, "UTC"));
        bson_destroy(slot);
    }
    assert_int_equal(counts.users, 0); /* one that is below zero is not hidden */
    assert_int_equal(counts.os[1], 3);
    assert_int_equal(counts.active[HC_DAILY], 30);
}

static void test_windows(void **state)
{
    (void)state;
    static const struct {
        const char *day;
        int daily, weekly, monthly;
    } CASES[] = {{"20780", 1, 1, 1},  {"20781", 1, 1, 1},  {"20782", 0, 0, 0}, {"20779", 0, 1, 1},
                 {"20774", 0, 1, 1},  {"20773", 0, 0, 1},  {"20751", 0, 0, 1}, {"20750", 0, 0, 0},
                 {"0", 0, 0, 0},      {"", 0, 0, 0},       {"2078x", 0, 0, 0}, {"-1", 0, 0, 0},
                 {"020780", 1, 1, 1}, {"9999999", 0, 0, 0}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        bson_t *slot = BCON_NEW("zone", "UTC", "sum", "{", "day", "{", CASES[i].day, BCON_INT64(5), "}", "}");
        struct hc_counts counts = added(slot);
        bson_destroy(slot);
        assert_int_equal(counts.active[HC_DAILY], 5 * CASES[i].daily);
        assert_int_equal(counts.active[HC_WEEKLY], 5 * CASES[i].weekly);
        assert_int_equal(counts.active[HC_MONTHLY], 5 * CASES[i].monthly);
    }
}

static void test_zones(void **state)
{
    (void)state;
    struct hc_counts counts;
    memset(&counts, 0, sizeof counts);
    bson_t *berlin = BCON_NEW("zone", "Europe/Berlin", "sum", "{", "users", BCON_INT64(1), "}");
    bson_t *none = BCON_NEW("sum", "{", "users", BCON_INT64(1), "}");
    bson_t *odd = BCON_NEW("zone", BCON_INT32(1), "sum", BCON_INT32(1));
    assert_false(hc_counters_add(&counts, berlin, TODAY, "UTC"));
    assert_true(hc_counters_add(&counts, berlin, TODAY, "Europe/Berlin"));
    assert_false(hc_counters_add(&counts, none, TODAY, "UTC"));
    assert_false(hc_counters_add(&counts, odd, TODAY, "UTC"));
    assert_int_equal(counts.users, 3); /* counted all the same */
    bson_destroy(berlin);
    bson_destroy(none);
    bson_destroy(odd);
}

static void test_exact(void **state)
{
    (void)state;
    struct hc_counts counts = {.exact = true, .drift = HC_DRIFT_UNKNOWN};
    assert_true(hc_counters_exact(&counts));
    counts.drift = 0;
    assert_true(hc_counters_exact(&counts));
    counts.drift = -1;
    assert_false(hc_counters_exact(&counts));
    counts.drift = 0;
    counts.exact = false;
    assert_false(hc_counters_exact(&counts));
}

static const char *name_of(int key)
{
    static const char *const NAMES[] = {"Other", "Windows", "Linux", "Android"};
    return key < 4 ? NAMES[key] : NAMES[0];
}

static void test_top_devices(void **state)
{
    (void)state;
    struct hc_counts counts;
    struct hc_device_sum top[HC_DEVICE_KEYS_MAX];
    memset(&counts, 0, sizeof counts);
    assert_int_equal(hc_counters_top_devices(counts.os, name_of, top, 5), 0);
    counts.os[0] = 9;
    counts.os[1] = 4;
    counts.os[2] = 4;
    counts.os[3] = 4;
    assert_int_equal(hc_counters_top_devices(counts.os, name_of, top, 5), 4);
    assert_string_equal(top[0].name, "Other");
    assert_int_equal(top[0].sum, 9);
    assert_string_equal(top[1].name, "Android");
    assert_string_equal(top[2].name, "Linux");
    assert_string_equal(top[3].name, "Windows");
    assert_int_equal(top[3].key, 1);
    assert_int_equal(hc_counters_top_devices(counts.os, name_of, top, 2), 2);
    counts.os[4] = 1; /* two keys that this build doesn't know: one row */
    counts.os[511] = 2;
    assert_int_equal(hc_counters_top_devices(counts.os, name_of, top, 5), 4);
    assert_int_equal(top[0].sum, 12);
    counts.os[0] = -4;
    assert_int_equal(hc_counters_top_devices(counts.os, name_of, top, 5), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_counts), cmocka_unit_test(test_top_countries),
        cmocka_unit_test(test_a_slot),       cmocka_unit_test(test_slots_add_up),
        cmocka_unit_test(test_windows),      cmocka_unit_test(test_zones),
        cmocka_unit_test(test_exact),        cmocka_unit_test(test_top_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
