/* See counters.h. */
#include "counters.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

/* A counter that can't be negative but is, is shown as it is: a drift must be
 * seen, not hidden. */
static void add_genders(bson_iter_t *doc, struct hc_counts *out)
{
    bson_iter_t it;
    if (!bson_iter_recurse(doc, &it))
        return;
    while (bson_iter_next(&it))
        for (unsigned g = 0; g < HC_GENDER_COUNT; g++)
            if (strcmp(bson_iter_key(&it), hc_gender_name(g)) == 0)
                out->gender[g] += bson_iter_as_int64(&it);
}

static void add_countries(bson_iter_t *doc, struct hc_counts *out)
{
    bson_iter_t it;
    if (!bson_iter_recurse(doc, &it))
        return;
    while (bson_iter_next(&it)) {
        const char *code = bson_iter_key(&it);
        int country = hc_country_by_code(code, strlen(code));
        if (country < 0)
            country = hc_country_unknown();
        out->country[country] += bson_iter_as_int64(&it);
    }
}

static void add_users(bson_iter_t *value, struct hc_counts *out)
{
    out->users += bson_iter_as_int64(value);
}

static void add_requests(bson_iter_t *value, struct hc_counts *out)
{
    out->requests += bson_iter_as_int64(value);
}

static const struct part {
    const char *key;
    void (*add)(bson_iter_t *value, struct hc_counts *out);
} PARTS[] = {
    {"users", add_users},
    {"requests", add_requests},
    {"gender", add_genders},
    {"country", add_countries},
};

static void add_slot(const bson_t *slot, struct hc_counts *out)
{
    bson_iter_t it, sum;
    if (!bson_iter_init_find(&it, slot, "sum") || !bson_iter_recurse(&it, &sum))
        return;
    while (bson_iter_next(&sum))
        for (size_t p = 0; p < sizeof PARTS / sizeof *PARTS; p++)
            if (strcmp(bson_iter_key(&sum), PARTS[p].key) == 0)
                PARTS[p].add(&sum, out);
}

static void count_countries(struct hc_counts *out)
{
    for (int c = 0; c < hc_country_count(); c++)
        if (out->country[c] > 0 && c != hc_country_unknown())
            out->countries++;
}

enum hc_err hc_counters_read(struct hc_db *db, struct hc_counts *out, struct hc_error *err)
{
    memset(out, 0, sizeof *out);
    bson_t filter = BSON_INITIALIZER;
    bson_t *opts = BCON_NEW("projection", "{", "sum", BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(2000));
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(hc_db_collection(db, HC_SLOTS), &filter, opts, NULL);
    const bson_t *slot;
    while (mongoc_cursor_next(cursor, &slot))
        add_slot(slot, out);
    bson_error_t why;
    const bson_t *reply;
    enum hc_err e = HC_OK;
    if (mongoc_cursor_error_document(cursor, &why, &reply))
        e = hc_store_fail(err, &why, reply, false);
    mongoc_cursor_destroy(cursor);
    bson_destroy(opts);
    count_countries(out);
    return e;
}

static int by_sum(const void *a, const void *b)
{
    const struct hc_country_sum *x = a, *y = b;
    if (x->sum != y->sum)
        return x->sum < y->sum ? 1 : -1;
    return x->country < y->country ? -1 : x->country > y->country;
}

size_t hc_counters_top(const struct hc_counts *counts, struct hc_country_sum *out, size_t max)
{
    struct hc_country_sum all[HC_COUNTRY_MAX];
    size_t n = 0;
    for (int c = 0; c < hc_country_count(); c++)
        if (counts->country[c] > 0)
            all[n++] = (struct hc_country_sum){c, counts->country[c]};
    qsort(all, n, sizeof *all, by_sum);
    if (n > max)
        n = max;
    memcpy(out, all, n * sizeof *all);
    return n;
}

char *hc_count_short(int64_t n, char out[24])
{
    static const struct {
        int64_t unit;
        char letter;
    } UNITS[] = {{1000000000, 'B'}, {1000000, 'M'}, {1000, 'K'}};
    for (size_t u = 0; u < sizeof UNITS / sizeof *UNITS; u++)
        if (n >= UNITS[u].unit) {
            int64_t hundredths = n / (UNITS[u].unit / 100);
            snprintf(out, 24, "%" PRId64 ".%02" PRId64 "%c", hundredths / 100, hundredths % 100,
                     UNITS[u].letter);
            return out;
        }
    snprintf(out, 24, "%" PRId64, n);
    return out;
}
