/* faults.c - see faults.h. */
#include "faults.h"

void hc_faults_add(struct hc_faults *f, const char *field, const char *message)
{
    if (f->count < HC_FAULTS_MAX)
        hc_fail(&f->list[f->count], HC_EINVALID, field, "%s", message);
    f->count++;
}

size_t hc_faults_kept(const struct hc_faults *f)
{
    return f->count < HC_FAULTS_MAX ? f->count : HC_FAULTS_MAX;
}

enum hc_err hc_faults_end(const struct hc_faults *f, struct hc_error *err)
{
    if (f->count == 0)
        return HC_OK;
    const struct hc_error *first = &f->list[0];
    if (f->count == 1)
        return hc_fail(err, HC_EINVALID, first->field, "%s", first->detail);
    return hc_fail(err, HC_EINVALID, first->field, "%s (and %zu more fields are not acceptable)",
                   first->detail, f->count - 1);
}
