/* See sample.h. This file: a sample and its document. */
#include <stdio.h>
#include <string.h>

#include "sample.h"

static const char *const WINDOWS[HC_WINDOW_COUNT] = {"daily", "weekly", "monthly"};

void hc_sample_of_counts(const struct hc_counts *counts, int64_t now_ms, struct hc_sample *out)
{
    memset(out, 0, sizeof *out);
    out->at_ms = now_ms;
    out->users = counts->users;
    out->requests = counts->requests;
    out->countries = counts->countries;
    out->exact = hc_counters_exact(counts);
    memcpy(out->active, counts->active, sizeof out->active);
    memcpy(out->gender, counts->gender, sizeof out->gender);
    out->country_count = hc_counters_top(counts, out->country, HC_SAMPLE_COUNTRIES);
    out->os_count = hc_counters_top_devices(counts->os, hc_device_system_name, out->os, HC_SAMPLE_DEVICES);
    out->browser_count =
        hc_counters_top_devices(counts->browser, hc_device_browser_name, out->browser, HC_SAMPLE_DEVICES);
}

/* ---- writing ---- */

/* Begins item i of a list, {sum: n} so far. */
static void begin_item(bson_t *list, size_t i, int64_t sum, bson_t *item)
{
    char text[16];
    const char *key;
    size_t len = bson_uint32_to_string((uint32_t)i, &key, text, sizeof text);
    bson_append_document_begin(list, key, (int)len, item);
    bson_append_int64(item, "sum", 3, sum);
}

static void append_countries(bson_t *doc, const struct hc_sample *s)
{
    bson_t list, item;
    bson_append_array_begin(doc, "topCountries", -1, &list);
    for (size_t i = 0; i < s->country_count; i++) {
        begin_item(&list, i, s->country[i].sum, &item);
        bson_append_utf8(&item, "code", 4, hc_country_at(s->country[i].country)->code, -1);
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(doc, &list);
}

static void append_devices(bson_t *doc, const char *name, const struct hc_device_sum *sums, size_t count)
{
    bson_t list, item;
    bson_append_array_begin(doc, name, -1, &list);
    for (size_t i = 0; i < count; i++) {
        begin_item(&list, i, sums[i].sum, &item);
        bson_append_int32(&item, "key", 3, sums[i].key);
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(doc, &list);
}

static void append_users(bson_t *doc, const struct hc_sample *s)
{
    bson_t list, item;
    bson_append_array_begin(doc, "topUsers", -1, &list);
    for (size_t i = 0; i < s->top_count; i++) {
        begin_item(&list, i, s->top[i].requests, &item);
        bson_append_oid(&item, "user", 4, &s->top[i].user);
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(doc, &list);
}

void hc_sample_bson(const struct hc_sample *s, bson_t *doc)
{
    bson_t part;
    bson_append_date_time(doc, "at", 2, s->at_ms);
    bson_append_int64(doc, "users", -1, s->users);
    bson_append_int64(doc, "requests", -1, s->requests);
    bson_append_int64(doc, "countries", -1, s->countries);
    bson_append_document_begin(doc, "active", -1, &part);
    for (size_t w = 0; w < HC_WINDOW_COUNT; w++)
        bson_append_int64(&part, WINDOWS[w], -1, s->active[w]);
    bson_append_document_end(doc, &part);
    bson_append_document_begin(doc, "gender", -1, &part);
    for (unsigned g = 0; g < HC_GENDER_COUNT; g++)
        bson_append_int64(&part, hc_gender_name(g), -1, s->gender[g]);
    bson_append_document_end(doc, &part);
    append_countries(doc, s);
    append_devices(doc, "os", s->os, s->os_count);
    append_devices(doc, "browser", s->browser, s->browser_count);
    append_users(doc, s);
    bson_append_bool(doc, "exact", -1, s->exact);
}

/* ---- reading ---- */

static int64_t number_at(const bson_t *doc, const char *path)
{
    bson_iter_t it, found;
    if (!bson_iter_init(&it, doc) || !bson_iter_find_descendant(&it, path, &found))
        return 0;
    return bson_iter_as_int64(&found);
}

/* Calls read for each document of the list of that name, at most max times; how often it said yes. */
static size_t read_list(struct hc_sample *out, const bson_t *doc, const char *name, size_t max,
                        bool (*read)(struct hc_sample *out, size_t i, const bson_t *item))
{
    bson_iter_t it, items;
    size_t n = 0;
    if (!bson_iter_init_find(&it, doc, name) || !BSON_ITER_HOLDS_ARRAY(&it) ||
        !bson_iter_recurse(&it, &items))
        return 0;
    while (n < max && bson_iter_next(&items)) {
        const uint8_t *data;
        uint32_t len;
        bson_t item;
        if (!BSON_ITER_HOLDS_DOCUMENT(&items))
            continue;
        bson_iter_document(&items, &len, &data);
        if (bson_init_static(&item, data, len))
            n += read(out, n, &item);
    }
    return n;
}

static bool read_country(struct hc_sample *out, size_t i, const bson_t *item)
{
    bson_iter_t it;
    if (!bson_iter_init_find(&it, item, "code") || !BSON_ITER_HOLDS_UTF8(&it))
        return false;
    uint32_t len;
    const char *code = bson_iter_utf8(&it, &len);
    int country = hc_country_by_code(code, len);
    out->country[i] =
        (struct hc_country_sum){country < 0 ? hc_country_unknown() : country, number_at(item, "sum")};
    return true;
}

static int key_of(const bson_t *item)
{
    int64_t key = number_at(item, "key");
    return key > 0 && key < HC_DEVICE_KEYS_MAX ? (int)key : HC_DEVICE_OTHER;
}

static bool read_system(struct hc_sample *out, size_t i, const bson_t *item)
{
    int key = key_of(item);
    out->os[i] = (struct hc_device_sum){key, hc_device_system_name(key), number_at(item, "sum")};
    return true;
}

static bool read_browser(struct hc_sample *out, size_t i, const bson_t *item)
{
    int key = key_of(item);
    out->browser[i] = (struct hc_device_sum){key, hc_device_browser_name(key), number_at(item, "sum")};
    return true;
}

static bool read_user(struct hc_sample *out, size_t i, const bson_t *item)
{
    bson_iter_t it;
    if (!bson_iter_init_find(&it, item, "user") || !BSON_ITER_HOLDS_OID(&it))
        return false;
    bson_oid_copy(bson_iter_oid(&it), &out->top[i].user);
    out->top[i].requests = number_at(item, "sum");
    return true;
}

void hc_sample_read(struct hc_sample *out, const bson_t *doc)
{
    char path[32] = "";
    bson_iter_t it;
    memset(out, 0, sizeof *out);
    if (bson_iter_init_find(&it, doc, "at") && BSON_ITER_HOLDS_DATE_TIME(&it))
        out->at_ms = bson_iter_date_time(&it);
    out->users = number_at(doc, "users");
    out->requests = number_at(doc, "requests");
    out->countries = number_at(doc, "countries");
    out->exact = bson_iter_init_find(&it, doc, "exact") && bson_iter_as_bool(&it);
    for (size_t w = 0; w < HC_WINDOW_COUNT; w++) {
        snprintf(path, sizeof path, "active.%s", WINDOWS[w]);
        out->active[w] = number_at(doc, path);
    }
    for (unsigned g = 0; g < HC_GENDER_COUNT; g++) {
        snprintf(path, sizeof path, "gender.%s", hc_gender_name(g));
        out->gender[g] = number_at(doc, path);
    }
    out->country_count = read_list(out, doc, "topCountries", HC_SAMPLE_COUNTRIES, read_country);
    out->os_count = read_list(out, doc, "os", HC_SAMPLE_DEVICES, read_system);
    out->browser_count = read_list(out, doc, "browser", HC_SAMPLE_DEVICES, read_browser);
    out->top_count = read_list(out, doc, "topUsers", HC_SAMPLE_USERS, read_user);
}
