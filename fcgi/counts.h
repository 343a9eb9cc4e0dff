/* counts.h - the snapshot: one document for the whole dashboard.
 *
 * It is built at most once a second over all threads and processes and kept in
 * Redis with its ETag, so a poll costs one GET there. `version` is a hash of
 * everything but `asOf`: it changes only when something that is shown does.
 */
#ifndef FCGI_COUNTS_H
#define FCGI_COUNTS_H

#include "web.h"

/* Fills the response's body with the snapshot; no headers. HC_ESTORE. */
enum hc_err counts_fetch(struct context *c, struct hc_flight_answer *answer, struct hc_error *err);

#endif
