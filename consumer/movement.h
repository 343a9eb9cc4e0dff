/* movement.h - which jobs stand still, as this process sees it.
 *
 * Remembers of each open job how far it was at the last look and since when, by this
 * machine's monotonic clock: wall clocks of several machines can't be compared. A job
 * whose chunks are out stands still when nothing was begun, done or published for a
 * while: 5 s at first, doubled up to 60 s as long as only sending again happens, since
 * the job may just wait behind others.
 *
 * One thread's.
 */
#ifndef HC_MOVEMENT_H
#define HC_MOVEMENT_H

#include "job.h"

struct hc_movement;

struct hc_movement *hc_movement_new(void); /* NULL: out of memory */
void hc_movement_free(struct hc_movement *m);

/* Looks at a job; true when it stands still and should be sent again. */
bool hc_movement_stalled(struct hc_movement *m, const struct hc_job *job);
/* The job is settled. */
void hc_movement_forget(struct hc_movement *m, const char *job);

#endif
