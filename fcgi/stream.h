/* stream.h - one answer that is sent while it is made.
 *
 * For what is too long for a buffer: an export of all users. Nothing of it is kept;
 * a reader who is slow makes the worker wait, one who takes nothing for
 * APP_STREAM_IDLE_MS is cut off, and so is everyone when the process ends. The
 * request's deadline doesn't bind it.
 *
 * Status and headers go with the first bytes, so a handler that finds out before
 * them that it can't answer still ends in a problem. After them an error breaks the
 * connection off: the last chunk of HTTP/1.1, or of gzip, is missing.
 *
 *     struct stream s;
 *     stream_open(&s, c, &err);                 takes a place among the streams
 *     … headers of c->response …
 *     stream_send(&s, bytes, n, &err);          again and again
 *     return stream_close(&s, code, &err);      whatever happened
 *
 * One thread.
 */
#ifndef FCGI_STREAM_H
#define FCGI_STREAM_H

#include <zlib.h>

#include "web.h"

struct stream {
    struct context *context;
    enum sink_state state;
    bool begun; /* status and headers are sent */
    bool gzip;
    z_stream z;
    char *packed; /* what z writes to; owned */
};

/* Takes a place; packs if the client takes gzip. HC_EBUSY, HC_ENOMEM; then there is nothing to close. */
enum hc_err stream_open(struct stream *s, struct context *c, struct hc_error *err);
/* Sends bytes, the head first. HC_ESOCKET (nobody reads), HC_EDEADLINE (took nothing), HC_EBUSY (the process
 * ends): break off. */
enum hc_err stream_send(struct stream *s, const char *bytes, size_t n, struct hc_error *err);
/* HC_OK while it makes sense to go on. */
enum hc_err stream_look(struct stream *s, struct hc_error *err);
/* Ends it: with HC_OK the answer becomes whole, else it is broken off, or a problem if nothing of it was
 * sent. Returns code, or why the end could not be sent. */
enum hc_err stream_close(struct stream *s, enum hc_err code, struct hc_error *err);

/* Says in the headers how the body will be packed: for HEAD too. */
void stream_headers(struct context *c);

#endif
