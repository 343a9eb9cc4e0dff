/* A step's differences on their way into a slot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tally.h"

static bson_t *written(const struct hc_tally *t)
{
    bson_t *delta = bson_new();
    hc_tally_write(t, delta);
    return delta;
}

static int64_t at(const bson_t *doc, const char *path)
{
    bson_iter_t it, found;
    assert_true(bson_iter_init(&it, doc));
    return bson_iter_find_descendant(&it, path, &found) ? bson_iter_as_int64(&found) : 0;
}

static void adds_up_what_users_count_in(void **state)
{
    (void)state;
    struct hc_tally t = {0};
    int norway = hc_country_by_code("NO", 2), india = hc_country_by_code("IN", 2);
    hc_tally_user(&t, HC_MALE, norway, 1);
    hc_tally_user(&t, HC_FEMALE, norway, 1);
    hc_tally_user(&t, HC_MALE, india, -1);
    bson_t *delta = written(&t);
    assert_int_equal(at(delta, "users"), 1);
    assert_int_equal(at(delta, "gender.female"), 1);
    assert_int_equal(at(delta, "gender.male"), 0);
    assert_int_equal(at(delta, "country.NO"), 2);
    assert_int_equal(at(delta, "country.IN"), -1);
    bson_destroy(delta);
}

static void leaves_out_what_cancels_out(void **state)
{
    (void)state;
    struct hc_tally t = {0};
    hc_tally_user(&t, HC_OTHER, 3, 1);
    hc_tally_user(&t, HC_OTHER, 3, -1);
    hc_tally_device(&t, 7, 8, 2);
    hc_tally_device(&t, 7, 8, -2);
    hc_tally_day(&t, 20000, 1);
    hc_tally_day(&t, 20000, -1);
    bson_t *delta = written(&t);
    bson_iter_t it, below;
    assert_true(bson_iter_init(&it, delta));
    while (bson_iter_next(&it)) {
        assert_true(bson_iter_recurse(&it, &below));
        assert_false(bson_iter_next(&below));
    }
    bson_destroy(delta);
}

static void counts_the_strange_as_unknown(void **state)
{
    (void)state;
    struct hc_tally t = {0};
    hc_tally_user(&t, 99, -5, 1);
    hc_tally_user(&t, -1, HC_COUNTRY_MAX + 7, 1);
    hc_tally_device(&t, -1, HC_DEVICE_KEYS_MAX, 1);
    bson_t *delta = written(&t);
    assert_int_equal(at(delta, "gender.other"), 2);
    assert_int_equal(at(delta, "country.ZZ"), 2);
    assert_int_equal(at(delta, "os.0"), 1);
    assert_int_equal(at(delta, "browser.0"), 1);
    bson_destroy(delta);
}

static void keeps_as_many_days_as_a_step_can_have(void **state)
{
    (void)state;
    struct hc_tally t = {0};
    for (int32_t day = 0; day < 2 * HC_TALLY_DAYS; day++)
        hc_tally_day(&t, day - 500, day + 1);
    assert_int_equal(t.days, 2 * HC_TALLY_DAYS);
    hc_tally_day(&t, 5, 10);
    bson_t *delta = written(&t);
    assert_int_equal(at(delta, "day.-500"), 1);
    assert_int_equal(at(delta, "day.5"), 516);
    assert_int_equal(at(delta, "day.1547"), 2 * HC_TALLY_DAYS);
    bson_destroy(delta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_up_what_users_count_in),
        cmocka_unit_test(leaves_out_what_cancels_out),
        cmocka_unit_test(counts_the_strange_as_unknown),
        cmocka_unit_test(keeps_as_many_days_as_a_step_can_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
