/* See pace.h. */
#include "pace.h"

#include "planner.h"

#define SECOND_US INT64_C(1000000)
#define BEHIND_S 5 /* that much is caught up on */
#define AHEAD_S 1  /* clocks of several machines may differ by this; by more, and the clock was set back */

static int64_t time_of(const struct hc_job *job, int64_t chunk)
{
    return hc_job_chunk_size(job, chunk) * SECOND_US / job->rate;
}

static int64_t room(const struct hc_job *job, int workers)
{
    int64_t most = BEHIND_S * job->rate / job->chunk_users;
    if (most < 1)
        most = 1;
    if (most > (int64_t)HC_CHUNKS_A_WORKER * workers)
        most = (int64_t)HC_CHUNKS_A_WORKER * workers;
    return most - (job->published - job->done_chunks);
}

struct hc_pace hc_pace_next(const struct hc_job *job, int workers, int64_t now_us)
{
    struct hc_pace next = {job->published, job->paced_us};
    bool started = job->state == HC_JOB_QUEUED || job->paced_us == 0;
    if (started || job->paced_us > now_us + AHEAD_S * SECOND_US)
        next.paced_us = now_us;
    if (next.paced_us < now_us - BEHIND_S * SECOND_US)
        next.paced_us = now_us - BEHIND_S * SECOND_US;
    for (int64_t left = room(job, workers); left > 0 && next.published < job->chunks; left--) {
        int64_t until = next.paced_us + time_of(job, next.published);
        if (until > now_us)
            break;
        next.paced_us = until;
        next.published++;
    }
    return next;
}
