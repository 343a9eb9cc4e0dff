/* cache.c - see cache.h. */
#include "cache.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_link.h"
#include "clock.h"
#include "log.h"
#include "metrics.h"

#define CALL_MS 40           /* one call, connecting and logging in included */
#define BREAK_MS 1000        /* nobody tries for so long after a loss */
#define REFUSAL_LOG_MS 10000 /* one line about refused commands in so long */

struct hc_cache {
    struct hc_link_address address;
    redisContext *link; /* NULL while there is no connection */
    uint32_t epoch;     /* losses there had been when it was made */
};

/* The breaker, one for the process. */
static _Atomic int64_t retry_at;   /* hc_mono_ms of the next try; 0 while Redis answers */
static _Atomic int64_t lost_at;    /* hc_mono_ms of the loss */
static _Atomic uint32_t epoch;     /* losses so far: connections older than the last one aren't used */
static _Atomic int64_t refusal_at; /* hc_mono_ms of the last line about a refusal */

/* May this thread send a command now? After a loss one a second may: *trial. */
static bool breaker_lets(bool *trial)
{
    int64_t at = atomic_load(&retry_at);
    int64_t now = hc_mono_ms();

    *trial = at != 0;
    return at == 0 || (now >= at && atomic_compare_exchange_strong(&retry_at, &at, now + BREAK_MS));
}

/* A connection made at epoch `seen` is gone. Of many that see the same loss,
 * the first opens the breaker; the later ones know nothing new. */
static void breaker_open(uint32_t seen, const char *why)
{
    if (!atomic_compare_exchange_strong(&epoch, &seen, seen + 1))
        return;
    int64_t now = hc_mono_ms();
    if (atomic_exchange(&retry_at, now + BREAK_MS) != 0)
        return;
    atomic_store(&lost_at, now);
    hc_log(HC_LOG_WARN, "cache.lost", "Redis is away; answers come from the store", HC_STR("why", why), NULL);
}

static void breaker_close(void)
{
    if (atomic_exchange(&retry_at, 0) != 0)
        hc_log(HC_LOG_INFO, "cache.back", "Redis is back",
               HC_INT("away_ms", hc_mono_ms() - atomic_load(&lost_at)), NULL);
}

enum hc_err hc_cache_open(struct hc_cache **out, const char *uri, struct hc_error *err)
{
    struct hc_cache *c = calloc(1, sizeof *c);

    *out = NULL;
    if (!c)
        return hc_fail(err, HC_ENOMEM, NULL, "Out of memory");
    enum hc_err e = hc_link_address(&c->address, uri, err);
    if (e != HC_OK) {
        free(c);
        return e;
    }
    *out = c;
    return HC_OK;
}

static void drop(struct hc_cache *c)
{
    if (c->link)
        redisFree(c->link);
    c->link = NULL;
}

void hc_cache_close(struct hc_cache *c)
{
    if (!c)
        return;
    drop(c);
    explicit_bzero(c->address.password, sizeof c->address.password);
    free(c);
}

/* Has a connection that can be trusted: one that was made after the last loss,
 * and from which nothing came since its last reply. */
static bool has_link(struct hc_cache *c, int64_t deadline, char why[HC_LINK_WHY])
{
    uint32_t now = atomic_load(&epoch);
    if (c->link && (c->epoch != now || !hc_link_is_quiet(c->link)))
        drop(c);
    if (!c->link) {
        c->epoch = now;
        c->link = hc_link_open(&c->address, deadline, why);
    }
    return c->link != NULL;
}

/* Sends one command. HC_OK with a reply of any kind, HC_ETOOLARGE or HC_ECACHE. */
static enum hc_err ask(struct hc_cache *c, int argc, const char **argv, const size_t *lens,
                       redisReply **reply)
{
    char why[HC_LINK_WHY];
    enum hc_err e = HC_ECACHE;
    bool trial;

    *reply = NULL;
    if (!breaker_lets(&trial))
        return HC_ECACHE;
    int64_t deadline = hc_mono_ms() + CALL_MS;
    if (has_link(c, deadline, why))
        e = hc_link_ask(c->link, argc, argv, lens, deadline, reply, why);
    hc_metric_add(HC_METRIC_REDIS_CALLS, e == HC_ECACHE ? HC_CALL_FAILED : HC_CALL_OK, 1);
    if (e != HC_OK)
        drop(c);
    if (e == HC_ECACHE)
        breaker_open(c->epoch, why);
    else if (trial)
        breaker_close();
    return e;
}

/* What an error reply means. Redis is there, so the connection stays. */
static enum hc_err judge(const char *command, const char *text)
{
    static const char *const away[] = {"LOADING",     "OOM",      "READONLY",  "MISCONF",
                                       "BUSY",        "NOAUTH",   "NOPERM",    "MASTERDOWN",
                                       "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS"};
    enum hc_err e = HC_EINTERNAL;
    size_t word = strcspn(text, " ");

    if (word == 9 && memcmp(text, "WRONGTYPE", 9) == 0)
        return HC_ENOTFOUND;
    for (size_t i = 0; i < sizeof away / sizeof *away; i++)
        if (strlen(away[i]) == word && memcmp(text, away[i], word) == 0)
            e = HC_ECACHE;

    int64_t now = hc_mono_ms();
    int64_t last = atomic_load(&refusal_at);
    if ((last == 0 || now - last >= REFUSAL_LOG_MS) &&
        atomic_compare_exchange_strong(&refusal_at, &last, now))
        hc_log(HC_LOG_WARN, "cache.refused", "Redis refused a command", HC_STR("command", command),
               HC_STR("why", text), NULL);
    return e;
}

enum hc_err hc_cache_command(struct hc_cache *c, int argc, const char **argv, const size_t *lens,
                             redisReply **reply)
{
    enum hc_err e = ask(c, argc, argv, lens, reply);
    if (e == HC_OK && (*reply)->type == REDIS_REPLY_ERROR) {
        e = judge(argv[0], (*reply)->str);
        freeReplyObject(*reply);
        *reply = NULL;
    }
    return e;
}

/* A command whose reply is one integer, or OK (1), or nil (0). */
static enum hc_err number(struct hc_cache *c, int argc, const char **argv, const size_t *lens, long long *n)
{
    redisReply *reply;
    enum hc_err e = hc_cache_command(c, argc, argv, lens, &reply);
    if (e != HC_OK)
        return e;
    if (reply->type == REDIS_REPLY_INTEGER)
        *n = reply->integer;
    else
        *n = reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    return HC_OK;
}

/* Appends a text that fits to *value. */
static enum hc_err take(const redisReply *reply, struct hc_buf *value)
{
    if (reply->type != REDIS_REPLY_STRING || reply->len > value->max - value->len)
        return HC_ENOTFOUND;
    hc_buf_add(value, reply->str, reply->len);
    return hc_buf_failed(value) ? HC_ENOMEM : HC_OK;
}

enum hc_err hc_cache_get(struct hc_cache *c, const char *key, struct hc_buf *value)
{
    redisReply *reply;
    enum hc_err e = hc_cache_command(c, 2, (const char *[]){"GET", key}, NULL, &reply);
    if (e == HC_ETOOLARGE)
        return HC_ENOTFOUND;
    if (e != HC_OK)
        return e;
    e = take(reply, value);
    freeReplyObject(reply);
    return e;
}

enum hc_err hc_cache_get_beside(struct hc_cache *c, const char *key, struct hc_buf *value, const char *beside,
                                struct hc_buf *also)
{
    redisReply *reply;
    enum hc_err e = hc_cache_command(c, 3, (const char *[]){"MGET", beside, key}, NULL, &reply);
    if (e == HC_ETOOLARGE) { /* one of the two */
        e = hc_cache_get(c, beside, also);
        return e == HC_OK ? HC_ENOTFOUND : e;
    }
    if (e != HC_OK)
        return e;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2) {
        e = take(reply->element[0], also);
        if (e != HC_ENOMEM)
            e = take(reply->element[1], value);
    } else {
        e = HC_EINTERNAL;
    }
    freeReplyObject(reply);
    return e;
}

enum hc_err hc_cache_set(struct hc_cache *c, const char *key, const void *value, size_t len, int ttl_ms)
{
    char ttl[16];
    if (len > HC_CACHE_VALUE_MAX)
        return HC_ETOOLARGE;
    snprintf(ttl, sizeof ttl, "%d", ttl_ms);
    const char *argv[] = {"SET", key, value, "PX", ttl};
    const size_t lens[] = {3, strlen(key), len, 2, strlen(ttl)};
    long long done;
    return number(c, 5, argv, lens, &done);
}

enum hc_err hc_cache_add(struct hc_cache *c, const char *key, const char *text, int ttl_ms)
{
    char ttl[16];
    long long ours;
    snprintf(ttl, sizeof ttl, "%d", ttl_ms);
    enum hc_err e = number(c, 6, (const char *[]){"SET", key, text, "NX", "PX", ttl}, NULL, &ours);
    if (e != HC_OK)
        return e;
    return ours ? HC_OK : HC_ECONFLICT;
}

enum hc_err hc_cache_delete(struct hc_cache *c, const char *key)
{
    long long gone;
    return number(c, 2, (const char *[]){"DEL", key}, NULL, &gone);
}

/* A lock's owner as text. */
static const char *owner_text(char out[17], uint64_t owner)
{
    snprintf(out, 17, "%016" PRIx64, owner);
    return out;
}

enum hc_err hc_cache_lock(struct hc_cache *c, const char *key, uint64_t owner, int ttl_ms)
{
    char name[17];
    return hc_cache_add(c, key, owner_text(name, owner), ttl_ms);
}

void hc_cache_unlock(struct hc_cache *c, const char *key, uint64_t owner)
{
    static const char script[] = "if redis.pcall('get', KEYS[1]) == ARGV[1] then "
                                 "return redis.call('del', KEYS[1]) end return 0";
    char name[17];
    long long gone;
    number(c, 5, (const char *[]){"EVAL", script, "1", key, owner_text(name, owner)}, NULL, &gone);
}

enum hc_err hc_cache_ping(struct hc_cache *c, int *ms)
{
    int64_t start = hc_mono_ms();
    long long pong;
    enum hc_err e = number(c, 1, (const char *[]){"PING"}, NULL, &pong);
    *ms = (int)(hc_mono_ms() - start);
    return e == HC_OK ? HC_OK : HC_ECACHE;
}
