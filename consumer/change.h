/* change.h - what happened to users, taken into the counters.
 *
 * A batch of changes (from Kafka, or from a sweep) is sorted by slot, and each
 * slot makes one step for all of its changes: it reads what is counted of these
 * users and what is stored of them, and counts the difference. So a change
 * says only where to look; the same one again, or one that comes too late,
 * changes nothing.
 *
 *     struct hc_change list[] = {{.kind = HC_CHANGE_LOOK, .user = id}, …};
 *     hc_changes_apply(db, list, n, &stats, &err);
 *     … list[i].outcome …
 *
 * Any thread, with its own hc_db.
 */
#ifndef HC_CHANGE_H
#define HC_CHANGE_H

#include "activity.h"
#include "store.h"

#define HC_CHANGES_MAX 1000 /* of one slot in one step; more are cut into several */

enum hc_change_kind {
    HC_CHANGE_LOOK,    /* the user's facts may have changed */
    HC_CHANGE_GONE,    /* the user was deleted, perhaps without us: what is left of him goes */
    HC_CHANGE_REQUEST, /* the user made a request */
};

struct hc_change {
    enum hc_change_kind kind;
    bson_oid_t user;
    const struct hc_activity *activity; /* of a request; not owned */
    /* Filled: HC_OK, or HC_ENOTFOUND for a request of (or a look at) a user that never was. */
    enum hc_err outcome;
};

struct hc_change_stats {
    int64_t requests; /* counted now */
    int64_t repeated; /* requests that were counted before */
    int64_t late;     /* requests of users who are deleted: not counted, not stored */
    int64_t users;    /* users whose counting changed */
    int64_t removed;  /* users taken out */
    bool lost;        /* a user vanished without a trace of what was counted of him: a recount is due */
};

/* Takes all of them in; *stats is added to. HC_OK: every change is counted (see outcome). HC_ESTORE,
 * HC_EOUTCOME, HC_EBUSY (a recount holds a slot): call again with the same ones. */
enum hc_err hc_changes_apply(struct hc_db *db, struct hc_change *list, size_t n,
                             struct hc_change_stats *stats, struct hc_error *err);

#endif
