/* warm.h - the first browser is answered from Redis.
 *
 * A duty of the leader: when Redis has no snapshot of the counts (a start, a flush, a minute in which nobody
 * looked), it is filled by the same flight as the web service's, which lets one fill at a
 * time and never puts an older one over a newer.
 */
#ifndef HC_WARM_H
#define HC_WARM_H

#include "duty.h"

hc_duty_run hc_warm_turn; /* no state; Redis away is no failure */

#endif
