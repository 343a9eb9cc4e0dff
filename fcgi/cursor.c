/* web.c - see web.h. */
#include "cursor.h"

#include <sodium.h>
#include <string.h>

#define VERSION 1
#define MAC_SIZE 16
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define RAW_MAX (1 + CURSOR_POSITION_MAX + MAC_SIZE)

_Static_assert(sodium_base64_ENCODED_LEN(RAW_MAX, BASE64) <= CURSOR_TEXT_MAX, "a cursor must fit its text");

/* The query's length goes in too, so that no query ends where a position begins. */
static void sign(const struct cursor_key *key, struct text query, const uint8_t *signed_part, size_t len,
                 uint8_t mac[MAC_SIZE])
{
    crypto_generichash_state state;
    uint64_t query_len = query.len;
    crypto_generichash_init(&state, key->bytes, sizeof key->bytes, MAC_SIZE);
    crypto_generichash_update(&state, (const uint8_t *)&query_len, sizeof query_len);
    crypto_generichash_update(&state, (const uint8_t *)query.at, query.len);
    crypto_generichash_update(&state, signed_part, len);
    crypto_generichash_final(&state, mac, MAC_SIZE);
}

void cursor_make(const struct cursor_key *key, struct text query, const void *position, size_t position_len,
                 char out[CURSOR_TEXT_MAX])
{
    uint8_t raw[RAW_MAX];
    raw[0] = VERSION;
    memcpy(raw + 1, position, position_len);
    sign(key, query, raw, 1 + position_len, raw + 1 + position_len);
    sodium_bin2base64(out, CURSOR_TEXT_MAX, raw, 1 + position_len + MAC_SIZE, BASE64);
}

enum hc_err cursor_read(const struct cursor_key *key, struct text query, const char *name, struct text cursor,
                        uint8_t *position, size_t *position_len, struct hc_error *err)
{
    uint8_t raw[RAW_MAX];
    uint8_t mac[MAC_SIZE];
    size_t len = 0;
    if (sodium_base642bin(raw, sizeof raw, cursor.at, cursor.len, NULL, &len, NULL, BASE64) == 0 &&
        len > 1 + MAC_SIZE && raw[0] == VERSION) {
        size_t signed_len = len - MAC_SIZE;
        sign(key, query, raw, signed_len, mac);
        if (sodium_memcmp(mac, raw + signed_len, MAC_SIZE) == 0) {
            *position_len = signed_len - 1;
            memcpy(position, raw + 1, *position_len);
            return HC_OK;
        }
    }
    return hc_fail(err, HC_EMALFORMED, name, "This is not a cursor of this query; begin again without it");
}

/* ---- the key ---- */

static void derive(struct cursor_key *key, const char *token)
{
    static const uint8_t purpose[] = "headcount cursor key";
    crypto_generichash(key->bytes, sizeof key->bytes, (const uint8_t *)token, strlen(token), purpose,
                       sizeof purpose - 1);
}

void cursor_keeper_init(struct cursor_keeper *keeper, const char *token)
{
    pthread_mutex_init(&keeper->lock, NULL);
    keeper->known = token[0] != '\0';
    if (keeper->known)
        derive(&keeper->key, token);
}

bool cursor_keeper_known(struct cursor_keeper *keeper, struct cursor_key *key)
{
    pthread_mutex_lock(&keeper->lock);
    bool known = keeper->known;
    if (known)
        *key = keeper->key;
    pthread_mutex_unlock(&keeper->lock);
    return known;
}

static enum hc_err read_stored(struct hc_db *db, int max_ms, struct cursor_key *key, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", BCON_UTF8("cursor-key"));
    bson_t *opts = BCON_NEW("hint", "{", "_id", BCON_INT32(1), "}", "maxTimeMS", BCON_INT64(max_ms));
    bson_t found = BSON_INITIALIZER;
    enum hc_err code = hc_db_find_one(db, HC_META, filter, opts, &found, err);
    if (code == HC_OK) {
        bson_iter_t it;
        const uint8_t *bytes = NULL;
        uint32_t len = 0;
        if (bson_iter_init_find(&it, &found, "key") && BSON_ITER_HOLDS_BINARY(&it))
            bson_iter_binary(&it, NULL, &len, &bytes);
        if (len == sizeof key->bytes)
            memcpy(key->bytes, bytes, len);
        else
            code = hc_fail(err, HC_EINTERNAL, NULL, "The stored cursor key can't be read");
    }
    bson_destroy(&found);
    bson_destroy(opts);
    bson_destroy(filter);
    return code;
}

static enum hc_err store_new(struct hc_db *db, struct hc_error *err)
{
    uint8_t fresh[CURSOR_KEY_SIZE];
    randombytes_buf(fresh, sizeof fresh);
    bson_t *doc = BCON_NEW("_id", BCON_UTF8("cursor-key"));
    bson_append_binary(doc, "key", -1, BSON_SUBTYPE_BINARY, fresh, sizeof fresh);
    enum hc_err code = hc_db_insert(db, HC_META, doc, err);
    bson_destroy(doc);
    return code == HC_ECONFLICT ? HC_OK : code; /* another process was first: its key is the one */
}

enum hc_err cursor_keeper_find(struct cursor_keeper *keeper, struct hc_db *db, int max_ms,
                               struct cursor_key *key, struct hc_error *err)
{
    if (cursor_keeper_known(keeper, key))
        return HC_OK;
    enum hc_err code = read_stored(db, max_ms, key, err);
    if (code == HC_ENOTFOUND) {
        code = store_new(db, err);
        if (code == HC_OK)
            code = read_stored(db, max_ms, key, err);
    }
    if (code != HC_OK)
        return code;
    pthread_mutex_lock(&keeper->lock);
    keeper->key = *key;
    keeper->known = true;
    pthread_mutex_unlock(&keeper->lock);
    return HC_OK;
}
