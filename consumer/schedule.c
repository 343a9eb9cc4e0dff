/* See schedule.h. */
#include "schedule.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "instance.h"
#include "job.h"
#include "log.h"
#include "planner.h"

#define TICK_MS 50
#define RATE_WEIGHT 0.4

#define DUTY_COUNT 4

struct schedule {
    struct hc_context *ctx;
    int64_t due[DUTY_COUNT];       /* hc_mono_ms of each duty's next turn */
    enum hc_err last[DUTY_COUNT];  /* how its last turn ended */
    struct hc_db db;
    bool has_db;
    struct hc_cache *cache;
    struct hc_movement *movement;
    bool has_topics;
    int workers;         /* alive in all processes, as last heard */
    int64_t counted;     /* ctx->inserted at the last beat */
    int64_t counted_ms;
    double rate;
};

/* Borrows once and keeps: the driver reconnects below. */
static enum hc_err need_db(struct schedule *s, struct hc_error *err)
{
    if (s->has_db)
        return HC_OK;
    enum hc_err e = hc_store_borrow(s->ctx->store, &s->db, err);
    s->has_db = e == HC_OK;
    return e;
}

/* After a failure the next turn borrows anew. */
static void give_back(struct schedule *s)
{
    if (s->has_db)
        hc_store_return(&s->db);
    s->has_db = false;
}

static enum hc_err plan(struct schedule *s, struct hc_error *err)
{
    enum hc_err e = need_db(s, err);
    if (e == HC_OK)
        e = hc_planner_turn(s->movement, s->ctx, &s->db, s->workers, err);
    if (e != HC_OK)
        give_back(s);
    return e;
}

static enum hc_err sweep(struct schedule *s, struct hc_error *err)
{
    enum hc_err e = need_db(s, err);
    if (e == HC_OK)
        e = hc_job_sweep_new(&s->db, err);
    if (e != HC_OK)
        give_back(s);
    return e;
}

/* Topics first, since a group can't read one that is not there; then the ping that says we came. */
static enum hc_err topics(struct schedule *s, struct hc_error *err)
{
    if (s->has_topics && hc_bus_partitions(s->ctx->bus, HC_TOPIC_BULK) > 0)
        return HC_OK; /* else they went with a broker's data, and are made again */
    enum hc_err e = hc_bus_create_topics(s->ctx->bus, s->ctx->settings, 3000, err);
    if (e != HC_OK)
        return e;
    const char *name = s->ctx->settings->instance;
    struct hc_message ping = {.topic = HC_TOPIC_PING,
                              .key = name,
                              .key_len = strlen(name),
                              .value = "{\"message\":\"user.consumer.ping\"}",
                              .value_len = strlen("{\"message\":\"user.consumer.ping\"}"),
                              .partition = -1};
    e = hc_bus_send(s->ctx->bus, &ping, err);
    s->has_topics = e == HC_OK;
    return e;
}

static void take_rate(struct schedule *s, int64_t now)
{
    int64_t inserted = atomic_load(&s->ctx->inserted);
    int64_t ms = now - s->counted_ms;
    if (s->counted_ms > 0 && ms > 0) {
        double rate = (double)(inserted - s->counted) * 1000.0 / (double)ms;
        s->rate = s->rate * (1 - RATE_WEIGHT) + rate * RATE_WEIGHT;
        if (s->rate < 1)
            s->rate = 0;
    }
    s->counted = inserted;
    s->counted_ms = now;
}

static int64_t total_lag(const struct hc_context *ctx)
{
    int64_t sum = 0;
    for (int w = 0; w < ctx->workers; w++) {
        int64_t lag = atomic_load(&ctx->lag[w]);
        if (lag < 0)
            return -1;
        sum += lag;
    }
    return sum;
}

/* How many bulk workers there are in all; without Redis at least ours. */
static int count_workers(struct schedule *s)
{
    struct hc_instance list[HC_INSTANCES_MAX];
    size_t count = 0;
    int64_t workers = 0;
    if (hc_instances_read(s->cache, list, HC_INSTANCES_MAX, &count) == HC_OK)
        for (size_t i = 0; i < count; i++)
            if (list[i].role == HC_ROLE_CONSUMER)
                workers += list[i].workers;
    return workers < s->ctx->workers ? s->ctx->workers : (int)workers;
}

static enum hc_err beat(struct schedule *s, struct hc_error *err)
{
    (void)err;
    struct hc_instance self = {.role = HC_ROLE_CONSUMER, .beat_ms = hc_now_ms(), .workers = s->ctx->workers};
    take_rate(s, hc_mono_ms());
    bson_strncpy(self.name, s->ctx->settings->instance, sizeof self.name);
    self.lag = total_lag(s->ctx);
    self.inserts_per_second = (int64_t)s->rate;
    self.kafka_up = hc_bus_is_up(s->ctx->bus);
    hc_instance_beat(s->cache, &self);
    s->workers = count_workers(s);
    return HC_OK; /* Redis away is no failure: the next beat says it again */
}

static const struct duty {
    const char *name;
    int each_ms;
    enum hc_err (*run)(struct schedule *s, struct hc_error *err);
} DUTIES[DUTY_COUNT] = {
    {"topics", 1000, topics},
    {"beat", 1000, beat},
    {"plan", 200, plan},
    {"sweep", 10000, sweep},
};

/* One line when a duty begins to fail, none while that lasts. A database that a newer
 * Headcount wrote can't be served by waiting. */
static void note(struct schedule *s, size_t duty, enum hc_err e, const struct hc_error *err)
{
    if (e == HC_ENEWER) {
        hc_log(HC_LOG_ERROR, "consumer.newer", err->detail, NULL);
        atomic_store(&s->ctx->exit_code, hc_err_exit_code(HC_ESTORE));
        atomic_store(&s->ctx->stop, true);
    } else if (e != HC_OK && e != s->last[duty]) {
        hc_log(HC_LOG_WARN, "schedule.waiting", err->detail, HC_STR("duty", DUTIES[duty].name),
               HC_STR("err", hc_err_text(e)), NULL);
    }
    s->last[duty] = e;
}

static void run_due(struct schedule *s)
{
    for (size_t d = 0; d < DUTY_COUNT && !atomic_load(&s->ctx->stop); d++) {
        struct hc_error err = {0};
        if (hc_mono_ms() < s->due[d])
            continue;
        enum hc_err e = DUTIES[d].run(s, &err);
        s->due[d] = hc_mono_ms() + DUTIES[d].each_ms;
        note(s, d, e, &err);
    }
}

void *hc_schedule_run(void *arg)
{
    struct schedule s = {.ctx = arg, .workers = ((struct hc_context *)arg)->workers};
    struct hc_error err;
    if (hc_cache_open(&s.cache, s.ctx->settings->redis, &err) != HC_OK) {
        hc_log(HC_LOG_ERROR, "schedule.failed", err.detail, HC_STR("setting", err.field), NULL);
        atomic_store(&s.ctx->exit_code, hc_err_exit_code(err.code));
        atomic_store(&s.ctx->stop, true);
        return NULL;
    }
    s.movement = hc_movement_new();
    while (s.movement && !atomic_load(&s.ctx->stop)) {
        run_due(&s);
        hc_sleep_ms(TICK_MS);
    }
    hc_movement_free(s.movement);
    hc_instance_leave(s.cache, s.ctx->settings->instance);
    hc_cache_close(s.cache);
    give_back(&s);
    return NULL;
}
