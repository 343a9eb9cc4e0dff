/* instance.c - see instance.h.
 *
 * One script for each call: a beat or a reading is one round trip, and the
 * scores are Redis' own time, so that clocks of machines need not agree.
 */
#include "instance.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET_KEY "hc:1:instances"
#define HASH_PREFIX "hc:1:instance:"
#define LIFE_MS "15000"
#define FIELDS 8 /* of a row: the name, then the values in the order of read_script */

/* KEYS: hash, set. ARGV: name, then fields and values. Keys of another type
 * are made anew. */
static const char beat_script[] =
    "local t = redis.call('time')\n"
    "for i, kind in ipairs({'hash', 'zset'}) do\n"
    "  if redis.call('type', KEYS[i]).ok ~= kind then redis.call('del', KEYS[i]) end\n"
    "end\n"
    "redis.call('hset', KEYS[1], unpack(ARGV, 2))\n"
    "redis.call('pexpire', KEYS[1], " LIFE_MS ")\n"
    "redis.call('zadd', KEYS[2], t[1] * 1000 + math.floor(t[2] / 1000), ARGV[1])\n"
    "return 1";

static const char leave_script[] = "redis.call('del', KEYS[1])\n"
                                   "redis.pcall('zrem', KEYS[2], ARGV[1])\n"
                                   "return 1";

/* KEYS: set. ARGV: prefix of the hashes, most rows. A score from the future is
 * as wrong as an old one. */
static const char read_script[] =
    "if redis.call('type', KEYS[1]).ok ~= 'zset' then return {} end\n"
    "local t = redis.call('time')\n"
    "local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"
    "redis.call('zremrangebyscore', KEYS[1], '-inf', now - " LIFE_MS ")\n"
    "redis.call('zremrangebyscore', KEYS[1], now + " LIFE_MS ", '+inf')\n"
    "local rows = {}\n"
    "for _, name in ipairs(redis.call('zrevrange', KEYS[1], 0, ARGV[2] - 1)) do\n"
    "  local row = redis.pcall('hmget', ARGV[1] .. name, 'v', 'role', 'beat', 'workers', 'lag', 'rate', "
    "'kafka')\n"
    "  if not row.err then\n"
    "    table.insert(row, 1, name)\n"
    "    rows[#rows + 1] = row\n"
    "  end\n"
    "end\n"
    "return rows";

static const char *const role_names[] = {[HC_ROLE_WEB] = "web", [HC_ROLE_CONSUMER] = "consumer"};

/* 1 to 63 of A-Z a-z 0-9 . _ - */
static bool is_name(const char *text, size_t len)
{
    static const char fine[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    if (len == 0 || len > 63)
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\0' || !strchr(fine, text[i]))
            return false;
    return true;
}

static enum hc_err run(struct hc_cache *c, int argc, const char **argv, redisReply **reply)
{
    enum hc_err e = hc_cache_command(c, argc, argv, NULL, reply);
    return e == HC_OK ? HC_OK : HC_ECACHE;
}

enum hc_err hc_instance_beat(struct hc_cache *c, const struct hc_instance *self)
{
    char key[sizeof HASH_PREFIX + sizeof self->name];
    const int64_t numbers[5] = {self->beat_ms, self->workers, self->lag, self->inserts_per_second,
                                self->kafka_up};
    char text[5][24];
    redisReply *reply;

    if (!is_name(self->name, strnlen(self->name, sizeof self->name)))
        return HC_EINVALID;
    snprintf(key, sizeof key, HASH_PREFIX "%s", self->name);
    for (int i = 0; i < 5; i++)
        snprintf(text[i], sizeof text[i], "%" PRId64, numbers[i]);
    const char *argv[] = {
        "EVAL",     beat_script, "2",       key,     SET_KEY,
        self->name, "v",         "1",       "role",  role_names[self->role == HC_ROLE_CONSUMER],
        "beat",     text[0],     "workers", text[1], "lag",
        text[2],    "rate",      text[3],   "kafka", text[4]};
    enum hc_err e = run(c, sizeof argv / sizeof *argv, argv, &reply);
    if (e == HC_OK)
        freeReplyObject(reply);
    return e;
}

void hc_instance_leave(struct hc_cache *c, const char *name)
{
    char key[sizeof HASH_PREFIX + 64];
    redisReply *reply;

    if (!is_name(name, strnlen(name, 64)))
        return;
    snprintf(key, sizeof key, HASH_PREFIX "%s", name);
    const char *argv[] = {"EVAL", leave_script, "2", key, SET_KEY, name};
    if (run(c, 6, argv, &reply) == HC_OK)
        freeReplyObject(reply);
}

/* A whole number of least to most; nothing else in the text. */
static bool read_number(const redisReply *r, int64_t least, int64_t most, int64_t *out)
{
    if (r->type != REDIS_REPLY_STRING || r->len == 0 || r->len > 15)
        return false;
    const char *p = r->str;
    bool minus = *p == '-';
    int64_t n = 0;
    if (minus && r->len == 1)
        return false;
    for (p += minus; p < r->str + r->len; p++) {
        if (*p < '0' || *p > '9')
            return false;
        n = n * 10 + (*p - '0');
    }
    *out = minus ? -n : n;
    return *out >= least && *out <= most;
}

static bool is_text(const redisReply *r, const char *text)
{
    return r->type == REDIS_REPLY_STRING && r->len == strlen(text) && memcmp(r->str, text, r->len) == 0;
}

/* False for a row that is not to the letter what a beat of ours writes. */
static bool read_row(const redisReply *row, struct hc_instance *out)
{
    if (row->type != REDIS_REPLY_ARRAY || row->elements != FIELDS)
        return false;
    redisReply **f = row->element;
    *out = (struct hc_instance){0};
    if (f[0]->type != REDIS_REPLY_STRING || !is_name(f[0]->str, f[0]->len) || !is_text(f[1], "1"))
        return false;
    memcpy(out->name, f[0]->str, f[0]->len);
    if (!is_text(f[2], role_names[HC_ROLE_WEB]) && !is_text(f[2], role_names[HC_ROLE_CONSUMER]))
        return false;
    out->role = is_text(f[2], role_names[HC_ROLE_WEB]) ? HC_ROLE_WEB : HC_ROLE_CONSUMER;
    return read_number(f[3], 0, INT64_MAX, &out->beat_ms) && read_number(f[4], 0, 1000000, &out->workers) &&
           read_number(f[5], -1, INT64_MAX, &out->lag) &&
           read_number(f[6], 0, INT64_MAX, &out->inserts_per_second) &&
           read_number(f[7], 0, 1, &out->kafka_up);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct hc_instance *)a)->name, ((const struct hc_instance *)b)->name);
}

enum hc_err hc_instances_read(struct hc_cache *c, struct hc_instance *list, size_t max, size_t *count)
{
    char most[24];
    redisReply *reply;

    *count = 0;
    if (max > HC_INSTANCES_MAX)
        max = HC_INSTANCES_MAX;
    snprintf(most, sizeof most, "%zu", max);
    const char *argv[] = {"EVAL", read_script, "1", SET_KEY, HASH_PREFIX, most};
    enum hc_err e = run(c, 6, argv, &reply);
    if (e != HC_OK)
        return e;
    if (reply->type == REDIS_REPLY_ARRAY)
        for (size_t i = 0; i < reply->elements && *count < max; i++)
            *count += read_row(reply->element[i], &list[*count]);
    freeReplyObject(reply);
    qsort(list, *count, sizeof *list, by_name);
    return HC_OK;
}
