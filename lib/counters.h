/* counters.h - what is counted, as the sum of all slots.
 *
 * Every shown number is the sum of HC_SLOT_COUNT documents of hc_slots, one find,
 * whatever the number of users. See slot.h for how they change.
 *
 * A user with requests is counted in one day, that of the latest one. So who was
 * active today or in the last n days is a sum of days, made when it is read: no
 * job has to run at midnight.
 */
#ifndef HC_COUNTERS_H
#define HC_COUNTERS_H

#include "countries.h"
#include "device.h"
#include "generator.h"
#include "store.h"

#define HC_SLOT_COUNT 32
#define HC_DRIFT_UNKNOWN INT64_MIN

enum hc_window { HC_DAILY, HC_WEEKLY, HC_MONTHLY, HC_WINDOW_COUNT };

struct hc_counts {
    int64_t users;
    int64_t requests;
    int64_t gender[HC_GENDER_COUNT];     /* by enum hc_gender */
    int64_t country[HC_COUNTRY_MAX];     /* by index of countries.h, ZZ (unknown) among them */
    int64_t countries;                   /* distinct countries with a user, ZZ not counted */
    int64_t active[HC_WINDOW_COUNT];     /* distinct users with a request in the 1, 7, 30 days up to today */
    int64_t os[HC_DEVICE_KEYS_MAX];      /* requests, by the keys of device.h */
    int64_t browser[HC_DEVICE_KEYS_MAX]; /* the same */
    bool exact;    /* false while the days are being counted anew in another time zone */
    int64_t drift; /* what the last audit found, HC_DRIFT_UNKNOWN for none */
};

/* Adds up the slots; today is that of the process's zone and clock. HC_ESTORE. */
enum hc_err hc_counters_read(struct hc_db *db, struct hc_counts *out, struct hc_error *err);

/* The parts of it, pure: adds one document of hc_slots to *out, and says whether its
 * days are those of zone. A day after today, by a clock that is ahead, is today. */
bool hc_counters_add(struct hc_counts *out, const bson_t *slot, int32_t today, const char *zone);

/* True when the numbers are right as far as anybody knows: exact, and no audit says otherwise. */
bool hc_counters_exact(const struct hc_counts *counts);

struct hc_country_sum {
    int country; /* index of countries.h */
    int64_t sum;
};
/* The countries with users, greatest first, equal ones by code; returns how many
 * of at most max. */
size_t hc_counters_top(const struct hc_counts *counts, struct hc_country_sum *out, size_t max);

struct hc_device_sum {
    int key;
    const char *name; /* static */
    int64_t sum;
};
/* The systems or browsers with requests, greatest first, equal ones by name; returns how many of at most max.
 * sums: counts->os or ->browser; name: hc_device_system_name or hc_device_browser_name. */
size_t hc_counters_top_devices(const int64_t *sums, const char *(*name)(int key), struct hc_device_sum *out,
                               size_t max);

/* "11.00M" and the like: two decimals and K, M, B from 1 000 up, cut, not
 * rounded up to the next unit; below that the number itself. out: 24 bytes. */
char *hc_count_short(int64_t n, char out[24]);

#endif
