/* route.h - which handler answers a path and a method.
 *
 * One table (routes.c) has a row for each: methods, pattern, handler, what it
 * needs (access.h). A pattern is literal segments and, with ':', one segment that
 * may be anything; a literal fits before a ':' does, since rows with more
 * literals stand first. Segments are compared byte by byte after decoding, so
 * other case, doubled and trailing slashes and dot segments fit nothing.
 *
 * GET rows answer HEAD too, except those that change something. Matching is pure:
 * it works on any table.
 */
#ifndef FCGI_ROUTE_H
#define FCGI_ROUTE_H

#include "error.h"
#include "request.h"

struct context;

/* Answers the request in c, or returns an error that becomes a problem. */
typedef enum hc_err route_handler(struct context *c, struct hc_error *err);

struct route {
    unsigned methods;       /* enum method values ored together */
    const char *pattern;    /* "/v1/user/:id" */
    route_handler *handler; /* never NULL */
    unsigned need;          /* enum access_need values ored together */
    bool empty_end;         /* the last segment may be empty: the handler says what is missing */
};

/* All routes of the service; *count of them. */
const struct route *route_table(size_t *count);

/* The row that fits path and method; else NULL, and *allowed has the methods with
 * which the path is known (0: unknown path). A path that a pattern names in full is
 * no place of the patterns further down. old_get false leaves out GETs that
 * change something. */
const struct route *route_find(const struct route *table, size_t count, const struct request *r, bool old_get,
                               unsigned *allowed);

/* "GET, HEAD, OPTIONS" for Allow. */
#define ROUTE_ALLOW_MAX 64
void route_allow(unsigned allowed, char out[ROUTE_ALLOW_MAX]);

/* The last segment: what ':' stands for in most patterns. */
struct text route_last(const struct request *r);

#endif
