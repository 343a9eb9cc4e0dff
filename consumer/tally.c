/* See tally.h. */
#include "tally.h"

#include <stdio.h>

void hc_tally_user(struct hc_tally *t, int gender, int country, int64_t n)
{
    t->users += n;
    t->gender[gender >= 0 && gender < HC_GENDER_COUNT ? gender : HC_OTHER] += n;
    t->country[country >= 0 && country < hc_country_count() ? country : hc_country_unknown()] += n;
}

static int device_key(int key)
{
    return key >= 0 && key < HC_DEVICE_KEYS_MAX ? key : HC_DEVICE_OTHER;
}

void hc_tally_device(struct hc_tally *t, int os, int browser, int64_t n)
{
    t->os[device_key(os)] += n;
    t->browser[device_key(browser)] += n;
}

void hc_tally_day(struct hc_tally *t, int32_t day, int64_t n)
{
    size_t i = 0;
    while (i < t->days && t->day[i].day != day)
        i++;
    if (i == t->days) {
        if (t->days == sizeof t->day / sizeof *t->day)
            return; /* not reached: two days a change, and a step has half as many changes */
        t->day[t->days++].day = day;
    }
    t->day[i].n += n;
}

/* ---- writing ---- */

static void put(bson_t *to, const char *key, int64_t n)
{
    if (n != 0)
        bson_append_int64(to, key, -1, n);
}

static void put_numbered(bson_t *delta, const char *name, const int64_t *sums, size_t count)
{
    bson_t below;
    char key[24];
    bson_append_document_begin(delta, name, -1, &below);
    for (size_t i = 0; i < count; i++) {
        snprintf(key, sizeof key, "%zu", i);
        put(&below, key, sums[i]);
    }
    bson_append_document_end(delta, &below);
}

static void put_people(bson_t *delta, const struct hc_tally *t)
{
    bson_t below;
    bson_append_document_begin(delta, "gender", -1, &below);
    for (unsigned g = 0; g < HC_GENDER_COUNT; g++)
        put(&below, hc_gender_name(g), t->gender[g]);
    bson_append_document_end(delta, &below);
    bson_append_document_begin(delta, "country", -1, &below);
    for (int c = 0; c < hc_country_count(); c++)
        put(&below, hc_country_at(c)->code, t->country[c]);
    bson_append_document_end(delta, &below);
}

static void put_days(bson_t *delta, const struct hc_tally *t)
{
    bson_t below;
    char key[16];
    bson_append_document_begin(delta, "day", -1, &below);
    for (size_t i = 0; i < t->days; i++) {
        snprintf(key, sizeof key, "%d", (int)t->day[i].day);
        put(&below, key, t->day[i].n);
    }
    bson_append_document_end(delta, &below);
}

void hc_tally_write(const struct hc_tally *t, bson_t *delta)
{
    put(delta, "users", t->users);
    put(delta, "requests", t->requests);
    put_people(delta, t);
    put_numbered(delta, "os", t->os, HC_DEVICE_KEYS_MAX);
    put_numbered(delta, "browser", t->browser, HC_DEVICE_KEYS_MAX);
    put_days(delta, t);
}
