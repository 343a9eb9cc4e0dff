/* users_find.h - users from MongoDB: what the lists and single answers read.
 *
 * Each read has a hint, a time limit of what the request has left, leaves out
 * users that are gone and never fetches our bookkeeping. A page far down costs as
 * much as the first: it begins at a place in the index.
 *
 * Within a page by name or country two reads may be needed: those with the value
 * of the place, beyond its `_id`; then those beyond the value. One condition for
 * both would pass over all equal ones.
 */
#ifndef FCGI_USERS_FIND_H
#define FCGI_USERS_FIND_H

#include "users.h"

#define USERS_ROWS_MAX (USERS_LIMIT_MAX + 1) /* and one to see whether there is more */

struct users_find {
    struct context *context;
    const struct users_query *query;
};

/* The users of a page as they were read, and at most one more. */
struct users_rows {
    size_t count;
    bson_t *docs[USERS_ROWS_MAX]; /* owned */
};
/* For hc_db_each: takes a copy; ctx is a struct users_rows. */
bool users_rows_add(void *ctx, const bson_t *doc);

/* The fill of a list's flight; ctx is a struct users_find. */
enum hc_err users_find_fill(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err);

/* The filters of the query but for its words and its place, and `gone`. For the caller to destroy. */
bson_t *users_find_filter(const struct users_query *q);
/* Whether `_id` grows along what is read: in pages backwards it is the other way round. */
bool users_find_upwards(const struct users_query *q);
/* Appends hint, batch and time limit for up to limit documents; index ends with NULL. */
void users_find_opts(bson_t *opts, const char *const index[], int64_t limit, int left_ms);
/* Appends the sort by one field, or by two; second may be NULL. */
void users_find_sort(bson_t *opts, bool upwards, const char *first, const char *second);

/* Appends the projection that leaves out what we keep of a user for ourselves. */
void users_find_leave_out_ours(bson_t *opts);

/* The one user that fits, found by the index on that field. HC_ENOTFOUND. */
enum hc_err users_find_one(struct context *c, const bson_t *filter, const char *index, bson_t *found,
                           struct hc_error *err);

/* The key that signs cursors. */
enum hc_err users_cursor_key(struct context *c, struct cursor_key *key, struct hc_error *err);

#endif
