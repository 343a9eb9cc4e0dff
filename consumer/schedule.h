/* schedule.h - what the consumer does by the clock, on threads of its own.
 *
 * A table of duties (duty.h), some of everyone, some of the one leader among all
 * consumers (leader.h), on four threads, so that none waits for another's work:
 *   pulse  the beat, the plan, the topics: short, always;
 *   lease  who leads, each second;
 *   quick  the leader's short duties: the sweep, samples, the calendar …;
 *   slow   the leader's long ones: audit, recount, take-up …
 * A service that is away costs a turn, never the thread. Everything that a leader
 * does is harmless when two do it; each duty's header says why.
 */
#ifndef HC_SCHEDULE_H
#define HC_SCHEDULE_H

#include "context.h"

/* The thread's function; arg is the struct hc_context. Starts the other threads, ends with them when
 * ctx->stop is set. */
void *hc_schedule_run(void *arg);

#endif
