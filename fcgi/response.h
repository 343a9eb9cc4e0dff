/* response.h - one HTTP answer, built in buffers that are used again.
 *
 * A handler sets status, type and cache and writes the body; response_wire makes
 * of it the bytes that both transports send. Every answer gets nosniff,
 * Referrer-Policy and X-Request-Id, an HTML page also its content policy. An
 * answer too long for a buffer goes out while it is made: see stream.h.
 *
 * One response belongs to one worker; it is cleared, not freed, between requests.
 */
#ifndef FCGI_RESPONSE_H
#define FCGI_RESPONSE_H

#include "buffer.h"
#include "json.h"

#define RESPONSE_BODY_MAX (4U << 20) /* bytes; an HTML page has a lower limit of its own */

#define TYPE_JSON "application/json; charset=utf-8"
#define TYPE_PROBLEM "application/problem+json; charset=utf-8"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_HTML "text/html; charset=utf-8"

#define CACHE_NO_STORE "no-store"
#define CACHE_REVALIDATE "no-cache"

/* How sending went. Once it is not SINK_OPEN it stays so. */
enum sink_state {
    SINK_OPEN, /* all of it was taken */
    SINK_GONE, /* nobody is there any more */
    SINK_IDLE, /* who reads took nothing for too long */
    SINK_STOP  /* this process is told to end */
};

/* Where an answer goes that is sent while it is made. */
struct response_sink {
    /* Sends n bytes, waiting for who reads. With n = 0 it only looks whether the process is to end. */
    enum sink_state (*send)(void *stream, const char *bytes, size_t n);
    void *stream;
};

struct response {
    int status;
    const char *type;      /* Content-Type; NULL: no body */
    const char *cache;     /* Cache-Control */
    struct hc_buf headers; /* further lines, each ending in CR LF */
    struct hc_buf body;
    size_t skip;        /* bytes at the body's start that are ours and aren't sent */
    struct hc_buf wire; /* what is sent */
    struct response_sink sink;
    bool open_ended; /* the length isn't known: no Content-Length */
    bool streamed;   /* it went to the sink: nothing of wire is left to be sent */
    bool whole;      /* … and all of it did; else the connection is to be broken off */
    int64_t sent;    /* bytes that went to the sink */
};

void response_init(struct response *res);
void response_release(struct response *res);
/* An empty 200 of JSON that is not to be stored. */
void response_clear(struct response *res);

/* Adds a header line. A value with a control character is left out and logged:
 * nothing that a client sent can start a line of its own. */
void response_header(struct response *res, const char *name, const char *value);

/* Starts a JSON body; the writer is the caller's. */
void response_json(struct response *res, struct hc_json *j);
/* Makes an answer without a body (204, 304, or HEAD's is done by response_wire). */
void response_empty(struct response *res, int status);

/* Builds res->wire. False when a buffer ran over or out of memory: the caller
 * answers with a problem instead. */
bool response_wire(struct response *res, const char *request_id, bool head);

#endif
