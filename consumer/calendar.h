/* calendar.h - which days the slots count, and in which zone.
 *
 * Duties of the leader. Each 10 s: days that no window shows any more are pruned from the slots once a day;
 * slots that are missing or spoilt are mended; a zone other than the process's is set. After that the users
 * with requests have to be looked at again, each is counted by the new days then: a round over hc_usage,
 * during which hc_meta {_id: "zone", ready: false} says that the counts are not exact.
 *
 * All of it is steps of slots and looks at users, which change nothing when made twice; `ready` is
 * published with the term.
 */
#ifndef HC_CALENDAR_H
#define HC_CALENDAR_H

#include "duty.h"

#define HC_CALENDAR_DAYS 45 /* that are kept in the slots */

struct hc_calendar {
    int32_t pruned; /* the day on which it was last done */
};
struct hc_rebuild {
    char begun[27]; /* the id of the one under way, "" none */
    bson_oid_t at;  /* looked at up to here */
};

hc_duty_run hc_calendar_turn;    /* state: struct hc_calendar */
hc_duty_run hc_calendar_rebuild; /* state: struct hc_rebuild */

/* Says that days have to be counted anew; the rebuild begins with its next turn. HC_ESTORE, HC_ECONFLICT:
 * leads no more. */
enum hc_err hc_calendar_begin_rebuild(struct hc_duty_turn *t, struct hc_error *err);

#endif
