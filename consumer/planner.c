/* See planner.h. */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "job.h"
#include "log.h"
#include "message.h"
#include "pace.h"
#include "slot.h"

#define OPEN_JOBS_MAX 1000 /* as many as APP_JOBS_MAX allows */
#define RATE_EACH_MS 1000
#define RATE_WEIGHT 0.4 /* of the newest second in the smoothed rate */

static const char WAITING_FOR_KAFKA[] = "waiting for Kafka: the message broker can't be reached";
static const char OTHER_GENERATOR[] = "waiting for a consumer of the version that this job was made with";

/* What one turn works with. */
struct turn {
    struct hc_movement *movement;
    struct hc_context *ctx;
    struct hc_db *db;
    int workers; /* alive in all processes */
    bool kafka_up;
};

/* ---- sending ---- */

/* Chunks go round all partitions by steps of the golden ratio, so that any few in a row fall on
 * all members of the group, however the partitions are shared out. A chunk that is sent again goes
 * to the next partition: whoever reads the first one may not be able to do it. */
static int32_t partition_for(const struct hc_job *job, int64_t chunk, int32_t partitions)
{
    uint32_t place = (uint32_t)(UINT32_C(2654435769) * ((uint32_t)chunk + 1)) + job->people.hash;
    uint64_t first = ((uint64_t)place * (uint64_t)partitions) >> 32;
    return (int32_t)((first + (uint64_t)job->resent) % (uint64_t)partitions);
}

/* False when nothing can be sent any more: what is not sent now is missed below, and sent again. */
static bool publish(struct turn *t, const struct hc_job *job, int64_t chunk)
{
    char value[96];
    struct hc_error err;
    int32_t partitions = hc_bus_partitions(t->ctx->bus, HC_TOPIC_BULK);
    if (partitions == 0 || atomic_load(&t->ctx->stop) || !hc_bus_is_up(t->ctx->bus))
        return false;
    int len = hc_slice_write(value, job->id, chunk);
    struct hc_message m = {.topic = HC_TOPIC_BULK,
                           .key = job->id,
                           .key_len = strlen(job->id),
                           .value = value,
                           .value_len = (size_t)len,
                           .partition = partition_for(job, chunk, partitions)};
    return hc_bus_send(t->ctx->bus, &m, &err) == HC_OK;
}

/* Sends again what is out and not done; begun_only leaves out what never began. */
static void publish_missing(struct turn *t, const struct hc_job *job, bool begun_only)
{
    for (int64_t c = 0; c < job->published; c++)
        if (!hc_job_bit(job->done, c) && (!begun_only || hc_job_bit(job->started, c)))
            if (!publish(t, job, c))
                return;
}

static bool broker_is_up(struct hc_context *ctx)
{
    int ms;
    struct hc_error err;
    return (hc_bus_is_up(ctx->bus) || hc_bus_ping(ctx->bus, 500, &ms, &err) == HC_OK) &&
           hc_bus_partitions(ctx->bus, HC_TOPIC_BULK) > 0;
}

/* ---- deciding ---- */

static struct hc_job_plan same(const struct hc_job *job)
{
    return (struct hc_job_plan){.state = job->state,
                                .published = job->published,
                                .per_second = job->per_second,
                                .mark_ms = job->mark_ms,
                                .mark_done = job->mark_done,
                                .resent = job->resent,
                                .paced_us = job->paced_us,
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

/* ---- one job ---- */

/* The job will change no more. Intents come first: a number that the page shows of
 * a finished job has to be whole. */
static enum hc_err settle(struct turn *t, const struct hc_job *job, enum hc_job_state state,
                          struct hc_error *err)
{
    bool won;
    enum hc_err e = hc_slots_finish(t->db, err);
    if (e != HC_OK)
        return e;
    struct hc_job_plan plan = same(job);
    plan.state = state;
    plan.settled = true;
    plan.detail = "";
    e = hc_job_plan(t->db, job, &plan, &won, err);
    if (won)
        hc_log(HC_LOG_INFO, "job.settled", hc_job_state_text(state), HC_STR("job", job->id),
               HC_INT("done", job->done_users), HC_INT("ms", hc_now_ms() - job->created_ms), NULL);
    hc_movement_forget(t->movement, job->id);
    return e;
}

/* Can't go on now: says why, once. */
static enum hc_err wait_for(struct turn *t, const struct hc_job *job, const char *why, struct hc_error *err)
{
    bool won;
    if (strcmp(job->detail, why) == 0)
        return HC_OK;
    struct hc_job_plan plan = same(job);
    plan.detail = why;
    hc_log(HC_LOG_WARN, "job.waiting", why, HC_STR("job", job->id), NULL);
    return hc_job_plan(t->db, job, &plan, &won, err);
}

static int64_t next_published(const struct hc_job *job, int workers)
{
    int64_t room = (int64_t)HC_CHUNKS_A_WORKER * workers - (job->published - job->done_chunks);
    int64_t next = job->published + (room > 0 ? room : 0);
    return next < job->chunks ? next : job->chunks;
}

/* What is out from now on. */
static void hand_out(const struct turn *t, const struct hc_job *job, struct hc_job_plan *plan)
{
    plan->published = next_published(job, t->workers);
    if (job->rate == 0)
        return;
    struct hc_pace next = hc_pace_next(job, t->workers, hc_now_us());
    plan->published = next.published;
    plan->paced_us = next.paced_us;
}

/* A live job rests between its chunks: only what is out can stand still. */
static bool is_stalled(struct turn *t, const struct hc_job *job)
{
    return hc_movement_stalled(t->movement, job) && job->published > job->done_chunks;
}

static enum hc_err plan_moving(struct turn *t, const struct hc_job *job, struct hc_error *err)
{
    if (job->done_chunks == job->chunks)
        return settle(t, job, HC_JOB_DONE, err);
    if (!hc_job_is_known(job))
        return wait_for(t, job, OTHER_GENERATOR, err);
    if (!t->kafka_up)
        return wait_for(t, job, WAITING_FOR_KAFKA, err);
    struct hc_job_plan plan = same(job);
    plan.state = HC_JOB_RUNNING;
    hand_out(t, job, &plan);
    plan.detail = "";
    bool rated = take_rate(job, &plan, hc_now_ms());
    bool resumed = job->state == HC_JOB_QUEUED && job->published > 0;
    bool again = is_stalled(t, job) || resumed;
    plan.resent += again;
    bool set_back = plan.paced_us < job->paced_us;
    if (!rated && !again && !set_back && plan.published == job->published && job->state == HC_JOB_RUNNING)
        return HC_OK;
    bool won;
    enum hc_err e = hc_job_plan(t->db, job, &plan, &won, err);
    if (!won)
        return e;
    if (again)
        publish_missing(t, job, false);
    for (int64_t c = job->published; c < plan.published && publish(t, job, c); c++)
        ;
    return HC_OK;
}

/* Paused or cancelled: what was begun is seen to its end. */
static enum hc_err plan_held(struct turn *t, const struct hc_job *job, struct hc_error *err)
{
    bool won;
    if (job->started_chunks == job->done_chunks)
        return job->state == HC_JOB_CANCELLED ? settle(t, job, HC_JOB_CANCELLED, err) : HC_OK;
    if (!t->kafka_up || !hc_movement_stalled(t->movement, job))
        return HC_OK;
    struct hc_job_plan plan = same(job);
    plan.resent++;
    enum hc_err e = hc_job_plan(t->db, job, &plan, &won, err);
    if (won)
        publish_missing(t, job, true);
    return e;
}

typedef enum hc_err (*plan_fn)(struct turn *t, const struct hc_job *job, struct hc_error *err);
static const plan_fn PLANS[HC_JOB_STATE_COUNT] = {
    [HC_JOB_QUEUED] = plan_moving,
    [HC_JOB_RUNNING] = plan_moving,
    [HC_JOB_PAUSED] = plan_held,
    [HC_JOB_CANCELLED] = plan_held,
};

/* One job's trouble is no reason to leave the others; a store that is away is. */
static bool goes_on(const struct turn *t, enum hc_err e)
{
    return e != HC_ESTORE && e != HC_EOUTCOME && !atomic_load(&t->ctx->stop);
}

static enum hc_err plan_all(struct turn *t, const struct hc_job *jobs, size_t count, struct hc_error *err)
{
    enum hc_err first = HC_OK;
    for (size_t i = 0; i < count; i++) {
        struct hc_error why = {0};
        enum hc_err e = PLANS[jobs[i].state] ? PLANS[jobs[i].state](t, &jobs[i], &why) : HC_OK;
        if (e != HC_OK && first == HC_OK) {
            first = e;
            *err = why;
        }
        if (!goes_on(t, e))
            break;
    }
    return first;
}

enum hc_err hc_planner_turn(struct hc_movement *movement, struct hc_context *ctx, struct hc_db *db,
                            int workers, struct hc_error *err)
{
    struct turn t = {.movement = movement, .ctx = ctx, .db = db, .workers = workers};
    struct hc_job *jobs = calloc(OPEN_JOBS_MAX, sizeof *jobs);
    size_t count = 0;
    if (!jobs)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    enum hc_err e = hc_job_list(db, true, jobs, OPEN_JOBS_MAX, &count, err);
    if (e == HC_OK && count > 0) {
        t.kafka_up = broker_is_up(ctx);
        e = plan_all(&t, jobs, count, err);
    }
    for (size_t i = 0; i < count; i++)
        hc_job_release(&jobs[i]);
    free(jobs);
    return e;
}
