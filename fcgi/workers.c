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
#include "service.h"

struct worker {
    pthread_t thread;
    struct context context;
    struct fcgi_link link;
};

struct workers {
    struct web *web;
    int stop; /* eventfd */
    pthread_t beat;
    bool has_beat;
    struct hc_cache *beat_cache;
    size_t started;
    size_t count;
    struct worker list[];
};

/* ---- a worker ---- */

static void *work(void *arg)
{
    struct worker *me = arg;
    for (;;) {
        enum fcgi_turn turn = fcgi_next(&me->link);
        if (turn == FCGI_TURN_STOP)
            return NULL;
        if (turn == FCGI_TURN_AGAIN)
            continue;
        service_answer(&me->context, me->link.request.envp, fcgi_source(&me->link));
        if (!fcgi_reply(&me->link, &me->context.response.wire))
            hc_log(HC_LOG_DEBUG, "request.gone", "the web server did not take the answer",
                   HC_STR("req", me->context.request.id), NULL);
    }
}

static enum hc_err start_worker(struct workers *w, const struct fcgi_listener *listener, struct hc_error *err)
{
    struct worker *me = &w->list[w->started];
    enum hc_err code = context_open(&me->context, w->web, err);
    if (code != HC_OK)
        return code;
    code = fcgi_link_open(&me->link, listener, w->stop, err);
    if (code == HC_OK && pthread_create(&me->thread, NULL, work, me) != 0) {
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
}

static void *beat(void *arg)
{
    struct workers *w = arg;
    struct pollfd stop = {.fd = w->stop, .events = POLLIN};
    do
        beat_once(w);
    while (poll(&stop, 1, 1000) <= 0);
    hc_instance_leave(w->beat_cache, w->web->settings->instance);
    return NULL;
}

static enum hc_err start_beat(struct workers *w, struct hc_error *err)
{
    enum hc_err code = hc_cache_open(&w->beat_cache, w->web->settings->redis, err);
    if (code == HC_OK && pthread_create(&w->beat, NULL, beat, w) != 0)
        code = hc_fail(err, HC_ENOMEM, NULL, "A thread could not be started");
    w->has_beat = code == HC_OK;
    return code;
}

/* ---- all of them ---- */

static size_t thread_count(const struct hc_settings *s)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (s->threads > 0)
        return (size_t)s->threads;
    return cores > 0 && cores < 64 ? (size_t)cores * 4 : 256;
}

enum hc_err workers_start(struct workers **out, struct web *web, const struct fcgi_listener *listener,
                          struct hc_error *err)
{
    size_t count = thread_count(web->settings);
    struct workers *w = calloc(1, sizeof *w + count * sizeof w->list[0]);
    if (!w)
        return hc_fail(err, HC_ENOMEM, "APP_THREADS", "There is no memory for the threads");
    w->web = web;
    w->count = count;
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

static bool join(pthread_t thread, int64_t deadline)
{
    struct timespec until;
    int left = hc_left_ms(deadline, 60000);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += left / 1000;
    until.tv_nsec += (long)(left % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == 0;
}

static void set_stop(const struct workers *w)
{
    uint64_t one = 1;
    if (w->stop >= 0 && write(w->stop, &one, sizeof one) != (ssize_t)sizeof one)
        hc_log(HC_LOG_ERROR, "web.stop", "the stop event could not be set", HC_STR("why", strerror(errno)),
               NULL);
}

bool workers_stop(struct workers *w, int wait_ms)
{
    int64_t deadline = hc_mono_ms() + wait_ms;
    size_t left = 0;
    set_stop(w);
    for (size_t i = 0; i < w->started; i++)
        left += !join(w->list[i].thread, deadline);
    if (w->has_beat)
        left += !join(w->beat, deadline);
    if (left > 0) {
        hc_log(HC_LOG_ERROR, "web.stop", "threads did not end in time", HC_INT("threads", left), NULL);
        return false;
    }
    for (size_t i = 0; i < w->started; i++) {
        fcgi_link_close(&w->list[i].link);
        context_close(&w->list[i].context);
    }
    hc_cache_close(w->beat_cache);
    if (w->stop >= 0)
        close(w->stop);
    free(w);
    return true;
}
