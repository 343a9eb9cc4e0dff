/* See rates.h. */
#include "rates.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define KEY "hc:1:samples"
#define APART_MS 500
#define KEEP_MS 60000

static pthread_mutex_t own_lock = PTHREAD_MUTEX_INITIALIZER;
static struct hc_rates_row own_row;

static void drop_old(struct hc_rates_row *row, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < row->count; i++)
        if (row->list[i].ms >= now_ms - HC_RATES_WINDOW_MS && row->list[i].ms <= now_ms)
            row->list[kept++] = row->list[i];
    row->count = kept;
}

static void take_in(struct hc_rates_row *row, const struct hc_rates_sample *now)
{
    if (row->count > 0 && now->ms - row->list[row->count - 1].ms < APART_MS)
        return;
    if (row->count == HC_RATES_SAMPLES_MAX)
        memmove(row->list, row->list + 1, --row->count * sizeof row->list[0]);
    row->list[row->count++] = *now;
}

/* What is removed is no negative growth. */
static double slope(int64_t from, int64_t to, int64_t ms)
{
    return ms > 0 && to > from ? (double)(to - from) * 1000 / (double)ms : 0;
}

void hc_rates_row_note(struct hc_rates_row *row, const struct hc_rates_sample *now, struct hc_rates *out)
{
    drop_old(row, now->ms);
    take_in(row, now);
    const struct hc_rates_sample *first = &row->list[0];
    out->users = slope(first->users, now->users, now->ms - first->ms);
    out->requests = slope(first->requests, now->requests, now->ms - first->ms);
    out->known = now->ms > first->ms;
}

void hc_rates_row_write(const struct hc_rates_row *row, struct hc_buf *out)
{
    for (size_t i = 0; i < row->count; i++)
        hc_buf_printf(out, "%" PRId64 " %" PRId64 " %" PRId64 "\n", row->list[i].ms, row->list[i].users,
                      row->list[i].requests);
}

void hc_rates_row_read(struct hc_rates_row *row, const char *text)
{
    row->count = 0;
    while (*text && row->count < HC_RATES_SAMPLES_MAX) {
        struct hc_rates_sample *s = &row->list[row->count];
        int used = 0;
        if (sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNd64 "%n", &s->ms, &s->users, &s->requests, &used) !=
                3 ||
            text[used] != '\n') {
            row->count = 0;
            return;
        }
        row->count++;
        text += used + 1;
    }
}

void hc_rates_note(struct hc_cache *cache, int64_t now_ms, int64_t users, int64_t requests,
                   struct hc_rates *out)
{
    struct hc_rates_sample now = {now_ms, users, requests};
    struct hc_rates_row row = {0};
    struct hc_buf text;

    pthread_mutex_lock(&own_lock);
    hc_rates_row_note(&own_row, &now, out);
    pthread_mutex_unlock(&own_lock);

    hc_buf_init(&text, 4096);
    enum hc_err code = cache ? hc_cache_get(cache, KEY, &text) : HC_ECACHE;
    if (code == HC_OK || code == HC_ENOTFOUND) {
        hc_rates_row_read(&row, text.data);
        hc_rates_row_note(&row, &now, out);
        hc_buf_clear(&text);
        hc_rates_row_write(&row, &text);
        /* Away in between: the next fill notes it. */
        (void)hc_cache_set(cache, KEY, text.data, text.len, KEEP_MS);
    }
    hc_buf_release(&text);
}
