/* flight_generation.h - inside of flight.c: the generation that one request's answer belongs to.
 *
 * It begins as what stands for it while Redis is away; each look into Redis reads the text anew, with the
 * value. A value fits when it is of the generation as of the first look, which holds every write that was
 * told before the request came, or of the latest: so those who wait for a value take it although a write came
 * between. A value is labelled with the latest look before its building, and so is never labelled newer than
 * it is.
 *
 * A flight without a generation has the number 0 for good, and so has a text that can't be used: of another
 * type, or too long. Where there is none at all, one is made, so that the lack of one never repeats.
 */
#ifndef HC_FLIGHT_GENERATION_H
#define HC_FLIGHT_GENERATION_H

#include "flight.h"

#define HC_GENERATION_MAX INT64_C(999999999999999) /* a number in a value has 15 digits */
#define HC_GENERATION_TEXT 64                      /* bytes of the longest text */

struct hc_generation {
    const char *key; /* of the text in Redis; NULL: belongs to none */
    bool looked;     /* Redis has answered */
    int64_t first, latest;
    char text[HC_GENERATION_TEXT + 1]; /* the latest, as a NUL-terminated string without any NUL, else "" */
};

void hc_generation_begin(struct hc_generation *g, const struct hc_flight *flight);

/* Appends what lies under key to *bytes and takes over the text beside it, in one round trip. As
 * hc_cache_get. */
enum hc_err hc_generation_read(struct hc_generation *g, struct hc_cache *c, const char *key,
                               struct hc_buf *bytes);

/* May a value with this number be used? */
bool hc_generation_fits(const struct hc_generation *g, int64_t number);

#endif
