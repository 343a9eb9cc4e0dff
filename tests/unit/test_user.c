/* test_user.c - users as BSON and as JSON, whatever lies in the database. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user.h"

/* The document as hc_user_json (or hc_bson_json) writes it, checked to be valid
 * JSON as deep as it goes. For the caller to free. */
static char *written(const bson_t *doc, void (*write)(struct hc_json *, const bson_t *))
{
    struct hc_buf b;
    struct hc_json j;
    hc_buf_init(&b, 1 << 20);
    hc_json_begin(&j, &b);
    write(&j, doc);
    assert_false(hc_buf_failed(&b));
    return hc_buf_detach(&b, NULL);
}

static void check_json(const bson_t *doc, const char *want)
{
    char *text = written(doc, hc_user_json);
    assert_string_equal(text, want);
    free(text);
}

static void check_active(const bson_t *doc, int64_t last_ms, const char *want)
{
    struct hc_buf b;
    struct hc_json j;
    hc_buf_init(&b, 1 << 20);
    hc_json_begin(&j, &b);
    hc_user_json_active(&j, doc, last_ms);
    assert_string_equal(b.data, want);
    hc_buf_release(&b);
}

static void last_active_is_the_later_of_both(void **state)
{
    (void)state;
    bson_t *doc = BCON_NEW("a", BCON_INT32(1), "lastActive", BCON_DATE_TIME(1795440000123), "z", "{",
                           "lastActive", BCON_DATE_TIME(0), "}", "_hc", "{", "}");
    const char *stored = "{\"a\":1,\"lastActive\":\"2026-11-23T13:20:00.123Z\","
                         "\"z\":{\"lastActive\":\"1970-01-01T00:00:00.000Z\"}}";
    check_active(doc, 0, stored);
    check_active(doc, -5, stored);
    check_active(doc, 1795440000122, stored);
    check_active(doc, 1795440000124,
                 "{\"a\":1,\"lastActive\":\"2026-11-23T13:20:00.124Z\","
                 "\"z\":{\"lastActive\":\"1970-01-01T00:00:00.000Z\"}}");
    bson_destroy(doc);
    doc = BCON_NEW("lastActive", BCON_UTF8("yesterday"), "a", BCON_INT32(1));
    check_active(doc, 0, "{\"lastActive\":\"yesterday\",\"a\":1}");
    check_active(doc, 1795440000123, "{\"lastActive\":\"2026-11-23T13:20:00.123Z\",\"a\":1}");
    bson_destroy(doc);
    doc = BCON_NEW("a", BCON_INT32(1));
    check_active(doc, 0, "{\"a\":1}");
    check_active(doc, 1795440000123, "{\"a\":1,\"lastActive\":\"2026-11-23T13:20:00.123Z\"}");
    bson_destroy(doc);
    check_active(NULL, 0, "{}");
}

/* ---- a generated user ---- */

static void a_person_becomes_a_document(void **state)
{
    (void)state;
    const struct hc_people job = {
        .seed = 7, .second = 0x65A0B1C2, .hash = 0x01020304, .time_us = 1795440000123456};
    struct hc_person person;
    hc_person_make(&job, 5, &person);
    bson_t doc;
    bson_init(&doc);
    hc_user_from_person(&doc, &person);

    static const struct {
        const char *key;
        bson_type_t type;
    } fields[] = {
        {"_id", BSON_TYPE_OID},
        {"email", BSON_TYPE_UTF8},
        {"name", BSON_TYPE_UTF8},
        {"phoneNumber", BSON_TYPE_UTF8},
        {"country", BSON_TYPE_UTF8},
        {"gender", BSON_TYPE_UTF8},
        {"avatar", BSON_TYPE_UTF8},
        {"userName", BSON_TYPE_UTF8},
        {"lastActive", BSON_TYPE_DATE_TIME},
        {"createdAt", BSON_TYPE_DATE_TIME},
        {"updatedAt", BSON_TYPE_DATE_TIME},
        {"_hc", BSON_TYPE_DOCUMENT},
    };
    bson_iter_t iter;
    assert_true(bson_iter_init(&iter, &doc));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        assert_true(bson_iter_next(&iter));
        assert_string_equal(bson_iter_key(&iter), fields[i].key);
        assert_int_equal(bson_iter_type(&iter), fields[i].type);
    }
    assert_false(bson_iter_next(&iter));
    assert_true(bson_validate(&doc, BSON_VALIDATE_UTF8, NULL));
    bson_destroy(&doc);
}

static const char *text_at(const bson_t *doc, const char *path)
{
    bson_iter_t iter;
    bson_iter_t found;
    assert_true(bson_iter_init(&iter, doc));
    assert_true(bson_iter_find_descendant(&iter, path, &found));
    return bson_iter_utf8(&found, NULL);
}

static int64_t number_at(const bson_t *doc, const char *path, bson_type_t type)
{
    bson_iter_t iter;
    bson_iter_t found;
    assert_true(bson_iter_init(&iter, doc));
    assert_true(bson_iter_find_descendant(&iter, path, &found));
    assert_int_equal(bson_iter_type(&found), type);
    return type == BSON_TYPE_DATE_TIME ? bson_iter_date_time(&found) : bson_iter_int64(&found);
}

static void a_document_says_what_the_person_says(void **state)
{
    (void)state;
    const struct hc_people job = {.seed = 3, .second = 0x65A0B1C2, .hash = 9, .time_us = 1795440000123456};
    for (uint32_t i = 0; i < 2000; i++) {
        struct hc_person person;
        hc_person_make(&job, i, &person);
        bson_t doc;
        bson_init(&doc);
        hc_user_from_person(&doc, &person);
        bson_iter_t id;
        assert_true(bson_iter_init_find(&id, &doc, "_id"));
        assert_memory_equal(bson_iter_oid(&id)->bytes, person.id, 12);
        assert_string_equal(text_at(&doc, "email"), person.email);
        assert_string_equal(text_at(&doc, "name"), person.name);
        assert_string_equal(text_at(&doc, "phoneNumber"), person.phone);
        assert_string_equal(text_at(&doc, "userName"), person.user_name);
        assert_string_equal(text_at(&doc, "avatar"), "https://i.pravatar.cc/150");
        assert_string_equal(text_at(&doc, "country"), hc_country_at(person.country)->name);
        assert_string_equal(text_at(&doc, "gender"), hc_gender_name(person.gender));
        assert_string_equal(text_at(&doc, "_hc.k.g"), hc_gender_name(person.gender));
        assert_string_equal(text_at(&doc, "_hc.k.c"), hc_country_at(person.country)->code);
        assert_int_equal(number_at(&doc, "_hc.k.v", BSON_TYPE_INT64), 0);
        assert_true(number_at(&doc, "lastActive", BSON_TYPE_DATE_TIME) == person.created_ms);
        assert_true(number_at(&doc, "createdAt", BSON_TYPE_DATE_TIME) == person.created_ms);
        assert_true(number_at(&doc, "updatedAt", BSON_TYPE_DATE_TIME) == person.created_ms);
        bson_destroy(&doc);
    }
}

static void an_odd_person_is_still_a_document(void **state)
{
    (void)state;
    struct hc_person person = {.country = -5, .gender = 77};
    bson_t doc;
    bson_init(&doc);
    hc_user_from_person(&doc, &person);
    assert_string_equal(text_at(&doc, "_hc.k.g"), "other");
    assert_string_equal(text_at(&doc, "_hc.k.c"), "ZZ");
    assert_string_equal(text_at(&doc, "name"), "");
    bson_destroy(&doc);
}

/* ---- as JSON ---- */

static void a_user_is_written_without_bookkeeping(void **state)
{
    (void)state;
    bson_t *doc = BCON_NEW("email", BCON_UTF8("a@b.example"), "_hc", "{", "k", "{", "v", BCON_INT64(1), "}",
                           "due", BCON_INT32(1), "}", "lastActive", BCON_DATE_TIME(1795440000123), "extra",
                           "{", "_hc", BCON_INT32(5), "}", "_hcx", BCON_INT32(6), "_h", BCON_INT32(7));
    bson_oid_t id;
    bson_oid_init_from_string(&id, "00112233445566778899aAbB");
    bson_append_oid(doc, "_id", 3, &id);
    check_json(doc, "{\"email\":\"a@b.example\",\"lastActive\":\"2026-11-23T13:20:00.123Z\","
                    "\"extra\":{\"_hc\":5},\"_hcx\":6,\"_h\":7,\"_id\":\"00112233445566778899aabb\"}");
    char *text = written(doc, hc_bson_json);
    assert_non_null(strstr(text, "\"_hc\":{\"k\":{\"v\":1},\"due\":1}"));
    free(text);
    bson_destroy(doc);

    doc = BCON_NEW("_hc", BCON_UTF8("not even a document"));
    check_json(doc, "{}");
    bson_destroy(doc);
}

static void every_type_has_its_form_or_none(void **state)
{
    (void)state;
    bson_oid_t id;
    bson_decimal128_t decimal;
    bson_t empty = BSON_INITIALIZER;
    bson_oid_init_from_string(&id, "0102030405060708090a0b0c");
    bson_decimal128_from_string("12345678901234567890.123456789", &decimal);
    bson_t doc;
    bson_init(&doc);
    for (int array = 0; array < 2; array++) {
        bson_t list;
        bson_t *to = &doc;
        if (array) {
            bson_append_array_begin(&doc, "list", -1, &list);
            to = &list;
        }
        BSON_APPEND_DOUBLE(to, "double", 1.5);
        BSON_APPEND_DOUBLE(to, "nan", NAN);
        BSON_APPEND_UTF8(to, "text", "t");
        BSON_APPEND_BINARY(to, "binary", BSON_SUBTYPE_BINARY, (const uint8_t *)"x", 1);
        BSON_APPEND_UNDEFINED(to, "undefined");
        BSON_APPEND_OID(to, "oid", &id);
        BSON_APPEND_BOOL(to, "bool", true);
        BSON_APPEND_DATE_TIME(to, "date", -1);
        BSON_APPEND_NULL(to, "null");
        BSON_APPEND_REGEX(to, "regex", "a.*", "i");
        BSON_APPEND_DBPOINTER(to, "pointer", "c", &id);
        BSON_APPEND_CODE(to, "code", "f()");
        BSON_APPEND_SYMBOL(to, "symbol", "s");
        BSON_APPEND_CODE_WITH_SCOPE(to, "scope", "g()", &empty);
        BSON_APPEND_INT32(to, "int32", INT32_MIN);
        BSON_APPEND_TIMESTAMP(to, "stamp", 1, 2);
        BSON_APPEND_INT64(to, "int64", INT64_MAX);
        BSON_APPEND_DECIMAL128(to, "decimal", &decimal);
        BSON_APPEND_MAXKEY(to, "max");
        BSON_APPEND_MINKEY(to, "min");
        BSON_APPEND_DOCUMENT(to, "doc", &empty);
        if (array)
            bson_append_array_end(&doc, &list);
    }
    check_json(&doc,
               "{\"double\":1.5,\"text\":\"t\",\"oid\":\"0102030405060708090a0b0c\",\"bool\":true,"
               "\"date\":\"1969-12-31T23:59:59.999Z\",\"null\":null,\"symbol\":\"s\",\"int32\":-2147483648,"
               "\"int64\":9223372036854775807,\"decimal\":\"12345678901234567890.123456789\",\"doc\":{},"
               "\"list\":[1.5,null,\"t\",null,null,\"0102030405060708090a0b0c\",true,"
               "\"1969-12-31T23:59:59.999Z\",null,null,null,null,\"s\",null,-2147483648,null,"
               "9223372036854775807,\"12345678901234567890.123456789\",null,null,{}]}");
    bson_destroy(&doc);
    bson_destroy(&empty);
}

static void doubles_are_as_short_as_they_can_be(void **state)
{
    (void)state;
    static const struct {
        double n;
        const char *text;
    } rows[] = {
        {0.0, "0"},
        {-0.0, "0"},
        {5.0, "5"},
        {-2.5, "-2.5"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {1e15, "1e+15"},
        {123456789012345.0, "123456789012345"},
        {1e300, "1e+300"},
        {5e-324, "4.94065645841247e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {9007199254740993.0, "9007199254740992"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bson_t *doc = BCON_NEW("d", BCON_DOUBLE(rows[i].n));
        char want[64] = "{\"d\":";
        strcat(strcat(want, rows[i].text), "}");
        check_json(doc, want);
        bson_destroy(doc);
    }
    const double odd[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        bson_t *doc = BCON_NEW("d", BCON_DOUBLE(odd[i]), "e", BCON_INT32(1));
        check_json(doc, "{\"e\":1}");
        bson_destroy(doc);
    }
}

/* What is written of any finite double reads back as the same double, also by
 * our own strict reader. */
static void doubles_come_back_the_same(void **state)
{
    (void)state;
    srand(42);
    for (int round = 0; round < 20000; round++) {
        uint64_t bits = 0;
        double n;
        for (int i = 0; i < 5; i++)
            bits = bits << 15 ^ (uint64_t)rand();
        memcpy(&n, &bits, sizeof n);
        if (!isfinite(n))
            continue;
        bson_t *doc = BCON_NEW("d", BCON_DOUBLE(n));
        char *text = written(doc, hc_user_json);
        struct json_object *tree;
        assert_int_equal(hc_json_parse(text, strlen(text), &HC_JSON_LIMITS, &tree, NULL), HC_OK);
        assert_true(json_object_get_double(json_object_object_get(tree, "d")) == n);
        json_object_put(tree);
        free(text);
        bson_destroy(doc);
    }
}

static void odd_texts_become_valid_json(void **state)
{
    (void)state;
    bson_t doc;
    bson_init(&doc);
    bson_append_utf8(&doc, "nul", -1, "a\0b", 3);
    bson_append_utf8(&doc, "bad", -1, "a\xFF\xC3", 3);
    bson_append_utf8(&doc, "k\"\xFF", -1, "\"\\\n", 3);
    bson_append_utf8(&doc, "", 0, "", 0);
    bson_append_symbol(&doc, "s", -1, "x\0y", 3);
    check_json(
        &doc,
        "{\"nul\":\"a\\u0000b\",\"bad\":\"a\xEF\xBF\xBD\xEF\xBF\xBD\",\"k\\\"\xEF\xBF\xBD\":\"\\\"\\\\\\n\","
        "\"\":\"\",\"s\":\"x\\u0000y\"}");
    bson_destroy(&doc);
}

static void dates_out_of_range_are_clamped(void **state)
{
    (void)state;
    bson_t *doc = BCON_NEW("a", BCON_DATE_TIME(INT64_MAX), "b", BCON_DATE_TIME(INT64_MIN));
    check_json(doc, "{\"a\":\"9999-12-31T23:59:59.999Z\",\"b\":\"0001-01-01T00:00:00.000Z\"}");
    bson_destroy(doc);
}

/* depth documents (or arrays) within one another, the innermost with "x": 1,
 * and beside each nested one a "z": 2. */
static void nest(bson_t *to, int depth, bool array)
{
    if (depth == 1) {
        BSON_APPEND_INT32(to, array ? "0" : "x", 1);
        return;
    }
    bson_t inner;
    if (array)
        bson_append_array_begin(to, "0", 1, &inner);
    else
        bson_append_document_begin(to, "a", 1, &inner);
    nest(&inner, depth - 1, array);
    if (array)
        bson_append_array_end(to, &inner);
    else
        bson_append_document_end(to, &inner);
    BSON_APPEND_INT32(to, array ? "1" : "z", 2);
}

static void depth_beyond_32_is_left_out(void **state)
{
    (void)state;
    const int depths[] = {1, 2, 31, 32, 33, 90};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        for (int array = 0; array < 2; array++) {
            bson_t doc;
            bson_init(&doc);
            nest(&doc, depths[i], array);
            char *text = written(&doc, hc_user_json);
            struct hc_error err;
            if (hc_json_check(text, strlen(text), &HC_JSON_LIMITS, &err) != HC_OK)
                fail_msg("%s: %s", err.detail, text);
            int levels = 0;
            for (const char *p = text; *p; p++)
                levels += *p == '{' || *p == '[';
            assert_int_equal(levels, depths[i] < 32 ? depths[i] : 32);
            assert_int_equal(strstr(text, array ? "[1" : "\"x\":1") != NULL || depths[i] == 1,
                             depths[i] <= 32);
            free(text);
            bson_destroy(&doc);
        }
    }
}

/* Built from the inside: libbson stops at 100 open documents. */
static void a_document_300_deep_is_shown_to_32(void **state)
{
    (void)state;
    bson_t *doc = BCON_NEW("x", BCON_INT32(1));
    for (int i = 0; i < 300; i++) {
        bson_t *outer = bson_new();
        BSON_APPEND_DOCUMENT(outer, "a", doc);
        BSON_APPEND_INT32(outer, "z", 2);
        bson_destroy(doc);
        doc = outer;
    }
    char *text = written(doc, hc_user_json);
    assert_int_equal(hc_json_check(text, strlen(text), &HC_JSON_LIMITS, NULL), HC_OK);
    assert_non_null(strstr(text, "\"a\":{\"z\":2},\"z\":2}"));
    free(text);
    bson_destroy(doc);
}

/* Bytes that are no BSON, as a broken server might send: every single byte of a
 * real document changed to a few values. Always valid JSON, never a fault. */
static void broken_bson_ends_the_object_not_the_answer(void **state)
{
    (void)state;
    static const uint8_t values[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x0F,
                                     0x11, 0x13, 0x14, 0x7F, 0x80, 0xFF};
    bson_t *good =
        BCON_NEW("email", BCON_UTF8("a@b.example"), "n", BCON_INT64(5), "list", "[", BCON_DOUBLE(1.5), "{",
                 "x", BCON_BOOL(true), "}", "]", "d", BCON_DATE_TIME(1), "last", BCON_NULL);
    const uint8_t *bytes = bson_get_data(good);
    struct hc_json_limits limits = HC_JSON_LIMITS;
    for (uint32_t at = 4; at + 1 < good->len; at++) {
        for (size_t v = 0; v < sizeof values; v++) {
            uint8_t *copy = malloc(good->len);
            assert_non_null(copy);
            memcpy(copy, bytes, good->len);
            copy[at] = values[v];
            bson_t doc;
            if (bson_init_static(&doc, copy, good->len)) {
                struct hc_error err = {0};
                char *text = written(&doc, hc_user_json);
                enum hc_err rc = hc_json_check(text, strlen(text), &limits, &err);
                bool odd = strstr(text, "\\u0000") || strstr(err.detail, "appears twice");
                if (rc != HC_OK && !odd)
                    fail_msg("byte %u = %02x: %s: %s", at, values[v], err.detail, text);
                free(text);
            }
            free(copy);
        }
    }
    bson_destroy(good);
}

static void no_document_is_an_empty_one(void **state)
{
    (void)state;
    check_json(NULL, "{}");
    bson_t empty = BSON_INITIALIZER;
    check_json(&empty, "{}");
    bson_destroy(&empty);
}

static void a_user_stands_in_a_list(void **state)
{
    (void)state;
    struct hc_buf b;
    struct hc_json j;
    bson_t *doc = BCON_NEW("a", BCON_INT32(1));
    hc_buf_init(&b, 1000);
    hc_json_begin(&j, &b);
    hc_json_open(&j, '[');
    hc_user_json(&j, doc);
    hc_user_json(&j, doc);
    hc_json_int(&j, 2);
    hc_json_close(&j, ']');
    assert_string_equal(b.data, "[{\"a\":1},{\"a\":1},2]");
    hc_buf_release(&b);
    bson_destroy(doc);
}

/* ---- ids ---- */

static void an_id_is_24_hex_digits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        bool ok;
    } rows[] = {
        {"0123456789abcdef01234567", 24, true},
        {"0123456789ABCDEFabcdef67", 24, true},
        {"0123456789abcdef0123456789", 24, true},
        {"0123456789abcdef01234567", 23, false},
        {"0123456789abcdef012345678", 25, false},
        {"0123456789abcdef0123456g", 24, false},
        {"0123456789abcdef\0\0\0\0\0\0\0\0", 24, false},
        {"", 0, false},
        {" 123456789abcdef01234567", 24, false},
        {"0x23456789abcdef01234567", 24, false},
        {"$oid56789abcdef012345678", 24, false},
        {NULL, 0, false},
        {NULL, 24, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bson_oid_t out = {{9}};
        struct hc_error err = {0};
        enum hc_err rc = hc_user_id(rows[i].text, rows[i].len, &out, &err);
        assert_int_equal(rc, rows[i].ok ? HC_OK : HC_EMALFORMED);
        assert_string_equal(err.field, rows[i].ok ? "" : "id");
        assert_int_equal(out.bytes[0], rows[i].ok ? 1 : 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_becomes_a_document),
        cmocka_unit_test(a_document_says_what_the_person_says),
        cmocka_unit_test(an_odd_person_is_still_a_document),
        cmocka_unit_test(a_user_is_written_without_bookkeeping),
        cmocka_unit_test(last_active_is_the_later_of_both),
        cmocka_unit_test(every_type_has_its_form_or_none),
        cmocka_unit_test(doubles_are_as_short_as_they_can_be),
        cmocka_unit_test(doubles_come_back_the_same),
        cmocka_unit_test(odd_texts_become_valid_json),
        cmocka_unit_test(dates_out_of_range_are_clamped),
        cmocka_unit_test(depth_beyond_32_is_left_out),
        cmocka_unit_test(a_document_300_deep_is_shown_to_32),
        cmocka_unit_test(broken_bson_ends_the_object_not_the_answer),
        cmocka_unit_test(no_document_is_an_empty_one),
        cmocka_unit_test(a_user_stands_in_a_list),
        cmocka_unit_test(an_id_is_24_hex_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
