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
    int64_t until;               /* hc_mono_ms: when the sources' time is over */
    bool full;                   /* not all sources could be read */
};

/* How many users come before the page. */
int64_t users_search_skip(const struct users_query *q);

/* The filters and the place; and what the terms ask, unless what is added afterwards says it all. With as
 * many matches as are needed it leaves out what lies beyond them. For the caller to destroy. */
bson_t *users_search_filter(const struct users_search_run *s, bool with_terms);

/* Gathers matches from the indexes until s->until: all there are up to s->need, unless s->full. As
 * hc_db_each. */
enum hc_err users_sources_read(struct users_search_run *s, struct hc_error *err);

/* Forgets all matches. */
void users_sources_clear(struct users_search_run *s);

#endif
