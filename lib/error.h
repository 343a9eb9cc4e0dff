/* error.h - errors as values.
 *
 * Everything that can fail returns an enum hc_err (HC_OK is zero) and fills a
 * struct hc_error, its last out-parameter. A code says what kind of failure it
 * is; field names the input at fault, or the service ("mongodb", "redis",
 * "kafka"); detail is one sentence that may be shown to a client, so it never
 * holds a driver's text, a host or a path. What a driver said goes to the log.
 *
 * The code knows nothing of HTTP: fcgi/problem.c alone turns it into a status.
 * An hc_error is a plain value: no life cycle, copied freely, used by one
 * thread at a time.
 */
#ifndef HC_ERROR_H
#define HC_ERROR_H

#include <stdbool.h>

enum hc_err {
    HC_OK = 0,
    HC_EMALFORMED,    /* input that can't be read: JSON, id, number, parameter */
    HC_EUNAUTHORIZED, /* a token is needed and was not given, or is wrong */
    HC_EFORBIDDEN,    /* not allowed from here */
    HC_ENOTFOUND,     /* no such thing or route */
    HC_EMETHOD,       /* the route exists, not with this method */
    HC_ECONFLICT,     /* it clashes with what is stored */
    HC_EPRECONDITION, /* If-Match no longer fits */
    HC_ETOOLARGE,     /* longer than its limit */
    HC_ETYPE,         /* a content type that is not taken */
    HC_EINVALID,      /* readable, but not an acceptable value */
    HC_ETOOMANY,      /* too many requests or jobs */
    HC_EBUSY,         /* no capacity right now; try again */
    HC_EDEADLINE,     /* the time for this request is over */
    HC_ESTORE,        /* MongoDB can't be used right now; nothing was changed */
    HC_EOUTCOME,      /* a reply of MongoDB or Kafka was lost; the change may have happened */
    HC_ECACHE,        /* Redis can't be used right now */
    HC_EBROKER,       /* Kafka can't be used right now */
    HC_ENEWER,        /* stored or sent in a shape newer than this build knows */
    HC_ENOMEM,        /* out of memory */
    HC_EUSAGE,        /* wrong command line */
    HC_ESETTING,      /* a setting with a wrong value */
    HC_ESOCKET,       /* the listen socket can't be had */
    HC_EINTERNAL,     /* a fault of our own */
    HC_ERR_COUNT
};

struct hc_error {
    enum hc_err code;
    char field[48];   /* NUL-terminated, "" when none */
    char detail[208]; /* NUL-terminated, one sentence without the final stop */
};

/* The word for a code, such as "malformed": for logs and for the last part of
 * a problem's type. Never NULL, also for a number out of range. Any thread. */
const char *hc_err_text(enum hc_err code);

/* The exit code of a program that can't start because of code: 2 usage,
 * 3 setting, 4 store, 5 broker, 6 cache, 7 socket, 1 for all others. */
int hc_err_exit_code(enum hc_err code);

/* True when the same call may succeed later without a change by the caller:
 * a service is away, the deadline passed, no capacity. */
bool hc_err_is_transient(enum hc_err code);

/* Fills *err (which may be NULL) and returns code, so that a function can end
 * with `return hc_fail(err, HC_EINVALID, "limit", "…")`. field may be NULL. A
 * detail that is too long is cut at a character's border. */
enum hc_err hc_fail(struct hc_error *err, enum hc_err code, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
