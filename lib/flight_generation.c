/* See flight_generation.h. */
#include "flight_generation.h"

#include <stdio.h>
#include <string.h>

#include "ids.h"

#define LIFE_MS 86400000 /* far longer than any answer is kept */

static int64_t number_of(uint64_t hash)
{
    return (int64_t)(hash % (uint64_t)HC_GENERATION_MAX) + 1;
}

void hc_generation_begin(struct hc_generation *g, const struct hc_flight *flight)
{
    *g = (struct hc_generation){.key = flight->generation};
    if (g->key)
        g->first = g->latest = number_of(flight->generation_away);
}

/* Of many that find no text one makes it. False: there is none, and none can be made. */
static bool make_text(struct hc_cache *c, const char *key)
{
    char fresh[HC_ULID_TEXT];
    if (hc_ulid_new(fresh) != 0)
        return false;
    enum hc_err e = hc_cache_add(c, key, fresh, LIFE_MS);
    return e == HC_OK || e == HC_ECONFLICT;
}

static void take(struct hc_generation *g, const struct hc_buf *text)
{
    g->latest = text->len ? number_of(hc_hash64(text->data, text->len)) : 0;
    if (!g->looked)
        g->first = g->latest;
    g->looked = true;
    snprintf(g->text, sizeof g->text, "%s", text->data);
    if (strlen(g->text) != text->len)
        g->text[0] = '\0';
}

static bool is_answer(enum hc_err e)
{
    return e == HC_OK || e == HC_ENOTFOUND;
}

enum hc_err hc_generation_read(struct hc_generation *g, struct hc_cache *c, const char *key,
                               struct hc_buf *bytes)
{
    struct hc_buf text;
    if (!g->key)
        return hc_cache_get(c, key, bytes);
    hc_buf_init(&text, HC_GENERATION_TEXT);
    enum hc_err e = hc_cache_get_beside(c, key, bytes, g->key, &text);
    if (is_answer(e) && text.len == 0 && make_text(c, g->key)) {
        hc_buf_clear(bytes);
        e = hc_cache_get_beside(c, key, bytes, g->key, &text);
    }
    if (is_answer(e))
        take(g, &text);
    hc_buf_release(&text);
    return e;
}

bool hc_generation_fits(const struct hc_generation *g, int64_t number)
{
    return number == g->first || number == g->latest;
}

enum hc_err hc_flight_generation_new(struct hc_cache *cache, const char *key)
{
    char fresh[HC_ULID_TEXT];
    if (hc_ulid_new(fresh) != 0)
        return HC_EINTERNAL;
    return hc_cache_set(cache, key, fresh, strlen(fresh), LIFE_MS);
}
