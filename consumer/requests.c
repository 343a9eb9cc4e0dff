/* See requests.h. */
#include "requests.h"

#include <string.h>

#include "activity.h"
#include "clock.h"
#include "device.h"
#include "failpoint.h"
#include "traffic.h"
#include "user.h"

#define WAIT_MS 6000           /* longer than the producer tries to deliver */
#define MESSAGE_MAX_BYTES 8192 /* a message has about 500 */

/* What a chunk's messages have in common. */
struct sending {
    struct hc_batch *batch;
    struct hc_traffic traffic;
    int32_t partitions;
    struct hc_buf text; /* one message at a time */
};

static enum hc_err add_one(struct sending *s, uint32_t i, struct hc_error *err)
{
    struct hc_traffic_request r;
    struct hc_device device;
    struct hc_json j;
    char key[HC_OID_TEXT];
    int64_t now = hc_now_ms();
    hc_traffic_make(&s->traffic, i, now, &r);
    const char *agent = hc_device_sample(r.device);
    hc_device_read(&device, agent, strlen(agent));
    hc_buf_clear(&s->text);
    hc_json_begin(&j, &s->text);
    hc_activity_message(&j, &r.user, &device, r.time_ms, r.event, now);
    if (hc_buf_failed(&s->text))
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    hc_oid_to_hex(r.user.bytes, key);
    struct hc_message m = {.topic = HC_TOPIC_ACTIVITY,
                           .key = key,
                           .key_len = HC_OID_TEXT - 1,
                           .value = s->text.data,
                           .value_len = s->text.len,
                           .partition = hc_user_slot(&r.user) % s->partitions};
    return hc_batch_add(s->batch, &m, err);
}

static enum hc_err send_all(struct hc_context *ctx, const struct hc_job *job, int64_t chunk,
                            struct hc_error *err)
{
    struct sending s = {.traffic = {.job = job->id,
                                    .seed = job->people.seed,
                                    .time_ms = job->created_ms,
                                    .days = job->days,
                                    .population = job->population},
                        .partitions = hc_bus_partitions(ctx->bus, HC_TOPIC_ACTIVITY)};
    int64_t first = hc_job_chunk_first(job, chunk), end = first + hc_job_chunk_size(job, chunk);
    if (s.partitions == 0)
        return hc_fail(err, HC_EBROKER, "kafka", "The message broker (Kafka) can't be reached right now");
    s.batch = hc_batch_begin(ctx->bus, WAIT_MS);
    if (!s.batch)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    hc_buf_init(&s.text, MESSAGE_MAX_BYTES);
    enum hc_err e = HC_OK;
    for (int64_t i = first; i < end && e == HC_OK; i++)
        e = add_one(&s, (uint32_t)i, err);
    hc_buf_release(&s.text);
    enum hc_err ended = hc_batch_end(s.batch, e == HC_OK ? err : NULL);
    return e == HC_OK ? ended : e;
}

enum hc_err hc_requests_run(struct hc_context *ctx, struct hc_db *db, const struct hc_job *job, int64_t chunk,
                            struct hc_error *err)
{
    if (!job->population)
        return hc_fail(err, HC_EINVALID, "job", "the job has nobody who could make requests");
    HC_FAILPOINT("requests.before");
    enum hc_err e = send_all(ctx, job, chunk, err);
    HC_FAILPOINT("requests.sent");
    if (e == HC_OK)
        e = hc_job_chunk_sent(db, job, chunk, err);
    HC_FAILPOINT("requests.after");
    return e;
}
