/* message.h - reading what comes from Kafka.
 *
 * Anyone may send anything, so every value is checked as if it came over HTTP;
 * what fails has its reason in err->detail and goes to user.dead. Pure functions.
 */
#ifndef HC_MESSAGE_H
#define HC_MESSAGE_H

#include <librdkafka/rdkafka.h>

#include "job.h"

/* The version of our own messages; one with a greater version is refused. */
#define HC_MESSAGE_VERSION 1

struct hc_trigger {
    char job[HC_JOB_ID_LEN + 1]; /* "" unless it is ours: then the job stands already */
    int64_t total;
    bool has_seed;
    uint64_t seed;
};

struct hc_slice {
    char job[HC_JOB_ID_LEN + 1];
    int64_t chunk;
};

/* {"totalUserCreate": n or "n", "message", "createAt"} + ours: "jobId", "seed". HC_EMALFORMED. */
enum hc_err hc_trigger_read(const char *value, size_t len, int64_t most, struct hc_trigger *out,
                            struct hc_error *err);
/* {"v": 1, "job": id, "chunk": n}. HC_EMALFORMED, HC_ENEWER. */
enum hc_err hc_slice_read(const char *value, size_t len, struct hc_slice *out, struct hc_error *err);
/* The user that a notice is about: {"body": {"<field>": id}}; all else in it is passed over. HC_EMALFORMED.
 */
enum hc_err hc_notice_read(const char *value, size_t len, const char *field, bson_oid_t *user,
                           struct hc_error *err);
/* Writes a slice's value; out has at least 96 bytes. Returns its length. */
int hc_slice_write(char out[96], const char *job, int64_t chunk);

/* The job id of a message that is not ours: a hash of where and when the broker
 * took it and what it says, so that the same message is the same job for ever,
 * and one of a wiped log is another. False without memory. */
bool hc_foreign_job_id(char id[HC_JOB_ID_LEN + 1], const char *cluster, const rd_kafka_message_t *msg);

#endif
