/* See movement.h. */
#include "movement.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "clock.h"

#define STALL_MS 5000
#define STALL_MAX_MS 60000

struct seen {
    char job[HC_JOB_ID_LEN + 1];
    int64_t work;   /* begun + done + published chunks; -1 before the first look */
    int64_t resent; /* rounds of sending again, by whichever process */
    int64_t since;  /* hc_mono_ms when one of them last changed */
    int wait_ms;    /* without change until it stands still */
    UT_hash_handle hh;
};

struct hc_movement {
    struct seen *jobs;
};

struct hc_movement *hc_movement_new(void)
{
    return calloc(1, sizeof(struct hc_movement));
}

void hc_movement_free(struct hc_movement *m)
{
    struct seen *s, *next;
    if (!m)
        return;
    HASH_ITER(hh, m->jobs, s, next)
    {
        HASH_DEL(m->jobs, s);
        free(s);
    }
    free(m);
}

void hc_movement_forget(struct hc_movement *m, const char *job)
{
    struct seen *s;
    HASH_FIND_STR(m->jobs, job, s);
    if (!s)
        return;
    HASH_DEL(m->jobs, s);
    free(s);
}

static struct seen *find_or_add(struct hc_movement *m, const char *job)
{
    struct seen *s;
    HASH_FIND_STR(m->jobs, job, s);
    if (s)
        return s;
    s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    memcpy(s->job, job, sizeof s->job);
    s->work = -1;
    HASH_ADD_STR(m->jobs, job, s);
    return s;
}

static int longer(int wait_ms)
{
    return wait_ms * 2 > STALL_MAX_MS ? STALL_MAX_MS : wait_ms * 2;
}

bool hc_movement_stalled(struct hc_movement *m, const struct hc_job *job)
{
    struct seen *s = find_or_add(m, job->id);
    int64_t work = job->started_chunks + job->done_chunks + job->published;
    int64_t now = hc_mono_ms();
    if (!s)
        return false;
    if (s->work == work && s->resent == job->resent)
        return now - s->since >= s->wait_ms;
    s->wait_ms = s->work == work ? longer(s->wait_ms) : STALL_MS;
    s->work = work;
    s->resent = job->resent;
    s->since = now;
    return false;
}
