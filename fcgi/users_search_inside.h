/* users_search_inside.h - a search as it runs; shared by users_search.c and users_sources.c alone. */
#ifndef FCGI_USERS_SEARCH_INSIDE_H
#define FCGI_USERS_SEARCH_INSIDE_H

#include "users_search.h"
#include "users_term.h"

/* One user that fits. */
struct users_match {
    bson_oid_t id;
    bson_t *doc; /* owned; NULL when only ids are read */
};

enum users_search_part {
    USERS_SEARCH_ALL,
    USERS_SEARCH_NEWEST, /* those beyond newest.from */
    USERS_SEARCH_REST    /* the others */
};

struct users_search_run {
    struct context *context;
    struct hc_db *db;
    const struct users_query *query;
    size_t term_count;
    struct users_term terms[USERS_TERMS_MAX];
    /* What the sources have: in the list's order, each once, no more than `need`. */
    size_t need; /* up to the end of the page, and one to see whether there is more */
    size_t count, room;
    struct users_match *matches; /* owned */
    int each_ms;                 /* that one source may take */
    bool joined;                 /* of several terms all are asked of an index at once */
    bool full;                   /* not all sources could be read */
    struct hc_newest newest;
    bool common;                 /* more meet the term than an index is the way to, as a sample tells */
    bool told;                   /* how many meet it is known beforehand */
    enum users_search_part part; /* which users the sources are read for */
};

/* How many users come before the page. */
int64_t users_search_skip(const struct users_query *q);

/* Appends the bounds of _id: the place, the part and, with as many matches as are needed, the last of these.
 * It stands in front of all else: it is the cheapest to look at, and whom it leaves out need not be sorted.
 */
void users_search_bounds(const struct users_search_run *s, bson_t *filter);

/* The bounds and the filters; and what the terms ask, unless what is added afterwards says it all. For the
 * caller to destroy. */
bson_t *users_search_filter(const struct users_search_run *s, bool with_terms);

/* Gathers matches anew, from the indexes: all there are up to s->need; fewer, with s->full, when one of them
 * takes longer than each_ms. As hc_db_each. */
enum hc_err users_sources_read(struct users_search_run *s, int each_ms, struct hc_error *err);

/* Forgets all matches, and the part. */
void users_sources_clear(struct users_search_run *s);

#endif
