/* See slot_op.h. */
#include "slot_op.h"

#include <stdlib.h>
#include <string.h>

enum hc_err hc_op_nonsense(struct hc_error *err)
{
    return hc_fail(err, HC_EINTERNAL, "slot", "an intent's write makes no sense");
}

int64_t hc_op_version(const bson_t *write)
{
    bson_iter_t it;
    return bson_iter_init_find(&it, write, "v") ? bson_iter_as_int64(&it) : -1;
}

int64_t hc_op_date(const bson_t *write)
{
    bson_iter_t it;
    return bson_iter_init_find(&it, write, "at") && BSON_ITER_HOLDS_DATE_TIME(&it) ? bson_iter_date_time(&it)
                                                                                   : 0;
}

bool hc_op_array(const bson_t *write, const char *name, bson_t *array)
{
    bson_iter_t it;
    const uint8_t *data;
    uint32_t len;
    if (!bson_iter_init_find(&it, write, name) || !BSON_ITER_HOLDS_ARRAY(&it))
        return false;
    bson_iter_array(&it, &len, &data);
    return bson_init_static(array, data, len);
}

enum hc_err hc_op_open(struct hc_op_documents *d, const bson_t *write, const char *name, struct hc_error *err)
{
    bson_t array;
    bson_iter_t it;
    memset(d, 0, sizeof *d);
    if (!hc_op_array(write, name, &array))
        return hc_op_nonsense(err);
    size_t most = bson_count_keys(&array);
    d->docs = calloc(most + 1, sizeof *d->docs);
    d->list = calloc(most + 1, sizeof *d->list);
    if (!d->docs || !d->list)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    bson_iter_init(&it, &array);
    while (bson_iter_next(&it)) {
        const uint8_t *data;
        uint32_t len;
        if (!BSON_ITER_HOLDS_DOCUMENT(&it))
            return hc_op_nonsense(err);
        bson_iter_document(&it, &len, &data);
        if (!bson_init_static(&d->docs[d->count], data, len))
            return hc_op_nonsense(err);
        d->list[d->count] = &d->docs[d->count];
        d->count++;
    }
    return HC_OK;
}

void hc_op_close(struct hc_op_documents *d)
{
    free(d->docs);
    free(d->list);
}
