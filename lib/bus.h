/* bus.h - Kafka: topics and sending.
 *
 * A struct hc_bus is the process's one producer: idempotent, acks=all, a
 * bounded queue, and a thread of its own that serves delivery reports. A key that
 * is a user's id (24 hex digits) goes to partition hc_user_slot mod partitions, any
 * other one where murmur2_random puts it, as other clients do. Made after fork, closed
 * before exit. (The consuming side is consumer/member.h.)
 *
 * Thread-safe.
 */
#ifndef HC_BUS_H
#define HC_BUS_H

#include <librdkafka/rdkafka.h>

#include "error.h"
#include "settings.h"

#define HC_TOPIC_TRIGGER "user.create.bulk.randomusers"
#define HC_TOPIC_BULK "user.create.bulk"
#define HC_TOPIC_CREATED "user.created.single"
#define HC_TOPIC_UPDATED "user.updated.single"
#define HC_TOPIC_DELETED "user.deleted.single"
#define HC_TOPIC_ACTIVITY "user.activate.create"
#define HC_TOPIC_PING "user.consumer.ping"
#define HC_TOPIC_DEAD "user.dead"

struct hc_bus;

struct hc_message {
    const char *topic;
    const char *key; /* may be NULL */
    size_t key_len;
    const void *value;
    size_t value_len;
    int32_t partition;           /* -1: by the key, or any */
    rd_kafka_headers_t *headers; /* may be NULL; taken over in every case */
};

/* Starts the producer; connects in the background. HC_ESETTING for a wrong
 * APP_KAFKA_BROKER or APP_KAFKA_CONFIG. */
enum hc_err hc_bus_open(struct hc_bus **out, const struct hc_settings *s, struct hc_error *err);
/* The same for senders with a deadline: a message lingers 1 ms to be sent with others, and what is not
 * acknowledged after give_up_ms (1 or more; it is looked at once a second) is reported as undelivered, so
 * that who waits a second longer than that learns whether it was taken. */
enum hc_err hc_bus_open_prompt(struct hc_bus **out, const struct hc_settings *s, int give_up_ms,
                               struct hc_error *err);
/* Waits at most wait_ms for what is queued, says in the log what could not be
 * sent, and frees. NULL is fine. */
void hc_bus_close(struct hc_bus *bus, int wait_ms);

/* Queues a copy. HC_EBROKER when the queue is full or the topic is unknown. The
 * delivery itself is reported in the log and in hc_bus_is_up only. */
enum hc_err hc_bus_send(struct hc_bus *bus, const struct hc_message *m, struct hc_error *err);
/* Sends and waits for the broker's acknowledgement, at most wait_ms. HC_EBROKER: the message is not in the
 * log and never will be. HC_EOUTCOME: nobody knows; the connection was lost meanwhile, or the time was over
 * first. */
enum hc_err hc_bus_send_wait(struct hc_bus *bus, const struct hc_message *m, int wait_ms,
                             struct hc_error *err);

/* Many messages that are waited for together: add each, then end, which frees the batch in every case.
 * At most HC_BATCH_OUT of them are without a report at any time, so that a batch needs little memory and
 * leaves room in the queue for others. One thread's. */
#define HC_BATCH_OUT 500
struct hc_batch;

/* wait_ms: the time for all of it. NULL without memory. */
struct hc_batch *hc_batch_begin(struct hc_bus *bus, int wait_ms);
/* Queues a copy, after waiting for reports when too many are out. HC_EBROKER: one was not delivered, or the
 * time is over; no more of this batch need be added. */
enum hc_err hc_batch_add(struct hc_batch *batch, const struct hc_message *m, struct hc_error *err);
/* Waits for what is out. HC_OK: the broker has acknowledged every message. HC_EBROKER: some may be missing.
 */
enum hc_err hc_batch_end(struct hc_batch *batch, struct hc_error *err);

/* True while a broker answers: false after a delivery failed or all brokers
 * were lost, true again with the next success. */
bool hc_bus_is_up(struct hc_bus *bus);
/* Asks a broker for metadata: HC_OK and *ms, or HC_EBROKER. */
enum hc_err hc_bus_ping(struct hc_bus *bus, int wait_ms, int *ms, struct hc_error *err);

/* Creates what is missing of our topics, with the settings' partitions; one that
 * exists is left as it is. HC_EBROKER. */
enum hc_err hc_bus_create_topics(struct hc_bus *bus, const struct hc_settings *s, int wait_ms,
                                 struct hc_error *err);
/* Number of partitions of a topic, asked of the broker at most each 10 s (each second
 * while it is not there; that call waits up to 1 s). 0 while unknown. */
int32_t hc_bus_partitions(struct hc_bus *bus, const char *topic);

/* Applies broker list, APP_KAFKA_CONFIG and our log callback to conf: shared
 * with the consuming side. */
enum hc_err hc_bus_configure(rd_kafka_conf_t *conf, const struct hc_settings *s, struct hc_error *err);

/* The trigger's message of our own form, {"totalUserCreate", "message", "createAt",
 * "jobId", "seed"}, sent without waiting. */
enum hc_err hc_bus_send_trigger(struct hc_bus *bus, const char *job_id, int64_t total, uint64_t seed,
                                struct hc_error *err);

#endif
