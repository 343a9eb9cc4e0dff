/* lib/generator: purity, uniqueness, shares, shape of every text, and people that may not change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "generator.h"

#define MILLION 1000000

static const struct hc_people job = {
    .seed = 42, .second = 1763900000, .hash = 0xfeedbeef, .time_us = 1763900000123456};

/* Whether the text is well-formed UTF-8 with no control characters. */
static int is_clean_utf8(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + len;

    while (p < end) {
        size_t more = *p < 0x80 ? 0 : *p < 0xc2 ? 9 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : *p < 0xf5 ? 3 : 9;

        if (*p < 0x20 || *p == 0x7f || more > (size_t)(end - p) - 1)
            return 0;
        for (size_t i = 1; i <= more; i++)
            if ((p[i] & 0xc0) != 0x80)
                return 0;
        p += more + 1;
    }
    return 1;
}

static void check_name(const struct hc_person *p)
{
    assert_true(p->name_len >= 3 && p->name_len < HC_PERSON_NAME_MAX);
    assert_int_equal(strlen(p->name), p->name_len);
    assert_true(is_clean_utf8(p->name, p->name_len));
    assert_true(p->name[0] != ' ' && p->name[p->name_len - 1] != ' ' && !strstr(p->name, "  "));
}

static void check_email(const struct hc_people *of, uint32_t i, const struct hc_person *p)
{
    char suffix[HC_BASE32_TEXT], end[40];
    const char *at = strchr(p->email, '@');
    size_t local;

    assert_int_equal(strlen(p->email), p->email_len);
    assert_true(p->email_len < HC_PERSON_EMAIL_MAX && at);
    local = (size_t)(at - p->email);
    assert_true(local <= 64);
    assert_int_equal(strspn(p->email, "abcdefghijklmnopqrstuvwxyz0123456789."), local);
    assert_true(p->email[0] != '.' && !strstr(p->email, ".."));
    hc_base32(suffix, (uint64_t)of->hash << 32 | i);
    snprintf(end, sizeof(end), ".%s@people.example", suffix);
    assert_true(p->email_len > strlen(end));
    assert_string_equal(p->email + p->email_len - strlen(end), end);
    assert_non_null(memchr(p->email, '.', p->email_len - strlen(end)));
}

static void check_phone(const struct hc_person *p)
{
    const char *dial = hc_country_at(p->country)->dial;

    assert_int_equal(strlen(p->phone), p->phone_len);
    assert_in_range(p->phone_len, 1 + 6, 1 + 15);
    assert_int_equal(p->phone[0], '+');
    assert_int_equal(strspn(p->phone + 1, "0123456789"), p->phone_len - 1);
    assert_int_equal(strncmp(p->phone + 1, dial, strlen(dial)), 0);
}

static void check_person(const struct hc_people *of, uint32_t i, const struct hc_person *p)
{
    uint32_t second, hash, index;
    uint8_t ulid[HC_ULID_SIZE];
    uint64_t ms = 0;

    check_name(p);
    check_email(of, i, p);
    check_phone(p);
    hc_oid_parts(p->id, &second, &hash, &index);
    assert_true(second == of->second && hash == of->hash && index == i);
    assert_in_range(p->gender, HC_MALE, HC_OTHER);
    assert_true(p->country >= 0 && p->country < hc_country_unknown());
    assert_int_equal(p->created_ms, (of->time_us + i) / 1000);
    assert_true(hc_ulid_decode(ulid, p->user_name, strlen(p->user_name)));
    for (size_t byte = 0; byte < 6; byte++)
        ms = ms << 8 | ulid[byte];
    assert_int_equal(ms, p->created_ms);
}

static void assert_same_person(const struct hc_person *a, const struct hc_person *b)
{
    assert_memory_equal(a->id, b->id, sizeof(a->id));
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->email, b->email);
    assert_string_equal(a->phone, b->phone);
    assert_string_equal(a->user_name, b->user_name);
    assert_true(a->country == b->country && a->gender == b->gender && a->created_ms == b->created_ms);
}

/* Whatever lay in the struct before, whichever order: the same person. */
static void a_person_is_pure(void **state)
{
    struct hc_person first, again;

    (void)state;
    for (uint32_t i = 0; i < 2000; i++) {
        uint32_t index = i * 2654435761u;

        memset(&first, 0, sizeof(first));
        hc_person_make(&job, index, &first);
        memset(&again, 0xa5, sizeof(again));
        hc_person_make(&job, index + 1, &again);
        hc_person_make(&job, index, &again);
        assert_same_person(&first, &again);
        check_person(&job, index, &first);
    }
}

/* Length of the first.last. with which an e-mail begins. */
static size_t names_length(const char *email)
{
    return (size_t)(strchr(strchr(email, '.') + 1, '.') + 1 - email);
}

static void same_seed_is_the_same_people(void **state)
{
    struct hc_people other = {.seed = job.seed, .second = job.second + 9, .hash = 5, .time_us = 1000};
    struct hc_person one, two;

    (void)state;
    for (uint32_t i = 0; i < 2000; i++) {
        hc_person_make(&job, i, &one);
        hc_person_make(&other, i, &two);
        assert_string_equal(one.name, two.name);
        assert_string_equal(one.phone, two.phone);
        assert_true(one.country == two.country && one.gender == two.gender);
        assert_memory_equal(one.email, two.email, names_length(two.email));
        assert_string_not_equal(one.email, two.email);
        assert_string_not_equal(one.user_name, two.user_name);
        assert_memory_not_equal(one.id, two.id, sizeof(one.id));
    }
}

static void another_seed_is_other_people(void **state)
{
    struct hc_people other = job;
    struct hc_person one, two;
    unsigned same = 0;

    (void)state;
    other.seed++;
    for (uint32_t i = 0; i < 2000; i++) {
        hc_person_make(&job, i, &one);
        hc_person_make(&other, i, &two);
        same += strcmp(one.name, two.name) == 0;
        assert_string_equal(one.user_name, two.user_name);
        assert_memory_equal(one.id, two.id, sizeof(one.id));
    }
    assert_true(same < 20);
}

static void the_ends_of_all_ranges_work(void **state)
{
    static const struct hc_people ends[] = {
        {0, 0, 0, 0},
        {UINT64_MAX, UINT32_MAX, UINT32_MAX, INT64_C(253402300799000000)},
    };
    struct hc_person p;
    struct hc_histogram histogram;

    (void)state;
    for (size_t e = 0; e < 2; e++) {
        hc_person_make(&ends[e], 0, &p);
        check_person(&ends[e], 0, &p);
        hc_person_make(&ends[e], UINT32_MAX, &p);
        check_person(&ends[e], UINT32_MAX, &p);
        hc_people_histogram(&ends[e], UINT32_MAX, 1, &histogram);
        assert_int_equal(histogram.country[p.country], 1);
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A million people: no e-mail and no userName twice, _ids ascending, every text in shape. */
static void a_million_people_are_distinct(void **state)
{
    char(*emails)[HC_PERSON_EMAIL_MAX] = malloc(sizeof(*emails) * MILLION);
    char(*users)[HC_ULID_TEXT] = malloc(sizeof(*users) * MILLION);
    char **order = malloc(sizeof(*order) * MILLION);
    uint8_t before[HC_OID_SIZE] = {0};

    (void)state;
    assert_true(emails && users && order);
    for (uint32_t i = 0; i < MILLION; i++) {
        struct hc_person p;

        hc_person_make(&job, i, &p);
        check_person(&job, i, &p);
        assert_true(memcmp(before, p.id, HC_OID_SIZE) < 0);
        memcpy(before, p.id, HC_OID_SIZE);
        memcpy(emails[i], p.email, p.email_len + 1u);
        memcpy(users[i], p.user_name, HC_ULID_TEXT);
    }
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < MILLION; i++)
            order[i] = pass ? users[i] : emails[i];
        qsort(order, MILLION, sizeof(*order), compare_texts);
        for (uint32_t i = 1; i < MILLION; i++)
            assert_true(strcmp(order[i - 1], order[i]) < 0);
    }
    free(order);
    free(users);
    free(emails);
}

static double distance(double a, double b)
{
    return a > b ? a - b : b - a;
}

/* Shares are off by less than five standard deviations of chance. */
static void shares_are_those_of_the_world(void **state)
{
    struct hc_histogram histogram;
    double people = 0;

    (void)state;
    hc_people_histogram(&job, 0, 4 * MILLION, &histogram);
    assert_true(distance(histogram.gender[HC_MALE], 0.495 * 4 * MILLION) < 5000);
    assert_true(distance(histogram.gender[HC_FEMALE], 0.495 * 4 * MILLION) < 5000);
    assert_true(distance(histogram.gender[HC_OTHER], 0.01 * 4 * MILLION) < 1000);
    for (int c = 0; c < hc_country_count(); c++)
        people += hc_country_at(c)->population;
    for (int c = 0; c < HC_COUNTRY_MAX; c++) {
        double expected = c < hc_country_count() ? hc_country_at(c)->population / people * 4 * MILLION : 0;
        double off = distance(histogram.country[c], expected);

        assert_true(off * off <= 25 * expected + 16);
    }
    assert_int_equal(histogram.country[hc_country_unknown()], 0);
}

static void the_histogram_counts_the_same_people(void **state)
{
    struct hc_people random_job = job;

    (void)state;
    for (uint32_t round = 0; round < 60; round++) {
        uint32_t first = round * 70999173u;
        uint32_t count = round * 37 % 2500;
        struct hc_histogram fast, counted;
        struct hc_person p;

        random_job.seed = round * UINT64_C(0x9e3779b97f4a7c15);
        if (first > UINT32_MAX - count)
            first = UINT32_MAX - count;
        memset(&counted, 0, sizeof(counted));
        for (uint32_t i = 0; i < count; i++) {
            hc_person_make(&random_job, first + i, &p);
            counted.gender[p.gender]++;
            counted.country[p.country]++;
        }
        memset(&fast, 0xff, sizeof(fast));
        hc_people_histogram(&random_job, first, count, &fast);
        assert_memory_equal(&fast, &counted, sizeof(fast));
    }
}

static void every_country_has_people(void **state)
{
    struct hc_person p, own;

    (void)state;
    for (int c = 0; c < hc_country_unknown(); c++) {
        for (uint32_t i = 0; i < 1500; i++) {
            hc_person_make_in(&job, i, c, &p);
            assert_int_equal(p.country, c);
            check_person(&job, i, &p);
        }
    }
    hc_person_make(&job, 7, &own);
    hc_person_make_in(&job, 7, hc_country_unknown(), &p);
    assert_same_person(&own, &p);
    hc_person_make_in(&job, 7, -5, &p);
    assert_same_person(&own, &p);
    hc_person_make_in(&job, 7, own.country, &p);
    assert_same_person(&own, &p);
}

static void genders_have_names(void **state)
{
    (void)state;
    assert_string_equal(hc_gender_name(HC_MALE), "male");
    assert_string_equal(hc_gender_name(HC_FEMALE), "female");
    assert_string_equal(hc_gender_name(HC_OTHER), "other");
    assert_string_equal(hc_gender_name(99), "other");
}

/*
 * People that stand for all: if these fail, the tables or the generator make other people than before. Jobs
 * that are half done would then end with the wrong counts, so raise HC_GENERATOR_VERSION and put in the new
 * values.
 */
static void golden_people_do_not_change(void **state)
{
    static const struct {
        uint32_t index;
        const char *name, *email, *phone, *user_name, *country;
    } golden[] = {
        {0u, "Shirley Brown", "shirley.brown.fxvdyxw000000@people.example", "+447445640986",
         "01KARA41VVP15ZAWA941CHWV51", "GB"},
        {1u, "彭雪", "xue.peng.fxvdyxw000001@people.example", "+8616685833162", "01KARA41VVHNCNARZV2ZJ24SF9",
         "CN"},
        {2u, "侯鹏", "peng.hou.fxvdyxw000002@people.example", "+8616796347533", "01KARA41VVTGXVR66CPX90EM8E",
         "CN"},
        {3u, "Xavier Murty", "xavier.murty.fxvdyxw000003@people.example", "+917049762507",
         "01KARA41VVCS1Y9201ANBFVNTN", "IN"},
        {41u, "Didier Habimana", "didier.habimana.fxvdyxw000019@people.example", "+243893835507",
         "01KARA41VV66HZFNN5XCY49KM1", "CD"},
        {4999u, "郭建", "jian.guo.fxvdyxw0004w7@people.example", "+8619189098524",
         "01KARA41W0GHB59634X9DSF8MP", "CN"},
        {5000u, "चेतना तमांग", "chetna.tamang.fxvdyxw0004w8@people.example", "+916933472757",
         "01KARA41W069VR2P178HBFHFMW", "IN"},
        {999999u, "Luara Lima", "luara.lima.fxvdyxw00yghz@people.example", "+5533957205076",
         "01KARA42V3B2F0SH940S3J9JR0", "BR"},
        {10999999u, "Hélène Chrétien", "helene.chretien.fxvdyxw0afp5z@people.example", "+33668536103",
         "01KARA4CKK552237V7BVGQD87E", "FR"},
        {4294967295u, "अवन्ती चौहान", "avanti.chauhan.fxvdyxzzzzzzz@people.example", "+917497197533",
         "01KARE745JGSG6DB225B8VTKJP", "IN"},
    };
    char all[HC_PERSON_NAME_MAX + HC_PERSON_EMAIL_MAX + 100];
    uint64_t hash = 0;
    struct hc_person p;

    (void)state;
    assert_int_equal(HC_GENERATOR_VERSION, 1);
    for (size_t g = 0; g < sizeof(golden) / sizeof(*golden); g++) {
        hc_person_make(&job, golden[g].index, &p);
        assert_string_equal(p.name, golden[g].name);
        assert_string_equal(p.email, golden[g].email);
        assert_string_equal(p.phone, golden[g].phone);
        assert_string_equal(p.user_name, golden[g].user_name);
        assert_string_equal(hc_country_at(p.country)->code, golden[g].country);
    }
    for (int c = 0; c < hc_country_unknown(); c++) {
        for (uint32_t i = 0; i < 400; i++) {
            int len;

            hc_person_make_in(&job, i, c, &p);
            len = snprintf(all, sizeof(all), "%llu %s %s %s %s %s", (unsigned long long)hash, p.name, p.email,
                           p.phone, p.user_name, hc_country_at(c)->name);
            hash = hc_hash64(all, (size_t)len);
        }
    }
    assert_int_equal(hash, UINT64_C(0x5256407f5f63b053));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_is_pure),
        cmocka_unit_test(same_seed_is_the_same_people),
        cmocka_unit_test(another_seed_is_other_people),
        cmocka_unit_test(the_ends_of_all_ranges_work),
        cmocka_unit_test(a_million_people_are_distinct),
        cmocka_unit_test(shares_are_those_of_the_world),
        cmocka_unit_test(the_histogram_counts_the_same_people),
        cmocka_unit_test(every_country_has_people),
        cmocka_unit_test(genders_have_names),
        cmocka_unit_test(golden_people_do_not_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
