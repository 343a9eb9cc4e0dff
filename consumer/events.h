/* events.h - what happens to users, drained from Kafka into the counters.
 *
 * The group user-consumer-create reads user.activate.create and the notices user.created.single,
 * user.updated.single and user.deleted.single. Messages are taken in batches: as many as lie ready, at most
 * HC_EVENTS_MAX, so that under load many share one step of their slot, and one alone waits for
 * nobody. What can't be read, or is about a user that never was, goes to user.dead; the
 * offsets follow once everything else is counted.
 */
#ifndef HC_EVENTS_H
#define HC_EVENTS_H

#include "context.h"

#define HC_EVENTS_MAX 4000 /* messages in a batch */

/* One event worker; number is its place, from 0, among the event workers. */
struct hc_event_worker {
    struct hc_context *ctx;
    int number;
};

/* A thread's main: runs until ctx->stop. arg: struct hc_event_worker. */
void *hc_events_run(void *arg);

#endif
