/* test_json_write.c - the writer, its escaping, and UTF-8. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

#define LITERAL(text) (text), sizeof(text) - 1

/* ---- UTF-8 ---- */

static void utf8_follows_the_standard(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len, valid;
    } rows[] = {
        {LITERAL(""), 0},
        {LITERAL("a"), 1},
        {LITERAL("\0"), 1},
        {LITERAL("\x7F"), 1},
        {LITERAL("\x80"), 0},
        {LITERAL("\xC1\xBF"), 0},
        {LITERAL("\xC2\x80"), 2},
        {LITERAL("\xDF\xBF"), 2},
        {LITERAL("\xC2"), 0},
        {LITERAL("\xC2\x7F"), 0},
        {LITERAL("\xC2\xC0"), 0},
        {LITERAL("\xE0\x9F\xBF"), 0},
        {LITERAL("\xE0\xA0\x80"), 3},
        {LITERAL("\xED\x9F\xBF"), 3},
        {LITERAL("\xED\xA0\x80"), 0},
        {LITERAL("\xED\xBF\xBF"), 0},
        {LITERAL("\xEE\x80\x80"), 3},
        {LITERAL("\xEF\xBF\xBF"), 3},
        {LITERAL("\xE2\x82"), 0},
        {LITERAL("\xE2\x82x"), 0},
        {LITERAL("\xF0\x8F\xBF\xBF"), 0},
        {LITERAL("\xF0\x90\x80\x80"), 4},
        {LITERAL("\xF4\x8F\xBF\xBF"), 4},
        {LITERAL("\xF4\x90\x80\x80"), 0},
        {LITERAL("\xF5\x80\x80\x80"), 0},
        {LITERAL("\xF0\x9F\x98"), 0},
        {LITERAL("\xFE\xFF"), 0},
        {LITERAL("12345678\xFFz"), 8},
        {LITERAL("1234567\xC3\xA9\x80"), 9},
        {LITERAL("123456789012345\xE2\x82"), 15},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(hc_utf8_valid(rows[i].bytes, rows[i].len), rows[i].valid);
        size_t first = hc_utf8_char(rows[i].bytes, rows[i].len);
        assert_true(rows[i].valid ? first >= 1 && first <= rows[i].valid : first == 0);
    }
}

/* All code points, encoded by arithmetic: valid but for the surrogates. */
static void every_code_point_is_known(void **state)
{
    (void)state;
    for (unsigned n = 0x80; n < 0x200000; n++) {
        size_t len = n < 0x800 ? 2 : n < 0x10000 ? 3 : 4;
        unsigned char p[4];
        unsigned left = n;
        for (size_t i = len - 1; i > 0; i--, left >>= 6)
            p[i] = (unsigned char)(0x80 | (left & 0x3F));
        p[0] = (unsigned char)((len == 2 ? 0xC0 : len == 3 ? 0xE0 : 0xF0) | left);
        bool valid = n <= 0x10FFFF && !(n >= 0xD800 && n <= 0xDFFF);
        if (hc_utf8_char((char *)p, len) != (valid ? len : 0))
            fail_msg("U+%04X", n);
    }
}

/* ---- writing ---- */

static struct hc_buf out;
static struct hc_json j;

static int begin(void **state)
{
    (void)state;
    hc_buf_init(&out, 1 << 20);
    hc_json_begin(&j, &out);
    return 0;
}

static int end(void **state)
{
    (void)state;
    hc_buf_release(&out);
    return 0;
}

static void commas_come_by_themselves(void **state)
{
    (void)state;
    hc_json_open(&j, '{');
    hc_json_put_int(&j, "users", 5);
    hc_json_put_str(&j, "name", "x");
    hc_json_put_str(&j, "none", NULL);
    hc_json_key(&j, "empty");
    hc_json_open(&j, '[');
    hc_json_close(&j, ']');
    hc_json_key(&j, "list");
    hc_json_open(&j, '[');
    hc_json_int(&j, -1);
    hc_json_bool(&j, true);
    hc_json_bool(&j, false);
    hc_json_null(&j);
    hc_json_str(&j, "a");
    hc_json_strn(&j, "bcd", 2);
    hc_json_date(&j, 0);
    hc_json_fixed(&j, 1.5, 2);
    hc_json_raw(&j, "{\"x\":1}", 7);
    hc_json_open(&j, '{');
    hc_json_close(&j, '}');
    hc_json_open(&j, '[');
    hc_json_str(&j, NULL);
    hc_json_close(&j, ']');
    hc_json_close(&j, ']');
    hc_json_put_int(&j, "last", INT64_MIN);
    hc_json_close(&j, '}');
    assert_string_equal(out.data,
                        "{\"users\":5,\"name\":\"x\",\"none\":null,\"empty\":[],\"list\":[-1,true,false,null,"
                        "\"a\",\"bc\",\"1970-01-01T00:00:00.000Z\",1.50,{\"x\":1},{},[null]],"
                        "\"last\":-9223372036854775808}");
}

static void texts_are_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *escaped;
    } rows[] = {
        {LITERAL(""), ""},
        {LITERAL("plain text / <b> & 'q'"), "plain text / <b> & 'q'"},
        {LITERAL("\"\\"), "\\\"\\\\"},
        {LITERAL("\b\f\n\r\t"), "\\b\\f\\n\\r\\t"},
        {LITERAL("a\0b"), "a\\u0000b"},
        {LITERAL("\x01\x0B\x1F\x7F"), "\\u0001\\u000b\\u001f\x7F"},
        {LITERAL("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"), "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"},
        {LITERAL("\xFF"), "\xEF\xBF\xBD"},
        {LITERAL("a\xC3"), "a\xEF\xBF\xBD"},
        {LITERAL("\xC3\""), "\xEF\xBF\xBD\\\""},
        {LITERAL("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {LITERAL("1234567\"1234567\n12345678\\12345678"), "1234567\\\"1234567\\n12345678\\\\12345678"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hc_buf_clear(&out);
        hc_json_escape(&out, rows[i].bytes, rows[i].len);
        assert_string_equal(out.data, rows[i].escaped);
    }
    hc_buf_clear(&out);
    hc_json_begin(&j, &out);
    hc_json_open(&j, '{');
    hc_json_put_str(&j, "k\"\xFF\n", "v\"\xFF\n");
    hc_json_close(&j, '}');
    assert_string_equal(out.data, "{\"k\\\"\xEF\xBF\xBD\\n\":\"v\\\"\xEF\xBF\xBD\\n\"}");
}

/* Every byte at every place of a word of 8 and its neighbours, so that the
 * fast path over clean words can hide none. */
static void no_byte_slips_through_the_fast_path(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < 17; at++) {
            char text[17];
            memset(text, 'a', sizeof text);
            text[at] = (char)byte;
            hc_buf_clear(&out);
            hc_json_escape(&out, text, sizeof text);
            bool clean = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
            assert_int_equal(out.len == sizeof text && memcmp(out.data, text, sizeof text) == 0, clean);
            assert_int_equal(hc_utf8_valid(text, sizeof text), byte < 0x80 ? sizeof text : at);
        }
    }
}

/* Random bytes: the answer is always valid JSON, and valid texts come back. */
static void any_bytes_give_valid_json(void **state)
{
    (void)state;
    struct hc_json_limits limits = {1 << 20, 5, 5};
    srand(1);
    for (int round = 0; round < 20000; round++) {
        char text[64];
        size_t len = (size_t)rand() % sizeof text;
        for (size_t i = 0; i < len; i++)
            text[i] = (char)(rand() % (round % 2 ? 256 : 128));
        hc_buf_clear(&out);
        hc_json_begin(&j, &out);
        hc_json_strn(&j, text, len);
        if (memchr(text, '\0', len))
            continue; /* written as \u0000, which the reader refuses */
        struct json_object *tree;
        assert_int_equal(hc_json_parse(out.data, out.len, &limits, &tree, NULL), HC_OK);
        if (hc_utf8_valid(text, len) == len) {
            assert_int_equal(json_object_get_string_len(tree), len);
            assert_memory_equal(json_object_get_string(tree), text, len);
        }
        json_object_put(tree);
    }
}

static void fixed_numbers(void **state)
{
    (void)state;
    static const struct {
        double n;
        int decimals;
        const char *text;
    } rows[] = {
        {0.0, 0, "0"},          {1.0, 2, "1.00"},
        {-1.005, 1, "-1.0"},    {2.0 / 3, 3, "0.667"},
        {-0.0, 2, "0.00"},      {-0.001, 2, "0.00"},
        {-0.001, 3, "-0.001"},  {-0.0, 0, "0"},
        {12.5, -3, "12"},       {0.5, 100, "0.50000000000000000000"},
        {NAN, 2, "null"},       {INFINITY, 2, "null"},
        {-INFINITY, 0, "null"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hc_buf_clear(&out);
        hc_json_begin(&j, &out);
        hc_json_fixed(&j, rows[i].n, rows[i].decimals);
        assert_string_equal(out.data, rows[i].text);
    }
    hc_buf_clear(&out);
    hc_json_begin(&j, &out);
    hc_json_fixed(&j, -1.7976931348623157e308, 20);
    assert_int_equal(out.len, 1 + 309 + 1 + 20);
}

static void a_full_buffer_is_seen_at_the_end(void **state)
{
    (void)state;
    struct hc_buf small;
    struct hc_json w;
    hc_buf_init(&small, 20);
    hc_json_begin(&w, &small);
    hc_json_open(&w, '[');
    for (int i = 0; i < 100; i++)
        hc_json_str(&w, "text");
    hc_json_close(&w, ']');
    assert_true(hc_buf_failed(&small));
    assert_true(small.len <= 20);
    hc_buf_release(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_follows_the_standard),
        cmocka_unit_test(every_code_point_is_known),
        cmocka_unit_test_setup_teardown(commas_come_by_themselves, begin, end),
        cmocka_unit_test_setup_teardown(texts_are_escaped, begin, end),
        cmocka_unit_test_setup_teardown(no_byte_slips_through_the_fast_path, begin, end),
        cmocka_unit_test_setup_teardown(any_bytes_give_valid_json, begin, end),
        cmocka_unit_test_setup_teardown(fixed_numbers, begin, end),
        cmocka_unit_test_setup_teardown(a_full_buffer_is_seen_at_the_end, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
