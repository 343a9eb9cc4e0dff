/* test_flight.c - one fill at a time, over threads and processes, with Redis
 * there, lying, refusing and away.
 */
#include "redis_server.h"

#include <pthread.h>
#include <sodium.h>
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

static void world_reset(void)
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

static int setup(void **state)
{
    world_reset();
    return test_setup(state);
}

/* Makes "<key> v<version>". */
static enum hc_err fill(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err)
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
    enum hc_err e;
    struct hc_error err;
    struct hc_flight_answer answer;
    char body[64]; /* its beginning */
    size_t len;
    int ms;
};

static void call_run(struct call *c, struct hc_cache *cache)
{
    struct hc_buf out;
    hc_buf_init(&out, 2 << 20);
    int64_t start = hc_mono_ms();
    struct hc_flight f = {.key = c->key,
                          .fresh_ms = c->fresh_ms,
                          .keep_ms = c->keep_ms,
                          .deadline = start + (c->within_ms ? c->within_ms : 2500),
                          .fill = fill,
                          .ctx = c->key};
    c->e = hc_flight_get(cache, &f, &out, &c->answer, &c->err);
    c->ms = (int)(hc_mono_ms() - start);
    c->len = out.len;
    snprintf(c->body, sizeof c->body, "%s", out.data);
    hc_buf_release(&out);
}

static void *call_thread(void *arg)
{
    struct call *c = arg;
    struct hc_cache *cache = c->no_redis ? NULL : cache_open(server.uri);
    call_run(c, cache);
    hc_cache_close(cache);
    return NULL;
}

/* The same call from n threads. */
static void call_all(struct call *calls, int n)
{
    for (int i = 0; i < n; i++)
        assert_int_equal(pthread_create(&calls[i].thread, NULL, call_thread, &calls[i]), 0);
    for (int i = 0; i < n; i++)
        pthread_join(calls[i].thread, NULL);
}

static struct call *calls_new(int n, int fresh_ms, int keep_ms)
{
    struct call *calls = calloc((size_t)n, sizeof *calls);
    for (int i = 0; i < n; i++) {
        strcpy(calls[i].key, KEY);
        calls[i].fresh_ms = fresh_ms;
        calls[i].keep_ms = keep_ms;
    }
    return calls;
}

/* One call of KEY, which must succeed from `source` with version `version`. */
static struct call expect(struct hc_cache *cache, int fresh_ms, int keep_ms, enum hc_flight_source source,
                          int version)
{
    struct call c = {.key = KEY, .fresh_ms = fresh_ms, .keep_ms = keep_ms};
    char body[64];
    call_run(&c, cache);
    snprintf(body, sizeof body, KEY " v%d", version);
    if (c.e != HC_OK || c.answer.source != source || strncmp(c.body, body, strlen(body)) != 0)
        fail_msg("got %d, source %d, %s; not source %d, %s", c.e, c.answer.source, c.body, source, body);
    assert_int_equal(c.err.code, HC_OK);
    return c;
}

static void expect_error(struct hc_cache *cache, enum hc_err code)
{
    struct call c = {.key = KEY, .fresh_ms = 1000, .keep_ms = 5000};
    call_run(&c, cache);
    assert_int_equal(c.e, code);
    assert_int_equal(c.err.code, code);
    assert_int_equal(c.len, 0);
}

/* How many of the calls went well from a source, with version or later. */
static int count(const struct call *calls, int n, enum hc_flight_source source, int version)
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

/* --- the value in Redis --- */

static void a_value_is_read_as_written(void **state)
{
    (void)state;
    struct hc_value in = {.built_ms = 1795440000000,
                          .counter = 7,
                          .fresh_until_ms = 1795440001000,
                          .keep_until_ms = 1795440060000,
                          .etag = "W/abc-1",
                          .body = "a\n\0b",
                          .body_len = 4};
    struct hc_value out;
    struct hc_buf b;
    hc_buf_init(&b, 1000);
    hc_value_write(&in, &b);
    assert_memory_equal(b.data, "HC1 1795440000000 7 1795440001000 1795440060000 W/abc-1 4\na\n\0b", b.len);
    assert_true(hc_value_read(&out, b.data, b.len));
    assert_int_equal(out.built_ms, in.built_ms);
    assert_int_equal(out.counter, in.counter);
    assert_int_equal(out.fresh_until_ms, in.fresh_until_ms);
    assert_int_equal(out.keep_until_ms, in.keep_until_ms);
    assert_string_equal(out.etag, in.etag);
    assert_int_equal(out.body_len, 4);
    assert_memory_equal(out.body, "a\n\0b", 4);
    for (size_t cut = 0; cut < b.len; cut++) { /* from a copy, so that a read behind its end is seen */
        char *copy = malloc(cut ? cut : 1);
        memcpy(copy, b.data, cut);
        assert_false(hc_value_read(&out, copy, cut));
        free(copy);
    }
    hc_buf_char(&b, 'x');
    assert_false(hc_value_read(&out, b.data, b.len));
    hc_buf_release(&b);
}

/* Values that are none. %s: a time of building later than the fill's, and still
 * believed: if the script that puts took it for a value, it would stay. */
static const char *const garbage[] = {
    "",
    "x",
    "HC1",
    "HC2 %s 1 %s9 %s9 e 1\nx",
    "hc1 %s 1 %s9 %s9 e 1\nx",
    "HC1  %s 1 %s9 %s9 e 1\nx",
    "HC1 %s 1 %s9 %s9 e 1\nxx",
    "HC1 %s 1 %s9 %s9 e 2\nx",
    "HC1 %s 1 %s9 %s9 e 1 \nx",
    "HC1 %s 1 %s9 %s9 e 1\r\nx",
    "HC1 %s 1 %s9 %s9 e -1\nx",
    "HC1 %s 1 %s9 %s9 e +1\nx",
    "HC1 %s 1 %s9 %s9 e \nx",
    "HC1 %s 1 %s9 %s9  1\nx",
    "HC1 %s 1 %s9 %s9 a\"b 1\nx",
    "HC1 %s 1 %s9 %s9 a\tb 1\nx",
    "HC1 %s 1 %s9 %s9 0123456789012345678901234567890123 1\nx",
    "HC1 %s 1 %s9 1 e 1\nx",
    "HC1 %s 1 1 %s9 e 1\nx",
    "HC1 -%s 1 %s9 %s9 e 1\nx",
    "HC1 0x1 1 9 9 e 1\nx",
    "HC1 99999999999999999999 1 99999999999999999999 99999999999999999999 e 1\nx",
    "HC1 %s 1 %s9 %s9 e 1",
    "HC1 %s 1234567890123456 %s9 %s9 e 1\nx",
    "HC1 %s 1 %s9 %s999 e 1\nx",
    "HC1 %s 1 %s9 %s9 e 99999999999999999999\nx",
    "{\"total\":5}",
};

static void garbage_is_a_miss_and_overwritten(void **state)
{
    struct hc_cache *c = *state;
    char now[24];
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        char *text;
        struct hc_value v;
        snprintf(now, sizeof now, "%lld", (long long)hc_now_ms() + 3000);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        assert_true(asprintf(&text, garbage[i], now, now, now) >= 0);
#pragma GCC diagnostic pop
        if (hc_value_read(&v, text, strlen(text)))
            fail_msg("taken: %s", text);
        raw("SET " KEY " %s", text);
        expect(c, 10000, 60000, HC_FLIGHT_FILLED, 1);
        free(text);
        text = raw_get(KEY);
        if (!hc_value_read(&v, text, strlen(text)))
            fail_msg("not overwritten: %s", text);
        free(text);
        expect(c, 10000, 60000, HC_FLIGHT_HIT, 1);
    }
    raw("DEL " KEY);
    raw("LPUSH " KEY " a");
    expect(c, 10000, 60000, HC_FLIGHT_FILLED, 1);
    expect(c, 10000, 60000, HC_FLIGHT_HIT, 1);
    raw("SETRANGE " KEY " 3000000 x");
    expect(c, 10000, 60000, HC_FLIGHT_FILLED, 1);
    expect(c, 10000, 60000, HC_FLIGHT_HIT, 1);
}

static void put(struct hc_cache *c, int64_t built, int64_t counter, const char *body)
{
    struct hc_value v = {.built_ms = built,
                         .counter = counter,
                         .fresh_until_ms = built + 60000,
                         .keep_until_ms = built + 600000,
                         .etag = "e",
                         .body = body,
                         .body_len = strlen(body)};
    assert_int_equal(hc_value_put(c, KEY, &v, hc_now_ms()), HC_OK);
}

static void assert_kept(const char *body)
{
    char *text = raw_get(KEY);
    const char *line = strchr(text, '\n');
    if (!line || strcmp(line + 1, body) != 0)
        fail_msg("kept is %s, not %s", text, body);
    free(text);
}

static void older_never_replaces_newer(void **state)
{
    struct hc_cache *c = *state;
    int64_t now = hc_now_ms();
    put(c, now - 100, 5, "first");
    put(c, now - 101, 9, "older");
    assert_kept("first");
    put(c, now - 100, 4, "lower counter");
    assert_kept("first");
    put(c, now - 100, 5, "equal");
    assert_kept("first");
    put(c, now - 100, 10, "higher counter"); /* "10" < "5" as text */
    assert_kept("higher counter");
    put(c, now - 99, 0, "newer");
    assert_kept("newer");
    put(c, now + 4000, 0, "a little ahead");
    put(c, now, 0, "now");
    assert_kept("a little ahead");
    raw("DEL " KEY);
    put(c, now + 60000, 0, "from the future");
    put(c, now, 0, "now");
    assert_kept("now");
    put(c, now - 700000, 0, "over before it is put");
    assert_kept("now");
}

static void times_are_believed_within_reason(void **state)
{
    struct hc_cache *c = *state;
    int64_t now = hc_now_ms();
    put(c, now + 3600000, 0, KEY " v8"); /* a clock that was ahead */
    expect(c, 1000, 60000, HC_FLIGHT_FILLED, 1);
    expect(c, 1000, 60000, HC_FLIGHT_HIT, 1);
    raw("DEL " KEY);
    put(c, now - 500, 0, KEY " v8"); /* says that it is fresh for a minute */
    expect(c, 10000, 60000, HC_FLIGHT_HIT, 8);
    expect(c, 100, 60000, HC_FLIGHT_FILLED, 1);
    raw("DEL " KEY);
    put(c, now - 30000, 0, KEY " v8"); /* older than this flight keeps */
    atomic_store(&world->fails, HC_ESTORE);
    struct call call = {.key = KEY, .fresh_ms = 100, .keep_ms = 1000};
    call_run(&call, c);
    assert_int_equal(call.e, HC_ESTORE);
}

/* --- one caller --- */

static void fresh_then_stale_then_gone(void **state)
{
    struct hc_cache *c = *state;
    struct hc_flight_stats a, b;
    hc_flight_stats_read(&a);
    struct call first = expect(c, 200, 600, HC_FLIGHT_FILLED, 1);
    atomic_store(&world->version, 2);
    struct call hit = expect(c, 200, 600, HC_FLIGHT_HIT, 1);
    assert_string_equal(first.answer.etag, hit.answer.etag);
    assert_true(first.answer.built_ms == hit.answer.built_ms);
    hc_sleep_ms(250);
    struct call next = expect(c, 200, 600, HC_FLIGHT_FILLED, 2);
    assert_string_not_equal(first.answer.etag, next.answer.etag);
    hc_sleep_ms(700);
    char *text = raw_get(KEY);
    assert_string_equal(text, "");
    free(text);
    hc_flight_stats_read(&b);
    assert_int_equal(b.hits - a.hits, 1);
    assert_int_equal(b.filled - a.filled, 2);
    assert_int_equal(atomic_load(&world->fills), 2);
}

static void etags_are_the_fills_or_made(void **state)
{
    struct hc_cache *c = *state;
    static const char *const bad[] = {"a b", "a\"b", "\x7f", "\xc3\xa4"};
    atomic_store(&world->etag, "W/mine-1");
    struct call own = expect(c, 10000, 60000, HC_FLIGHT_FILLED, 1);
    assert_string_equal(own.answer.etag, "W/mine-1");
    assert_string_equal(expect(c, 10000, 60000, HC_FLIGHT_HIT, 1).answer.etag, "W/mine-1");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        raw("DEL " KEY);
        atomic_store(&world->etag, bad[i]);
        struct call made = expect(c, 10000, 60000, HC_FLIGHT_FILLED, 1);
        assert_int_equal(strlen(made.answer.etag), 16);
        assert_int_equal(strspn(made.answer.etag, "0123456789abcdef"), 16);
    }
}

static void errors_are_never_kept(void **state)
{
    struct hc_cache *c = *state;
    atomic_store(&world->fails, HC_ENOTFOUND);
    expect_error(c, HC_ENOTFOUND);
    char *text = raw_get(KEY);
    assert_string_equal(text, "");
    free(text);
    text = raw_get(KEY ":lock");
    assert_string_equal(text, "");
    free(text);
    atomic_store(&world->fails, HC_ESTORE);
    expect_error(c, HC_ESTORE);
    atomic_store(&world->fails, HC_OK);
    expect(c, 1000, 5000, HC_FLIGHT_FILLED, 1);
}

static void a_stale_value_stands_in_for_the_store(void **state)
{
    struct hc_cache *c = *state;
    expect(c, 50, 700, HC_FLIGHT_FILLED, 1);
    hc_sleep_ms(80);
    atomic_store(&world->fails, HC_ESTORE);
    expect(c, 50, 700, HC_FLIGHT_STALE, 1);
    atomic_store(&world->fails, HC_EDEADLINE);
    expect(c, 50, 700, HC_FLIGHT_STALE, 1);
    atomic_store(&world->fails, HC_ENOTFOUND); /* the truth, not a failure */
    struct call call = {.key = KEY, .fresh_ms = 50, .keep_ms = 700};
    call_run(&call, c);
    assert_int_equal(call.e, HC_ENOTFOUND);
    assert_int_equal(call.len, 0);
    hc_sleep_ms(700);
    atomic_store(&world->fails, HC_ESTORE);
    expect_error(c, HC_ESTORE);
}

/* --- many callers, Redis there --- */

static void an_expired_key_is_filled_once(void **state)
{
    struct hc_cache *c = *state;
    expect(c, 50, 60000, HC_FLIGHT_FILLED, 1);
    hc_sleep_ms(80);
    world_reset();
    atomic_store(&world->version, 2);
    atomic_store(&world->slow_ms, 200);
    struct call *calls = calls_new(THREADS, 1000, 60000);
    for (int i = 0; i < THREADS; i++)
        calls[i].fresh_ms = 50;
    call_all(calls, THREADS);
    assert_int_equal(atomic_load(&world->fills), 1);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_FILLED, 2), 1);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_STALE, 1) + count(calls, THREADS, HC_FLIGHT_HIT, 2),
                     THREADS - 1);
    int waited = 0;
    for (int i = 0; i < THREADS; i++)
        waited += calls[i].ms > 100;
    assert_in_range(waited, 1, 3); /* who fills; two may be kept from running */
    free(calls);
}

static void a_missing_key_is_filled_once(void **state)
{
    (void)state;
    atomic_store(&world->slow_ms, 40);
    struct call *calls = calls_new(THREADS, 5000, 60000);
    call_all(calls, THREADS);
    assert_int_equal(atomic_load(&world->fills), 1);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_FILLED, 1), 1);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_HIT, 1), THREADS - 1);
    free(calls);
}

/* Eight threads race for one new key after another. */
#define RACES 200
static pthread_barrier_t start;

static void *race_run(void *arg)
{
    struct hc_cache *cache = cache_open(server.uri);
    struct call c = {.fresh_ms = 60000, .keep_ms = 600000};
    int *wrong = arg;
    for (int i = 0; i < RACES; i++) {
        snprintf(c.key, sizeof c.key, "hc:1:race:%d", i);
        pthread_barrier_wait(&start);
        call_run(&c, cache);
        *wrong += count(&c, 1, HC_FLIGHT_FILLED, 1) + count(&c, 1, HC_FLIGHT_HIT, 1) != 1;
    }
    hc_cache_close(cache);
    return NULL;
}

static void who_comes_late_does_not_fill_again(void **state)
{
    (void)state;
    pthread_t threads[8];
    int wrong[8] = {0};
    pthread_barrier_init(&start, NULL, 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race_run, &wrong[i]), 0);
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(wrong[i], 0);
    }
    pthread_barrier_destroy(&start);
    assert_int_equal(atomic_load(&world->fills), RACES);
}

static void a_slow_fill_is_joined_by_few(void **state)
{
    (void)state;
    atomic_store(&world->slow_ms, 300);
    struct call *calls = calls_new(THREADS, 5000, 60000);
    call_all(calls, THREADS);
    assert_in_range(atomic_load(&world->fills), 1, HC_FLIGHT_FILLS);
    assert_in_range(atomic_load(&world->most), 1, HC_FLIGHT_FILLS);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_FILLED, 1) + count(calls, THREADS, HC_FLIGHT_HIT, 1),
                     THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_in_range(calls[i].ms, 0, 1000);
    free(calls);
}

static void a_dead_owner_holds_nobody_up(void **state)
{
    struct hc_cache *c = *state;
    raw("SET " KEY ":lock someone PX 60000");
    struct call call = expect(c, 1000, 60000, HC_FLIGHT_FILLED, 1);
    assert_in_range(call.ms, 95, 200);
    expect(c, 1000, 60000, HC_FLIGHT_HIT, 1);
    char *text = raw_get(KEY ":lock"); /* not ours to give back */
    assert_string_equal(text, "someone");
    free(text);
}

static void who_waits_for_a_failure_goes_on_at_once(void **state)
{
    (void)state;
    atomic_store(&world->slow_ms, 20);
    atomic_store(&world->fails, HC_ENOTFOUND);
    int best = 1000;
    for (int round = 0; round < 3; round++) {
        struct call *calls = calls_new(2, 1000, 60000);
        call_all(calls, 2);
        assert_int_equal(calls[0].e, HC_ENOTFOUND);
        assert_int_equal(calls[1].e, HC_ENOTFOUND);
        int ms = calls[0].ms > calls[1].ms ? calls[0].ms : calls[1].ms;
        best = ms < best ? ms : best;
        free(calls);
    }
    assert_in_range(best, 38, 90); /* two fills, without the 100 ms */
}

static void slots_are_for_all_keys_together(void **state)
{
    (void)state;
    atomic_store(&world->slow_ms, 100);
    struct call *calls = calls_new(12, 5000, 60000);
    for (int i = 0; i < 12; i++)
        snprintf(calls[i].key, sizeof calls[i].key, "hc:1:key:%d", i);
    call_all(calls, 12);
    assert_int_equal(count(calls, 12, HC_FLIGHT_FILLED, 1), 12);
    assert_int_equal(atomic_load(&world->most), HC_FLIGHT_FILLS);

    /* Too slow for the deadline of those who find no slot. */
    atomic_store(&world->slow_ms, 500);
    int busy = 0;
    for (int i = 0; i < 12; i++) {
        snprintf(calls[i].key, sizeof calls[i].key, "hc:1:other:%d", i);
        calls[i].within_ms = 300;
    }
    call_all(calls, 12);
    for (int i = 0; i < 12; i++) {
        busy += calls[i].e == HC_EBUSY;
        if (calls[i].e == HC_EBUSY)
            assert_in_range(calls[i].ms, 290, 450);
    }
    assert_int_equal(busy, 12 - HC_FLIGHT_FILLS);
    assert_int_equal(count(calls, 12, HC_FLIGHT_FILLED, 1), HC_FLIGHT_FILLS);
    free(calls);
}

static void a_slow_old_fill_never_wins(void **state)
{
    struct hc_cache *c = *state;
    struct call *slow = calls_new(1, 5000, 60000);
    atomic_store(&world->slow_ms, 400);
    assert_int_equal(pthread_create(&slow->thread, NULL, call_thread, slow), 0);
    hc_sleep_ms(100);
    atomic_store(&world->version, 2); /* the store has changed meanwhile */
    atomic_store(&world->slow_ms, 0);
    expect(c, 5000, 60000, HC_FLIGHT_FILLED, 2);
    pthread_join(slow->thread, NULL);
    assert_int_equal(count(slow, 1, HC_FLIGHT_FILLED, 1), 1);
    expect(c, 5000, 60000, HC_FLIGHT_HIT, 2);
    free(slow);
}

/* Six processes, forked before they open anything. */
static void processes_fill_once(void **state)
{
    (void)state;
    pid_t pids[6];
    atomic_store(&world->slow_ms, 40);
    for (int i = 0; i < 6; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            struct call *calls = calls_new(4, 5000, 60000);
            call_all(calls, 4);
            int good = count(calls, 4, HC_FLIGHT_FILLED, 1) + count(calls, 4, HC_FLIGHT_HIT, 1);
            free(calls);
            _exit(good == 4 ? 0 : 1);
        }
    }
    for (int i = 0; i < 6; i++) {
        int status;
        waitpid(pids[i], &status, 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(atomic_load(&world->fills), 1);
}

/* --- Redis away --- */

static void threads_share_while_redis_is_away(void **state)
{
    struct hc_cache *c = *state;
    server_kill();
    atomic_store(&world->slow_ms, 100);
    struct call *calls = calls_new(THREADS, 1000, 60000);
    call_all(calls, THREADS);
    assert_int_equal(atomic_load(&world->fills), 1);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_FILLED, 1), 1);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_HIT, 1), THREADS - 1);
    for (int i = 0; i < THREADS; i++)
        assert_string_equal(calls[i].answer.etag, calls[0].answer.etag);

    atomic_store(&world->slow_ms, 0);
    atomic_store(&world->version, 2);
    expect(c, 1000, 60000, HC_FLIGHT_HIT, 1);
    expect(NULL, 1000, 60000, HC_FLIGHT_HIT, 1); /* no Redis at all is the same */
    expect(c, 1, 60000, HC_FLIGHT_FILLED, 2);
    free(calls);
}

static void a_fill_longer_than_fresh_is_still_shared(void **state)
{
    (void)state;
    atomic_store(&world->slow_ms, 150);
    struct call *calls = calls_new(THREADS, 100, 60000);
    for (int i = 0; i < THREADS; i++) {
        calls[i].no_redis = true;
        strcpy(calls[i].key, "hc:1:short");
    }
    call_all(calls, THREADS);
    assert_int_equal(atomic_load(&world->fills), 1);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_HIT, 1), THREADS - 1);
    free(calls);
}

static void what_is_too_long_to_share_is_bounded(void **state)
{
    (void)state;
    atomic_store(&world->slow_ms, 50);
    atomic_store(&world->length, 100000);
    struct call *calls = calls_new(THREADS, 1000, 60000);
    for (int i = 0; i < THREADS; i++) {
        calls[i].no_redis = true;
        strcpy(calls[i].key, "hc:1:long");
    }
    call_all(calls, THREADS);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_FILLED, 1), THREADS);
    assert_int_equal(atomic_load(&world->most), HC_FLIGHT_FILLS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(calls[i].len, 100000);
    free(calls);
}

static void more_keys_than_places_are_right(void **state)
{
    (void)state;
    struct call *calls = calls_new(200, 60000, 60000);
    for (int i = 0; i < 200; i++) {
        calls[i].no_redis = true;
        snprintf(calls[i].key, sizeof calls[i].key, "hc:1:many:%d", i);
    }
    call_all(calls, 200);
    assert_int_equal(count(calls, 200, HC_FLIGHT_FILLED, 1), 200);
    call_all(calls + 195, 5);
    int shared = count(calls + 195, 5, HC_FLIGHT_HIT, 1);
    assert_in_range(shared, 1, 5);
    free(calls);
}

static void failures_are_shared_and_stale_stands_in(void **state)
{
    (void)state;
    struct call *calls = calls_new(THREADS, 100, 700);
    for (int i = 0; i < THREADS; i++) {
        calls[i].no_redis = true;
        strcpy(calls[i].key, "hc:1:failing");
    }
    atomic_store(&world->slow_ms, 100);
    atomic_store(&world->fails, HC_ESTORE);
    call_all(calls, THREADS);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(calls[i].e, HC_ESTORE);
        assert_int_equal(calls[i].err.code, HC_ESTORE);
        assert_string_equal(calls[i].err.detail, "As told");
    }
    assert_in_range(atomic_load(&world->fills), 1, 3); /* a thread that starts late fills anew */

    atomic_store(&world->fails, HC_OK);
    atomic_store(&world->slow_ms, 0);
    call_all(calls, 1);
    assert_int_equal(count(calls, 1, HC_FLIGHT_FILLED, 1), 1);
    hc_sleep_ms(120);
    atomic_store(&world->fails, HC_ESTORE);
    call_all(calls, THREADS);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_STALE, 1), THREADS);
    hc_sleep_ms(700);
    call_all(calls, 1);
    assert_int_equal(calls->e, HC_ESTORE);
    free(calls);
}

/* A fill that ran out of its own time says nothing to those with more. */
static void a_deadline_is_not_shared(void **state)
{
    (void)state;
    struct call *calls = calls_new(2, 1000, 5000);
    for (int i = 0; i < 2; i++) {
        calls[i].no_redis = true;
        strcpy(calls[i].key, "hc:1:deadline");
    }
    atomic_store(&world->slow_ms, 150);
    atomic_store(&world->fails, HC_EDEADLINE);
    assert_int_equal(pthread_create(&calls[0].thread, NULL, call_thread, &calls[0]), 0);
    hc_sleep_ms(30);
    assert_int_equal(pthread_create(&calls[1].thread, NULL, call_thread, &calls[1]), 0);
    pthread_join(calls[0].thread, NULL);
    atomic_store(&world->fails, HC_OK);
    pthread_join(calls[1].thread, NULL);
    assert_int_equal(calls[0].e, HC_EDEADLINE);
    assert_int_equal(count(&calls[1], 1, HC_FLIGHT_FILLED, 1), 1);

    atomic_store(&world->slow_ms, 400); /* and a waiter has a deadline of its own */
    strcpy(calls[0].key, "hc:1:deadline:2");
    strcpy(calls[1].key, "hc:1:deadline:2");
    calls[1].within_ms = 100;
    assert_int_equal(pthread_create(&calls[0].thread, NULL, call_thread, &calls[0]), 0);
    hc_sleep_ms(50);
    call_thread(&calls[1]);
    pthread_join(calls[0].thread, NULL);
    assert_int_equal(calls[0].e, HC_OK);
    assert_int_equal(calls[1].e, HC_EBUSY);
    assert_in_range(calls[1].ms, 95, 250);
    free(calls);
}

static void a_redis_that_refuses_to_store_is_as_away(void **state)
{
    struct hc_cache *c = *state;
    expect(c, 50, 60000, HC_FLIGHT_FILLED, 1);
    hc_sleep_ms(80);
    raw("CONFIG SET maxmemory 1");
    world_reset();
    atomic_store(&world->version, 2);
    atomic_store(&world->slow_ms, 100);
    struct call *calls = calls_new(THREADS, 50, 60000);
    for (int i = 0; i < THREADS; i++)
        calls[i].fresh_ms = 50;
    call_all(calls, THREADS);
    assert_in_range(atomic_load(&world->fills), 1, 2);
    assert_int_equal(count(calls, THREADS, HC_FLIGHT_FILLED, 2) + count(calls, THREADS, HC_FLIGHT_HIT, 2),
                     THREADS);
    atomic_store(&world->fails, HC_ESTORE);
    hc_sleep_ms(80);
    expect(c, 50, 60000, HC_FLIGHT_STALE, 2); /* the process' own is the newer one */
    free(calls);
}

static void redis_is_the_only_truth_when_it_is_there(void **state)
{
    struct hc_cache *c = *state;
    expect(c, 60000, 600000, HC_FLIGHT_FILLED, 1); /* forgets what other tests left */
    raw("DEL " KEY);
    expect(NULL, 60000, 600000, HC_FLIGHT_FILLED, 1); /* in the process */
    atomic_store(&world->version, 2);
    expect(c, 60000, 600000, HC_FLIGHT_FILLED, 2);
    atomic_store(&world->version, 3);
    expect(NULL, 60000, 600000, HC_FLIGHT_FILLED, 3); /* what was in the process is forgotten */
    expect(c, 60000, 600000, HC_FLIGHT_HIT, 2);
    atomic_store(&world->version, 4);
    expect(NULL, 60000, 600000, HC_FLIGHT_FILLED, 4); /* after a hit too */
}

/* The best of three requests of an expired key, during which Redis hangs. */
static int hanging_ms(struct hc_cache *c, bool while_filling)
{
    int best = 1000;
    for (int i = 0; i < 3; i++) {
        expect(c, 1, 60000, HC_FLIGHT_FILLED, 1);
        hc_sleep_ms(5);
        if (!while_filling)
            server_pause();
        atomic_store(&world->pauses_redis, while_filling);
        struct call call = expect(c, 1, 60000, HC_FLIGHT_FILLED, 1);
        best = call.ms < best ? call.ms : best;
        atomic_store(&world->pauses_redis, false);
        server_resume();
        assert_true(wait_back(c) >= 0);
        raw("FLUSHALL"); /* the lock too, which couldn't be given back */
    }
    return best;
}

static void a_hanging_redis_costs_a_request_50_ms(void **state)
{
    int before = hanging_ms(*state, false);
    int within = hanging_ms(*state, true);
    print_message("%d ms, %d ms\n", before, within);
    assert_in_range(before, 35, 50);
    assert_in_range(within, 35, 50);
}

/* Redis pauses, dies and returns at random under eight threads: every call
 * succeeds, with the value of its key, and of a version that was current. */
static atomic_bool stop_storm;
static atomic_int storm_calls, storm_wrong;

static void *storm_run(void *arg)
{
    unsigned seed = *(unsigned *)arg;
    struct hc_cache *cache = cache_open(server.uri);
    struct call c = {.fresh_ms = 20, .keep_ms = 200};
    while (!atomic_load(&stop_storm)) {
        snprintf(c.key, sizeof c.key, "hc:1:storm:%u", (unsigned)rand_r(&seed) % 10);
        call_run(&c, cache);
        size_t len = strlen(c.key);
        if (c.e != HC_OK || strncmp(c.body, c.key, len) != 0 || strncmp(c.body + len, " v", 2) != 0)
            atomic_fetch_add(&storm_wrong, 1);
        atomic_fetch_add(&storm_calls, 1);
        hc_sleep_ms(1);
    }
    hc_cache_close(cache);
    return NULL;
}

static void no_fault_of_redis_is_an_error(void **state)
{
    (void)state;
    pthread_t threads[8];
    unsigned seeds[9] = {1, 2, 3, 4, 5, 6, 7, 8, (unsigned)hc_random_token()};
    print_message("seed %u\n", seeds[8]);
    atomic_store(&world->slow_ms, 5);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, storm_run, &seeds[i]), 0);
    for (int i = 0; i < 6; i++) {
        hc_sleep_ms(100 + rand_r(&seeds[8]) % 300);
        if (i % 2 == 0) {
            server_kill();
            hc_sleep_ms(rand_r(&seeds[8]) % 300);
            server_start();
        } else {
            server_pause();
            hc_sleep_ms(rand_r(&seeds[8]) % 300);
            server_resume();
        }
        hc_sleep_ms(600);
        atomic_fetch_add(&world->version, 1);
    }
    atomic_store(&stop_storm, true);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    print_message("%d calls, %d fills\n", storm_calls, atomic_load(&world->fills));
    assert_int_equal(storm_wrong, 0);
    assert_true(atomic_load(&world->most) <= HC_FLIGHT_FILLS);
}

/* --- keys --- */

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static void two_queries_never_share_a_key(void **state)
{
    (void)state;
    enum { N = 1000000 };
    char(*hashes)[32] = malloc(N * sizeof *hashes);
    char a[HC_CACHE_KEY_MAX], b[HC_CACHE_KEY_MAX];
    assert_non_null(hashes);
    for (int i = 0; i < N; i++) {
        char query[64];
        int len = snprintf(query, sizeof query, "limit=%d&q=%c%d", i % 1000, "abcd"[i % 4], i / 1000);
        hc_flight_key(a, "users", query, (size_t)len);
        assert_int_equal(strlen(a), 11 + 32);
        memcpy(hashes[i], a + 11, 32);
    }
    assert_memory_equal(a, "hc:1:users:", 11);
    qsort(hashes, N, sizeof *hashes, by_bytes);
    for (int i = 1; i < N; i++)
        assert_memory_not_equal(hashes[i - 1], hashes[i], 32);
    free(hashes);

    hc_flight_key(a, "ab", "c", 1);
    hc_flight_key(b, "a", "bc", 2);
    assert_string_not_equal(strrchr(a, ':'), strrchr(b, ':'));
    hc_flight_key(a, "a", "", 0);
    hc_flight_key(b, "a", "\0", 1);
    assert_string_not_equal(a, b);
    hc_flight_key(b, "a", "", 0);
    assert_string_equal(a, b);
    char name[300];
    memset(name, 'n', sizeof name);
    name[299] = '\0';
    hc_flight_key(a, name, "q", 1);
    name[298] = '\0';
    hc_flight_key(b, name, "q", 1);
    assert_true(strlen(a) < HC_CACHE_KEY_MAX);
    assert_string_not_equal(a, b);
}

#define flight_test(f) cmocka_unit_test_setup_teardown(f, setup, test_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_read_as_written),
        flight_test(garbage_is_a_miss_and_overwritten),
        flight_test(older_never_replaces_newer),
        flight_test(times_are_believed_within_reason),
        flight_test(fresh_then_stale_then_gone),
        flight_test(etags_are_the_fills_or_made),
        flight_test(errors_are_never_kept),
        flight_test(a_stale_value_stands_in_for_the_store),
        flight_test(an_expired_key_is_filled_once),
        flight_test(a_missing_key_is_filled_once),
        flight_test(who_comes_late_does_not_fill_again),
        flight_test(a_slow_fill_is_joined_by_few),
        flight_test(a_dead_owner_holds_nobody_up),
        flight_test(who_waits_for_a_failure_goes_on_at_once),
        flight_test(slots_are_for_all_keys_together),
        flight_test(a_slow_old_fill_never_wins),
        flight_test(processes_fill_once),
        flight_test(threads_share_while_redis_is_away),
        flight_test(a_fill_longer_than_fresh_is_still_shared),
        flight_test(what_is_too_long_to_share_is_bounded),
        flight_test(more_keys_than_places_are_right),
        flight_test(failures_are_shared_and_stale_stands_in),
        flight_test(a_deadline_is_not_shared),
        flight_test(a_redis_that_refuses_to_store_is_as_away),
        flight_test(redis_is_the_only_truth_when_it_is_there),
        flight_test(a_hanging_redis_costs_a_request_50_ms),
        flight_test(no_fault_of_redis_is_an_error),
        cmocka_unit_test(two_queries_never_share_a_key),
    };
    world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
