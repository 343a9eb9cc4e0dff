/* The users that a job of requests draws from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ids.h"
#include "population.h"
#include "random.h"

static bson_oid_t oid(uint32_t second, uint32_t hash, uint32_t index)
{
    bson_oid_t id;
    hc_oid_make(id.bytes, second, hash, index);
    return id;
}

/* 60 users of one job, 30 of another one from its user 1 000 on, 10 others. */
static struct hc_population hundred(void)
{
    struct hc_population p = {0};
    hc_population_add_range(&p, (struct hc_population_range){1000, 7, 0, 60});
    hc_population_add_range(&p, (struct hc_population_range){2000, 9, 1000, 30});
    for (uint32_t i = 0; i < 10; i++)
        p.others[p.other_count++] = oid(3000, 11, i * 5);
    return p;
}

/* The place of a user within hundred(); -1: none of them. */
static int place_of(const bson_oid_t *id)
{
    uint32_t second, hash, index;
    hc_oid_parts(id->bytes, &second, &hash, &index);
    if (second == 1000 && hash == 7 && index < 60)
        return (int)index;
    if (second == 2000 && hash == 9 && index >= 1000 && index < 1030)
        return 60 + (int)(index - 1000);
    if (second == 3000 && hash == 11 && index < 50 && index % 5 == 0)
        return 90 + (int)(index / 5);
    return -1;
}

static void test_draws_everybody_and_nobody_else(void **state)
{
    (void)state;
    struct hc_population p = hundred();
    int drawn[100] = {0};
    assert_int_equal(hc_population_size(&p), 100);
    for (uint64_t i = 0; i < 100000; i++) {
        bson_oid_t user;
        hc_population_draw(&p, hc_random(1, i, 0), &user);
        int place = place_of(&user);
        assert_true(place >= 0);
        drawn[place]++;
    }
    for (int i = 0; i < 100; i++)
        assert_true(drawn[i] > 0);
}

static int descending(const void *a, const void *b)
{
    return *(const int *)b - *(const int *)a;
}

/* By the header's formula: of 100 users the first gets 100^(-1/3) = 21.5 %, the second 5.6 %, the last 0.33
 * %. */
static void test_a_few_are_drawn_often(void **state)
{
    (void)state;
    struct hc_population p = hundred();
    int drawn[100] = {0};
    for (uint64_t i = 0; i < 100000; i++) {
        bson_oid_t user;
        hc_population_draw(&p, hc_random(2, i, 0), &user);
        drawn[place_of(&user)]++;
    }
    qsort(drawn, 100, sizeof *drawn, descending);
    assert_in_range(drawn[0], 21000, 22100);
    assert_in_range(drawn[1], 5300, 5900);
    assert_in_range(drawn[99], 200, 400);
}

static void test_the_ends_of_the_draw(void **state)
{
    (void)state;
    struct hc_population p = {0};
    bson_oid_t user;
    p.others[p.other_count++] = oid(5, 6, 7);
    hc_population_draw(&p, 0, &user);
    assert_memory_equal(user.bytes, p.others[0].bytes, HC_OID_SIZE);
    hc_population_draw(&p, UINT64_MAX, &user);
    assert_memory_equal(user.bytes, p.others[0].bytes, HC_OID_SIZE);

    memset(&p, 0, sizeof p);
    for (uint32_t r = 0; r < HC_POPULATION_RANGES; r++)
        hc_population_add_range(&p, (struct hc_population_range){r, r, 0, 20000000});
    assert_int_equal(hc_population_size(&p), 1280000000);
    for (uint64_t i = 0; i < 1000; i++) {
        uint32_t second, hash, index;
        hc_population_draw(&p, i == 0 ? UINT64_MAX : hc_random(3, i, 0), &user);
        hc_oid_parts(user.bytes, &second, &hash, &index);
        assert_true(second < HC_POPULATION_RANGES && second == hash && index < 20000000);
    }
}

static void test_the_largest_ranges_stay(void **state)
{
    (void)state;
    struct hc_population p = {0};
    hc_population_add_range(&p, (struct hc_population_range){1, 1, 0, 0});
    assert_int_equal(p.range_count, 0);
    for (uint32_t r = 1; r <= 100; r++)
        hc_population_add_range(&p, (struct hc_population_range){r, r, 0, r});
    assert_int_equal(p.range_count, HC_POPULATION_RANGES);
    assert_int_equal(hc_population_size(&p), (37 + 100) * 64 / 2);
    hc_population_add_range(&p, (struct hc_population_range){1, 1, 0, 1});
    assert_int_equal(hc_population_size(&p), (37 + 100) * 64 / 2);
}

static void test_is_stored_and_read_again(void **state)
{
    (void)state;
    struct hc_population p = hundred(), back;
    bson_t doc = BSON_INITIALIZER;
    hc_population_append(&p, &doc);
    memset(&back, 0, sizeof back);
    assert_true(hc_population_read(&back, &doc));
    assert_memory_equal(&back, &p, sizeof p);
    bson_destroy(&doc);
}

static bool reads(const void *ranges, uint32_t range_bytes, const void *others, uint32_t other_bytes)
{
    static struct hc_population p;
    bson_t doc = BSON_INITIALIZER, below;
    memset(&p, 0, sizeof p);
    bson_append_document_begin(&doc, "population", -1, &below);
    bson_append_binary(&below, "ranges", -1, BSON_SUBTYPE_BINARY, ranges, range_bytes);
    bson_append_binary(&below, "others", -1, BSON_SUBTYPE_BINARY, others, other_bytes);
    bson_append_document_end(&doc, &below);
    bool fine = hc_population_read(&p, &doc);
    bson_destroy(&doc);
    return fine;
}

static void test_refuses_what_makes_no_sense(void **state)
{
    (void)state;
    static uint8_t ones[(HC_POPULATION_OTHERS + 1) * HC_OID_SIZE], past[16];
    memset(ones, 1, sizeof ones);
    memset(past, 0xff, sizeof past); /* from the last user on, many more */
    struct hc_population p;
    bson_t *none = BCON_NEW("population", "{", "ranges", "text", "}");
    assert_false(hc_population_read(&p, none));
    bson_destroy(none);
    assert_true(reads(ones, 16, ones, 12));
    assert_true(reads(ones, 16, ones, 0));
    assert_false(reads(ones, 0, ones, 0));
    assert_false(reads(ones, 15, ones, 12));
    assert_false(reads(ones, 16, ones, 13));
    assert_false(reads(ones, 65 * 16, ones, 12));
    assert_false(reads(ones, 16, ones, 1001 * 12));
    assert_false(reads(past, 16, ones, 12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draws_everybody_and_nobody_else),
        cmocka_unit_test(test_a_few_are_drawn_often),
        cmocka_unit_test(test_the_ends_of_the_draw),
        cmocka_unit_test(test_the_largest_ranges_stay),
        cmocka_unit_test(test_is_stored_and_read_again),
        cmocka_unit_test(test_refuses_what_makes_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
