/* recount.h - asking for a recount, and what came of the last one.
 *
 * A recount compares the counters with what is stored while no step is made, and
 * repairs them. Whoever wants one says so in hc_meta {_id: "recount"}; the consumer
 * that leads the schedule carries it out within some seconds (consumer/repair.h).
 * Asked for twice before it began, it is done once.
 *
 *     {_id: "recount", wanted: id, state, why, at, started, detail,
 *      last: {id, drift, ms, at}}
 *
 * Any thread, with its own hc_db.
 */
#ifndef HC_RECOUNT_H
#define HC_RECOUNT_H

#include "json.h"
#include "store.h"

#define HC_RECOUNT_ID_MAX 27

struct hc_recount {
    char id[HC_RECOUNT_ID_MAX]; /* of the one asked for last; "" when none ever was */
    char state[16];             /* "wanted", "running", "done", "failed" */
    char why[64];
    char detail[160]; /* why it waits or failed, "" for none */
    int64_t requested_ms;
    int64_t started_ms;              /* 0: not yet */
    char last_id[HC_RECOUNT_ID_MAX]; /* of the one carried out last; "" when none was */
    int64_t last_ms;                 /* wall time of its end */
    int64_t last_took_ms;
    int64_t last_drift; /* what it found, and repaired: sum of the differences without sign */
};

/* Asks for one: *out (may be NULL) as it stands then. why: a few words for people. HC_ESTORE; HC_EOUTCOME:
 * asked perhaps, and asking again does no harm. */
enum hc_err hc_recount_want(struct hc_db *db, const char *why, struct hc_recount *out, struct hc_error *err);
/* The same for those who can't wait for an answer: a failure is logged, and the audit finds the difference
 * later. */
void hc_recount_ask(struct hc_db *db, const char *why);

/* The last one asked for; an empty id when none ever was. HC_ESTORE. */
enum hc_err hc_recount_read(struct hc_db *db, struct hc_recount *out, struct hc_error *err);
/* {id, state, why, requestedAt, startedAt, detail, last: {id, drift, ms, finishedAt} or null} */
void hc_recount_json(struct hc_json *j, const struct hc_recount *r);

#endif
