/* flight_value.c - see flight_value.h. */
#include "flight_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#define PUT_ARGS 12   /* EVAL, script, how many keys, two of them, value, five numbers, text */
#define DIGITS_MAX 15 /* every number fits a double exactly, as Lua has them */

/* KEYS: the key, and that of the generation's text if it has one. ARGV: value,
 * built, counter, ms to keep, latest time of building that is believed, number
 * and text of the generation. It takes for a value just what hc_value_read does:
 * what only one of the two could read would never be replaced. */
static const char put_script[] =
    "local head = redis.pcall('getrange', KEYS[1], 0, 159)\n"
    "if type(head) == 'string' then\n"
    "  local line, built, counter, fresh, keep, generation, etag, len = string.match(head,\n"
    "    '^(HC2 (%d+) (%d+) (%d+) (%d+) (%d+) ([!#-~]+) (%d+)\\n)')\n"
    "  if line and #built <= 15 and #counter <= 15 and #fresh <= 15 and #keep <= 15 and #generation <= 15\n"
    "     and #etag <= 31 and #len <= 15 and redis.call('strlen', KEYS[1]) == #line + tonumber(len)\n"
    "     and tonumber(built) <= tonumber(fresh) and tonumber(fresh) <= tonumber(keep) then\n"
    "    local was, is = tonumber(built), tonumber(ARGV[2])\n"
    "    local first = KEYS[2] and generation ~= ARGV[6] and redis.pcall('get', KEYS[2]) == ARGV[7]\n"
    "    if not first and was <= tonumber(ARGV[5]) and\n"
    "       (was > is or (was == is and tonumber(counter) >= tonumber(ARGV[3]))) then return 0 end\n"
    "  end\n"
    "end\n"
    "redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[4])\n"
    "return 1";

bool hc_etag_is_valid(const char etag[32])
{
    size_t len = strnlen(etag, 32);
    if (len == 0 || len == 32)
        return false;
    for (size_t i = 0; i < len; i++)
        if (etag[i] <= ' ' || etag[i] > '~' || etag[i] == '"')
            return false;
    return true;
}

void hc_etag_make(char etag[32], const void *body, size_t len)
{
    snprintf(etag, 32, "%016" PRIx64, (uint64_t)XXH3_64bits(body, len));
}

/* Takes digits and the byte `after` from *at. -1: something else is there. */
static int64_t take_number(const char **at, const char *end, char after)
{
    const char *p = *at;
    int64_t n = 0;
    while (p < end && p - *at < DIGITS_MAX && *p >= '0' && *p <= '9')
        n = n * 10 + (*p++ - '0');
    if (p == *at || p == end || *p != after)
        return -1;
    *at = p + 1;
    return n;
}

/* Takes an etag and the space behind it. */
static bool take_etag(char etag[32], const char **at, const char *end)
{
    const char *space = memchr(*at, ' ', (size_t)(end - *at));
    if (!space || space - *at >= 32)
        return false;
    memset(etag, 0, 32);
    memcpy(etag, *at, (size_t)(space - *at));
    *at = space + 1;
    return hc_etag_is_valid(etag);
}

bool hc_value_read(struct hc_value *v, const char *bytes, size_t len)
{
    const char *at = bytes;
    const char *end = bytes + len;

    if (len < 4 || memcmp(at, "HC2 ", 4) != 0)
        return false;
    at += 4;
    v->built_ms = take_number(&at, end, ' ');
    v->counter = v->built_ms < 0 ? -1 : take_number(&at, end, ' ');
    v->fresh_until_ms = v->counter < 0 ? -1 : take_number(&at, end, ' ');
    v->keep_until_ms = v->fresh_until_ms < 0 ? -1 : take_number(&at, end, ' ');
    v->generation = v->keep_until_ms < 0 ? -1 : take_number(&at, end, ' ');
    if (v->generation < 0 || !take_etag(v->etag, &at, end))
        return false;
    int64_t body_len = take_number(&at, end, '\n');
    v->body = at;
    v->body_len = (size_t)(end - at);
    return body_len >= 0 && (size_t)body_len == v->body_len && v->built_ms <= v->fresh_until_ms &&
           v->fresh_until_ms <= v->keep_until_ms;
}

void hc_value_write(const struct hc_value *v, struct hc_buf *out)
{
    hc_buf_printf(out, "HC2 %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %s %zu\n",
                  v->built_ms, v->counter, v->fresh_until_ms, v->keep_until_ms, v->generation, v->etag,
                  v->body_len);
    hc_buf_add(out, v->body, v->body_len);
}

static void add(const char **argv, size_t *lens, int *n, const char *arg, size_t len)
{
    argv[*n] = arg;
    lens[(*n)++] = len;
}

enum hc_err hc_value_put(struct hc_cache *c, const char *key, const struct hc_value *v,
                         const struct hc_generation *generation, int64_t now_ms)
{
    int64_t ttl = v->keep_until_ms - now_ms;
    struct hc_buf bytes;
    char number[5][24];

    if (ttl <= 0)
        return HC_OK; /* took longer to make than it would be kept */
    hc_buf_init(&bytes, v->body_len + HC_VALUE_HEADER_MAX);
    hc_value_write(v, &bytes);
    if (hc_buf_failed(&bytes)) {
        hc_buf_release(&bytes);
        return HC_ENOMEM;
    }
    const int64_t numbers[] = {v->built_ms, v->counter, ttl, now_ms + HC_VALUE_AHEAD_MS, v->generation};
    const char *argv[PUT_ARGS] = {"EVAL", put_script, generation->key ? "2" : "1", key};
    size_t lens[PUT_ARGS] = {4, sizeof put_script - 1, 1, strlen(key)};
    int n = 4;
    if (generation->key)
        add(argv, lens, &n, generation->key, strlen(generation->key));
    add(argv, lens, &n, bytes.data, bytes.len);
    for (int i = 0; i < 5; i++)
        add(argv, lens, &n, number[i], (size_t)snprintf(number[i], sizeof number[i], "%" PRId64, numbers[i]));
    add(argv, lens, &n, generation->text, strlen(generation->text));
    redisReply *reply;
    enum hc_err e = hc_cache_command(c, n, argv, lens, &reply);
    if (e == HC_OK)
        freeReplyObject(reply);
    hc_buf_release(&bytes);
    return e;
}
