/* idempotency.c - see idempotency.h.
 *
 * In Redis, under hc:1:idem:<hash>: the 32 digits of what was asked, then nothing while it
 * runs, or the 24 digits of the id that it made.
 */
#include "idempotency.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

#define HEADER "Idempotency-Key"
#define KEY_MAX 255 /* characters of the header */
#define LIFE_MS (24 * 3600 * 1000)
#define ASKED_LEN (IDEMPOTENCY_ASKED_TEXT - 1)
#define ID_LEN (HC_OID_TEXT - 1)

static void hex_of(const uint8_t *bytes, size_t count, char *out)
{
    for (size_t i = 0; i < count; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static bool is_key(const char *key)
{
    size_t len = strlen(key);
    for (size_t i = 0; i < len; i++)
        if (key[i] < 0x20 || key[i] >= 0x7f)
            return false;
    return len >= 1 && len <= KEY_MAX;
}

enum hc_err idempotency_read(const struct request *r, const char *route, struct idempotency *i,
                             struct hc_error *err)
{
    const char *key = r->fields.idempotency_key;
    char text[KEY_MAX + 128];
    *i = (struct idempotency){0};
    if (!key)
        return HC_OK;
    if (!is_key(key))
        return hc_fail(err, HC_EMALFORMED, HEADER,
                       "An Idempotency-Key has 1 to 255 printable ASCII characters");
    int len = snprintf(text, sizeof text, "%s\n%s", route, key);
    hc_hash128(text, (size_t)len, i->hash);
    i->given = true;
    return HC_OK;
}

void idempotency_ask(struct idempotency *i, const void *asked, size_t len)
{
    uint8_t hash[HC_HASH128_SIZE];
    hc_hash128(asked, len, hash);
    hex_of(hash, sizeof hash, i->asked);
}

static void cache_key(const struct idempotency *i, char key[HC_CACHE_KEY_MAX])
{
    char hex[2 * HC_HASH128_SIZE + 1];
    hex_of(i->hash, sizeof i->hash, hex);
    snprintf(key, HC_CACHE_KEY_MAX, "hc:1:idem:%s", hex);
}

/* What stands under the key says whether this is the same request. */
static enum hc_err compare(const struct idempotency *i, const struct hc_buf *stands, char made[HC_OID_TEXT],
                           struct hc_error *err)
{
    if (stands->len != ASKED_LEN && stands->len != ASKED_LEN + ID_LEN)
        return HC_OK; /* no record of ours */
    if (memcmp(stands->data, i->asked, ASKED_LEN) != 0)
        return hc_fail(err, HC_EINVALID, HEADER, "This Idempotency-Key was used for another request");
    if (stands->len == ASKED_LEN)
        return hc_fail(err, HC_ECONFLICT, HEADER, "The first request with this Idempotency-Key still runs");
    memcpy(made, stands->data + ASKED_LEN, HC_OID_TEXT);
    return HC_OK;
}

enum hc_err idempotency_begin(struct context *c, const struct idempotency *i, char made[HC_OID_TEXT],
                              struct hc_error *err)
{
    char key[HC_CACHE_KEY_MAX];
    struct hc_buf stands;
    struct hc_cache *cache = i->given ? context_cache(c) : NULL;
    enum hc_err code = HC_OK;
    made[0] = '\0';
    if (!cache)
        return HC_OK;
    cache_key(i, key);
    if (hc_cache_add(cache, key, i->asked, (int)c->settings->deadline_ms + 1000) == HC_OK)
        return HC_OK; /* it was free */
    hc_buf_init(&stands, HC_CACHE_KEY_MAX);
    if (hc_cache_get(cache, key, &stands) == HC_OK)
        code = compare(i, &stands, made, err);
    hc_buf_release(&stands);
    return code;
}

void idempotency_end(struct context *c, const struct idempotency *i, const char *made)
{
    char key[HC_CACHE_KEY_MAX];
    char value[ASKED_LEN + HC_OID_TEXT];
    struct hc_cache *cache = i->given ? context_cache(c) : NULL;
    if (!cache)
        return;
    cache_key(i, key);
    int len = snprintf(value, sizeof value, "%s%s", i->asked, made ? made : "");
    enum hc_err code =
        made ? hc_cache_set(cache, key, value, (size_t)len, LIFE_MS) : hc_cache_delete(cache, key);
    if (code != HC_OK && code != HC_ENOTFOUND)
        hc_log(HC_LOG_DEBUG, "idempotency.end", "what became of a key could not be kept",
               HC_STR("req", c->request.id), NULL);
}
