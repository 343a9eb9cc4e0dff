/* context.h - what all threads of the consumer share.
 *
 * Made by main.c before the threads and released after them. Fields without a
 * word about threads are constant in between.
 */
#ifndef HC_CONTEXT_H
#define HC_CONTEXT_H

#include <stdatomic.h>

#include "bus.h"
#include "settings.h"
#include "store.h"

struct hc_context {
    const struct hc_settings *settings;
    struct hc_store *store;       /* thread-safe */
    struct hc_bus *bus;           /* thread-safe */
    int workers;                  /* bulk workers of this process */
    atomic_int all_workers;       /* of all processes, as last heard; 0 before */
    int event_workers;            /* event workers of this process */
    atomic_bool stop;             /* finish what is begun, then end */
    atomic_int exit_code;         /* of a failure that can't pass by itself, 0 none */
    atomic_int_fast64_t inserted; /* users written since the start */
    atomic_int_fast64_t requests; /* users' requests counted since the start … */
    atomic_int_fast64_t repeated; /* … that had been counted before … */
    atomic_int_fast64_t late;     /* … and of users who were deleted meanwhile */
    atomic_int_fast64_t *lag;     /* one a worker, bulk then events: messages behind, -1 unknown */
    atomic_uint_fast64_t retries; /* messages tried again after a passing error */
    atomic_uint_fast64_t dead;    /* messages given to user.dead */
};

#endif
