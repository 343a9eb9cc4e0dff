/* export.c - GET /v1/user/export: all users, or those that fit, as one file.
 *
 * It is sent while it is read (stream.h) and never held. It has no common moment: a
 * user that is created or edited meanwhile may be in it either way, one that is
 * deleted before its batch is read is not. In the order of `_id` the last line that
 * came is a place to go on from: after=<its _id>.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "counters.h"
#include "export_read.h"
#include "export_write.h"
#include "handlers.h"
#include "log.h"
#include "query.h"
#include "stream.h"

#define PIECE ((size_t)64 * 1024) /* sent at once */
/* How long a batch is tried for: longer than a failover or a restart of the database takes. */
#define PATIENCE_MS 10000
#define PAUSE_MS 250
#define ROWS_MIN 50 /* a batch that took too long is tried with fewer, down to these */

struct export
{
    struct context *context;
    const struct export_format *format;
    struct users_query query;
    struct stream stream;
    int64_t rows;
    int64_t total; /* rows there will be, as far as is known; -1 */
    struct export_batch batch;
};

static enum hc_err read_format(struct export *e, struct hc_error *err)
{
    const struct text *given = query_value(&e->context->request, "format");
    e->format = export_format_of(given ? given->at : "csv");
    if (!e->format)
        return hc_fail(err, HC_EMALFORMED, "format", "format must be csv or ndjson");
    return HC_OK;
}

/* ---- the head ---- */

/* The counters know all users and those of a country; nothing knows cheaply what else fits. */
static enum hc_err find_total(struct export *e, struct hc_error *err)
{
    const struct users_query *q = &e->query;
    struct hc_counts *counts;
    struct hc_db *db;
    e->total = -1;
    if (q->has_email || q->has_id || q->has_after || q->name.at || q->search.at)
        return HC_OK;
    enum hc_err code = context_db(e->context, &db, err);
    if (code != HC_OK)
        return code;
    counts = malloc(sizeof *counts);
    if (!counts)
        return hc_fail(err, HC_ENOMEM, NULL, "There is no memory for the numbers");
    code = hc_counters_read(db, counts, err);
    if (code == HC_OK && !q->country)
        e->total = counts->users;
    else if (code == HC_OK)
        e->total = counts->country[hc_country_find(q->country, strlen(q->country))];
    free(counts);
    return code;
}

static void write_head(struct export *e)
{
    struct response *res = &e->context->response;
    char text[80];
    char day[HC_ISO_MAX];
    hc_iso_format(hc_now_ms(), day);
    res->type = e->format->type;
    snprintf(text, sizeof text, "attachment; filename=\"users-%.10s.%s\"", day, e->format->name);
    response_header(res, "Content-Disposition", text);
    if (e->total < 0)
        return;
    snprintf(text, sizeof text, "%" PRId64, e->total);
    response_header(res, "X-Total-Count", text);
}

/* ---- the rows ---- */

static bool may_pass(enum hc_err code)
{
    return code == HC_ESTORE || code == HC_EDEADLINE || code == HC_EBUSY;
}

/* Reads the next batch. Once something was sent, a database that is away for a moment is waited for. */
static enum hc_err read_batch(struct export *e, struct hc_error *err)
{
    size_t max = EXPORT_ROWS_MAX;
    int64_t patience = hc_mono_ms() + (e->stream.begun ? PATIENCE_MS : 0);
    for (;;) {
        enum hc_err code = export_read(e->context, &e->query, max, &e->batch, err);
        if (code == HC_OK || !may_pass(code) || hc_mono_ms() >= patience)
            return code;
        max = code == HC_EDEADLINE && max > 2 * ROWS_MIN ? max / 2 : max;
        hc_sleep_ms(PAUSE_MS);
        if (stream_look(&e->stream, err) != HC_OK)
            return err->code;
    }
}

static enum hc_err flush(struct export *e, size_t least, struct hc_error *err)
{
    struct hc_buf *out = &e->context->scratch;
    if (out->len < least)
        return HC_OK;
    if (hc_buf_failed(out))
        return hc_fail(err, HC_EINTERNAL, NULL, "A user did not fit its line");
    enum hc_err code = stream_send(&e->stream, out->data, out->len, err);
    hc_buf_clear(out);
    return code;
}

static enum hc_err send_batch(struct export *e, struct hc_error *err)
{
    enum hc_err code = HC_OK;
    for (size_t i = 0; i < e->batch.count && code == HC_OK; i++) {
        e->format->row(&e->context->scratch, e->batch.docs[i], e->batch.active[i]);
        e->rows++;
        code = flush(e, PIECE, err);
    }
    export_release(&e->batch);
    return code == HC_OK ? flush(e, 1, err) : code;
}

/* All of them. The first batch is read before anything is sent, so that a database that is away is told. */
static enum hc_err send_all(struct export *e, struct hc_error *err)
{
    hc_buf_clear(&e->context->scratch);
    e->format->begin(&e->context->scratch);
    enum hc_err code = find_total(e, err);
    if (code == HC_OK)
        code = read_batch(e, err);
    if (code == HC_OK)
        write_head(e);
    if (code == HC_OK)
        code = send_batch(e, err);
    while (code == HC_OK && !e->batch.last) {
        code = read_batch(e, err);
        if (code == HC_OK)
            code = send_batch(e, err);
    }
    return code;
}

static enum hc_err answer(struct export *e, struct hc_error *err)
{
    enum hc_err code = read_format(e, err);
    if (code == HC_OK)
        code = users_query_export(e->context, &e->query, err);
    if (code != HC_OK)
        return code;
    if (e->context->request.method == METHOD_HEAD) {
        code = find_total(e, err);
        if (code == HC_OK) {
            write_head(e);
            stream_headers(e->context);
        }
        return code;
    }
    code = stream_open(&e->stream, e->context, err);
    return code == HC_OK ? stream_close(&e->stream, send_all(e, err), err) : code;
}

enum hc_err users_export(struct context *c, struct hc_error *err)
{
    struct export *e = calloc(1, sizeof *e);
    if (!e)
        return hc_fail(err, HC_ENOMEM, NULL, "There is no memory for this export");
    e->context = c;
    enum hc_err code = answer(e, err);
    export_release(&e->batch);
    free(e);
    return code;
}
