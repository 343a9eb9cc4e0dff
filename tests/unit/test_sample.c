/* test_sample.c - samples as documents, their ids, and which tier a range is read from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "sample.h"

#define S INT64_C(1000)
#define HOUR (3600 * S)
#define DAY (24 * HOUR)
#define NOW INT64_C(1795440000123) /* 2026-11-23T13:20:00.123Z */

static void ids(void **state)
{
    (void)state;
    static const struct {
        int tier;
        int64_t ms;
        const char *id;
    } rows[] = {
        {0, 0, "0010:000000000000"},
        {0, 9999, "0010:000000000000"},
        {0, 10000, "0010:000000000010"},
        {0, NOW, "0010:001795440000"},
        {1, NOW, "0060:001795440000"},
        {2, NOW, "3600:001795438800"},
        {2, 7199999, "3600:000000003600"},
        {1, -5, "0060:000000000000"},
        {0, INT64_C(253402300799999), "0010:253402300790"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char id[HC_SAMPLE_ID_MAX];
        assert_ptr_equal(hc_sample_id(&hc_sample_tiers[rows[i].tier], rows[i].ms, id), id);
        assert_string_equal(id, rows[i].id);
    }
}

/* A range of _id is a range of time only if texts sort as their times do. */
static void ids_sort_by_time(void **state)
{
    (void)state;
    for (int t = 0; t < HC_SAMPLE_TIERS; t++) {
        char last[HC_SAMPLE_ID_MAX] = "";
        for (int64_t ms = 0; ms < INT64_C(250000000000000); ms = ms * 3 + hc_sample_tiers[t].period_ms) {
            char id[HC_SAMPLE_ID_MAX];
            assert_true(strcmp(hc_sample_id(&hc_sample_tiers[t], ms, id), last) > 0);
            strcpy(last, id);
        }
    }
}

static void tiers(void **state)
{
    (void)state;
    static const struct {
        int64_t back, step;
        int64_t period;
    } rows[] = {
        {HOUR, 20 * S, 10 * S},      {HOUR, 10 * S, 10 * S},         {HOUR, S, 10 * S},
        {HOUR, 59 * S, 10 * S},      {HOUR, 60 * S, 60 * S},         {HOUR, HOUR, HOUR},
        {2 * HOUR, 10 * S, 10 * S},  {2 * HOUR + 1, 10 * S, 60 * S}, {DAY, 300 * S, 60 * S},
        {7 * DAY, HOUR - 1, 60 * S}, {7 * DAY, HOUR, HOUR},          {7 * DAY + 1, 60 * S, HOUR},
        {700 * DAY, DAY, HOUR},      {9000 * DAY, S, HOUR},          {-HOUR, 10 * S, 10 * S},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(hc_sample_tier_for(NOW - rows[i].back, rows[i].step, NOW)->period_ms,
                         rows[i].period);
}

static struct hc_sample made(void)
{
    struct hc_counts counts;
    struct hc_sample sample;
    memset(&counts, 0, sizeof counts);
    counts.users = INT64_C(11000000);
    counts.requests = 52340;
    counts.countries = 20;
    counts.exact = true;
    counts.drift = 0;
    for (int w = 0; w < HC_WINDOW_COUNT; w++)
        counts.active[w] = 100 + w;
    for (int g = 0; g < HC_GENDER_COUNT; g++)
        counts.gender[g] = 1000 + g;
    for (int c = 0; c < 20; c++)
        counts.country[c] = 50 + c;
    for (int k = 1; k < 8; k++) {
        counts.os[k] = 10 * k;
        counts.browser[k] = 1000 - k;
    }
    hc_sample_of_counts(&counts, NOW, &sample);
    return sample;
}

static void of_counts(void **state)
{
    (void)state;
    struct hc_sample s = made();
    assert_true(s.at_ms == NOW && s.users == 11000000 && s.requests == 52340 && s.countries == 20 && s.exact);
    assert_int_equal(s.country_count, HC_SAMPLE_COUNTRIES);
    assert_int_equal(s.country[0].sum, 69);
    assert_int_equal(s.country[14].sum, 55);
    assert_int_equal(s.os_count, HC_SAMPLE_DEVICES);
    assert_int_equal(s.os[0].sum, 70);
    assert_int_equal(s.os[0].key, 7);
    assert_int_equal(s.browser[4].sum, 995);
    assert_int_equal(s.top_count, 0);
}

static void a_sample_comes_back_as_it_was(void **state)
{
    (void)state;
    struct hc_sample s = made();
    struct hc_sample back;
    s.top_count = 2;
    memset(s.top[0].user.bytes, 0xab, 12);
    s.top[0].requests = 400;
    memset(s.top[1].user.bytes, 0x01, 12);
    s.top[1].requests = 2;
    bson_t doc = BSON_INITIALIZER;
    hc_sample_bson(&s, &doc);
    assert_true(
        bson_validate(&doc, BSON_VALIDATE_UTF8 | BSON_VALIDATE_DOT_KEYS | BSON_VALIDATE_DOLLAR_KEYS, NULL));
    assert_true(doc.len < 4096); /* some 30 000 of them are kept */
    hc_sample_read(&back, &doc);
    bson_destroy(&doc);
    assert_true(back.at_ms == s.at_ms && back.users == s.users && back.requests == s.requests);
    assert_true(back.countries == s.countries && back.exact == s.exact);
    assert_memory_equal(back.active, s.active, sizeof s.active);
    assert_memory_equal(back.gender, s.gender, sizeof s.gender);
    assert_int_equal(back.country_count, s.country_count);
    for (size_t i = 0; i < s.country_count; i++) {
        assert_int_equal(back.country[i].country, s.country[i].country);
        assert_int_equal(back.country[i].sum, s.country[i].sum);
    }
    assert_int_equal(back.os_count, s.os_count);
    assert_int_equal(back.browser_count, s.browser_count);
    for (size_t i = 0; i < s.os_count; i++) {
        assert_int_equal(back.os[i].key, s.os[i].key);
        assert_string_equal(back.os[i].name, s.os[i].name);
        assert_int_equal(back.os[i].sum, s.os[i].sum);
        assert_int_equal(back.browser[i].key, s.browser[i].key);
    }
    assert_int_equal(back.top_count, 2);
    assert_true(bson_oid_equal(&back.top[0].user, &s.top[0].user));
    assert_int_equal(back.top[0].requests, 400);
    assert_int_equal(back.top[1].requests, 2);
}

/* Written by another build, or by nobody sane. */
static void odd_documents(void **state)
{
    (void)state;
    struct hc_sample s;
    bson_t empty = BSON_INITIALIZER;
    hc_sample_read(&s, &empty);
    assert_true(s.at_ms == 0 && s.users == 0 && s.country_count == 0 && !s.exact);
    bson_t *odd =
        BCON_NEW("at", BCON_INT64(5), "users", BCON_UTF8("many"), "active", BCON_INT32(3), "topCountries",
                 "{", "a", BCON_INT32(1), "}", "os", "[", BCON_INT32(1), "{", "key", BCON_INT32(99999), "sum",
                 BCON_INT32(4), "}", "{", "key", BCON_INT32(-3), "}", "]", "topUsers", "[", "{", "user",
                 BCON_UTF8("x"), "}", "{", "sum", BCON_INT32(3), "}", "]");
    hc_sample_read(&s, odd);
    bson_destroy(odd);
    assert_true(s.at_ms == 0 && s.users == 0 && s.active[HC_DAILY] == 0);
    assert_int_equal(s.country_count, 0);
    assert_int_equal(s.top_count, 0);
    assert_int_equal(s.os_count, 2);
    assert_int_equal(s.os[0].key, HC_DEVICE_OTHER);
    assert_int_equal(s.os[0].sum, 4);
    bson_t many = BSON_INITIALIZER, list, item;
    bson_append_array_begin(&many, "os", -1, &list);
    for (int i = 0; i < 100; i++) {
        bson_append_document_begin(&list, "0", 1, &item);
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(&many, &list);
    hc_sample_read(&s, &many);
    assert_int_equal(s.os_count, HC_SAMPLE_DEVICES);
    bson_destroy(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids),
        cmocka_unit_test(ids_sort_by_time),
        cmocka_unit_test(tiers),
        cmocka_unit_test(of_counts),
        cmocka_unit_test(a_sample_comes_back_as_it_was),
        cmocka_unit_test(odd_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
