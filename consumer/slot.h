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
 * An intent: {id, v, writes: [{op, …}, …], delta: {users: n, gender: {…}, …}}.
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

struct hc_slot_step {
    int slot;
    /* Computes the intent from what stands, after the slot was read without one:
     * appends to writes (a BSON array, keys "0", "1", …; see slot_write.c) and to delta (nested as `sum` is). Sets *nothing when it is counted already. */
    enum hc_err (*compute)(void *ctx, struct hc_db *db, bson_t *writes, bson_t *delta, bool *nothing,
                           struct hc_error *err);
    void *ctx;
};

/* Runs one step to its commit. HC_OK: counted, by us now or by someone before. */
enum hc_err hc_slot_run(struct hc_db *db, const struct hc_slot_step *step, struct hc_error *err);

/* Finishes every intent that stands, of whomever. */
enum hc_err hc_slots_finish(struct hc_db *db, struct hc_error *err);

/* Counts a chunk whose users are all in: sets its done bit and adds its histogram. */
enum hc_err hc_slot_count_chunk(struct hc_db *db, const struct hc_job *job, int64_t chunk, struct hc_error *err);

/* ---- for the parts of the step ---- */

/* Carries out the writes of an intent (slot_write.c). */
enum hc_err hc_slot_carry_out(struct hc_db *db, const bson_t *intent, struct hc_error *err);

#endif
