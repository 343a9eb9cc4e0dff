/* log.h - one JSON line an event, to stderr.
 *
 *     {"time":"…Z","level":"info","event":"job.done","msg":"…","instance":"web-1","job":"…","err":"store"}
 *
 * event is noun.verb; msg one sentence. Fields follow as name/value pairs made
 * by the HC_LOG_* macros, ended by NULL:
 *
 *     hc_log(HC_LOG_INFO, "job.done", "all chunks are in", HC_STR("job", id), HC_INT("total", n), NULL);
 *
 * Every value is escaped, so one event is one line whatever it holds; a line
 * longer than 8 KB is cut inside a value. No e-mail, token or body above debug.
 * Lines are written with one write(2), so threads and processes don't mix.
 */
#ifndef HC_LOG_H
#define HC_LOG_H

#include <stdint.h>

enum hc_log_level { HC_LOG_DEBUG, HC_LOG_INFO, HC_LOG_WARN, HC_LOG_ERROR };

struct hc_log_field {
    const char *name;
    const char *text; /* the value, or NULL when it is the number */
    int64_t number;
};

/* Call before threads start. instance (copied, may be NULL) is put into every line. */
void hc_log_setup(enum hc_log_level least, const char *instance);
/* "debug", "info", "warn", "error" -> level; -1 for another word. */
int hc_log_level_parse(const char *word);
/* True when lines of that level are written: guards costly preparation. */
int hc_log_enabled(enum hc_log_level level);

/* Fields: a list of const struct hc_log_field *, ended by NULL. Any thread. */
void hc_log(enum hc_log_level level, const char *event, const char *msg, ...) __attribute__((sentinel));

#define HC_STR(n, v) (&(const struct hc_log_field){(n), (v) ? (v) : "", 0})
#define HC_INT(n, v) (&(const struct hc_log_field){(n), NULL, (int64_t)(v)})

#endif
