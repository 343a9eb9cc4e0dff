/* clock.c - see clock.h. */
#include "clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define MS_A_DAY INT64_C(86400000)
#define MS_YEAR_1 INT64_C(-62135596800000)    /* 0001-01-01T00:00:00.000Z */
#define MS_YEAR_9999 INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

static int64_t read_clock(clockid_t id, int64_t per_second)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0)
        return 0; /* only for an id that the kernel doesn't know */
    return now.tv_sec * per_second + now.tv_nsec / (INT64_C(1000000000) / per_second);
}

/* In the build for faults the environment may say that the wall clock is wrong: HC_CLOCK_SHIFT, in seconds.
 * (Libraries that fake the time can't: librdkafka's waits go by a clock that they don't reach.) */
static int64_t wrong_by(void)
{
#ifdef HC_FAILPOINTS
    const char *shift = getenv("HC_CLOCK_SHIFT");
    return shift ? strtoll(shift, NULL, 10) : 0;
#else
    return 0;
#endif
}

int64_t hc_now_us(void)
{
    return read_clock(CLOCK_REALTIME, 1000000) + wrong_by() * 1000000;
}

int64_t hc_now_ms(void)
{
    return read_clock(CLOCK_REALTIME, 1000) + wrong_by() * 1000;
}

int64_t hc_mono_ms(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000);
}

int64_t hc_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000000);
}

int hc_left_ms(int64_t deadline, int cap)
{
    int64_t now = hc_mono_ms();
    if (deadline <= now || cap <= 0)
        return 0;
    int64_t left = deadline - now;
    return left < cap ? (int)left : cap;
}

void hc_sleep_ms(int ms)
{
    if (ms <= 0)
        return;
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

/* Year, month 1..12 and day 1..31 of a day counted from 1970-01-01, in the
 * proleptic Gregorian calendar. Works in eras of 400 years that begin on
 * 1 March, so that a leap day is the last day of its year. */
static void civil_date(int64_t day, int *year, int *month, int *mday)
{
    int64_t d = day + 719468; /* from 0000-03-01; never negative in our range */
    int64_t era = d / 146097;
    int64_t in_era = d % 146097;
    int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * in_year + 2) / 153; /* 0 = March */

    *mday = (int)(in_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(y + era * 400 + (*month <= 2));
}

static void put_digits(char *p, int n, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        p[i] = (char)('0' + n % 10);
        n /= 10;
    }
}

char *hc_iso_format(int64_t ms, char out[HC_ISO_MAX])
{
    if (ms < MS_YEAR_1)
        ms = MS_YEAR_1;
    if (ms > MS_YEAR_9999)
        ms = MS_YEAR_9999;
    int64_t day = ms / MS_A_DAY;
    int64_t rest = ms % MS_A_DAY;
    if (rest < 0) {
        rest += MS_A_DAY;
        day--;
    }
    int year;
    int month;
    int mday;
    int in_day = (int)rest;
    civil_date(day, &year, &month, &mday);

    memcpy(out, "0000-00-00T00:00:00.000Z", 25);
    put_digits(out, year, 4);
    put_digits(out + 5, month, 2);
    put_digits(out + 8, mday, 2);
    put_digits(out + 11, in_day / 3600000, 2);
    put_digits(out + 14, in_day / 60000 % 60, 2);
    put_digits(out + 17, in_day / 1000 % 60, 2);
    put_digits(out + 20, in_day % 1000, 3);
    return out;
}

/* What is left of a text that is being read. */
struct rest {
    const char *at;
    size_t len;
};

static bool skip(struct rest *r, char c)
{
    if (r->len == 0 || *r->at != c)
        return false;
    r->at++;
    r->len--;
    return true;
}

/* Exactly so many digits, of a number from low to high. */
static bool digits(struct rest *r, size_t width, int low, int high, int *out)
{
    int n = 0;
    if (r->len < width)
        return false;
    for (size_t i = 0; i < width; i++) {
        if (r->at[i] < '0' || r->at[i] > '9')
            return false;
        n = n * 10 + (r->at[i] - '0');
    }
    r->at += width;
    r->len -= width;
    *out = n;
    return n >= low && n <= high;
}

/* ".123": 1 to 9 digits, cut to ms. */
static bool fraction(struct rest *r, int *ms)
{
    int digit;
    int value = 0;
    int count = 0;
    for (; count < 9 && digits(r, 1, 0, 9, &digit); count++)
        value += count == 0 ? digit * 100 : count == 1 ? digit * 10 : count == 2 ? digit : 0;
    *ms = value;
    return count > 0;
}

/* "Z", or an offset from UTC in minutes. */
static bool zone_offset(struct rest *r, int *minutes)
{
    int hour;
    int minute;
    *minutes = 0;
    if (skip(r, 'Z'))
        return true;
    bool west = skip(r, '-');
    if (!west && !skip(r, '+'))
        return false;
    if (!digits(r, 2, 0, 23, &hour) || !skip(r, ':') || !digits(r, 2, 0, 59, &minute))
        return false;
    *minutes = (west ? -1 : 1) * (hour * 60 + minute);
    return true;
}

static bool time_of_day(struct rest *r, struct tm *tm, int *ms, int *offset)
{
    if (!digits(r, 2, 0, 23, &tm->tm_hour) || !skip(r, ':') || !digits(r, 2, 0, 59, &tm->tm_min))
        return false;
    if (skip(r, ':')) {
        if (!digits(r, 2, 0, 59, &tm->tm_sec))
            return false;
        if (skip(r, '.') && !fraction(r, ms))
            return false;
    }
    return zone_offset(r, offset);
}

bool hc_iso_read(const char *text, size_t len, int64_t *out)
{
    struct rest r = {text, len};
    struct tm tm = {0};
    int year;
    int month;
    int ms = 0;
    int offset = 0;
    if (!digits(&r, 4, 1970, 9999, &year) || !skip(&r, '-') || !digits(&r, 2, 1, 12, &month) ||
        !skip(&r, '-') || !digits(&r, 2, 1, 31, &tm.tm_mday))
        return false;
    if (r.len > 0 && (!skip(&r, 'T') || !time_of_day(&r, &tm, &ms, &offset)))
        return false;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    int mday = tm.tm_mday;
    int64_t s = timegm(&tm); /* makes 31 April 1 May */
    int64_t value = (s - (int64_t)offset * 60) * 1000 + ms;
    if (r.len > 0 || tm.tm_mday != mday || value < 0 || value > MS_YEAR_9999)
        return false;
    *out = value;
    return true;
}

uint64_t hc_random_token(void)
{
    uint64_t token;
    ssize_t got;
    do
        got = getrandom(&token, sizeof token, 0);
    while (got < 0 && errno == EINTR);
    if (got == (ssize_t)sizeof token)
        return token;

    /* A kernel without getrandom: clocks and ids, mixed (splitmix64). */
    static _Atomic uint64_t calls;
    uint64_t z = (uint64_t)read_clock(CLOCK_REALTIME, 1000000000) ^ ((uint64_t)getpid() << 40);
    z += (++calls) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}
