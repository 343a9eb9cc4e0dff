/* sweep.h - looks at the users whose facts moved, without Kafka.
 *
 * A duty of the leader, each second: users with `_hc.due` are looked at (change.h), which counts them and
 * takes `due` off. What Kafka brought sooner is gone already, so mostly there is nothing. A look changes
 * nothing when two make it.
 *
 * A user at whom it fails for good is left alone for a minute, and the others go on.
 */
#ifndef HC_SWEEP_H
#define HC_SWEEP_H

#include "duty.h"

struct hc_poisoned;

struct hc_sweep {
    char from[64]; /* users with a later due; "" all: where the last page ended if some of it stayed */
    struct hc_poisoned *skipped; /* those left alone */
};

hc_duty_run hc_sweep_turn; /* state: struct hc_sweep */
void hc_sweep_end(struct hc_duty_turn *t);

#endif
