/* users.c - GET /v1/user. */
#include "users.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "generation.h"
#include "handlers.h"
#include "query.h"
#include "user.h"
#include "users_find.h"

#define FRESH_MS 1000
#define KEEP_MS 5000

/* ---- the query ---- */

/* Old clients send every field of their form; these wait for their issue. */
static enum hc_err refuse_later(const struct request *r, struct hc_error *err)
{
    static const char *const later[] = {"name", "search", "country"};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
        if (query_value(r, later[i]))
            return hc_fail(err, HC_EMALFORMED, later[i], "%s is not available yet", later[i]);
    const struct text *sort = query_value(r, "sortBy");
    if (sort && strcmp(sort->at, "-createdAt") != 0)
        return hc_fail(err, HC_EMALFORMED, "sortBy", "sortBy other than -createdAt is not available yet");
    return HC_OK;
}

enum hc_err users_email_read(struct text given, char out[256], struct hc_error *err)
{
    if (given.len == 0 || given.len > 254)
        return hc_fail(err, HC_EMALFORMED, "email", "An e-mail address has 1 to 254 bytes");
    for (size_t i = 0; i <= given.len; i++)
        out[i] = given.at[i] >= 'A' && given.at[i] <= 'Z' ? (char)(given.at[i] + 32) : given.at[i];
    return HC_OK;
}

static enum hc_err read_filters(const struct request *r, struct users_query *q, struct hc_error *err)
{
    const struct text *email = query_value(r, "email");
    const struct text *id = query_value(r, "_id");
    char hex[25] = "";
    if (email && users_email_read(*email, q->email, err) != HC_OK)
        return HC_EMALFORMED;
    if (id && hc_user_id(id->at, id->len, &q->id, NULL) != HC_OK)
        return hc_fail(err, HC_EMALFORMED, "_id", "_id must be 24 hex digits");
    q->has_email = email != NULL;
    q->has_id = id != NULL;
    if (id)
        bson_oid_to_string(&q->id, hex);
    snprintf(q->filter, sizeof q->filter, "users\n-createdAt\n%s\n%s", hex, q->email);
    return HC_OK;
}

static enum hc_err read_cursor(struct context *c, const char *name, struct text value, struct users_query *q,
                               struct hc_error *err)
{
    uint8_t position[CURSOR_POSITION_MAX];
    size_t len = 0;
    struct cursor_key key;
    enum hc_err code = users_cursor_key(c, &key, err);
    if (code == HC_OK)
        code =
            cursor_read(&key, (struct text){q->filter, strlen(q->filter)}, name, value, position, &len, err);
    if (code != HC_OK)
        return code;
    if (len != sizeof q->edge.bytes)
        return hc_fail(err, HC_EMALFORMED, name,
                       "This is not a cursor of this query; begin again without it");
    memcpy(q->edge.bytes, position, len);
    return HC_OK;
}

static enum hc_err read_place(struct context *c, struct users_query *q, struct hc_error *err)
{
    const struct request *r = &c->request;
    const struct text *after = query_value(r, "after");
    const struct text *before = query_value(r, "before");
    q->has_after = after != NULL;
    q->has_before = before != NULL;
    enum hc_err code = query_int(r, "page", 1, INT64_MAX, 1, &q->page, err);
    if (code != HC_OK)
        return code;
    if (after && before)
        return hc_fail(err, HC_EMALFORMED, "before", "after and before don't go together");
    if ((after || before) && q->page > 1)
        return hc_fail(err, HC_EMALFORMED, "page", "page doesn't go with after or before");
    if (q->page - 1 > USERS_SKIP_MAX / q->limit)
        return hc_fail(err, HC_EMALFORMED, "page",
                       "This page would pass over more than %d users; follow page.next with after instead",
                       USERS_SKIP_MAX);
    if (after)
        return read_cursor(c, "after", *after, q, err);
    return before ? read_cursor(c, "before", *before, q, err) : HC_OK;
}

enum hc_err users_query_read(struct context *c, struct users_query *q, struct hc_error *err)
{
    memset(q, 0, sizeof *q);
    enum hc_err code = refuse_later(&c->request, err);
    if (code == HC_OK)
        code = query_int(&c->request, "limit", 1, 100, 10, &q->limit, err);
    if (code == HC_OK)
        code = read_filters(&c->request, q, err);
    return code == HC_OK ? read_place(c, q, err) : code;
}

/* ---- the list ---- */

static void canonical(const struct users_query *q, uint64_t generation, char out[512])
{
    char edge[25] = "";
    if (q->has_after || q->has_before)
        bson_oid_to_string(&q->edge, edge);
    snprintf(out, 512, "%" PRIx64 "\n%s\n%" PRId64 "\n%" PRId64 "\n%s%s", generation, q->filter, q->limit,
             q->page,
             q->has_after    ? "<"
             : q->has_before ? ">"
                             : "",
             edge);
}

/* Takes the two lines in front of the JSON off the body. False when they aren't there. */
static bool split_edges(struct response *res, struct users_edges *edges)
{
    const char *body = res->body.data;
    const char *first = memchr(body, '\n', res->body.len);
    const char *second = first ? memchr(first + 1, '\n', res->body.len - (size_t)(first + 1 - body)) : NULL;
    if (!second)
        return false;
    edges->next = (struct text){body, (size_t)(first - body)};
    edges->prev = (struct text){first + 1, (size_t)(second - first - 1)};
    res->skip = (size_t)(second + 1 - body);
    return true;
}

enum hc_err users_fetch(struct context *c, const struct users_query *q, struct users_edges *edges,
                        struct hc_flight_answer *answer, struct hc_error *err)
{
    char query[512];
    char key[HC_CACHE_KEY_MAX];
    struct users_find find = {.context = c, .query = q};
    struct hc_flight flight = {.key = key,
                               .fresh_ms = FRESH_MS,
                               .keep_ms = KEEP_MS,
                               .deadline = c->request.deadline,
                               .fill = users_find_fill,
                               .ctx = &find};
    canonical(q, generation_of(c), query);
    hc_flight_key(key, "users", query, strlen(query));
    enum hc_err code = context_fly(c, &flight, answer, err);
    if (code == HC_OK && !split_edges(&c->response, edges))
        return hc_fail(err, HC_EINTERNAL, NULL, "A kept list could not be read");
    return code;
}

static void add_link(struct hc_buf *out, const struct users_query *q, const char *place, struct text cursor,
                     const char *rel)
{
    if (cursor.len == 0)
        return;
    hc_buf_printf(out, "%s</v1/user?limit=%" PRId64, out->len ? ", " : "", q->limit);
    if (q->has_email) {
        hc_buf_str(out, "&email=");
        query_escape(out, q->email);
    }
    if (q->has_id) {
        char hex[25];
        bson_oid_to_string(&q->id, hex);
        hc_buf_printf(out, "&_id=%s", hex);
    }
    hc_buf_printf(out, "&%s=%.*s>; rel=\"%s\"", place, (int)cursor.len, cursor.at, rel);
}

enum hc_err users_list(struct context *c, struct hc_error *err)
{
    struct users_query q;
    struct users_edges edges;
    struct hc_flight_answer answer;
    enum hc_err code = users_query_read(c, &q, err);
    if (code == HC_OK)
        code = users_fetch(c, &q, &edges, &answer, err);
    if (code != HC_OK)
        return code;
    hc_buf_clear(&c->scratch);
    add_link(&c->scratch, &q, "after", edges.next, "next");
    add_link(&c->scratch, &q, "before", edges.prev, "prev");
    if (c->scratch.len)
        response_header(&c->response, "Link", c->scratch.data);
    context_tag(c, &answer, FRESH_MS);
    return HC_OK;
}
