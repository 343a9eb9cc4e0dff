/* health.c - GET /v1/health and /v1/ready. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "handlers.h"
#include "instance.h"
#include "problem.h"

enum hc_err health_up(struct context *c, struct hc_error *err)
{
    (void)err;
    struct hc_json j;
    response_json(&c->response, &j);
    hc_json_open(&j, '{');
    hc_json_put_str(&j, "message", "up");
    hc_json_close(&j, '}');
    return HC_OK;
}

/* ---- what we need ---- */

/* How one service is; ms is how long it took to say so. */
struct pulse {
    bool up;
    int ms;
};

static struct pulse ask_mongodb(struct context *c)
{
    struct pulse p = {false, 0};
    struct hc_error err = {0};
    struct hc_store *store;
    if (!context_store_try(c, &err) || context_store(c, &store, &err) != HC_OK)
        return p;
    p.up = hc_store_ping(store, &p.ms, &err) == HC_OK;
    context_store_note(c, p.up ? HC_OK : HC_ESTORE);
    return p;
}

static struct pulse ask_redis(struct context *c)
{
    struct pulse p = {false, 0};
    struct hc_cache *cache = context_cache(c);
    p.up = cache && hc_cache_ping(cache, &p.ms) == HC_OK;
    return p;
}

static struct pulse ask_kafka(struct context *c)
{
    struct pulse p = {false, 0};
    struct hc_error err = {0};
    struct hc_bus *bus;
    p.up = context_bus(c, &bus, &err) == HC_OK && hc_bus_ping(bus, 500, &p.ms, &err) == HC_OK;
    return p;
}

/* A consumer's latency is the age of its last beat, of the latest one. */
static struct pulse ask_consumer(struct context *c)
{
    static const int64_t alive_ms = 15000;
    struct pulse p = {false, 0};
    struct hc_instance list[HC_INSTANCES_MAX];
    size_t count = 0;
    struct hc_cache *cache = context_cache(c);
    if (!cache || hc_instances_read(cache, list, HC_INSTANCES_MAX, &count) != HC_OK)
        return p;
    int64_t now = hc_now_ms();
    for (size_t i = 0; i < count; i++) {
        int64_t age = now > list[i].beat_ms ? now - list[i].beat_ms : 0;
        if (list[i].role != HC_ROLE_CONSUMER || age > alive_ms || (p.up && age >= p.ms))
            continue;
        p = (struct pulse){true, (int)age};
    }
    return p;
}

static const struct {
    const char *name;
    struct pulse (*ask)(struct context *c);
} services[] = {
    {"mongodb", ask_mongodb}, {"redis", ask_redis}, {"kafka", ask_kafka}, {"consumer", ask_consumer}};
#define SERVICES (sizeof services / sizeof services[0])

/* ---- the answer ---- */

static void write_pulses(struct hc_json *j, const struct pulse pulses[SERVICES], bool degraded)
{
    hc_json_key(j, "result");
    hc_json_open(j, '{');
    for (size_t i = 0; i < SERVICES; i++) {
        hc_json_key(j, services[i].name);
        hc_json_open(j, '{');
        hc_json_put_str(j, "state", pulses[i].up ? "up" : "down");
        hc_json_key(j, "latencyMs");
        if (pulses[i].up)
            hc_json_int(j, pulses[i].ms);
        else
            hc_json_null(j);
        hc_json_close(j, '}');
    }
    hc_json_key(j, "degraded");
    hc_json_bool(j, degraded);
    hc_json_close(j, '}');
}

/* Down means MongoDB is: then a problem that has the entries too. */
static void begin_down(struct context *c, struct hc_json *j)
{
    struct hc_error down = {0};
    hc_fail(&down, HC_ESTORE, "mongodb", "MongoDB does not answer");
    problem_begin(&c->response, j, &down);
}

enum hc_err health_ready(struct context *c, struct hc_error *err)
{
    (void)err;
    struct hc_json j;
    struct pulse pulses[SERVICES];
    bool degraded = false;
    for (size_t i = 0; i < SERVICES; i++) {
        pulses[i] = services[i].ask(c);
        degraded |= !pulses[i].up;
    }
    if (!pulses[0].up) {
        begin_down(c, &j);
    } else {
        response_json(&c->response, &j);
        hc_json_open(&j, '{');
    }
    write_pulses(&j, pulses, degraded);
    hc_json_close(&j, '}');
    return HC_OK;
}
