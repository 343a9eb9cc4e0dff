/* See warm.h. */
#include "warm.h"

#include "clock.h"
#include "flight.h"
#include "snapshot.h"

#define FILL_MS 2000
/* As fcgi/counts.c has it: the same answer under the same key. */
#define FRESH_MS 1000
#define KEEP_MS 60000

static enum hc_err fill(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err)
{
    struct hc_duty_turn *t = ctx;
    return hc_snapshot_now(t->db, t->cache, FILL_MS, out, etag, err);
}

/* False also when Redis can't say. */
static bool is_missing(struct hc_cache *cache, const char *key)
{
    const char *argv[] = {"EXISTS", key};
    redisReply *reply;
    if (hc_cache_command(cache, 2, argv, NULL, &reply) != HC_OK)
        return false;
    bool missing = reply->type == REDIS_REPLY_INTEGER && reply->integer == 0;
    freeReplyObject(reply);
    return missing;
}

enum hc_err hc_warm_turn(struct hc_duty_turn *t, struct hc_error *err)
{
    char key[HC_CACHE_KEY_MAX];
    struct hc_flight_answer answer;
    struct hc_buf body;
    hc_flight_key(key, "counts", "", 0);
    if (!is_missing(t->cache, key))
        return HC_OK;
    struct hc_flight flight = {.key = key,
                               .fresh_ms = FRESH_MS,
                               .keep_ms = KEEP_MS,
                               .deadline = hc_mono_ms() + FILL_MS,
                               .fill = fill,
                               .ctx = t};
    hc_buf_init(&body, HC_CACHE_VALUE_MAX);
    enum hc_err e = hc_flight_get(t->cache, &flight, &body, &answer, err);
    hc_buf_release(&body);
    return e;
}
