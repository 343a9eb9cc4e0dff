/* zone.h - days in the time zone that active users are counted in.
 *
 * A day is a number: days since 1970-01-01 of the local calendar. The zone is the
 * process's one, APP_TIMEZONE: hc_zone_set is called once, before threads start
 * (it sets TZ); after it the rest is thread-safe and can't fail.
 */
#ifndef HC_ZONE_H
#define HC_ZONE_H

#include <stdint.h>

#include "error.h"

#define HC_ZONE_MAX 64 /* bytes of a zone's name with its NUL */

/* HC_ESETTING with field APP_TIMEZONE when this machine doesn't know the zone. */
enum hc_err hc_zone_set(const char *name, struct hc_error *err);
/* The name that was set; "UTC" before. */
const char *hc_zone_name(void);

/* The day in which ms (since the epoch; 0001 … 9999) lies. */
int32_t hc_zone_day(int64_t ms);
/* The first ms of a day. */
int64_t hc_zone_day_start(int32_t day);

#endif
