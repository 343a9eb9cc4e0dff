/* lib/ids: texts that others publish, order, strictness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ids.h"

static void oid_is_big_endian(void **state)
{
    static const uint8_t expected[] = {0x50, 0x7f, 0x1f, 0x77, 0xbc, 0xf8,
                                       0x6c, 0xd7, 0x99, 0x43, 0x90, 0x11};
    uint32_t second, hash, index;
    uint8_t oid[HC_OID_SIZE];

    (void)state;
    hc_oid_make(oid, 0x507f1f77, 0xbcf86cd7, 0x99439011);
    assert_memory_equal(oid, expected, sizeof(expected));
    hc_oid_parts(oid, &second, &hash, &index);
    assert_int_equal(second, 0x507f1f77);
    assert_int_equal(hash, 0xbcf86cd7);
    assert_int_equal(index, 0x99439011);
}

static void oid_order_is_creation_order(void **state)
{
    static const uint32_t indices[] = {0, 1, 255, 256, 65535, 65536, 0x7fffffff, 0x80000000, UINT32_MAX};
    uint8_t before[HC_OID_SIZE], after[HC_OID_SIZE];

    (void)state;
    for (size_t i = 1; i < sizeof(indices) / sizeof(*indices); i++) {
        hc_oid_make(before, 1700000000, 77, indices[i - 1]);
        hc_oid_make(after, 1700000000, 77, indices[i]);
        assert_true(memcmp(before, after, HC_OID_SIZE) < 0);
    }
    hc_oid_make(before, 1700000000, UINT32_MAX, UINT32_MAX);
    hc_oid_make(after, 1700000001, 0, 0);
    assert_true(memcmp(before, after, HC_OID_SIZE) < 0);
}

static void oid_hex_there_and_back(void **state)
{
    uint8_t oid[HC_OID_SIZE], same[HC_OID_SIZE];
    char hex[HC_OID_TEXT];

    (void)state;
    assert_true(hc_oid_from_hex(oid, "507F1f77BCF86cd799439011", 24));
    hc_oid_to_hex(oid, hex);
    assert_string_equal(hex, "507f1f77bcf86cd799439011");
    assert_true(hc_oid_from_hex(same, hex, 24));
    assert_memory_equal(oid, same, sizeof(oid));
}

static void oid_hex_is_strict(void **state)
{
    static const char *const bad[] = {"",
                                      "507f1f77bcf86cd79943901",
                                      "507f1f77bcf86cd7994390111",
                                      "507f1f77bcf86cd79943901g",
                                      "507f1f77bcf86cd79943901 ",
                                      "0x7f1f77bcf86cd799439011",
                                      "507f1f77-cf86cd799439011",
                                      "507f1f77bcf86cd7994390\xc3\xa9"};
    uint8_t oid[HC_OID_SIZE], untouched[HC_OID_SIZE];

    (void)state;
    memset(oid, 7, sizeof(oid));
    memset(untouched, 7, sizeof(untouched));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(hc_oid_from_hex(oid, bad[i], strlen(bad[i])));
    assert_false(hc_oid_from_hex(oid, "507f1f77bcf86cd79943901\0", 24));
    assert_memory_equal(oid, untouched, sizeof(oid));
}

/* The example of the ULID specification, and its bytes. */
static const char example_text[] = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
static const uint8_t example_bytes[HC_ULID_SIZE] = {0x01, 0x56, 0x3e, 0x3a, 0xb5, 0xd3, 0xd6, 0x76,
                                                    0x4c, 0x61, 0xef, 0xb9, 0x93, 0x02, 0xbd, 0x5b};

static void ulid_of_the_specification(void **state)
{
    uint8_t bytes[HC_ULID_SIZE];
    char text[HC_ULID_TEXT];

    (void)state;
    hc_ulid_from_bytes(text, example_bytes);
    assert_string_equal(text, example_text);
    assert_true(hc_ulid_decode(bytes, example_text, 26));
    assert_memory_equal(bytes, example_bytes, sizeof(bytes));
    assert_true(hc_ulid_decode(bytes, "01arz3ndektsv4rrffq69g5fav", 26));
    assert_memory_equal(bytes, example_bytes, sizeof(bytes));
    hc_ulid_make(text, UINT64_C(1469918176385), example_bytes + 6);
    assert_string_equal(text, "01ARYZ6S41TSV4RRFFQ69G5FAV");
}

static void ulid_at_its_ends(void **state)
{
    uint8_t bytes[HC_ULID_SIZE], ones[HC_ULID_SIZE];
    char text[HC_ULID_TEXT];

    (void)state;
    memset(ones, 0xff, sizeof(ones));
    hc_ulid_from_bytes(text, ones);
    assert_string_equal(text, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    assert_true(hc_ulid_decode(bytes, text, 26));
    assert_memory_equal(bytes, ones, sizeof(ones));
    hc_ulid_make(text, UINT64_MAX, ones);
    assert_string_equal(text, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    memset(ones, 0, sizeof(ones));
    hc_ulid_from_bytes(text, ones);
    assert_string_equal(text, "00000000000000000000000000");
}

static void ulid_text_order_is_time_order(void **state)
{
    uint8_t high[10], low[10];
    char before[HC_ULID_TEXT], after[HC_ULID_TEXT];

    (void)state;
    memset(high, 0xff, sizeof(high));
    memset(low, 0, sizeof(low));
    for (unsigned bit = 0; bit < 48; bit++) {
        hc_ulid_make(before, (UINT64_C(1) << bit) - 1, high);
        hc_ulid_make(after, UINT64_C(1) << bit, low);
        assert_true(strcmp(before, after) < 0);
    }
}

static void ulid_is_strict(void **state)
{
    static const char *const bad[] = {"",
                                      "01ARZ3NDEKTSV4RRFFQ69G5FA",
                                      "01ARZ3NDEKTSV4RRFFQ69G5FAVX",
                                      "81ARZ3NDEKTSV4RRFFQ69G5FAV",
                                      "01ARZ3NDEKTSV4RRFFQ69G5FAI",
                                      "01ARZ3NDEKTSV4RRFFQ69G5FAl",
                                      "01ARZ3NDEKTSV4RRFFQ69G5FAo",
                                      "01ARZ3NDEKTSV4RRFFQ69G5FAU",
                                      "01ARZ3NDEKTSV4RRFFQ69G5FA-",
                                      " 1ARZ3NDEKTSV4RRFFQ69G5FAV"};
    uint8_t bytes[HC_ULID_SIZE], untouched[HC_ULID_SIZE];

    (void)state;
    memset(bytes, 7, sizeof(bytes));
    memset(untouched, 7, sizeof(untouched));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(hc_ulid_decode(bytes, bad[i], strlen(bad[i])));
    assert_false(hc_ulid_decode(bytes, "01ARZ3NDEKTSV4RRFFQ69G5FA\0", 26));
    assert_memory_equal(bytes, untouched, sizeof(bytes));
}

static void new_ulids_are_of_now_and_differ(void **state)
{
    char one[HC_ULID_TEXT], two[HC_ULID_TEXT];
    uint8_t bytes[HC_ULID_SIZE];
    uint64_t ms = 0;

    (void)state;
    assert_int_equal(hc_ulid_new(one), 0);
    assert_int_equal(hc_ulid_new(two), 0);
    assert_string_not_equal(one, two);
    assert_true(hc_ulid_decode(bytes, one, 26));
    for (size_t i = 0; i < 6; i++)
        ms = ms << 8 | bytes[i];
    assert_in_range(ms / 1000, (uint64_t)time(NULL) - 5, (uint64_t)time(NULL) + 5);
}

/* Values that xxHash publishes for the empty input, and one for bytes that NULL stands for. */
static void hashes_are_xxh3(void **state)
{
    static const uint8_t empty[] = {0x99, 0xaa, 0x06, 0xd3, 0x01, 0x47, 0x98, 0xd8,
                                    0x60, 0x01, 0xc3, 0x24, 0x46, 0x8d, 0x49, 0x7f};
    uint8_t hash[HC_HASH128_SIZE], other[HC_HASH128_SIZE];

    (void)state;
    assert_int_equal(hc_hash64("", 0), UINT64_C(0x2d06800538d394c2));
    hc_hash128(NULL, 0, hash);
    assert_memory_equal(hash, empty, sizeof(empty));
    hc_hash128("a", 1, other);
    assert_memory_not_equal(hash, other, sizeof(hash));
    assert_int_not_equal(hc_hash64("a", 1), hc_hash64("b", 1));
}

static void base32_is_crockfords(void **state)
{
    static const struct {
        uint64_t number;
        const char *text;
    } known[] = {{0, "0"},
                 {1, "1"},
                 {31, "z"},
                 {32, "10"},
                 {1234, "16j"},
                 {1023, "zz"},
                 {1024, "100"},
                 {UINT64_C(1) << 60, "1000000000000"},
                 {UINT32_MAX, "3zzzzzz"},
                 {UINT64_MAX, "fzzzzzzzzzzzz"}};
    char text[HC_BASE32_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        assert_int_equal(hc_base32(text, known[i].number), strlen(known[i].text));
        assert_string_equal(text, known[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oid_is_big_endian),
        cmocka_unit_test(oid_order_is_creation_order),
        cmocka_unit_test(oid_hex_there_and_back),
        cmocka_unit_test(oid_hex_is_strict),
        cmocka_unit_test(ulid_of_the_specification),
        cmocka_unit_test(ulid_at_its_ends),
        cmocka_unit_test(ulid_text_order_is_time_order),
        cmocka_unit_test(ulid_is_strict),
        cmocka_unit_test(new_ulids_are_of_now_and_differ),
        cmocka_unit_test(hashes_are_xxh3),
        cmocka_unit_test(base32_is_crockfords),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
