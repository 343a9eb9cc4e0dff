/* export_read.h - the users of an export, batch after batch.
 *
 * Along `_id`, each batch from where the last one ended, so that the cost doesn't
 * grow and nothing has to be kept between two: the MongoDB client is held only while
 * a batch is read. A read that fails for a moment is tried again, with fewer users.
 *
 *     struct export_batch b = {0};
 *     do {
 *         export_read(c, &q, &b, &err);      moves q's place behind the last user
 *         … b.docs, b.count …
 *         export_release(&b);
 *     } while (!b.last);
 */
#ifndef FCGI_EXPORT_READ_H
#define FCGI_EXPORT_READ_H

#include "usage.h"
#include "users.h"

#define EXPORT_ROWS_MAX HC_USAGE_IDS_MAX
#define EXPORT_BATCH_BYTES (2U << 20) /* of documents; the one that passes it is the batch's last */

struct export_batch {
    bool last; /* no users behind these */
    size_t count, bytes;
    bson_t *docs[EXPORT_ROWS_MAX];   /* owned; each has an ObjectId as _id */
    int64_t active[EXPORT_ROWS_MAX]; /* time of the user's latest request, ms; 0 for none */
};

/* Reads the next users of q and their latest requests. HC_ESTORE, HC_EDEADLINE, HC_EBUSY, HC_EMALFORMED
 * (words). max: users at most, 1 to EXPORT_ROWS_MAX. */
enum hc_err export_read(struct context *c, struct users_query *q, size_t max, struct export_batch *b,
                        struct hc_error *err);
void export_release(struct export_batch *b);

#endif
