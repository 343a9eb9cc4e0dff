/* request.h - one HTTP request, read once and checked at the border.
 *
 * Both transports hand over the CGI variables as a list of NAME=value and a way
 * to read the body. From these a struct request gets: the method, the path as
 * segments and the query as parameters (both percent-decoded exactly once, from
 * the raw REQUEST_URI, so that every web server in front means the same), and
 * the headers that something looks at.
 *
 * Decoded text is valid UTF-8 without control characters; what isn't is refused
 * with HC_EMALFORMED. A path that is not in its plain form (empty segments, "."
 * or "..", too many) has odd_path set and fits no route.
 *
 *     struct request r;
 *     request_init(&r, body_max);              once a thread
 *     request_read(&r, env, now, deadline_ms, &err);   once a request
 *     …
 *     request_release(&r);
 *
 * Header values point into the transport's list and live as long as it does:
 * until the request is answered. Everything else is owned by the struct. Used by
 * one thread at a time.
 */
#ifndef FCGI_REQUEST_H
#define FCGI_REQUEST_H

#include "buffer.h"
#include "error.h"

#define REQUEST_URI_MAX 8192   /* bytes of the raw path and query */
#define REQUEST_SEGMENTS_MAX 8 /* parts of a path */
#define REQUEST_PARAMS_MAX 64  /* parameters of a query */
#define REQUEST_ID_MAX 64      /* characters of an X-Request-Id */

enum method {
    METHOD_GET = 1 << 0,
    METHOD_HEAD = 1 << 1,
    METHOD_POST = 1 << 2,
    METHOD_PUT = 1 << 3,
    METHOD_PATCH = 1 << 4,
    METHOD_DELETE = 1 << 5,
    METHOD_OPTIONS = 1 << 6,
    METHOD_OTHER = 1 << 7 /* known to nobody here */
};

/* Bytes that are also NUL-terminated at at[len]. */
struct text {
    const char *at;
    size_t len;
};

struct param {
    struct text name;
    struct text value;
};

/* Headers and the like as the transport gave them; NULL when absent. */
struct request_fields {
    const char *method;
    const char *uri;
    const char *remote_addr;
    const char *content_length;
    const char *content_type;
    const char *host;
    const char *origin;
    const char *authorization;
    const char *forwarded;
    const char *x_forwarded_for;
    const char *sec_fetch_site;
    const char *sec_purpose;
    const char *purpose;
    const char *if_none_match;
    const char *if_match;
    const char *idempotency_key;
    const char *request_id;
    const char *user_agent;
    const char *accept_encoding;
};

/* Where a body comes from: reads up to n bytes, 0 at its end or on an error. */
struct request_source {
    size_t (*read)(void *stream, char *to, size_t n);
    void *stream;
};

struct request {
    enum method method;
    struct request_fields fields;
    char id[REQUEST_ID_MAX + 1]; /* the client's, if it is a sane one, else a new ULID */
    int64_t began;               /* hc_mono_ms */
    int64_t deadline;            /* hc_mono_ms */
    bool odd_path;
    size_t segment_count;
    struct text segments[REQUEST_SEGMENTS_MAX];
    size_t param_count;
    struct param params[REQUEST_PARAMS_MAX];
    struct request_source source;
    struct hc_buf body; /* filled by request_body */
    char arena[REQUEST_URI_MAX + 2 * REQUEST_PARAMS_MAX + REQUEST_SEGMENTS_MAX + 8];
};

void request_init(struct request *r, size_t body_max);
void request_release(struct request *r);

/* Forgets the last request and reads this one, without its body. env ends with
 * NULL. HC_EMALFORMED with the parameter's name, or "path", as field; id,
 * method, fields and deadline are set in every case. */
enum hc_err request_read(struct request *r, char *const *env, int64_t began, int64_t limit_ms,
                         struct hc_error *err);

/* Reads the body into r->body, which stays empty when there is none.
 * HC_ETOOLARGE, HC_EMALFORMED when it ends early or its length is no number,
 * HC_ETYPE when it isn't declared as JSON in UTF-8. */
enum hc_err request_body(struct request *r, struct hc_error *err);

/* "GET", …; "OTHER" for one that is not known. */
const char *method_name(enum method method);

#endif
