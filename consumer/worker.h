/* worker.h - one thread that takes messages of the bulk topics and carries them out.
 *
 * A message is done, or dead-lettered, or tried again with back-off while its
 * partitions are paused; it is never skipped. While MongoDB or user.dead is away
 * the worker keeps its place in the group by polling. At a stop it finishes the
 * message it holds, unless that can't be done now: then it comes again.
 */
#ifndef HC_WORKER_H
#define HC_WORKER_H

#include "context.h"

struct hc_worker {
    struct hc_context *ctx;
    int number; /* 0 … workers-1 */
};

/* The thread's function; arg is a struct hc_worker that outlives it. */
void *hc_worker_run(void *arg);

#endif
