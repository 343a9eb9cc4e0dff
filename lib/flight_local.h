/* flight_local.h - inside of flight.c: sharing within one process, for the
 * time that Redis is away.
 *
 * A small table of the last values, by key. Of several threads that want the
 * same key one fills, the others wait for its result. While Redis is there
 * nothing looks into it, and hc_local_forget empties it: no second source of
 * truth. At most 64 keys, 64 KB a value; a key that finds no room, and a longer
 * value, are simply not shared.
 */
#ifndef HC_FLIGHT_LOCAL_H
#define HC_FLIGHT_LOCAL_H

#include "flight.h"

#define HC_LOCAL_KEYS 64
#define HC_LOCAL_KEY_MAX (HC_CACHE_KEY_MAX + 24)
#define HC_LOCAL_VALUE_MAX (64 * 1024)

enum hc_local_turn {
    HC_LOCAL_TAKEN, /* *out and *answer hold a value built within fresh_ms */
    HC_LOCAL_ERROR, /* the fill that was waited for failed, or the deadline came; *err says it */
    HC_LOCAL_FILL,  /* this thread must fill, and call hc_local_done with *place */
    HC_LOCAL_ALONE  /* this thread fills for itself */
};

struct hc_local_entry;

/* What this thread is to do about flight->key. May wait until the deadline. */
enum hc_local_turn hc_local_begin(const struct hc_flight *flight, struct hc_local_entry **place,
                                  struct hc_buf *out, struct hc_flight_answer *answer, struct hc_error *err);
/* The result of a fill that started at started (hc_mono_ms): an error (in
 * *err), or HC_OK with the body. Wakes those who wait. */
void hc_local_done(struct hc_local_entry *place, enum hc_err code, const struct hc_error *err,
                   int64_t started, const struct hc_buf *body, const struct hc_flight_answer *answer);
/* Copies a value not older than keep_ms. False: there is none. */
bool hc_local_stale(const struct hc_flight *flight, struct hc_buf *out, struct hc_flight_answer *answer);
/* Redis is there again: drops all values. Cheap when there are none. */
void hc_local_forget(void);

#endif
