/* users_find.c - see users_find.h. */
#include "users_find.h"

#include <inttypes.h>
#include <string.h>

#include "log.h"
#include "user.h"

#define ROWS_MAX 101 /* the longest page, and one to see whether there is more */

/* The rows of one page: JSON of each in text, where it lies, and its _id. */
struct rows {
    size_t count;
    struct hc_buf *text;
    size_t at[ROWS_MAX + 1];
    bson_oid_t id[ROWS_MAX];
};

enum hc_err users_cursor_key(struct context *c, struct cursor_key *key, struct hc_error *err)
{
    struct hc_db *db;
    if (cursor_keeper_known(&c->web->cursors, key))
        return HC_OK;
    enum hc_err code = context_db(c, &db, err);
    return code == HC_OK ? cursor_keeper_find(&c->web->cursors, db, context_left_ms(c), key, err) : code;
}

/* ---- what is asked ---- */

static bson_t *filter_of(const struct users_query *q)
{
    bson_t *filter = bson_new();
    bson_t id;
    if (q->has_email)
        BSON_APPEND_UTF8(filter, "email", q->email);
    if (q->has_id || q->has_after || q->has_before) {
        BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &id);
        if (q->has_id)
            BSON_APPEND_OID(&id, "$eq", &q->id);
        if (q->has_after || q->has_before)
            BSON_APPEND_OID(&id, q->has_after ? "$lt" : "$gt", &q->edge);
        bson_append_document_end(filter, &id);
    }
    BSON_APPEND_NULL(filter, "_hc.gone");
    return filter;
}

static void limits_of(bson_t *opts, const char *index, int left_ms)
{
    bson_t part;
    BSON_APPEND_DOCUMENT_BEGIN(opts, "hint", &part);
    BSON_APPEND_INT32(&part, index, 1);
    bson_append_document_end(opts, &part);
    BSON_APPEND_DOCUMENT_BEGIN(opts, "projection", &part);
    BSON_APPEND_INT32(&part, "_hc", 0);
    bson_append_document_end(opts, &part);
    BSON_APPEND_INT64(opts, "maxTimeMS", left_ms);
}

static bson_t *opts_of(const struct users_query *q, int left_ms)
{
    bson_t *opts = bson_new();
    bson_t sort;
    limits_of(opts, q->has_email && !q->has_id ? "email" : "_id", left_ms);
    BSON_APPEND_DOCUMENT_BEGIN(opts, "sort", &sort);
    BSON_APPEND_INT32(&sort, "_id", q->has_before ? 1 : -1);
    bson_append_document_end(opts, &sort);
    BSON_APPEND_INT64(opts, "limit", q->limit + 1);
    if (q->page > 1)
        BSON_APPEND_INT64(opts, "skip", (q->page - 1) * q->limit);
    return opts;
}

/* ---- what is found ---- */

/* A user whose _id is no ObjectId was written by another system; no answer of
 * ours has a place for it. */
static void add_row(struct rows *rows, const bson_t *doc)
{
    bson_iter_t it;
    struct hc_json j;
    if (rows->count == ROWS_MAX)
        return;
    if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it)) {
        hc_log(HC_LOG_WARN, "user.odd", "a user whose _id is no ObjectId was left out", NULL);
        return;
    }
    bson_oid_copy(bson_iter_oid(&it), &rows->id[rows->count]);
    hc_json_begin(&j, rows->text);
    hc_user_json(&j, doc);
    rows->at[++rows->count] = rows->text->len;
}

static enum hc_err read_rows(struct context *c, const struct users_query *q, struct rows *rows,
                             struct hc_error *err)
{
    struct hc_db *db;
    enum hc_err code = context_db(c, &db, err);
    if (code != HC_OK)
        return code;
    bson_t *filter = filter_of(q);
    bson_t *opts = opts_of(q, context_left_ms(c));
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(hc_db_collection(db, HC_USERS), filter, opts, NULL);
    const bson_t *doc;
    while (mongoc_cursor_next(cursor, &doc))
        add_row(rows, doc);
    bson_error_t why;
    const bson_t *reply;
    if (mongoc_cursor_error_document(cursor, &why, &reply))
        code = hc_store_fail(err, &why, reply, false);
    mongoc_cursor_destroy(cursor);
    bson_destroy(opts);
    bson_destroy(filter);
    return code;
}

/* ---- what is written ---- */

struct edges {
    char next[CURSOR_TEXT_MAX]; /* "" none */
    char prev[CURSOR_TEXT_MAX];
};

/* Where the page's neighbours begin. Coming by a cursor, that side is there. */
static void find_edges(const struct users_query *q, const struct cursor_key *key, const struct rows *rows,
                       bool more, struct edges *edges)
{
    struct text bound = {q->filter, strlen(q->filter)};
    size_t shown = more ? (size_t)q->limit : rows->count;
    edges->next[0] = edges->prev[0] = '\0';
    if (shown == 0)
        return;
    const bson_oid_t *newest = &rows->id[q->has_before ? shown - 1 : 0];
    const bson_oid_t *oldest = &rows->id[q->has_before ? 0 : shown - 1];
    if (more || q->has_before)
        cursor_make(key, bound, oldest->bytes, sizeof oldest->bytes, edges->next);
    if (q->has_before ? more : q->has_after || q->page > 1)
        cursor_make(key, bound, newest->bytes, sizeof newest->bytes, edges->prev);
}

static void write_row(struct hc_json *j, const struct rows *rows, size_t i)
{
    hc_json_raw(j, rows->text->data + rows->at[i], rows->at[i + 1] - rows->at[i]);
}

static void write_list(const struct users_query *q, const struct rows *rows, bool more,
                       const struct edges *edges, struct hc_buf *out)
{
    struct hc_json j;
    size_t shown = more ? (size_t)q->limit : rows->count;
    hc_buf_printf(out, "%s\n%s\n", edges->next, edges->prev);
    hc_json_begin(&j, out);
    hc_json_open(&j, '{');
    hc_json_key(&j, "result");
    hc_json_open(&j, '[');
    for (size_t i = 0; i < shown; i++)
        write_row(&j, rows, q->has_before ? shown - 1 - i : i);
    hc_json_close(&j, ']');
    hc_json_key(&j, "page");
    hc_json_open(&j, '{');
    hc_json_put_str(&j, "next", edges->next[0] ? edges->next : NULL);
    hc_json_put_str(&j, "prev", edges->prev[0] ? edges->prev : NULL);
    hc_json_key(&j, "hasMore");
    hc_json_bool(&j, edges->next[0] != '\0');
    hc_json_close(&j, '}');
    hc_json_close(&j, '}');
}

enum hc_err users_find_fill(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err)
{
    (void)etag; /* made from the body */
    struct users_find *find = ctx;
    const struct users_query *q = find->query;
    struct cursor_key key;
    struct edges edges;
    struct rows rows = {.text = &find->context->scratch};

    hc_buf_clear(rows.text);
    enum hc_err code = users_cursor_key(find->context, &key, err);
    if (code == HC_OK)
        code = read_rows(find->context, q, &rows, err);
    if (code != HC_OK)
        return code;
    if (hc_buf_failed(rows.text))
        return hc_fail(err, HC_EINTERNAL, NULL, "The users of this page are too long");
    bool more = rows.count > (size_t)q->limit;
    find_edges(q, &key, &rows, more, &edges);
    write_list(q, &rows, more, &edges, out);
    return HC_OK;
}

enum hc_err users_find_one(struct context *c, const bson_t *filter, const char *index, bson_t *found,
                           struct hc_error *err)
{
    struct hc_db *db;
    enum hc_err code = context_db(c, &db, err);
    if (code != HC_OK)
        return code;
    bson_t *opts = bson_new();
    limits_of(opts, index, context_left_ms(c));
    code = hc_db_find_one(db, HC_USERS, filter, opts, found, err);
    bson_destroy(opts);
    return code;
}
