/* test_json.c - the strict reader: what it takes, what it refuses and with which words. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"

#define LITERAL(text) (text), sizeof(text) - 1

struct text {
    const char *bytes;
    size_t len;
};

static const struct text good[] = {
    {LITERAL("{}")},
    {LITERAL("[]")},
    {LITERAL("null")},
    {LITERAL("true")},
    {LITERAL("false")},
    {LITERAL("0")},
    {LITERAL("5")},
    {LITERAL("-5")},
    {LITERAL(" \t\r\n 12 \t\r\n ")},
    {LITERAL("\"\"")},
    {LITERAL("\"text\"")},
    {LITERAL("9223372036854775807")},
    {LITERAL("-9223372036854775808")},
    {LITERAL("1.5")},
    {LITERAL("0.0")},
    {LITERAL("-0.5")},
    {LITERAL("1e5")},
    {LITERAL("1E+5")},
    {LITERAL("1.25e-5")},
    {LITERAL("0e0")},
    {LITERAL("1.7976931348623157e308")},
    {LITERAL("5e-324")},
    {LITERAL("12345678901234567890.0")},
    {LITERAL("[1,\"2\",{\"three\":[4]},true,null]")},
    {LITERAL("{\"a\":1,\"b\":{\"a\":1,\"b\":2},\"c\":[{\"a\":1},{\"a\":1}]}")},
    {LITERAL("{\"\":1}")},
    {LITERAL("{\"\\n\":1,\"n\":2,\"\\b\":3,\"b\":4}")},
    {LITERAL("{\"a\":1,\"A\":2,\"aa\":3,\"\":4}")},
    {LITERAL("{\"__proto__\":1,\"$set\":2,\"a.b\":3}")},
    {LITERAL("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\"")},
    {LITERAL("\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\"")},
    {LITERAL("\"\xEF\xBB\xBF is fine within a text\"")},
    {LITERAL("\"\\uFFFF\\uD7FF\\uE000\"")},
    {LITERAL("\"/* no comment */ // none\"")},
};

static void what_is_json_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        /* a copy of just that length: reading past it is seen */
        char *copy = malloc(good[i].len);
        assert_non_null(copy);
        memcpy(copy, good[i].bytes, good[i].len);
        struct hc_error err = {0};
        struct json_object *tree = NULL;
        if (hc_json_check(copy, good[i].len, &HC_JSON_LIMITS, &err) != HC_OK)
            fail_msg("%s: %s", good[i].bytes, err.detail);
        assert_int_equal(hc_json_parse(copy, good[i].len, &HC_JSON_LIMITS, &tree, &err), HC_OK);
        assert_int_equal(tree == NULL, strcmp(good[i].bytes, "null") == 0);
        assert_int_equal(err.code, HC_OK);
        json_object_put(tree);
        free(copy);
    }
}

static const struct {
    const char *bytes;
    size_t len;
    const char *detail;
} bad[] = {
    /* the text as a whole */
    {LITERAL(""), "the JSON text ends too early, after byte 0"},
    {LITERAL("  "), "the JSON text ends too early, after byte 2"},
    {LITERAL("{} x"), "something behind the JSON value at byte 4"},
    {LITERAL("{}{}"), "something behind the JSON value at byte 3"},
    {LITERAL("1 2"), "something behind the JSON value at byte 3"},
    {LITERAL("[]]"), "something behind the JSON value at byte 3"},
    {LITERAL("{}\0"), "something behind the JSON value at byte 3"},
    {LITERAL("\0"), "unexpected character at byte 1"},
    {LITERAL("\xEF\xBB\xBF{}"), "unexpected character at byte 1"},
    {LITERAL("\xC2\xA0{}"), "unexpected character at byte 1"},
    {LITERAL("\f{}"), "unexpected character at byte 1"},
    /* comments and what else some readers take */
    {LITERAL("/* a */{}"), "unexpected character at byte 1"},
    {LITERAL("{}//"), "something behind the JSON value at byte 3"},
    {LITERAL("{/**/}"), "unexpected character at byte 2"},
    {LITERAL("NaN"), "unexpected character at byte 1"},
    {LITERAL("Infinity"), "unexpected character at byte 1"},
    {LITERAL("-Infinity"), "unexpected character at byte 2"},
    {LITERAL("True"), "unexpected character at byte 1"},
    {LITERAL("nul"), "unexpected character at byte 1"},
    {LITERAL("nulls"), "something behind the JSON value at byte 5"},
    {LITERAL("undefined"), "unexpected character at byte 1"},
    {LITERAL("'a'"), "unexpected character at byte 1"},
    {LITERAL("{'a':1}"), "unexpected character at byte 2"},
    {LITERAL("{a:1}"), "unexpected character at byte 2"},
    /* arrays and objects */
    {LITERAL("["), "the JSON text ends too early, after byte 1"},
    {LITERAL("[1"), "the JSON text ends too early, after byte 2"},
    {LITERAL("[1,"), "the JSON text ends too early, after byte 3"},
    {LITERAL("[1,]"), "unexpected character at byte 4"},
    {LITERAL("[,1]"), "unexpected character at byte 2"},
    {LITERAL("[1 2]"), "unexpected character at byte 4"},
    {LITERAL("[1}"), "unexpected character at byte 3"},
    {LITERAL("{]"), "unexpected character at byte 2"},
    {LITERAL("{\"a\"}"), "unexpected character at byte 5"},
    {LITERAL("{\"a\":}"), "unexpected character at byte 6"},
    {LITERAL("{\"a\":1,}"), "unexpected character at byte 8"},
    {LITERAL("{\"a\":1 \"b\":2}"), "unexpected character at byte 8"},
    {LITERAL("{\"a\",1}"), "unexpected character at byte 5"},
    {LITERAL("{1:1}"), "unexpected character at byte 2"},
    {LITERAL("{\"a\":1"), "the JSON text ends too early, after byte 6"},
    {LITERAL("{\"a\""), "the JSON text ends too early, after byte 4"},
    {LITERAL("]"), "unexpected character at byte 1"},
    {LITERAL(":"), "unexpected character at byte 1"},
    /* numbers */
    {LITERAL("-0"), "a number out of range at byte 1"},
    {LITERAL("[-0]"), "a number out of range at byte 2"},
    {LITERAL("-0.0"), "a number out of range at byte 1"},
    {LITERAL("-0e5"), "a number out of range at byte 1"},
    {LITERAL("9223372036854775808"), "a number out of range at byte 1"},
    {LITERAL("-9223372036854775809"), "a number out of range at byte 1"},
    {LITERAL("99999999999999999999999999"), "a number out of range at byte 1"},
    {LITERAL("1e400"), "a number out of range at byte 1"},
    {LITERAL("-1e400"), "a number out of range at byte 1"},
    {LITERAL("1e-400"), "a number out of range at byte 1"},
    {LITERAL("1e99999999999999999999"), "a number out of range at byte 1"},
    {LITERAL("01"), "a number with a leading zero at byte 1"},
    {LITERAL("-01"), "a number with a leading zero at byte 2"},
    {LITERAL("00"), "a number with a leading zero at byte 1"},
    {LITERAL("+1"), "unexpected character at byte 1"},
    {LITERAL(".5"), "unexpected character at byte 1"},
    {LITERAL("1."), "the JSON text ends too early, after byte 2"},
    {LITERAL("1.]"), "unexpected character at byte 3"},
    {LITERAL("1.e5"), "unexpected character at byte 3"},
    {LITERAL("1e"), "the JSON text ends too early, after byte 2"},
    {LITERAL("1e+"), "the JSON text ends too early, after byte 3"},
    {LITERAL("1e5.5"), "something behind the JSON value at byte 4"},
    {LITERAL("-"), "the JSON text ends too early, after byte 1"},
    {LITERAL("--1"), "unexpected character at byte 2"},
    {LITERAL("0x10"), "something behind the JSON value at byte 2"},
    {LITERAL("1_000"), "something behind the JSON value at byte 2"},
    /* strings */
    {LITERAL("\""), "the JSON text ends too early, after byte 1"},
    {LITERAL("\"a"), "the JSON text ends too early, after byte 2"},
    {LITERAL("\"a\\"), "the JSON text ends too early, after byte 3"},
    {LITERAL("\"\\\""), "the JSON text ends too early, after byte 3"},
    {LITERAL("\"\\x41\""), "an unknown escape at byte 2"},
    {LITERAL("\"\\'\""), "an unknown escape at byte 2"},
    {LITERAL("\"\\\0\""), "an unknown escape at byte 2"},
    {LITERAL("\"\\U0041\""), "an unknown escape at byte 2"},
    {LITERAL("\"a\nb\""), "a raw control character at byte 3"},
    {LITERAL("\"a\tb\""), "a raw control character at byte 3"},
    {LITERAL("\"a\0b\""), "a raw control character at byte 3"},
    {LITERAL("\"\x1F\""), "a raw control character at byte 2"},
    {LITERAL("\"\\u12\""), "a \\u without four hex digits at byte 2"},
    {LITERAL("\"\\u12G4\""), "a \\u without four hex digits at byte 2"},
    {LITERAL("\"\\u 123\""), "a \\u without four hex digits at byte 2"},
    {LITERAL("\"\\u12"), "a \\u without four hex digits at byte 2"},
    {LITERAL("\"\\u"), "a \\u without four hex digits at byte 2"},
    {LITERAL("\"a\\u0000b\""), "the character \\u0000 is not accepted at byte 3"},
    {LITERAL("{\"email\\u0000x\":1}"), "the character \\u0000 is not accepted at byte 8"},
    {LITERAL("\"\\uD83D\""), "half of a surrogate pair at byte 2"},
    {LITERAL("\"\\uDE00\""), "half of a surrogate pair at byte 2"},
    {LITERAL("\"\\uD83D\\uD83D\""), "half of a surrogate pair at byte 2"},
    {LITERAL("\"\\uD83D\\u0041\""), "half of a surrogate pair at byte 2"},
    {LITERAL("\"\\uD83Dx\\uDE00\""), "half of a surrogate pair at byte 2"},
    {LITERAL("\"\\uD83D\\n1234\""), "half of a surrogate pair at byte 2"},
    {LITERAL("\"\\uD83D\\uDE"), "half of a surrogate pair at byte 2"},
    {LITERAL("\"\xFF\""), "invalid UTF-8 at byte 2"},
    {LITERAL("\"\x80\""), "invalid UTF-8 at byte 2"},
    {LITERAL("\"\xC3\""), "invalid UTF-8 at byte 2"},
    {LITERAL("\"ab\xC0\xAF\""), "invalid UTF-8 at byte 4"},
    {LITERAL("\"\xE0\x80\x80\""), "invalid UTF-8 at byte 2"},
    {LITERAL("\"\xED\xA0\x80\""), "invalid UTF-8 at byte 2"},
    {LITERAL("\"\xF4\x90\x80\x80\""), "invalid UTF-8 at byte 2"},
    {LITERAL("{\"\xFF\":1}"), "invalid UTF-8 at byte 3"},
    /* keys */
    {LITERAL("{\"email\":1,\"email\":2}"), "the key \"email\" appears twice, again at byte 12"},
    {LITERAL("{\"a\":1,\"\\u0061\":2}"), "the key \"a\" appears twice, again at byte 8"},
    {LITERAL("{\"\\u00e9\":1,\"\xC3\xA9\":2}"), "the key \"\xC3\xA9\" appears twice, again at byte 13"},
    {LITERAL("{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}"),
     "the key \"\xF0\x9F\x98\x80\" appears twice, again at byte 19"},
    {LITERAL("{\"\":1,\"\":2}"), "the key \"\" appears twice, again at byte 7"},
    {LITERAL("{\"\\n\":1,\"\\u000A\":2}"), "the key \"\n\" appears twice, again at byte 9"},
    {LITERAL("{\"\\b\\f\\r\\t\\\"\\\\\":1,\"\\u0008\\u000c\\u000d\\u0009\\u0022\\u005c\":2}"),
     "the key \"\b\f\r\t\"\\\" appears twice, again at byte 19"},
    {LITERAL("{\"/\":1,\"b\":2,\"\\/\":3}"), "the key \"/\" appears twice, again at byte 14"},
    {LITERAL("[{\"x\":{\"a\":1,\"b\":2,\"a\":3}}]"), "the key \"a\" appears twice, again at byte 20"},
    {LITERAL("{\"a\":{\"b\":1},\"c\":[{\"b\":1}],\"a\":2}"), "the key \"a\" appears twice, again at byte 28"},
};

static void what_is_not_json_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *copy = malloc(bad[i].len + 1);
        assert_non_null(copy);
        memcpy(copy, bad[i].bytes, bad[i].len);
        copy = realloc(copy, bad[i].len ? bad[i].len : 1);
        assert_non_null(copy);
        struct hc_error err = {0};
        struct json_object *tree = (struct json_object *)&err;
        enum hc_err rc = hc_json_parse(copy, bad[i].len, &HC_JSON_LIMITS, &tree, &err);
        if (rc != HC_EMALFORMED || strcmp(err.detail, bad[i].detail) != 0)
            fail_msg("%s: got '%s', not '%s'", bad[i].bytes, err.detail, bad[i].detail);
        assert_null(tree);
        assert_int_equal(err.code, HC_EMALFORMED);
        assert_string_equal(err.field, "");
        assert_int_equal(hc_json_check(copy, bad[i].len, &HC_JSON_LIMITS, NULL), HC_EMALFORMED);
        free(copy);
    }
}

/* Each good text cut anywhere: refused, or itself good ("12" of "123"), never a fault. */
static void a_text_may_end_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        for (size_t len = 0; len < good[i].len; len++) {
            char *copy = malloc(len + 1);
            assert_non_null(copy);
            memcpy(copy, good[i].bytes, len);
            copy = realloc(copy, len ? len : 1);
            struct json_object *tree;
            enum hc_err rc = hc_json_parse(copy, len, &HC_JSON_LIMITS, &tree, NULL);
            assert_true(rc == HC_OK || rc == HC_EMALFORMED);
            if (strchr("{[\"", good[i].bytes[0]))
                assert_int_equal(rc, HC_EMALFORMED);
            json_object_put(tree);
            free(copy);
        }
    }
}

static void a_tree_has_what_the_text_says(void **state)
{
    (void)state;
    const char text[] = "{\"name\":\"Zo\\u00eb \\ud83d\\ude00\",\"n\":9223372036854775807,\"d\":1.5,"
                        "\"list\":[true,null,\"x\"],\"deep\":{\"k\":-1}}";
    struct json_object *tree;
    assert_int_equal(hc_json_parse(text, sizeof text - 1, &HC_JSON_LIMITS, &tree, NULL), HC_OK);
    assert_string_equal(json_object_get_string(json_object_object_get(tree, "name")),
                        "Zo\xC3\xAB \xF0\x9F\x98\x80");
    assert_true(json_object_get_int64(json_object_object_get(tree, "n")) == INT64_MAX);
    assert_true(json_object_get_double(json_object_object_get(tree, "d")) == 1.5);
    struct json_object *list = json_object_object_get(tree, "list");
    assert_int_equal(json_object_array_length(list), 3);
    assert_true(json_object_get_boolean(json_object_array_get_idx(list, 0)));
    assert_null(json_object_array_get_idx(list, 1));
    struct json_object *deep = json_object_object_get(tree, "deep");
    assert_int_equal(json_object_get_int(json_object_object_get(deep, "k")), -1);
    json_object_put(tree);
}

/* depth times open, a value within, depth times close. */
static char *nested(unsigned depth, const char *open, const char *within, const char *close)
{
    struct hc_buf b;
    hc_buf_init(&b, 1 << 20);
    for (unsigned i = 0; i < depth; i++)
        hc_buf_str(&b, open);
    hc_buf_str(&b, within);
    for (unsigned i = 0; i < depth; i++)
        hc_buf_str(&b, close);
    char *text = hc_buf_detach(&b, NULL);
    assert_non_null(text);
    return text;
}

static void depth_has_a_limit(void **state)
{
    (void)state;
    static const struct {
        unsigned limit, depth;
        bool ok;
    } rows[] = {{1, 1, true},   {1, 2, false},    {5, 5, true},      {5, 6, false},
                {32, 31, true}, {32, 32, true},   {32, 33, false},   {0, 0, true},
                {0, 1, false},  {1000, 32, true}, {1000, 33, false}, {32, 10000, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int object = 0; object < 2; object++) {
            struct hc_json_limits limits = {65536, rows[i].limit, 1000};
            char *text =
                object ? nested(rows[i].depth, "{\"a\":", "1", "}") : nested(rows[i].depth, "[", "1", "]");
            struct hc_error err = {0};
            struct json_object *tree;
            enum hc_err rc = hc_json_parse(text, strlen(text), &limits, &tree, &err);
            bool too_long = strlen(text) > 65536;
            assert_int_equal(rc, rows[i].ok ? HC_OK : too_long ? HC_ETOOLARGE : HC_EMALFORMED);
            assert_true(rows[i].ok || too_long || strstr(err.detail, "levels of nesting at byte"));
            json_object_put(tree);
            free(text);
        }
    }
}

static void length_has_a_limit(void **state)
{
    (void)state;
    struct hc_json_limits limits = {10, 5, 5};
    struct hc_error err = {0};
    assert_int_equal(hc_json_check("[12345678]", 10, &limits, &err), HC_OK);
    assert_int_equal(hc_json_check("[123456789]", 11, &limits, &err), HC_ETOOLARGE);
    assert_string_equal(err.detail, "the JSON text is longer than 10 bytes");
    assert_int_equal(hc_json_check("[1]        ", 11, &limits, &err), HC_ETOOLARGE);
    assert_int_equal(HC_JSON_LIMITS.bytes, 65536);
    assert_int_equal(HC_JSON_LIMITS.depth, 32);
    assert_int_equal(HC_JSON_LIMITS.members, 1000);
}

/* n keys or items; the last key is "k<last>". */
static char *wide(unsigned n, bool object, unsigned last)
{
    struct hc_buf b;
    hc_buf_init(&b, 1 << 24);
    hc_buf_char(&b, object ? '{' : '[');
    for (unsigned i = 0; i < n; i++) {
        if (i)
            hc_buf_char(&b, ',');
        if (object)
            hc_buf_printf(&b, "\"k%u\":", i + 1 == n ? last : i);
        hc_buf_char(&b, '1');
    }
    hc_buf_char(&b, object ? '}' : ']');
    char *text = hc_buf_detach(&b, NULL);
    assert_non_null(text);
    return text;
}

static void members_have_a_limit(void **state)
{
    (void)state;
    for (int object = 0; object < 2; object++) {
        for (unsigned n = 999; n <= 1001; n++) {
            char *text = wide(n, object, n - 1);
            struct hc_error err = {0};
            assert_int_equal(hc_json_check(text, strlen(text), &HC_JSON_LIMITS, &err),
                             n <= 1000 ? HC_OK : HC_ETOOLARGE);
            if (n > 1000)
                assert_non_null(strstr(err.detail, object ? "more than 1000 keys in an object at byte"
                                                          : "more than 1000 items in an array at byte"));
            free(text);
        }
    }
    /* the limit is each object's own */
    const char two[] = "[{\"a\":1,\"b\":2},{\"a\":1,\"b\":2}]";
    struct hc_json_limits limits = {1000, 5, 2};
    assert_int_equal(hc_json_check(two, sizeof two - 1, &limits, NULL), HC_OK);
    limits.members = 1;
    assert_int_equal(hc_json_check(two, sizeof two - 1, &limits, NULL), HC_ETOOLARGE);
}

/* A key that comes again is found wherever it stands, also among very many. */
static void a_doubled_key_is_found_among_many(void **state)
{
    (void)state;
    struct hc_json_limits limits = {1 << 24, 5, 200000};
    int64_t start = hc_mono_ms();
    char *text = wide(100000, true, 99999);
    assert_int_equal(hc_json_check(text, strlen(text), &limits, NULL), HC_OK);
    free(text);
    for (unsigned again = 0; again < 99999; again += 33333) {
        struct hc_error err = {0};
        text = wide(100000, true, again);
        assert_int_equal(hc_json_check(text, strlen(text), &limits, &err), HC_EMALFORMED);
        assert_non_null(strstr(err.detail, "appears twice"));
        free(text);
    }
    assert_true(hc_mono_ms() - start < 10000); /* not quadratic */
}

/* A key too long for the sentence is cut at a character. */
static void a_long_doubled_key_is_cut(void **state)
{
    (void)state;
    struct hc_buf b;
    hc_buf_init(&b, 10000);
    for (int twice = 0; twice < 2; twice++) {
        hc_buf_str(&b, twice ? ",\"x" : "{\"x");
        for (int i = 0; i < 500; i++)
            hc_buf_str(&b, "\xC3\xA9");
        hc_buf_str(&b, "\":1");
    }
    hc_buf_char(&b, '}');
    struct hc_error err;
    assert_int_equal(hc_json_check(b.data, b.len, &HC_JSON_LIMITS, &err), HC_EMALFORMED);
    assert_int_equal(hc_utf8_valid(err.detail, strlen(err.detail)), strlen(err.detail));
    assert_non_null(strstr(err.detail, "appears twice, again at byte 1008"));
    hc_buf_release(&b);
}

static void a_number_may_not_be_endless(void **state)
{
    (void)state;
    size_t len = 60000;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, '1', len);
    struct hc_error err;
    assert_int_equal(hc_json_check(text, len, &HC_JSON_LIMITS, &err), HC_EMALFORMED);
    assert_string_equal(err.detail, "a number with too many digits at byte 1");
    text[1] = '.';
    assert_int_equal(hc_json_check(text, 128, &HC_JSON_LIMITS, NULL), HC_OK);
    assert_int_equal(hc_json_check(text, 129, &HC_JSON_LIMITS, NULL), HC_EMALFORMED);
    free(text);
}

/* Random edits of good texts: whatever the scan takes, json-c reads, and what
 * the writer makes of a text is taken. */
static void mutations_never_surprise(void **state)
{
    (void)state;
    static const char bytes[] = "{}[]\",:\\u0123456789abcdef.eE+-tn \n\xC3\xA9\xFF";
    srand(20261123);
    for (int round = 0; round < 60000; round++) {
        const struct text *from = &good[(size_t)rand() % (sizeof good / sizeof good[0])];
        char text[128];
        size_t len = from->len;
        memcpy(text, from->bytes, len);
        for (int edits = 1 + rand() % 3; edits > 0 && len > 0; edits--) {
            size_t at = (size_t)rand() % len;
            if (rand() % 3 == 0)
                memmove(text + at, text + at + 1, --len - at);
            else
                text[at] = bytes[(size_t)rand() % (sizeof bytes - 1)];
        }
        struct json_object *tree = NULL;
        struct hc_error err = {0};
        bool taken = hc_json_check(text, len, &HC_JSON_LIMITS, NULL) == HC_OK;
        enum hc_err rc = hc_json_parse(text, len, &HC_JSON_LIMITS, &tree, &err);
        if ((rc == HC_OK) != taken)
            fail_msg("the scan takes %.*s, json-c does not", (int)len, text);
        json_object_put(tree);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_json_is_taken),     cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(a_text_may_end_anywhere),   cmocka_unit_test(a_tree_has_what_the_text_says),
        cmocka_unit_test(depth_has_a_limit),         cmocka_unit_test(length_has_a_limit),
        cmocka_unit_test(members_have_a_limit),      cmocka_unit_test(a_doubled_key_is_found_among_many),
        cmocka_unit_test(a_long_doubled_key_is_cut), cmocka_unit_test(a_number_may_not_be_endless),
        cmocka_unit_test(mutations_never_surprise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
