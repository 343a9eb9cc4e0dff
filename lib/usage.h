/* usage.h - what a user's requests add up to: hc_usage.
 *
 * {_id: user, v, n, day, last, zg}: only users with requests have one, and only
 * their slot's steps (consumer/change.c) write it. n: how many; last: the time of
 * the latest; day: the day it is counted in as active, in the zone of generation zg.
 *
 * Read-only here. Any thread, with its own hc_db.
 */
#ifndef HC_USAGE_H
#define HC_USAGE_H

#include "store.h"

#define HC_USAGE_IDS_MAX 1000

struct hc_usage {
    bson_oid_t user;
    int64_t requests;
    int64_t last_ms;
};

/* Those of the given users that have made requests, in any order; *count of them. left_ms: the
 * time limit. n up to HC_USAGE_IDS_MAX; out has room for n. HC_ESTORE. */
enum hc_err hc_usage_of(struct hc_db *db, const bson_oid_t *ids, size_t n, int left_ms, struct hc_usage *out,
                        size_t *count, struct hc_error *err);
/* The users with the most requests, most first and equal ones by _id; at most max. HC_ESTORE. Deleted ones
 * whose removal is under way may be among them: whoever shows them looks at the user. */
enum hc_err hc_usage_top(struct hc_db *db, size_t max, int left_ms, struct hc_usage *out, size_t *count,
                         struct hc_error *err);

#endif
