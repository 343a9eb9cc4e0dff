/* Sending, over librdkafka's own broker inside this process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "bus.h"
#include "clock.h"
#include "log.h"

static rd_kafka_t *host;
static rd_kafka_t *host_client; /* asks the cluster how much lies in it */
static rd_kafka_mock_cluster_t *cluster;
static char brokers[256];

static int start_cluster(void **state)
{
    (void)state;
    char why[256];
    host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);
    cluster = host ? rd_kafka_mock_cluster_new(host, 1) : NULL;
    if (!cluster)
        return -1;
    snprintf(brokers, sizeof brokers, "%s", rd_kafka_mock_cluster_bootstraps(cluster));
    rd_kafka_mock_topic_create(cluster, HC_TOPIC_BULK, 5, 1);
    rd_kafka_mock_topic_create(cluster, HC_TOPIC_TRIGGER, 3, 1);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof why);
    host_client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    return host_client ? 0 : -1;
}

static int stop_cluster(void **state)
{
    (void)state;
    rd_kafka_destroy(host_client);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
    return 0;
}

static struct hc_settings settings_with(char *address, char *config)
{
    struct hc_settings s;
    memset(&s, 0, sizeof s);
    s.kafka = address;
    s.kafka_config = config;
    s.kafka_partitions = 5;
    s.kafka_replication = 1;
    return s;
}

static const struct hc_message HELLO = {
    .topic = HC_TOPIC_BULK, .key = "k", .key_len = 1, .value = "hello", .value_len = 5, .partition = 2};

static void test_sends_and_waits(void **state)
{
    (void)state;
    char none[] = "";
    struct hc_settings s = settings_with(brokers, none);
    struct hc_bus *bus;
    struct hc_error err;
    int ms;
    assert_int_equal(hc_bus_open(&bus, &s, &err), HC_OK);
    assert_int_equal(hc_bus_send_wait(bus, &HELLO, 5000, &err), HC_OK);
    assert_int_equal(hc_bus_ping(bus, 2000, &ms, &err), HC_OK);
    assert_true(hc_bus_is_up(bus));
    assert_int_equal(hc_bus_partitions(bus, HC_TOPIC_BULK), 5);
    assert_int_equal(hc_bus_partitions(bus, HC_TOPIC_TRIGGER), 3);
    assert_int_equal(hc_bus_send_trigger(bus, "01ARZ3NDEKTSV4RRFFQ69G5FAV", 5, 1, &err), HC_OK);
    hc_bus_close(bus, 2000);
    hc_bus_close(NULL, 0);
}

/* A broker that goes away: the waiting ends in time, the bus is down, and up again afterwards. */
static void test_a_broker_that_goes_and_comes(void **state)
{
    (void)state;
    char none[] = "";
    struct hc_settings s = settings_with(brokers, none);
    struct hc_bus *bus;
    struct hc_error err;
    int ms;
    assert_int_equal(hc_bus_open(&bus, &s, &err), HC_OK);
    assert_int_equal(hc_bus_send_wait(bus, &HELLO, 5000, &err), HC_OK);
    rd_kafka_mock_broker_set_down(cluster, 1);
    int64_t start = hc_mono_ms();
    assert_int_equal(hc_bus_send_wait(bus, &HELLO, 300, &err), HC_EOUTCOME); /* it is queued yet */
    assert_true(hc_mono_ms() - start < 2000);
    assert_int_equal(hc_bus_ping(bus, 300, &ms, &err), HC_EBROKER);
    assert_false(hc_bus_is_up(bus));
    rd_kafka_mock_broker_set_up(cluster, 1);
    enum hc_err e = HC_EBROKER;
    for (int i = 0; i < 50 && e != HC_OK; i++)
        e = hc_bus_ping(bus, 300, &ms, &err);
    assert_int_equal(e, HC_OK);
    assert_true(hc_bus_is_up(bus));
    hc_bus_close(bus, 2000);
}

/* Whoever waits for a prompt bus learns in time whether the message was taken: never sent; sent and not
 * acknowledged, which nobody can tell apart from taken. */
static void test_a_prompt_bus_knows(void **state)
{
    (void)state;
    char none[] = "";
    struct hc_settings s = settings_with(brokers, none);
    struct hc_bus *bus;
    struct hc_error err;
    assert_int_equal(hc_bus_open_prompt(&bus, &s, 500, &err), HC_OK);
    assert_int_equal(hc_bus_send_wait(bus, &HELLO, 5000, &err), HC_OK);
    rd_kafka_mock_broker_set_down(cluster, 1);
    int64_t start = hc_mono_ms();
    assert_int_equal(hc_bus_send_wait(bus, &HELLO, 5000, &err), HC_EBROKER);
    assert_in_range(hc_mono_ms() - start, 300, 3000);
    rd_kafka_mock_broker_set_up(cluster, 1);
    enum hc_err e = HC_EBROKER;
    for (int i = 0; i < 50 && e != HC_OK; i++)
        e = hc_bus_send_wait(bus, &HELLO, 3000, &err);
    assert_int_equal(e, HC_OK);

    rd_kafka_mock_broker_set_rtt(cluster, 1, 20000); /* it takes, and answers when nobody listens */
    start = hc_mono_ms();
    assert_int_equal(hc_bus_send_wait(bus, &HELLO, 5000, &err), HC_EOUTCOME);
    assert_string_equal(err.field, "kafka");
    assert_in_range(hc_mono_ms() - start, 300, 3000);
    rd_kafka_mock_broker_set_rtt(cluster, 1, 0);
    e = HC_EBROKER;
    for (int i = 0; i < 50 && e != HC_OK; i++)
        e = hc_bus_send_wait(bus, &HELLO, 3000, &err);
    assert_int_equal(e, HC_OK);
    hc_bus_close(bus, 1000);
}

#define PRODUCE 0 /* Kafka's number of that request */

/* What a broker refuses for good is told; what passes is tried again, and not without a pause. */
static void test_what_a_broker_refuses(void **state)
{
    (void)state;
    static const struct {
        rd_kafka_resp_err_t refusal;
        enum hc_err outcome;
    } ROWS[] = {
        {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, HC_OK},
        {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, HC_OK},
        {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, HC_OK},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, HC_EBROKER},
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, HC_EBROKER},
        {RD_KAFKA_RESP_ERR_INVALID_MSG, HC_EBROKER},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        char quick[] = "topic.metadata.refresh.interval.ms=500";
        struct hc_settings s = settings_with(brokers, quick);
        struct hc_bus *bus;
        struct hc_error err;
        assert_int_equal(hc_bus_open_prompt(&bus, &s, 2000, &err), HC_OK);
        assert_int_equal(hc_bus_send_wait(bus, &HELLO, 5000, &err), HC_OK);
        rd_kafka_mock_push_request_errors(cluster, PRODUCE, 2, ROWS[i].refusal, ROWS[i].refusal);
        int64_t start = hc_mono_ms();
        enum hc_err told = hc_bus_send_wait(bus, &HELLO, 5000, &err);
        if (told != ROWS[i].outcome)
            print_message("%s: %s\n", rd_kafka_err2name(ROWS[i].refusal), hc_err_text(told));
        assert_int_equal(told, ROWS[i].outcome);
        if (told == HC_OK)
            assert_true(hc_mono_ms() - start >= 2 * 100); /* two tries that failed */
        rd_kafka_mock_clear_request_errors(cluster, PRODUCE);
        /* A topic that was refused is believed to be so until it is asked for again. */
        for (int tries = 0; tries < 50 && told != HC_OK; tries++) {
            hc_sleep_ms(100);
            told = hc_bus_send_wait(bus, &HELLO, 3000, &err);
        }
        assert_int_equal(hc_bus_send_wait(bus, &HELLO, 5000, &err), HC_OK);
        hc_bus_close(bus, 1000);
    }
}

/* More than may be out at once, all of them acknowledged when the batch has ended. */
static void test_a_batch_is_there_when_it_has_ended(void **state)
{
    (void)state;
    char none[] = "";
    struct hc_settings s = settings_with(brokers, none);
    struct hc_bus *bus;
    struct hc_error err;
    int64_t low, high, before;
    assert_int_equal(hc_bus_open(&bus, &s, &err), HC_OK);
    assert_int_equal(rd_kafka_query_watermark_offsets(host_client, HC_TOPIC_BULK, 2, &low, &before, 5000), 0);
    struct hc_batch *batch = hc_batch_begin(bus, 10000);
    assert_non_null(batch);
    for (int i = 0; i < 3 * HC_BATCH_OUT; i++)
        assert_int_equal(hc_batch_add(batch, &HELLO, &err), HC_OK);
    assert_int_equal(hc_batch_end(batch, &err), HC_OK);
    assert_int_equal(rd_kafka_query_watermark_offsets(host_client, HC_TOPIC_BULK, 2, &low, &high, 5000), 0);
    assert_int_equal(high - before, 3 * HC_BATCH_OUT);
    assert_int_equal(hc_batch_end(hc_batch_begin(bus, 100), &err), HC_OK); /* an empty one */
    hc_bus_close(bus, 2000);
}

/* One message that the broker refuses fails the whole batch, and so does a broker that is away: in time,
 * and late reports find their batch. */
static void test_a_batch_that_fails(void **state)
{
    (void)state;
    char none[] = "";
    struct hc_settings s = settings_with(brokers, none);
    struct hc_bus *bus;
    struct hc_error err;
    struct hc_message odd = HELLO;
    odd.partition = 77; /* the topic has 5 */
    assert_int_equal(hc_bus_open(&bus, &s, &err), HC_OK);
    struct hc_batch *batch = hc_batch_begin(bus, 3000);
    enum hc_err e = hc_batch_add(batch, &HELLO, &err);
    assert_int_equal(e, HC_OK);
    hc_batch_add(batch, &odd, &err); /* refused now or in its report */
    assert_int_equal(hc_batch_end(batch, &err), HC_EBROKER);
    assert_int_equal(hc_bus_send_wait(bus, &HELLO, 5000, &err), HC_OK);

    rd_kafka_mock_broker_set_down(cluster, 1);
    int64_t start = hc_mono_ms();
    batch = hc_batch_begin(bus, 300);
    for (e = HC_OK; e == HC_OK && hc_mono_ms() - start < 5000;)
        e = hc_batch_add(batch, &HELLO, &err);
    assert_int_equal(e, HC_EBROKER); /* never more than HC_BATCH_OUT of them are taken */
    assert_int_equal(hc_batch_end(batch, &err), HC_EBROKER);
    assert_true(hc_mono_ms() - start < 2000);
    rd_kafka_mock_broker_set_up(cluster, 1);
    e = HC_EBROKER;
    for (int i = 0; i < 50 && e != HC_OK; i++)
        e = hc_bus_send_wait(bus, &HELLO, 300, &err);
    assert_int_equal(e, HC_OK);
    hc_bus_close(bus, 2000);
}

static void test_wrong_configuration(void **state)
{
    (void)state;
    static const char *const WRONG[] = {"nonsense", "no.such.setting=1", "linger.ms=abc"};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        char config[64];
        struct hc_bus *bus;
        struct hc_error err;
        snprintf(config, sizeof config, "%s", WRONG[i]);
        struct hc_settings s = settings_with(brokers, config);
        assert_int_equal(hc_bus_open(&bus, &s, &err), HC_ESETTING);
        assert_string_equal(err.field, "APP_KAFKA_CONFIG");
        assert_null(bus);
    }
}

static void test_users_configuration_wins(void **state)
{
    (void)state;
    char config[] = "linger.ms=0, message.timeout.ms=4000\tclient.id=mine";
    struct hc_settings s = settings_with(brokers, config);
    struct hc_bus *bus;
    struct hc_error err;
    assert_int_equal(hc_bus_open(&bus, &s, &err), HC_OK);
    assert_int_equal(hc_bus_send_wait(bus, &HELLO, 5000, &err), HC_OK);
    hc_bus_close(bus, 1000);
}

int main(void)
{
    hc_log_setup(HC_LOG_ERROR, "test");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sends_and_waits),
        cmocka_unit_test(test_a_broker_that_goes_and_comes),
        cmocka_unit_test(test_a_prompt_bus_knows),
        cmocka_unit_test(test_what_a_broker_refuses),
        cmocka_unit_test(test_a_batch_is_there_when_it_has_ended),
        cmocka_unit_test(test_a_batch_that_fails),
        cmocka_unit_test(test_wrong_configuration),
        cmocka_unit_test(test_users_configuration_wins),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
