/* cache.h - Redis, as a place that may be empty or away at any time.
 *
 * A struct hc_cache is one thread's connection. It connects on first use, with
 * 25 ms to connect and 40 ms a command. After any error the connection is
 * closed for good (a late reply must never answer the next command) and a
 * breaker, shared by all threads of the process, lets nobody try for 1 s: a
 * dead or hanging Redis costs one command's limit, once a second.
 *
 * Commands go by argument vector only. Keys begin with "hc:1:". Nothing here
 * is needed for being right: a caller takes HC_ECACHE as a miss.
 */
#ifndef HC_CACHE_H
#define HC_CACHE_H

#include <hiredis/hiredis.h>

#include "buffer.h"
#include "error.h"

#define HC_CACHE_KEY_MAX 128

struct hc_cache;

/* Reads the address, redis://[:password@]host:port[/db] or unix:///path[?db=n];
 * connects to nothing. HC_ESETTING with field APP_REDIS_CONNECTION_STRING. */
enum hc_err hc_cache_open(struct hc_cache **out, const char *uri, struct hc_error *err);
void hc_cache_close(struct hc_cache *c); /* NULL is fine */

/* HC_OK and the bytes appended to *value; HC_ENOTFOUND: no such key, or a value
 * of another type; HC_ECACHE: Redis is away. */
enum hc_err hc_cache_get(struct hc_cache *c, const char *key, struct hc_buf *value);
/* Stores for ttl_ms (> 0). */
enum hc_err hc_cache_set(struct hc_cache *c, const char *key, const void *value, size_t len, int ttl_ms);
enum hc_err hc_cache_delete(struct hc_cache *c, const char *key);

/* Takes the lock for at most ttl_ms. HC_OK: ours; HC_ECONFLICT: someone's. */
enum hc_err hc_cache_lock(struct hc_cache *c, const char *key, uint64_t owner, int ttl_ms);
/* Gives it back if it is still ours. */
void hc_cache_unlock(struct hc_cache *c, const char *key, uint64_t owner);

/* Any command; *reply is the caller's, freed with freeReplyObject. HC_EINTERNAL
 * when Redis answered with an error (logged). */
enum hc_err hc_cache_command(struct hc_cache *c, int argc, const char **argv, const size_t *lens,
                             redisReply **reply);

/* One round trip: HC_OK and *ms, or HC_ECACHE. */
enum hc_err hc_cache_ping(struct hc_cache *c, int *ms);

#endif
