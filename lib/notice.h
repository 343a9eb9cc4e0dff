/* notice.h - messages that say a user was created, updated or deleted.
 *
 *     {"body": user as clients see it, "message": topic, "createAt": ms}
 *     {"body": {"deleteId": id}, …}                                    of a deleted one
 *
 * A notice makes the consumer look at the user sooner, and tells other systems. Nothing
 * depends on it: the user's _hc.due stands until its slot has counted it. It is keyed by
 * the user's id and sent without waiting.
 *
 * Any thread.
 */
#ifndef HC_NOTICE_H
#define HC_NOTICE_H

#include <bson/bson.h>

#include "bus.h"

/* Queues one. topic: HC_TOPIC_CREATED, HC_TOPIC_UPDATED or HC_TOPIC_DELETED. user: the whole
 * document, or NULL for a deleted one. HC_EBROKER when the queue is full. */
enum hc_err hc_notice_send(struct hc_bus *bus, const char *topic, const bson_oid_t *id, const bson_t *user,
                           struct hc_error *err);

#endif
