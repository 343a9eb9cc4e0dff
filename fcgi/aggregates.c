/* aggregates.c - GET /v1/user/admin/count, /v1/user/agg/… and /v1/user/stat/…: single
 * numbers of the counters, as old clients ask for them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "counters.h"
#include "handlers.h"
#include "query.h"

#define KEEP_MS 60000
#define DEVICES_SHOWN 5

/* One of these answers: its name in the cache, how long it is fresh, and how it
 * is written. number is what the request asked for, such as a limit. */
struct aggregate {
    const char *name;
    int fresh_ms;
    void (*write)(struct hc_json *j, const struct hc_counts *counts, int64_t number);
};

struct aggregate_fill {
    struct context *context;
    const struct aggregate *aggregate;
    int64_t number;
};

static enum hc_err fill(void *ctx, struct hc_buf *out, char etag[32], struct hc_error *err)
{
    (void)etag; /* made from the body */
    const struct aggregate_fill *f = ctx;
    struct hc_counts counts;
    struct hc_json j;
    struct hc_db *db;
    enum hc_err code = context_db(f->context, &db, err);
    if (code == HC_OK)
        code = hc_counters_read(db, &counts, err);
    if (code != HC_OK)
        return code;
    hc_json_begin(&j, out);
    hc_json_open(&j, '{');
    hc_json_key(&j, "result");
    f->aggregate->write(&j, &counts, f->number);
    hc_json_close(&j, '}');
    return HC_OK;
}

static enum hc_err answer(struct context *c, const struct aggregate *aggregate, int64_t number,
                          struct hc_error *err)
{
    char key[HC_CACHE_KEY_MAX];
    struct hc_flight_answer got;
    struct aggregate_fill f = {c, aggregate, number};
    struct hc_flight flight = {.key = key,
                               .fresh_ms = aggregate->fresh_ms,
                               .keep_ms = KEEP_MS,
                               .deadline = c->request.deadline,
                               .fill = fill,
                               .ctx = &f};
    hc_flight_key(key, aggregate->name, &number, sizeof number);
    enum hc_err code = context_fly(c, &flight, &got, err);
    if (code == HC_OK)
        context_tag(c, &got, aggregate->fresh_ms);
    return code;
}

/* ---- the answers ---- */

static void write_count(struct hc_json *j, int64_t n)
{
    char text[24];
    hc_json_open(j, '{');
    hc_json_put_int(j, "count", n);
    hc_json_put_str(j, "countInternationalSystem", hc_count_short(n, text));
    hc_json_close(j, '}');
}

static void write_total(struct hc_json *j, const struct hc_counts *counts, int64_t number)
{
    (void)number;
    write_count(j, counts->users);
}

static void write_requests(struct hc_json *j, const struct hc_counts *counts, int64_t number)
{
    (void)number;
    write_count(j, counts->requests);
}

static void write_active(struct hc_json *j, const struct hc_counts *counts, int64_t window)
{
    static const char *const NAMES[HC_WINDOW_COUNT] = {"totalDailyActiveUser", "totalWeeklyActiveUser",
                                                       "totalMonthlyActiveUser"};
    hc_json_open(j, '{');
    hc_json_put_int(j, NAMES[window], counts->active[window]);
    hc_json_close(j, '}');
}

static void write_top_devices(struct hc_json *j, const char *key, const int64_t *sums,
                              const char *(*name)(int))
{
    struct hc_device_sum top[DEVICES_SHOWN];
    size_t count = hc_counters_top_devices(sums, name, top, DEVICES_SHOWN);
    hc_json_key(j, key);
    hc_json_open(j, '[');
    for (size_t i = 0; i < count; i++) {
        hc_json_open(j, '{');
        hc_json_put_int(j, "sum", top[i].sum);
        hc_json_put_str(j, "name", top[i].name);
        hc_json_close(j, '}');
    }
    hc_json_close(j, ']');
}

static void write_devices(struct hc_json *j, const struct hc_counts *counts, int64_t number)
{
    (void)number;
    hc_json_open(j, '{');
    write_top_devices(j, "deviceOsName", counts->os, hc_device_system_name);
    write_top_devices(j, "deviceBrowserName", counts->browser, hc_device_browser_name);
    hc_json_close(j, '}');
}

static void write_countries(struct hc_json *j, const struct hc_counts *counts, int64_t number)
{
    struct hc_country_sum top[HC_COUNTRY_MAX + 1];
    size_t limit = (size_t)number < HC_COUNTRY_MAX ? (size_t)number : HC_COUNTRY_MAX;
    size_t count = hc_counters_top(counts, top, limit);
    hc_json_open(j, '[');
    for (size_t i = 0; i < count; i++) {
        const struct hc_country *country = hc_country_at(top[i].country);
        hc_json_open(j, '{');
        hc_json_put_int(j, "sum", top[i].sum);
        hc_json_put_str(j, "country", country->name);
        hc_json_put_str(j, "code", country->code);
        hc_json_close(j, '}');
    }
    hc_json_close(j, ']');
}

/* Old clients know two genders; others show only when there are some. */
static void write_genders(struct hc_json *j, const struct hc_counts *counts, int64_t number)
{
    (void)number;
    hc_json_open(j, '{');
    hc_json_put_int(j, hc_gender_name(HC_MALE), counts->gender[HC_MALE]);
    hc_json_put_int(j, hc_gender_name(HC_FEMALE), counts->gender[HC_FEMALE]);
    if (counts->gender[HC_OTHER] != 0)
        hc_json_put_int(j, hc_gender_name(HC_OTHER), counts->gender[HC_OTHER]);
    hc_json_close(j, '}');
}

static void write_all_countries(struct hc_json *j, const struct hc_counts *counts, int64_t number)
{
    (void)number;
    hc_json_open(j, '{');
    hc_json_put_int(j, "allCountry", counts->countries);
    hc_json_close(j, '}');
}

enum hc_err aggregate_total(struct context *c, struct hc_error *err)
{
    static const struct aggregate total = {"count", 1000, write_total};
    return answer(c, &total, 0, err);
}

enum hc_err aggregate_countries(struct context *c, struct hc_error *err)
{
    static const struct aggregate countries = {"countries", 2000, write_countries};
    int64_t limit;
    enum hc_err code = query_int(&c->request, "limit", 1, 300, 15, &limit, err);
    return code == HC_OK ? answer(c, &countries, limit, err) : code;
}

enum hc_err aggregate_genders(struct context *c, struct hc_error *err)
{
    static const struct aggregate genders = {"genders", 2000, write_genders};
    return answer(c, &genders, 0, err);
}

enum hc_err aggregate_all(struct context *c, struct hc_error *err)
{
    static const struct aggregate all = {"all-country", 1000, write_all_countries};
    if (strcmp(route_last(&c->request).at, "country") != 0)
        return hc_fail(err, HC_EMALFORMED, "field", "Only the field country can be asked for");
    return answer(c, &all, 0, err);
}

enum hc_err aggregate_devices(struct context *c, struct hc_error *err)
{
    static const struct aggregate devices = {"devices", 1000, write_devices};
    return answer(c, &devices, 0, err);
}

enum hc_err aggregate_requests(struct context *c, struct hc_error *err)
{
    static const struct aggregate requests = {"requests", 1000, write_requests};
    return answer(c, &requests, 0, err);
}

static enum hc_err answer_active(struct context *c, enum hc_window window, struct hc_error *err)
{
    static const struct aggregate active = {"active", 1000, write_active};
    return answer(c, &active, window, err);
}

enum hc_err aggregate_daily(struct context *c, struct hc_error *err)
{
    return answer_active(c, HC_DAILY, err);
}

enum hc_err aggregate_weekly(struct context *c, struct hc_error *err)
{
    return answer_active(c, HC_WEEKLY, err);
}

enum hc_err aggregate_monthly(struct context *c, struct hc_error *err)
{
    return answer_active(c, HC_MONTHLY, err);
}
