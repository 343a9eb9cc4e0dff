/* test_cursor.c - cursors come back whole; anything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "cursor.h"

static const struct cursor_key key = {{1, 2, 3}};
static const struct cursor_key other_key = {{1, 2, 4}};

static struct text text(const char *at)
{
    return (struct text){at, strlen(at)};
}

static enum hc_err read_back(const struct cursor_key *with, const char *query, const char *cursor, char *out)
{
    uint8_t position[CURSOR_POSITION_MAX];
    size_t len = 0;
    struct hc_error err = {0};
    enum hc_err code = cursor_read(with, text(query), "after", text(cursor), position, &len, &err);
    if (code == HC_OK) {
        memcpy(out, position, len);
        out[len] = '\0';
    } else {
        assert_string_equal(err.field, "after");
    }
    return code;
}

static void round_trip(void **state)
{
    (void)state;
    char cursor[CURSOR_TEXT_MAX];
    char out[CURSOR_POSITION_MAX + 1];
    cursor_make(&key, text("users"), "twelve bytes", 12, cursor);
    assert_int_equal(strspn(cursor, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                     strlen(cursor));
    assert_int_equal(read_back(&key, "users", cursor, out), HC_OK);
    assert_string_equal(out, "twelve bytes");
}

static void longest(void **state)
{
    (void)state;
    char cursor[CURSOR_TEXT_MAX];
    char position[CURSOR_POSITION_MAX];
    char out[CURSOR_POSITION_MAX + 1];
    memset(position, 'x', sizeof position);
    cursor_make(&key, text("q"), position, sizeof position, cursor);
    assert_int_equal(read_back(&key, "q", cursor, out), HC_OK);
    assert_memory_equal(out, position, sizeof position);
}

static void of_another(void **state)
{
    (void)state;
    char cursor[CURSOR_TEXT_MAX];
    char out[CURSOR_POSITION_MAX + 1];
    cursor_make(&key, text("users"), "twelve bytes", 12, cursor);
    assert_int_equal(read_back(&key, "users\nemail", cursor, out), HC_EMALFORMED);
    assert_int_equal(read_back(&key, "", cursor, out), HC_EMALFORMED);
    assert_int_equal(read_back(&other_key, "users", cursor, out), HC_EMALFORMED);
}

static void cut_or_changed(void **state)
{
    (void)state;
    static const char letters[] = "AZaz09-_=+/ .%";
    char cursor[CURSOR_TEXT_MAX];
    char changed[CURSOR_TEXT_MAX + 1];
    char out[CURSOR_POSITION_MAX + 1];
    cursor_make(&key, text("users"), "twelve bytes", 12, cursor);
    for (size_t i = 0; i < strlen(cursor); i++) {
        snprintf(changed, sizeof changed, "%.*s", (int)i, cursor);
        assert_int_equal(read_back(&key, "users", changed, out), HC_EMALFORMED);
        for (const char *c = letters; *c; c++) {
            strcpy(changed, cursor);
            changed[i] = *c;
            if (*c != cursor[i])
                assert_int_equal(read_back(&key, "users", changed, out), HC_EMALFORMED);
        }
    }
    snprintf(changed, sizeof changed, "%sA", cursor);
    assert_int_equal(read_back(&key, "users", changed, out), HC_EMALFORMED);
    snprintf(changed, sizeof changed, "%s=", cursor);
    assert_int_equal(read_back(&key, "users", changed, out), HC_EMALFORMED);
}

static void far_too_long(void **state)
{
    (void)state;
    char cursor[8001];
    char out[CURSOR_POSITION_MAX + 1];
    memset(cursor, 'A', sizeof cursor - 1);
    cursor[sizeof cursor - 1] = '\0';
    assert_int_equal(read_back(&key, "users", cursor, out), HC_EMALFORMED);
}

static void key_from_token(void **state)
{
    (void)state;
    struct cursor_keeper a, b, c, none;
    struct cursor_key from_a, from_b, from_c;
    cursor_keeper_init(&a, "a token of some length");
    cursor_keeper_init(&b, "a token of some length");
    cursor_keeper_init(&c, "another token of length");
    cursor_keeper_init(&none, "");
    assert_true(cursor_keeper_known(&a, &from_a));
    assert_true(cursor_keeper_known(&b, &from_b));
    assert_true(cursor_keeper_known(&c, &from_c));
    assert_false(cursor_keeper_known(&none, &from_c));
    assert_memory_equal(&from_a, &from_b, sizeof from_a);
    assert_memory_not_equal(&from_a, &from_c, sizeof from_a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),     cmocka_unit_test(longest),      cmocka_unit_test(of_another),
        cmocka_unit_test(cut_or_changed), cmocka_unit_test(far_too_long), cmocka_unit_test(key_from_token),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
