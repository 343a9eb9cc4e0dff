/* newest_find.h - finds where the newest users begin, for searches; see newest.h.
 *
 * A leader's duty: each 5 s it looks how many users there are, and when that has changed much
 * (hc_newest_moved) it finds the place anew (31 ms, whatever the number of users) and publishes it.
 */
#ifndef HC_NEWEST_FIND_H
#define HC_NEWEST_FIND_H

#include "duty.h"

struct hc_newest_find {
    bool published; /* by this process */
    int64_t users;  /* how many there were then */
};

hc_duty_run hc_newest_find_turn; /* state: struct hc_newest_find */

#endif
