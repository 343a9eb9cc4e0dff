/* See events.h. */
#include "events.h"

#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "clock.h"
#include "dead.h"
#include "failpoint.h"
#include "log.h"
#include "member.h"
#include "message.h"
#include "metrics.h"
#include "recount.h"

#define POLL_MS 100
#define GATHER_BYTES (8U << 20)
#define CLOCKS_MS 3600000 /* clocks that differ by more than this: ours may be the wrong one */
#define GATHER_MS 20      /* a batch is gathered no longer than this */
#define BACKOFF_MS 50
#define BACKOFF_MAX_MS 2000
#define LAG_EACH_MS 1000

#define GROUP "user-consumer-create"
static const char *const TOPICS[] = {HC_TOPIC_ACTIVITY, HC_TOPIC_CREATED, HC_TOPIC_UPDATED, HC_TOPIC_DELETED};

/* One message of the batch. */
struct event {
    rd_kafka_message_t *msg;
    struct hc_activity activity; /* of a request */
    bool dead;                   /* it can't be processed, for ever, … */
    struct hc_error reason;      /* … because */
};

struct events {
    struct hc_event_worker *worker;
    struct hc_member *member;
    struct hc_db db;
    bool has_db;
    int64_t lag_at; /* when the lag was last told */
    size_t count;
    struct event *list;        /* HC_EVENTS_MAX */
    struct hc_change *changes; /* of those that could be read … */
    size_t *places;            /* … and where each is in list */
    size_t change_count;
};

/* ---- gathering ---- */

static void release_batch(struct events *e)
{
    for (size_t i = 0; i < e->count; i++) {
        hc_activity_release(&e->list[i].activity);
        rd_kafka_message_destroy(e->list[i].msg);
    }
    e->count = 0;
}

/* Whoever is alone goes at once: only what lies ready joins. */
static void gather(struct events *e)
{
    int64_t until = 0;
    int wait = POLL_MS;
    size_t bytes = 0;
    while (e->count < HC_EVENTS_MAX && bytes < GATHER_BYTES) {
        rd_kafka_message_t *msg = hc_member_poll(e->member, wait);
        if (!msg)
            break;
        if (e->count == 0)
            until = hc_mono_ms() + GATHER_MS;
        e->list[e->count++] = (struct event){.msg = msg};
        bytes += msg->len;
        wait = hc_mono_ms() < until ? 1 : 0;
    }
}

/* ---- reading ---- */

/* A broker passes on what the producer's clock said, up to an hour ahead: ours has the last word, unless it
 * is so far behind that it must be the wrong one. */
static void cap_times(struct hc_activity *a)
{
    int64_t now = hc_now_ms();
    if (a->taken_ms - now > CLOCKS_MS)
        return;
    if (a->taken_ms > now)
        a->taken_ms = now;
    if (a->time_ms > now + HC_ACTIVITY_AHEAD_MS)
        a->time_ms = now + HC_ACTIVITY_AHEAD_MS;
}

static enum hc_err read_request(struct events *e, struct event *event, struct hc_change *change,
                                struct hc_error *err)
{
    const rd_kafka_message_t *msg = event->msg;
    rd_kafka_timestamp_type_t kind;
    struct hc_activity_origin origin = {.cluster = hc_member_cluster(e->member),
                                        .topic = rd_kafka_topic_name(msg->rkt),
                                        .partition = msg->partition,
                                        .offset = msg->offset,
                                        .time_ms = rd_kafka_message_timestamp(msg, &kind)};
    /* Without the cluster's id the request would get another name when it comes again. */
    if (!*origin.cluster)
        return hc_fail(err, HC_EBROKER, "kafka", "the cluster's id is not known yet");
    enum hc_err code = hc_activity_read(&event->activity, msg->payload, msg->len, &origin, err);
    cap_times(&event->activity);
    change->kind = HC_CHANGE_REQUEST;
    change->user = event->activity.user;
    change->activity = &event->activity;
    return code;
}

static enum hc_err read_look(struct events *e, struct event *event, struct hc_change *change,
                             struct hc_error *err)
{
    (void)e;
    change->kind = HC_CHANGE_LOOK;
    return hc_notice_read(event->msg->payload, event->msg->len, "_id", &change->user, err);
}

static enum hc_err read_gone(struct events *e, struct event *event, struct hc_change *change,
                             struct hc_error *err)
{
    (void)e;
    change->kind = HC_CHANGE_GONE;
    return hc_notice_read(event->msg->payload, event->msg->len, "deleteId", &change->user, err);
}

static const struct reader {
    const char *topic;
    enum hc_err (*read)(struct events *e, struct event *event, struct hc_change *change,
                        struct hc_error *err);
} READERS[] = {
    {HC_TOPIC_ACTIVITY, read_request},
    {HC_TOPIC_CREATED, read_look},
    {HC_TOPIC_UPDATED, read_look},
    {HC_TOPIC_DELETED, read_gone},
};

static enum hc_err read_event(struct events *e, struct event *event, struct hc_change *change,
                              struct hc_error *err)
{
    const char *topic = rd_kafka_topic_name(event->msg->rkt);
    for (size_t r = 0; r < sizeof READERS / sizeof *READERS; r++)
        if (strcmp(topic, READERS[r].topic) == 0)
            return READERS[r].read(e, event, change, err);
    return hc_fail(err, HC_EMALFORMED, "topic", "nothing is done with this topic");
}

/* Poison is marked; only what passes by itself is an error. */
static enum hc_err read_batch(struct events *e, struct hc_error *err)
{
    e->change_count = 0;
    for (size_t i = 0; i < e->count; i++) {
        struct event *event = &e->list[i];
        struct hc_change change = {.kind = HC_CHANGE_LOOK};
        hc_activity_release(&event->activity);
        event->dead = false;
        enum hc_err code = read_event(e, event, &change, &event->reason);
        if (code != HC_OK && hc_err_is_transient(code)) {
            *err = event->reason;
            return code;
        }
        event->dead = code != HC_OK;
        if (event->dead)
            continue;
        e->places[e->change_count] = i;
        e->changes[e->change_count++] = change;
    }
    return HC_OK;
}

/* ---- counting ---- */

static void give_back(struct events *e)
{
    if (e->has_db)
        hc_store_return(&e->db);
    e->has_db = false;
}

static void note_stats(struct events *e, const struct hc_change_stats *stats)
{
    struct hc_context *ctx = e->worker->ctx;
    atomic_fetch_add(&ctx->requests, stats->requests);
    atomic_fetch_add(&ctx->repeated, stats->repeated);
    atomic_fetch_add(&ctx->late, stats->late);
    if (stats->lost)
        hc_recount_ask(&e->db, "a user vanished together with what was counted of him");
}

static enum hc_err count_batch(struct events *e, struct hc_error *err)
{
    struct hc_change_stats stats = {.requests = 0};
    if (!e->has_db) {
        enum hc_err code = hc_store_borrow(e->worker->ctx->store, &e->db, err);
        if (code != HC_OK)
            return code;
        e->has_db = true;
    }
    enum hc_err code = hc_changes_apply(&e->db, e->changes, e->change_count, &stats, err);
    note_stats(e, &stats);
    if (code != HC_OK)
        give_back(e);
    for (size_t i = 0; code == HC_OK && i < e->change_count; i++) {
        struct event *event = &e->list[e->places[i]];
        event->dead = e->changes[i].outcome != HC_OK;
        if (event->dead)
            hc_fail(&event->reason, e->changes[i].outcome, "user", "there is no such user");
    }
    return code;
}

static enum hc_err bury_dead(struct events *e, struct hc_error *err)
{
    for (size_t i = 0; i < e->count; i++) {
        if (!e->list[i].dead)
            continue;
        enum hc_err code = hc_dead_send(e->worker->ctx, e->list[i].msg, &e->list[i].reason, err);
        if (code != HC_OK)
            return code;
        e->list[i].dead = false; /* once is enough, should the rest be tried again */
    }
    return HC_OK;
}

static enum hc_err attempt(struct events *e, struct hc_error *err)
{
    HC_FAILPOINT("events.read");
    enum hc_err code = read_batch(e, err);
    if (code == HC_OK)
        code = count_batch(e, err);
    HC_FAILPOINT("events.counted");
    return code;
}

/* ---- one batch ---- */

/* True when it should be tried again; sleeps before. */
static bool again(struct events *e, const struct hc_error *err, int *backoff)
{
    struct hc_context *ctx = e->worker->ctx;
    if (atomic_load(&ctx->stop))
        return false;
    if (*backoff == BACKOFF_MS)
        hc_log(HC_LOG_WARN, "events.waiting", err->detail, HC_STR("err", hc_err_text(err->code)),
               HC_INT("worker", e->worker->number), NULL);
    atomic_fetch_add(&ctx->retries, 1);
    for (size_t i = 0; i < e->count; i++)
        hc_metric_messages(rd_kafka_topic_name(e->list[i].msg->rkt), HC_MESSAGE_RETRIED, 1);
    hc_metric_add(HC_METRIC_ERRORS, err->code, 1);
    int wait = *backoff / 2 + (int)(hc_random_token() % (uint64_t)*backoff);
    *backoff = *backoff * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : *backoff * 2;
    return hc_member_wait(e->member, e->list[0].msg, wait) && !atomic_load(&ctx->stop);
}

static enum hc_err persist(struct events *e, enum hc_err (*work)(struct events *e, struct hc_error *err))
{
    struct hc_error err;
    int backoff = BACKOFF_MS;
    enum hc_err code = work(e, &err);
    while (code != HC_OK && again(e, &err, &backoff))
        code = work(e, &err);
    return code;
}

static void note_processed(const struct events *e)
{
    for (size_t i = 0; i < e->count; i++)
        if (!e->list[i].dead)
            hc_metric_messages(rd_kafka_topic_name(e->list[i].msg->rkt), HC_MESSAGE_PROCESSED, 1);
}

static void process(struct events *e)
{
    enum hc_err code = persist(e, attempt);
    if (code == HC_OK)
        note_processed(e);
    if (code == HC_OK)
        code = persist(e, bury_dead);
    HC_FAILPOINT("events.before");
    for (size_t i = 0; i < e->count && code == HC_OK; i++)
        hc_member_done(e->member, e->list[i].msg);
    if (code != HC_OK)
        hc_log(HC_LOG_INFO, "events.left", "messages are left to whoever gets them next",
               HC_INT("messages", (int64_t)e->count), HC_INT("worker", e->worker->number), NULL);
    hc_member_resume(e->member);
    HC_FAILPOINT("events.after");
}

static void tell_lag(struct events *e)
{
    struct hc_context *ctx = e->worker->ctx;
    int64_t now = hc_mono_ms();
    if (now - e->lag_at < LAG_EACH_MS)
        return;
    e->lag_at = now;
    atomic_store(&ctx->lag[ctx->workers + e->worker->number], hc_member_lag(e->member));
}

/* ---- the thread ---- */

static void drain(struct events *e)
{
    while (!atomic_load(&e->worker->ctx->stop)) {
        gather(e);
        if (e->count > 0)
            process(e);
        release_batch(e);
        tell_lag(e);
    }
}

static enum hc_err open_all(struct events *e, struct hc_error *err)
{
    e->list = calloc(HC_EVENTS_MAX, sizeof *e->list);
    e->changes = calloc(HC_EVENTS_MAX, sizeof *e->changes);
    e->places = calloc(HC_EVENTS_MAX, sizeof *e->places);
    if (!e->list || !e->changes || !e->places)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    return hc_member_open(&e->member, e->worker->ctx->settings, GROUP, TOPICS, sizeof TOPICS / sizeof *TOPICS,
                          err);
}

void *hc_events_run(void *arg)
{
    struct events e = {.worker = arg};
    struct hc_context *ctx = e.worker->ctx;
    struct hc_error err;
    enum hc_err code = open_all(&e, &err);
    if (code == HC_OK) {
        drain(&e);
    } else {
        hc_log(HC_LOG_ERROR, "events.failed", err.detail, HC_STR("setting", err.field), NULL);
        atomic_store(&ctx->exit_code, hc_err_exit_code(code));
        atomic_store(&ctx->stop, true);
    }
    hc_member_close(e.member);
    give_back(&e);
    free(e.list);
    free(e.changes);
    free(e.places);
    return NULL;
}
