/* difference.h - what is stored less what is counted, by counter.
 *
 * A counter is a part and, for most, a key: ("users", ""), ("gender", "male"), ("day", "20000"). Stored
 * things are added, counters taken off; what is left is the drift, and as it stands the delta that repairs
 * it.
 *
 *     struct hc_difference d = {0};
 *     hc_difference_add(&d, "gender", "male", 3);
 *     hc_difference_take_slot(&d, slot, floor);
 *     hc_difference_sum(&d), hc_difference_write(&d, &delta);
 *     hc_difference_release(&d);
 *
 * Pure; one thread's own.
 */
#ifndef HC_DIFFERENCE_H
#define HC_DIFFERENCE_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

struct hc_difference_row;

struct hc_difference {
    struct hc_difference_row *rows;
    bool failed; /* out of memory: it says nothing */
};

/* key: "" for a part without any. */
void hc_difference_add(struct hc_difference *d, const char *part, const char *key, int64_t n);
/* Adds n users of a gender's name and a country's code. */
void hc_difference_add_users(struct hc_difference *d, const char *gender, const char *country, int64_t n);
/* Takes off the sums of one document of hc_slots: the parts that we know, keys that nobody writes among them,
 * but no day before floor. */
void hc_difference_take_slot(struct hc_difference *d, const bson_t *slot, int32_t floor);

/* All differences added up without their signs; 0: stored and counted agree. */
int64_t hc_difference_sum(const struct hc_difference *d);
/* Appends what is not zero to delta, nested as a slot's `sum` is. */
void hc_difference_write(const struct hc_difference *d, bson_t *delta);
/* Appends "part.key": n for the greatest few to doc: for people. */
void hc_difference_show(struct hc_difference *d, bson_t *doc, int most);
void hc_difference_release(struct hc_difference *d);

#endif
