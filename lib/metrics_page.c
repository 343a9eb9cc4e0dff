/* See metrics.h. This file: the metrics of all processes as one page, by way of Redis. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instance.h"
#include "json.h"
#include "log.h"
#include "metrics_inside.h"

#define KEY_PREFIX "hc:1:metrics:"
#define LIFE_MS 15000
#define TEXT_MAX (512 * 1024) /* of one process; a busy web service has a tenth of that */
#define HEAD_MAX 16384        /* all lines of help and types */
#define LINE_MORE 96          /* an instance's name makes a line longer, at most so */

/* ---- one line ---- */

struct line {
    const char *name, *labels, *value; /* labels: between the braces; value: with the blank before it */
    size_t name_len, labels_len, value_len;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_';
}

/* Behind a quoted value that `at` begins, or NULL. */
static const char *skip_quoted(const char *at, const char *end)
{
    if (at == end || *at++ != '"')
        return NULL;
    for (; at < end && *at != '"'; at++) {
        if ((unsigned char)*at < 0x20)
            return NULL;
        if (*at == '\\' && (++at == end || !strchr("\\\"n", *at)))
            return NULL;
    }
    return at < end ? at + 1 : NULL;
}

/* Behind name="value",name="value", up to the closing brace, or NULL. */
static const char *skip_labels(const char *at, const char *end)
{
    for (;; at++) {
        const char *name = at;
        while (at < end && is_letter(*at))
            at++;
        if (at == name || at == end || *at != '=' || (at - name == 8 && memcmp(name, "instance", 8) == 0))
            return NULL;
        at = skip_quoted(at + 1, end);
        if (!at || at == end || (*at != ',' && *at != '}'))
            return NULL;
        if (*at == '}')
            return at;
    }
}

static bool is_number(const char *at, size_t len)
{
    size_t digits = 0, points = 0;
    if (len > 0 && *at == '-')
        at++, len--;
    for (size_t i = 0; i < len; i++) {
        digits += at[i] >= '0' && at[i] <= '9';
        points += at[i] == '.';
    }
    return digits > 0 && points <= 1 && digits + points == len && len < 32 && *at != '.' &&
           at[len - 1] != '.';
}

/* False for what hc_metrics_render would not write. */
static bool read_line(struct line *l, const char *at, const char *end)
{
    l->name = at;
    while (at < end && is_letter(*at))
        at++;
    l->name_len = (size_t)(at - l->name);
    l->labels = at;
    l->labels_len = 0;
    if (at < end && *at == '{') {
        l->labels = at + 1;
        at = skip_labels(l->labels, end);
        if (!at)
            return false;
        l->labels_len = (size_t)(at++ - l->labels);
    }
    l->value = at;
    l->value_len = (size_t)(end - at);
    return l->name_len > 0 && l->value_len > 1 && *at == ' ' && is_number(at + 1, l->value_len - 1) &&
           hc_utf8_valid(l->labels, l->labels_len) == l->labels_len;
}

static bool is_of(const struct hc_metric_row *row, const struct line *l)
{
    static const char *const ends[] = {"_bucket", "_sum", "_count"};
    size_t len = strlen(row->name);
    if (l->name_len < len || memcmp(l->name, row->name, len) != 0)
        return false;
    if (row->type != HC_METRIC_HISTOGRAM)
        return l->name_len == len;
    for (size_t e = 0; e < sizeof ends / sizeof *ends; e++)
        if (l->name_len - len == strlen(ends[e]) && memcmp(l->name + len, ends[e], strlen(ends[e])) == 0)
            return true;
    return false;
}

/* ---- the page ---- */

struct hc_metrics_page {
    size_t len, max;
    struct hc_buf lines[HC_METRIC_COUNT];
};

struct hc_metrics_page *hc_metrics_page_new(size_t max)
{
    struct hc_metrics_page *page = calloc(1, sizeof *page);
    for (size_t m = 0; page && m < HC_METRIC_COUNT; m++)
        hc_buf_init(&page->lines[m], max);
    if (page)
        page->max = max > HEAD_MAX ? max - HEAD_MAX : 0;
    return page;
}

void hc_metrics_page_free(struct hc_metrics_page *page)
{
    for (size_t m = 0; page && m < HC_METRIC_COUNT; m++)
        hc_buf_release(&page->lines[m]);
    free(page);
}

static void add_line(struct hc_buf *out, const char *instance, const struct line *l)
{
    hc_buf_add(out, l->name, l->name_len);
    hc_buf_str(out, "{instance=");
    hc_metrics_quote(out, instance);
    if (l->labels_len > 0)
        hc_buf_char(out, ',');
    hc_buf_add(out, l->labels, l->labels_len);
    hc_buf_char(out, '}');
    hc_buf_add(out, l->value, l->value_len);
    hc_buf_char(out, '\n');
}

bool hc_metrics_page_take(struct hc_metrics_page *page, const char *instance, const char *text, size_t len)
{
    size_t lines = 0, known = 0;
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    size_t longer = len + lines * (LINE_MORE + strlen(instance));
    if (longer > page->max - page->len)
        return false;
    page->len += longer;
    for (const char *at = text, *end; (end = memchr(at, '\n', len - (size_t)(at - text))); at = end + 1) {
        struct line l;
        if (!read_line(&l, at, end))
            continue;
        /* They come in the table's order: mostly of the same metric as the last one. */
        for (size_t tried = 0; tried < HC_METRIC_COUNT; tried++) {
            size_t m = (known + tried) % HC_METRIC_COUNT;
            if (!is_of(&hc_metric_rows[m], &l))
                continue;
            add_line(&page->lines[m], instance, &l);
            known = m;
            break;
        }
    }
    return true;
}

void hc_metrics_page_write(const struct hc_metrics_page *page, struct hc_buf *out)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    for (size_t m = 0; m < HC_METRIC_COUNT; m++) {
        const struct hc_metric_row *row = &hc_metric_rows[m];
        const struct hc_buf *lines = &page->lines[m];
        if (lines->len == 0)
            continue;
        hc_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name, types[row->type]);
        hc_buf_add(out, lines->data, lines->len);
        out->failed |= lines->failed;
    }
}

/* ---- by way of Redis ---- */

static void make_key(char key[HC_CACHE_KEY_MAX], const char *instance)
{
    snprintf(key, HC_CACHE_KEY_MAX, KEY_PREFIX "%.100s", instance);
}

enum hc_err hc_metrics_publish(struct hc_cache *c, const char *instance)
{
    char key[HC_CACHE_KEY_MAX];
    struct hc_buf text;
    make_key(key, instance);
    hc_buf_init(&text, TEXT_MAX);
    hc_metric_set(HC_METRIC_REDIS_UP, 0, 1); /* whoever reads this there has found it up */
    hc_metrics_render(&text);
    enum hc_err e = hc_buf_failed(&text) ? HC_ENOMEM : hc_cache_set(c, key, text.data, text.len, LIFE_MS);
    if (e != HC_OK)
        hc_metric_set(HC_METRIC_REDIS_UP, 0, 0);
    hc_buf_release(&text);
    return e;
}

void hc_metrics_withdraw(struct hc_cache *c, const char *instance)
{
    char key[HC_CACHE_KEY_MAX];
    make_key(key, instance);
    hc_cache_delete(c, key);
}

static void take_other(struct hc_metrics_page *page, struct hc_cache *c, const char *instance)
{
    char key[HC_CACHE_KEY_MAX];
    struct hc_buf text;
    make_key(key, instance);
    hc_buf_init(&text, TEXT_MAX);
    if (hc_cache_get(c, key, &text) == HC_OK && !hc_metrics_page_take(page, instance, text.data, text.len))
        hc_log(HC_LOG_WARN, "metrics.full", "there are too many instances for one page",
               HC_STR("left_out", instance), NULL);
    hc_buf_release(&text);
}

static void take_own(struct hc_metrics_page *page, const char *instance)
{
    struct hc_buf text;
    hc_buf_init(&text, TEXT_MAX);
    hc_metrics_render(&text);
    if (!hc_buf_failed(&text))
        hc_metrics_page_take(page, instance, text.data, text.len);
    hc_buf_release(&text);
}

enum hc_err hc_metrics_page(struct hc_cache *cache, const char *instance, struct hc_buf *out,
                            struct hc_error *err)
{
    struct hc_instance list[HC_INSTANCES_MAX];
    size_t count = 0;
    struct hc_metrics_page *page = hc_metrics_page_new(out->max - out->len);
    if (!page)
        return hc_fail(err, HC_ENOMEM, NULL, "Out of memory");
    bool up = cache && hc_instances_read(cache, list, HC_INSTANCES_MAX, &count) == HC_OK;
    hc_metric_set(HC_METRIC_REDIS_UP, 0, up);
    take_own(page, instance);
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, instance) != 0)
            take_other(page, cache, list[i].name);
    hc_metrics_page_write(page, out);
    hc_metrics_page_free(page);
    return hc_buf_failed(out) ? hc_fail(err, HC_ENOMEM, NULL, "Out of memory") : HC_OK;
}
