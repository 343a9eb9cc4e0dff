/* log.h - one JSON line an event, to stderr.
 *
 *     {"time":"…Z","level":"info","event":"job.done","msg":"…","instance":"web-1","job":"…","err":"store"}
 *
 * event is noun.verb; msg one sentence. Fields follow as name/value pairs made
 * by the HC_LOG_* macros, ended by NULL:
 *
 *     hc_log(HC_LOG_INFO, "job.done", "all chunks are in", HC_STR("job", id), HC_INT("total", n), NULL);
 *
 * Every value is escaped and invalid UTF-8 replaced by U+FFFD, so one event is
 * one line of valid JSON whatever it holds. A line that would pass 8 KB is cut
 * inside a value or before a field and ends with "cut":true. No e-mail, token
 * or body above debug.
 *
 * A line is one write(2), so threads and processes don't mix (in a pipe: up to
 * the 4 KB that the kernel keeps together). A line that can't be written is
 * lost: there is nowhere left to say so. errno is kept.
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

/* Call before threads start. instance (copied, at most 127 bytes, may be NULL)
 * is put into every line. Ignores SIGPIPE unless the program handles it, so that
 * a reader that goes away doesn't end the program. Without this call: info. */
void hc_log_setup(enum hc_log_level least, const char *instance);
/* "debug", "info", "warn", "error" -> level; -1 for another word or NULL. */
int hc_log_level_parse(const char *word);
/* 1 when lines of that level are written, else 0: guards costly preparation. */
int hc_log_enabled(enum hc_log_level level);

/* Fields: a list of const struct hc_log_field *, ended by NULL. Any thread. A
 * level out of range counts as error; a NULL event, msg or name as "". */
void hc_log(enum hc_log_level level, const char *event, const char *msg, ...) __attribute__((sentinel));

/* A NULL text is written as "". */
#define HC_STR(n, v) (&(const struct hc_log_field){(n), hc_log_text(v), 0})
#define HC_INT(n, v) (&(const struct hc_log_field){(n), NULL, (int64_t)(v)})

static inline const char *hc_log_text(const char *text)
{
    return text ? text : "";
}

#endif
