/* users.h - lists of users, for the routes and for the page.
 *
 * A list has an order (sortBy) and filters. Newest first is `_id` descending; each
 * other order has an index with `_id` behind it, so that equal names have an order
 * too. A cursor is the place of the row at the edge of a page: its `_id` and the
 * value that it is sorted by, signed and bound to filters and order. What Redis
 * keeps is "NEXT\nPREV\n" and then the answer's JSON, so that the Link header
 * costs nothing on a hit.
 *
 *     users_query_read(c, &q, &err)        users_query.c: what is asked, checked
 *     users_fetch(c, &q, …)                users.c: kept, or
 *       users_find_fill                    users_find.c: from an index, or
 *         users_search                     users_search.c: when words are looked for,
 *                                          in users_sources.c by the indexes
 */
#ifndef FCGI_USERS_H
#define FCGI_USERS_H

#include "web.h"

#define USERS_SKIP_MAX 100000 /* users that page=N may pass over */
#define USERS_LIMIT_MAX 100   /* of a page */
#define USERS_WORDS_BYTES 200 /* of name and of search */
#define USERS_PLACE_TEXT 1024 /* bytes of the longest name, e-mail or country in a sorted list */

enum users_sort { USERS_BY_CREATED, USERS_BY_NAME, USERS_BY_EMAIL, USERS_BY_COUNTRY };

/* Where a row stands in its list. */
struct users_place {
    bson_oid_t id;
    size_t len;                      /* bytes of text */
    char text[USERS_PLACE_TEXT + 1]; /* what it is sorted by; "" when that is _id alone */
};

struct users_query {
    int64_t limit;
    int64_t page; /* 1 unless given */
    enum users_sort sort;
    bool ascending;
    bool has_email, has_id, has_after, has_before;
    char email[256]; /* lower-case */
    bson_oid_t id;
    const char *country;      /* a name of our table, or NULL */
    struct text name, search; /* as given; at is NULL when not. They live as long as the request */
    struct users_place edge;  /* of after or before */
    char filter[1024];        /* canonical text of filters and order: what cursors are bound to */
};

/* Where the neighbours of a list begin; empty: there are none. Both point into
 * the response's body. */
struct users_edges {
    struct text next, prev;
};

/* Writes an e-mail address as it is stored and compared: in lower-case (ASCII;
 * others as they are). HC_EMALFORMED unless it has 1 to 254 bytes. */
enum hc_err users_email_read(struct text given, char out[256], struct hc_error *err);

/* Reads and checks the query of the request. HC_EMALFORMED; for a cursor whose
 * key isn't known yet also what context_db gives. */
enum hc_err users_query_read(struct context *c, struct users_query *q, struct hc_error *err);
/* The same for an export: the filters alone, along `_id`, upwards unless sortBy is -createdAt. after may also
 * be the plain `_id` of the last user that came. */
enum hc_err users_query_export(struct context *c, struct users_query *q, struct hc_error *err);
/* All that decides the answer, as one text: for the key under which it is kept. */
void users_query_text(const struct users_query *q, struct hc_buf *out);
/* Appends "/v1/user?…" of the same list from a cursor on; place is "after" or "before". */
void users_query_link(const struct users_query *q, const char *place, struct text cursor, struct hc_buf *out);

/* Fills the response's body with {"result", "page"} (from res->skip on), from
 * Redis or MongoDB; no headers. */
enum hc_err users_fetch(struct context *c, const struct users_query *q, struct users_edges *edges,
                        struct hc_flight_answer *answer, struct hc_error *err);

#endif
