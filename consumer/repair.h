/* repair.h - carries a recount out.
 *
 * A duty of the leader: each second it looks whether one is wanted (lib/recount.h). Then it makes missing
 * slots again, sweeps what zombies left, holds all slots still (slot.h), measures (measure.h), and lets the
 * slots go with the difference as one step of slot 0. What is stored less what is counted does not change by
 * a step, so it is exact under the hold, and it is added once or not at all: a second recount at the same
 * time finds the slots held, or the hold broken, or nothing to repair.
 *
 * While it lasts (about 10 s for a million users, 3 min at most) nothing is counted; requests, edits and
 * generated people wait in Kafka and MongoDB. If the collections are too big to be measured in that time, it
 * fails and says so.
 */
#ifndef HC_REPAIR_H
#define HC_REPAIR_H

#include "duty.h"

hc_duty_run hc_repair_turn; /* state: int, tries of the one that is wanted */

#endif
