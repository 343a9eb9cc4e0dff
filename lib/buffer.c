/* buffer.c - see buffer.h. */
#include "buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 128 /* bytes of the first allocation */

/* What data points to while cap is 0: nobody writes into it. */
static char empty[1];

void hc_buf_init(struct hc_buf *b, size_t max)
{
    *b = (struct hc_buf){.data = empty, .max = max};
}

void hc_buf_release(struct hc_buf *b)
{
    if (b->cap > 0)
        free(b->data);
    hc_buf_init(b, b->max);
}

void hc_buf_clear(struct hc_buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->cap > 0)
        b->data[0] = '\0';
}

void hc_buf_truncate(struct hc_buf *b, size_t len)
{
    if (len >= b->len)
        return;
    b->len = len;
    b->data[len] = '\0';
}

char *hc_buf_detach(struct hc_buf *b, size_t *len)
{
    char *data = NULL;
    size_t n = b->len;

    if (!b->failed && b->cap > 0) {
        data = b->data;
        b->cap = 0; /* release leaves it alone */
    } else if (!b->failed) {
        data = calloc(1, 1);
    }
    hc_buf_release(b);
    if (len)
        *len = data ? n : 0;
    return data;
}

bool hc_buf_failed(const struct hc_buf *b)
{
    return b->failed;
}

/* Makes room for extra bytes and the NUL. False, and failed is set, when that
 * passes the maximum or there is no memory. */
static bool reserve(struct hc_buf *b, size_t extra)
{
    if (b->failed)
        return false;
    if (extra < b->cap - b->len)
        return true;
    if (extra > b->max - b->len || extra > SIZE_MAX - 1 - b->len) {
        b->failed = true;
        return false;
    }
    size_t need = b->len + extra + 1;
    size_t cap = b->cap ? b->cap : FIRST_CAP;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    if (cap - 1 > b->max)
        cap = b->max + 1; /* so what fits cap also fits max */
    char *data = realloc(b->cap ? b->data : NULL, cap);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

void hc_buf_add(struct hc_buf *b, const void *bytes, size_t len)
{
    if (len == 0 || !reserve(b, len))
        return;
    memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void hc_buf_str(struct hc_buf *b, const char *text)
{
    hc_buf_add(b, text, strlen(text));
}

void hc_buf_char(struct hc_buf *b, char c)
{
    if (!reserve(b, 1))
        return;
    b->data[b->len++] = c;
    b->data[b->len] = '\0';
}

void hc_buf_int(struct hc_buf *b, int64_t n)
{
    char digits[20]; /* "-9223372036854775808" */
    char *end = digits + sizeof digits;
    char *p = end;
    uint64_t left = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    do {
        *--p = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (n < 0)
        *--p = '-';
    hc_buf_add(b, p, (size_t)(end - p));
}

void hc_buf_printf(struct hc_buf *b, const char *format, ...)
{
    if (b->failed)
        return;
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);

    int len = vsnprintf(NULL, 0, format, args);
    if (len < 0)
        b->failed = true;
    else if (len > 0 && reserve(b, (size_t)len)) {
        vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
        b->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
}
