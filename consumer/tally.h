/* tally.h - a sum of differences, on its way into a slot.
 *
 * One step's changes are added up here, then written as the intent's delta, nested as a slot's
 * `sum` is. Pure; one thread's own.
 */
#ifndef HC_TALLY_H
#define HC_TALLY_H

#include <bson/bson.h>

#include "countries.h"
#include "device.h"
#include "generator.h"

#define HC_TALLY_DAYS                                                                                        \
    1024 /* different days in one step; a batch has 1 000 changes, two days each at most                     \
          */

struct hc_tally {
    int64_t users, requests;
    int64_t gender[HC_GENDER_COUNT];
    int64_t country[HC_COUNTRY_MAX];
    int64_t os[HC_DEVICE_KEYS_MAX], browser[HC_DEVICE_KEYS_MAX];
    size_t days;
    struct {
        int32_t day;
        int64_t n;
    } day[2 * HC_TALLY_DAYS];
};

/* Adds n to what a user of that gender and country (index of countries.h) counts in. */
void hc_tally_user(struct hc_tally *t, int gender, int country, int64_t n);
/* Adds n requests of a device's keys; one out of range counts as Other. */
void hc_tally_device(struct hc_tally *t, int os, int browser, int64_t n);
/* Adds n to the users of a day. */
void hc_tally_day(struct hc_tally *t, int32_t day, int64_t n);
/* Appends all that is not zero to delta. */
void hc_tally_write(const struct hc_tally *t, bson_t *delta);

#endif
