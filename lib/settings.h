/* settings.h - every setting of the programs, from the environment.
 *
 * One table in settings.c has a row for each: name, type, unit, range, default,
 * whether it is a secret, and a sentence. Reading, checking, --help,
 * --check-config and docs/settings.md all come from that table. A secret can
 * also be given as NAME_FILE, a file whose first line is the value; a file that
 * can't be read, an empty first line, or both forms at once are refused. An empty
 * value is the same as none. An APP_… name that no row has is warned of, with
 * the nearest name of ours.
 *
 * Life: hc_settings_load at start, hc_settings_release at the end; in between
 * the struct is constant and shared by all threads.
 */
#ifndef HC_SETTINGS_H
#define HC_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

#define HC_WORKERS_MAX 64

struct hc_settings {
    /* services */
    char *mongodb; /* APP_MONGODB_CONNECTION_STRING, secret: default mongodb://127.0.0.1:27117/headcount */
    char *redis;   /* APP_REDIS_CONNECTION_STRING, secret: redis://[:pw@]host:port[/db] or unix:///path;
                      default redis://127.0.0.1:6379/0 */
    char *kafka;   /* APP_KAFKA_BROKER: comma separated, default 127.0.0.1:19092 */
    char *kafka_config; /* APP_KAFKA_CONFIG, secret: name=value pairs for librdkafka, separated by blanks or
                           commas */
    int64_t kafka_partitions;  /* APP_KAFKA_PARTITIONS 12, 1..1000: of the topics that we create */
    int64_t kafka_replication; /* APP_KAFKA_REPLICATION 1, 1..10 */
    /* the web service */
    char *bind;   /* APP_BIND 127.0.0.1: where lighttpd listens; decides who may write */
    int64_t port; /* APP_PORT 9000, 1..65535 */
    char *socket; /* APP_SOCKET: unix path where headcount.fcgi listens; "" = the socket on fd 0, else CGI */
    char *www;    /* APP_WWW: folder of index.html, default "www" */
    int64_t threads;        /* APP_THREADS 0 = 4 x cores, 0..256: of the web service */
    int64_t deadline_ms;    /* APP_DEADLINE_MS 2500, 100..60000: a request's time */
    int64_t streams;        /* APP_STREAMS 0 = threads / 4, 0..256: exports and imports at once */
    int64_t stream_idle_ms; /* APP_STREAM_IDLE_MS 30000, 100..600000: without a byte taken */
    int64_t body_max;       /* APP_BODY_MAX_BYTES 65536, 1024..1048576 */
    /* who may write */
    char *admin_token;     /* APP_ADMIN_TOKEN, secret, at least 16 characters when given */
    char *auth;            /* APP_AUTH: "" (default), "open", "all" */
    char *hosts;           /* APP_HOSTS: comma separated host names that count as ours */
    char *cors_origin;     /* APP_CORS_ORIGIN: comma separated origins, or "" */
    char *trusted_proxies; /* APP_TRUSTED_PROXIES: comma separated addresses */
    bool old_get;          /* APP_OLD_GET true: GET routes that write (old clients) */
    /* generation */
    int64_t generate_max; /* APP_GENERATE_MAX 20000000, 1..20000000 */
    int64_t jobs_max;     /* APP_JOBS_MAX 50, 1..1000: jobs that wait or run at once */
    int64_t chunk_users;  /* APP_CHUNK_USERS 2000, 100..20000: frozen in each new job */
    int64_t batch_users;  /* APP_BATCH_USERS 1000, 100..2000: users in one insert command */
    /* the consumer */
    int64_t workers;       /* APP_WORKERS 0 = 2 x cores, 0..64: threads for the bulk topics */
    int64_t event_workers; /* APP_EVENT_WORKERS 0 = 2 x cores, 0..64: threads for the event topics */
    char *timezone;        /* APP_TIMEZONE: IANA name, default UTC */
    /* all */
    char *instance;  /* APP_INSTANCE: name of this process in logs and metrics; default program-pid */
    char *log_level; /* APP_LOG_LEVEL info: debug, info, warn, error */
};

/* Reads and checks all. program is "headcount.fcgi" or "headcount-consumer".
 * HC_OK: *s is filled, every string non-NULL and owned by *s. HC_ESETTING:
 * err->field is the setting's name and detail says what is accepted; nothing to
 * release. A secret's value never appears in detail. Not thread-safe (reads
 * the environment): call before threads start. */
enum hc_err hc_settings_load(struct hc_settings *s, const char *program, struct hc_error *err);
void hc_settings_release(struct hc_settings *s);

/* APP_WORKERS, or what 0 means: two a core, since a worker waits for the database half of its
 * time; at least 2, at most 64. */
int hc_settings_workers(const struct hc_settings *s);
/* APP_EVENT_WORKERS in the same way. */
int hc_settings_event_workers(const struct hc_settings *s);

/* --help: one row a setting, with defaults and ranges. */
void hc_settings_help(struct hc_buf *out);
/* --check-config: NAME=value lines as loaded, secrets as "(set)", or "(not set)"
 * when the default holds. */
void hc_settings_show(const struct hc_settings *s, struct hc_buf *out);
/* docs/settings.md. */
void hc_settings_markdown(struct hc_buf *out);

/* Handles --help, --version, --check-config and --print-settings-markdown the
 * same in both programs. Returns -1 to go on, else the exit code: 0, 2 for an
 * unknown argument, 3 when --check-config finds a wrong value. s may be NULL: then
 * --check-config loads them itself, so that a program can call this before
 * hc_settings_load and --help works whatever the settings are. As CGI
 * (GATEWAY_INTERFACE is set) it returns -1, since a client could choose the
 * arguments. Not thread-safe. */
int hc_settings_options(int argc, char **argv, const char *about, const struct hc_settings *s);

#endif
