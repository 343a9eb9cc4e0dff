/* See metrics_web.h. */
#include "metrics_web.h"

#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "metrics.h"

#define ROUTES_MAX 79 /* and one place for what fits no route */

static const char *patterns[ROUTES_MAX + 1];
static size_t pattern_count; /* with the last one, "none" */

static const enum method method_order[] = {METHOD_GET,   METHOD_HEAD,   METHOD_POST,    METHOD_PUT,
                                           METHOD_PATCH, METHOD_DELETE, METHOD_OPTIONS, METHOD_OTHER};
#define METHODS (sizeof method_order / sizeof *method_order)
static const char *methods[METHODS];

static const char *const statuses[] = {"200", "201", "202", "204", "304", "400", "401", "403", "404",  "405",
                                       "409", "412", "413", "415", "422", "429", "500", "503", "other"};
#define STATUSES (sizeof statuses / sizeof *statuses)

/* ---- the values of labels ---- */

static size_t place_of_route(const char *pattern)
{
    size_t i = 0;
    while (i + 1 < pattern_count && strcmp(patterns[i], pattern) != 0)
        i++;
    return i;
}

static size_t place_of_method(enum method method)
{
    size_t i = 0;
    while (i + 1 < METHODS && method_order[i] != method)
        i++;
    return i;
}

static size_t place_of_status(int status)
{
    size_t i = 0;
    while (i + 1 < STATUSES && strtol(statuses[i], NULL, 10) != status)
        i++;
    return i;
}

void metrics_web_setup(void)
{
    size_t count;
    const struct route *table = route_table(&count);
    pattern_count = 0;
    for (size_t r = 0; r < count && pattern_count < ROUTES_MAX; r++) {
        size_t known = 0;
        while (known < pattern_count && strcmp(patterns[known], table[r].pattern) != 0)
            known++;
        if (known == pattern_count)
            patterns[pattern_count++] = table[r].pattern;
    }
    patterns[pattern_count++] = "none";
    for (size_t m = 0; m < METHODS; m++)
        methods[m] = method_name(method_order[m]);
    hc_metrics_label(HC_LABEL_ROUTE, patterns, pattern_count);
    hc_metrics_label(HC_LABEL_METHOD, methods, METHODS);
    hc_metrics_label(HC_LABEL_STATUS, statuses, STATUSES);
    hc_metrics_setup(HC_METRIC_OF_WEB, "headcount.fcgi");
}

/* ---- one request ---- */

void metrics_web_begin(void)
{
    hc_metric_add(HC_METRIC_HTTP_IN_FLIGHT, 0, 1);
}

void metrics_web_end(const struct context *c, enum hc_err code, int64_t took_us)
{
    size_t route = place_of_route(c->route ? c->route->pattern : "none");
    size_t cell = hc_metric_cell(HC_METRIC_HTTP_REQUESTS, route, place_of_method(c->request.method),
                                 place_of_status(c->response.status));
    hc_metric_add(HC_METRIC_HTTP_IN_FLIGHT, 0, -1);
    hc_metric_add(HC_METRIC_HTTP_REQUESTS, cell, 1);
    hc_metric_observe(HC_METRIC_HTTP_DURATION, route, took_us);
    if (code != HC_OK)
        hc_metric_add(HC_METRIC_ERRORS, code, 1);
}

/* ---- the page ---- */

void metrics_web_note(const struct web *web, size_t threads)
{
    struct hc_flight_stats stats;
    hc_flight_stats_read(&stats);
    hc_metric_set(HC_METRIC_KEPT, HC_KEPT_HIT, (int64_t)stats.hits);
    hc_metric_set(HC_METRIC_KEPT, HC_KEPT_STALE, (int64_t)stats.stale);
    hc_metric_set(HC_METRIC_KEPT, HC_KEPT_FILLED, (int64_t)stats.filled);
    hc_metric_set(HC_METRIC_KEPT, HC_KEPT_FAILED, (int64_t)stats.failed);
    if (web->bus)
        hc_metric_set(HC_METRIC_KAFKA_UP, 0, hc_bus_is_up(web->bus));
    if (threads > 0)
        hc_metric_set(HC_METRIC_HTTP_WORKERS, 0, (int64_t)threads);
}

enum hc_err metrics_show(struct context *c, struct hc_error *err)
{
    metrics_web_note(c->web, 0);
    c->response.type = TYPE_METRICS;
    return hc_metrics_page(context_cache(c), c->settings->instance, &c->response.body, err);
}
