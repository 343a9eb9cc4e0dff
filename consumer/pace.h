/* pace.h - how much of a live job is handed out at a moment.
 *
 * A live job plays its requests at `rate` a second from when it was (re)started. Its
 * document says up to which time they were handed out (paced_us); a chunk is due
 * once the time that it stands for has passed. Whoever comes late - no consumer ran,
 * Kafka was away - catches up on the last 5 s and no more; the time before is lost,
 * and the job ends later.
 *
 * Pure; any thread.
 */
#ifndef HC_PACE_H
#define HC_PACE_H

#include "job.h"

struct hc_pace {
    int64_t published; /* chunks, as hc_job's */
    int64_t paced_us;
};

/* What a live job's plan has to say at now_us. workers: bulk workers alive; at most 2 chunks for each, and at
 * most 5 s' worth, are out at a time, so that others' work is never behind more of it than that. */
struct hc_pace hc_pace_next(const struct hc_job *job, int workers, int64_t now_us);

#endif
