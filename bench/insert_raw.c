/* insert_raw - the fastest that this server takes users: the loop that the consumer is measured against.
 *
 * usage: insert_raw URI USERS CONNECTIONS BATCH [INDEX …]
 *
 * Builds all documents first, the same that the consumer makes, then inserts them over CONNECTIONS clients,
 * BATCH a command, unordered and with w:majority, into the collection bench_users of the URI's database,
 * which is dropped before and after. INDEX is a field (email:unique, country, createdAt, country+_id, …);
 * without any there is only _id. Prints one line: users, seconds, users/s.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mongoc/mongoc.h>

#include "clock.h"
#include "generator.h"
#include "user.h"

#define CHUNK 5000

struct load {
    bson_t *docs;
    const bson_t **list;
    long users, batch;
    const char *uri;
    atomic_long next; /* first user of the next chunk */
    atomic_int failed;
};

static mongoc_client_t *connect_to(const char *uri)
{
    mongoc_client_t *client = mongoc_client_new(uri);
    if (!client) {
        fprintf(stderr, "insert_raw: %s is no MongoDB address\n", uri);
        exit(2);
    }
    mongoc_write_concern_t *majority = mongoc_write_concern_new();
    mongoc_write_concern_set_wmajority(majority, 10000);
    mongoc_client_set_write_concern(client, majority);
    mongoc_write_concern_destroy(majority);
    return client;
}

static mongoc_collection_t *bench_collection(mongoc_client_t *client)
{
    const char *name = mongoc_uri_get_database(mongoc_client_get_uri(client));
    return mongoc_client_get_collection(client, name ? name : "headcount", "bench_users");
}

static void *insert_all(void *arg)
{
    struct load *load = arg;
    mongoc_client_t *client = connect_to(load->uri);
    mongoc_collection_t *users = bench_collection(client);
    bson_t *opts = BCON_NEW("ordered", BCON_BOOL(false), "validate", BCON_BOOL(false));
    for (;;) {
        long first = atomic_fetch_add(&load->next, CHUNK);
        long end = first + CHUNK < load->users ? first + CHUNK : load->users;
        for (long at = first; at < end && !atomic_load(&load->failed); at += load->batch) {
            long n = end - at < load->batch ? end - at : load->batch;
            bson_error_t why;
            if (!mongoc_collection_insert_many(users, load->list + at, (size_t)n, opts, NULL, &why)) {
                fprintf(stderr, "insert_raw: %s\n", why.message);
                atomic_store(&load->failed, 1);
            }
        }
        if (first >= load->users || atomic_load(&load->failed))
            break;
    }
    bson_destroy(opts);
    mongoc_collection_destroy(users);
    mongoc_client_destroy(client);
    return NULL;
}

static void build(struct load *load)
{
    struct hc_people people = {.seed = 1, .second = 1700000000, .hash = 1, .time_us = 1700000000000000};
    load->docs = calloc((size_t)load->users, sizeof *load->docs);
    load->list = calloc((size_t)load->users, sizeof *load->list);
    if (!load->docs || !load->list)
        exit(1);
    for (long i = 0; i < load->users; i++) {
        struct hc_person person;
        hc_person_make(&people, (uint32_t)i, &person);
        bson_init(&load->docs[i]);
        hc_user_from_person(&load->docs[i], &person);
        load->list[i] = &load->docs[i];
    }
}

/* "country+_id" or "email:unique" as a createIndexes command of one index. */
static void create_index(mongoc_collection_t *users, char *spec)
{
    char name[128], *rest = NULL;
    char *unique = strstr(spec, ":unique");
    if (unique)
        *unique = '\0';
    snprintf(name, sizeof name, "%s", spec);
    bson_t key = BSON_INITIALIZER;
    for (char *field = strtok_r(spec, "+", &rest); field; field = strtok_r(NULL, "+", &rest))
        bson_append_int32(&key, field, -1, 1);
    bson_t *command =
        BCON_NEW("createIndexes", BCON_UTF8(mongoc_collection_get_name(users)), "indexes", "[", "{", "key",
                 BCON_DOCUMENT(&key), "name", BCON_UTF8(name), "unique", BCON_BOOL(unique != NULL), "}", "]");
    bson_error_t why;
    if (!mongoc_collection_write_command_with_opts(users, command, NULL, NULL, &why)) {
        fprintf(stderr, "insert_raw: index %s: %s\n", name, why.message);
        exit(1);
    }
    bson_destroy(command);
    bson_destroy(&key);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: insert_raw URI USERS CONNECTIONS BATCH [INDEX …]\n");
        return 2;
    }
    struct load load = {.uri = argv[1], .users = atol(argv[2]), .batch = atol(argv[4])};
    int connections = atoi(argv[3]);
    if (load.users < 1 || load.batch < 1 || connections < 1 || connections > 64)
        return 2;
    pthread_t threads[64];
    mongoc_init();
    build(&load);
    mongoc_client_t *client = connect_to(load.uri);
    mongoc_collection_t *users = bench_collection(client);
    mongoc_collection_drop(users, NULL);
    for (int i = 5; i < argc; i++)
        create_index(users, argv[i]);
    int64_t start = hc_mono_ms();
    for (int t = 0; t < connections; t++)
        pthread_create(&threads[t], NULL, insert_all, &load);
    for (int t = 0; t < connections; t++)
        pthread_join(threads[t], NULL);
    double seconds = (double)(hc_mono_ms() - start) / 1000.0;
    printf("%ld users, %.2f s, %.0f users/s\n", load.users, seconds, (double)load.users / seconds);
    mongoc_collection_drop(users, NULL);
    mongoc_collection_destroy(users);
    mongoc_client_destroy(client);
    return atomic_load(&load.failed);
}
