/* pulse.h - what every consumer does by the clock: the topics, the beat, the plan, the lease.
 *
 * Duties of schedule.c, see duty.h.
 */
#ifndef HC_PULSE_H
#define HC_PULSE_H

#include "duty.h"
#include "movement.h"

/* What the beat remembers. */
struct hc_beat {
    int64_t counted; /* ctx->inserted at the last beat */
    int64_t counted_ms;
    double rate;
};

/* Topics first, since a group can't read one that is not there; then the ping that says we came. HC_EBROKER.
 */
hc_duty_run hc_pulse_topics; /* state: a bool, that it worked */
/* Says in Redis that this process is alive and what it counts of itself, and hears how many workers there are
 * in all. Never fails. */
hc_duty_run hc_pulse_beat; /* state: struct hc_beat */
/* Takes it back, on a thread that waits for nobody: also when the store and the broker hang at the end. */
void hc_pulse_beat_end(struct hc_duty_turn *t);
/* The planner's turn. */
hc_duty_run hc_pulse_plan; /* state: a struct hc_movement * */
void hc_pulse_plan_end(struct hc_duty_turn *t);
/* The lease's turn. */
hc_duty_run hc_pulse_lease;
void hc_pulse_lease_end(struct hc_duty_turn *t);

#endif
