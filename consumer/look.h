/* look.h - a list of users to be looked at, for the duties that feed hc_changes_apply.
 *
 * Life: hc_look_open, hc_look_add …, hc_changes_apply(db, look.list, look.count, …), hc_look_close. One
 * thread's own.
 */
#ifndef HC_LOOK_H
#define HC_LOOK_H

#include "change.h"

struct hc_look {
    struct hc_change *list;
    size_t count, most;
    bson_oid_t last; /* the one that was added last */
};

/* Room for `most` users in a zeroed *l. HC_ENOMEM. */
enum hc_err hc_look_open(struct hc_look *l, size_t most, struct hc_error *err);
void hc_look_close(struct hc_look *l); /* harmless on a zeroed one */
/* False when there is no room left. */
bool hc_look_add(struct hc_look *l, const bson_oid_t *user);

#endif
