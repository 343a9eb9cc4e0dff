/* See bulk.h. */
#include "bulk.h"

#include <string.h>

#include "failpoint.h"
#include "log.h"
#include "message.h"
#include "people.h"
#include "requests.h"
#include "slot.h"

static enum hc_err handle_trigger(struct hc_context *ctx, struct hc_db *db, struct hc_member *member,
                                  const rd_kafka_message_t *msg, struct hc_error *err)
{
    struct hc_trigger t;
    char id[HC_JOB_ID_LEN + 1];
    enum hc_err e = hc_trigger_read(msg->payload, msg->len, ctx->settings->generate_max, &t, err);
    if (e != HC_OK)
        return e;
    if (t.job[0])
        return HC_OK; /* ours: the planner sees the job itself, this was a hint */
    /* Without the cluster's id the message would get another job id when it comes again. */
    const char *cluster = hc_member_cluster(member);
    if (!*cluster)
        return hc_fail(err, HC_EBROKER, "kafka", "the cluster's id is not known yet");
    if (!hc_foreign_job_id(id, cluster, msg))
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    struct hc_job_request request = {.id = id,
                                     .total = t.total,
                                     .has_seed = t.has_seed,
                                     .seed = t.seed,
                                     .chunk_users = ctx->settings->chunk_users};
    struct hc_job job;
    bool existed;
    HC_FAILPOINT("trigger.read");
    e = hc_job_create(db, &request, &job, &existed, err);
    if (e != HC_OK)
        return e;
    HC_FAILPOINT("trigger.stored");
    if (!existed)
        hc_log(HC_LOG_INFO, "job.queued", "a message asked for users", HC_STR("job", job.id),
               HC_INT("total", job.total), NULL);
    hc_job_release(&job);
    return HC_OK;
}

/* A begun chunk of users: they themselves, then the graves, then the count. */
static enum hc_err run_users(struct hc_context *ctx, struct hc_db *db, const struct hc_job *job,
                             int64_t chunk, struct hc_error *err)
{
    struct hc_people_result result;
    HC_FAILPOINT("insert.before");
    enum hc_err e = hc_people_insert(db, job, chunk, ctx->settings->batch_users, &result, err);
    atomic_fetch_add(&ctx->inserted, result.inserted);
    HC_FAILPOINT("insert.after");
    if (e == HC_OK)
        e = hc_people_bury(db, job, chunk, err);
    HC_FAILPOINT("count.before");
    if (e == HC_OK)
        e = hc_slot_count_chunk(db, job, chunk, err);
    HC_FAILPOINT("count.after");
    return e;
}

/* What completes a begun chunk, by the job's kind. */
typedef enum hc_err (*run_fn)(struct hc_context *ctx, struct hc_db *db, const struct hc_job *job,
                              int64_t chunk, struct hc_error *err);
static const run_fn RUN_CHUNK[HC_JOB_KIND_COUNT] = {
    [HC_JOB_USERS] = run_users,
    [HC_JOB_ACTIVITIES] = hc_requests_run,
};

/* Why a chunk can't be begun: the message's fault, or something that may pass. */
static enum hc_err begin_failed(enum hc_err e, struct hc_error *err)
{
    if (e == HC_ENOTFOUND)
        return hc_fail(err, HC_EMALFORMED, "job", "there is no such job");
    if (e == HC_EINTERNAL && strcmp(err->field, "job") == 0)
        return hc_fail(err, HC_EINVALID, "job", "the job's document makes no sense");
    if (e == HC_ENEWER) /* a newer build's job: its planner sends the slice again, to another consumer */
        return HC_OK;
    return e;
}

static enum hc_err handle_slice(struct hc_context *ctx, struct hc_db *db, struct hc_member *member,
                                const rd_kafka_message_t *msg, struct hc_error *err)
{
    (void)member;
    struct hc_slice slice;
    struct hc_job job;
    enum hc_chunk_turn turn;
    enum hc_err e = hc_slice_read(msg->payload, msg->len, &slice, err);
    if (e != HC_OK)
        return e;
    HC_FAILPOINT("chunk.read");
    e = hc_job_begin_chunk(db, slice.job, slice.chunk, &turn, &job, err);
    if (e != HC_OK)
        return begin_failed(e, err);
    HC_FAILPOINT("chunk.begun");
    if (turn == HC_CHUNK_RUN)
        e = RUN_CHUNK[job.kind](ctx, db, &job, slice.chunk, err);
    if (e == HC_ENOTFOUND) /* the job was taken away by hand meanwhile */
        e = hc_fail(err, HC_EMALFORMED, "job", "there is no such job");
    if (e == HC_ENEWER) /* an intent of a newer build stands in the way */
        e = hc_fail(err, HC_EBUSY, "slot", "a newer Headcount is at work on this slot");
    hc_job_release(&job);
    return e;
}

static const struct handler {
    const char *topic;
    enum hc_err (*handle)(struct hc_context *ctx, struct hc_db *db, struct hc_member *member,
                          const rd_kafka_message_t *msg, struct hc_error *err);
} HANDLERS[] = {
    {HC_TOPIC_TRIGGER, handle_trigger},
    {HC_TOPIC_BULK, handle_slice},
};

enum hc_err hc_bulk_handle(struct hc_context *ctx, struct hc_db *db, struct hc_member *member,
                           const rd_kafka_message_t *msg, struct hc_error *err)
{
    const char *topic = rd_kafka_topic_name(msg->rkt);
    for (size_t h = 0; h < sizeof HANDLERS / sizeof *HANDLERS; h++)
        if (strcmp(topic, HANDLERS[h].topic) == 0)
            return HANDLERS[h].handle(ctx, db, member, msg, err);
    return hc_fail(err, HC_EMALFORMED, "topic", "nothing is done with this topic");
}
