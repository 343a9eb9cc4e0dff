/* survey.h - what is the same for all consumers and shown by one: open jobs, users, the audit.
 *
 * A leader's duty, see duty.h: what it finds goes into the metrics of this process.
 */
#ifndef HC_SURVEY_H
#define HC_SURVEY_H

#include "duty.h"

/* Reads and notes. HC_ESTORE: what was noted before stays. */
hc_duty_run hc_survey_turn;
/* Shows no more of it: somebody else does now. */
void hc_survey_forget(void);

#endif
