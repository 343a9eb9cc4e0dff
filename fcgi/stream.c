/* stream.c - see stream.h. */
#include "stream.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "log.h"

#define PACKED_SIZE (32U * 1024)
/* Fast, as lighttpd packs all else: a million users are 250 MB. */
#define LEVEL 4
#define GZIP_WINDOW (15 + 16) /* zlib's way to say gzip */

/* ---- what the client takes ---- */

/* True for "q=0", "q=0.0" and so on. */
static bool is_refused(const char *parameters, size_t len)
{
    size_t i = 0;
    while (i < len && strchr("; \t", parameters[i]))
        i++;
    if (i + 2 > len || strncasecmp(parameters + i, "q=", 2) != 0)
        return false;
    for (i += 2; i < len && strchr("0. \t", parameters[i]); i++)
        ;
    return i == len;
}

/* Whether an Accept-Encoding names gzip. */
static bool takes_gzip(const char *accepted)
{
    static const char between[] = ", \t";
    while (accepted && *accepted) {
        accepted += strspn(accepted, between);
        size_t len = strcspn(accepted, ",");
        size_t name = strcspn(accepted, ",; \t");
        if (name == 4 && strncasecmp(accepted, "gzip", 4) == 0)
            return !is_refused(accepted + name, len - name);
        accepted += len;
    }
    return false;
}

void stream_headers(struct context *c)
{
    c->response.open_ended = true;
    response_header(&c->response, "Vary", "Accept-Encoding");
    if (takes_gzip(c->request.fields.accept_encoding))
        response_header(&c->response, "Content-Encoding", "gzip");
}

/* ---- life ---- */

static void release(struct stream *s)
{
    if (s->gzip)
        deflateEnd(&s->z);
    free(s->packed);
    s->packed = NULL;
    streams_leave(&s->context->web->streams);
}

enum hc_err stream_open(struct stream *s, struct context *c, struct hc_error *err)
{
    memset(s, 0, sizeof *s);
    s->context = c;
    if (!streams_enter(&c->web->streams))
        return hc_fail(err, HC_EBUSY, NULL,
                       "As many exports and imports run as may at once; come again when one has ended");
    if (!takes_gzip(c->request.fields.accept_encoding))
        return HC_OK;
    s->packed = malloc(PACKED_SIZE);
    s->gzip = s->packed && deflateInit2(&s->z, LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    if (s->gzip)
        return HC_OK;
    release(s);
    return hc_fail(err, HC_ENOMEM, NULL, "There is no memory for packing the answer");
}

/* ---- sending ---- */

/* What the sink said, as an error; who is gone was told by nobody else. */
static enum hc_err sink_fail(const struct stream *s, struct hc_error *err)
{
    switch (s->state) {
    case SINK_IDLE:
        hc_log(HC_LOG_INFO, "stream.idle", "a reader took nothing for too long and was cut off",
               HC_STR("req", s->context->request.id), HC_INT("bytes", s->context->response.sent), NULL);
        return hc_fail(err, HC_EDEADLINE, NULL, "The reader took nothing for too long");
    case SINK_STOP:
        return hc_fail(err, HC_EBUSY, NULL, "The web service ends");
    default:
        return hc_fail(err, HC_ESOCKET, NULL, "The reader is gone");
    }
}

static enum hc_err sink(struct stream *s, const char *bytes, size_t n, struct hc_error *err)
{
    struct response *res = &s->context->response;
    if (s->state == SINK_OPEN)
        s->state = res->sink.send(res->sink.stream, bytes, n);
    if (s->state != SINK_OPEN)
        return sink_fail(s, err);
    res->sent += (int64_t)n;
    return HC_OK;
}

static enum hc_err begin(struct stream *s, struct hc_error *err)
{
    struct response *res = &s->context->response;
    stream_headers(s->context);
    if (!response_wire(res, s->context->request.id, true))
        return hc_fail(err, HC_EINTERNAL, NULL, "The answer's headers did not fit");
    s->begun = res->streamed = true;
    enum hc_err code = sink(s, res->wire.data, res->wire.len, err);
    hc_buf_clear(&res->wire); /* nothing is left for the end */
    return code;
}

/* Packs bytes and sends what comes of them; how: Z_NO_FLUSH, Z_FINISH. */
static enum hc_err send_packed(struct stream *s, const char *bytes, size_t n, int how, struct hc_error *err)
{
    enum hc_err code = HC_OK;
    int more = Z_OK;
    s->z.next_in = (unsigned char *)(uintptr_t)bytes; /* zlib doesn't write there */
    s->z.avail_in = (unsigned)n;
    while (code == HC_OK && more == Z_OK) {
        s->z.next_out = (unsigned char *)s->packed;
        s->z.avail_out = PACKED_SIZE;
        more = deflate(&s->z, how); /* Z_BUF_ERROR: nothing (more) to do */
        size_t made = PACKED_SIZE - s->z.avail_out;
        if (made > 0)
            code = sink(s, s->packed, made, err);
        if (how == Z_NO_FLUSH && s->z.avail_in == 0 && s->z.avail_out > 0)
            break;
    }
    return code;
}

enum hc_err stream_look(struct stream *s, struct hc_error *err)
{
    return sink(s, "", 0, err);
}

enum hc_err stream_send(struct stream *s, const char *bytes, size_t n, struct hc_error *err)
{
    enum hc_err code = s->begun ? stream_look(s, err) : begin(s, err);
    if (code != HC_OK || n == 0)
        return code;
    return s->gzip ? send_packed(s, bytes, n, Z_NO_FLUSH, err) : sink(s, bytes, n, err);
}

enum hc_err stream_close(struct stream *s, enum hc_err code, struct hc_error *err)
{
    if (code == HC_OK && !s->begun)
        code = begin(s, err);
    if (code == HC_OK && s->gzip)
        code = send_packed(s, "", 0, Z_FINISH, err);
    s->context->response.whole = code == HC_OK;
    release(s);
    return code;
}
