/* See bus.h. This file: asking the broker about topics, and making them. */
#include <stdlib.h>
#include <string.h>

#include "bus_inside.h"
#include "clock.h"
#include "log.h"

#define ASK_AGAIN_MS 10000
#define ASK_MISSING_MS 1000
#define ASK_WAIT_MS 1000

const char *const HC_TOPICS[HC_BUS_TOPICS] = {
    HC_TOPIC_TRIGGER, HC_TOPIC_BULK,     HC_TOPIC_CREATED, HC_TOPIC_UPDATED,
    HC_TOPIC_DELETED, HC_TOPIC_ACTIVITY, HC_TOPIC_PING,    HC_TOPIC_DEAD,
};

static enum hc_err away(struct hc_error *err)
{
    return hc_fail(err, HC_EBROKER, "kafka", "The message broker (Kafka) can't be reached right now");
}

/* Metadata of all topics; the caller destroys *out. */
static enum hc_err metadata(struct hc_bus *bus, int wait_ms, const struct rd_kafka_metadata **out,
                            struct hc_error *err)
{
    pthread_rwlock_rdlock(&bus->lock);
    rd_kafka_resp_err_t why = rd_kafka_metadata(bus->rk, 1, NULL, out, wait_ms);
    pthread_rwlock_unlock(&bus->lock);
    atomic_store(&bus->up, why == 0);
    return why ? away(err) : HC_OK;
}

enum hc_err hc_bus_ping(struct hc_bus *bus, int wait_ms, int *ms, struct hc_error *err)
{
    const struct rd_kafka_metadata *all;
    int64_t start = hc_mono_ms();
    enum hc_err e = metadata(bus, wait_ms, &all, err);
    *ms = (int)(hc_mono_ms() - start);
    if (e == HC_OK)
        rd_kafka_metadata_destroy(all);
    return e;
}

static int32_t partitions_in(const struct rd_kafka_metadata *all, const char *topic)
{
    for (int t = 0; t < all->topic_cnt; t++)
        if (strcmp(all->topics[t].topic, topic) == 0 && !all->topics[t].err)
            return all->topics[t].partition_cnt;
    return 0;
}

/* A broker that doesn't answer leaves the counts as they were, and is not asked again at once. */
static void ask_partitions(struct hc_bus *bus)
{
    const struct rd_kafka_metadata *all = NULL;
    enum hc_err e = metadata(bus, ASK_WAIT_MS, &all, NULL);
    for (int t = 0; t < HC_BUS_TOPICS; t++) {
        bus->partitions[t].asked_ms = hc_mono_ms();
        if (e == HC_OK)
            bus->partitions[t].count = partitions_in(all, HC_TOPICS[t]);
    }
    if (all)
        rd_kafka_metadata_destroy(all);
}

static bool is_old(int32_t count, int64_t asked_ms)
{
    return asked_ms == 0 || hc_mono_ms() - asked_ms > (count > 0 ? ASK_AGAIN_MS : ASK_MISSING_MS);
}

int32_t hc_bus_partitions(struct hc_bus *bus, const char *topic)
{
    int32_t count = 0;
    pthread_mutex_lock(&bus->topics_lock);
    for (int t = 0; t < HC_BUS_TOPICS; t++) {
        if (strcmp(HC_TOPICS[t], topic) != 0)
            continue;
        if (is_old(bus->partitions[t].count, bus->partitions[t].asked_ms))
            ask_partitions(bus);
        count = bus->partitions[t].count;
    }
    pthread_mutex_unlock(&bus->topics_lock);
    return count;
}

/* Reads the broker's answer, topic by topic. */
static enum hc_err read_results(rd_kafka_event_t *event, struct hc_error *err)
{
    size_t n = 0;
    if (!event || rd_kafka_event_error(event))
        return away(err);
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
    for (size_t i = 0; i < n; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            continue;
        hc_log(HC_LOG_ERROR, "bus.topic", rd_kafka_topic_result_error_string(results[i]),
               HC_STR("topic", rd_kafka_topic_result_name(results[i])), NULL);
        return hc_fail(err, HC_EBROKER, "kafka", "the topic %s can't be made",
                       rd_kafka_topic_result_name(results[i]));
    }
    return HC_OK;
}

enum hc_err hc_bus_create_topics(struct hc_bus *bus, const struct hc_settings *s, int wait_ms,
                                 struct hc_error *err)
{
    rd_kafka_NewTopic_t *topics[HC_BUS_TOPICS];
    char why[128];
    for (int t = 0; t < HC_BUS_TOPICS; t++)
        topics[t] = rd_kafka_NewTopic_new(HC_TOPICS[t], (int)s->kafka_partitions, (int)s->kafka_replication,
                                          why, sizeof why);
    pthread_rwlock_rdlock(&bus->lock);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(bus->rk);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(bus->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, wait_ms, why, sizeof why);
    rd_kafka_CreateTopics(bus->rk, topics, HC_BUS_TOPICS, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, wait_ms + 500);
    enum hc_err e = read_results(event, err);
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    pthread_rwlock_unlock(&bus->lock);
    rd_kafka_NewTopic_destroy_array(topics, HC_BUS_TOPICS);
    return e;
}
