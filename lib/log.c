/* log.c - see log.h. */
#include "log.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "json.h"
#include "metrics.h"

#define LINE_MAX_BYTES 8192
#define TAIL_BYTES 16 /* kept free for the end: ","cut":true}\n takes 14 */

static const char *const level_words[] = {"debug", "info", "warn", "error"};
#define LEVELS (int)(sizeof level_words / sizeof level_words[0])

/* Set by hc_log_setup, constant from then on. */
static int least_level = HC_LOG_INFO;
static char instance_name[128];

/* One line being built. Behind len there is always room for the tail. */
struct line {
    size_t len;
    bool cut; /* something did not fit: no more is added */
    char data[LINE_MAX_BYTES];
};

static int clamp_level(int level)
{
    return level < 0 || level >= LEVELS ? HC_LOG_ERROR : level;
}

void hc_log_setup(enum hc_log_level least, const char *instance)
{
    least_level = clamp_level((int)least);
    snprintf(instance_name, sizeof instance_name, "%s", instance ? instance : "");

    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

int hc_log_level_parse(const char *word)
{
    for (int i = 0; word && i < LEVELS; i++)
        if (strcmp(word, level_words[i]) == 0)
            return i;
    return -1;
}

int hc_log_enabled(enum hc_log_level level)
{
    return clamp_level((int)level) >= least_level;
}

/* Adds all of the bytes or, when they don't fit, none, and marks the cut. */
static bool add(struct line *l, const char *bytes, size_t len)
{
    if (l->cut || l->len + len > sizeof l->data - TAIL_BYTES) {
        l->cut = true;
        return false;
    }
    memcpy(l->data + l->len, bytes, len);
    l->len += len;
    return true;
}

/* The JSON form of the character that text begins with; *used gets its bytes. */
static size_t escape_one(const char *text, size_t len, char out[8], size_t *used)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char c = (unsigned char)*text;

    *used = 1;
    if (c == '"' || c == '\\') {
        out[0] = '\\';
        out[1] = (char)c;
        return 2;
    }
    size_t n = hc_utf8_char(text, len);
    bool c1 = n == 2 && c == 0xC2 && (unsigned char)text[1] < 0xA0;
    if (c < 0x20 || c == 0x7F || c1) { /* what a terminal might obey */
        *used = c1 ? 2 : 1;
        c = (unsigned char)text[*used - 1];
        memcpy(out, "\\u00", 4);
        out[4] = hex[c >> 4];
        out[5] = hex[c & 15];
        return 6;
    }
    if (n == 0) {
        memcpy(out, "\xEF\xBF\xBD", 3);
        return 3;
    }
    memcpy(out, text, n);
    *used = n;
    return n;
}

static void add_escaped(struct line *l, const char *text)
{
    size_t len = strnlen(text, LINE_MAX_BYTES);
    size_t used;
    char out[8];

    for (size_t i = 0; i < len && !l->cut; i += used) {
        size_t n = escape_one(text + i, len - i, out, &used);
        add(l, out, n);
    }
}

/* ,"name":  - or nothing at all when there is no room for it, a quote and a
 * character. */
static bool add_name(struct line *l, const char *name)
{
    size_t start = l->len;
    add(l, ",\"", 2);
    add_escaped(l, name ? name : "");
    add(l, "\":", 2);
    if (l->cut)
        l->len = start;
    return !l->cut;
}

static void add_text(struct line *l, const char *name, const char *text)
{
    size_t start = l->len;
    if (!add_name(l, name))
        return;
    if (!add(l, "\"", 1)) {
        l->len = start;
        return;
    }
    add_escaped(l, text ? text : "");
    l->data[l->len++] = '"'; /* if need be, the tail's first byte */
}

static void add_number(struct line *l, const char *name, int64_t number)
{
    char digits[24];
    size_t start = l->len;
    int n = snprintf(digits, sizeof digits, "%lld", (long long)number);
    if (add_name(l, name) && !add(l, digits, (size_t)n))
        l->len = start;
}

static void begin(struct line *l, int level, const char *event, const char *msg)
{
    char time[HC_ISO_MAX];
    l->len = 0;
    l->cut = false;
    add(l, "{\"time\":\"", 9);
    hc_iso_format(hc_now_ms(), time);
    add(l, time, strlen(time));
    add(l, "\"", 1);
    add_text(l, "level", level_words[level]);
    add_text(l, "event", event);
    add_text(l, "msg", msg);
    if (instance_name[0])
        add_text(l, "instance", instance_name);
}

static void finish(struct line *l)
{
    static const char whole[] = "}\n";
    static const char cut[] = ",\"cut\":true}\n";
    const char *tail = l->cut ? cut : whole;
    size_t n = l->cut ? sizeof cut - 1 : sizeof whole - 1;
    memcpy(l->data + l->len, tail, n);
    l->len += n;

    ssize_t done;
    do
        done = write(STDERR_FILENO, l->data, l->len);
    while (done < 0 && errno == EINTR);
}

void hc_log(enum hc_log_level level, const char *event, const char *msg, ...)
{
    if (!hc_log_enabled(level))
        return;
    int kept = errno;
    struct line l;
    begin(&l, clamp_level((int)level), event, msg);
    hc_metric_add(HC_METRIC_LOG_LINES, (size_t)clamp_level((int)level), 1);

    va_list args;
    va_start(args, msg);
    const struct hc_log_field *f;
    while ((f = va_arg(args, const struct hc_log_field *))) {
        if (f->text)
            add_text(&l, f->name, f->text);
        else
            add_number(&l, f->name, f->number);
    }
    va_end(args);
    finish(&l);
    errno = kept;
}
