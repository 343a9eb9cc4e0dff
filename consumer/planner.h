/* planner.h - keeps every open job moving.
 *
 * Each turn looks at all open jobs and, for each, decides from its document alone:
 *   queued, running  hand out the next chunks, at most 2 for each worker alive, so
 *                    that a small job gets its share beside a big one; of a live
 *                    job those whose time has come (pace.h);
 *   stalled          nothing was begun or done for 5 s though chunks are out: their
 *                    messages may be lost (a wiped broker), they are sent again, and
 *                    again after 10, 20 … 60 s while still nothing moves;
 *   paused           begun chunks are seen to their end, no new ones;
 *   cancelled        the same, then the job is settled;
 *   all chunks done  intents that still stand are finished, then the job is done.
 * Every consumer process plans; a compare-and-set on the job's `planned` lets one
 * of them win each turn. Publishing comes after that, and a loss of it is the
 * stall above.
 */
#ifndef HC_PLANNER_H
#define HC_PLANNER_H

#include "context.h"
#include "movement.h"

/* Chunks of one job that are out at a time: a small job waits behind no more of a big one than this. */
#define HC_CHUNKS_A_WORKER 2

/* One turn. movement: this thread's memory of the turns before; workers: bulk workers alive in all processes.
 * HC_ESTORE, HC_EBROKER: the next turn tries again. */
enum hc_err hc_planner_turn(struct hc_movement *movement, struct hc_context *ctx, struct hc_db *db,
                            int workers, struct hc_error *err);

#endif
