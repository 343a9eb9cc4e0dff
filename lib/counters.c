/* See counters.h. */
#include "counters.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "zone.h"

#define READ_MS 2000
#define WEEK 7
#define MONTH 30

/* One slot on its way into the counts. */
struct adding {
    struct hc_counts *out;
    int32_t today;
};

/* A counter that can't be negative but is, is shown as it is: a drift must be
 * seen, not hidden. */
static void add_gender(struct adding *a, const char *key, int64_t n)
{
    for (unsigned g = 0; g < HC_GENDER_COUNT; g++)
        if (strcmp(key, hc_gender_name(g)) == 0)
            a->out->gender[g] += n;
}

static void add_country(struct adding *a, const char *key, int64_t n)
{
    int country = hc_country_by_code(key, strlen(key));
    a->out->country[country < 0 ? hc_country_unknown() : country] += n;
}

/* A key as a number of at most 6 digits, or -1. */
static int32_t number_of(const char *key)
{
    size_t len = strlen(key);
    if (len == 0 || len > 6 || strspn(key, "0123456789") != len)
        return -1;
    return (int32_t)strtol(key, NULL, 10);
}

/* One that this build doesn't know is among the others. */
static int device_key(const char *key)
{
    int32_t n = number_of(key);
    return n < 0 || n >= HC_DEVICE_KEYS_MAX ? HC_DEVICE_OTHER : n;
}

static void add_system(struct adding *a, const char *key, int64_t n)
{
    a->out->os[device_key(key)] += n;
}

static void add_browser(struct adding *a, const char *key, int64_t n)
{
    a->out->browser[device_key(key)] += n;
}

static void add_day(struct adding *a, const char *key, int64_t n)
{
    int32_t day = number_of(key);
    int64_t age = (int64_t)a->today - day;
    if (day < 0 || age < -1)
        return;
    a->out->active[HC_DAILY] += age < 1 ? n : 0;
    a->out->active[HC_WEEKLY] += age < WEEK ? n : 0;
    a->out->active[HC_MONTHLY] += age < MONTH ? n : 0;
}

/* The members of sum: numbers, or numbers by key. */
static const struct part {
    const char *name;
    size_t total;                                              /* where a number goes in struct hc_counts … */
    void (*add)(struct adding *a, const char *key, int64_t n); /* … or each one of many */
} PARTS[] = {
    {"users", offsetof(struct hc_counts, users), NULL},
    {"requests", offsetof(struct hc_counts, requests), NULL},
    {"gender", 0, add_gender},
    {"country", 0, add_country},
    {"os", 0, add_system},
    {"browser", 0, add_browser},
    {"day", 0, add_day},
};

static void add_part(const struct part *part, struct adding *a, const bson_iter_t *value)
{
    bson_iter_t it;
    if (!part->add)
        *(int64_t *)((char *)a->out + part->total) += bson_iter_as_int64(value);
    else if (BSON_ITER_HOLDS_DOCUMENT(value) && bson_iter_recurse(value, &it))
        while (bson_iter_next(&it))
            part->add(a, bson_iter_key(&it), bson_iter_as_int64(&it));
}

static void add_sum(struct adding *a, const bson_iter_t *slot)
{
    bson_iter_t sum;
    if (!BSON_ITER_HOLDS_DOCUMENT(slot) || !bson_iter_recurse(slot, &sum))
        return;
    while (bson_iter_next(&sum))
        for (size_t p = 0; p < sizeof PARTS / sizeof *PARTS; p++)
            if (strcmp(bson_iter_key(&sum), PARTS[p].name) == 0)
                add_part(&PARTS[p], a, &sum);
}

bool hc_counters_add(struct hc_counts *out, const bson_t *slot, int32_t today, const char *zone)
{
    struct adding adding = {out, today};
    bson_iter_t it;
    if (bson_iter_init_find(&it, slot, "sum"))
        add_sum(&adding, &it);
    return bson_iter_init_find(&it, slot, "zone") && BSON_ITER_HOLDS_UTF8(&it) &&
           strcmp(bson_iter_utf8(&it, NULL), zone) == 0;
}

static void count_countries(struct hc_counts *out)
{
    for (int c = 0; c < hc_country_count(); c++)
        if (out->country[c] > 0 && c != hc_country_unknown())
            out->countries++;
}

/* Documents on their way into the counts. */
struct reading {
    struct hc_counts *out;
    int32_t today;
    int fitting; /* slots whose days are those of our zone */
};

static bool take_slot(void *ctx, const bson_t *slot)
{
    struct reading *r = ctx;
    r->fitting += hc_counters_add(r->out, slot, r->today, hc_zone_name());
    return true;
}

static enum hc_err read_slots(struct hc_db *db, struct hc_counts *out, struct hc_error *err)
{
    struct reading r = {out, hc_zone_day(hc_now_ms()), 0};
    bson_t filter = BSON_INITIALIZER;
    bson_t *opts = BCON_NEW("projection", "{", "sum", BCON_INT32(1), "zone", BCON_INT32(1), "}", "maxTimeMS",
                            BCON_INT32(READ_MS));
    enum hc_err e = hc_db_each(db, HC_SLOTS, &filter, opts, take_slot, &r, err);
    out->exact = r.fitting == HC_SLOT_COUNT;
    bson_destroy(opts);
    return e;
}

/* {_id: "zone", ready} and {_id: "audit", drift}; each may be missing. */
static bool take_note(void *ctx, const bson_t *doc)
{
    struct hc_counts *out = ctx;
    bson_iter_t it;
    if (bson_iter_init_find(&it, doc, "ready") && !bson_iter_as_bool(&it))
        out->exact = false;
    if (bson_iter_init_find(&it, doc, "drift") && BSON_ITER_HOLDS_NUMBER(&it))
        out->drift = bson_iter_as_int64(&it);
    return true;
}

static enum hc_err read_notes(struct hc_db *db, struct hc_counts *out, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", "{", "$in", "[", "zone", "audit", "]", "}");
    bson_t *opts = BCON_NEW("projection", "{", "ready", BCON_INT32(1), "drift", BCON_INT32(1), "}",
                            "maxTimeMS", BCON_INT32(READ_MS));
    enum hc_err e = hc_db_each(db, HC_META, filter, opts, take_note, out, err);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

enum hc_err hc_counters_read(struct hc_db *db, struct hc_counts *out, struct hc_error *err)
{
    memset(out, 0, sizeof *out);
    out->drift = HC_DRIFT_UNKNOWN;
    enum hc_err e = read_slots(db, out, err);
    if (e == HC_OK)
        e = read_notes(db, out, err);
    count_countries(out);
    return e;
}

bool hc_counters_exact(const struct hc_counts *counts)
{
    return counts->exact && (counts->drift == HC_DRIFT_UNKNOWN || counts->drift == 0);
}

/* ---- the greatest ones ---- */

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

static int by_device_sum(const void *a, const void *b)
{
    const struct hc_device_sum *x = a, *y = b;
    if (x->sum != y->sum)
        return x->sum < y->sum ? 1 : -1;
    return strcmp(x->name, y->name);
}

size_t hc_counters_top_devices(const int64_t *sums, const char *(*name)(int key), struct hc_device_sum *out,
                               size_t max)
{
    struct hc_device_sum all[HC_DEVICE_KEYS_MAX];
    struct hc_device_sum other = {HC_DEVICE_OTHER, name(HC_DEVICE_OTHER), sums[HC_DEVICE_OTHER]};
    size_t n = 0;
    for (int key = 0; key < HC_DEVICE_KEYS_MAX; key++) {
        if (key == HC_DEVICE_OTHER || sums[key] <= 0)
            continue;
        const char *known = name(key);
        if (strcmp(known, other.name) == 0)
            other.sum += sums[key]; /* a newer build's */
        else
            all[n++] = (struct hc_device_sum){key, known, sums[key]};
    }
    if (other.sum > 0)
        all[n++] = other;
    qsort(all, n, sizeof *all, by_device_sum);
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
