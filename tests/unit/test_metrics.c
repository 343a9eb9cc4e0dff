/* test_metrics.c - counting from many threads, rendering, what strangers may write into Redis, the page of
 * all. */
#include "redis_server.h"

#include <pthread.h>

#include "bus.h"
#include "instance.h"
#include "metrics.h"

static const char *const routes[] = {"/v1/user/:id", "/v1/\"odd\\\n\x01\xff", "none"};
static const char *const methods[] = {"GET", "OTHER"};
static const char *const statuses[] = {"200", "404", "other"};

static int setup_all(void **state)
{
    hc_metrics_label(HC_LABEL_ROUTE, routes, 3);
    hc_metrics_label(HC_LABEL_METHOD, methods, 2);
    hc_metrics_label(HC_LABEL_STATUS, statuses, 3);
    hc_metrics_setup(HC_METRIC_OF_BOTH, "test_metrics");
    return group_setup(state);
}

/* What this process shows of itself; freed by the caller. */
static char *rendered(void)
{
    struct hc_buf out;
    hc_buf_init(&out, 1 << 20);
    hc_metrics_render(&out);
    assert_false(hc_buf_failed(&out));
    return hc_buf_detach(&out, NULL);
}

/* The value on the line that begins with series, or -999. */
static double value_in(const char *text, const char *series)
{
    size_t len = strlen(series);
    for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (strncmp(at, series, len) == 0 && at[len] == ' ')
            return strtod(at + len, NULL);
    return -999;
}

static double value_of(const char *series)
{
    char *text = rendered();
    double value = value_in(text, series);
    free(text);
    return value;
}

static void counters_and_gauges(void **state)
{
    (void)state;
    assert_float_equal(value_of("headcount_steps_total"), 0, 0); /* a counter shows from the start */
    hc_metric_add(HC_METRIC_STEPS, 0, 3);
    hc_metric_add(HC_METRIC_STEPS, 1, 5); /* there is no such cell */
    hc_metric_add(HC_METRIC_STEPS, (size_t)-1, 5);
    assert_float_equal(value_of("headcount_steps_total"), 3, 0);

    assert_float_equal(value_of("headcount_audit_drift"), -999, 0); /* nobody knows */
    hc_metric_set(HC_METRIC_AUDIT_DRIFT, 0, 0);
    assert_float_equal(value_of("headcount_audit_drift"), 0, 0);
    hc_metric_set(HC_METRIC_AUDIT_DRIFT, 0, -7);
    assert_float_equal(value_of("headcount_audit_drift"), -7, 0);
    hc_metric_add(HC_METRIC_AUDIT_DRIFT, 0, 9);
    assert_float_equal(value_of("headcount_audit_drift"), 2, 0);
    hc_metric_clear(HC_METRIC_AUDIT_DRIFT, 0);
    assert_float_equal(value_of("headcount_audit_drift"), -999, 0);
    hc_metric_clear(HC_METRIC_STEPS, 0); /* a counter never goes */
    assert_float_equal(value_of("headcount_steps_total"), 3, 0);

    hc_metric_set(HC_METRIC_KAFKA_DELAY, 0, 12005); /* ms, shown in seconds */
    char *text = rendered();
    assert_non_null(strstr(text, "headcount_kafka_lag_seconds 12.005\n"));
    assert_non_null(strstr(text, "headcount_build_info{version=\""));
    assert_non_null(strstr(text, "program=\"test_metrics\"} 1\n"));
    assert_true(value_in(text, "process_resident_memory_bytes") > 1e6);
    assert_true(value_in(text, "process_open_fds") >= 3);
    double lives = (double)hc_now_ms() / 1000 - value_in(text, "process_start_time_seconds");
    assert_true(lives > -1 && lives < 300);
    free(text);
}

static void labels(void **state)
{
    (void)state;
    hc_metric_add(HC_METRIC_HTTP_REQUESTS, hc_metric_cell(HC_METRIC_HTTP_REQUESTS, 0, 0, 1), 2);
    hc_metric_add(HC_METRIC_HTTP_REQUESTS, hc_metric_cell(HC_METRIC_HTTP_REQUESTS, 1, 1, 0), 1);
    hc_metric_add(HC_METRIC_HTTP_REQUESTS, hc_metric_cell(HC_METRIC_HTTP_REQUESTS, 99, 99, 99), 4);
    hc_metric_messages(HC_TOPIC_BULK, HC_MESSAGE_RETRIED, 5);
    hc_metric_messages("a.topic.of.others", HC_MESSAGE_DEAD, 1);
    hc_metric_add(HC_METRIC_ERRORS, HC_EDEADLINE, 1);
    char *text = rendered();
    const char *const there[] = {
        "headcount_http_requests_total{route=\"/v1/user/:id\",method=\"GET\",status=\"404\"} 2\n",
        "headcount_http_requests_total{route=\"/v1/\\\"odd\\\\\\n\?\?\",method=\"OTHER\",status=\"200\"} 1\n",
        "headcount_http_requests_total{route=\"none\",method=\"OTHER\",status=\"other\"} 4\n",
        "headcount_kafka_messages_total{topic=\"user.create.bulk\",outcome=\"retried\"} 5\n",
        "headcount_kafka_messages_total{topic=\"other\",outcome=\"dead\"} 1\n",
        "headcount_errors_total{kind=\"deadline\"} 1\n",
        "headcount_cache_answers_total{outcome=\"hit\"} 0\n",
    };
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        if (!strstr(text, there[i]))
            fail_msg("missing: %s in:\n%s", there[i], text);
    assert_null(strstr(text, "status=\"200\"} 0\n")); /* of the many only those that were */
    free(text);
}

static void histograms(void **state)
{
    (void)state;
    static const int64_t us[] = {0, 1000, 1001, 4999, 2500000, 5000000, 5000001, 90000000, -5};
    for (size_t i = 0; i < sizeof us / sizeof *us; i++)
        hc_metric_observe(HC_METRIC_HTTP_DURATION, 2, us[i]);
    hc_metric_observe(HC_METRIC_STEPS, 0, 1);               /* not a histogram */
    hc_metric_add(HC_METRIC_HTTP_DURATION, 2, 1);           /* and this one is */
    hc_metric_observe(HC_METRIC_HTTP_DURATION, 4000000, 1); /* no such cell */
    char *text = rendered();
#define BUCKET(le)                                                                                           \
    value_in(text, "headcount_http_request_duration_seconds_bucket{route=\"none\",le=\"" le "\"}")
    assert_float_equal(BUCKET("0.001"), 3, 0);
    assert_float_equal(BUCKET("0.0025"), 4, 0);
    assert_float_equal(BUCKET("0.005"), 5, 0);
    assert_float_equal(BUCKET("1"), 5, 0);
    assert_float_equal(BUCKET("2.5"), 6, 0);
    assert_float_equal(BUCKET("5"), 7, 0);
    assert_float_equal(BUCKET("+Inf"), 9, 0);
    assert_float_equal(value_in(text, "headcount_http_request_duration_seconds_count{route=\"none\"}"), 9, 0);
    assert_float_equal(value_in(text, "headcount_http_request_duration_seconds_sum{route=\"none\"}"), 102.507,
                       0.0000011);
    assert_null(strstr(text, "duration_seconds_bucket{route=\"/v1/user")); /* nothing there, nothing shown */
    free(text);
}

#define THREADS 8
#define ROUNDS 200000

static pthread_barrier_t start;

static void *count_along(void *arg)
{
    pthread_barrier_wait(&start);
    for (int i = 0; i < ROUNDS; i++) {
        hc_metric_add(HC_METRIC_STEP_RACES, 0, 1);
        hc_metric_add(HC_METRIC_HTTP_IN_FLIGHT, 0, i % 2 ? -1 : 1);
        hc_metric_observe(HC_METRIC_MONGODB_DURATION, 0, i);
    }
    return arg;
}

static void threads_lose_nothing(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    pthread_barrier_init(&start, NULL, THREADS);
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, count_along, NULL), 0);
    for (int i = 0; i < 20; i++) { /* a histogram is never torn, whenever it is looked at */
        char *text = rendered();
        double all = value_in(text, "headcount_mongodb_command_duration_seconds_count");
        assert_float_equal(
            all, value_in(text, "headcount_mongodb_command_duration_seconds_bucket{le=\"+Inf\"}"), 0);
        free(text);
    }
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    pthread_barrier_destroy(&start);
    assert_float_equal(value_of("headcount_step_races_total"), THREADS * ROUNDS, 0);
    assert_float_equal(value_of("headcount_http_requests_in_flight"), 0, 0);
    assert_float_equal(value_of("headcount_mongodb_command_duration_seconds_count"), THREADS * ROUNDS, 0);
}

static char *paged(const char *instance, const char *text)
{
    struct hc_buf out;
    struct hc_metrics_page *page = hc_metrics_page_new(100000);
    hc_buf_init(&out, 100000);
    assert_non_null(page);
    assert_true(hc_metrics_page_take(page, instance, text, strlen(text)));
    hc_metrics_page_write(page, &out);
    hc_metrics_page_free(page);
    assert_false(hc_buf_failed(&out));
    char *got = hc_buf_detach(&out, NULL);
    return got ? got : strdup("");
}

static void lines_get_their_instance_and_head(void **state)
{
    (void)state;
    char *text =
        paged("o\"ne", "headcount_steps_total 5\nheadcount_kafka_messages_total{topic=\"a\\\"b\"} 1.5\n");
    assert_string_equal(
        text, "# HELP headcount_kafka_messages_total Messages from Kafka, by topic: processed, given to "
              "user.dead (dead), or "
              "tried again after a passing error (retried).\n# TYPE headcount_kafka_messages_total counter\n"
              "headcount_kafka_messages_total{instance=\"o\\\"ne\",topic=\"a\\\"b\"} 1.5\n"
              "# HELP headcount_steps_total Steps that moved the counters of a slot, made by this instance.\n"
              "# TYPE headcount_steps_total counter\nheadcount_steps_total{instance=\"o\\\"ne\"} 5\n");
    free(text);
}

static void odd_lines_are_left_out(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "",
        "\n\n",
        "headcount_steps_total 5",
        "headcount_steps_total\n",
        "headcount_steps_total  5\n",
        "headcount_steps_total 5 6\n",
        "headcount_steps_total x\n",
        "headcount_steps_total NaN\n",
        "headcount_steps_total 1.2.3\n",
        "headcount_steps_total -\n",
        "headcount_steps_total .5\n",
        "headcount_steps_total 5.\n",
        "headcount_steps_total{ 5\n",
        "headcount_steps_total{} 5\n",
        "headcount_steps_total{a} 5\n",
        "headcount_steps_total{a=} 5\n",
        "headcount_steps_total{a=\"} 5\n",
        "headcount_steps_total{a=\"b\\\"} 5\n",
        "headcount_steps_total{a=\"b\\x\"} 5\n",
        "headcount_steps_total{a=\"b\",} 5\n",
        "headcount_steps_total{a=\"b\"}5\n",
        "headcount_steps_total{instance=\"b\"} 5\n",
        "headcount_steps_total{a=\"\xff\"} 5\n",
        "headcount_steps_total{a=\"\x01\"} 5\n",
        "headcount_steps 5\n",
        "headcount_steps_total_bucket 5\n",
        "headcount_nobody_knows_total 5\n",
        "# HELP headcount_steps_total x\n",
        " headcount_steps_total 5\n",
        "headcount_http_request_duration_seconds 5\n",
        "headcount_http_request_duration_seconds_max 5\n",
        "headcount_steps_total 12345678901234567890123456789012345\n",
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char *text = paged("one", odd[i]);
        if (*text)
            fail_msg("taken: %s", odd[i]);
        free(text);
    }
}

/* Appends the page to a fresh buffer of max bytes. */
static char *whole_page(struct hc_cache *c, size_t max)
{
    struct hc_buf out;
    struct hc_error err;
    hc_buf_init(&out, max);
    assert_int_equal(hc_metrics_page(c, "self", &out, &err), HC_OK);
    return hc_buf_detach(&out, NULL);
}

static void all_instances_are_on_the_page(void **state)
{
    struct hc_cache *c = *state;
    struct hc_instance other = {.name = "other", .role = HC_ROLE_CONSUMER}, self = {.name = "self"};
    assert_int_equal(hc_instance_beat(c, &self), HC_OK);
    assert_int_equal(hc_instance_beat(c, &other), HC_OK);
    assert_int_equal(hc_metrics_publish(c, "self"), HC_OK);
    raw("SET hc:1:metrics:other %s", "headcount_leader 1\nnonsense\n");
    raw("SET hc:1:metrics:unheard %s", "headcount_leader 1\n"); /* it has no beat */
    char *text = whole_page(c, 1 << 20);
    assert_non_null(strstr(text, "headcount_leader{instance=\"other\"} 1\n"));
    assert_null(strstr(text, "unheard"));
    assert_null(strstr(text, "nonsense"));
    assert_float_equal(value_in(text, "headcount_redis_up{instance=\"self\"}"), 1, 0);
    char *first = strstr(text, "process_open_fds{instance=\"self\"}");
    assert_non_null(first);
    assert_null(strstr(first + 1, "process_open_fds{instance=\"self\"}")); /* once, not also from Redis */
    free(text);

    raw("LPUSH hc:1:metrics:third a");
    struct hc_instance third = {.name = "third", .role = HC_ROLE_WEB};
    assert_int_equal(hc_instance_beat(c, &third), HC_OK);
    text = whole_page(c, 1 << 20); /* of another type: left out */
    assert_non_null(strstr(text, "headcount_leader{instance=\"other\"} 1\n"));
    free(text);

    hc_metrics_withdraw(c, "self");
    char *kept = raw_get("hc:1:metrics:self");
    assert_string_equal(kept, "");
    free(kept);
}

static void what_is_published_ends_by_itself(void **state)
{
    struct hc_cache *c = *state;
    assert_int_equal(hc_metrics_publish(c, "self"), HC_OK);
    redisContext *r = raw_open();
    redisReply *reply = redisCommand(r, "PTTL hc:1:metrics:self");
    assert_in_range(reply->integer, 14000, 15000);
    freeReplyObject(reply);
    redisFree(r);
}

/* Instances that don't fit are left out, and said to be; one's own is always there. */
static void the_page_has_an_end(void **state)
{
    struct hc_cache *c = *state;
    char *big = malloc(300001);
    assert_non_null(big);
    for (int i = 0; i < 300000; i += 25)
        memcpy(big + i, "headcount_steps_total 77\n", 25);
    big[300000] = '\0';
    struct hc_instance big_one = {.name = "big", .role = HC_ROLE_WEB}, small = {.name = "small"};
    assert_int_equal(hc_instance_beat(c, &big_one), HC_OK);
    assert_int_equal(hc_instance_beat(c, &small), HC_OK);
    raw("SET hc:1:metrics:big %s", big);
    raw("SET hc:1:metrics:small %s", "headcount_leader 0\n");
    struct captured log = capture_begin();
    char *text = whole_page(c, 200000);
    int lines = captured_lines(&log, "metrics.full");
    capture_end(&log);
    assert_int_equal(lines, 1);
    assert_null(strstr(text, "big"));
    assert_non_null(strstr(text, "headcount_leader{instance=\"small\"} 0\n"));
    assert_non_null(strstr(text, "process_open_fds{instance=\"self\"}"));
    free(text);
    free(big);
}

static void without_redis_its_own_alone(void **state)
{
    struct hc_cache *c = *state;
    server_kill();
    assert_int_equal(hc_metrics_publish(c, "self"), HC_ECACHE);
    char *text = whole_page(c, 1 << 20);
    assert_float_equal(value_in(text, "headcount_redis_up{instance=\"self\"}"), 0, 0);
    assert_non_null(strstr(text, "process_open_fds{instance=\"self\"}"));
    free(text);
    text = whole_page(NULL, 1 << 20);
    assert_float_equal(value_in(text, "headcount_redis_up{instance=\"self\"}"), 0, 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_and_gauges),
        cmocka_unit_test(labels),
        cmocka_unit_test(histograms),
        cmocka_unit_test(threads_lose_nothing),
        cmocka_unit_test(lines_get_their_instance_and_head),
        cmocka_unit_test(odd_lines_are_left_out),
        redis_test(all_instances_are_on_the_page),
        redis_test(what_is_published_ends_by_itself),
        redis_test(the_page_has_an_end),
        redis_test(without_redis_its_own_alone),
    };
    return cmocka_run_group_tests(tests, setup_all, group_teardown);
}
