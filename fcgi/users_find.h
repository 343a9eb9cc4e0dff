/* users_find.h - users from MongoDB: what the lists and single answers read.
 *
 * Each read has a hint, a time limit of what the request has left, leaves out
 * users that are gone and never fetches our bookkeeping. A page far down costs as
 * much as the first: it begins at an `_id` in the index.
 */
#ifndef FCGI_USERS_FIND_H
#define FCGI_USERS_FIND_H

#include "users.h"

struct users_find {
    struct context *context;
    const struct users_query *query;
};

/* The fill of a list's flight; ctx is a struct users_find. */
enum hc_err users_find_fill(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err);

/* The one user that fits, found by the index on that field. HC_ENOTFOUND. */
enum hc_err users_find_one(struct context *c, const bson_t *filter, const char *index, bson_t *found,
                           struct hc_error *err);

/* The key that signs cursors. */
enum hc_err users_cursor_key(struct context *c, struct cursor_key *key, struct hc_error *err);

#endif
