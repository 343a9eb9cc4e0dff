/* flight.h - answers that are kept in Redis, filled by one at a time.
 *
 * A flight is one cached answer: its key, how long it is fresh, how long it may
 * be served stale, and the function that makes it. Over all threads and
 * processes one request fills a key at a time:
 *   fresh    it is served;
 *   stale    whoever gets the lock fills and serves anew, the others serve the
 *            stale one;
 *   missing  whoever gets the lock fills, the others wait at most 100 ms for
 *            the value, then fill too;
 *   Redis away (or refusing to store): of the threads of one process that want
 *            the same key one fills, the others wait for its value. It is kept
 *            in the process for fresh_ms, until Redis is back.
 * At most HC_FLIGHT_FILLS fills, of all keys, run at once in a process. A
 * further one serves stale, or waits until its deadline: HC_EBUSY.
 *
 * An answer may belong to a generation, a text that lies in Redis beside it and is
 * read in the same round trip. A value of another generation is a miss, and is
 * never served stale: whoever changes the text is done with all that was kept.
 * One request fills at a time for each generation.
 *
 * A value carries the time before its building; one that was begun earlier
 * never replaces a later one, and one from the future (over 5 s) is a miss, so
 * a clock that was set back heals. What can't be read as our envelope is a miss.
 * A body longer than HC_CACHE_VALUE_MAX is not kept.
 *
 * If the fill fails in a way that passes (hc_err_is_transient), a stale value is
 * served while there is one, marked as such. Other errors are returned, and no
 * error is kept.
 */
#ifndef HC_FLIGHT_H
#define HC_FLIGHT_H

#include "cache.h"

#define HC_FLIGHT_FILLS 4

enum hc_flight_source { HC_FLIGHT_HIT, HC_FLIGHT_STALE, HC_FLIGHT_FILLED };

struct hc_flight {
    const char *key;          /* "hc:1:…", see hc_flight_key */
    int fresh_ms;             /* served as it is */
    int keep_ms;              /* served stale while one refreshes, or the store is away; > fresh_ms */
    int64_t deadline;         /* hc_mono_ms of the request's end */
    const char *generation;   /* the key of the text that the answer belongs to; NULL: to none */
    uint64_t generation_away; /* what stands for that text when Redis does not answer */
    /* Appends the answer's body to *out. May set etag (1 to 31 visible ASCII
     * characters, no quote); left empty, it is made from a hash of the body. Must
     * keep to the deadline by itself. */
    enum hc_err (*fill)(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err);
    void *ctx;
};

struct hc_flight_answer {
    enum hc_flight_source source;
    int64_t built_ms; /* wall time when its building began */
    char etag[32];    /* without quotes */
};

/* Appends the body to *out and fills *answer, or returns fill's error or
 * HC_EBUSY with *err. cache may be NULL (no Redis). out must be empty; it is
 * empty again after an error. May wait until the deadline. Any thread, with its
 * own cache. */
enum hc_err hc_flight_get(struct hc_cache *cache, const struct hc_flight *flight, struct hc_buf *out,
                          struct hc_flight_answer *answer, struct hc_error *err);

/* Makes "hc:1:<name>:<hash of name and canonical query>" into key. The hash is
 * a cryptographic one: nobody can make a query that gets another one's answer. */
void hc_flight_key(char key[HC_CACHE_KEY_MAX], const char *name, const void *query, size_t len);

/* Begins another generation: after HC_OK, whoever asks from now on meets no value that was kept under this
 * text before. Else nobody can say: HC_ECACHE, HC_EINTERNAL. One round trip. */
enum hc_err hc_flight_generation_new(struct hc_cache *cache, const char *key);

/* Counters of this process since its start: for rates and /metrics. */
struct hc_flight_stats {
    uint64_t hits, stale, filled, failed;
};
void hc_flight_stats_read(struct hc_flight_stats *out);

#endif
