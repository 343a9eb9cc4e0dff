/* See worker.h. */
#include "worker.h"

#include "bulk.h"
#include "clock.h"
#include "dead.h"
#include "failpoint.h"
#include "log.h"
#include "member.h"
#include "metrics.h"

#define POLL_MS 100
#define BACKOFF_MS 100
#define BACKOFF_MAX_MS 2000
#define LAG_EACH_MS 1000

#define GROUP "user-consumer-bulk"
static const char *const TOPICS[] = {HC_TOPIC_TRIGGER, HC_TOPIC_BULK};

struct turn {
    struct hc_worker *worker;
    struct hc_member *member;
    struct hc_db db;
    bool has_db;
    int64_t lag_at; /* when the lag was last told */
};

/* The message itself is at fault, for ever. All else (a store that is away, a disk that is
 * full) passes, and the message waits for that. */
static bool is_poison(enum hc_err e)
{
    return e == HC_EMALFORMED || e == HC_EINVALID || e == HC_ETOOLARGE || e == HC_ENEWER;
}

/* After a failure the next try borrows anew, and so looks at the schema again if it was found missing. */
static void give_back(struct turn *t)
{
    if (t->has_db)
        hc_store_return(&t->db);
    t->has_db = false;
}

/* What the message asks for, once. */
static enum hc_err attempt(struct turn *t, const rd_kafka_message_t *msg, struct hc_error *err)
{
    struct hc_context *ctx = t->worker->ctx;
    if (!t->has_db) {
        enum hc_err e = hc_store_borrow(ctx->store, &t->db, err);
        if (e != HC_OK)
            return e;
        t->has_db = true;
    }
    enum hc_err e = hc_bulk_handle(ctx, &t->db, t->member, msg, err);
    if (e == HC_OK)
        hc_metric_messages(rd_kafka_topic_name(msg->rkt), HC_MESSAGE_PROCESSED, 1);
    if (e != HC_OK && !is_poison(e))
        give_back(t);
    if (e == HC_OK || !is_poison(e))
        return e;
    struct hc_error reason = *err;
    return hc_dead_send(ctx, msg, &reason, err);
}

/* True when it should be tried again; sleeps before. */
static bool again(struct turn *t, const rd_kafka_message_t *msg, const struct hc_error *err, int *backoff)
{
    struct hc_context *ctx = t->worker->ctx;
    if (atomic_load(&ctx->stop))
        return false;
    if (*backoff == BACKOFF_MS)
        hc_log(HC_LOG_WARN, "worker.waiting", err->detail, HC_STR("err", hc_err_text(err->code)),
               HC_INT("worker", t->worker->number), NULL);
    atomic_fetch_add(&ctx->retries, 1);
    hc_metric_messages(rd_kafka_topic_name(msg->rkt), HC_MESSAGE_RETRIED, 1);
    hc_metric_add(HC_METRIC_ERRORS, err->code, 1);
    int wait = *backoff / 2 + (int)(hc_random_token() % (uint64_t)*backoff);
    *backoff = *backoff * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : *backoff * 2;
    return hc_member_wait(t->member, msg, wait) && !atomic_load(&ctx->stop);
}

static void process(struct turn *t, const rd_kafka_message_t *msg)
{
    struct hc_error err;
    int backoff = BACKOFF_MS;
    enum hc_err e = attempt(t, msg, &err);
    while (e != HC_OK && again(t, msg, &err, &backoff))
        e = attempt(t, msg, &err);
    HC_FAILPOINT("commit.before");
    if (e == HC_OK)
        hc_member_done(t->member, msg);
    else
        hc_log(HC_LOG_INFO, "worker.left", "a message is left to whoever gets it next",
               HC_INT("worker", t->worker->number), NULL);
    hc_member_resume(t->member);
    HC_FAILPOINT("commit.after");
}

static void tell_lag(struct turn *t)
{
    int64_t now = hc_mono_ms();
    if (now - t->lag_at < LAG_EACH_MS)
        return;
    t->lag_at = now;
    atomic_store(&t->worker->ctx->lag[t->worker->number], hc_member_lag(t->member));
}

static void drain(struct turn *t)
{
    while (!atomic_load(&t->worker->ctx->stop)) {
        rd_kafka_message_t *msg = hc_member_poll(t->member, POLL_MS);
        if (msg) {
            process(t, msg);
            rd_kafka_message_destroy(msg);
        }
        tell_lag(t);
    }
}

void *hc_worker_run(void *arg)
{
    struct turn t = {.worker = arg};
    struct hc_context *ctx = t.worker->ctx;
    struct hc_error err;
    enum hc_err e =
        hc_member_open(&t.member, ctx->settings, GROUP, TOPICS, sizeof TOPICS / sizeof *TOPICS, &err);
    if (e != HC_OK) {
        hc_log(HC_LOG_ERROR, "worker.failed", err.detail, HC_STR("setting", err.field), NULL);
        atomic_store(&ctx->exit_code, hc_err_exit_code(e));
        atomic_store(&ctx->stop, true);
        return NULL;
    }
    drain(&t);
    hc_member_close(t.member);
    give_back(&t);
    return NULL;
}
