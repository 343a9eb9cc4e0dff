/* request_raw - the fastest that this server takes users' requests: the loop that the consumer is measured
 * against.
 *
 * usage: request_raw URI REQUESTS USERS CONNECTIONS BATCH
 *
 * The same writes as a step makes of requests, and nothing else: each batch is inserted into bench_activities
 * (index user + requestTime), and each of its users is inserted into bench_usage (index n), or updated there
 * when it has been seen before. Request i is made by user i mod USERS; a user belongs to one connection. All
 * documents are built first. No reading, no intent, no counters, no Kafka. Prints one line: requests,
 * seconds, requests/s.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mongoc/mongoc.h>

#include "activity.h"
#include "clock.h"
#include "ids.h"

#define FIRST_MS INT64_C(1760000000000)

struct load {
    const char *uri;
    long requests, users, batch;
    int connections;
    bson_t *docs; /* one a request */
};

struct lane {
    const struct load *load;
    int number;
    int failed;
    long *counts; /* requests of each user so far */
    mongoc_collection_t *activities, *usage;
};

static bson_oid_t user_id(long user)
{
    bson_oid_t id;
    hc_oid_make(id.bytes, 1700000000, 1, (uint32_t)user);
    return id;
}

static void build(struct load *load)
{
    struct hc_device device;
    load->docs = calloc((size_t)load->requests, sizeof *load->docs);
    if (!load->docs)
        exit(1);
    for (long i = 0; i < load->requests; i++) {
        char event[32];
        int len = snprintf(event, sizeof event, "bench/%ld", i);
        const char *agent = hc_device_sample((uint64_t)i);
        hc_device_read(&device, agent, strlen(agent));
        bson_t seen = BSON_INITIALIZER;
        hc_device_bson(&device, &seen);
        struct hc_activity a = {.user = user_id(i % load->users),
                                .time_ms = FIRST_MS + i,
                                .taken_ms = FIRST_MS,
                                .os = device.os.key,
                                .browser = device.browser.key,
                                .device = &seen};
        hc_activity_id(&a.id, &a.user, event, (size_t)len);
        bson_init(&load->docs[i]);
        hc_activity_bson(&a, &load->docs[i]);
        bson_destroy(&seen);
    }
}

static mongoc_client_t *connect_to(const char *uri)
{
    mongoc_client_t *client = mongoc_client_new(uri);
    if (!client)
        exit(2);
    mongoc_write_concern_t *majority = mongoc_write_concern_new();
    mongoc_write_concern_set_wmajority(majority, 10000);
    mongoc_client_set_write_concern(client, majority);
    mongoc_write_concern_destroy(majority);
    return client;
}

static mongoc_collection_t *collection(mongoc_client_t *client, const char *name)
{
    const char *database = mongoc_uri_get_database(mongoc_client_get_uri(client));
    return mongoc_client_get_collection(client, database ? database : "headcount", name);
}

static void create_index(mongoc_collection_t *c, const bson_t *key, const char *name)
{
    bson_error_t why;
    bson_t *command = BCON_NEW("createIndexes", BCON_UTF8(mongoc_collection_get_name(c)), "indexes", "[", "{",
                               "key", BCON_DOCUMENT(key), "name", BCON_UTF8(name), "}", "]");
    if (!mongoc_collection_write_command_with_opts(c, command, NULL, NULL, &why)) {
        fprintf(stderr, "request_raw: %s\n", why.message);
        exit(1);
    }
    bson_destroy(command);
}

/* ---- one batch ---- */

static bson_t *usage_now(long n, int64_t last)
{
    return BCON_NEW("v", BCON_INT64(1), "n", BCON_INT64(n), "day", BCON_INT32(20370), "last",
                    BCON_DATE_TIME(last), "zg", BCON_INT32(1));
}

static int write_usage(struct lane *lane, const long *batch, long size)
{
    bson_t *unordered = BCON_NEW("ordered", BCON_BOOL(false));
    mongoc_bulk_operation_t *bulk = mongoc_collection_create_bulk_operation_with_opts(lane->usage, unordered);
    bson_t **fresh = calloc((size_t)size, sizeof *fresh);
    long fresh_count = 0, updates = 0;
    bson_error_t why;
    for (long i = 0; i < size; i++) {
        long user = batch[i] % lane->load->users;
        bool last_of_batch = i + lane->load->users / lane->load->connections >= size;
        bson_oid_t id = user_id(user);
        lane->counts[user]++;
        if (!last_of_batch)
            continue; /* he comes once more in this batch */
        bson_t *now = usage_now(lane->counts[user], FIRST_MS + batch[i]);
        if (lane->counts[user] == 1) {
            fresh[fresh_count] = BCON_NEW("_id", BCON_OID(&id));
            bson_concat(fresh[fresh_count++], now);
        } else {
            bson_t *filter = BCON_NEW("_id", BCON_OID(&id));
            bson_t *update = BCON_NEW("$set", BCON_DOCUMENT(now));
            mongoc_bulk_operation_update_one_with_opts(bulk, filter, update, NULL, &why);
            bson_destroy(filter);
            bson_destroy(update);
            updates++;
        }
        bson_destroy(now);
    }
    int ok = fresh_count == 0 || mongoc_collection_insert_many(lane->usage, (const bson_t **)fresh,
                                                               (size_t)fresh_count, unordered, NULL, &why);
    if (ok && updates > 0)
        ok = mongoc_bulk_operation_execute(bulk, NULL, &why) != 0;
    for (long i = 0; i < fresh_count; i++)
        bson_destroy(fresh[i]);
    free(fresh);
    mongoc_bulk_operation_destroy(bulk);
    bson_destroy(unordered);
    return ok;
}

static int write_batch(struct lane *lane, const long *batch, long size)
{
    bson_t *opts = BCON_NEW("ordered", BCON_BOOL(false), "validate", BCON_BOOL(false));
    const bson_t **docs = calloc((size_t)size, sizeof *docs);
    bson_error_t why;
    for (long i = 0; i < size; i++)
        docs[i] = &lane->load->docs[batch[i]];
    int ok = mongoc_collection_insert_many(lane->activities, docs, (size_t)size, opts, NULL, &why);
    free(docs);
    bson_destroy(opts);
    return ok && write_usage(lane, batch, size);
}

static void *run_lane(void *arg)
{
    struct lane *lane = arg;
    const struct load *load = lane->load;
    mongoc_client_t *client = connect_to(load->uri);
    long *batch = calloc((size_t)load->batch, sizeof *batch), size = 0;
    lane->counts = calloc((size_t)load->users, sizeof *lane->counts);
    lane->activities = collection(client, "bench_activities");
    lane->usage = collection(client, "bench_usage");
    for (long i = 0; i < load->requests && !lane->failed; i++) {
        if (i % load->users % load->connections == lane->number)
            batch[size++] = i;
        if (size == load->batch || (i == load->requests - 1 && size > 0)) {
            lane->failed = !write_batch(lane, batch, size);
            size = 0;
        }
    }
    mongoc_collection_destroy(lane->activities);
    mongoc_collection_destroy(lane->usage);
    mongoc_client_destroy(client);
    free(lane->counts);
    free(batch);
    return NULL;
}

static void prepare(mongoc_collection_t *activities, mongoc_collection_t *usage)
{
    bson_t *by_user = BCON_NEW("user", BCON_INT32(1), "requestTime", BCON_INT32(-1));
    bson_t *by_count = BCON_NEW("n", BCON_INT32(-1), "_id", BCON_INT32(1));
    mongoc_collection_drop(activities, NULL);
    mongoc_collection_drop(usage, NULL);
    create_index(activities, by_user, "user_1_requestTime_-1");
    create_index(usage, by_count, "n_-1__id_1");
    bson_destroy(by_user);
    bson_destroy(by_count);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: request_raw URI REQUESTS USERS CONNECTIONS BATCH\n");
        return 2;
    }
    struct load load = {.uri = argv[1],
                        .requests = atol(argv[2]),
                        .users = atol(argv[3]),
                        .connections = atoi(argv[4]),
                        .batch = atol(argv[5])};
    if (load.requests < 1 || load.users < 1 || load.batch < 1 || load.connections < 1 ||
        load.connections > 64)
        return 2;
    pthread_t threads[64];
    struct lane lanes[64] = {0};
    mongoc_init();
    build(&load);
    mongoc_client_t *client = connect_to(load.uri);
    mongoc_collection_t *activities = collection(client, "bench_activities");
    mongoc_collection_t *usage = collection(client, "bench_usage");
    prepare(activities, usage);
    int64_t start = hc_mono_ms();
    for (int t = 0; t < load.connections; t++) {
        lanes[t] = (struct lane){.load = &load, .number = t};
        pthread_create(&threads[t], NULL, run_lane, &lanes[t]);
    }
    int failed = 0;
    for (int t = 0; t < load.connections; t++) {
        pthread_join(threads[t], NULL);
        failed |= lanes[t].failed;
    }
    double seconds = (double)(hc_mono_ms() - start) / 1000.0;
    printf("%ld requests, %.2f s, %.0f requests/s\n", load.requests, seconds,
           (double)load.requests / seconds);
    mongoc_collection_drop(activities, NULL);
    mongoc_collection_drop(usage, NULL);
    mongoc_collection_destroy(activities);
    mongoc_collection_destroy(usage);
    mongoc_client_destroy(client);
    return failed;
}
