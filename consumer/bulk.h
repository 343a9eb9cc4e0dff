/* bulk.h - what to do with a message of the two bulk topics.
 *
 *   user.create.bulk.randomusers  a trigger: its job is stored; ours stands already
 *   user.create.bulk              a slice: begin the chunk, then by the job's kind
 *                                 insert, bury, count, or send its requests
 *
 * Every step may be done again at any time, by anyone.
 */
#ifndef HC_BULK_H
#define HC_BULK_H

#include "context.h"
#include "member.h"

/* HC_OK: the message's effect stands. HC_EMALFORMED, HC_ENEWER and the like: it
 * never will, *err says why. A transient error: call again with the same message.
 * db and member are the calling thread's. */
enum hc_err hc_bulk_handle(struct hc_context *ctx, struct hc_db *db, struct hc_member *member,
                           const rd_kafka_message_t *msg, struct hc_error *err);

#endif
