/* settings.c - see settings.h: the table, and reading the environment by it. */
#include "settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "log.h"
#include "settings_table.h"

#define VALUE_MAX 4096 /* longest value, in bytes */
#define NAME_MAX_BYTES 64

#define FIELD(f) .offset = offsetof(struct hc_settings, f)
#define INTEGER(f, default_text, from, to)                                                                   \
    .kind = &hc_kind_integer, FIELD(f), .initial = default_text, .low = from, .high = to

const struct hc_setting hc_settings_table[] = {
    {.group = "Services",
     .name = "APP_MONGODB_CONNECTION_STRING",
     .kind = &hc_kind_mongodb,
     FIELD(mongodb),
     .initial = "mongodb://127.0.0.1:27117/headcount",
     .secret = true,
     .about = "The MongoDB servers; the URI's path is the database, headcount if there is none"},
    {.name = "APP_REDIS_CONNECTION_STRING",
     .kind = &hc_kind_redis,
     FIELD(redis),
     .initial = "redis://127.0.0.1:6379/0",
     .secret = true,
     .about = "The Redis server"},
    {.name = "APP_KAFKA_BROKER",
     .kind = &hc_kind_brokers,
     FIELD(kafka),
     .initial = "127.0.0.1:19092",
     .about = "The Kafka brokers to ask first"},
    {.name = "APP_KAFKA_CONFIG",
     .kind = &hc_kind_pairs,
     FIELD(kafka_config),
     .initial = "",
     .secret = true,
     .about = "Handed to librdkafka as it is, such as security.protocol=SSL; may hold a password"},
    {.name = "APP_KAFKA_PARTITIONS",
     INTEGER(kafka_partitions, "12", 1, 1000),
     .about = "Partitions of the topics that we create"},
    {.name = "APP_KAFKA_REPLICATION",
     INTEGER(kafka_replication, "1", 1, 10),
     .about = "Copies of each partition of the topics that we create"},

    {.group = "The web service",
     .name = "APP_BIND",
     .kind = &hc_kind_bind,
     FIELD(bind),
     .initial = "127.0.0.1",
     .about = "Where the web server listens; only on loopback may anyone write without a token"},
    {.name = "APP_PORT", INTEGER(port, "9000", 1, 65535), .about = "The web server's port"},
    {.name = "APP_SOCKET",
     .kind = &hc_kind_socket,
     FIELD(socket),
     .initial = "",
     .about =
         "Unix socket where headcount.fcgi listens; without it the socket on file descriptor 0, else CGI"},
    {.name = "APP_WWW",
     .kind = &hc_kind_text,
     FIELD(www),
     .initial = "www",
     .about = "The folder that holds index.html"},
    {.name = "APP_THREADS",
     INTEGER(threads, "0", 0, 256),
     .about = "Threads of the web service; 0 means four for each core"},
    {.name = "APP_DEADLINE_MS",
     INTEGER(deadline_ms, "2500", 100, 60000),
     .about = "Time for one request, in milliseconds"},
    {.name = "APP_STREAMS",
     INTEGER(streams, "0", 0, 256),
     .about = "Exports and imports that one process does at once; 0 means a quarter of its threads"},
    {.name = "APP_STREAM_IDLE_MS",
     INTEGER(stream_idle_ms, "30000", 100, 600000),
     .about = "After how many milliseconds an export is broken off whose reader takes nothing"},
    {.name = "APP_BODY_MAX_BYTES",
     INTEGER(body_max, "65536", 1024, 1048576),
     .about = "Longest request body, in bytes; imports are streamed and not bound by it"},

    {.group = "Who may write",
     .name = "APP_ADMIN_TOKEN",
     .kind = &hc_kind_token,
     FIELD(admin_token),
     .initial = "",
     .secret = true,
     .about = "What a request that changes something must bring as a bearer token"},
    {.name = "APP_AUTH",
     .kind = &hc_kind_word,
     FIELD(auth),
     .initial = "",
     .words = "open, all",
     .about = "open shows user data without a token, all asks for one everywhere"},
    {.name = "APP_HOSTS",
     .kind = &hc_kind_hosts,
     FIELD(hosts),
     .initial = "",
     .about = "Further names in the Host header that count as ours"},
    {.name = "APP_CORS_ORIGIN",
     .kind = &hc_kind_origins,
     FIELD(cors_origin),
     .initial = "",
     .about = "Other sites whose pages may use the API"},
    {.name = "APP_TRUSTED_PROXIES",
     .kind = &hc_kind_addresses,
     FIELD(trusted_proxies),
     .initial = "",
     .about = "Proxies whose word on the client's address is taken"},
    {.name = "APP_OLD_GET",
     .kind = &hc_kind_boolean,
     FIELD(old_get),
     .initial = "true",
     .about = "Whether the old clients' GET routes that write are there"},

    {.group = "Generation",
     .name = "APP_GENERATE_MAX",
     INTEGER(generate_max, "20000000", 1, 20000000),
     .about = "Most users that one job may make"},
    {.name = "APP_JOBS_MAX", INTEGER(jobs_max, "50", 1, 1000), .about = "Jobs that wait or run at once"},
    {.name = "APP_CHUNK_USERS",
     INTEGER(chunk_users, "2000", 100, 20000),
     .about = "Users in one chunk of a job; frozen in each job when it is made"},
    {.name = "APP_BATCH_USERS",
     INTEGER(batch_users, "1000", 100, 2000),
     .about = "Users in one insert command"},

    {.group = "The consumer",
     .name = "APP_WORKERS",
     INTEGER(workers, "0", 0, 64),
     .about = "Threads for the bulk topics; 0 means two for each core"},
    {.name = "APP_EVENT_WORKERS",
     INTEGER(event_workers, "0", 0, 64),
     .about = "Threads for the topics of single users and their requests; 0 means two for each core"},
    {.name = "APP_TIMEZONE",
     .kind = &hc_kind_zone,
     FIELD(timezone),
     .initial = "UTC",
     .about = "Where the day of active users begins; another one rebuilds their counts"},

    {.group = "All programs",
     .name = "APP_INSTANCE",
     .kind = &hc_kind_instance,
     FIELD(instance),
     .initial = "",
     .about = "Name of this process in logs and metrics; without it program-pid"},
    {.name = "APP_LOG_LEVEL",
     .kind = &hc_kind_word,
     FIELD(log_level),
     .initial = "info",
     .words = "debug, info, warn, error",
     .about = "The least severe lines that are logged"},
};
const size_t hc_settings_count = sizeof hc_settings_table / sizeof hc_settings_table[0];

static void *field_of(struct hc_settings *s, const struct hc_setting *row)
{
    return (char *)s + row->offset;
}

/* ---- reading ---- */

/* Puts a value that was checked into *s. */
static bool store_value(struct hc_settings *s, const struct hc_setting *row, const char *value)
{
    void *field = field_of(s, row);
    switch (row->kind->store) {
    case HC_SETTING_INTEGER:
        *(int64_t *)field = strtoimax(value, NULL, 10);
        return true;
    case HC_SETTING_BOOLEAN:
        *(bool *)field = value[0] == 't' || value[0] == '1';
        return true;
    default:
        return (*(char **)field = strdup(value)) != NULL;
    }
}

static bool is_clean(const char *value)
{
    size_t len = strnlen(value, VALUE_MAX + 1);
    if (len > VALUE_MAX || hc_utf8_valid(value, len) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)value[i] < 0x20 || value[i] == 0x7F)
            return false;
    return true;
}

/* Checks a value that the environment or a file gave under name. */
static enum hc_err check_value(const struct hc_setting *row, const char *name, const char *value,
                               struct hc_error *err)
{
    if (!is_clean(value))
        return hc_fail(err, HC_ESETTING, name, "must be UTF-8 without control characters, at most %d bytes",
                       VALUE_MAX);
    if (row->kind->check(row, value))
        return HC_OK;
    struct hc_buf accepted;
    hc_buf_init(&accepted, sizeof err->detail);
    hc_setting_accepted(row, &accepted);
    hc_fail(err, HC_ESETTING, name, "must be %s", accepted.data);
    hc_buf_release(&accepted);
    return HC_ESETTING;
}

/* Reads the first line of a secret's file into value. */
static enum hc_err read_secret(const char *name, const char *path, char value[VALUE_MAX + 2],
                               struct hc_error *err)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return hc_fail(err, HC_ESETTING, name, "names a file that can't be read: %s", strerror(errno));
    size_t len = fread(value, 1, VALUE_MAX + 1, f);
    int failed = ferror(f) ? errno : 0;
    fclose(f);
    if (failed)
        return hc_fail(err, HC_ESETTING, name, "names a file that can't be read: %s", strerror(failed));
    const char *end = memchr(value, '\n', len);
    if (end)
        len = (size_t)(end - value);
    if (len > 0 && value[len - 1] == '\r')
        len--;
    value[len] = '\0';
    if (strlen(value) != len)
        return hc_fail(err, HC_ESETTING, name, "names a file with a NUL in its first line");
    if (len == 0)
        return hc_fail(err, HC_ESETTING, name, "names a file whose first line is empty");
    return HC_OK;
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

static enum hc_err load_row(struct hc_settings *s, const struct hc_setting *row, struct hc_error *err)
{
    char secret[VALUE_MAX + 2]; /* one byte more than is accepted, and the NUL */
    char file_name[NAME_MAX_BYTES];
    const char *name = row->name;
    const char *value = environment(name);

    snprintf(file_name, sizeof file_name, "%s_FILE", name);
    const char *path = row->secret ? environment(file_name) : NULL;
    if (value && path)
        return hc_fail(err, HC_ESETTING, name, "is given twice, here and as %s", file_name);
    if (path) {
        enum hc_err rc = read_secret(file_name, path, secret, err);
        if (rc != HC_OK)
            return rc;
        name = file_name;
        value = secret;
    }
    if (value) {
        enum hc_err rc = check_value(row, name, value, err);
        if (rc != HC_OK)
            return rc;
    }
    if (!store_value(s, row, value ? value : row->initial))
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    return HC_OK;
}

static enum hc_err name_instance(struct hc_settings *s, const char *program, struct hc_error *err)
{
    if (s->instance[0])
        return HC_OK;
    free(s->instance);
    if (asprintf(&s->instance, "%s-%ld", program, (long)getpid()) >= 0)
        return HC_OK;
    s->instance = NULL;
    return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
}

/* ---- names that no row has ---- */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Edit distance (Levenshtein) of two names shorter than NAME_MAX_BYTES. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[NAME_MAX_BYTES];
    size_t n = strlen(b);
    for (unsigned i = 0; i <= n; i++)
        row[i] = i;
    for (unsigned i = 1; a[i - 1]; i++) {
        unsigned corner = row[0];
        row[0] = i;
        for (size_t k = 1; k <= n; k++) {
            unsigned change = corner + (a[i - 1] != b[k - 1]);
            corner = row[k];
            row[k] = least(change, least(row[k], row[k - 1]) + 1);
        }
    }
    return row[n];
}

/* Warns of name unless a row has it; says which name of ours is near: at most 3
 * letters away, and fewer in a short name, where 3 letters are most of it. */
static void look_up(const char *name)
{
    const char *nearest = NULL;
    unsigned best = least(4, (unsigned)(strlen(name) - strlen("APP_")) / 2 + 1);
    for (size_t i = 0; i < hc_settings_count; i++) {
        const struct hc_setting *row = &hc_settings_table[i];
        size_t n = strlen(row->name);
        if (strcmp(name, row->name) == 0)
            return;
        if (row->secret && strncmp(name, row->name, n) == 0 && strcmp(name + n, "_FILE") == 0)
            return;
        unsigned d = strlen(name) < NAME_MAX_BYTES ? distance(name, row->name) : best;
        if (d < best) {
            best = d;
            nearest = row->name;
        }
    }
    if (nearest)
        hc_log(HC_LOG_WARN, "setting.unknown", "there is no such setting; a similar name is ours",
               HC_STR("setting", name), HC_STR("nearest", nearest), NULL);
    else
        hc_log(HC_LOG_WARN, "setting.unknown", "there is no such setting", HC_STR("setting", name), NULL);
}

static void warn_of_unknown(void)
{
    for (char **entry = environ; entry && *entry; entry++) {
        size_t len = strcspn(*entry, "=");
        char name[128];
        if (strncmp(*entry, "APP_", 4) != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), *entry);
        look_up(name);
    }
}

/* ---- life ---- */

enum hc_err hc_settings_load(struct hc_settings *s, const char *program, struct hc_error *err)
{
    enum hc_err rc = HC_OK;
    *s = (struct hc_settings){0};
    for (size_t i = 0; i < hc_settings_count && rc == HC_OK; i++)
        rc = load_row(s, &hc_settings_table[i], err);
    if (rc == HC_OK)
        rc = name_instance(s, program, err);
    if (rc != HC_OK) {
        hc_settings_release(s);
        return rc;
    }
    warn_of_unknown();
    return HC_OK;
}

void hc_settings_release(struct hc_settings *s)
{
    for (size_t i = 0; i < hc_settings_count; i++)
        if (hc_settings_table[i].kind->store == HC_SETTING_TEXT)
            free(*(char **)field_of(s, &hc_settings_table[i]));
    *s = (struct hc_settings){0};
}

static int threads_for(int64_t wanted)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long n = wanted > 0 ? (long)wanted : cores < 1 ? 2 : 2 * cores;
    return n > HC_WORKERS_MAX ? HC_WORKERS_MAX : (int)n;
}

int hc_settings_workers(const struct hc_settings *s)
{
    return threads_for(s->workers);
}

int hc_settings_event_workers(const struct hc_settings *s)
{
    return threads_for(s->event_workers);
}
