/* See word_sample.h. */
#include "word_sample.h"

#include <stdlib.h>
#include <string.h>

#define KEY_BYTES 8

struct hc_word_sample *hc_word_sample_new(void)
{
    return calloc(1, sizeof(struct hc_word_sample));
}

/* ---- keys ---- */

static uint64_t load(const uint8_t bytes[KEY_BYTES])
{
    uint64_t key = 0;
    for (int i = 0; i < KEY_BYTES; i++)
        key = key << 8 | bytes[i];
    return key;
}

static void store(uint64_t key, uint8_t bytes[KEY_BYTES])
{
    for (int i = KEY_BYTES - 1; i >= 0; i--, key >>= 8)
        bytes[i] = (uint8_t)key;
}

/* *used: how many bytes of the key are the text's. ASCII letters are small ones in it. */
static uint64_t make_key(char mark, const char *text, size_t len, size_t *used)
{
    uint8_t bytes[KEY_BYTES] = {0};
    size_t n = 0;
    if (mark)
        bytes[n++] = (uint8_t)mark;
    for (size_t i = 0; i < len && n < KEY_BYTES; i++) {
        bool capital = text[i] >= 'A' && text[i] <= 'Z';
        bytes[n++] = (uint8_t)(capital ? text[i] + ('a' - 'A') : text[i]);
    }
    *used = n;
    return load(bytes);
}

static void add(struct hc_word_sample *sample, char mark, const char *text, size_t len)
{
    size_t used;
    if (len > 0 && sample->count < HC_WORD_SAMPLE_KEYS)
        sample->keys[sample->count++] = make_key(mark, text, len, &used);
}

static void add_field(struct hc_word_sample *sample, char mark, const bson_t *user, const char *field)
{
    bson_iter_t it;
    uint32_t len;
    if (!bson_iter_init_find(&it, user, field) || !BSON_ITER_HOLDS_UTF8(&it))
        return;
    const char *text = bson_iter_utf8(&it, &len);
    add(sample, mark, text, len);
}

bool hc_word_sample_add(struct hc_word_sample *sample, const bson_t *user)
{
    bson_iter_t it, stored, word;
    bool has_user_name = false;
    if (bson_iter_init(&it, user) && bson_iter_find_descendant(&it, "_hc.s", &stored) &&
        BSON_ITER_HOLDS_ARRAY(&stored) && bson_iter_recurse(&stored, &word)) {
        while (bson_iter_next(&word)) {
            uint32_t len;
            if (!BSON_ITER_HOLDS_UTF8(&word))
                continue;
            const char *text = bson_iter_utf8(&word, &len);
            has_user_name = has_user_name || text[0] == '@';
            add(sample, 0, text, len);
        }
    }
    add_field(sample, '=', user, "email");
    if (!has_user_name)
        add_field(sample, '@', user, "userName");
    sample->users++;
    return sample->count < HC_WORD_SAMPLE_KEYS;
}

static int by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void hc_word_sample_sort(struct hc_word_sample *sample)
{
    qsort(sample->keys, sample->count, sizeof *sample->keys, by_key);
}

/* How many keys are less. */
static size_t below(const struct hc_word_sample *sample, uint64_t key)
{
    size_t low = 0, high = sample->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sample->keys[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t hc_word_sample_count(const struct hc_word_sample *sample, char mark, const char *text, bool *cut)
{
    size_t used, len = strlen(text);
    uint64_t first = make_key(mark, text, len, &used);
    if (len == 0)
        return 0;
    if (len + (mark != 0) > used)
        *cut = true;
    uint64_t last = first | (used == KEY_BYTES ? 0 : UINT64_MAX >> (8 * used));
    size_t end = last == UINT64_MAX ? sample->count : below(sample, last + 1);
    return end - below(sample, first);
}

/* ---- the document ---- */

void hc_word_sample_bson(const struct hc_word_sample *sample, bson_t *doc)
{
    static const uint8_t none[1] = {0};
    size_t bytes = sample->count * KEY_BYTES;
    uint8_t *keys = bytes > 0 ? bson_malloc(bytes) : NULL;
    for (size_t i = 0; i < sample->count; i++)
        store(sample->keys[i], keys + i * KEY_BYTES);
    BSON_APPEND_INT64(doc, "at", sample->at);
    BSON_APPEND_INT64(doc, "users", sample->users);
    BSON_APPEND_BINARY(doc, "keys", BSON_SUBTYPE_BINARY, keys ? keys : none, (uint32_t)bytes);
    bson_free(keys);
}

bool hc_word_sample_take(struct hc_word_sample *out, const bson_t *doc)
{
    bson_iter_t it;
    bson_subtype_t subtype;
    uint32_t bytes = 0;
    const uint8_t *keys = NULL;
    if (bson_iter_init_find(&it, doc, "at") && BSON_ITER_HOLDS_INT64(&it))
        out->at = bson_iter_int64(&it);
    if (bson_iter_init_find(&it, doc, "users") && BSON_ITER_HOLDS_INT64(&it))
        out->users = bson_iter_int64(&it);
    if (bson_iter_init_find(&it, doc, "keys") && BSON_ITER_HOLDS_BINARY(&it))
        bson_iter_binary(&it, &subtype, &bytes, &keys);
    if (!keys || bytes > sizeof out->keys || out->at <= 0 || out->users <= 0)
        return false;
    for (out->count = 0; out->count < bytes / KEY_BYTES; out->count++)
        out->keys[out->count] = load(keys + out->count * KEY_BYTES);
    return true;
}

enum hc_err hc_word_sample_read(struct hc_db *db, int64_t known_at, int left_ms, struct hc_word_sample **out,
                                struct hc_error *err)
{
    bson_t doc = BSON_INITIALIZER;
    bson_t *filter = BCON_NEW("_id", "words", "at", "{", "$ne", BCON_INT64(known_at), "}");
    bson_t *opts = BCON_NEW("hint", "{", "_id", BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(left_ms));
    *out = NULL;
    enum hc_err e = hc_db_find_one(db, HC_META, filter, opts, &doc, err);
    if (e == HC_OK && !(*out = hc_word_sample_new()))
        e = hc_fail(err, HC_ENOMEM, NULL, "There is no memory for the sample of words");
    if (e == HC_OK && !hc_word_sample_take(*out, &doc)) {
        free(*out);
        *out = NULL;
    }
    bson_destroy(filter);
    bson_destroy(opts);
    bson_destroy(&doc);
    return e == HC_ENOTFOUND ? HC_OK : e;
}
