/* flight_local.c - see flight_local.h.
 *
 * One mutex guards the table, one condition tells of every finished fill. An
 * entry that is filled or waited for keeps its key; others give way to new
 * keys, the one built longest ago first.
 */
#include "flight_local.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"

struct hc_local_entry {
    char key[HC_LOCAL_KEY_MAX]; /* "" while the place is free */
    bool filling;               /* one thread fills */
    bool too_long;              /* the last value was too long to share */
    unsigned waiters;           /* threads that wait for the fill */
    unsigned rounds;            /* fills finished */
    char *body;                 /* the last value, or NULL */
    size_t len;
    int64_t started; /* hc_mono_ms when its fill began */
    struct hc_flight_answer answer;
    enum hc_err code; /* how the last fill ended */
    struct hc_error err;
};

static struct hc_local_entry table[HC_LOCAL_KEYS];
static atomic_bool used; /* there may be a value in the table */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t finished; /* counts by the monotonic clock */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&finished, &attr);
    pthread_condattr_destroy(&attr);
}

static void clear_value(struct hc_local_entry *e)
{
    free(e->body);
    e->body = NULL;
    e->len = 0;
    e->too_long = false;
}

/* The key's entry, or a place for it, or NULL when all are busy. */
static struct hc_local_entry *entry_of(const char *key)
{
    struct hc_local_entry *oldest = NULL;
    for (size_t i = 0; i < HC_LOCAL_KEYS; i++) {
        struct hc_local_entry *e = &table[i];
        if (strcmp(e->key, key) == 0)
            return e;
        if (!e->filling && e->waiters == 0 && (!oldest || e->started < oldest->started))
            oldest = e;
    }
    if (!oldest || strlen(key) >= sizeof oldest->key)
        return NULL;
    clear_value(oldest);
    memset(oldest, 0, sizeof *oldest);
    strcpy(oldest->key, key);
    return oldest;
}

static bool take(const struct hc_local_entry *e, struct hc_buf *out, struct hc_flight_answer *answer)
{
    if (!e->body)
        return false;
    hc_buf_add(out, e->body, e->len);
    if (hc_buf_failed(out)) {
        hc_buf_clear(out);
        return false;
    }
    *answer = e->answer;
    return true;
}

/* Waits for the end of the fill under way. False: the deadline came first. */
static bool wait_round(struct hc_local_entry *e, int64_t deadline)
{
    struct timespec until = {.tv_sec = deadline / 1000, .tv_nsec = (long)(deadline % 1000) * 1000000};
    unsigned round = e->rounds;
    int rc = 0;

    e->waiters++;
    while (e->rounds == round && rc == 0)
        rc = pthread_cond_timedwait(&finished, &mutex, &until);
    e->waiters--;
    return e->rounds != round;
}

/* A failure that says nothing of the key: whoever waited tries for itself. */
static bool is_personal(enum hc_err code)
{
    return code == HC_EDEADLINE || code == HC_EBUSY || code == HC_ENOMEM || code == HC_ETOOLARGE;
}

static enum hc_local_turn begin_locked(struct hc_local_entry *e, const struct hc_flight *flight,
                                       struct hc_buf *out, struct hc_flight_answer *answer,
                                       struct hc_error *err)
{
    if (!e)
        return HC_LOCAL_ALONE;
    if (e->body && hc_mono_ms() - e->started < flight->fresh_ms && take(e, out, answer))
        return HC_LOCAL_TAKEN;
    while (e->filling) {
        if (!wait_round(e, flight->deadline)) {
            hc_fail(err, HC_EBUSY, NULL, "Too many requests are waiting for the store");
            return HC_LOCAL_ERROR;
        }
        if (e->code == HC_OK && take(e, out, answer))
            return HC_LOCAL_TAKEN;
        if (e->code == HC_OK)
            return HC_LOCAL_ALONE; /* too long to share: no use in queueing */
        if (!is_personal(e->code)) {
            if (err)
                *err = e->err;
            return HC_LOCAL_ERROR;
        }
    }
    if (e->too_long)
        return HC_LOCAL_ALONE;
    e->filling = true;
    return HC_LOCAL_FILL;
}

enum hc_local_turn hc_local_begin(const struct hc_flight *flight, struct hc_local_entry **place,
                                  struct hc_buf *out, struct hc_flight_answer *answer, struct hc_error *err)
{
    pthread_once(&once, init);
    pthread_mutex_lock(&mutex);
    struct hc_local_entry *e = entry_of(flight->key);
    enum hc_local_turn turn = begin_locked(e, flight, out, answer, err);
    pthread_mutex_unlock(&mutex);
    *place = e;
    return turn;
}

void hc_local_done(struct hc_local_entry *e, enum hc_err code, const struct hc_error *err, int64_t started,
                   const struct hc_buf *body, const struct hc_flight_answer *answer)
{
    pthread_mutex_lock(&mutex);
    e->filling = false;
    e->rounds++;
    e->code = code;
    if (code == HC_OK) {
        clear_value(e);
        e->too_long = body->len > HC_LOCAL_VALUE_MAX;
        e->body = e->too_long ? NULL : malloc(body->len + 1);
        if (e->body)
            memcpy(e->body, body->data, body->len + 1);
        e->len = body->len;
        e->started = started;
        e->answer = *answer;
        e->answer.source = HC_FLIGHT_HIT;
        atomic_store(&used, true);
    } else {
        e->err = *err;
    }
    pthread_cond_broadcast(&finished);
    pthread_mutex_unlock(&mutex);
}

bool hc_local_stale(const struct hc_flight *flight, struct hc_buf *out, struct hc_flight_answer *answer)
{
    bool found = false;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < HC_LOCAL_KEYS && !found; i++) {
        struct hc_local_entry *e = &table[i];
        found = strcmp(e->key, flight->key) == 0 && hc_mono_ms() - e->started < flight->keep_ms &&
                take(e, out, answer);
    }
    pthread_mutex_unlock(&mutex);
    if (found)
        answer->source = HC_FLIGHT_STALE;
    return found;
}

void hc_local_forget(void)
{
    if (!atomic_load(&used))
        return;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < HC_LOCAL_KEYS; i++)
        clear_value(&table[i]);
    atomic_store(&used, false);
    pthread_mutex_unlock(&mutex);
}
