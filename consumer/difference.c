/* See difference.h. */
#include "difference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define PATH_SIZE 128

struct hc_difference_row {
    char path[PATH_SIZE]; /* part, NUL, key, NUL */
    unsigned size;        /* of it, with both */
    int64_t n;
    UT_hash_handle hh;
};

/* What a slot's sum has; true: numbers by key, false: one number. */
static const struct part {
    const char *name;
    bool keyed;
} PARTS[] = {
    {"users", false}, {"requests", false}, {"gender", true}, {"country", true},
    {"os", true},     {"browser", true},   {"day", true},
};
#define PART_COUNT (sizeof PARTS / sizeof *PARTS)

static const char *key_of(const struct hc_difference_row *row)
{
    return row->path + strlen(row->path) + 1;
}

/* ---- adding ---- */

void hc_difference_add(struct hc_difference *d, const char *part, const char *key, int64_t n)
{
    struct hc_difference_row *row;
    char path[PATH_SIZE] = {0};
    size_t part_size = strlen(part) + 1, size = part_size + strlen(key) + 1;
    if (size > sizeof path) {
        d->failed = true;
        return;
    }
    memcpy(path, part, part_size);
    memcpy(path + part_size, key, size - part_size);
    HASH_FIND(hh, d->rows, path, size, row);
    if (!row) {
        row = calloc(1, sizeof *row);
        if (!row) {
            d->failed = true;
            return;
        }
        memcpy(row->path, path, size);
        row->size = (unsigned)size;
        HASH_ADD(hh, d->rows, path[0], row->size, row);
    }
    row->n += n;
}

void hc_difference_add_users(struct hc_difference *d, const char *gender, const char *country, int64_t n)
{
    hc_difference_add(d, "users", "", n);
    hc_difference_add(d, "gender", gender, n);
    hc_difference_add(d, "country", country, n);
}

/* ---- slots ---- */

static bool is_old_day(const struct part *part, const char *key, int32_t floor)
{
    char *end;
    long day = strtol(key, &end, 10);
    return strcmp(part->name, "day") == 0 && *key && *end == '\0' && day < floor;
}

static void take_part(struct hc_difference *d, const struct part *part, bson_iter_t *value, int32_t floor)
{
    bson_iter_t keys;
    if (!part->keyed) {
        hc_difference_add(d, part->name, "", -bson_iter_as_int64(value));
        return;
    }
    if (!BSON_ITER_HOLDS_DOCUMENT(value) || !bson_iter_recurse(value, &keys))
        return;
    while (bson_iter_next(&keys))
        if (!is_old_day(part, bson_iter_key(&keys), floor))
            hc_difference_add(d, part->name, bson_iter_key(&keys), -bson_iter_as_int64(&keys));
}

void hc_difference_take_slot(struct hc_difference *d, const bson_t *slot, int32_t floor)
{
    bson_iter_t it, sum;
    if (!bson_iter_init_find(&it, slot, "sum") || !bson_iter_recurse(&it, &sum))
        return;
    while (bson_iter_next(&sum))
        for (size_t p = 0; p < PART_COUNT; p++)
            if (strcmp(bson_iter_key(&sum), PARTS[p].name) == 0)
                take_part(d, &PARTS[p], &sum, floor);
}

/* ---- what came of it ---- */

static int64_t without_sign(int64_t n)
{
    return n < 0 ? -n : n;
}

int64_t hc_difference_sum(const struct hc_difference *d)
{
    int64_t sum = 0;
    for (const struct hc_difference_row *row = d->rows; row; row = row->hh.next)
        sum += without_sign(row->n);
    return sum;
}

static void write_keys(const struct hc_difference *d, const char *part, bson_t *delta)
{
    bson_t below = BSON_INITIALIZER;
    for (const struct hc_difference_row *row = d->rows; row; row = row->hh.next)
        if (row->n != 0 && strcmp(row->path, part) == 0)
            bson_append_int64(&below, key_of(row), -1, row->n);
    if (!bson_empty(&below))
        bson_append_document(delta, part, -1, &below);
    bson_destroy(&below);
}

void hc_difference_write(const struct hc_difference *d, bson_t *delta)
{
    for (size_t p = 0; p < PART_COUNT; p++) {
        if (PARTS[p].keyed) {
            write_keys(d, PARTS[p].name, delta);
            continue;
        }
        for (const struct hc_difference_row *row = d->rows; row; row = row->hh.next)
            if (row->n != 0 && strcmp(row->path, PARTS[p].name) == 0)
                bson_append_int64(delta, row->path, -1, row->n);
    }
}

static int greatest_first(struct hc_difference_row *a, struct hc_difference_row *b)
{
    int64_t x = without_sign(a->n), y = without_sign(b->n);
    return x > y ? -1 : x < y;
}

void hc_difference_show(struct hc_difference *d, bson_t *doc, int most)
{
    char name[PATH_SIZE + 1];
    HASH_SORT(d->rows, greatest_first);
    for (const struct hc_difference_row *row = d->rows; row && row->n != 0 && most > 0;
         row = row->hh.next, most--) {
        snprintf(name, sizeof name, "%s%s%s", row->path, *key_of(row) ? " " : "", key_of(row));
        bson_append_int64(doc, name, -1, row->n);
    }
}

void hc_difference_release(struct hc_difference *d)
{
    struct hc_difference_row *row, *next;
    HASH_ITER(hh, d->rows, row, next)
    {
        HASH_DEL(d->rows, row);
        free(row);
    }
}
