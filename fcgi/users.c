/* users.c - GET /v1/user. */
#include "users.h"

#include <inttypes.h>
#include <string.h>

#include "generation.h"
#include "handlers.h"
#include "users_find.h"

#define FRESH_MS 1000
#define KEEP_MS 5000

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
    char key[HC_CACHE_KEY_MAX];
    struct users_find find = {.context = c, .query = q};
    struct hc_flight flight = {.key = key,
                               .fresh_ms = FRESH_MS,
                               .keep_ms = KEEP_MS,
                               .deadline = c->request.deadline,
                               .fill = users_find_fill,
                               .ctx = &find};
    uint64_t own = generation_bind(c, &flight);
    hc_buf_clear(&c->scratch);
    hc_buf_printf(&c->scratch, "%" PRIu64 "\n", own);
    users_query_text(q, &c->scratch);
    if (hc_buf_failed(&c->scratch))
        return hc_fail(err, HC_ENOMEM, NULL, "There is no memory for this query");
    hc_flight_key(key, "users", c->scratch.data, c->scratch.len);
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
    hc_buf_str(out, out->len ? ", <" : "<");
    users_query_link(q, place, cursor, out);
    hc_buf_printf(out, ">; rel=\"%s\"", rel);
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
