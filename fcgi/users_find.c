/* users_find.c - see users_find.h. */
#include "users_find.h"

#include <string.h>

#include "log.h"
#include "usage.h"
#include "user.h"
#include "users_search.h"

enum hc_err users_cursor_key(struct context *c, struct cursor_key *key, struct hc_error *err)
{
    struct hc_db *db;
    if (cursor_keeper_known(&c->web->cursors, key))
        return HC_OK;
    enum hc_err code = context_db(c, &db, err);
    return code == HC_OK ? cursor_keeper_find(&c->web->cursors, db, context_left_ms(c), key, err) : code;
}

/* ---- what is asked ---- */

/* An order: the index that has it, and the field in front of _id; NULL: _id alone. */
struct order {
    const char *index[4];
    const char *field;
    bool unique; /* no two rows have the same text */
};

static const struct order ORDERS[][2] = {
    /* without and with a country */
    [USERS_BY_CREATED] = {{{"_id"}, NULL, false}, {{"country", "_id"}, NULL, false}},
    [USERS_BY_NAME] = {{{"name", "_id"}, "name", false}, {{"country", "name", "_id"}, "name", false}},
    [USERS_BY_EMAIL] = {{{"email"}, "email", true}, {{"country", "email"}, "email", true}},
    [USERS_BY_COUNTRY] = {{{"country", "_id"}, "country", false}, {{"country", "_id"}, NULL, false}},
};
static const struct order ONE_ID = {{"_id"}, NULL, false};
static const struct order ONE_EMAIL = {{"email"}, NULL, false};

static const struct order *order_of(const struct users_query *q)
{
    if (q->has_id)
        return &ONE_ID;
    return q->has_email ? &ONE_EMAIL : &ORDERS[q->sort][q->country != NULL];
}

bson_t *users_find_filter(const struct users_query *q)
{
    bson_t *filter = bson_new();
    if (q->has_email)
        BSON_APPEND_UTF8(filter, "email", q->email);
    if (q->country)
        BSON_APPEND_UTF8(filter, "country", q->country);
    BSON_APPEND_NULL(filter, "_hc.gone");
    return filter;
}

bool users_find_upwards(const struct users_query *q)
{
    return q->ascending != q->has_before;
}

void users_find_opts(bson_t *opts, const char *const index[], int64_t limit, int left_ms)
{
    bson_t part;
    BSON_APPEND_DOCUMENT_BEGIN(opts, "hint", &part);
    for (size_t i = 0; index[i]; i++)
        BSON_APPEND_INT32(&part, index[i], 1);
    bson_append_document_end(opts, &part);
    BSON_APPEND_INT64(opts, "limit", limit);
    BSON_APPEND_INT64(opts, "batchSize", limit);
    BSON_APPEND_INT64(opts, "maxTimeMS", left_ms);
}

void users_find_sort(bson_t *opts, bool upwards, const char *first, const char *second)
{
    bson_t sort;
    BSON_APPEND_DOCUMENT_BEGIN(opts, "sort", &sort);
    BSON_APPEND_INT32(&sort, first, upwards ? 1 : -1);
    if (second)
        BSON_APPEND_INT32(&sort, second, upwards ? 1 : -1);
    bson_append_document_end(opts, &sort);
}

void users_find_leave_out_ours(bson_t *opts)
{
    bson_t part;
    BSON_APPEND_DOCUMENT_BEGIN(opts, "projection", &part);
    BSON_APPEND_INT32(&part, "_hc", 0);
    bson_append_document_end(opts, &part);
}

/* ---- reading ---- */

bool users_rows_add(void *ctx, const bson_t *doc)
{
    struct users_rows *rows = ctx;
    if (rows->count < USERS_ROWS_MAX)
        rows->docs[rows->count++] = bson_copy(doc);
    return rows->count < USERS_ROWS_MAX;
}

/* Which side of the place a read takes, along its order. */
enum side {
    SIDE_IDS,   /* by _id alone: all, or those beyond the place's */
    SIDE_EQUAL, /* those with the place's text, beyond its _id */
    SIDE_BEYOND /* those beyond the text; without a place all that have a text */
};

static void add_bounds(bson_t *filter, const struct users_query *q, const struct order *order, enum side side)
{
    bool has_edge = q->has_after || q->has_before;
    const char *than = users_find_upwards(q) ? "$gt" : "$lt";
    bson_t bound;
    if (side == SIDE_EQUAL)
        bson_append_utf8(filter, order->field, -1, q->edge.text, (int)q->edge.len);
    if (side == SIDE_BEYOND) {
        BSON_APPEND_DOCUMENT_BEGIN(filter, order->field, &bound);
        bson_append_utf8(&bound, has_edge ? than : "$gte", -1, q->edge.text, (int)q->edge.len);
        bson_append_document_end(filter, &bound);
    } else if (has_edge || q->has_id) {
        BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &bound);
        if (q->has_id)
            BSON_APPEND_OID(&bound, "$eq", &q->id);
        if (has_edge)
            BSON_APPEND_OID(&bound, than, &q->edge.id);
        bson_append_document_end(filter, &bound);
    }
}

static enum hc_err read_side(struct context *c, const struct users_query *q, enum side side,
                             struct users_rows *rows, struct hc_error *err)
{
    struct hc_db *db;
    const struct order *order = order_of(q);
    int64_t limit = q->limit + 1 - (int64_t)rows->count;
    enum hc_err code = context_db(c, &db, err);
    if (code != HC_OK || limit <= 0)
        return code;
    bson_t *filter = users_find_filter(q);
    bson_t *opts = bson_new();
    add_bounds(filter, q, order, side);
    users_find_opts(opts, order->index, limit, context_left_ms(c));
    users_find_leave_out_ours(opts);
    if (side == SIDE_BEYOND)
        users_find_sort(opts, users_find_upwards(q), order->field, order->unique ? NULL : "_id");
    else
        users_find_sort(opts, users_find_upwards(q), "_id", NULL);
    if (q->page > 1)
        BSON_APPEND_INT64(opts, "skip", (q->page - 1) * q->limit);
    code = hc_db_each(db, HC_USERS, filter, opts, users_rows_add, rows, err);
    bson_destroy(opts);
    bson_destroy(filter);
    return code;
}

static enum hc_err read_rows(struct context *c, const struct users_query *q, struct users_rows *rows,
                             struct hc_error *err)
{
    const struct order *order = order_of(q);
    enum hc_err code = HC_OK;
    if (q->name.at || q->search.at)
        return users_search(c, q, rows, err);
    if (!order->field)
        return read_side(c, q, SIDE_IDS, rows, err);
    if ((q->has_after || q->has_before) && !order->unique)
        code = read_side(c, q, SIDE_EQUAL, rows, err);
    return code == HC_OK ? read_side(c, q, SIDE_BEYOND, rows, err) : code;
}

/* ---- the neighbours ---- */

struct edges {
    char next[CURSOR_TEXT_MAX]; /* "" none */
    char prev[CURSOR_TEXT_MAX];
};

/* The place of a row; false when none can be told: it was written by another system. */
static bool place_of(const bson_t *doc, const char *field, struct users_place *place)
{
    bson_iter_t it;
    uint32_t len = 0;
    const char *text = "";
    if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
        return false;
    bson_oid_copy(bson_iter_oid(&it), &place->id);
    if (field && bson_iter_init_find(&it, doc, field) && BSON_ITER_HOLDS_UTF8(&it))
        text = bson_iter_utf8(&it, &len);
    if ((field && text[0] == '\0' && len > 0) || len > USERS_PLACE_TEXT)
        return false;
    place->len = len;
    memcpy(place->text, text, len);
    return true;
}

/* The cursor of the row that lies nearest to the end of the page which from is at; "" when there is none. */
static void make_cursor(const struct users_query *q, const struct cursor_key *key,
                        const struct users_rows *rows, size_t shown, bool from_end, char out[CURSOR_TEXT_MAX])
{
    struct text bound = {q->filter, strlen(q->filter)};
    struct users_place place;
    uint8_t position[CURSOR_POSITION_MAX];
    out[0] = '\0';
    for (size_t i = 0; i < shown; i++) {
        if (!place_of(rows->docs[from_end ? shown - 1 - i : i], order_of(q)->field, &place))
            continue;
        memcpy(position, place.id.bytes, sizeof place.id.bytes);
        memcpy(position + sizeof place.id.bytes, place.text, place.len);
        cursor_make(key, bound, position, sizeof place.id.bytes + place.len, out);
        return;
    }
}

/* Where the page's neighbours begin. Coming by a cursor, that side is there. */
static void find_edges(const struct users_query *q, const struct cursor_key *key,
                       const struct users_rows *rows, bool more, struct edges *edges)
{
    size_t shown = more ? (size_t)q->limit : rows->count;
    edges->next[0] = edges->prev[0] = '\0';
    if (more || q->has_before)
        make_cursor(q, key, rows, shown, !q->has_before, edges->next);
    if (q->has_before ? more : q->has_after || q->page > 1)
        make_cursor(q, key, rows, shown, q->has_before, edges->prev);
}

/* ---- what is written ---- */

/* The latest requests of the page's users, of those that made any. */
struct latest {
    size_t count;
    struct hc_usage users[USERS_ROWS_MAX];
};

static enum hc_err read_latest(struct context *c, const struct users_rows *rows, size_t shown,
                               struct latest *latest, struct hc_error *err)
{
    struct hc_db *db;
    struct users_place place;
    bson_oid_t ids[USERS_ROWS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < shown; i++)
        if (place_of(rows->docs[i], NULL, &place))
            ids[n++] = place.id;
    enum hc_err code = context_db(c, &db, err);
    return code == HC_OK ? hc_usage_of(db, ids, n, context_left_ms(c), latest->users, &latest->count, err)
                         : code;
}

/* A user whose _id is no ObjectId was written by another system; no answer of
 * ours has a place for it. */
static void write_row(struct hc_json *j, const bson_t *doc, const struct latest *latest)
{
    struct users_place place;
    int64_t last_ms = 0;
    if (!place_of(doc, NULL, &place)) {
        hc_log(HC_LOG_WARN, "user.odd", "a user whose _id is no ObjectId was left out", NULL);
        return;
    }
    for (size_t i = 0; i < latest->count; i++)
        if (bson_oid_equal(&latest->users[i].user, &place.id))
            last_ms = latest->users[i].last_ms;
    hc_user_json_active(j, doc, last_ms);
}

static void write_list(const struct users_query *q, const struct users_rows *rows, size_t shown,
                       const struct edges *edges, const struct latest *latest, struct hc_buf *out)
{
    struct hc_json j;
    hc_buf_printf(out, "%s\n%s\n", edges->next, edges->prev);
    hc_json_begin(&j, out);
    hc_json_open(&j, '{');
    hc_json_key(&j, "result");
    hc_json_open(&j, '[');
    for (size_t i = 0; i < shown; i++)
        write_row(&j, rows->docs[q->has_before ? shown - 1 - i : i], latest);
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
    struct latest latest = {.count = 0};
    struct users_rows rows = {.count = 0};
    enum hc_err code = users_cursor_key(find->context, &key, err);
    if (code == HC_OK)
        code = read_rows(find->context, q, &rows, err);
    bool more = rows.count > (size_t)q->limit;
    size_t shown = more ? (size_t)q->limit : rows.count;
    if (code == HC_OK)
        code = read_latest(find->context, &rows, shown, &latest, err);
    if (code == HC_OK) {
        find_edges(q, &key, &rows, more, &edges);
        write_list(q, &rows, shown, &edges, &latest, out);
    }
    for (size_t i = 0; i < rows.count; i++)
        bson_destroy(rows.docs[i]);
    if (code == HC_OK && hc_buf_failed(out))
        return hc_fail(err, HC_EINTERNAL, NULL, "The users of this page are too long");
    return code;
}

enum hc_err users_find_one(struct context *c, const bson_t *filter, const char *index, bson_t *found,
                           struct hc_error *err)
{
    struct hc_db *db;
    const char *const indexed[] = {index, NULL};
    enum hc_err code = context_db(c, &db, err);
    if (code != HC_OK)
        return code;
    bson_t *opts = bson_new();
    users_find_opts(opts, indexed, 1, context_left_ms(c));
    users_find_leave_out_ours(opts);
    code = hc_db_find_one(db, HC_USERS, filter, opts, found, err);
    bson_destroy(opts);
    return code;
}
