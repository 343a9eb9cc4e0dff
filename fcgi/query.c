/* web.c - see web.h. */
#include "query.h"

#include <inttypes.h>
#include <string.h>

#include "clock.h"

#define MOMENT_MAX INT64_C(253402300799999) /* the last ms of the year 9999 */

const struct text *query_param(const struct request *r, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < r->param_count; i++) {
        const struct param *p = &r->params[i];
        if (p->name.len == len && memcmp(p->name.at, name, len) == 0)
            return &p->value;
    }
    return NULL;
}

const struct text *query_value(const struct request *r, const char *name)
{
    const struct text *value = query_param(r, name);
    return value && value->len > 0 ? value : NULL;
}

bool query_digits(const char *text, size_t len, int64_t min, int64_t max, int64_t *out)
{
    int64_t n = 0;
    if (len == 0)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        int64_t digit = text[i] - '0';
        if (n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    if (n < min || n > max)
        return false;
    *out = n;
    return true;
}

enum hc_err query_number(const char *name, struct text value, int64_t min, int64_t max, int64_t *out,
                         struct hc_error *err)
{
    if (query_digits(value.at, value.len, min, max, out))
        return HC_OK;
    return hc_fail(err, HC_EMALFORMED, name,
                   "%s must be a whole number from %" PRId64 " to %" PRId64 ", in digits", name, min, max);
}

enum hc_err query_int(const struct request *r, const char *name, int64_t min, int64_t max, int64_t absent,
                      int64_t *out, struct hc_error *err)
{
    const struct text *value = query_value(r, name);
    if (value)
        return query_number(name, *value, min, max, out, err);
    *out = absent;
    return HC_OK;
}

enum hc_err query_moment(const char *name, struct text value, int64_t *ms, struct hc_error *err)
{
    char text[48];
    if (query_digits(value.at, value.len, 0, MOMENT_MAX, ms))
        return HC_OK;
    size_t len = value.len < sizeof text ? value.len : sizeof text;
    memcpy(text, value.at, len);
    char *blank = memchr(text, ' ', len);
    if (blank)
        *blank = '+';
    if (value.len < sizeof text && hc_iso_read(text, len, ms))
        return HC_OK;
    return hc_fail(err, HC_EMALFORMED, name,
                   "%s must be a time such as 2026-11-23T13:20:00Z, or ms since 1970", name);
}

void query_escape(struct hc_buf *out, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    for (; *text; text++) {
        if (strchr(plain, *text))
            hc_buf_char(out, *text);
        else
            hc_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}
