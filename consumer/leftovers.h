/* leftovers.h - what zombies wrote of users who were deleted.
 *
 * A user with a tombstone is never counted, so whatever is stored of one (a user that a paused inserter
 * brought back, a late request) can be deleted at any time, by anyone, twice: that is all that happens here.
 * The leader does it for the tombstones of the last hour each minute, and for all of them, a piece at a time,
 * round and round.
 */
#ifndef HC_LEFTOVERS_H
#define HC_LEFTOVERS_H

#include "duty.h"

struct hc_leftovers {
    bson_oid_t at;     /* where the round over all tombstones is; zeros: at its begin */
    int64_t recent_ms; /* hc_mono_ms of the last look at those of the last hour */
};

hc_duty_run hc_leftovers_turn; /* state: struct hc_leftovers */

/* All tombstones, until deadline (hc_mono_ms): the rest is left to the rounds. HC_ESTORE. */
enum hc_err hc_leftovers_sweep_all(struct hc_duty_turn *t, int64_t deadline, struct hc_error *err);

#endif
