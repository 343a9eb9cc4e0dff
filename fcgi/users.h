/* users.h - lists of users, for the routes and for the page.
 *
 * A list is newest first: `_id` descending, on the index of `_id`. A cursor is
 * the `_id` at the edge of a page, signed and bound to the filters. What Redis
 * keeps is "NEXT\nPREV\n" and then the answer's JSON, so that the Link header
 * costs nothing on a hit.
 */
#ifndef FCGI_USERS_H
#define FCGI_USERS_H

#include "web.h"

#define USERS_SKIP_MAX 100000 /* users that page=N may pass over */

struct users_query {
    int64_t limit;
    int64_t page; /* 1 unless given */
    bool has_email, has_id, has_after, has_before;
    char email[256]; /* lower-case */
    bson_oid_t id;
    bson_oid_t edge;  /* of after or before */
    char filter[320]; /* canonical text of the filters: what cursors are bound to */
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
/* Fills the response's body with {"result", "page"} (from res->skip on), from
 * Redis or MongoDB; no headers. */
enum hc_err users_fetch(struct context *c, const struct users_query *q, struct users_edges *edges,
                        struct hc_flight_answer *answer, struct hc_error *err);

#endif
