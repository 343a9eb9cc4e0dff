/* test_clock.c - the two clocks, dates as text, random tokens. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "clock.h"

static void dates_as_text(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-1000, "1969-12-31T23:59:59.000Z"},
        {-86400000, "1969-12-31T00:00:00.000Z"},
        {-86400001, "1969-12-30T23:59:59.999Z"},
        {1795440000123, "2026-11-23T13:20:00.123Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {951868799999, "2000-02-29T23:59:59.999Z"},
        {951868800000, "2000-03-01T00:00:00.000Z"},
        {-2203977600000, "1900-02-28T00:00:00.000Z"},
        {-2203891200000, "1900-03-01T00:00:00.000Z"},
        {1709164800000, "2024-02-29T00:00:00.000Z"},
        {1735689599999, "2024-12-31T23:59:59.999Z"},
        {2147483648000, "2038-01-19T03:14:08.000Z"},
        {-62135596800000, "0001-01-01T00:00:00.000Z"},
        {-62135596800001, "0001-01-01T00:00:00.000Z"},
        {INT64_MIN, "0001-01-01T00:00:00.000Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, "9999-12-31T23:59:59.999Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[HC_ISO_MAX];
        assert_ptr_equal(hc_iso_format(rows[i].ms, out), out);
        assert_string_equal(out, rows[i].text);
    }
}

/* Every 1st and last day of a month from 0001 to 9999, against the C library. */
static void dates_agree_with_the_library(void **state)
{
    (void)state;
    for (int month = 0; month < 9999 * 12; month++) {
        struct tm first = {.tm_year = month / 12 + 1 - 1900, .tm_mon = month % 12, .tm_mday = 1};
        int64_t start = (int64_t)timegm(&first) * 1000;
        const int64_t times[] = {start, start + 86399999, start - 1};
        for (size_t i = 0; i < 3; i++) {
            if (month == 0 && i == 2)
                continue; /* before the first year */
            char want[80];
            char out[HC_ISO_MAX];
            int64_t ms = ((times[i] % 1000) + 1000) % 1000;
            time_t seconds = (time_t)((times[i] - ms) / 1000);
            struct tm t;
            gmtime_r(&seconds, &t);
            snprintf(want, sizeof want, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900, t.tm_mon + 1,
                     t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (int)ms);
            assert_string_equal(hc_iso_format(times[i], out), want);
        }
    }
}

static void texts_as_dates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } rows[] = {
        {"1970-01-01T00:00:00.000Z", 0},
        {"2026-11-23T13:20:00.123Z", 1795440000123},
        {"2026-11-23T13:20:00Z", 1795440000000},
        {"2026-11-23T13:20Z", 1795440000000},
        {"2026-11-23", 1795392000000},
        {"2026-11-23T13:20:00.1Z", 1795440000100},
        {"2026-11-23T13:20:00.123999999Z", 1795440000123},
        {"2026-11-23T18:50:00+05:30", 1795440000000},
        {"2026-11-23T03:50:00-09:30", 1795440000000},
        {"2024-02-29", 1709164800000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
        {"2026-02-29", -1},
        {"2026-04-31T00:00:00Z", -1},
        {"2100-02-29", -1},
        {"2026-13-01", -1},
        {"2026-00-01", -1},
        {"2026-01-00", -1},
        {"2026-11-23T24:00:00Z", -1},
        {"2026-11-23T13:60:00Z", -1},
        {"2026-11-23T13:20:60Z", -1},
        {"2026-11-23T13:20:00", -1}, /* of which zone? */
        {"2026-11-23T13:20:00.Z", -1},
        {"2026-11-23T13:20:00.1234567890Z", -1},
        {"2026-11-23T13Z", -1},
        {"2026-11-23T13:20:00Zx", -1},
        {"2026-11-23T13:20:00+0530", -1},
        {"2026-11-23T13:20:00+24:00", -1},
        {"2026-11-23T13:20:00+05:60", -1},
        {"2026-11-23 13:20:00Z", -1},
        {"2026-11-23T", -1},
        {"2026-11-2", -1},
        {"2026-1-23", -1},
        {"+026-11-23", -1},
        {"1969-12-31T23:59:59Z", -1},
        {"1970-01-01T00:00:00+00:01", -1},
        {"9999-12-31T23:59:59-00:01", -1},
        {"", -1},
        {"now", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = -1;
        assert_int_equal(hc_iso_read(rows[i].text, strlen(rows[i].text), &ms), rows[i].ms >= 0);
        assert_true(ms == rows[i].ms);
    }
    int64_t ms = -1;
    assert_true(hc_iso_read("2026-11-23garbage", 10, &ms)); /* no NUL is needed, and none is looked for */
    assert_false(hc_iso_read("2026-11-23T13:20:00Z", 19, &ms));
}

static void wall_time_is_the_system_time(void **state)
{
    (void)state;
    int64_t before = (int64_t)time(NULL);
    int64_t us = hc_now_us();
    int64_t ms = hc_now_ms();
    assert_true(us / 1000000 >= before - 1 && us / 1000000 <= before + 2);
    assert_true(ms - us / 1000 >= -1 && ms - us / 1000 < 2000);
}

static void monotonic_time_never_goes_back(void **state)
{
    (void)state;
    int64_t last = hc_mono_ms();
    for (int i = 0; i < 10000; i++) {
        int64_t now = hc_mono_ms();
        assert_true(now >= last);
        last = now;
    }
}

static void what_is_left_is_within_bounds(void **state)
{
    (void)state;
    int64_t now = hc_mono_ms();
    assert_int_equal(hc_left_ms(now - 1, 100), 0);
    assert_int_equal(hc_left_ms(INT64_MIN, 100), 0);
    assert_int_equal(hc_left_ms(0, 100), 0);
    assert_int_equal(hc_left_ms(INT64_MAX, 100), 100);
    assert_int_equal(hc_left_ms(INT64_MAX, INT_MAX), INT_MAX);
    assert_int_equal(hc_left_ms(now + 60000, 0), 0);
    assert_int_equal(hc_left_ms(now + 60000, -5), 0);
    int left = hc_left_ms(hc_mono_ms() + 60000, 100000);
    assert_true(left > 50000 && left <= 60000);
}

static void sleeping_takes_its_time(void **state)
{
    (void)state;
    int64_t start = hc_mono_ms();
    hc_sleep_ms(30);
    assert_true(hc_mono_ms() - start >= 29);
    start = hc_mono_ms();
    hc_sleep_ms(0);
    hc_sleep_ms(-1);
    hc_sleep_ms(INT_MIN);
    assert_true(hc_mono_ms() - start < 1000);
}

static void on_alarm(int number)
{
    (void)number;
}

static void a_signal_ends_a_sleep(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = on_alarm};
    struct sigaction old;
    sigaction(SIGALRM, &action, &old);
    struct itimerval soon = {.it_value = {.tv_usec = 50000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    int64_t start = hc_mono_ms();
    hc_sleep_ms(20000);
    assert_true(hc_mono_ms() - start < 15000);
    sigaction(SIGALRM, &old, NULL);
}

static void tokens_differ_in_all_bits(void **state)
{
    (void)state;
    uint64_t ones = 0;
    uint64_t zeros = 0;
    uint64_t last = 0;
    for (int i = 0; i < 200; i++) {
        uint64_t token = hc_random_token();
        assert_true(token != last);
        ones |= token;
        zeros |= ~token;
        last = token;
    }
    assert_true(ones == UINT64_MAX && zeros == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_as_text),
        cmocka_unit_test(dates_agree_with_the_library),
        cmocka_unit_test(texts_as_dates),
        cmocka_unit_test(wall_time_is_the_system_time),
        cmocka_unit_test(monotonic_time_never_goes_back),
        cmocka_unit_test(what_is_left_is_within_bounds),
        cmocka_unit_test(sleeping_takes_its_time),
        cmocka_unit_test(a_signal_ends_a_sleep),
        cmocka_unit_test(tokens_differ_in_all_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
