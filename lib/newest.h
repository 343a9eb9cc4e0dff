/* newest.h - where the newest of all users begin: hc_meta {_id: "newest", users, from}.
 *
 * `from` is the _id that HC_NEWEST_USERS users come behind, as of some seconds ago (consumer/newest_find.h);
 * `users`: how many there were in all. A search by an index of words looks at those beyond it first, which
 * mostly is enough, and need not sort all that a common word has. Only how fast it is depends on it, never
 * what is found: an old place, none or a wrong one is as right as a new one.
 *
 * Any thread, with its own hc_db. The struct is a plain value.
 */
#ifndef HC_NEWEST_H
#define HC_NEWEST_H

#include "store.h"

#define HC_NEWEST_USERS 65536

struct hc_newest {
    int64_t users;
    bool has_from; /* false with so few users that it makes no difference */
    bson_oid_t from;
};

/* Fills *out; zeros when nothing is known. left_ms: time limit. HC_ESTORE; then *out is zeros as well. */
enum hc_err hc_newest_read(struct hc_db *db, int left_ms, struct hc_newest *out, struct hc_error *err);
/* Whether so much has changed that what was found `then` should be found anew: an eighth of the users, or a
 * quarter of HC_NEWEST_USERS. */
bool hc_newest_moved(int64_t users_then, int64_t users_now);
/* Appends the document but for its _id. */
void hc_newest_bson(const struct hc_newest *newest, bson_t *doc);

#endif
