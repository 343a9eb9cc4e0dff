/* flight_fixture.h - a fill that does as it is told, and calls that say what they got; over the Redis of
 * redis_server.h.
 */
#ifndef FLIGHT_FIXTURE_H
#define FLIGHT_FIXTURE_H

#include "redis_server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "flight.h"
#include "flight_value.h"

#define KEY "hc:1:test:key"
#define THREADS 32

/* What fills do, and what they saw. Shared with the processes of a test. */
struct world {
    atomic_int fills;   /* begun */
    atomic_int running; /* right now */
    atomic_int most;    /* at once */
    atomic_int version; /* of the body that a fill makes */
    atomic_int slow_ms;
    atomic_bool pauses_redis;
    atomic_int fails;           /* an enum hc_err to fail with */
    atomic_int length;          /* pad the body to this */
    _Atomic(const char *) etag; /* that fill sets */
};
static struct world *world;

static inline void world_reset(void)
{
    atomic_store(&world->fills, 0);
    atomic_store(&world->running, 0);
    atomic_store(&world->most, 0);
    atomic_store(&world->version, 1);
    atomic_store(&world->slow_ms, 0);
    atomic_store(&world->pauses_redis, false);
    atomic_store(&world->fails, HC_OK);
    atomic_store(&world->length, 0);
    atomic_store(&world->etag, NULL);
}

static inline int setup(void **state)
{
    world_reset();
    return test_setup(state);
}

/* Makes "<key> v<version>". */
static inline enum hc_err fill(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err)
{
    int now = atomic_fetch_add(&world->running, 1) + 1;
    int most = atomic_load(&world->most);
    while (now > most && !atomic_compare_exchange_weak(&world->most, &most, now))
        ;
    atomic_fetch_add(&world->fills, 1);
    int version = atomic_load(&world->version); /* read first, as from a store */
    if (atomic_load(&world->pauses_redis))
        server_pause();
    int64_t until = hc_mono_ms() + atomic_load(&world->slow_ms);
    while (hc_mono_ms() < until)
        hc_sleep_ms(hc_left_ms(until, 1000));
    enum hc_err e = (enum hc_err)atomic_load(&world->fails);
    if (e == HC_OK) {
        hc_buf_printf(out, "%s v%d", (const char *)ctx, version);
        for (int i = (int)out->len; i < atomic_load(&world->length); i++)
            hc_buf_char(out, '.');
        if (atomic_load(&world->etag))
            snprintf(etag, 32, "%s", atomic_load(&world->etag));
    } else {
        hc_buf_str(out, "half an answer");
        hc_fail(err, e, "x", "As told");
    }
    atomic_fetch_sub(&world->running, 1);
    return e;
}

/* One call and all that it gave. */
struct call {
    pthread_t thread;
    struct hc_cache *cache; /* NULL: opens its own */
    bool no_redis;
    char key[HC_CACHE_KEY_MAX];
    int fresh_ms, keep_ms, within_ms;
    const char *generation; /* the key of its text, or NULL */
    uint64_t generation_away;
    enum hc_err e;
    struct hc_error err;
    struct hc_flight_answer answer;
    char body[64]; /* its beginning */
    size_t len;
    int ms;
};

static inline void call_run(struct call *c, struct hc_cache *cache)
{
    struct hc_buf out;
    hc_buf_init(&out, 2 << 20);
    int64_t start = hc_mono_ms();
    struct hc_flight f = {.key = c->key,
                          .fresh_ms = c->fresh_ms,
                          .keep_ms = c->keep_ms,
                          .deadline = start + (c->within_ms ? c->within_ms : 2500),
                          .generation = c->generation,
                          .generation_away = c->generation_away,
                          .fill = fill,
                          .ctx = c->key};
    c->e = hc_flight_get(cache, &f, &out, &c->answer, &c->err);
    c->ms = (int)(hc_mono_ms() - start);
    c->len = out.len;
    snprintf(c->body, sizeof c->body, "%s", out.data);
    hc_buf_release(&out);
}

static inline void *call_thread(void *arg)
{
    struct call *c = arg;
    struct hc_cache *cache = c->no_redis ? NULL : cache_open(server.uri);
    call_run(c, cache);
    hc_cache_close(cache);
    return NULL;
}

/* The same call from n threads. */
static inline void call_all(struct call *calls, int n)
{
    for (int i = 0; i < n; i++)
        assert_int_equal(pthread_create(&calls[i].thread, NULL, call_thread, &calls[i]), 0);
    for (int i = 0; i < n; i++)
        pthread_join(calls[i].thread, NULL);
}

static inline struct call *calls_new(int n, int fresh_ms, int keep_ms)
{
    struct call *calls = calloc((size_t)n, sizeof *calls);
    for (int i = 0; i < n; i++) {
        strcpy(calls[i].key, KEY);
        calls[i].fresh_ms = fresh_ms;
        calls[i].keep_ms = keep_ms;
    }
    return calls;
}

/* How many of the calls went well from a source, with version or later. */
static inline int count(const struct call *calls, int n, enum hc_flight_source source, int version)
{
    int found = 0;
    for (int i = 0; i < n; i++) {
        char body[sizeof calls->key + 16];
        snprintf(body, sizeof body, "%.127s v%d", calls[i].key, version);
        found += calls[i].e == HC_OK && calls[i].answer.source == source &&
                 strncmp(calls[i].body, body, strlen(body)) == 0;
    }
    return found;
}

/* The call must succeed from `source` with version `version`. */
static inline void call_must(struct call *c, struct hc_cache *cache, enum hc_flight_source source,
                             int version)
{
    call_run(c, cache);
    if (count(c, 1, source, version) != 1)
        fail_msg("got %d, source %d, %s; not source %d, v%d", c->e, c->answer.source, c->body, source,
                 version);
    assert_int_equal(c->err.code, HC_OK);
}

/* One call of KEY. */
static inline struct call expect(struct hc_cache *cache, int fresh_ms, int keep_ms,
                                 enum hc_flight_source source, int version)
{
    struct call c = {.key = KEY, .fresh_ms = fresh_ms, .keep_ms = keep_ms};
    call_must(&c, cache, source, version);
    return c;
}

static inline void expect_error(struct hc_cache *cache, enum hc_err code)
{
    struct call c = {.key = KEY, .fresh_ms = 1000, .keep_ms = 5000};
    call_run(&c, cache);
    assert_int_equal(c.e, code);
    assert_int_equal(c.err.code, code);
    assert_int_equal(c.len, 0);
}

static inline int flights_setup(void **state)
{
    world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return world == MAP_FAILED ? -1 : group_setup(state);
}

#define flight_test(f) cmocka_unit_test_setup_teardown(f, setup, test_teardown)

#endif
