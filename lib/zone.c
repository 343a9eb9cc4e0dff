/* See zone.h. */
#include "zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ZONES "/usr/share/zoneinfo/"
#define DAY_MS INT64_C(86400000)

static char zone[HC_ZONE_MAX] = "UTC";

/* Letters, digits and "+-_/", no "..": a name, never a path of somebody's choice. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len < HC_ZONE_MAX && name[0] != '/' && !strstr(name, "..") &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/") == len;
}

/* A file of the time zone database: a folder, or a table that lies beside them, would silently be UTC. */
static bool is_zone(const char *path)
{
    char magic[4] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, magic, sizeof magic);
    close(fd);
    return got == 4 && memcmp(magic, "TZif", 4) == 0;
}

enum hc_err hc_zone_set(const char *name, struct hc_error *err)
{
    char path[sizeof ZONES + HC_ZONE_MAX];
    if (!is_name(name))
        return hc_fail(err, HC_ESETTING, "APP_TIMEZONE", "it must be a zone's name, such as Europe/Berlin");
    snprintf(path, sizeof path, ZONES "%s", name);
    if (strcmp(name, "UTC") != 0 && !is_zone(path))
        return hc_fail(err, HC_ESETTING, "APP_TIMEZONE", "this machine doesn't know the zone %s", name);
    strcpy(zone, name);
    setenv("TZ", name, 1);
    tzset();
    return HC_OK;
}

const char *hc_zone_name(void)
{
    return zone;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar. Years are counted from March, so that the
 * leap day is the last one. */
static int32_t day_of_date(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400;
    int of_era = y - era * 400;
    int of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return era * 146097 + days - 719468;
}

int32_t hc_zone_day(int64_t ms)
{
    struct tm local;
    time_t s = (time_t)(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
    if (!localtime_r(&s, &local))
        return 0;
    return day_of_date(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
}

/* The zone's day may begin up to 15 h away from UTC's, and at any minute: found by halving. */
int64_t hc_zone_day_start(int32_t day)
{
    int64_t low = ((int64_t)day - 2) * DAY_MS, high = ((int64_t)day + 2) * DAY_MS;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (hc_zone_day(middle) < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
