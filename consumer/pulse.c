/* See pulse.h. */
#include "pulse.h"

#include <string.h>

#include "clock.h"
#include "instance.h"
#include "log.h"
#include "metrics.h"
#include "planner.h"
#include "survey.h"

#define RATE_WEIGHT 0.4

/* ---- the topics ---- */

static const char PING[] = "{\"message\":\"user.consumer.ping\"}";

enum hc_err hc_pulse_topics(struct hc_duty_turn *t, struct hc_error *err)
{
    bool *there = t->state;
    struct hc_context *ctx = t->ctx;
    if (*there && hc_bus_partitions(ctx->bus, HC_TOPIC_BULK) > 0)
        return HC_OK; /* else they went with a broker's data, and are made again */
    enum hc_err e = hc_bus_create_topics(ctx->bus, ctx->settings, 3000, err);
    if (e != HC_OK)
        return e;
    const char *name = ctx->settings->instance;
    struct hc_message ping = {.topic = HC_TOPIC_PING,
                              .key = name,
                              .key_len = strlen(name),
                              .value = PING,
                              .value_len = sizeof PING - 1,
                              .partition = -1};
    e = hc_bus_send(ctx->bus, &ping, err);
    *there = e == HC_OK;
    return e;
}

/* ---- the beat ---- */

static void take_rate(struct hc_beat *b, int64_t inserted, int64_t now)
{
    int64_t ms = now - b->counted_ms;
    if (b->counted_ms > 0 && ms > 0) {
        double rate = (double)(inserted - b->counted) * 1000.0 / (double)ms;
        b->rate = b->rate * (1 - RATE_WEIGHT) + rate * RATE_WEIGHT;
        if (b->rate < 1)
            b->rate = 0;
    }
    b->counted = inserted;
    b->counted_ms = now;
}

static int64_t total_lag(const struct hc_context *ctx)
{
    int64_t sum = 0;
    for (int w = 0; w < ctx->workers + ctx->event_workers; w++) {
        int64_t lag = atomic_load(&ctx->lag[w]);
        if (lag < 0)
            return -1;
        sum += lag;
    }
    return sum;
}

/* How many bulk workers there are in all; without Redis at least ours. */
static int count_workers(struct hc_duty_turn *t)
{
    struct hc_instance list[HC_INSTANCES_MAX];
    size_t count = 0;
    int64_t workers = 0;
    if (hc_instances_read(t->cache, list, HC_INSTANCES_MAX, &count) == HC_OK)
        for (size_t i = 0; i < count; i++)
            if (list[i].role == HC_ROLE_CONSUMER)
                workers += list[i].workers;
    return workers < t->ctx->workers ? t->ctx->workers : (int)workers;
}

/* What is counted elsewhere in the process goes into its metrics. */
static void note_metrics(const struct hc_duty_turn *t, int64_t lag)
{
    const struct hc_context *ctx = t->ctx;
    hc_metric_set(HC_METRIC_USERS_INSERTED, 0, atomic_load(&ctx->inserted));
    hc_metric_set(HC_METRIC_REQUESTS, HC_REQUEST_COUNTED, atomic_load(&ctx->requests));
    hc_metric_set(HC_METRIC_REQUESTS, HC_REQUEST_REPEATED, atomic_load(&ctx->repeated));
    hc_metric_set(HC_METRIC_REQUESTS, HC_REQUEST_LATE, atomic_load(&ctx->late));
    hc_metric_set(HC_METRIC_WORKERS, 0, ctx->workers);
    hc_metric_set(HC_METRIC_KAFKA_UP, 0, hc_bus_is_up(ctx->bus));
    hc_metric_set(HC_METRIC_LEADER, 0, hc_leader_is_mine(t->leader));
    if (!hc_leader_is_mine(t->leader))
        hc_survey_forget();
    if (lag < 0)
        hc_metric_clear(HC_METRIC_KAFKA_LAG, 0);
    else
        hc_metric_set(HC_METRIC_KAFKA_LAG, 0, lag);
    if (lag == 0)
        hc_metric_set(HC_METRIC_KAFKA_DELAY, 0, 0);
}

enum hc_err hc_pulse_beat(struct hc_duty_turn *t, struct hc_error *err)
{
    (void)err;
    struct hc_context *ctx = t->ctx;
    struct hc_beat *b = t->state;
    struct hc_instance self = {.role = HC_ROLE_CONSUMER, .beat_ms = hc_now_ms(), .workers = ctx->workers};
    take_rate(b, atomic_load(&ctx->inserted), hc_mono_ms());
    bson_strncpy(self.name, ctx->settings->instance, sizeof self.name);
    self.lag = total_lag(ctx);
    self.inserts_per_second = (int64_t)b->rate;
    self.kafka_up = hc_bus_is_up(ctx->bus);
    hc_instance_beat(t->cache, &self);
    note_metrics(t, self.lag);
    hc_metrics_publish(t->cache, self.name);
    atomic_store(&ctx->all_workers, count_workers(t));
    return HC_OK; /* Redis away is no failure: the next beat says it again */
}

void hc_pulse_beat_end(struct hc_duty_turn *t)
{
    hc_instance_leave(t->cache, t->ctx->settings->instance);
    hc_metrics_withdraw(t->cache, t->ctx->settings->instance);
}

/* ---- the plan ---- */

enum hc_err hc_pulse_plan(struct hc_duty_turn *t, struct hc_error *err)
{
    struct hc_movement **movement = t->state;
    if (!*movement)
        *movement = hc_movement_new();
    if (!*movement)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    int workers = atomic_load(&t->ctx->all_workers);
    return hc_planner_turn(*movement, t->ctx, t->db, workers > 0 ? workers : t->ctx->workers, err);
}

void hc_pulse_plan_end(struct hc_duty_turn *t)
{
    struct hc_movement **movement = t->state;
    hc_movement_free(*movement);
}

/* ---- the lease ---- */

enum hc_err hc_pulse_lease(struct hc_duty_turn *t, struct hc_error *err)
{
    return hc_leader_turn(t->leader, t->db, err);
}

void hc_pulse_lease_end(struct hc_duty_turn *t)
{
    if (t->db)
        hc_leader_resign(t->leader, t->db);
}
