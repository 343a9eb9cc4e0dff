/* What may come from Kafka, from anyone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "message.h"

#define MOST 20000000
#define ID "01ARZ3NDEKTSV4RRFFQ69G5FAV"

static void test_triggers_that_are_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t total;
        bool has_seed;
        const char *job;
    } CASES[] = {
        {"{\"totalUserCreate\":\"1000\",\"message\":\"m\",\"createAt\":1660000000000}", 1000, false, ""},
        {"{\"totalUserCreate\":5}", 5, false, ""},
        {"{\"totalUserCreate\":20000000,\"seed\":0}", MOST, true, ""},
        {"{\"totalUserCreate\":1,\"jobId\":\"" ID "\",\"seed\":\"9\"}", 1, true, ID},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct hc_trigger t;
        struct hc_error err;
        assert_int_equal(hc_trigger_read(CASES[i].text, strlen(CASES[i].text), MOST, &t, &err), HC_OK);
        assert_int_equal(t.total, CASES[i].total);
        assert_int_equal(t.has_seed, CASES[i].has_seed);
        assert_string_equal(t.job, CASES[i].job);
    }
}

static void test_triggers_that_are_refused(void **state)
{
    (void)state;
    static const char *const CASES[] = {
        "",
        "null",
        "5",
        "[]",
        "{}",
        "{",
        "not json",
        "{\"totalUserCreate\":0}",
        "{\"totalUserCreate\":-1}",
        "{\"totalUserCreate\":20000001}",
        "{\"totalUserCreate\":1.5}",
        "{\"totalUserCreate\":\"abc\"}",
        "{\"totalUserCreate\":\"\"}",
        "{\"totalUserCreate\":\"+5\"}",
        "{\"totalUserCreate\":\"1e3\"}",
        "{\"totalUserCreate\":\" 5\"}",
        "{\"totalUserCreate\":\"99999999999999999999\"}",
        "{\"totalUserCreate\":true}",
        "{\"totalUserCreate\":[5]}",
        "{\"totalUserCreate\":5,\"seed\":-1}",
        "{\"totalUserCreate\":5,\"seed\":\"x\"}",
        "{\"totalUserCreate\":5,\"jobId\":5}",
        "{\"totalUserCreate\":5,\"jobId\":\"short\"}",
        "{\"totalUserCreate\":5,\"totalUserCreate\":6}",
        "{\"totalUserCreate\":1e30}",
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct hc_trigger t;
        struct hc_error err;
        assert_int_equal(hc_trigger_read(CASES[i], strlen(CASES[i]), MOST, &t, &err), HC_EMALFORMED);
        assert_true(err.detail[0] != '\0');
    }
    struct hc_trigger t;
    struct hc_error err;
    assert_int_equal(hc_trigger_read(NULL, 0, MOST, &t, &err), HC_EMALFORMED);
}

static void test_slices_round_trip(void **state)
{
    (void)state;
    char text[96];
    struct hc_slice s;
    struct hc_error err;
    int len = hc_slice_write(text, ID, 2199);
    assert_int_equal(hc_slice_read(text, (size_t)len, &s, &err), HC_OK);
    assert_string_equal(s.job, ID);
    assert_int_equal(s.chunk, 2199);
}

static void test_slices_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum hc_err code;
    } CASES[] = {
        {"{}", HC_EMALFORMED},
        {"{\"v\":1}", HC_EMALFORMED},
        {"{\"v\":2,\"job\":\"" ID "\",\"chunk\":0}", HC_ENEWER},
        {"{\"v\":1,\"job\":\"x\",\"chunk\":0}", HC_EMALFORMED},
        {"{\"v\":1,\"job\":\"" ID "\",\"chunk\":-1}", HC_EMALFORMED},
        {"{\"v\":1,\"job\":\"" ID "\",\"chunk\":\"0\"}", HC_EMALFORMED},
        {"{\"v\":1,\"job\":\"" ID "\",\"chunk\":99999999999}", HC_EMALFORMED},
        {"{\"v\":1,\"job\":\"" ID "\"}", HC_EMALFORMED},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct hc_slice s;
        struct hc_error err;
        assert_int_equal(hc_slice_read(CASES[i].text, strlen(CASES[i].text), &s, &err), CASES[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triggers_that_are_taken),
        cmocka_unit_test(test_triggers_that_are_refused),
        cmocka_unit_test(test_slices_round_trip),
        cmocka_unit_test(test_slices_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
