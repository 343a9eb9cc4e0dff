/* flight.c - see flight.h.
 *
 * One request goes: look into Redis; fresh is served. Else by_lock, where the
 * winner fills and the others serve the stale value or wait; or by_process,
 * when Redis is away. Every fill takes one of HC_FLIGHT_FILLS slots.
 */
#include "flight.h"

#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "flight_generation.h"
#include "flight_local.h"
#include "flight_value.h"

#define WAIT_MS 100   /* for the value that another one makes */
#define STEP_MS 5     /* between two looks, plus up to as much again */
#define LOCK_MS 10000 /* the longest a lock lasts if its owner dies */

enum state { FRESH, STALE, MISSING, AWAY };

/* One call of hc_flight_get. */
struct ride {
    struct hc_cache *cache;
    const struct hc_flight *flight;
    struct hc_buf *out;
    struct hc_flight_answer *answer;
    struct hc_error *err;  /* never NULL */
    struct hc_buf bytes;   /* what Redis gave */
    struct hc_value value; /* lies in bytes; only if has_value */
    bool has_value;        /* may be served, at least as stale */
    struct hc_generation generation;
    char lock[HC_LOCAL_KEY_MAX + 8];
    struct hc_flight local; /* the flight within this process */
    char local_key[HC_LOCAL_KEY_MAX];
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t freed; /* counts by the monotonic clock */
    int used;
} slots = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static pthread_once_t once = PTHREAD_ONCE_INIT;

static _Atomic uint64_t hits, stale, filled, failed;
static _Atomic uint64_t builds; /* the counter in a value's version */

static void init(void)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&slots.freed, &attr);
    pthread_condattr_destroy(&attr);
}

/* Takes a slot, waiting until deadline (hc_mono_ms; 0: not at all). */
static bool slot_take(int64_t deadline)
{
    struct timespec until = {.tv_sec = deadline / 1000, .tv_nsec = (long)(deadline % 1000) * 1000000};
    int rc = deadline > 0 ? 0 : -1;

    pthread_mutex_lock(&slots.mutex);
    while (slots.used >= HC_FLIGHT_FILLS && rc == 0)
        rc = pthread_cond_timedwait(&slots.freed, &slots.mutex, &until);
    bool taken = slots.used < HC_FLIGHT_FILLS;
    slots.used += taken;
    pthread_mutex_unlock(&slots.mutex);
    return taken;
}

static void slot_give(void)
{
    pthread_mutex_lock(&slots.mutex);
    slots.used--;
    pthread_cond_signal(&slots.freed);
    pthread_mutex_unlock(&slots.mutex);
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How a value may be used now. Times in it are believed only as far as this
 * flight would have set them. */
static enum state state_of(const struct hc_value *v, const struct ride *r)
{
    const struct hc_flight *f = r->flight;
    int64_t now = hc_now_ms();
    if (v->built_ms > now + HC_VALUE_AHEAD_MS || !hc_generation_fits(&r->generation, v->generation))
        return MISSING;
    if (now >= lesser(v->keep_until_ms, v->built_ms + f->keep_ms))
        return MISSING;
    return now < lesser(v->fresh_until_ms, v->built_ms + f->fresh_ms) ? FRESH : STALE;
}

/* The flight as this process shares it while Redis is away, and as the lock is called: Redis keeps one value
 * for a key and labels it, the process keeps one for each generation. */
static const struct hc_flight *local(struct ride *r)
{
    r->local = *r->flight;
    if (r->flight->generation) {
        snprintf(r->local_key, sizeof r->local_key, "%.*s:%" PRId64, HC_CACHE_KEY_MAX, r->flight->key,
                 r->generation.first);
        r->local.key = r->local_key;
    }
    return &r->local;
}

/* Asks Redis. What was read before stays when Redis can't be asked. */
static enum state look(struct ride *r)
{
    struct hc_buf bytes;
    struct hc_value value = {0};
    size_t max = r->out->max < HC_CACHE_VALUE_MAX ? r->out->max : HC_CACHE_VALUE_MAX;

    hc_buf_init(&bytes, max + HC_VALUE_HEADER_MAX);
    enum hc_err e = hc_generation_read(&r->generation, r->cache, r->flight->key, &bytes);
    enum state s = e == HC_OK || e == HC_ENOTFOUND ? MISSING : AWAY;
    if (e == HC_OK && hc_value_read(&value, bytes.data, bytes.len))
        s = state_of(&value, r);
    if (s == AWAY) {
        hc_buf_release(&bytes);
        return s;
    }
    hc_buf_release(&r->bytes);
    r->bytes = bytes;
    r->value = value;
    r->has_value = s != MISSING;
    return s;
}

/* Serves the value that was read from Redis. */
static enum hc_err serve(struct ride *r, enum hc_flight_source source)
{
    hc_buf_add(r->out, r->value.body, r->value.body_len);
    if (hc_buf_failed(r->out)) {
        hc_buf_clear(r->out);
        return hc_fail(r->err, HC_ENOMEM, NULL, "Out of memory");
    }
    r->answer->source = source;
    r->answer->built_ms = r->value.built_ms;
    memcpy(r->answer->etag, r->value.etag, sizeof r->answer->etag);
    atomic_fetch_add(source == HC_FLIGHT_STALE ? &stale : &hits, 1);
    return HC_OK;
}

/* Instead of the error e, which is in *r->err: a stale value if the failure
 * is one that passes. */
static enum hc_err fall_back(struct ride *r, enum hc_err e)
{
    if (hc_err_is_transient(e)) {
        if (hc_local_stale(local(r), r->out, r->answer)) {
            atomic_fetch_add(&stale, 1);
            return HC_OK;
        }
        if (r->has_value)
            return serve(r, HC_FLIGHT_STALE);
    }
    atomic_fetch_add(&failed, 1);
    return e;
}

static enum hc_err no_slot(struct ride *r)
{
    return hc_fail(r->err, HC_EBUSY, NULL, "Too many requests are waiting for the store");
}

/* Runs the flight's function; a slot is held. built_ms is the time before the
 * first read, so a slow fill never passes for newer than a quick one. */
static enum hc_err fill(struct ride *r)
{
    r->answer->source = HC_FLIGHT_FILLED;
    r->answer->built_ms = hc_now_ms();
    memset(r->answer->etag, 0, sizeof r->answer->etag);
    enum hc_err e = r->flight->fill(r->flight->ctx, r->out, r->answer->etag, r->err);
    if (e == HC_OK && hc_buf_failed(r->out))
        e = hc_fail(r->err, HC_EINTERNAL, NULL, "The answer could not be built");
    if (e != HC_OK) {
        r->err->code = e;
        hc_buf_clear(r->out);
        return e;
    }
    if (!hc_etag_is_valid(r->answer->etag))
        hc_etag_make(r->answer->etag, r->out->data, r->out->len);
    atomic_fetch_add(&filled, 1);
    return HC_OK;
}

/* Keeps what was filled, unless something newer is kept by now. */
static void keep(struct ride *r)
{
    struct hc_value v = {.built_ms = r->answer->built_ms,
                         .counter = (int64_t)(atomic_fetch_add(&builds, 1) % 1000000000000),
                         .fresh_until_ms = r->answer->built_ms + r->flight->fresh_ms,
                         .keep_until_ms = r->answer->built_ms + r->flight->keep_ms,
                         .generation = r->generation.latest,
                         .body = r->out->data,
                         .body_len = r->out->len};
    if (v.body_len > HC_CACHE_VALUE_MAX)
        return;
    memcpy(v.etag, r->answer->etag, sizeof v.etag);
    hc_value_put(r->cache, r->flight->key, &v, &r->generation, hc_now_ms());
}

/* Fills with the slot that is held, and gives it back once the result is kept:
 * who gets it next looks for that result first. */
static enum hc_err fill_and_keep(struct ride *r)
{
    enum hc_err e = fill(r);
    if (e == HC_OK)
        keep(r);
    slot_give();
    return e == HC_OK ? HC_OK : fall_back(r, e);
}

/* Waits for a slot; by then someone else may have filled. */
static enum hc_err fill_in_turn(struct ride *r)
{
    if (!slot_take(r->flight->deadline))
        return fall_back(r, no_slot(r));
    enum state s = look(r);
    if (s != FRESH && s != STALE)
        return fill_and_keep(r);
    slot_give();
    return serve(r, s == FRESH ? HC_FLIGHT_HIT : HC_FLIGHT_STALE);
}

/* Redis is away: the threads of this process share by themselves. */
static enum hc_err by_process(struct ride *r)
{
    struct hc_local_entry *place;
    enum hc_local_turn turn = hc_local_begin(local(r), &place, r->out, r->answer, r->err);

    if (turn == HC_LOCAL_TAKEN) {
        atomic_fetch_add(&hits, 1);
        return HC_OK;
    }
    if (turn == HC_LOCAL_ERROR)
        return fall_back(r, r->err->code);
    enum hc_err e = HC_OK;
    int64_t started = 0;
    if (!slot_take(r->flight->deadline)) {
        e = no_slot(r);
    } else {
        started = hc_mono_ms();
        e = fill(r);
        slot_give();
    }
    if (turn == HC_LOCAL_FILL)
        hc_local_done(place, e, r->err, started, r->out, r->answer);
    return e == HC_OK ? HC_OK : fall_back(r, e);
}

/* The lock is ours. Someone may have filled between our look and the lock. */
static enum hc_err as_winner(struct ride *r)
{
    enum state s = look(r);
    if (s == FRESH)
        return serve(r, HC_FLIGHT_HIT);
    if (s == AWAY)
        return by_process(r);
    if (slot_take(0))
        return fill_and_keep(r);
    return r->has_value ? serve(r, HC_FLIGHT_STALE) : fill_in_turn(r);
}

static enum hc_err lock(struct ride *r, uint64_t owner)
{
    snprintf(r->lock, sizeof r->lock, "%s:lock", local(r)->key);
    int left = hc_left_ms(r->flight->deadline, LOCK_MS - 1000);
    return hc_cache_lock(r->cache, r->lock, owner, left + 1000);
}

/* Another one fills, and there is nothing to serve: waits a little for its
 * value, or for its failure, then fills too. */
static enum hc_err as_waiter(struct ride *r, uint64_t owner)
{
    int64_t until = lesser(r->flight->deadline, hc_mono_ms() + WAIT_MS);
    enum state s = MISSING;

    while (hc_mono_ms() < until) {
        hc_sleep_ms(STEP_MS + (int)(hc_random_token() % (STEP_MS + 1)));
        s = look(r);
        if (s == FRESH || s == STALE)
            return serve(r, s == FRESH ? HC_FLIGHT_HIT : HC_FLIGHT_STALE);
        enum hc_err e = s == AWAY ? HC_ECACHE : lock(r, owner);
        if (e == HC_OK) {
            e = as_winner(r);
            hc_cache_unlock(r->cache, r->lock, owner);
            return e;
        }
        if (e != HC_ECONFLICT)
            return by_process(r);
    }
    return fill_in_turn(r);
}

static enum hc_err by_lock(struct ride *r)
{
    uint64_t owner = hc_random_token();
    enum hc_err e;

    e = lock(r, owner);
    if (e == HC_OK) {
        hc_local_forget();
        e = as_winner(r);
        hc_cache_unlock(r->cache, r->lock, owner);
        return e;
    }
    if (e != HC_ECONFLICT)
        return by_process(r);
    return r->has_value ? serve(r, HC_FLIGHT_STALE) : as_waiter(r, owner);
}

enum hc_err hc_flight_get(struct hc_cache *cache, const struct hc_flight *flight, struct hc_buf *out,
                          struct hc_flight_answer *answer, struct hc_error *err)
{
    struct hc_error unused;
    struct ride r = {.cache = cache, .flight = flight, .out = out, .answer = answer};
    enum hc_err e;

    pthread_once(&once, init);
    r.err = err ? err : &unused;
    *r.err = (struct hc_error){0};
    hc_generation_begin(&r.generation, flight);
    hc_buf_init(&r.bytes, 0);
    enum state s = cache ? look(&r) : AWAY;
    if (s == FRESH) {
        hc_local_forget();
        e = serve(&r, HC_FLIGHT_HIT);
    } else if (s == AWAY) {
        e = by_process(&r);
    } else {
        e = by_lock(&r);
    }
    hc_buf_release(&r.bytes);
    if (e == HC_OK)
        *r.err = (struct hc_error){0};
    return e;
}

void hc_flight_key(char key[HC_CACHE_KEY_MAX], const char *name, const void *query, size_t len)
{
    unsigned char hash[16];
    char text[2 * sizeof hash + 1];
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const unsigned char *)name, strlen(name) + 1);
    crypto_generichash_update(&state, query, len);
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(text, sizeof text, hash, sizeof hash);
    snprintf(key, HC_CACHE_KEY_MAX, "hc:1:%.80s:%s", name, text);
}

void hc_flight_stats_read(struct hc_flight_stats *out)
{
    out->hits = atomic_load(&hits);
    out->stale = atomic_load(&stale);
    out->filled = atomic_load(&filled);
    out->failed = atomic_load(&failed);
}
