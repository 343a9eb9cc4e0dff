/* See planner.h. */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "job.h"
#include "log.h"
#include "message.h"
#include "slot.h"

#define CHUNKS_A_WORKER 4
#define STALL_MS 5000
#define RATE_EACH_MS 1000
#define RATE_WEIGHT 0.4 /* of the newest second in the smoothed rate */

static const char WAITING_FOR_KAFKA[] = "waiting for Kafka: the message broker can't be reached";
static const char OTHER_GENERATOR[] = "waiting for a consumer of the version that this job was made with";

/* ---- sending ---- */

/* Chunks go round all partitions by steps of the golden ratio, so that any few in a row fall on
 * all members of the group, however the partitions are shared out. */
static int32_t partition_for(uint32_t hash, int64_t chunk, int32_t partitions)
{
    uint32_t place = (uint32_t)(UINT32_C(2654435769) * ((uint32_t)chunk + 1)) + hash;
    return partitions > 0 ? (int32_t)(((uint64_t)place * (uint64_t)partitions) >> 32) : -1;
}

static void publish(struct hc_context *ctx, const struct hc_job *job, int64_t chunk)
{
    char value[96];
    int len = hc_slice_write(value, job->id, chunk);
    struct hc_message m = {
        .topic = HC_TOPIC_BULK,
        .key = job->id,
        .key_len = strlen(job->id),
        .value = value,
        .value_len = (size_t)len,
        .partition = partition_for(job->people.hash, chunk, hc_bus_partitions(ctx->bus, HC_TOPIC_BULK))};
    struct hc_error err;
    /* What can't be sent now is missed by the stall above, and sent again. */
    hc_bus_send(ctx->bus, &m, &err);
}

/* Sends again what is out and not done; begun_only leaves out what never began. */
static void publish_missing(struct hc_context *ctx, const struct hc_job *job, bool begun_only)
{
    for (int64_t c = 0; c < job->published; c++)
        if (!hc_job_bit(job->done, c) && (!begun_only || hc_job_bit(job->started, c)))
            publish(ctx, job, c);
}

static bool broker_is_up(struct hc_context *ctx)
{
    int ms;
    struct hc_error err;
    return hc_bus_is_up(ctx->bus) || hc_bus_ping(ctx->bus, 500, &ms, &err) == HC_OK;
}

/* ---- deciding ---- */

static struct hc_job_plan same(const struct hc_job *job)
{
    return (struct hc_job_plan){.state = job->state,
                                .published = job->published,
                                .per_second = job->per_second,
                                .mark_ms = job->mark_ms,
                                .mark_done = job->mark_done,
                                .moved_ms = job->moved_ms,
                                .moved_chunks = job->moved_chunks,
                                .detail = job->detail};
}

/* Takes the rate once a second. Returns true when it did. */
static bool take_rate(const struct hc_job *job, struct hc_job_plan *plan, int64_t now)
{
    int64_t ms = now - job->mark_ms;
    if (job->mark_ms > 0 && ms >= 0 && ms < RATE_EACH_MS)
        return false;
    if (job->mark_ms > 0 && ms > 0) {
        double rate = (double)(job->done_users - job->mark_done) * 1000.0 / (double)ms;
        bool first = job->per_second < 1;
        plan->per_second = first ? rate : job->per_second * (1 - RATE_WEIGHT) + rate * RATE_WEIGHT;
    }
    plan->mark_ms = now;
    plan->mark_done = job->done_users;
    return true;
}

/* Notes movement. Returns true when nothing moved for too long. */
static bool stalled(const struct hc_job *job, struct hc_job_plan *plan, int64_t now)
{
    int64_t chunks = job->started_chunks + job->done_chunks;
    if (chunks != job->moved_chunks || job->moved_ms > now) {
        plan->moved_chunks = chunks;
        plan->moved_ms = now;
        return false;
    }
    if (now - job->moved_ms < STALL_MS)
        return false;
    plan->moved_ms = now;
    return true;
}

/* Stores the plan; *won says that it is ours to carry out. */
static enum hc_err store(struct hc_db *db, const struct hc_job *job, const struct hc_job_plan *plan, bool *won,
                         struct hc_error *err)
{
    return hc_job_plan(db, job, plan, won, err);
}

/* ---- one job ---- */

/* The job will change no more. Intents come first: a number that the page shows of
 * a finished job has to be whole. */
static enum hc_err settle(struct hc_db *db, const struct hc_job *job, enum hc_job_state state,
                          struct hc_error *err)
{
    bool won;
    enum hc_err e = hc_slots_finish(db, err);
    if (e != HC_OK)
        return e;
    struct hc_job_plan plan = same(job);
    plan.state = state;
    plan.settled = true;
    plan.detail = "";
    e = store(db, job, &plan, &won, err);
    if (won)
        hc_log(HC_LOG_INFO, "job.settled", hc_job_state_text(state), HC_STR("job", job->id),
               HC_INT("done", job->done_users), HC_INT("ms", hc_now_ms() - job->created_ms), NULL);
    return e;
}

/* Can't go on now: says why, once. */
static enum hc_err wait_for(struct hc_db *db, const struct hc_job *job, const char *why, struct hc_error *err)
{
    bool won;
    if (strcmp(job->detail, why) == 0)
        return HC_OK;
    struct hc_job_plan plan = same(job);
    plan.detail = why;
    hc_log(HC_LOG_WARN, "job.waiting", why, HC_STR("job", job->id), NULL);
    return store(db, job, &plan, &won, err);
}

static int64_t next_published(const struct hc_job *job, int workers)
{
    int64_t room = (int64_t)CHUNKS_A_WORKER * workers - (job->published - job->done_chunks);
    int64_t next = job->published + (room > 0 ? room : 0);
    return next < job->chunks ? next : job->chunks;
}

static enum hc_err plan_moving(struct hc_context *ctx, struct hc_db *db, const struct hc_job *job, int workers,
                               struct hc_error *err)
{
    if (job->done_chunks == job->chunks)
        return settle(db, job, HC_JOB_DONE, err);
    if (job->generator != HC_GENERATOR_VERSION)
        return wait_for(db, job, OTHER_GENERATOR, err);
    if (!broker_is_up(ctx))
        return wait_for(db, job, WAITING_FOR_KAFKA, err);
    int64_t now = hc_now_ms();
    struct hc_job_plan plan = same(job);
    plan.state = HC_JOB_RUNNING;
    plan.published = next_published(job, workers);
    plan.detail = "";
    bool rated = take_rate(job, &plan, now);
    bool resumed = job->state == HC_JOB_QUEUED && job->published > 0;
    bool again = stalled(job, &plan, now) || resumed;
    bool won;
    if (!rated && !again && plan.published == job->published && job->state == HC_JOB_RUNNING)
        return HC_OK;
    enum hc_err e = store(db, job, &plan, &won, err);
    if (!won)
        return e;
    if (again)
        publish_missing(ctx, job, false);
    for (int64_t c = job->published; c < plan.published; c++)
        publish(ctx, job, c);
    return HC_OK;
}

/* Paused or cancelled: what was begun is seen to its end. */
static enum hc_err plan_held(struct hc_context *ctx, struct hc_db *db, const struct hc_job *job, int workers,
                             struct hc_error *err)
{
    (void)workers;
    bool won;
    if (job->started_chunks == job->done_chunks)
        return job->state == HC_JOB_CANCELLED ? settle(db, job, HC_JOB_CANCELLED, err) : HC_OK;
    struct hc_job_plan plan = same(job);
    bool again = stalled(job, &plan, hc_now_ms());
    if (!again && plan.moved_ms == job->moved_ms)
        return HC_OK;
    enum hc_err e = store(db, job, &plan, &won, err);
    if (won && again)
        publish_missing(ctx, job, true);
    return e;
}

typedef enum hc_err (*plan_fn)(struct hc_context *ctx, struct hc_db *db, const struct hc_job *job, int workers,
                               struct hc_error *err);
static const plan_fn PLANS[HC_JOB_STATE_COUNT] = {
    [HC_JOB_QUEUED] = plan_moving,
    [HC_JOB_RUNNING] = plan_moving,
    [HC_JOB_PAUSED] = plan_held,
    [HC_JOB_CANCELLED] = plan_held,
};

enum hc_err hc_planner_turn(struct hc_context *ctx, struct hc_db *db, int workers, struct hc_error *err)
{
    struct hc_job *jobs = calloc(HC_JOB_LIST_MAX, sizeof *jobs);
    size_t count = 0;
    if (!jobs)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    enum hc_err e = hc_job_list(db, true, jobs, HC_JOB_LIST_MAX, &count, err);
    for (size_t i = 0; i < count; i++) {
        if (e == HC_OK && PLANS[jobs[i].state] && !atomic_load(&ctx->stop))
            e = PLANS[jobs[i].state](ctx, db, &jobs[i], workers, err);
        hc_job_release(&jobs[i]);
    }
    free(jobs);
    return e;
}
