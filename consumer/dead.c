/* See dead.h. */
#include "dead.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "metrics.h"

#define WAIT_MS 6000 /* longer than the producer itself tries */
#define VALUE_MAX                                                                                            \
    65536 /* nothing longer could have been read; a whole megabyte might not fit into user.dead */
#define KEY_MAX 1024

static void add_number(rd_kafka_headers_t *headers, const char *name, int64_t n)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRId64, n);
    rd_kafka_header_add(headers, name, -1, text, len);
}

static rd_kafka_headers_t *make_headers(const rd_kafka_message_t *msg, const struct hc_error *reason)
{
    char text[sizeof reason->field + sizeof reason->detail + 4];
    int len =
        snprintf(text, sizeof text, "%s%s%s", reason->field, reason->field[0] ? ": " : "", reason->detail);
    rd_kafka_headers_t *headers = rd_kafka_headers_new(6);
    rd_kafka_header_add(headers, "topic", -1, rd_kafka_topic_name(msg->rkt), -1);
    add_number(headers, "partition", msg->partition);
    add_number(headers, "offset", msg->offset);
    rd_kafka_header_add(headers, "reason", -1, text, len);
    rd_kafka_header_add(headers, "kind", -1, hc_err_text(reason->code), -1);
    add_number(headers, "size", (int64_t)msg->len);
    return headers;
}

enum hc_err hc_dead_send(struct hc_context *ctx, const rd_kafka_message_t *msg, const struct hc_error *reason,
                         struct hc_error *err)
{
    struct hc_message dead = {.topic = HC_TOPIC_DEAD,
                              .key = msg->key,
                              .key_len = msg->key_len < KEY_MAX ? msg->key_len : KEY_MAX,
                              .value = msg->payload,
                              .value_len = msg->len < VALUE_MAX ? msg->len : VALUE_MAX,
                              .partition = -1,
                              .headers = make_headers(msg, reason)};
    enum hc_err e = hc_bus_send_wait(ctx->bus, &dead, WAIT_MS, err);
    if (e != HC_OK)
        return e;
    atomic_fetch_add(&ctx->dead, 1);
    hc_metric_messages(rd_kafka_topic_name(msg->rkt), HC_MESSAGE_DEAD, 1);
    hc_log(HC_LOG_WARN, "message.dead", reason->detail, HC_STR("topic", rd_kafka_topic_name(msg->rkt)),
           HC_INT("partition", msg->partition), HC_INT("offset", msg->offset), HC_STR("field", reason->field),
           NULL);
    return HC_OK;
}
