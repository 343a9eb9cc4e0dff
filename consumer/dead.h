/* dead.h - messages that can't be processed.
 *
 * The original value goes to user.dead with where it came from and why it was
 * refused in its headers: topic, partition, offset, reason, kind, size. A value
 * longer than 64 KB is cut there; `size` tells, and the original lies where the
 * headers say. It counts as done only when the broker has it.
 */
#ifndef HC_DEAD_H
#define HC_DEAD_H

#include "context.h"

/* HC_OK: it is in user.dead. HC_EBROKER: it is not, call again. */
enum hc_err hc_dead_send(struct hc_context *ctx, const rd_kafka_message_t *msg, const struct hc_error *reason,
                         struct hc_error *err);

#endif
