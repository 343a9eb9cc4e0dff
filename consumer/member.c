/* See member.h. */
#include "member.h"

#include <stdlib.h>
#include <string.h>

#include <bson/bson.h>

#include "bus.h"
#include "clock.h"
#include "log.h"
#include "metrics.h"

struct hc_member {
    rd_kafka_t *rk;
    bool paused;                                /* newly assigned partitions are paused too */
    rd_kafka_topic_partition_list_t *committed; /* as it was when partitions were given; NULL: ask */
    char cluster[64];                           /* as last told */
};

static void log_partitions(const char *event, const char *what, const rd_kafka_topic_partition_list_t *list)
{
    hc_log(HC_LOG_INFO, event, what, HC_INT("partitions", list->cnt), NULL);
}

static void forget_committed(struct hc_member *m)
{
    if (m->committed)
        rd_kafka_topic_partition_list_destroy(m->committed);
    m->committed = NULL;
}

/* Runs inside rd_kafka_consumer_poll, on the member's own thread. */
static void rebalanced(rd_kafka_t *rk, rd_kafka_resp_err_t why, rd_kafka_topic_partition_list_t *list,
                       void *opaque)
{
    struct hc_member *m = opaque;
    forget_committed(m);
    if (why == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        log_partitions("member.assigned", "partitions were given to this member", list);
        rd_kafka_assign(rk, list);
        /* librdkafka keeps the pause of a partition that went and comes back: who was paused when it went and
         * goes on without it would never read it again. */
        if (m->paused)
            rd_kafka_pause_partitions(rk, list);
        else
            rd_kafka_resume_partitions(rk, list);
        return;
    }
    bool lost = rd_kafka_assignment_lost(rk) != 0;
    log_partitions(lost ? "member.lost" : "member.revoked", "partitions were taken from this member", list);
    rd_kafka_assign(rk, NULL); /* commits what is stored, as auto commit does */
}

static void failed(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    (void)opaque;
    hc_log(code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ? HC_LOG_WARN : HC_LOG_DEBUG, "member.error", reason,
           NULL);
}

static enum hc_err configure(rd_kafka_conf_t *conf, const struct hc_settings *s, const char *group,
                             struct hc_error *err)
{
    static const char *const OURS[][2] = {
        {"session.timeout.ms", "6000"},         {"heartbeat.interval.ms", "2000"},
        {"max.poll.interval.ms", "300000"},     {"partition.assignment.strategy", "range"},
        {"auto.offset.reset", "earliest"},      {"enable.auto.commit", "true"},
        {"auto.commit.interval.ms", "1000"},    {"enable.auto.offset.store", "false"},
        {"fetch.wait.max.ms", "100"},           {"fetch.error.backoff.ms", "100"},
        {"queued.max.messages.kbytes", "4096"}, {"fetch.message.max.bytes", "1048576"},
    };
    char why[256];
    for (size_t i = 0; i < sizeof OURS / sizeof *OURS; i++)
        if (rd_kafka_conf_set(conf, OURS[i][0], OURS[i][1], why, sizeof why) != RD_KAFKA_CONF_OK)
            return hc_fail(err, HC_EINTERNAL, OURS[i][0], "librdkafka refuses it");
    rd_kafka_conf_set(conf, "group.id", group, why, sizeof why);
    return hc_bus_configure(conf, s, err);
}

static enum hc_err subscribe(struct hc_member *m, const char *const *topics, size_t count,
                             struct hc_error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t t = 0; t < count; t++)
        rd_kafka_topic_partition_list_add(list, topics[t], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t why = rd_kafka_subscribe(m->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return why ? hc_fail(err, HC_EINTERNAL, "kafka", "the subscription is refused") : HC_OK;
}

enum hc_err hc_member_open(struct hc_member **out, const struct hc_settings *s, const char *group,
                           const char *const *topics, size_t count, struct hc_error *err)
{
    char why[256] = "";
    *out = NULL;
    struct hc_member *m = calloc(1, sizeof *m);
    if (!m)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    enum hc_err e = configure(conf, s, group, err);
    rd_kafka_conf_set_opaque(conf, m);
    rd_kafka_conf_set_rebalance_cb(conf, rebalanced);
    rd_kafka_conf_set_error_cb(conf, failed);
    if (e == HC_OK) {
        m->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
        if (!m->rk)
            e = hc_fail(err, HC_ESETTING, "APP_KAFKA_CONFIG", "no consumer can be made: %.120s", why);
    }
    if (!m->rk) {
        rd_kafka_conf_destroy(conf);
        free(m);
        return e;
    }
    rd_kafka_poll_set_consumer(m->rk);
    e = subscribe(m, topics, count, err);
    if (e != HC_OK)
        hc_member_close(m);
    else
        *out = m;
    return e;
}

void hc_member_close(struct hc_member *m)
{
    if (!m)
        return;
    rd_kafka_consumer_close(m->rk);
    forget_committed(m);
    rd_kafka_destroy(m->rk);
    free(m);
}

rd_kafka_message_t *hc_member_poll(struct hc_member *m, int wait_ms)
{
    rd_kafka_message_t *msg = rd_kafka_consumer_poll(m->rk, wait_ms);
    if (!msg || !msg->err)
        return msg;
    /* A topic that is not made yet is met again by itself. */
    hc_log(msg->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? HC_LOG_DEBUG : HC_LOG_WARN, "member.error",
           rd_kafka_message_errstr(msg), NULL);
    rd_kafka_message_destroy(msg);
    return NULL;
}

void hc_member_done(struct hc_member *m, const rd_kafka_message_t *msg)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, rd_kafka_topic_name(msg->rkt), msg->partition)->offset =
        msg->offset + 1;
    rd_kafka_resp_err_t why = rd_kafka_offsets_store(m->rk, list);
    /* Taken away meanwhile: it comes again elsewhere and changes nothing. */
    if (why && why != RD_KAFKA_RESP_ERR__STATE)
        hc_log(HC_LOG_WARN, "member.offset", rd_kafka_err2str(why), NULL);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_timestamp_type_t kind;
    int64_t age = hc_now_ms() - rd_kafka_message_timestamp(msg, &kind);
    if (kind != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE)
        hc_metric_set(HC_METRIC_KAFKA_DELAY, 0, age > 0 ? age : 0);
}

static rd_kafka_topic_partition_list_t *assignment(struct hc_member *m)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    return rd_kafka_assignment(m->rk, &list) ? NULL : list;
}

static bool owns(struct hc_member *m, const rd_kafka_message_t *msg)
{
    rd_kafka_topic_partition_list_t *list = assignment(m);
    if (!list)
        return true;
    bool found =
        rd_kafka_topic_partition_list_find(list, rd_kafka_topic_name(msg->rkt), msg->partition) != NULL;
    rd_kafka_topic_partition_list_destroy(list);
    return found;
}

static void pause_all(struct hc_member *m)
{
    if (m->paused)
        return;
    m->paused = true;
    rd_kafka_topic_partition_list_t *list = assignment(m);
    if (!list)
        return;
    rd_kafka_pause_partitions(m->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void hc_member_resume(struct hc_member *m)
{
    if (!m->paused)
        return;
    m->paused = false;
    rd_kafka_topic_partition_list_t *list = assignment(m);
    if (!list)
        return;
    rd_kafka_resume_partitions(m->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* A message that slipped out before the pause took hold is put back. */
static void put_back(struct hc_member *m, rd_kafka_message_t *msg)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, rd_kafka_topic_name(msg->rkt), msg->partition)->offset =
        msg->offset;
    rd_kafka_error_t *why = rd_kafka_seek_partitions(m->rk, list, 1000);
    if (why) {
        /* librdkafka 2.0 takes the limit for µs and says that it is over: the seek is carried out all the
         * same. */
        if (rd_kafka_error_code(why) != RD_KAFKA_RESP_ERR__TIMED_OUT)
            hc_log(HC_LOG_WARN, "member.seek", rd_kafka_error_string(why), NULL);
        rd_kafka_error_destroy(why);
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_message_destroy(msg);
}

bool hc_member_wait(struct hc_member *m, const rd_kafka_message_t *msg, int ms)
{
    int64_t until = hc_mono_ms() + ms;
    pause_all(m);
    do {
        rd_kafka_message_t *slipped = hc_member_poll(m, hc_left_ms(until, 100));
        if (slipped)
            put_back(m, slipped);
    } while (hc_mono_ms() < until);
    return owns(m, msg);
}

/* Where reading goes on in a partition that gave no message yet: at what the group committed. */
static int64_t first_offset(struct hc_member *m, const rd_kafka_topic_partition_t *p, int64_t low)
{
    const rd_kafka_topic_partition_t *c =
        rd_kafka_topic_partition_list_find(m->committed, p->topic, p->partition);
    return c && c->offset >= 0 ? c->offset : low;
}

static int64_t partition_lag(struct hc_member *m, const rd_kafka_topic_partition_t *p)
{
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(m->rk, p->topic, p->partition, &low, &high) || high < 0)
        return 0;
    int64_t next = p->offset >= 0 ? p->offset : first_offset(m, p, low);
    return next < 0 || high < next ? 0 : high - next;
}

/* Asked of the broker once after each change of partitions. */
static bool know_committed(struct hc_member *m, const rd_kafka_topic_partition_list_t *list)
{
    if (m->committed)
        return true;
    m->committed = rd_kafka_topic_partition_list_copy(list);
    if (rd_kafka_committed(m->rk, m->committed, 1000))
        forget_committed(m);
    return m->committed != NULL;
}

int64_t hc_member_lag(struct hc_member *m)
{
    rd_kafka_topic_partition_list_t *list = assignment(m);
    if (!list || rd_kafka_position(m->rk, list) || !know_committed(m, list)) {
        if (list)
            rd_kafka_topic_partition_list_destroy(list);
        return -1;
    }
    int64_t lag = 0;
    for (int i = 0; i < list->cnt; i++)
        lag += partition_lag(m, &list->elems[i]);
    rd_kafka_topic_partition_list_destroy(list);
    return lag;
}

const char *hc_member_cluster(struct hc_member *m)
{
    char *id = rd_kafka_clusterid(m->rk, 1000); /* from memory, once it is known */
    bson_strncpy(m->cluster, id ? id : "", sizeof m->cluster);
    if (id)
        rd_kafka_mem_free(m->rk, id);
    return m->cluster;
}
