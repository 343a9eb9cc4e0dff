/* schedule.h - what the consumer does by the clock, on a thread of its own.
 *
 * Each 200 ms the planner's turn; each second the beat that says this process is
 * alive, how far behind it is and how fast users come in; each 10 s the sweep of
 * jobs that were asked for and never queued; and at the start, until it worked,
 * the topics and one ping. A service that is away costs a turn, never the thread.
 */
#ifndef HC_SCHEDULE_H
#define HC_SCHEDULE_H

#include "context.h"

/* The thread's function; arg is the struct hc_context. Ends when ctx->stop is set. */
void *hc_schedule_run(void *arg);

#endif
