/* job.h - a job: what is to be generated, and how far it is.
 *
 * Kinds: `users` makes people, `activities` makes requests of people who are
 * there, spread back over `days` days or played live at `rate` a second. What a
 * job makes are its items.
 *
 * A job document in hc_jobs freezes everything that makes its items (total,
 * seed, _id prefix, time, chunk size, generator version; for requests also the
 * users who make them), so that any consumer makes the same ones. It is its own outbox: inserted `new`, then
 * set `queued`; from that moment the planner carries it out, message or not. Progress is two rows of bits,
 * `started` and `done`, one bit a chunk in words of 31: started  set by compare-and-set only while the job
 * runs; a started chunk is always completed and counted, also after a cancel; done     set in the slot step
 * that counts a chunk of users; of requests, once the broker has acknowledged all of them. A job is settled
 * (`open: false`) once it will change no more: its state is final and started == done.
 *
 * States: new -> queued -> running -> done; queued|running <-> paused;
 * queued|running|paused -> cancelled. (`failed` and `removed` are for kinds to come.)
 */
#ifndef HC_JOB_H
#define HC_JOB_H

#include "generator.h"
#include "json.h"
#include "population.h"
#include "store.h"

#define HC_JOB_ID_LEN 26    /* 128 bits as Crockford base32, upper case */
#define HC_JOB_WORD_BITS 31 /* FerretDB compares bits of 32-bit numbers only */
#define HC_JOB_LIST_MAX 100
#define HC_JOB_CHUNK_REQUESTS                                                                                \
    1000 /* requests in a chunk; of a live job at most a second's worth, if that is less … */
#define HC_JOB_LIVE_CHUNK_S 5 /* … but for one of more chunks than fit: then this many seconds' worth */
#define HC_JOB_DAYS_MAX 365
#define HC_JOB_RATE_MAX 10000

enum hc_job_kind { HC_JOB_USERS, HC_JOB_ACTIVITIES, HC_JOB_KIND_COUNT };

enum hc_job_state {
    HC_JOB_NEW,
    HC_JOB_QUEUED,
    HC_JOB_RUNNING,
    HC_JOB_PAUSED,
    HC_JOB_DONE,
    HC_JOB_CANCELLED,
    HC_JOB_FAILED,
    HC_JOB_REMOVED,
    HC_JOB_STATE_COUNT
};

struct hc_job {
    char id[HC_JOB_ID_LEN + 1];
    enum hc_job_kind kind;
    enum hc_job_state state;
    bool open;           /* the planner still has to look at it */
    int64_t total;       /* items */
    int64_t chunk_users; /* items in a chunk, the last one may be smaller */
    int64_t chunks;
    struct hc_people people;                     /* seed, _id prefix, time */
    int64_t generator;                           /* version of what makes its items */
    int64_t days;                                /* requests: spread back over so many days, 0 if live */
    int64_t rate;                                /* requests: live, so many a second, 0 if not */
    uint64_t request;                            /* hash of what was asked, to compare repeated keys */
    int64_t published;                           /* chunks handed to Kafka at least once: a prefix */
    int64_t created_ms, started_ms, finished_ms; /* 0: not yet */
    int64_t done_users;                          /* items, from the bits */
    int64_t done_chunks;
    int64_t started_chunks;
    double per_second; /* items, over the last seconds */
    int64_t mark_ms;   /* when the rate was last taken */
    int64_t mark_done; /* done_users at that time */
    int64_t planned;   /* turn of the planner: grows with each plan */
    int64_t resent;    /* times that the planner sent again what was out */
    int64_t paced_us;  /* live: the time up to which its requests were handed out; 0: none yet */
    char detail[160];  /* why it waits, or failed; "" */
    char error[160];   /* why it failed; "" */
    size_t words;
    int64_t *started; /* words, owned */
    int64_t *done;    /* words, owned */
    struct hc_population
        *population; /* requests: who makes them, owned; only after hc_job_begin_chunk, else NULL */
};

struct hc_job_request {
    enum hc_job_kind kind;
    const char *id; /* 26 characters, or NULL for a new one */
    int64_t total;
    bool has_seed;
    uint64_t seed;       /* else derived from the id */
    int64_t chunk_users; /* of users */
    int64_t days, rate;  /* of requests, at most one of them; both 0: one day */
    const struct hc_population
        *population; /* of requests: not empty, or NULL to meet a job that stands already */
};

/* What a worker that holds a chunk's message has to do. */
enum hc_chunk_turn {
    HC_CHUNK_RUN,  /* it is begun (by us or by one that died): complete and count it */
    HC_CHUNK_DONE, /* counted already */
    HC_CHUNK_DROP  /* the job doesn't run and the chunk was never begun */
};

void hc_job_release(struct hc_job *job); /* frees its words; harmless on a zeroed struct */

/* Reads a document of hc_jobs. HC_ENEWER for a shape or a kind
 * that this build doesn't know, HC_EINTERNAL for one that makes no sense. A document without kind is of
 * users. */
enum hc_err hc_job_read(struct hc_job *job, const bson_t *doc, struct hc_error *err);

/* Stores the job, new then queued. The same id again: HC_OK with *existed when
 * it asks for the same, HC_EINVALID (field "Idempotency-Key") when not.
 * A live job that would last too long: HC_EINVALID (field "rate"). HC_EBUSY: no population was given and no
 * such job stands any more. HC_EOUTCOME when a reply was lost. *job is filled; the caller releases it. */
enum hc_err hc_job_create(struct hc_db *db, const struct hc_job_request *request, struct hc_job *job,
                          bool *existed, struct hc_error *err);
/* HC_EMALFORMED for what is no job id, HC_ENOTFOUND. */
enum hc_err hc_job_get(struct hc_db *db, const char *id, size_t len, struct hc_job *job,
                       struct hc_error *err);
/* The newest first (open_only: those that the planner must look at, oldest
 * first), at most max; *count of them, each released by the caller. */
enum hc_err hc_job_list(struct hc_db *db, bool open_only, struct hc_job *jobs, size_t max, size_t *count,
                        struct hc_error *err);
/* queued|running|paused -> cancelled, queued|running -> paused, paused -> queued.
 * Already there: HC_OK. From a final state: HC_ECONFLICT. */
enum hc_err hc_job_cancel(struct hc_db *db, const char *id, size_t len, struct hc_job *job,
                          struct hc_error *err);
enum hc_err hc_job_pause(struct hc_db *db, const char *id, size_t len, struct hc_job *job,
                         struct hc_error *err);
enum hc_err hc_job_resume(struct hc_db *db, const char *id, size_t len, struct hc_job *job,
                          struct hc_error *err);
/* Jobs that wait or run. */
enum hc_err hc_job_count_open(struct hc_db *db, int64_t *count, struct hc_error *err);

/* Begins chunk if the job runs, see hc_chunk_turn; *job is read anew either way and the caller's to
 * release. HC_ENOTFOUND: no such job; HC_EMALFORMED: it has no such chunk. */
enum hc_err hc_job_begin_chunk(struct hc_db *db, const char *id, int64_t chunk, enum hc_chunk_turn *turn,
                               struct hc_job *job, struct hc_error *err);

/* Every message of a chunk of requests is with the broker: sets its done bit. Again: nothing changes. */
enum hc_err hc_job_chunk_sent(struct hc_db *db, const struct hc_job *job, int64_t chunk,
                              struct hc_error *err);

/* Whether this build makes the same items as the one that made the job. */
bool hc_job_is_known(const struct hc_job *job);

/* What the planner wants to become of an open job. */
struct hc_job_plan {
    enum hc_job_state state;
    bool settled; /* open becomes false and finishedAt is set */
    int64_t published;
    double per_second;
    int64_t mark_ms, mark_done;
    int64_t resent;
    int64_t paced_us;
    const char *detail; /* "" for none */
};

/* Stores a plan if nobody else planned since job was read and its state is
 * still the same: *won says so. Only then may chunks be published by it. */
enum hc_err hc_job_plan(struct hc_db *db, const struct hc_job *job, const struct hc_job_plan *plan, bool *won,
                        struct hc_error *err);
/* Removes jobs that were inserted and never queued, older than 1 min: whoever
 * asked for them was told that it failed. */
enum hc_err hc_job_sweep_new(struct hc_db *db, struct hc_error *err);

/* First item of a chunk and how many it has. */
int64_t hc_job_chunk_first(const struct hc_job *job, int64_t chunk);
int64_t hc_job_chunk_size(const struct hc_job *job, int64_t chunk);
bool hc_job_bit(const int64_t *words, int64_t chunk);
/* "started" or "done" + chunk -> "done.3" and the bit within that word. */
int64_t hc_job_bit_path(char out[32], const char *row, int64_t chunk);
/* Reads a job id: 26 characters of Crockford's base32, either case; written upper-case
 * into id. HC_EMALFORMED with field "id". */
enum hc_err hc_job_id(const char *text, size_t len, char id[HC_JOB_ID_LEN + 1], struct hc_error *err);

/* The public form: id, kind, total, done, failed, state, perSecond, etaSeconds,
 * createdAt, startedAt, finishedAt, error, detail, seed; of requests also days and rate. */
void hc_job_json(struct hc_json *j, const struct hc_job *job);
const char *hc_job_state_text(enum hc_job_state state);
const char *hc_job_kind_text(enum hc_job_kind kind);
bool hc_job_is_final(enum hc_job_state state);

#endif
