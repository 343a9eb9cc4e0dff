/* See bus.h. This file: the producer. bus_batch.c waits for reports, bus_topics.c asks about topics and makes
 * them. */
#include "bus.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus_inside.h"
#include "clock.h"
#include "ids.h"
#include "json.h"
#include "log.h"
#include "metrics.h"
#include "user.h"

#define POLL_MS 100

/* ---- configuration ---- */

/* Another cluster answers at the old address: it was wiped and made anew. It knows nothing of a producer's
 * number, and gives the same one to the next producer; whose messages are whose can't be told then, and one
 * that looks like a repetition of another's would be acknowledged and dropped. */
static void meet_another_cluster(const rd_kafka_t *rk)
{
    if (rd_kafka_type(rk) == RD_KAFKA_PRODUCER && rd_kafka_opaque(rk))
        atomic_store(&((struct hc_bus *)rd_kafka_opaque(rk))->renew, true);
}

static void kafka_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    if (strcmp(facility, "CLUSTERID") == 0)
        meet_another_cluster(rk);
    /* 4 is its warning: among them an offset that is out of range, which a wiped log leaves behind. */
    hc_log(level <= 4 ? HC_LOG_WARN : HC_LOG_DEBUG, "bus.driver", text, HC_STR("facility", facility), NULL);
}

static enum hc_err set(rd_kafka_conf_t *conf, const char *setting, const char *name, const char *value,
                       struct hc_error *err)
{
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        return hc_fail(err, HC_ESETTING, setting, "librdkafka refuses %.60s: %.120s", name, why);
    return HC_OK;
}

/* APP_KAFKA_CONFIG: name=value pairs separated by blanks or commas. */
static enum hc_err set_users(rd_kafka_conf_t *conf, const char *pairs, struct hc_error *err)
{
    char *copy = strdup(pairs), *rest = NULL;
    if (!copy)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    enum hc_err e = HC_OK;
    for (char *pair = strtok_r(copy, " ,\t\n", &rest); pair && e == HC_OK;
         pair = strtok_r(NULL, " ,\t\n", &rest)) {
        char *equals = strchr(pair, '=');
        if (!equals) {
            e = hc_fail(err, HC_ESETTING, "APP_KAFKA_CONFIG", "\"%.60s\" is not name=value", pair);
            break;
        }
        *equals = '\0';
        e = set(conf, "APP_KAFKA_CONFIG", pair, equals + 1, err);
    }
    free(copy);
    return e;
}

enum hc_err hc_bus_configure(rd_kafka_conf_t *conf, const struct hc_settings *s, struct hc_error *err)
{
    static const char *const OURS[][2] = {
        {"client.id", "headcount"},          {"socket.timeout.ms", "10000"},
        {"reconnect.backoff.ms", "100"},     {"reconnect.backoff.max.ms", "1000"},
        {"socket.keepalive.enable", "true"}, {"topic.metadata.refresh.interval.ms", "10000"},
        {"log.connection.close", "false"},   {"allow.auto.create.topics", "false"},
    };
    rd_kafka_conf_set_log_cb(conf, kafka_log);
    enum hc_err e = set(conf, "APP_KAFKA_BROKER", "bootstrap.servers", s->kafka, err);
    for (size_t i = 0; i < sizeof OURS / sizeof *OURS && e == HC_OK; i++)
        e = set(conf, "APP_KAFKA_CONFIG", OURS[i][0], OURS[i][1], err);
    return e == HC_OK ? set_users(conf, s->kafka_config, err) : e;
}

/* ---- reports ---- */

/* Runs on the bus's own thread, inside rd_kafka_poll. */
static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    struct hc_bus *bus = opaque;
    atomic_store(&bus->up, m->err == 0);
    hc_metric_add(HC_METRIC_KAFKA_SENT, m->err ? HC_CALL_FAILED : HC_CALL_OK, 1);
    if (m->_private)
        hc_batch_reported(m->_private, m->err,
                          rd_kafka_message_status(m) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED);
    else if (m->err)
        hc_log(HC_LOG_WARN, "bus.undelivered", rd_kafka_err2str(m->err),
               HC_STR("topic", rd_kafka_topic_name(m->rkt)), NULL);
}

static void failed(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    struct hc_bus *bus = opaque;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && atomic_exchange(&bus->up, false))
        hc_log(HC_LOG_WARN, "bus.down", "no Kafka broker can be reached", NULL);
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        hc_log(HC_LOG_WARN, "bus.fatal", reason, NULL);
        atomic_store(&bus->renew, true);
    }
}

/* ---- life ---- */

/* What is not for whoever can wait: see hc_bus_open_prompt. */
static enum hc_err set_prompt(rd_kafka_conf_t *conf, int give_up_ms, struct hc_error *err)
{
    char ms[16];
    snprintf(ms, sizeof ms, "%d", give_up_ms);
    enum hc_err e = set(conf, "APP_KAFKA_CONFIG", "linger.ms", "1", err);
    if (e == HC_OK)
        e = set(conf, "APP_KAFKA_CONFIG", "message.timeout.ms", ms, err);
    return e == HC_OK ? set(conf, "APP_KAFKA_CONFIG", "request.timeout.ms", ms, err) : e;
}

/* A user's messages go where its slot's others go, so that one worker has them all; no more than
 * that depends on it. Other keys go where other clients send them. */
static int32_t place(const rd_kafka_topic_t *topic, const void *key, size_t len, int32_t partitions,
                     void *opaque, void *message_opaque)
{
    bson_oid_t user;
    if (len == HC_OID_TEXT - 1 && hc_user_id(key, len, &user, NULL) == HC_OK)
        return hc_user_slot(&user) % partitions;
    return rd_kafka_msg_partitioner_murmur2_random(topic, key, len, partitions, opaque, message_opaque);
}

static rd_kafka_t *new_producer(struct hc_bus *bus, struct hc_error *err)
{
    static const char *const OURS[][2] = {
        {"enable.idempotence", "true"},          {"queue.buffering.max.messages", "20000"},
        {"queue.buffering.max.kbytes", "32768"}, {"message.timeout.ms", "5000"},
        {"request.timeout.ms", "4000"},          {"linger.ms", "5"},
    };
    char why[256] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    enum hc_err e = HC_OK;
    for (size_t i = 0; i < sizeof OURS / sizeof *OURS && e == HC_OK; i++)
        e = set(conf, "APP_KAFKA_CONFIG", OURS[i][0], OURS[i][1], err);
    if (e == HC_OK && bus->give_up_ms > 0)
        e = set_prompt(conf, bus->give_up_ms, err);
    if (e == HC_OK)
        e = hc_bus_configure(conf, bus->settings, err);
    rd_kafka_conf_set_opaque(conf, bus);
    if (e == HC_OK) /* there is one since message.timeout.ms was set */
        rd_kafka_topic_conf_set_partitioner_cb(rd_kafka_conf_get_default_topic_conf(conf), place);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_conf_set_error_cb(conf, failed);
    rd_kafka_t *rk = e == HC_OK ? rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why) : NULL;
    if (!rk) {
        rd_kafka_conf_destroy(conf); /* still ours: rd_kafka_new takes it only on success */
        if (e == HC_OK)
            hc_fail(err, HC_ESETTING, "APP_KAFKA_CONFIG", "no producer can be made: %.120s", why);
    }
    return rk;
}

/* A producer that lost its idempotence (the broker's log was wiped, say) can
 * send nothing any more: it is replaced. What it had queued is reported as
 * undelivered, and comes again by whoever planned it. */
static void renew(struct hc_bus *bus)
{
    struct hc_error err;
    rd_kafka_t *fresh = new_producer(bus, &err);
    if (!fresh) {
        hc_log(HC_LOG_ERROR, "bus.renew", err.detail, NULL);
        atomic_store(&bus->renew, true); /* again with the next poll */
        return;
    }
    pthread_rwlock_wrlock(&bus->lock);
    rd_kafka_t *old = bus->rk;
    bus->rk = fresh;
    pthread_rwlock_unlock(&bus->lock);
    rd_kafka_purge(old, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(old, 1000);
    rd_kafka_destroy(old);
    hc_log(HC_LOG_INFO, "bus.renewed", "the producer was made anew", NULL);
}

/* The thread that serves reports. It alone replaces bus->rk, so it may read it without the lock. */
static void *serve(void *arg)
{
    struct hc_bus *bus = arg;
    while (!atomic_load(&bus->stop)) {
        rd_kafka_poll(bus->rk, POLL_MS);
        if (atomic_exchange(&bus->renew, false))
            renew(bus);
    }
    return NULL;
}

static enum hc_err open_bus(struct hc_bus **out, const struct hc_settings *s, int give_up_ms,
                            struct hc_error *err)
{
    *out = NULL;
    struct hc_bus *bus = calloc(1, sizeof *bus);
    if (!bus)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    bus->settings = s;
    bus->give_up_ms = give_up_ms;
    atomic_store(&bus->up, true); /* until the opposite is seen */
    pthread_rwlock_init(&bus->lock, NULL);
    pthread_mutex_init(&bus->topics_lock, NULL);
    bus->rk = new_producer(bus, err);
    if (!bus->rk || pthread_create(&bus->thread, NULL, serve, bus) != 0) {
        enum hc_err e = bus->rk ? hc_fail(err, HC_EINTERNAL, NULL, "no thread for the producer") : err->code;
        if (bus->rk)
            rd_kafka_destroy(bus->rk);
        free(bus);
        return e;
    }
    *out = bus;
    return HC_OK;
}

enum hc_err hc_bus_open(struct hc_bus **out, const struct hc_settings *s, struct hc_error *err)
{
    return open_bus(out, s, 0, err);
}

enum hc_err hc_bus_open_prompt(struct hc_bus **out, const struct hc_settings *s, int give_up_ms,
                               struct hc_error *err)
{
    return open_bus(out, s, give_up_ms > 1 ? give_up_ms : 1, err);
}

void hc_bus_close(struct hc_bus *bus, int wait_ms)
{
    if (!bus)
        return;
    atomic_store(&bus->stop, true);
    pthread_join(bus->thread, NULL);
    rd_kafka_flush(bus->rk, wait_ms);
    int left = rd_kafka_outq_len(bus->rk);
    if (left > 0)
        hc_log(HC_LOG_WARN, "bus.unsent",
               "messages were not delivered before the end; the planner sends again",
               HC_INT("messages", left), NULL);
    rd_kafka_purge(bus->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(bus->rk, 100);
    rd_kafka_destroy(bus->rk);
    pthread_rwlock_destroy(&bus->lock);
    pthread_mutex_destroy(&bus->topics_lock);
    free(bus);
}

/* ---- sending ---- */

rd_kafka_resp_err_t hc_bus_produce(struct hc_bus *bus, const struct hc_message *m, struct hc_batch *batch)
{
    pthread_rwlock_rdlock(&bus->lock);
    rd_kafka_resp_err_t why = rd_kafka_producev(
        bus->rk, RD_KAFKA_V_TOPIC(m->topic), RD_KAFKA_V_PARTITION(m->partition),
        RD_KAFKA_V_KEY(m->key, m->key ? m->key_len : 0),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)m->value, m->value_len), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_HEADERS(m->headers), RD_KAFKA_V_OPAQUE(batch), RD_KAFKA_V_END);
    pthread_rwlock_unlock(&bus->lock);
    if (why && m->headers)
        rd_kafka_headers_destroy(m->headers);
    return why;
}

enum hc_err hc_bus_send(struct hc_bus *bus, const struct hc_message *m, struct hc_error *err)
{
    rd_kafka_resp_err_t why = hc_bus_produce(bus, m, NULL);
    if (!why)
        return HC_OK;
    hc_log(HC_LOG_WARN, "bus.refused", rd_kafka_err2str(why), HC_STR("topic", m->topic), NULL);
    return hc_fail(err, HC_EBROKER, "kafka", "The message broker (Kafka) can't take a message right now");
}

bool hc_bus_is_up(struct hc_bus *bus)
{
    return atomic_load(&bus->up);
}

enum hc_err hc_bus_send_trigger(struct hc_bus *bus, const char *job_id, int64_t total, uint64_t seed,
                                struct hc_error *err)
{
    struct hc_buf text;
    struct hc_json j;
    hc_buf_init(&text, 1024);
    hc_json_begin(&j, &text);
    hc_json_open(&j, '{');
    hc_json_put_int(&j, "totalUserCreate", total);
    hc_json_put_str(&j, "message", HC_TOPIC_TRIGGER);
    hc_json_put_int(&j, "createAt", hc_now_ms());
    hc_json_put_str(&j, "jobId", job_id);
    hc_json_put_int(&j, "seed", (int64_t)seed);
    hc_json_close(&j, '}');
    struct hc_message m = {.topic = HC_TOPIC_TRIGGER,
                           .key = job_id,
                           .key_len = strlen(job_id),
                           .value = text.data,
                           .value_len = text.len,
                           .partition = -1};
    enum hc_err e =
        hc_buf_failed(&text) ? hc_fail(err, HC_ENOMEM, NULL, "out of memory") : hc_bus_send(bus, &m, err);
    hc_buf_release(&text);
    return e;
}
