/* duty.h - something that a consumer does by the clock, and what it gets to do it with.
 *
 * schedule.c has a table of duties; each names its function, how often it has its
 * turn, on which thread, and whether all consumers do it or the leader alone.
 */
#ifndef HC_DUTY_H
#define HC_DUTY_H

#include "cache.h"
#include "context.h"
#include "leader.h"

/* One turn of one duty. */
struct hc_duty_turn {
    struct hc_context *ctx;
    struct hc_leader *leader;
    struct hc_db *db;       /* the thread's, borrowed; NULL for a duty that needs none */
    struct hc_cache *cache; /* the thread's */
    void *state;            /* the duty's own memory: zeroed at the start, kept from turn to turn */
    bool first;             /* the first turn of this lead; for everyone's duties the first of all */
    int next_ms;            /* until its next turn: as the table says, changed by the duty if it likes */
};

typedef enum hc_err hc_duty_run(struct hc_duty_turn *t, struct hc_error *err);

/* May the duty write? Asked before each write: false once the process stops, or leads no more. */
static inline bool hc_duty_goes_on(const struct hc_duty_turn *t)
{
    return !atomic_load(&t->ctx->stop) && hc_leader_is_mine(t->leader);
}

#endif
