/* requests.c - GET /v1/user/:id/requests.
 *
 * A user's requests, newest first, equal times by `_id`: pages begin at a place in the index, so one far down
 * costs as much as the first. What has no time of ours (another system may have written it) is no request.
 */
#include "requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cursor.h"
#include "handlers.h"
#include "ids.h"
#include "log.h"
#include "query.h"
#include "user.h"
#include "users_find.h"

#define LIMIT_MAX 100
#define TIME_MAX_MS INT64_C(253402300799999) /* the last ms of the year 9999 */
#define PLACE_SIZE (8 + HC_OID_SIZE)

/* A place in the list: behind this request. */
struct place {
    int64_t time_ms;
    bson_oid_t id;
};

struct wanted {
    bson_oid_t user;
    int64_t limit;
    bool has_before;
    struct place before;
    char query[48]; /* what a cursor is bound to */
};

struct page_of_requests {
    struct hc_json *json; /* stands in the array */
    int64_t limit;
    int64_t shown;
    bool more;
    struct place last; /* of those shown */
};

/* ---- the user ---- */

enum hc_err requests_user(struct context *c, struct text given, bson_oid_t *id, struct hc_error *err)
{
    struct hc_db *db;
    enum hc_err code = hc_user_id(given.at, given.len, id, err);
    if (code == HC_OK)
        code = context_db(c, &db, err);
    if (code != HC_OK)
        return code;
    bson_t *filter = BCON_NEW("_id", BCON_OID(id), "_hc.gone", BCON_NULL);
    bson_t *opts = BCON_NEW("hint", "{", "_id", BCON_INT32(1), "}", "projection", "{", "_id", BCON_INT32(1),
                            "}", "maxTimeMS", BCON_INT64(context_left_ms(c)));
    bson_t found = BSON_INITIALIZER;
    code = hc_db_find_one(db, HC_USERS, filter, opts, &found, err);
    bson_destroy(&found);
    bson_destroy(opts);
    bson_destroy(filter);
    return code == HC_ENOTFOUND ? hc_fail(err, code, NULL, "There is no such user") : code;
}

/* ---- the query ---- */

static void place_write(const struct place *p, uint8_t out[PLACE_SIZE])
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)((uint64_t)p->time_ms >> (56 - 8 * i));
    memcpy(out + 8, p->id.bytes, HC_OID_SIZE);
}

static void place_read(struct place *p, const uint8_t bytes[PLACE_SIZE])
{
    uint64_t time = 0;
    for (int i = 0; i < 8; i++)
        time = time << 8 | bytes[i];
    p->time_ms = (int64_t)time;
    memcpy(p->id.bytes, bytes + 8, HC_OID_SIZE);
}

static enum hc_err read_before(struct context *c, const struct text *cursor, struct wanted *w,
                               struct hc_error *err)
{
    uint8_t position[CURSOR_POSITION_MAX];
    size_t len = 0;
    struct cursor_key key;
    enum hc_err code = users_cursor_key(c, &key, err);
    if (code == HC_OK)
        code = cursor_read(&key, (struct text){w->query, strlen(w->query)}, "before", *cursor, position, &len,
                           err);
    if (code != HC_OK)
        return code;
    if (len != PLACE_SIZE)
        return hc_fail(err, HC_EMALFORMED, "before",
                       "This is not a cursor of this query; begin again without it");
    place_read(&w->before, position);
    w->has_before = true;
    return HC_OK;
}

static enum hc_err read_wanted(struct context *c, struct wanted *w, struct hc_error *err)
{
    char hex[HC_OID_TEXT];
    const struct text *before = query_value(&c->request, "before");
    memset(w, 0, sizeof *w);
    enum hc_err code = query_int(&c->request, "limit", 1, LIMIT_MAX, 10, &w->limit, err);
    if (code == HC_OK)
        code = requests_user(c, c->request.segments[2], &w->user, err);
    if (code != HC_OK)
        return code;
    hc_oid_to_hex(w->user.bytes, hex);
    snprintf(w->query, sizeof w->query, "requests\n%s", hex);
    return before ? read_before(c, before, w, err) : HC_OK;
}

/* ---- finding ---- */

static bson_t *filter_of(const struct wanted *w)
{
    int64_t time = w->has_before ? w->before.time_ms : TIME_MAX_MS;
    bson_t *filter =
        BCON_NEW("user", BCON_OID(&w->user), "requestTime", "{", "$lte", BCON_DATE_TIME(time), "}");
    if (w->has_before)
        BCON_APPEND(filter, "$or", "[", "{", "requestTime", "{", "$lt", BCON_DATE_TIME(time), "}", "}", "{",
                    "_id", "{", "$lt", BCON_OID(&w->before.id), "}", "}", "]");
    return filter;
}

static bson_t *opts_of(const struct wanted *w, int left_ms)
{
    return BCON_NEW("hint", "{", "user", BCON_INT32(1), "requestTime", BCON_INT32(-1), "}", "sort", "{",
                    "requestTime", BCON_INT32(-1), "_id", BCON_INT32(-1), "}", "limit",
                    BCON_INT64(w->limit + 1), "projection", "{", "requestTime", BCON_INT32(1), "device",
                    BCON_INT32(1), "}", "maxTimeMS", BCON_INT64(left_ms));
}

/* A document whose _id is no ObjectId has no place to begin behind. */
static void show(struct page_of_requests *p, const bson_t *doc)
{
    bson_iter_t id, time;
    if (p->shown == p->limit) {
        p->more = true;
        return;
    }
    if (!bson_iter_init_find(&id, doc, "_id") || !BSON_ITER_HOLDS_OID(&id) ||
        !bson_iter_init_find(&time, doc, "requestTime") || !BSON_ITER_HOLDS_DATE_TIME(&time)) {
        hc_log(HC_LOG_WARN, "request.odd", "a request that is none of ours was left out", NULL);
        return;
    }
    bson_oid_copy(bson_iter_oid(&id), &p->last.id);
    p->last.time_ms = bson_iter_date_time(&time);
    p->shown++;
    hc_user_json(p->json, doc);
}

static enum hc_err find(struct context *c, const struct wanted *w, struct page_of_requests *p,
                        struct hc_error *err)
{
    struct hc_db *db;
    enum hc_err code = context_db(c, &db, err);
    if (code != HC_OK)
        return code;
    bson_t *filter = filter_of(w);
    bson_t *opts = opts_of(w, context_left_ms(c));
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(hc_db_collection(db, HC_ACTIVITIES), filter, opts, NULL);
    const bson_t *doc, *reply;
    bson_error_t why;
    while (mongoc_cursor_next(cursor, &doc))
        show(p, doc);
    if (mongoc_cursor_error_document(cursor, &why, &reply))
        code = hc_store_fail(err, &why, reply, false);
    mongoc_cursor_destroy(cursor);
    bson_destroy(opts);
    bson_destroy(filter);
    return code;
}

/* ---- the route ---- */

static enum hc_err next_of(struct context *c, const struct wanted *w, const struct page_of_requests *p,
                           char next[CURSOR_TEXT_MAX], struct hc_error *err)
{
    struct cursor_key key;
    uint8_t position[PLACE_SIZE];
    next[0] = '\0';
    if (!p->more)
        return HC_OK;
    enum hc_err code = users_cursor_key(c, &key, err);
    if (code != HC_OK)
        return code;
    place_write(&p->last, position);
    cursor_make(&key, (struct text){w->query, strlen(w->query)}, position, sizeof position, next);
    return HC_OK;
}

static void add_link(struct context *c, const struct wanted *w, const char *next)
{
    char hex[HC_OID_TEXT];
    hc_oid_to_hex(w->user.bytes, hex);
    hc_buf_clear(&c->scratch);
    hc_buf_printf(&c->scratch, "</v1/user/%s/requests?limit=%" PRId64 "&before=%s>; rel=\"next\"", hex,
                  w->limit, next);
    response_header(&c->response, "Link", c->scratch.data);
}

enum hc_err requests_list(struct context *c, struct hc_error *err)
{
    struct hc_json j;
    struct wanted w;
    char next[CURSOR_TEXT_MAX];
    enum hc_err code = read_wanted(c, &w, err);
    if (code != HC_OK)
        return code;
    struct page_of_requests p = {.json = &j, .limit = w.limit};
    response_json(&c->response, &j);
    hc_json_open(&j, '{');
    hc_json_key(&j, "result");
    hc_json_open(&j, '[');
    code = find(c, &w, &p, err);
    if (code == HC_OK)
        code = next_of(c, &w, &p, next, err);
    if (code != HC_OK)
        return code;
    hc_json_close(&j, ']');
    hc_json_key(&j, "page");
    hc_json_open(&j, '{');
    hc_json_put_str(&j, "next", next[0] ? next : NULL);
    hc_json_key(&j, "hasMore");
    hc_json_bool(&j, p.more);
    hc_json_close(&j, '}');
    hc_json_close(&j, '}');
    if (p.more)
        add_link(c, &w, next);
    return HC_OK;
}
