/* counters.h - what is counted, as the sum of all slots.
 *
 * Every shown number is the sum of HC_SLOT_COUNT documents of hc_slots, one find,
 * whatever the number of users. See slot.h for how they change.
 */
#ifndef HC_COUNTERS_H
#define HC_COUNTERS_H

#include "countries.h"
#include "generator.h"
#include "store.h"

#define HC_SLOT_COUNT 32

struct hc_counts {
    int64_t users;
    int64_t requests;
    int64_t gender[HC_GENDER_COUNT];   /* by enum hc_gender */
    int64_t country[HC_COUNTRY_MAX];   /* by index of countries.h, ZZ (unknown) among them */
    int64_t countries;                 /* distinct countries with a user, ZZ not counted */
};

/* Adds up the slots. HC_ESTORE. */
enum hc_err hc_counters_read(struct hc_db *db, struct hc_counts *out, struct hc_error *err);

struct hc_country_sum {
    int country; /* index of countries.h */
    int64_t sum;
};
/* The countries with users, greatest first, equal ones by code; returns how many
 * of at most max. */
size_t hc_counters_top(const struct hc_counts *counts, struct hc_country_sum *out, size_t max);

/* "11.00M" and the like: two decimals and K, M, B from 1 000 up, cut, not
 * rounded up to the next unit; below that the number itself. out: 24 bytes. */
char *hc_count_short(int64_t n, char out[24]);

#endif
