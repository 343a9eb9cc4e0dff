/* metrics_web.h - what the web service counts of itself (lib/metrics.h), and GET /metrics.
 *
 * Routes are counted by their pattern, so what clients send makes no new number.
 */
#ifndef FCGI_METRICS_WEB_H
#define FCGI_METRICS_WEB_H

#include "web.h"

/* Names routes, methods and statuses. Once, before any thread starts. */
void metrics_web_setup(void);

/* A request begins, and ends: c has its route (NULL: none), method and status; took: µs. Any thread. */
void metrics_web_begin(void);
void metrics_web_end(const struct context *c, enum hc_err code, int64_t took_us);

/* Notes what is counted elsewhere in the process: before its metrics are shown. Any thread. */
void metrics_web_note(const struct web *web, size_t threads);

#endif
