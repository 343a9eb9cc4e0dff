/* audit.h - whether the counters are what is stored, as a number that is published.
 *
 * A duty of the leader: each minute (less often where it takes long: 50 times as long as it lasts) it
 * measures (measure.h) without holding anyone. The result is valid if no step was made between its begin and
 * its end; else nothing is known. It is published with the term in hc_meta {_id: "audit", drift, exact, at,
 * ms, users, found}: drift null when unknown. The counters are never written here; users that nothing is
 * counted of are taken up (takeup.h).
 */
#ifndef HC_AUDIT_H
#define HC_AUDIT_H

#include "duty.h"
#include "measure.h"

struct hc_audit {
    int64_t turns;
    int64_t facts_ms; /* hc_mono_ms of the last look at facts */
};

hc_duty_run hc_audit_turn; /* state: struct hc_audit */

/* Publishes what was measured; drift as it is from now on, which after a repair is 0. known: the measurement
 * holds. */
enum hc_err hc_audit_publish(struct hc_duty_turn *t, struct hc_measure *m, bool known, int64_t drift,
                             struct hc_error *err);

#endif
