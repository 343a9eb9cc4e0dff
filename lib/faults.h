/* faults.h - all that is wrong with one input, field by field.
 *
 * A check of many fields goes on after the first bad one, so that a person sees at
 * once what to mend. Each fault is a field and one sentence; further ones than
 * HC_FAULTS_MAX are counted, not kept.
 *
 *     struct hc_faults faults = {0};
 *     hc_faults_add(&faults, "email", "email is missing");
 *     …
 *     return hc_faults_end(&faults, err);     HC_OK when there is none
 *
 * A plain value: no life cycle, one thread at a time.
 */
#ifndef HC_FAULTS_H
#define HC_FAULTS_H

#include <stddef.h>

#include "error.h"

#define HC_FAULTS_MAX 24

struct hc_faults {
    size_t count; /* found, also those that are not kept */
    struct hc_error list[HC_FAULTS_MAX];
};

/* message: one sentence without the final stop. Both are copied, and cut as by hc_fail. */
void hc_faults_add(struct hc_faults *f, const char *field, const char *message);
/* How many are in the list. */
size_t hc_faults_kept(const struct hc_faults *f);
/* HC_OK without a fault, else HC_EINVALID with the first one in *err, which also says how many more there
 * are. */
enum hc_err hc_faults_end(const struct hc_faults *f, struct hc_error *err);

#endif
