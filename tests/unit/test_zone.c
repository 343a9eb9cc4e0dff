/* test_zone.c - days in time zones: where they begin, how long they are, and names that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "zone.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static void set(const char *name)
{
    struct hc_error err = {0};
    assert_int_equal(hc_zone_set(name, &err), HC_OK);
    assert_string_equal(hc_zone_name(), name);
}

/* Days since 1970 of a date, counted one by one. */
static int32_t day_of(int year, int month, int day)
{
    static const int LENGTHS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t days = 0;
    for (int y = 1970; y < year; y++)
        days += 365 + ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0);
    for (int m = 1; m < month; m++)
        days += LENGTHS[m - 1] + (m == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0));
    return days + day - 1;
}

static void midnight(void **state)
{
    (void)state;
    set("UTC");
    static const struct {
        int64_t ms;
        int32_t day;
    } rows[] = {{0, 0},
                {-1, -1},
                {1, 0},
                {DAY - 1, 0},
                {DAY, 1},
                {-DAY, -1},
                {-DAY - 1, -2},
                {-999, -1},
                {-1000, -1},
                {-1001, -1},
                {1795440000123, 20780},
                {20781 * DAY - 1, 20780},
                {20781 * DAY, 20781}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(hc_zone_day(rows[i].ms), rows[i].day);
    for (int32_t day = -800000; day < 2900000; day += 12345)
        assert_true(hc_zone_day_start(day) == day * DAY);
}

static void ends_of_months_and_leap_days(void **state)
{
    (void)state;
    static const struct {
        int year, month, day;     /* the last one of a month … */
        int next_month, next_day; /* … and the one after it */
    } rows[] = {{2024, 2, 28, 2, 29}, {2024, 2, 29, 3, 1}, {2023, 2, 28, 3, 1}, {2000, 2, 29, 3, 1},
                {2100, 2, 28, 3, 1},  {2026, 4, 30, 5, 1}, {2026, 1, 31, 2, 1}, {2400, 2, 29, 3, 1}};
    static const char *const ZONES[] = {"UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"};
    for (size_t z = 0; z < sizeof ZONES / sizeof ZONES[0]; z++) {
        set(ZONES[z]);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            int32_t day = day_of(rows[i].year, rows[i].month, rows[i].day);
            int32_t next = day_of(rows[i].year, rows[i].next_month, rows[i].next_day);
            assert_int_equal(next, day + 1);
            int64_t border = hc_zone_day_start(next);
            assert_int_equal(hc_zone_day(border - 1), day);
            assert_int_equal(hc_zone_day(border), next);
        }
    }
    set("UTC");
    assert_int_equal(hc_zone_day(INT64_C(1709164800000)), day_of(2024, 2, 29)); /* 2024-02-29T00:00:00Z */
    assert_int_equal(hc_zone_day(INT64_C(1709251200000)), day_of(2024, 3, 1));
    assert_int_equal(hc_zone_day(INT64_C(1735689599999)), day_of(2024, 12, 31));
    assert_int_equal(hc_zone_day(INT64_C(1735689600000)), day_of(2025, 1, 1));
    /* 1900 was no leap year: the 28th of February is followed by the 1st of March. */
    assert_int_equal(hc_zone_day(INT64_C(-2203891200000)) - hc_zone_day(INT64_C(-2203891200001)), 1);
    assert_int_equal(hc_zone_day(INT64_C(-2203891200000)), -25508);
}

/* Where the local midnight of a date lies, and how long the day is. */
static void offsets_and_summer_time(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int year, month, day;
        int64_t behind_utc; /* from UTC's midnight of that date to the local one */
        int64_t length;
    } rows[] = {
        {"Europe/Berlin", 2026, 1, 15, -HOUR, DAY},
        {"Europe/Berlin", 2026, 6, 15, -2 * HOUR, DAY},
        {"Europe/Berlin", 2026, 3, 29, -HOUR, 23 * HOUR},
        {"Europe/Berlin", 2026, 3, 30, -2 * HOUR, DAY},
        {"Europe/Berlin", 2026, 10, 25, -2 * HOUR, 25 * HOUR},
        {"Europe/Berlin", 2026, 10, 26, -HOUR, DAY},
        {"America/New_York", 2026, 3, 8, 5 * HOUR, 23 * HOUR},
        {"America/New_York", 2026, 11, 1, 4 * HOUR, 25 * HOUR},
        {"Asia/Kolkata", 2026, 6, 15, -(5 * HOUR + 30 * MINUTE), DAY},
        {"Asia/Kathmandu", 2026, 6, 15, -(5 * HOUR + 45 * MINUTE), DAY},
        {"Pacific/Chatham", 2026, 6, 15, -(12 * HOUR + 45 * MINUTE), DAY},
        {"Australia/Lord_Howe", 2026, 4, 5, -11 * HOUR, 24 * HOUR + 30 * MINUTE},
        {"Australia/Lord_Howe", 2026, 10, 4, -(10 * HOUR + 30 * MINUTE), 23 * HOUR + 30 * MINUTE},
        {"Pacific/Kiritimati", 2026, 6, 15, -14 * HOUR, DAY},
        {"Etc/GMT+12", 2026, 6, 15, 12 * HOUR, DAY},
        /* Summer time began at midnight here: that day began at one o'clock. */
        {"America/Sao_Paulo", 2018, 11, 4, 3 * HOUR, 23 * HOUR},
        /* It ended at midnight: the day before had 25 hours. */
        {"America/Sao_Paulo", 2018, 2, 17, 2 * HOUR, 25 * HOUR},
        {"America/Sao_Paulo", 2018, 2, 18, 3 * HOUR, DAY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set(rows[i].zone);
        int32_t day = day_of(rows[i].year, rows[i].month, rows[i].day);
        int64_t start = hc_zone_day_start(day);
        assert_true(start - day * DAY == rows[i].behind_utc);
        assert_true(hc_zone_day_start(day + 1) - start == rows[i].length);
        assert_int_equal(hc_zone_day(start - 1), day - 1);
        assert_int_equal(hc_zone_day(start), day);
        assert_int_equal(hc_zone_day(start + rows[i].length - 1), day);
        assert_int_equal(hc_zone_day(start + rows[i].length), day + 1);
    }
}

/* Samoa crossed the date line: the 30th of December 2011 never was there. */
static void a_day_that_never_was(void **state)
{
    (void)state;
    set("Pacific/Apia");
    int32_t skipped = day_of(2011, 12, 30);
    int64_t border = hc_zone_day_start(skipped + 1);
    assert_int_equal(hc_zone_day(border - 1), skipped - 1);
    assert_int_equal(hc_zone_day(border), skipped + 1);
    assert_true(hc_zone_day_start(skipped) == border);
    assert_true(border == skipped * DAY + 10 * HOUR); /* the end of the 29th at UTC-10 */
    assert_true(hc_zone_day_start(skipped + 2) - border == DAY);
}

/* Every day of 70 years begins where the one before it ends. */
static void days_follow_one_another(void **state)
{
    (void)state;
    static const char *const ZONES[] = {"Europe/Berlin", "America/Santiago", "Africa/Cairo", "Asia/Tehran",
                                        "Antarctica/Troll"};
    for (size_t z = 0; z < sizeof ZONES / sizeof ZONES[0]; z++) {
        set(ZONES[z]);
        int64_t last = hc_zone_day_start(0);
        for (int32_t day = 1; day < 70 * 365; day++) {
            int64_t start = hc_zone_day_start(day);
            assert_true(start - last >= 20 * HOUR && start - last <= 28 * HOUR);
            assert_int_equal(hc_zone_day(start), day);
            assert_int_equal(hc_zone_day(start - 1), day - 1);
            last = start;
        }
    }
}

static void far_past_and_future(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        int32_t day; /* in UTC */
    } rows[] = {{INT64_C(-62135596800000), -719162},
                {INT64_C(253402300799999), 2932896},
                {INT64_C(-2208988800000), -25567},
                {INT64_C(4102444800000), 47482}};
    set("UTC");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(hc_zone_day(rows[i].ms), rows[i].day);
    static const char *const ZONES[] = {"Europe/Berlin", "Pacific/Kiritimati", "Etc/GMT+12",
                                        "Asia/Kathmandu"};
    for (size_t z = 0; z < sizeof ZONES / sizeof ZONES[0]; z++) {
        set(ZONES[z]);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            assert_true(abs(hc_zone_day(rows[i].ms) - rows[i].day) <= 1);
    }
}

static void names_that_are_none(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"Mars/Olympus",
                                        "",
                                        "..",
                                        "../zoneinfo/UTC",
                                        "Europe/../UTC",
                                        "/usr/share/zoneinfo/UTC",
                                        "/etc/localtime",
                                        "../../../etc/passwd",
                                        "./UTC",
                                        ":Europe/Berlin",
                                        "Europe/Berlin ",
                                        "Europe/Berlin\n",
                                        "Europe\\Berlin",
                                        "Europe", /* a folder */
                                        "Europe/",
                                        "leapseconds", /* a file, but no zone */
                                        "zone.tab",
                                        "europe/berlin",
                                        "CET-1CEST,M3.5.0,M10.5.0/3", /* a rule, no name */
                                        "UTC+25",
                                        "%s%s%n",
                                        "\xc3\x84/\xc3\x96",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    set("Asia/Kolkata");
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        struct hc_error err = {0};
        assert_int_equal(hc_zone_set(NAMES[i], &err), HC_ESETTING);
        assert_string_equal(err.field, "APP_TIMEZONE");
        assert_true(err.detail[0]);
        assert_string_equal(hc_zone_name(), "Asia/Kolkata"); /* the one before stays */
        assert_true(hc_zone_day_start(1) == DAY - 5 * HOUR - 30 * MINUTE);
    }
}

static void utc_before_anything_is_set(void **state)
{
    (void)state;
    assert_string_equal(hc_zone_name(), "UTC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utc_before_anything_is_set), /* first */
        cmocka_unit_test(midnight),
        cmocka_unit_test(ends_of_months_and_leap_days),
        cmocka_unit_test(offsets_and_summer_time),
        cmocka_unit_test(a_day_that_never_was),
        cmocka_unit_test(days_follow_one_another),
        cmocka_unit_test(far_past_and_future),
        cmocka_unit_test(names_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
