/* test_buffer.c - growing bytes: the ceiling, the sticky failure, the closing NUL. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "buffer.h"

/* For the test that asks for more memory than there is. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

/* What holds of every buffer at any time. */
static void check(const struct hc_buf *b)
{
    assert_non_null(b->data);
    assert_true(b->len <= b->max);
    assert_int_equal(b->data[b->len], '\0');
    assert_true(b->cap == 0 ? b->len == 0 : b->len < b->cap);
}

static void a_new_buffer_is_empty_text(void **state)
{
    (void)state;
    struct hc_buf b;
    hc_buf_init(&b, 10);
    check(&b);
    assert_string_equal(b.data, "");
    assert_int_equal(b.cap, 0);
    assert_false(hc_buf_failed(&b));
    hc_buf_clear(&b);
    hc_buf_release(&b);
    check(&b);
    assert_int_equal(b.max, 10);
}

static void release_is_harmless_on_zeros(void **state)
{
    (void)state;
    struct hc_buf b = {0};
    hc_buf_release(&b);
    check(&b);
    hc_buf_str(&b, "x");
    assert_true(hc_buf_failed(&b));
}

static void appends_come_one_behind_the_other(void **state)
{
    (void)state;
    struct hc_buf b;
    hc_buf_init(&b, 1000);
    hc_buf_str(&b, "ab");
    hc_buf_add(&b, "c\0d", 3);
    hc_buf_char(&b, 'e');
    hc_buf_int(&b, -5);
    hc_buf_printf(&b, "%s=%d", "f", 6);
    hc_buf_add(&b, NULL, 0);
    hc_buf_str(&b, "");
    check(&b);
    assert_int_equal(b.len, 11);
    assert_memory_equal(b.data, "abc\0de-5f=6", 12);
    assert_false(hc_buf_failed(&b));
    hc_buf_release(&b);
}

/* Every way to append, at every maximum around what it needs. */
static void append_seven(struct hc_buf *b, int way)
{
    if (way == 0)
        hc_buf_add(b, "1234567", 7);
    else if (way == 1)
        hc_buf_str(b, "1234567");
    else if (way == 2)
        hc_buf_int(b, 1234567);
    else if (way == 3)
        hc_buf_printf(b, "%s", "1234567");
    else
        for (char c = '1'; c <= '7'; c++)
            hc_buf_char(b, c);
}

static void the_maximum_is_a_ceiling(void **state)
{
    (void)state;
    for (int way = 0; way < 5; way++) {
        for (size_t max = 0; max < 20; max++) {
            struct hc_buf b;
            hc_buf_init(&b, max);
            hc_buf_str(&b, "abc");
            append_seven(&b, way);
            check(&b);
            assert_int_equal(hc_buf_failed(&b), max < 10);
            if (max >= 10)
                assert_string_equal(b.data, "abc1234567");
            assert_true(b.cap <= max + 1);
            hc_buf_release(&b);
        }
    }
}

static void a_failure_sticks_until_clear(void **state)
{
    (void)state;
    struct hc_buf b;
    hc_buf_init(&b, 4);
    hc_buf_str(&b, "abc");
    hc_buf_str(&b, "de");
    assert_true(hc_buf_failed(&b));
    for (int way = 0; way < 5; way++)
        append_seven(&b, way);
    hc_buf_str(&b, "d"); /* would fit */
    assert_string_equal(b.data, "abc");

    size_t cap = b.cap;
    hc_buf_clear(&b);
    assert_false(hc_buf_failed(&b));
    assert_string_equal(b.data, "");
    assert_int_equal(b.cap, cap);
    hc_buf_str(&b, "wxyz");
    assert_string_equal(b.data, "wxyz");
    hc_buf_release(&b);
}

static void no_memory_is_a_failure(void **state)
{
    (void)state;
    struct hc_buf b;
    hc_buf_init(&b, SIZE_MAX);
    hc_buf_str(&b, "abc");
    hc_buf_add(&b, "x", SIZE_MAX / 2); /* refused before it is read */
    assert_true(hc_buf_failed(&b));
    assert_string_equal(b.data, "abc");
    hc_buf_clear(&b);
    hc_buf_str(&b, "abc");
    hc_buf_add(&b, "x", SIZE_MAX - 3); /* len + NUL would wrap */
    assert_true(hc_buf_failed(&b));
    check(&b);
    hc_buf_release(&b);
}

static void it_grows_far_in_few_steps(void **state)
{
    (void)state;
    struct hc_buf b;
    hc_buf_init(&b, 1 << 20);
    size_t cap = 0;
    int steps = 0;
    for (int i = 0; i < 1 << 20; i++) {
        hc_buf_char(&b, (char)('a' + i % 26));
        steps += b.cap != cap;
        cap = b.cap;
    }
    assert_false(hc_buf_failed(&b));
    assert_true(steps < 20);
    for (int i = 0; i < 1 << 20; i++)
        assert_int_equal(b.data[i], 'a' + i % 26);
    hc_buf_char(&b, 'x');
    assert_true(hc_buf_failed(&b));
    hc_buf_release(&b);
}

static void integers_are_written_whole(void **state)
{
    (void)state;
    static const struct {
        int64_t n;
        const char *text;
    } rows[] = {{0, "0"},
                {7, "7"},
                {-7, "-7"},
                {10, "10"},
                {1000000, "1000000"},
                {INT64_MAX, "9223372036854775807"},
                {INT64_MIN, "-9223372036854775808"}};
    struct hc_buf b;
    hc_buf_init(&b, 100);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hc_buf_clear(&b);
        hc_buf_int(&b, rows[i].n);
        assert_string_equal(b.data, rows[i].text);
    }
    hc_buf_release(&b);
}

static void printf_takes_more_than_there_is_room(void **state)
{
    (void)state;
    struct hc_buf b;
    hc_buf_init(&b, 10000);
    hc_buf_printf(&b, "%s", "");
    assert_int_equal(b.cap, 0);
    hc_buf_printf(&b, "%05000d|%s", 42, "tail");
    check(&b);
    assert_int_equal(b.len, 5005);
    assert_string_equal(b.data + 4998, "42|tail");
    hc_buf_release(&b);
}

static void truncate_cuts_and_never_grows(void **state)
{
    (void)state;
    struct hc_buf b;
    hc_buf_init(&b, 10);
    hc_buf_truncate(&b, 0);
    hc_buf_str(&b, "abcdef");
    hc_buf_truncate(&b, 7);
    hc_buf_truncate(&b, 6);
    assert_string_equal(b.data, "abcdef");
    hc_buf_truncate(&b, 2);
    assert_string_equal(b.data, "ab");
    hc_buf_str(&b, "x");
    assert_string_equal(b.data, "abx");
    hc_buf_release(&b);
}

static void detach_hands_the_bytes_over(void **state)
{
    (void)state;
    struct hc_buf b;
    size_t len = 99;
    hc_buf_init(&b, 10);
    hc_buf_str(&b, "abc");
    char *text = hc_buf_detach(&b, &len);
    assert_string_equal(text, "abc");
    assert_int_equal(len, 3);
    assert_string_equal(b.data, "");
    check(&b);
    hc_buf_str(&b, "0123456789"); /* as new, with the same maximum */
    assert_false(hc_buf_failed(&b));
    assert_string_equal(text, "abc");
    free(text);

    hc_buf_char(&b, 'x');
    assert_null(hc_buf_detach(&b, &len));
    assert_int_equal(len, 0);
    assert_false(hc_buf_failed(&b));
    text = hc_buf_detach(&b, NULL); /* nothing in it: still a text of one's own */
    assert_string_equal(text, "");
    free(text);
    hc_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_buffer_is_empty_text),
        cmocka_unit_test(release_is_harmless_on_zeros),
        cmocka_unit_test(appends_come_one_behind_the_other),
        cmocka_unit_test(the_maximum_is_a_ceiling),
        cmocka_unit_test(a_failure_sticks_until_clear),
        cmocka_unit_test(no_memory_is_a_failure),
        cmocka_unit_test(it_grows_far_in_few_steps),
        cmocka_unit_test(integers_are_written_whole),
        cmocka_unit_test(printf_takes_more_than_there_is_room),
        cmocka_unit_test(truncate_cuts_and_never_grows),
        cmocka_unit_test(detach_hands_the_bytes_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
