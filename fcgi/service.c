/* web.c - see web.h. */
#include "service.h"

#include <stdatomic.h>
#include <string.h>

#include "access.h"
#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "metrics_web.h"
#include "problem.h"

#define LINES_A_SECOND 100

static enum hc_err answer_options(struct context *c, unsigned allowed)
{
    struct response *res = &c->response;
    char allow[ROUTE_ALLOW_MAX];
    route_allow(allowed, allow);
    response_header(res, "Allow", allow);
    if (access_cors_allowed(c->settings, &c->request)) {
        response_header(res, "Access-Control-Allow-Methods", allow);
        response_header(
            res, "Access-Control-Allow-Headers",
            "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id");
        response_header(res, "Access-Control-Max-Age", "600");
    }
    response_empty(res, 204);
    return HC_OK;
}

static enum hc_err no_route(struct context *c, unsigned allowed, struct hc_error *err)
{
    char allow[ROUTE_ALLOW_MAX];
    if (!allowed)
        return hc_fail(err, HC_ENOTFOUND, NULL, "There is nothing at this path");
    if (c->request.method == METHOD_OPTIONS)
        return answer_options(c, allowed);
    route_allow(allowed, allow);
    response_header(&c->response, "Allow", allow);
    return hc_fail(err, HC_EMETHOD, NULL, "This path takes %s", allow);
}

static enum hc_err dispatch(struct context *c, char *const *env, struct hc_error *err)
{
    const struct hc_settings *s = c->settings;
    struct request *r = &c->request;
    size_t count;
    unsigned allowed;

    enum hc_err code = request_read(r, env, hc_mono_ms(), s->deadline_ms, err);
    access_cors_headers(s, r, &c->response);
    if (code != HC_OK)
        return code;
    const struct route *table = route_table(&count);
    c->route = route_find(table, count, r, s->old_get, &allowed);
    if (!c->route)
        return no_route(c, allowed, err);
    code = access_check(s, r, c->route->need, err);
    return code == HC_OK ? c->route->handler(c, err) : code;
}

/* Lines of one level in one second: what one client can make the log grow by has a bound. */
static bool within_limit(enum hc_log_level level)
{
    static _Atomic int64_t second[HC_LOG_ERROR + 1];
    static _Atomic int64_t lines[HC_LOG_ERROR + 1];
    int64_t now = hc_mono_ms() / 1000, last = atomic_load(&second[level]);
    if (now != last && atomic_compare_exchange_strong(&second[level], &last, now))
        atomic_store(&lines[level], 0);
    if (atomic_fetch_add(&lines[level], 1) < LINES_A_SECOND)
        return true;
    hc_metric_add(HC_METRIC_LOG_LEFT_OUT, 0, 1);
    return false;
}

/* Changes, exports and what went wrong show as they are, within a limit; the many reads in debug. A store
 * that is known to be away was logged by whoever found out; thousands a second need not. */
static enum hc_log_level level_of(const struct context *c, const struct hc_error *err)
{
    bool known = err->code == HC_ESTORE && !c->store_tried;
    bool broken = c->response.streamed && !c->response.whole && err->code != HC_ESOCKET;
    bool write = c->route && (c->route->need & ACCESS_WRITES);
    if (broken || (c->response.status >= 500 && !known))
        return HC_LOG_WARN;
    return write || c->response.streamed || (c->response.status >= 400 && !known) ? HC_LOG_INFO
                                                                                  : HC_LOG_DEBUG;
}

/* One line a request, with what went wrong if something did. */
static void log_done(const struct context *c, const struct hc_error *err)
{
    enum hc_log_level level = level_of(c, err);
    if (!hc_log_enabled(level) || (!hc_log_enabled(HC_LOG_DEBUG) && !within_limit(level)))
        return;
    const struct hc_log_field *fields[] = {
        HC_STR("method", method_name(c->request.method)),
        HC_STR("route", c->route ? c->route->pattern : ""),
        HC_INT("status", c->response.status),
        HC_INT("ms", hc_mono_ms() - c->request.began),
        HC_INT("bytes", c->response.streamed ? c->response.sent : (int64_t)c->response.wire.len),
        HC_STR("req", c->request.id),
        err->code == HC_OK ? NULL : HC_STR("err", hc_err_text(err->code)),
        HC_STR("field", err->field),
    };
    hc_log(level, "request.done", err->detail[0] ? err->detail : "a request was answered", fields[0],
           fields[1], fields[2], fields[3], fields[4], fields[5], fields[6], fields[7], NULL);
}

/* What a buffer that ran over becomes; small enough to fit in any case. */
static void answer_overflow(struct context *c)
{
    struct hc_error err = {0};
    hc_fail(&err, HC_EINTERNAL, NULL, "The answer did not fit");
    hc_log(HC_LOG_ERROR, "response.overflow", "an answer did not fit its buffer",
           HC_STR("req", c->request.id), HC_STR("route", c->route ? c->route->pattern : ""), NULL);
    response_clear(&c->response);
    problem_write(&c->response, &err);
    if (!response_wire(&c->response, c->request.id, c->request.method == METHOD_HEAD))
        hc_buf_clear(&c->response.wire); /* not even that: the web server answers for us */
}

void service_answer(struct context *c, char *const *env, struct request_source source)
{
    struct hc_error err = {0};
    int64_t began = hc_mono_us();
    metrics_web_begin();
    c->route = NULL;
    c->faults.count = 0;
    c->request.source = source;
    response_clear(&c->response);
    enum hc_err code = dispatch(c, env, &err);
    if (code == HC_OK)
        err = (struct hc_error){0}; /* what a handler met and got over */
    err.code = code;
    bool streamed = c->response.streamed; /* then nothing can be said any more */
    if (code != HC_OK && !streamed)
        problem_write_faults(&c->response, &err, &c->faults);
    if (!streamed && !response_wire(&c->response, c->request.id, c->request.method == METHOD_HEAD))
        answer_overflow(c);
    log_done(c, &err);
    context_done(c, code);
    int64_t took_us = hc_mono_us() - began;
    if (!streamed) /* a stream's worker is no one's who polls, however long it takes */
        pace_note(&c->web->pace, hc_mono_ms(), took_us);
    metrics_web_end(c, code, took_us);
}
