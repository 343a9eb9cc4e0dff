/* cache.h - Redis, as a place that may be empty or away at any time.
 *
 * A struct hc_cache is one thread's connection. It connects on first use. One
 * call takes at most 40 ms, connecting (at most 25 ms of them) and logging in
 * included. After any error the connection is closed for good (a late reply
 * must never answer the next command) and a breaker, shared by all threads of
 * the process, lets nobody try for 1 s, then one thread a second until Redis
 * answers: a dead or hanging Redis costs one call's limit, once a second. Log:
 * cache.lost once, cache.back once.
 *
 * Two things are left to who sets it up: a host *name* is looked up by the
 * system at each connect, with the system's own limits, so give a number or a
 * quick resolver; and a process forks before it opens one.
 *
 * Commands go by argument vector only. Keys begin with "hc:1:". Nothing here
 * is needed for being right: a caller takes HC_ECACHE as a miss. So do it with
 * HC_EINTERNAL (Redis answered with an error that no one expects; logged at
 * most once in 10 s).
 */
#ifndef HC_CACHE_H
#define HC_CACHE_H

#include <hiredis/hiredis.h>

#include "buffer.h"
#include "error.h"

#define HC_CACHE_KEY_MAX 128
#define HC_CACHE_VALUE_MAX (1 << 20) /* what surely fits a call's time */

struct hc_cache;

/* Reads the address, redis://[[user]:password@]host[:port][/db] or
 * unix://[[user]:password@]/path[?db=n], with %XX decoded in user and password;
 * connects to nothing. HC_ESETTING with field APP_REDIS_CONNECTION_STRING. */
enum hc_err hc_cache_open(struct hc_cache **out, const char *uri, struct hc_error *err);
void hc_cache_close(struct hc_cache *c); /* NULL is fine */

/* HC_OK and the bytes appended to *value; HC_ENOTFOUND: no such key, a value of
 * another type, or one longer than *value or a reply may be (2 MB); HC_ECACHE:
 * Redis is away, or serves nobody right now (LOADING, OOM, READONLY …). */
enum hc_err hc_cache_get(struct hc_cache *c, const char *key, struct hc_buf *value);
/* The same, and in the same round trip what lies under `beside`, appended to *also: nothing when there is no
 * such key, or one of another type. */
enum hc_err hc_cache_get_beside(struct hc_cache *c, const char *key, struct hc_buf *value, const char *beside,
                                struct hc_buf *also);
/* Stores for ttl_ms (> 0), whatever was there before. HC_ETOOLARGE: not stored,
 * longer than HC_CACHE_VALUE_MAX. */
enum hc_err hc_cache_set(struct hc_cache *c, const char *key, const void *value, size_t len, int ttl_ms);
/* Stores for ttl_ms only where nothing of any type lies. HC_OK: stored; HC_ECONFLICT: something is there. */
enum hc_err hc_cache_add(struct hc_cache *c, const char *key, const char *text, int ttl_ms);
enum hc_err hc_cache_delete(struct hc_cache *c, const char *key);

/* Takes the lock for at most ttl_ms. HC_OK: ours; HC_ECONFLICT: someone's. */
enum hc_err hc_cache_lock(struct hc_cache *c, const char *key, uint64_t owner, int ttl_ms);
/* Gives it back if it is still ours. */
void hc_cache_unlock(struct hc_cache *c, const char *key, uint64_t owner);

/* Any command; lens may be NULL for C strings. HC_OK: *reply is the caller's,
 * freed with freeReplyObject, and no error reply. Else *reply is NULL:
 * HC_ENOTFOUND when the key holds another type than the command wants,
 * HC_ETOOLARGE, HC_ECACHE, HC_EINTERNAL as above. */
enum hc_err hc_cache_command(struct hc_cache *c, int argc, const char **argv, const size_t *lens,
                             redisReply **reply);

/* One round trip: HC_OK and *ms, or HC_ECACHE. */
enum hc_err hc_cache_ping(struct hc_cache *c, int *ms);

#endif
