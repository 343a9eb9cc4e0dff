/* See bus.h. This file: messages that somebody waits for. */
#include <stdlib.h>
#include <time.h>

#include "bus_inside.h"
#include "clock.h"
#include "log.h"

#define FULL_WAIT_MS 10 /* when the producer's queue is full of others' messages */

/* Freed by whoever comes last, since a report may come after the waiting was over. */
struct hc_batch {
    struct hc_bus *bus;
    int64_t deadline;     /* hc_mono_ms */
    pthread_mutex_t lock; /* guards what is below */
    pthread_cond_t told;
    int out;                     /* queued and not reported */
    bool left;                   /* nobody waits any more */
    bool maybe;                  /* one that failed may have been taken */
    rd_kafka_resp_err_t failure; /* the first one */
};

struct hc_batch *hc_batch_begin(struct hc_bus *bus, int wait_ms)
{
    pthread_condattr_t monotonic;
    struct hc_batch *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->bus = bus;
    b->deadline = hc_mono_ms() + wait_ms;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->told, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return b;
}

static void release(struct hc_batch *b)
{
    pthread_cond_destroy(&b->told);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

void hc_batch_reported(struct hc_batch *b, rd_kafka_resp_err_t result, bool maybe)
{
    pthread_mutex_lock(&b->lock);
    b->out--;
    b->maybe |= maybe;
    if (result && !b->failure)
        b->failure = result;
    bool last = b->left && b->out == 0;
    pthread_cond_signal(&b->told);
    pthread_mutex_unlock(&b->lock);
    if (last)
        release(b);
}

/* Until at most `most` are out, or the time is over. The lock is held. */
static void wait_for_reports(struct hc_batch *b, int most)
{
    struct timespec until = {.tv_sec = b->deadline / 1000, .tv_nsec = b->deadline % 1000 * 1000000};
    int r = 0;
    while (b->out > most && r == 0)
        r = pthread_cond_timedwait(&b->told, &b->lock, &until);
}

static enum hc_err not_taken(struct hc_error *err)
{
    return hc_fail(err, HC_EBROKER, "kafka", "The message broker (Kafka) did not take a message");
}

/* A place among those that are out. */
static enum hc_err enter(struct hc_batch *b, struct hc_error *err)
{
    pthread_mutex_lock(&b->lock);
    wait_for_reports(b, HC_BATCH_OUT - 1);
    bool fine = b->out < HC_BATCH_OUT && !b->failure;
    b->out += fine;
    pthread_mutex_unlock(&b->lock);
    return fine ? HC_OK : not_taken(err);
}

enum hc_err hc_batch_add(struct hc_batch *b, const struct hc_message *m, struct hc_error *err)
{
    enum hc_err e = enter(b, err);
    if (e != HC_OK) {
        if (m->headers)
            rd_kafka_headers_destroy(m->headers);
        return e;
    }
    rd_kafka_resp_err_t why = hc_bus_produce(b->bus, m, b);
    while (why == RD_KAFKA_RESP_ERR__QUEUE_FULL && !m->headers && hc_mono_ms() < b->deadline) {
        hc_sleep_ms(FULL_WAIT_MS);
        why = hc_bus_produce(b->bus, m, b);
    }
    if (!why)
        return HC_OK;
    hc_batch_reported(b, why, false); /* it never will be: this takes the place back */
    return not_taken(err);
}

/* Waits, logs and frees. *maybe: what failed may have been taken, or may be yet. */
static rd_kafka_resp_err_t end(struct hc_batch *b, bool *maybe)
{
    pthread_mutex_lock(&b->lock);
    wait_for_reports(b, 0);
    bool reported = b->out == 0;
    rd_kafka_resp_err_t why = b->failure ? b->failure : reported ? 0 : RD_KAFKA_RESP_ERR__TIMED_OUT;
    *maybe = b->maybe || !reported;
    b->left = true;
    pthread_mutex_unlock(&b->lock);
    if (reported)
        release(b);
    if (why)
        hc_log(HC_LOG_WARN, "bus.undelivered", rd_kafka_err2str(why), NULL);
    return why;
}

enum hc_err hc_batch_end(struct hc_batch *b, struct hc_error *err)
{
    bool maybe;
    return end(b, &maybe) ? not_taken(err) : HC_OK;
}

enum hc_err hc_bus_send_wait(struct hc_bus *bus, const struct hc_message *m, int wait_ms,
                             struct hc_error *err)
{
    struct hc_batch *b = hc_batch_begin(bus, wait_ms);
    if (!b) {
        if (m->headers)
            rd_kafka_headers_destroy(m->headers);
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    }
    bool maybe;
    enum hc_err e = hc_batch_add(b, m, err);
    if (!end(b, &maybe) || e != HC_OK)
        return e;
    return maybe ? hc_fail(err, HC_EOUTCOME, "kafka",
                           "the message broker's (Kafka's) answer was lost, so it may have taken the message")
                 : not_taken(err);
}
