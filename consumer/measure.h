/* measure.h - how far the counters are from what is stored.
 *
 * Totals can be compared over all slots together only: a generated user is counted in
 * the slot of its chunk, and its later edits in its own. So this reads the
 * sums of all slots, has the server group users (by what `_hc.k` says of them), hc_usage
 * and useractivities, and takes one from the other.
 *
 * A chunk of an open job that is not counted yet is left out, whatever of it is in;
 * only users of it that were edited or deleted already are looked at one by one.
 * Users that a zombie revived after their deletion (see leftovers.h) must have been
 * swept: they are stored and not counted.
 *
 * The result holds if no step was made meanwhile: the caller holds the slots (slot.h), or compares the
 * versions before and after (audit.h). Writes of facts and inserts of chunks may go on.
 */
#ifndef HC_MEASURE_H
#define HC_MEASURE_H

#include "counters.h"
#include "difference.h"
#include "slot.h"

struct hc_measure {
    struct hc_difference difference;
    int64_t v[HC_SLOT_COUNT]; /* versions at the beginning */
    bool intents;             /* one stood in a slot, other than a hold */
    int32_t zone_generation, floor;
    int64_t users;     /* counted ones that are stored */
    int64_t uncounted; /* stored users of whom nothing is counted */
    int64_t ms;        /* how long it took */
    /* its own */
    const struct hc_hold *hold;
    int64_t deadline, renewed_ms;
};

/* Measures into *m, which is overwritten, until deadline (hc_mono_ms). hold (may be NULL) is renewed on the
 * way. *m is released by the caller in every case. HC_EBUSY: right now it can't be said (a job began
 * meanwhile, days are counted anew, a slot is missing); HC_EDEADLINE: too much for that time; HC_ESTORE. */
enum hc_err hc_measure_take(struct hc_measure *m, struct hc_db *db, int64_t deadline,
                            const struct hc_hold *hold, struct hc_error *err);
void hc_measure_release(struct hc_measure *m);

/* HC_OK: all slots are at the versions that m began with, and no intent stands. HC_EBUSY. */
enum hc_err hc_measure_holds(const struct hc_measure *m, struct hc_db *db, struct hc_error *err);

#endif
