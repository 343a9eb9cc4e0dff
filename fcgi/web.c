/* web.c - see web.h. */
#include "web.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "page.h"
#include "tags.h"

/* ---- the process ---- */

size_t web_threads(const struct hc_settings *s)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (s->threads > 0)
        return (size_t)s->threads;
    return cores > 0 && cores < 64 ? (size_t)cores * 4 : 256;
}

/* A request waits for its message no longer than its own time. What is given up after two fifths of it is
 * reported a second later at most, which leaves the rest for finding the user. */
static enum hc_err open_bus(struct web *web, struct hc_error *err)
{
    return hc_bus_open_prompt(&web->bus, web->settings, (int)web->settings->deadline_ms * 2 / 5, err);
}

enum hc_err web_open(struct web *web, const struct hc_settings *s, bool cgi, struct hc_error *err)
{
    web->settings = s;
    web->cgi = cgi;
    pthread_mutex_init(&web->lock, NULL);
    streams_init(&web->streams, (size_t)s->streams, web_threads(s));
    pace_init(&web->pace, cgi ? 1 : web_threads(s));
    cursor_keeper_init(&web->cursors, s->admin_token);
    users_newest_init(&web->newest);
    users_words_init(&web->words);
    enum hc_err code = page_open(&web->page, s->www, err);
    if (code != HC_OK || cgi)
        return code;
    code = hc_store_open(&web->store, s, HC_STORE_POOL, err);
    if (code == HC_OK)
        code = open_bus(web, err);
    if (code != HC_OK)
        web_close(web, 0);
    return code;
}

void web_close(struct web *web, int flush_ms)
{
    hc_bus_close(web->bus, flush_ms);
    web->bus = NULL;
    hc_store_close(web->store);
    web->store = NULL;
    page_close(web->page);
    web->page = NULL;
    users_words_close(&web->words);
}

/* ---- the worker ---- */

enum hc_err context_open(struct context *c, struct web *web, struct hc_error *err)
{
    c->web = web;
    c->settings = web->settings;
    request_init(&c->request, (size_t)web->settings->body_max);
    response_init(&c->response);
    hc_buf_init(&c->scratch, RESPONSE_BODY_MAX);
    enum hc_err code = web->cgi ? HC_OK : hc_cache_open(&c->cache, web->settings->redis, err);
    if (code != HC_OK)
        context_close(c);
    return code;
}

void context_close(struct context *c)
{
    context_done(c, HC_OK);
    hc_cache_close(c->cache);
    c->cache = NULL;
    hc_buf_release(&c->scratch);
    response_release(&c->response);
    request_release(&c->request);
}

enum hc_err context_store(struct context *c, struct hc_store **store, struct hc_error *err)
{
    enum hc_err code = HC_OK;
    pthread_mutex_lock(&c->web->lock);
    if (!c->web->store)
        code = hc_store_open(&c->web->store, c->settings, HC_STORE_SINGLE, err);
    *store = c->web->store;
    pthread_mutex_unlock(&c->web->lock);
    return code;
}

enum hc_err context_bus(struct context *c, struct hc_bus **bus, struct hc_error *err)
{
    enum hc_err code = HC_OK;
    pthread_mutex_lock(&c->web->lock);
    if (!c->web->bus)
        code = open_bus(c->web, err);
    *bus = c->web->bus;
    pthread_mutex_unlock(&c->web->lock);
    return code;
}

struct hc_cache *context_cache(struct context *c)
{
    struct hc_error err = {0};
    if (!c->cache && hc_cache_open(&c->cache, c->settings->redis, &err) != HC_OK)
        hc_log(HC_LOG_WARN, "cache.open", err.detail, HC_STR("req", c->request.id), NULL);
    return c->cache;
}

bool context_store_try(struct context *c, struct hc_error *err)
{
    if (!c->store_tried && !breaker_try(&c->web->breaker, hc_mono_ms())) {
        hc_fail(err, HC_ESTORE, "mongodb", "The database (MongoDB) can't be reached right now");
        return false;
    }
    c->store_tried = true;
    return true;
}

void context_store_note(struct context *c, enum hc_err code)
{
    c->store_failed |= c->store_tried && code == HC_ESTORE;
}

enum hc_err context_db(struct context *c, struct hc_db **db, struct hc_error *err)
{
    struct hc_store *store = NULL;
    *db = &c->db;
    if (hc_mono_ms() >= c->request.deadline)
        return hc_fail(err, HC_EDEADLINE, NULL, "The time for this request is over");
    if (c->has_db)
        return HC_OK;
    if (!context_store_try(c, err))
        return HC_ESTORE;
    enum hc_err code = context_store(c, &store, err);
    if (code == HC_OK)
        code = hc_store_borrow(store, &c->db, err);
    c->has_db = code == HC_OK;
    return code;
}

void context_done(struct context *c, enum hc_err code)
{
    if (c->has_db)
        hc_store_return(&c->db);
    c->has_db = false;
    context_store_note(c, code);
    if (c->store_tried)
        breaker_note(&c->web->breaker, hc_mono_ms(), c->store_failed);
    c->store_tried = c->store_failed = false;
}

int context_left_ms(const struct context *c)
{
    int left = hc_left_ms(c->request.deadline, (int)c->settings->deadline_ms);
    return left > 0 ? left : 1;
}

/* ---- kept answers ---- */

static void say_stale(struct response *res, const struct hc_flight_answer *answer, int fresh_ms)
{
    char text[64];
    int64_t age_ms = hc_now_ms() - answer->built_ms;
    int64_t age = age_ms > 0 ? age_ms / 1000 : 0;
    int64_t late = (age_ms - fresh_ms + 999) / 1000;
    snprintf(text, sizeof text, "%" PRId64, age);
    response_header(res, "Age", text);
    snprintf(text, sizeof text, "headcount; hit; ttl=-%" PRId64, late > 1 ? late : 1);
    response_header(res, "Cache-Status", text);
}

void context_tag(struct context *c, const struct hc_flight_answer *answer, int fresh_ms)
{
    struct response *res = &c->response;
    char quoted[40];
    snprintf(quoted, sizeof quoted, "\"%s\"", answer->etag);
    response_header(res, "ETag", quoted);
    res->cache = CACHE_REVALIDATE;
    if (answer->source == HC_FLIGHT_STALE)
        say_stale(res, answer, fresh_ms);
    if (tags_fit(c->request.fields.if_none_match, answer->etag))
        response_empty(res, 304);
}

/* A flight's fill, watched: a stale answer hides from the caller that the store
 * was away. */
struct watched {
    struct context *context;
    const struct hc_flight *flight;
};

static enum hc_err watched_fill(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err)
{
    const struct watched *w = ctx;
    enum hc_err code = w->flight->fill(w->flight->ctx, out, etag, err);
    context_store_note(w->context, code);
    return code;
}

enum hc_err context_fly(struct context *c, const struct hc_flight *flight, struct hc_flight_answer *answer,
                        struct hc_error *err)
{
    struct hc_buf *body = &c->response.body;
    struct watched watched = {c, flight};
    struct hc_flight own = *flight;
    own.fill = watched_fill;
    own.ctx = &watched;
    hc_buf_clear(body);
    c->response.skip = 0;
    return hc_flight_get(context_cache(c), &own, body, answer, err);
}
