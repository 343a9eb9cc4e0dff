/* snapshot.h - one document for the whole dashboard, GET /v1/counts.
 *
 * Gathers the counters, the users with the most requests, jobs, live instances
 * and rates, and writes them as JSON. What it costs depends on the slots, never
 * on how many users there are. It shows no e-mail and no phone number, since
 * anybody may see it.
 *
 * `version` is a hash of everything but `asOf` and the hit rate of the cache: it
 * changes only when something that is shown does, and not by polling.
 *
 * Any thread, with its own hc_db and hc_cache.
 */
#ifndef HC_SNAPSHOT_H
#define HC_SNAPSHOT_H

#include "cache.h"
#include "sample.h"

#define HC_SNAPSHOT_VERSION_MAX 32

/* Appends {"result": {…}} as of now to *out. cache may be NULL or away: then no instances and this process's
 * rates are shown. left_ms: time limit of each read of the database. HC_ESTORE. */
enum hc_err hc_snapshot_now(struct hc_db *db, struct hc_cache *cache, int left_ms, struct hc_buf *out,
                            char version[HC_SNAPSHOT_VERSION_MAX], struct hc_error *err);

/* The same of a sample: asOf is its time, its users' names are those of now, gone ones are left out, there
 * are no jobs, and what was not kept (rates, lag, pipeline) is null. HC_ESTORE. */
enum hc_err hc_snapshot_then(struct hc_db *db, const struct hc_sample *sample, int left_ms,
                             struct hc_buf *out, char version[HC_SNAPSHOT_VERSION_MAX], struct hc_error *err);

#endif
