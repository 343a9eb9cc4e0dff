/* web.c - see web.h. */
#include "service.h"

#include <string.h>

#include "access.h"
#include "clock.h"
#include "log.h"
#include "problem.h"

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

/* One line a request, with what went wrong if something did. A store that is known
 * to be away was logged by whoever found out; thousands a second need not. */
static void log_done(const struct context *c, const struct hc_error *err)
{
    bool known = err->code == HC_ESTORE && !c->store_tried;
    bool fault = c->response.status >= 500 && !known;
    bool write = c->route && (c->route->need & ACCESS_WRITES);
    enum hc_log_level level = fault ? HC_LOG_WARN : write ? HC_LOG_INFO : HC_LOG_DEBUG;
    if (!hc_log_enabled(level))
        return;
    const struct hc_log_field *fields[] = {
        HC_STR("method", method_name(c->request.method)),
        HC_STR("route", c->route ? c->route->pattern : ""),
        HC_INT("status", c->response.status),
        HC_INT("ms", hc_mono_ms() - c->request.began),
        HC_INT("bytes", c->response.wire.len),
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
    c->route = NULL;
    c->faults.count = 0;
    c->request.source = source;
    response_clear(&c->response);
    enum hc_err code = dispatch(c, env, &err);
    if (code == HC_OK)
        err = (struct hc_error){0}; /* what a handler met and got over */
    err.code = code;
    if (code != HC_OK)
        problem_write_faults(&c->response, &err, &c->faults);
    if (!response_wire(&c->response, c->request.id, c->request.method == METHOD_HEAD))
        answer_overflow(c);
    log_done(c, &err);
    context_done(c, code);
}
