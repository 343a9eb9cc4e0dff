/* flight.h - answers that are kept in Redis, filled by one at a time.
 *
 * A flight is one cached answer: its key, how long it is fresh, how long it may
 * be served stale, and the function that makes it. Over all threads and
 * processes one request fills a key at a time:
 *   fresh    it is served;
 *   stale    whoever gets the lock fills and serves anew, the others serve the
 *            stale one;
 *   missing  whoever gets the lock fills, the others wait at most 100 ms for
 *            the value, then fill too, at most HC_FLIGHT_FILLS at once in a
 *            process (a further one waits until its deadline: HC_EBUSY);
 *   Redis away: as missing, without the wait.
 * A value carries its time of building; one that was built earlier never
 * replaces a later one. What can't be read as our envelope is a miss.
 *
 * If the fill fails because the store is away, a stale value is served while
 * there is one, marked as such.
 */
#ifndef HC_FLIGHT_H
#define HC_FLIGHT_H

#include "cache.h"

#define HC_FLIGHT_FILLS 4

enum hc_flight_source { HC_FLIGHT_HIT, HC_FLIGHT_STALE, HC_FLIGHT_FILLED };

struct hc_flight {
    const char *key;  /* "hc:1:…", see hc_flight_key */
    int fresh_ms;     /* served as it is */
    int keep_ms;      /* served stale while one refreshes, or the store is away; > fresh_ms */
    int64_t deadline; /* hc_mono_ms of the request's end */
    /* Appends the answer's body to *out. May set etag (at most 31 characters);
     * left empty, it is made from a hash of the body. */
    enum hc_err (*fill)(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err);
    void *ctx;
};

struct hc_flight_answer {
    enum hc_flight_source source;
    int64_t built_ms; /* wall time of building */
    char etag[32];    /* without quotes */
};

/* Appends the body to *out and fills *answer, or returns fill's error. cache
 * may be NULL (no Redis). out must be empty. Any thread, with its own cache. */
enum hc_err hc_flight_get(struct hc_cache *cache, const struct hc_flight *flight, struct hc_buf *out,
                          struct hc_flight_answer *answer, struct hc_error *err);

/* Makes "hc:1:<name>:<hash of the canonical query>" into key. */
void hc_flight_key(char key[HC_CACHE_KEY_MAX], const char *name, const void *query, size_t len);

/* Counters of this process since its start: for rates and /metrics. */
struct hc_flight_stats {
    uint64_t hits, stale, filled, failed;
};
void hc_flight_stats_read(struct hc_flight_stats *out);

#endif
