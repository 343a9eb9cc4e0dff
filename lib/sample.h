/* sample.h - the numbers of the past: hc_samples.
 *
 * A sample is what was counted at one time. One is kept for each period of each
 * tier: 10 s (for 2 hours), a minute (7 days), an hour (2 years). Its _id is the
 * tier and the period's start in seconds, "0060:001795440000", so a range of _id
 * reads one tier in order of time, and whoever comes second to a period finds it
 * taken. `expireAt` is when the database may drop it.
 *
 * Users are kept as ids: names are looked up when they are shown, so that a
 * deleted user's name is nowhere. Countries are kept by code, devices by key.
 *
 *     hc_sample_store(db, hc_now_ms(), &err);       each 10 s, by anyone, as often as one likes
 *
 * Any thread, with its own hc_db. The struct is a plain value.
 */
#ifndef HC_SAMPLE_H
#define HC_SAMPLE_H

#include "counters.h"
#include "usage.h"

#define HC_SAMPLE_COUNTRIES 15
#define HC_SAMPLE_DEVICES 5
#define HC_SAMPLE_USERS 15
#define HC_SAMPLE_ID_MAX 48
#define HC_SAMPLE_TIERS 3

struct hc_sample {
    int64_t at_ms;
    int64_t users, requests, countries;
    int64_t active[HC_WINDOW_COUNT];
    int64_t gender[HC_GENDER_COUNT];
    bool exact;
    size_t country_count, os_count, browser_count, top_count;
    struct hc_country_sum country[HC_SAMPLE_COUNTRIES];
    struct hc_device_sum os[HC_SAMPLE_DEVICES], browser[HC_SAMPLE_DEVICES];
    struct hc_usage top[HC_SAMPLE_USERS]; /* user and requests only */
};

struct hc_sample_tier {
    int64_t period_ms;
    int64_t keep_ms;
};
extern const struct hc_sample_tier hc_sample_tiers[HC_SAMPLE_TIERS]; /* the finest first */

/* Reads what is counted and keeps it for every period that has no sample yet; nothing to do is HC_OK.
 * HC_ESTORE, HC_EOUTCOME: call again next time. */
enum hc_err hc_sample_store(struct hc_db *db, int64_t now_ms, struct hc_error *err);

/* The sample nearest to at_ms, of whatever tier. HC_ENOTFOUND: at_ms lies before the first or behind the last
 * one, by more than a period of its tier. left_ms: time limit of each of a few reads. HC_ESTORE. */
enum hc_err hc_sample_near(struct hc_db *db, int64_t at_ms, int left_ms, struct hc_sample *out,
                           struct hc_error *err);

/* The coarsest tier whose periods are not longer than step and that is kept as far back as from_ms; if all
 * that are kept so long are coarser, the finest of these. Pure. */
const struct hc_sample_tier *hc_sample_tier_for(int64_t from_ms, int64_t step_ms, int64_t now_ms);

/* Calls each for the samples of a tier with from_ms <= at_ms < to_ms, in order of time, until it returns
 * false. Only at_ms, users, requests and active are filled. HC_ESTORE. */
enum hc_err hc_sample_range(struct hc_db *db, const struct hc_sample_tier *tier, int64_t from_ms,
                            int64_t to_ms, int left_ms,
                            bool (*each)(void *ctx, const struct hc_sample *sample), void *ctx,
                            struct hc_error *err);

/* ---- pure parts ---- */

/* What the counters say, as of now_ms; no users. */
void hc_sample_of_counts(const struct hc_counts *counts, int64_t now_ms, struct hc_sample *out);
/* The _id of the period of a tier in which ms lies. Returns out. */
char *hc_sample_id(const struct hc_sample_tier *tier, int64_t ms, char out[HC_SAMPLE_ID_MAX]);
/* Appends the document but for _id and expireAt; and back: what is missing or of another type is 0. */
void hc_sample_bson(const struct hc_sample *sample, bson_t *doc);
void hc_sample_read(struct hc_sample *out, const bson_t *doc);

#endif
