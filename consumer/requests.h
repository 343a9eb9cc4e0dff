/* requests.h - sending the simulated requests of a chunk.
 *
 * Each goes to user.activate.create as a real one does: keyed by its user, into the
 * partition of that user's slot. A chunk that is sent again sends the same events
 * (lib/traffic.h), which count once. It is done when the broker has acknowledged
 * every message; counting is the business of whoever reads them.
 */
#ifndef HC_REQUESTS_H
#define HC_REQUESTS_H

#include "context.h"
#include "job.h"

/* Sends the whole chunk and sets its done bit. job is from hc_job_begin_chunk. HC_EBROKER, HC_ESTORE,
 * HC_EOUTCOME: call again. HC_EINVALID: the job has nobody who could make requests. Any thread. */
enum hc_err hc_requests_run(struct hc_context *ctx, struct hc_db *db, const struct hc_job *job, int64_t chunk,
                            struct hc_error *err);

#endif
