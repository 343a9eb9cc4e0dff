/* rates.h - how fast users and requests come in.
 *
 * A short row of samples (time, users, requests), at least half a second apart
 * and at most 10 s old, lies in Redis, so that all processes see one rate; while
 * Redis is away this process keeps a row of its own. The rate is the slope from
 * the oldest sample to now. Thread-safe.
 */
#ifndef HC_RATES_H
#define HC_RATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache.h"

#define HC_RATES_WINDOW_MS 10000
#define HC_RATES_SAMPLES_MAX 20

struct hc_rates {
    double users;    /* a second */
    double requests; /* a second */
    bool known;      /* false while there is but one sample */
};

struct hc_rates_sample {
    int64_t ms; /* wall time */
    int64_t users;
    int64_t requests;
};

struct hc_rates_row {
    size_t count;
    struct hc_rates_sample list[HC_RATES_SAMPLES_MAX]; /* oldest first */
};

/* Notes what is counted now and tells the rates. cache may be NULL. */
void hc_rates_note(struct hc_cache *cache, int64_t now_ms, int64_t users, int64_t requests,
                   struct hc_rates *out);

/* The pure part: drops what is too old or from the future, takes the sample in if
 * it is far enough from the last one, and computes the rates. */
void hc_rates_row_note(struct hc_rates_row *row, const struct hc_rates_sample *now, struct hc_rates *out);

/* The text that Redis keeps, "ms users requests\n" each, and back: what can't be
 * read is an empty row. */
void hc_rates_row_write(const struct hc_rates_row *row, struct hc_buf *out);
void hc_rates_row_read(struct hc_rates_row *row, const char *text);

#endif
