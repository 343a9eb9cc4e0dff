/* mend.h - slots that were deleted or spoilt by hand.
 *
 * A missing document of hc_slots is made again, empty, with a version above all that it had
 * (the time in ms: versions grow by one a step), so that no write of a new step is
 * taken for an old one; what it had counted is put right by a recount. A `sum` with values that no counter
 * can be added to (a text, a key with a dot) loses these. A plain wrong number is nothing for here: the
 * recount finds it.
 *
 * Everything here is a compare-and-set on what was read, so two may do it at once.
 */
#ifndef HC_MEND_H
#define HC_MEND_H

#include "store.h"

/* Looks at all slots; *mended says that something was done and a recount is due. *rebuild: the days of all
 * slots were lost, so that they have to be counted anew (calendar.h). HC_ESTORE. */
enum hc_err hc_mend_slots(struct hc_db *db, bool *mended, bool *rebuild, struct hc_error *err);

/* Copies the sound part of a slot's sum to out; false when there was anything else. Pure. */
bool hc_mend_sum(const bson_t *slot, bson_t *out);

#endif
