/* slot_op.h - reading one op of an intent: {op, v, at, …}.
 *
 * What can't be read is a fault of ours (HC_EINTERNAL): everything was checked before the intent was stored.
 * For the files that carry an op out; pure, any thread.
 */
#ifndef HC_SLOT_OP_H
#define HC_SLOT_OP_H

#include <bson/bson.h>

#include "error.h"

enum hc_err hc_op_nonsense(struct hc_error *err);

/* The slot's version that the op belongs to; -1 without one. */
int64_t hc_op_version(const bson_t *write);
/* When the step was computed, in ms. */
int64_t hc_op_date(const bson_t *write);
/* The array of that name, not copied: valid as long as write. */
bool hc_op_array(const bson_t *write, const char *name, bson_t *array);

/* The documents of an array, not copied, with pointers to them as inserts want them. */
struct hc_op_documents {
    size_t count;
    bson_t *docs;
    const bson_t **list;
};
/* HC_ENOMEM, HC_EINTERNAL. Closed by the caller in every case. */
enum hc_err hc_op_open(struct hc_op_documents *d, const bson_t *write, const char *name,
                       struct hc_error *err);
void hc_op_close(struct hc_op_documents *d);

#endif
