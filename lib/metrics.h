/* metrics.h - what a process counts of itself, and the page that shows all of them.
 *
 * metrics_table.h has a row for each metric: name, type, unit, labels, which program
 * has it, and a sentence. A metric is one cell or, with labels, a cell for each
 * combination of their values; all values are known in advance, so that nothing a
 * client sends can make a new one. A cell is an atomic number in static memory:
 * counting takes no lock and can't fail, from the first moment of the process on.
 *
 *     hc_metric_add(HC_METRIC_STEPS, 0, 1);
 *     hc_metric_observe(HC_METRIC_HTTP_DURATION, route, took_us);
 *     hc_metric_set(HC_METRIC_KAFKA_LAG, 0, messages);
 *
 * A counter shows from 0 on. A gauge shows once it is set, until it is cleared:
 * what is not known is not shown.
 *
 * Once a second each process writes its numbers into Redis, hc:1:metrics:<name>,
 * where they live 15 s (hc_metrics_publish). Whoever is asked shows them all
 * in the text format of Prometheus, each with its `instance` (hc_metrics_page).
 *
 * Any thread; the set-up belongs to the main thread, before others start.
 */
#ifndef HC_METRICS_H
#define HC_METRICS_H

#include <stdbool.h>

#include "buffer.h"
#include "cache.h"
#include "metrics_table.h"

#define HC_METRICS_X(id, ...) HC_METRIC_##id,
enum hc_metric { HC_METRICS(HC_METRICS_X) HC_METRIC_COUNT };
#undef HC_METRICS_X

/* Who has a metric. */
enum hc_metric_role { HC_METRIC_OF_WEB = 1, HC_METRIC_OF_CONSUMER = 2, HC_METRIC_OF_BOTH = 3 };

/* What became of a message: values of the label outcome. */
enum hc_metric_message { HC_MESSAGE_PROCESSED, HC_MESSAGE_DEAD, HC_MESSAGE_RETRIED };
/* What became of an answer that is kept. */
enum hc_metric_kept { HC_KEPT_HIT, HC_KEPT_STALE, HC_KEPT_FILLED, HC_KEPT_FAILED };
/* What became of a user's request. */
enum hc_metric_request { HC_REQUEST_COUNTED, HC_REQUEST_REPEATED, HC_REQUEST_LATE };
/* The same for calls: values of the label result. */
enum hc_metric_call { HC_CALL_OK, HC_CALL_FAILED };

/* ---- set-up ---- */

/* Which program this is: role decides what is shown. program is kept, not copied. */
void hc_metrics_setup(enum hc_metric_role role, const char *program);
/* Names the values of a label that only the program knows; what is more than its room is left out. values is
 * kept, not copied; the last one takes what has no value of its own. */
void hc_metrics_label(enum hc_metric_label label, const char *const *values, size_t count);

/* ---- counting ---- */

/* The cell of a metric with two or three labels: values in the order of the table. A value out of range is
 * the last one of its label. With one label the value is the cell, without it is 0. */
size_t hc_metric_cell(enum hc_metric m, size_t a, size_t b, size_t c);

/* A counter, or a gauge that was set, moves by n. A cell out of range: nothing. */
void hc_metric_add(enum hc_metric m, size_t cell, int64_t n);
/* The whole value, of a gauge or of a counter that is kept elsewhere. */
void hc_metric_set(enum hc_metric m, size_t cell, int64_t value);
/* A gauge that isn't known any more. */
void hc_metric_clear(enum hc_metric m, size_t cell);
/* A histogram takes in a duration in µs. */
void hc_metric_observe(enum hc_metric m, size_t cell, int64_t us);

/* n messages of a topic; one that isn't ours is counted as "other". */
void hc_metric_messages(const char *topic, enum hc_metric_message outcome, int64_t n);
/* A command to MongoDB ended, after us. */
void hc_metric_command(const char *command, enum hc_metric_call result, int64_t us);

/* ---- showing ---- */

/* Appends this process's metrics, one line each, without comments and instance. */
void hc_metrics_render(struct hc_buf *out);

/* Writes them into Redis under the instance's name. HC_ECACHE is harmless: the next time says it again. */
enum hc_err hc_metrics_publish(struct hc_cache *c, const char *instance);
/* Takes them out, at a clean stop. */
void hc_metrics_withdraw(struct hc_cache *c, const char *instance);

/* Appends the page: this process's metrics as they are now and those of all other instances that live. With
 * Redis away (or cache NULL) its own alone. What can't be read in Redis is left out, and so are instances
 * that would make the page longer than out may be. HC_ENOMEM. */
enum hc_err hc_metrics_page(struct hc_cache *cache, const char *instance, struct hc_buf *out,
                            struct hc_error *err);

/* The parts of it: a struct hc_metrics_page gathers lines by metric. */
struct hc_metrics_page;
struct hc_metrics_page *hc_metrics_page_new(size_t max); /* NULL without memory */
void hc_metrics_page_free(struct hc_metrics_page *page);
/* Takes in what hc_metrics_render made, here or elsewhere; lines that it would not make, and metrics that
 * this build doesn't know, are left out. False, and nothing taken in, when the page would get too long. */
bool hc_metrics_page_take(struct hc_metrics_page *page, const char *instance, const char *text, size_t len);
/* Appends all of it with help and types. */
void hc_metrics_page_write(const struct hc_metrics_page *page, struct hc_buf *out);

#endif
