/* flight_value.h - inside of flight.c: a kept answer as bytes in Redis.
 *
 *     HC2 <built_ms> <counter> <fresh_until_ms> <keep_until_ms> <generation> <etag> <body length>\n<body>
 *
 * Times are wall time in ms. (built_ms, counter) is the version: a put replaces
 * only what is older, unreadable, or built in the future. Whatever is not to
 * the letter of this form is no value at all.
 */
#ifndef HC_FLIGHT_VALUE_H
#define HC_FLIGHT_VALUE_H

#include "cache.h"
#include "flight_generation.h"

#define HC_VALUE_HEADER_MAX 160 /* bytes of the longest header line */
#define HC_VALUE_AHEAD_MS 5000  /* clocks of two machines may differ by so much */

struct hc_value {
    int64_t built_ms;
    int64_t counter; /* tells apart what one process built within a ms */
    int64_t fresh_until_ms;
    int64_t keep_until_ms;
    int64_t generation; /* the number of the one that it belongs to, HC_GENERATION_MAX at most */
    char etag[32];
    const char *body; /* points into the bytes that were read */
    size_t body_len;
};

/* Reads bytes; v->body lies inside them. False: not a value. */
bool hc_value_read(struct hc_value *v, const char *bytes, size_t len);
/* Appends v as bytes. */
void hc_value_write(const struct hc_value *v, struct hc_buf *out);
/* Puts v under key until its keep_until_ms, unless what is there is newer. A value of the current generation
 * replaces one of another also then: a clock that is ahead must not keep it out. */
enum hc_err hc_value_put(struct hc_cache *c, const char *key, const struct hc_value *v,
                         const struct hc_generation *generation, int64_t now_ms);

/* True for 1 to 31 visible ASCII characters without a quote. */
bool hc_etag_is_valid(const char etag[32]);
/* Makes an etag from a hash of the body. */
void hc_etag_make(char etag[32], const void *body, size_t len);

#endif
