/* See metrics.h. This file: the cells, counting, and rendering of one process. metrics_process.c asks the
 * system about it, metrics_page.c makes the page of all. */
#include "metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "bus.h"
#include "json.h"
#include "metrics_inside.h"
#include "version.h"

/* ---- the cells ---- */

static const struct {
    int64_t us;
    const char *le;
} buckets[] = {{1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"},  {10000, "0.01"},
               {25000, "0.025"}, {50000, "0.05"},  {100000, "0.1"},  {250000, "0.25"},
               {500000, "0.5"},  {1000000, "1"},   {2500000, "2.5"}, {5000000, "5"}};
#define BUCKETS 12
#define BUCKET_SUM (BUCKETS + 1) /* behind the one for all that is longer */
#define HISTOGRAM_CELLS (BUCKETS + 2)
_Static_assert(sizeof buckets / sizeof *buckets == BUCKETS, "the table of buckets has another length");
_Static_assert(HC_ERR_COUNT <= 32, "the label kind has too little room");

#define ROOM(id, name, room) ROOM_##id = (room),
enum { HC_LABELS(ROOM) };
#undef ROOM

#define WIDTH_COUNTER 1
#define WIDTH_GAUGE 1
#define WIDTH_HISTOGRAM HISTOGRAM_CELLS
#define CELLS(a, b, c) ((size_t)ROOM_##a * ROOM_##b * ROOM_##c)
/* Where each metric's cells begin in the array of all. */
#define AT(id, type, name, scale, who, a, b, c, sparse, help)                                                \
    AT_##id, LAST_##id = AT_##id + (int)CELLS(a, b, c) * WIDTH_##type - 1,
enum { HC_METRICS(AT) ALL_CELLS };
#undef AT

/* A gauge is stored with its highest bit turned over, so that the 0 of a fresh process means "not set";
 * adding to it works as ever. */
#define TURNED ((uint64_t)1 << 63)
static _Atomic uint64_t cells[ALL_CELLS];

#define ROW(id, type_, name_, scale_, who, a, b, c, sparse_, help_)                                          \
    [HC_METRIC_##id] = {.type = HC_METRIC_##type_,                                                           \
                        .name = name_,                                                                       \
                        .help = help_,                                                                       \
                        .scale = scale_,                                                                     \
                        .roles = HC_METRIC_OF_##who,                                                         \
                        .labels = {HC_LABEL_##a, HC_LABEL_##b, HC_LABEL_##c},                                \
                        .sparse = sparse_,                                                                   \
                        .first = AT_##id,                                                                    \
                        .cells = CELLS(a, b, c)},
const struct hc_metric_row hc_metric_rows[HC_METRIC_COUNT] = {HC_METRICS(ROW)};
#undef ROW

/* ---- the labels ---- */

static const char *const results[] = {"ok", "failed"};
static const char *const commands[] = {"find", "getMore",       "insert",    "update", "delete",
                                       "ping", "findAndModify", "aggregate", "other"};
static const char *const topics[] = {HC_TOPIC_TRIGGER, HC_TOPIC_BULK,    HC_TOPIC_CREATED,
                                     HC_TOPIC_UPDATED, HC_TOPIC_DELETED, HC_TOPIC_ACTIVITY,
                                     HC_TOPIC_PING,    HC_TOPIC_DEAD,    "other"};
static const char *const messages[] = {"processed", "dead", "retried"};
static const char *const kept[] = {"hit", "stale", "filled", "failed"};
static const char *const requests[] = {"counted", "repeated", "late"};
static const char *const levels[] = {"debug", "info", "warn", "error"};
static const char *const versions[] = {HC_VERSION};

#define LIST(values) (values), sizeof(values) / sizeof *(values)
static struct label {
    const char *const *values; /* NULL: not named yet; of the kinds of errors: hc_err_text */
    size_t count;
} labels[HC_LABEL_COUNT] = {
    [HC_LABEL_NONE] = {NULL, 1},         [HC_LABEL_KIND] = {NULL, HC_ERR_COUNT},
    [HC_LABEL_RESULT] = {LIST(results)}, [HC_LABEL_COMMAND] = {LIST(commands)},
    [HC_LABEL_TOPIC] = {LIST(topics)},   [HC_LABEL_MESSAGE] = {LIST(messages)},
    [HC_LABEL_KEPT] = {LIST(kept)},      [HC_LABEL_REQUEST] = {LIST(requests)},
    [HC_LABEL_LEVEL] = {LIST(levels)},   [HC_LABEL_VERSION] = {LIST(versions)},
};
#define NAME_ROOM(id, text, room) {text, room},
static const struct {
    const char *name;
    size_t room;
} label_names[HC_LABEL_COUNT] = {HC_LABELS(NAME_ROOM)};
#undef NAME_ROOM

static const char *value_of(enum hc_metric_label label, size_t i)
{
    if (label == HC_LABEL_KIND)
        return hc_err_text((enum hc_err)i);
    return i < labels[label].count && labels[label].values ? labels[label].values[i] : "";
}

/* ---- set-up ---- */

static unsigned own_roles = HC_METRIC_OF_BOTH;
static const char *own_program[1] = {""};

void hc_metrics_label(enum hc_metric_label label, const char *const *values, size_t count)
{
    if (label <= HC_LABEL_NONE || label >= HC_LABEL_COUNT)
        return;
    labels[label].values = values;
    labels[label].count = count < label_names[label].room ? count : label_names[label].room;
}

void hc_metrics_setup(enum hc_metric_role role, const char *program)
{
    own_roles = role;
    own_program[0] = program;
    hc_metrics_label(HC_LABEL_PROGRAM, own_program, 1);
    hc_metric_set(HC_METRIC_BUILD, 0, 1);
    hc_metric_set(HC_METRIC_HTTP_IN_FLIGHT, 0, 0);
}

/* ---- counting ---- */

static size_t within(size_t i, enum hc_metric_label label)
{
    size_t room = label_names[label].room;
    size_t count = labels[label].count ? labels[label].count : room;
    return i < count ? i : count - 1;
}

size_t hc_metric_cell(enum hc_metric m, size_t a, size_t b, size_t c)
{
    const enum hc_metric_label *l = hc_metric_rows[m].labels;
    size_t cell = within(a, l[0]);
    cell = cell * label_names[l[1]].room + within(b, l[1]);
    return cell * label_names[l[2]].room + within(c, l[2]);
}

/* NULL for what isn't there, or is of another type. */
static _Atomic uint64_t *find(enum hc_metric m, size_t cell, bool histogram)
{
    if ((unsigned)m >= HC_METRIC_COUNT || cell >= hc_metric_rows[m].cells ||
        (hc_metric_rows[m].type == HC_METRIC_HISTOGRAM) != histogram)
        return NULL;
    return &cells[hc_metric_rows[m].first + cell * (histogram ? HISTOGRAM_CELLS : 1)];
}

void hc_metric_add(enum hc_metric m, size_t cell, int64_t n)
{
    _Atomic uint64_t *at = find(m, cell, false);
    if (at)
        atomic_fetch_add_explicit(at, (uint64_t)n, memory_order_relaxed);
}

void hc_metric_set(enum hc_metric m, size_t cell, int64_t value)
{
    _Atomic uint64_t *at = find(m, cell, false);
    if (!at)
        return;
    uint64_t turned = hc_metric_rows[m].type == HC_METRIC_GAUGE ? TURNED : 0;
    atomic_store_explicit(at, (uint64_t)value ^ turned, memory_order_relaxed);
}

void hc_metric_clear(enum hc_metric m, size_t cell)
{
    _Atomic uint64_t *at = find(m, cell, false);
    if (at && hc_metric_rows[m].type == HC_METRIC_GAUGE)
        atomic_store_explicit(at, 0, memory_order_relaxed);
}

void hc_metric_observe(enum hc_metric m, size_t cell, int64_t us)
{
    _Atomic uint64_t *at = find(m, cell, true);
    size_t b = 0;
    if (!at)
        return;
    us = us < 0 ? 0 : us;
    while (b < BUCKETS && us > buckets[b].us)
        b++;
    atomic_fetch_add_explicit(&at[b], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&at[BUCKET_SUM], (uint64_t)us, memory_order_relaxed);
}

/* The place of a word in a list whose last one is "other". */
static size_t place_of(const char *word, const char *const *list, size_t count)
{
    size_t i = 0;
    while (i + 1 < count && strcmp(word, list[i]) != 0)
        i++;
    return i;
}

void hc_metric_messages(const char *topic, enum hc_metric_message outcome, int64_t n)
{
    hc_metric_add(HC_METRIC_MESSAGES,
                  hc_metric_cell(HC_METRIC_MESSAGES, place_of(topic, LIST(topics)), outcome, 0), n);
}

void hc_metric_command(const char *command, enum hc_metric_call result, int64_t us)
{
    size_t place = place_of(command, LIST(commands));
    hc_metric_add(HC_METRIC_MONGODB_COMMANDS, hc_metric_cell(HC_METRIC_MONGODB_COMMANDS, place, result, 0),
                  1);
    hc_metric_observe(HC_METRIC_MONGODB_DURATION, 0, us);
}

/* ---- rendering ---- */

void hc_metrics_quote(struct hc_buf *out, const char *value)
{
    hc_buf_char(out, '"');
    for (size_t left = strlen(value), n; left > 0; value += n, left -= n) {
        n = hc_utf8_char(value, left);
        if (*value == '\\' || *value == '"' || *value == '\n') {
            hc_buf_char(out, '\\');
            hc_buf_char(out, *value == '\n' ? 'n' : *value);
        } else if (n == 0 || (unsigned char)*value < 0x20 || *value == 0x7f) {
            hc_buf_char(out, '?');
            n = 1;
        } else {
            hc_buf_add(out, value, n);
        }
    }
    hc_buf_char(out, '"');
}

/* {a="…",b="…"}, or nothing; le may be NULL. */
static void write_labels(struct hc_buf *out, const struct hc_metric_row *row, size_t cell, const char *le)
{
    size_t place[3];
    char between = '{';
    for (int l = 2; l >= 0; l--) {
        place[l] = cell % label_names[row->labels[l]].room;
        cell /= label_names[row->labels[l]].room;
    }
    for (int l = 0; l < 3 && row->labels[l] != HC_LABEL_NONE; l++, between = ',') {
        hc_buf_char(out, between);
        hc_buf_str(out, label_names[row->labels[l]].name);
        hc_buf_char(out, '=');
        hc_metrics_quote(out, value_of(row->labels[l], place[l]));
    }
    if (le)
        hc_buf_printf(out, "%cle=\"%s\"", between, le);
    if (le || between == ',')
        hc_buf_char(out, '}');
}

/* n / scale, exactly; scale is a power of ten. */
static void write_value(struct hc_buf *out, int64_t n, int64_t scale)
{
    int digits = 0;
    uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    for (int64_t s = scale; s > 1; s /= 10)
        digits++;
    hc_buf_printf(out, " %s%" PRIu64, n < 0 ? "-" : "", size / (uint64_t)scale);
    if (size % (uint64_t)scale != 0)
        hc_buf_printf(out, ".%0*" PRIu64, digits, size % (uint64_t)scale);
    hc_buf_char(out, '\n');
}

static void write_histogram(struct hc_buf *out, const struct hc_metric_row *row, size_t cell)
{
    const _Atomic uint64_t *at = &cells[row->first + cell * HISTOGRAM_CELLS];
    uint64_t n[HISTOGRAM_CELLS], sum = 0;
    for (size_t b = 0; b < HISTOGRAM_CELLS; b++)
        n[b] = atomic_load_explicit(&at[b], memory_order_relaxed);
    for (size_t b = 0; b <= BUCKETS; b++)
        sum += n[b];
    if (row->sparse && sum == 0)
        return;
    uint64_t up_to = 0;
    for (size_t b = 0; b <= BUCKETS; b++) {
        up_to += n[b];
        hc_buf_printf(out, "%s_bucket", row->name);
        write_labels(out, row, cell, b < BUCKETS ? buckets[b].le : "+Inf");
        write_value(out, (int64_t)up_to, 1);
    }
    hc_buf_printf(out, "%s_sum", row->name);
    write_labels(out, row, cell, NULL);
    write_value(out, (int64_t)n[BUCKET_SUM], row->scale);
    hc_buf_printf(out, "%s_count", row->name);
    write_labels(out, row, cell, NULL);
    write_value(out, (int64_t)sum, 1);
}

static void write_cell(struct hc_buf *out, const struct hc_metric_row *row, size_t cell)
{
    if (row->type == HC_METRIC_HISTOGRAM) {
        write_histogram(out, row, cell);
        return;
    }
    uint64_t stored = atomic_load_explicit(&cells[row->first + cell], memory_order_relaxed);
    if (stored == 0 && (row->sparse || row->type == HC_METRIC_GAUGE))
        return;
    hc_buf_str(out, row->name);
    write_labels(out, row, cell, NULL);
    write_value(out, (int64_t)(row->type == HC_METRIC_GAUGE ? stored ^ TURNED : stored), row->scale);
}

void hc_metrics_render(struct hc_buf *out)
{
    hc_metrics_note_process();
    for (size_t m = 0; m < HC_METRIC_COUNT; m++)
        for (size_t cell = 0; (hc_metric_rows[m].roles & own_roles) && cell < hc_metric_rows[m].cells; cell++)
            write_cell(out, &hc_metric_rows[m], cell);
}
