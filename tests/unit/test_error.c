/* test_error.c - errors as values: words, exit codes, and details that fit. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <limits.h>
#include <string.h>

#include "error.h"

static const struct {
    enum hc_err code;
    const char *word;
    int exit_code;
    bool transient;
} rows[] = {
    {HC_OK, "ok", 0, false},
    {HC_EMALFORMED, "malformed", 1, false},
    {HC_EUNAUTHORIZED, "unauthorized", 1, false},
    {HC_EFORBIDDEN, "forbidden", 1, false},
    {HC_ENOTFOUND, "not-found", 1, false},
    {HC_EMETHOD, "method-not-allowed", 1, false},
    {HC_ECONFLICT, "conflict", 1, false},
    {HC_EPRECONDITION, "precondition-failed", 1, false},
    {HC_ETOOLARGE, "too-large", 1, false},
    {HC_ETYPE, "unsupported-type", 1, false},
    {HC_EINVALID, "invalid", 1, false},
    {HC_ETOOMANY, "too-many", 1, true},
    {HC_EBUSY, "busy", 1, true},
    {HC_EDEADLINE, "deadline", 1, true},
    {HC_ESTORE, "store", 4, true},
    {HC_EOUTCOME, "outcome-unknown", 4, false},
    {HC_ECACHE, "cache", 6, true},
    {HC_EBROKER, "broker", 5, true},
    {HC_ENEWER, "newer", 1, false},
    {HC_ENOMEM, "out-of-memory", 1, true},
    {HC_EUSAGE, "usage", 2, false},
    {HC_ESETTING, "setting", 3, false},
    {HC_ESOCKET, "socket", 7, false},
    {HC_EINTERNAL, "internal", 1, false},
};

static void every_code_has_its_row(void **state)
{
    (void)state;
    assert_int_equal(sizeof rows / sizeof rows[0], HC_ERR_COUNT);
    for (int i = 0; i < HC_ERR_COUNT; i++) {
        assert_int_equal(rows[i].code, i);
        assert_string_equal(hc_err_text(rows[i].code), rows[i].word);
        assert_int_equal(hc_err_exit_code(rows[i].code), rows[i].exit_code);
        assert_int_equal(hc_err_is_transient(rows[i].code), rows[i].transient);
    }
}

static void codes_out_of_range_are_safe(void **state)
{
    (void)state;
    const int odd[] = {-1, HC_ERR_COUNT, HC_ERR_COUNT + 1, INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        assert_string_equal(hc_err_text((enum hc_err)odd[i]), "unknown");
        assert_int_equal(hc_err_exit_code((enum hc_err)odd[i]), 1);
        assert_false(hc_err_is_transient((enum hc_err)odd[i]));
    }
}

static void fail_fills_all_and_returns_the_code(void **state)
{
    (void)state;
    struct hc_error err;
    memset(&err, 'x', sizeof err);
    assert_int_equal(hc_fail(&err, HC_EINVALID, "limit", "must be %d to %d", 1, 100), HC_EINVALID);
    assert_int_equal(err.code, HC_EINVALID);
    assert_string_equal(err.field, "limit");
    assert_string_equal(err.detail, "must be 1 to 100");

    assert_int_equal(hc_fail(&err, HC_ESTORE, NULL, "%s", ""), HC_ESTORE);
    assert_string_equal(err.field, "");
    assert_string_equal(err.detail, "");
}

static void fail_without_an_error_just_returns_the_code(void **state)
{
    (void)state;
    assert_int_equal(hc_fail(NULL, HC_EBUSY, "x", "%d", 1), HC_EBUSY);
}

/* Details of 200 to 220 bytes that end in characters of 1 to 4 bytes: what is
 * kept is as long as possible, and never ends within a character. */
static void a_long_detail_is_cut_at_a_character(void **state)
{
    (void)state;
    const char *const characters[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    const size_t room = sizeof((struct hc_error *)0)->detail - 1;
    for (size_t c = 0; c < 4; c++) {
        size_t n = strlen(characters[c]);
        for (size_t lead = 190; lead < 215; lead++) {
            char text[400] = "";
            memset(text, '.', lead);
            text[lead] = '\0';
            while (strlen(text) < 300)
                strcat(text, characters[c]);
            struct hc_error err;
            hc_fail(&err, HC_EINVALID, NULL, "%s", text);
            size_t want = lead >= room ? room : lead + (room - lead) / n * n;
            assert_int_equal(strlen(err.detail), want);
            assert_memory_equal(err.detail, text, want);
        }
    }
}

static void a_detail_that_just_fits_is_whole(void **state)
{
    (void)state;
    char text[sizeof((struct hc_error *)0)->detail];
    memset(text, '.', sizeof text);
    memcpy(text + sizeof text - 3, "\xC3\xA9", 3); /* the last character and the NUL */
    struct hc_error err;
    hc_fail(&err, HC_EINVALID, NULL, "%s", text);
    assert_string_equal(err.detail, text);
}

static void a_long_field_is_cut(void **state)
{
    (void)state;
    struct hc_error err;
    char field[100];
    memset(field, 'f', sizeof field - 1);
    field[sizeof field - 1] = '\0';
    hc_fail(&err, HC_EINVALID, field, "x");
    assert_int_equal(strlen(err.field), sizeof err.field - 1);
}

static void an_error_may_be_built_from_itself(void **state)
{
    (void)state;
    struct hc_error err;
    hc_fail(&err, HC_EINVALID, "email", "is taken");
    hc_fail(&err, HC_ECONFLICT, err.field, "row 7: %s %s", err.field, err.detail);
    assert_string_equal(err.field, "email");
    assert_string_equal(err.detail, "row 7: email is taken");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_row),
        cmocka_unit_test(codes_out_of_range_are_safe),
        cmocka_unit_test(fail_fills_all_and_returns_the_code),
        cmocka_unit_test(fail_without_an_error_just_returns_the_code),
        cmocka_unit_test(a_long_detail_is_cut_at_a_character),
        cmocka_unit_test(a_detail_that_just_fits_is_whole),
        cmocka_unit_test(a_long_field_is_cut),
        cmocka_unit_test(an_error_may_be_built_from_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
