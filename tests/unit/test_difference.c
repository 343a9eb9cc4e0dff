/* What is stored less what is counted, and what of a slot is no counter at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "difference.h"
#include "mend.h"
#include "takeup.h"

static bson_t *from_json(const char *text)
{
    bson_error_t why;
    bson_t *doc = bson_new_from_json((const uint8_t *)text, -1, &why);
    assert_non_null(doc);
    return doc;
}

static void take(struct hc_difference *d, const char *slot, int32_t floor)
{
    bson_t *doc = from_json(slot);
    hc_difference_take_slot(d, doc, floor);
    bson_destroy(doc);
}

static void assert_no_delta(const struct hc_difference *d)
{
    bson_t delta = BSON_INITIALIZER;
    hc_difference_write(d, &delta);
    assert_true(bson_empty(&delta));
    bson_destroy(&delta);
}

static void test_agreement_is_no_drift(void **state)
{
    (void)state;
    struct hc_difference d = {0};
    hc_difference_add_users(&d, "male", "IN", 3);
    hc_difference_add_users(&d, "female", "DE", 2);
    take(&d, "{\"sum\": {\"users\": 1, \"gender\": {\"male\": 1}, \"country\": {\"IN\": 1}}}", 0);
    take(&d,
         "{\"sum\": {\"users\": 4, \"gender\": {\"male\": 2, \"female\": 2}, \"country\": {\"IN\": 2, "
         "\"DE\": 2}}}",
         0);
    assert_int_equal(hc_difference_sum(&d), 0);
    assert_no_delta(&d);
    hc_difference_release(&d);
}

/* One slot may hold less than nothing: only the sum of all counts. */
static void test_slots_are_added_up(void **state)
{
    (void)state;
    struct hc_difference d = {0};
    hc_difference_add(&d, "requests", "", 5);
    take(&d, "{\"sum\": {\"requests\": -7}}", 0);
    take(&d, "{\"sum\": {\"requests\": 12}}", 0);
    assert_int_equal(hc_difference_sum(&d), 0);
    hc_difference_release(&d);
}

static void test_drift_is_the_sum_without_signs(void **state)
{
    (void)state;
    struct hc_difference d = {0};
    hc_difference_add_users(&d, "male", "IN", 3);
    take(&d, "{\"sum\": {\"users\": 5, \"gender\": {\"male\": 1, \"female\": 4}, \"country\": {\"IN\": 3}}}",
         0);
    assert_int_equal(hc_difference_sum(&d), 2 + 2 + 4);
    bson_t delta = BSON_INITIALIZER;
    hc_difference_write(&d, &delta);
    bson_iter_t it, found;
    assert_true(bson_iter_init_find(&it, &delta, "users"));
    assert_int_equal(bson_iter_as_int64(&it), -2);
    assert_true(bson_iter_init(&it, &delta) && bson_iter_find_descendant(&it, "gender.male", &found));
    assert_int_equal(bson_iter_as_int64(&found), 2);
    assert_true(bson_iter_init(&it, &delta) && bson_iter_find_descendant(&it, "gender.female", &found));
    assert_int_equal(bson_iter_as_int64(&found), -4);
    assert_false(bson_has_field(&delta, "country"));
    bson_destroy(&delta);
    hc_difference_release(&d);
}

/* The delta, added to what was counted, gives what is stored: a second look finds nothing. */
static void test_the_delta_repairs(void **state)
{
    (void)state;
    struct hc_difference d = {0};
    hc_difference_add(&d, "os", "3", 10);
    take(&d, "{\"sum\": {\"os\": {\"3\": 4, \"nobody\": 9}}}", 0);
    assert_int_equal(hc_difference_sum(&d), 15);
    take(&d, "{\"sum\": {\"os\": {\"3\": 6, \"nobody\": -9}}}", 0);
    assert_int_equal(hc_difference_sum(&d), 0);
    hc_difference_release(&d);
}

static void test_days_before_the_floor_are_nobodys(void **state)
{
    (void)state;
    struct hc_difference d = {0};
    take(&d, "{\"sum\": {\"day\": {\"19999\": 4, \"20000\": 5, \"x1\": 6, \"\": 7}}}", 20000);
    assert_int_equal(hc_difference_sum(&d), 5 + 6 + 7);
    hc_difference_release(&d);
}

static void test_parts_of_others_are_left(void **state)
{
    (void)state;
    struct hc_difference d = {0};
    take(&d, "{\"sum\": {\"planets\": 4, \"moons\": {\"a\": 1}, \"users\": {\"a\": 1}, \"gender\": 3}}", 0);
    assert_int_equal(hc_difference_sum(&d), 0);
    hc_difference_release(&d);
}

static void test_what_was_found_is_shown_greatest_first(void **state)
{
    (void)state;
    struct hc_difference d = {0};
    hc_difference_add(&d, "country", "IN", 2);
    hc_difference_add(&d, "country", "DE", -9);
    hc_difference_add(&d, "users", "", 5);
    hc_difference_add(&d, "requests", "", 0);
    bson_t doc = BSON_INITIALIZER;
    hc_difference_show(&d, &doc, 2);
    bson_iter_t it;
    assert_int_equal(bson_count_keys(&doc), 2);
    assert_true(bson_iter_init(&it, &doc) && bson_iter_next(&it));
    assert_string_equal(bson_iter_key(&it), "country DE");
    assert_int_equal(bson_iter_as_int64(&it), -9);
    assert_true(bson_iter_next(&it));
    assert_string_equal(bson_iter_key(&it), "users");
    bson_destroy(&doc);
    assert_int_equal(hc_difference_sum(&d), 16); /* still whole */
    hc_difference_release(&d);
}

static void test_a_key_too_long_says_so(void **state)
{
    (void)state;
    struct hc_difference d = {0};
    char key[300];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    hc_difference_add(&d, "country", key, 1);
    assert_true(d.failed);
    hc_difference_release(&d);
}

/* ---- mend.h ---- */

static void assert_mended(const char *slot, bool sound, const char *expected)
{
    bson_t *doc = from_json(slot);
    bson_t out = BSON_INITIALIZER;
    assert_int_equal(hc_mend_sum(doc, &out), sound);
    bson_t *wanted = from_json(expected);
    assert_true(bson_equal(&out, wanted));
    bson_destroy(wanted);
    bson_destroy(&out);
    bson_destroy(doc);
}

static void test_sound_sums_stay(void **state)
{
    (void)state;
    assert_mended("{\"sum\": {}}", true, "{}");
    assert_mended("{\"sum\": {\"users\": 2, \"day\": {\"20000\": -1}}}", true,
                  "{ \"users\" : 2, \"day\" : { \"20000\" : -1 } }");
    assert_mended("{\"sum\": {\"users\": 2.0}}", true, "{ \"users\" : 2.0 }");
}

static void test_what_is_no_counter_goes(void **state)
{
    (void)state;
    assert_mended("{}", false, "{}");
    assert_mended("{\"sum\": 5}", false, "{}");
    assert_mended("{\"sum\": {\"users\": \"many\", \"requests\": 1}}", false, "{ \"requests\" : 1 }");
    assert_mended("{\"sum\": {\"country\": {\"St\": {\"Kitts\": 1}, \"IN\": 1}}}", false,
                  "{ \"country\" : { \"IN\" : 1 } }");
    assert_mended("{\"sum\": {\"country\": {\"St. Kitts\": 1, \"\": 1, \"$x\": 1, \"DE\": null}}}", false,
                  "{ \"country\" : {  } }");
    assert_mended("{\"sum\": {\"users\": {\"$numberDouble\": \"NaN\"}}}", false, "{}");
}

/* ---- takeup.h ---- */

static void test_facts_that_fit(void **state)
{
    (void)state;
    assert_true(hc_takeup_fits("male", "India", "male", "IN"));
    assert_true(hc_takeup_fits("other", "Atlantis", "other", "ZZ"));
    assert_true(hc_takeup_fits(NULL, NULL, "other", "ZZ"));
    assert_true(hc_takeup_fits("Male", "", "other", "ZZ"));
    assert_true(hc_takeup_fits("female", "DEU", "female", "DE"));
}

static void test_facts_that_do_not(void **state)
{
    (void)state;
    assert_false(hc_takeup_fits("female", "India", "male", "IN"));
    assert_false(hc_takeup_fits("male", "Germany", "male", "IN"));
    assert_false(hc_takeup_fits("male", NULL, "male", "IN"));
    assert_false(hc_takeup_fits(NULL, "India", "male", "IN"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agreement_is_no_drift),
        cmocka_unit_test(test_slots_are_added_up),
        cmocka_unit_test(test_drift_is_the_sum_without_signs),
        cmocka_unit_test(test_the_delta_repairs),
        cmocka_unit_test(test_days_before_the_floor_are_nobodys),
        cmocka_unit_test(test_parts_of_others_are_left),
        cmocka_unit_test(test_what_was_found_is_shown_greatest_first),
        cmocka_unit_test(test_a_key_too_long_says_so),
        cmocka_unit_test(test_sound_sums_stay),
        cmocka_unit_test(test_what_is_no_counter_goes),
        cmocka_unit_test(test_facts_that_fit),
        cmocka_unit_test(test_facts_that_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
