/* slot.h - the step that changes counters, once and for all.
 *
 * hc_slots has HC_SLOT_COUNT documents {_id, v, intent, sum}. Whatever changes what is
 * counted goes through one of them, as a step:
 *   1. read the slot; if an intent stands, somebody died or is slow: finish it
 *      (3, 4) and read again; then compute what is to be written and added,
 *      from what stands in the database;
 *   2. store the whole intent by compare-and-set on the version: one wins;
 *   3. carry out its writes, each of which is harmless at any later time;
 *   4. commit: add the delta, move the version on, drop the intent, filtered on
 *      the intent's id.
 * A crash anywhere leaves either nothing or an intent which the next comer
 * finishes from the document alone. No step relies on Kafka, on owning a
 * partition or on being alone.
 *
 * An intent: {id, v, writes: [{op, …}, …], delta: {users: n, gender: {…}, …}, slot: {…}, drop: {…}}.
 * sum: {users, gender.<name>, country.<code>, requests, os.<key>, browser.<key>, day.<number>}.
 * The table OPS in slot_write.c has a row for each op.
 *
 * Errors: HC_ESTORE and HC_EOUTCOME mean "call again", nothing is half done that
 * the next call would not finish. Any thread, with its own hc_db.
 */
#ifndef HC_SLOT_H
#define HC_SLOT_H

#include "counters.h"
#include "generator.h"
#include "job.h"
#include "zone.h"

/* A slot as it stood when a step was computed. */
struct hc_slot_now {
    int slot;
    int64_t v;               /* its version; the step's writes carry v + 1 */
    char zone[HC_ZONE_MAX];  /* whose days sum.day counts */
    int32_t zone_generation; /* grows with each change of the zone */
    int32_t floor;           /* days before this one are no longer counted in sum.day */
};

/* What a step wants to happen; all three are initialised, and empty. */
struct hc_slot_intent {
    bson_t writes; /* an array, keys "0", "1", …; see the table in slot_write.c */
    bson_t delta;  /* nested as `sum` is: what is added to it */
    bson_t slot;   /* fields of the slot itself, set as they are: zone, zg, floor */
    bson_t drop;   /* {"day.20000": true}: keys of sum that go */
    bool nothing;  /* all of it is counted already */
};

struct hc_slot_step {
    int slot;
    /* Computes the intent from what stands, after the slot was read without one. */
    enum hc_err (*compute)(void *ctx, struct hc_db *db, const struct hc_slot_now *now,
                           struct hc_slot_intent *out, struct hc_error *err);
    void *ctx;
};

/* Runs one step to its commit. HC_OK: counted, by us now or by someone before. HC_EBUSY: the slot is held
 * for a recount. */
enum hc_err hc_slot_run(struct hc_db *db, const struct hc_slot_step *step, struct hc_error *err);

/* Finishes every intent that stands, of whomever, but a hold. */
enum hc_err hc_slots_finish(struct hc_db *db, struct hc_error *err);

/* Counts a chunk whose users are all in: sets its done bit and adds its histogram. */
enum hc_err hc_slot_count_chunk(struct hc_db *db, const struct hc_job *job, int64_t chunk,
                                struct hc_error *err);

/* ---- the calendar of a slot (slot_days.c) ---- */

/* Days before `floor` are counted no more: their keys go. Harmless if done already. *rebuild is set when a
 * clock that ran ahead had pruned too much: then the slot begins anew as with another zone, see below. */
enum hc_err hc_slot_prune(struct hc_db *db, int slot, int32_t floor, bool *rebuild, struct hc_error *err);
/* The slot counts days of the process's zone from here on, beginning with none: whoever has
 * requests is to be looked at again (HC_CHANGE_LOOK of change.h counts him by the new days). *changed says
 * that the zone was another one before. */
enum hc_err hc_slot_set_zone(struct hc_db *db, int slot, bool *changed, struct hc_error *err);

/* ---- holding all slots still (slot_hold.c) ---- */

/* A hold is an intent that writes nothing: while it stands no step of that slot is made, so the counters
 * stand still and can be compared with what is stored. One that is older than HC_HOLD_MS is
 * broken by whoever comes. */
#define HC_HOLD_MS 30000
struct hc_hold {
    char id[27]; /* the same in all slots */
    int64_t v[HC_SLOT_COUNT];
};
/* Holds all slots, finishing what stands. HC_EBUSY: somebody else holds one. After any error none is held. */
enum hc_err hc_hold_take(struct hc_db *db, struct hc_hold *hold, struct hc_error *err);
/* HC_OK: every slot is still held by it, unbroken since. HC_EBUSY: not so. */
enum hc_err hc_hold_check(struct hc_db *db, const struct hc_hold *hold, struct hc_error *err);
/* The hold is alive: it lasts for another HC_HOLD_MS. HC_EBUSY: it was broken. */
enum hc_err hc_hold_renew(struct hc_db *db, const struct hc_hold *hold, struct hc_error *err);
/* Lets all go. With a delta (nested as `sum`, not empty) slot 0's hold becomes a step that adds it: HC_EBUSY,
 * and nothing added, if that hold was broken. NULL: nothing is added. */
enum hc_err hc_hold_release(struct hc_db *db, const struct hc_hold *hold, const bson_t *delta,
                            struct hc_error *err);

/* ---- for the parts of the step ---- */

/* Carries out the writes of an intent (slot_write.c). */
enum hc_err hc_slot_carry_out(struct hc_db *db, const bson_t *intent, struct hc_error *err);

#endif
