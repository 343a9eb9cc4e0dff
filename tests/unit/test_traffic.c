/* Simulated requests: the same number is the same request for ever; when they are made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "traffic.h"

#define JOB "01ARZ3NDEKTSV4RRFFQ69G5FAV"
#define NOW INT64_C(1700000000123)
#define DAY INT64_C(86400000)
#define MANY 20000

static struct hc_population people;

static int make_people(void **state)
{
    (void)state;
    hc_population_add_range(&people, (struct hc_population_range){1600000000, 0xabcdef01, 0, 100000});
    people.other_count = 1;
    hc_oid_make(people.others[0].bytes, 1650000000, 1, 2);
    return 0;
}

static struct hc_traffic traffic(uint64_t seed, int64_t days)
{
    return (struct hc_traffic){.job = JOB, .seed = seed, .time_ms = NOW, .days = days, .population = &people};
}

/* A change of any of these means other requests for jobs that run: raise HC_TRAFFIC_VERSION. */
static void test_golden_requests(void **state)
{
    (void)state;
    static const struct {
        uint32_t i;
        const char *user;
        int64_t time_ms;
        uint64_t device;
    } GOLDEN[] = {
        {0, "5f5e1000abcdef01000000ba", 1699839298342, UINT64_C(0xe1332a7db412c5a9)},
        {1, "5f5e1000abcdef010000fbfb", 1699972783807, UINT64_C(0x7a26276d279eaa)},
        {19999999, "5f5e1000abcdef0100003691", 1699956580718, UINT64_C(0xb0f5795c840e22ad)},
    };
    struct hc_traffic t = traffic(7, 30);
    assert_int_equal(HC_TRAFFIC_VERSION, 1);
    for (size_t g = 0; g < sizeof GOLDEN / sizeof *GOLDEN; g++) {
        struct hc_traffic_request r;
        char hex[HC_OID_TEXT];
        hc_traffic_make(&t, GOLDEN[g].i, 1, &r);
        hc_oid_to_hex(r.user.bytes, hex);
        assert_string_equal(hex, GOLDEN[g].user);
        assert_int_equal(r.time_ms, GOLDEN[g].time_ms);
        assert_int_equal(r.device, GOLDEN[g].device);
    }
}

static void test_the_same_number_is_the_same_request(void **state)
{
    (void)state;
    struct hc_traffic t = traffic(7, 30), other = traffic(8, 30);
    int differ = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        struct hc_traffic_request a, b, c;
        memset(&a, 0, sizeof a);
        memset(&b, 0, sizeof b);
        hc_traffic_make(&t, i, 1, &a);
        hc_traffic_make(&t, i, 2, &b); /* later: nothing but a live one's time may depend on that */
        hc_traffic_make(&other, i, 1, &c);
        assert_memory_equal(&a, &b, sizeof a);
        differ += !bson_oid_equal(&a.user, &c.user);
    }
    assert_true(differ > 900);
}

static void test_events_have_the_job_and_the_number(void **state)
{
    (void)state;
    struct hc_traffic t = traffic(7, 1);
    struct hc_traffic_request r;
    hc_traffic_make(&t, 0, 1, &r);
    assert_string_equal(r.event, JOB "/0");
    hc_traffic_make(&t, UINT32_MAX, 1, &r);
    assert_string_equal(r.event, JOB "/4294967295");
}

static void test_live_requests_are_made_now(void **state)
{
    (void)state;
    struct hc_traffic t = traffic(7, 0);
    struct hc_traffic_request a, b;
    hc_traffic_make(&t, 5, 111, &a);
    hc_traffic_make(&t, 5, 222, &b);
    assert_int_equal(a.time_ms, 111);
    assert_int_equal(b.time_ms, 222);
    assert_true(bson_oid_equal(&a.user, &b.user));
    assert_string_equal(a.event, b.event);
}

static void test_times_stay_within_the_days(void **state)
{
    (void)state;
    static const int64_t DAYS[] = {1, 30, 365};
    for (size_t d = 0; d < sizeof DAYS / sizeof *DAYS; d++) {
        struct hc_traffic t = traffic(9, DAYS[d]);
        int64_t oldest = NOW, newest = 0;
        for (uint32_t i = 0; i < MANY; i++) {
            struct hc_traffic_request r;
            hc_traffic_make(&t, i, 1, &r);
            assert_true(r.time_ms <= NOW && r.time_ms > NOW - DAYS[d] * DAY);
            oldest = r.time_ms < oldest ? r.time_ms : oldest;
            newest = r.time_ms > newest ? r.time_ms : newest;
        }
        assert_true(oldest < NOW - DAYS[d] * DAY * 9 / 10);
        assert_true(newest > NOW - DAYS[d] * DAY / 10);
    }
}

/* Over 30 days: each tenth of the span is 3 whole days, so the wave doesn't disturb. */
static void test_more_requests_towards_the_present(void **state)
{
    (void)state;
    struct hc_traffic t = traffic(10, 30);
    int tenth[10] = {0};
    for (uint32_t i = 0; i < MANY; i++) {
        struct hc_traffic_request r;
        hc_traffic_make(&t, i, 1, &r);
        tenth[(NOW - r.time_ms) / (3 * DAY)]++;
    }
    assert_in_range(tenth[0], MANY * 13 / 100, MANY * 16 / 100);
    assert_in_range(tenth[9], MANY * 4 / 100, MANY * 7 / 100);
    for (int i = 0; i < 8; i++)
        assert_true(tenth[i] > tenth[i + 2]);
}

static void test_day_and_night(void **state)
{
    (void)state;
    struct hc_traffic t = traffic(11, 30);
    int hour[24] = {0};
    for (uint32_t i = 0; i < MANY; i++) {
        struct hc_traffic_request r;
        hc_traffic_make(&t, i, 1, &r);
        hour[r.time_ms % DAY / (DAY / 24)]++;
    }
    for (int h = 0; h < 24; h++)
        assert_true(hour[h] > 0);
    assert_true(hour[19] > 6 * hour[3]);
    assert_true(hour[12] > 4 * hour[3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_requests),
        cmocka_unit_test(test_the_same_number_is_the_same_request),
        cmocka_unit_test(test_events_have_the_job_and_the_number),
        cmocka_unit_test(test_live_requests_are_made_now),
        cmocka_unit_test(test_times_stay_within_the_days),
        cmocka_unit_test(test_more_requests_towards_the_present),
        cmocka_unit_test(test_day_and_night),
    };
    return cmocka_run_group_tests(tests, make_people, NULL);
}
