/* member.h - one member of a Kafka consumer group, one thread's own.
 *
 * Offsets only save work: a message's offset is stored once its effect stands in
 * MongoDB, and what is stored is committed each second and at a clean end. After
 * a crash messages come again and change nothing.
 *
 *     hc_member_open(&m, &settings, "user-consumer-bulk", topics, n, &err);
 *     while (running) {
 *         rd_kafka_message_t *msg = hc_member_poll(m, 100);
 *         …
 *         hc_member_done(m, msg);
 *         rd_kafka_message_destroy(msg);
 *     }
 *     hc_member_close(m);
 *
 * While work is impossible (MongoDB away) hc_member_wait keeps the membership: it
 * pauses all partitions and goes on polling.
 */
#ifndef HC_MEMBER_H
#define HC_MEMBER_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "error.h"
#include "settings.h"

struct hc_member;

/* HC_ESETTING when librdkafka refuses the configuration. Connects in the background. */
enum hc_err hc_member_open(struct hc_member **out, const struct hc_settings *s, const char *group,
                           const char *const *topics, size_t count, struct hc_error *err);
/* Commits what was stored and leaves the group. NULL is fine. */
void hc_member_close(struct hc_member *m);

/* The next message, the caller's to destroy, or NULL after at most wait_ms. What is no
 * message (an error, an end of partition) is logged and swallowed here. */
rd_kafka_message_t *hc_member_poll(struct hc_member *m, int wait_ms);
/* The effect of msg stands: its offset may be committed. */
void hc_member_done(struct hc_member *m, const rd_kafka_message_t *msg);
/* Waits about ms with all partitions paused. Returns false when msg's partition was
 * taken away meanwhile: its work is someone else's now. */
bool hc_member_wait(struct hc_member *m, const rd_kafka_message_t *msg, int ms);
/* Takes up again after hc_member_wait. Harmless when nothing is paused. */
void hc_member_resume(struct hc_member *m);
/* Messages behind in this member's partitions, by what it knows locally; -1 unknown. */
int64_t hc_member_lag(struct hc_member *m);
/* The cluster's id, "" while unknown; valid until the next call. Waits up to 1 s while unknown. */
const char *hc_member_cluster(struct hc_member *m);

#endif
