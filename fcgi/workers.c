/* web.c - see web.h. */
#include "workers.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "instance.h"
#include "log.h"
#include "metrics.h"
#include "metrics_web.h"
#include "service.h"

struct worker {
    struct workers *all;
    pthread_t thread;
    struct context context;
    struct fcgi_link link;
};

struct workers {
    struct web *web;
    int stop; /* eventfd */
    pthread_mutex_t lock;
    pthread_cond_t ended; /* by the monotonic clock */
    size_t running;       /* threads that have not ended; guarded by lock */
    pthread_t beat;
    bool has_beat;
    struct hc_cache *beat_cache;
    size_t started;
    size_t count;
    struct worker list[];
};

/* ---- counting, so that a stop can wait with a limit ---- */

static void count_thread(struct workers *w, int by)
{
    pthread_mutex_lock(&w->lock);
    w->running = (size_t)((long)w->running + by);
    pthread_cond_signal(&w->ended);
    pthread_mutex_unlock(&w->lock);
}

static void init_counting(struct workers *w)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->ended, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&w->lock, NULL);
}

/* Starts a thread that counts itself out when it ends. */
static bool start_thread(struct workers *w, pthread_t *thread, void *(*run)(void *), void *arg)
{
    count_thread(w, 1);
    if (pthread_create(thread, NULL, run, arg) == 0)
        return true;
    count_thread(w, -1);
    return false;
}

/* ---- a worker ---- */

static void answer(struct worker *me)
{
    struct response *res = &me->context.response;
    res->sink = fcgi_sink(&me->link);
    service_answer(&me->context, me->link.request.envp, fcgi_source(&me->link));
    if (res->streamed && !res->whole)
        fcgi_break(&me->link);
    else if (!fcgi_reply(&me->link, &res->wire))
        hc_log(HC_LOG_DEBUG, "request.gone", "the web server did not take the answer",
               HC_STR("req", me->context.request.id), NULL);
}

static void *work(void *arg)
{
    struct worker *me = arg;
    enum fcgi_turn turn;
    while ((turn = fcgi_next(&me->link)) != FCGI_TURN_STOP)
        if (turn == FCGI_TURN_REQUEST)
            answer(me);
    count_thread(me->all, -1);
    return NULL;
}

static enum hc_err start_worker(struct workers *w, const struct fcgi_listener *listener, struct hc_error *err)
{
    struct worker *me = &w->list[w->started];
    enum hc_err code = context_open(&me->context, w->web, err);
    if (code != HC_OK)
        return code;
    code = fcgi_link_open(&me->link, listener, w->stop, (int)w->web->settings->stream_idle_ms, err);
    me->all = w;
    if (code == HC_OK && !start_thread(w, &me->thread, work, me)) {
        fcgi_link_close(&me->link);
        code = hc_fail(err, HC_ENOMEM, "APP_THREADS", "A thread could not be started");
    }
    if (code != HC_OK)
        context_close(&me->context);
    else
        w->started++;
    return code;
}

/* ---- the beat ---- */

static void beat_once(struct workers *w)
{
    struct hc_instance self = {.role = HC_ROLE_WEB, .lag = -1};
    snprintf(self.name, sizeof self.name, "%s", w->web->settings->instance);
    self.beat_ms = hc_now_ms();
    self.workers = (int64_t)w->count;
    self.kafka_up = hc_bus_is_up(w->web->bus);
    if (hc_instance_beat(w->beat_cache, &self) != HC_OK)
        hc_log(HC_LOG_DEBUG, "instance.beat", "the beat could not be written", NULL);
    metrics_web_note(w->web, w->count);
    hc_metrics_publish(w->beat_cache, self.name);
}

static void *beat(void *arg)
{
    struct workers *w = arg;
    struct pollfd stop = {.fd = w->stop, .events = POLLIN};
    do
        beat_once(w);
    while (poll(&stop, 1, 1000) <= 0);
    hc_instance_leave(w->beat_cache, w->web->settings->instance);
    hc_metrics_withdraw(w->beat_cache, w->web->settings->instance);
    count_thread(w, -1);
    return NULL;
}

static enum hc_err start_beat(struct workers *w, struct hc_error *err)
{
    enum hc_err code = hc_cache_open(&w->beat_cache, w->web->settings->redis, err);
    if (code == HC_OK && !start_thread(w, &w->beat, beat, w))
        code = hc_fail(err, HC_ENOMEM, NULL, "A thread could not be started");
    w->has_beat = code == HC_OK;
    return code;
}

/* ---- all of them ---- */

enum hc_err workers_start(struct workers **out, struct web *web, const struct fcgi_listener *listener,
                          struct hc_error *err)
{
    size_t count = web_threads(web->settings);
    struct workers *w = calloc(1, sizeof *w + count * sizeof w->list[0]);
    if (!w)
        return hc_fail(err, HC_ENOMEM, "APP_THREADS", "There is no memory for the threads");
    w->web = web;
    w->count = count;
    init_counting(w);
    w->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum hc_err code = w->stop >= 0 ? HC_OK : hc_fail(err, HC_ESOCKET, NULL, "No event could be made");
    while (code == HC_OK && w->started < count)
        code = start_worker(w, listener, err);
    if (code == HC_OK)
        code = start_beat(w, err);
    if (code != HC_OK)
        workers_stop(w, 1000);
    else
        *out = w;
    return code;
}

/* Waits until all threads have ended; how many have not by then. */
static size_t wait_for_all(struct workers *w, int wait_ms)
{
    struct timespec until;
    int64_t deadline = hc_mono_ms() + wait_ms;
    until.tv_sec = deadline / 1000;
    until.tv_nsec = (long)(deadline % 1000) * 1000000;
    int rc = 0;
    pthread_mutex_lock(&w->lock);
    while (w->running > 0 && rc == 0)
        rc = pthread_cond_timedwait(&w->ended, &w->lock, &until);
    size_t left = w->running;
    pthread_mutex_unlock(&w->lock);
    return left;
}

static void set_stop(const struct workers *w)
{
    uint64_t one = 1;
    if (w->stop >= 0 && write(w->stop, &one, sizeof one) != (ssize_t)sizeof one)
        hc_log(HC_LOG_ERROR, "web.stop", "the stop event could not be set", HC_STR("why", strerror(errno)),
               NULL);
}

static void release(struct workers *w)
{
    for (size_t i = 0; i < w->started; i++) {
        pthread_join(w->list[i].thread, NULL);
        fcgi_link_close(&w->list[i].link);
        context_close(&w->list[i].context);
    }
    if (w->has_beat)
        pthread_join(w->beat, NULL);
    hc_cache_close(w->beat_cache);
    if (w->stop >= 0)
        close(w->stop);
    pthread_cond_destroy(&w->ended);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

bool workers_stop(struct workers *w, int wait_ms)
{
    set_stop(w);
    size_t left = wait_for_all(w, wait_ms);
    if (left > 0) {
        hc_log(HC_LOG_ERROR, "web.stop", "threads did not end in time", HC_INT("threads", left), NULL);
        return false;
    }
    release(w);
    return true;
}
