/* pending.h - the users of chunks that are not counted yet.
 *
 * The `_id` ranges of all chunks of open jobs whose done bit is not set, begun or not,
 * in ascending order. Between them lie all users that are counted by what they say.
 *
 * Life: hc_pending_read … hc_pending_release. One thread's own.
 */
#ifndef HC_PENDING_H
#define HC_PENDING_H

#include "difference.h"
#include "job.h"

struct hc_pending_range {
    const struct hc_job *job;
    uint32_t first, last; /* users of the job, both included */
};

struct hc_pending {
    struct hc_job *jobs;
    size_t job_count;
    struct hc_pending_range *ranges;
    size_t count;
};

/* HC_EBUSY: the chunks lie too scattered. HC_ESTORE. *p is released by the caller in every case. */
enum hc_err hc_pending_read(struct hc_pending *p, struct hc_db *db, struct hc_error *err);
void hc_pending_release(struct hc_pending *p);

/* Is every job of `later` among those of p? */
bool hc_pending_covers(const struct hc_pending *p, const struct hc_pending *later);

/* The gap before range i; i == count: behind the last. Users in it: from <= _id < to. */
void hc_pending_gap(const struct hc_pending *p, size_t i, bson_oid_t *from, bson_oid_t *to);

/* Adds to d what users of the ranges who were edited or deleted are counted as beyond their chunk. HC_EBUSY:
 * only a build with the job's generator can say. */
enum hc_err hc_pending_add_edited(const struct hc_pending *p, struct hc_db *db, int64_t deadline,
                                  struct hc_difference *d, struct hc_error *err);

#endif
