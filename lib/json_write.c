/* json_write.c - the writing half of json.h, and UTF-8. */
#include "json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

#define HIGH 'H' /* begins a UTF-8 character of more than one byte, or is invalid */

/* What a byte needs in a JSON text: 0 nothing, HIGH a look at the character
 * that begins here, 'u' the form \u00XX, else it is the letter behind '\'. */
static char byte_class(unsigned char c)
{
    static const char control[] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu"; /* 0..31 */
    if (c < 0x20)
        return control[c];
    if (c >= 0x80)
        return HIGH;
    return c == '"' || c == '\\' ? (char)c : 0;
}

/* Bytes 0xC2..0xF4 begin a character of 2 to 4 bytes; the range of the second
 * byte keeps out overlong forms, surrogates and numbers above U+10FFFF. */
size_t hc_utf8_char(const char *text, size_t len)
{
    if (len == 0)
        return 0;
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
    if (n == 0 || n > len)
        return 0;
    unsigned low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    unsigned high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return n;
}

/* True when none of the 8 bytes is a control byte, '"', '\' or above 0x7F. Each
 * term leaves the top bit of a byte set where the byte is one of these; a
 * borrow can set one too many, which only sends us to the slow path. */
static bool eight_clean(const char *text)
{
    uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t tops = UINT64_C(0x8080808080808080);
    uint64_t w;
    memcpy(&w, text, sizeof w);
    uint64_t quote = w ^ (ones * '"');
    uint64_t slash = w ^ (ones * '\\');
    return ((w | (w - ones * 0x20) | (quote - ones) | (slash - ones)) & tops) == 0;
}

size_t hc_utf8_valid(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        if (len - i >= 8 && eight_clean(text + i)) {
            i += 8;
            continue;
        }
        size_t n = hc_utf8_char(text + i, len - i);
        if (n == 0)
            break;
        i += n;
    }
    return i;
}

/* Bytes from text that can be copied as they are. */
static size_t clean_run(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        if (len - i >= 8 && eight_clean(text + i)) {
            i += 8;
            continue;
        }
        char class = byte_class((unsigned char)text[i]);
        size_t n = class == 0 ? 1 : class == HIGH ? hc_utf8_char(text + i, len - i) : 0;
        if (n == 0)
            break;
        i += n;
    }
    return i;
}

static void escape_byte(struct hc_buf *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char class = byte_class(c);
    switch (class) {
    case HIGH: /* one byte of invalid UTF-8 */
        hc_buf_add(out, "\xEF\xBF\xBD", 3);
        break;
    case 'u':
        hc_buf_add(out, (const char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
        break;
    default:
        hc_buf_add(out, (const char[]){'\\', class}, 2);
        break;
    }
}

void hc_json_escape(struct hc_buf *out, const char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        size_t run = clean_run(text + i, len - i);
        hc_buf_add(out, text + i, run);
        i += run;
        if (i < len)
            escape_byte(out, (unsigned char)text[i++]);
    }
}

void hc_json_begin(struct hc_json *j, struct hc_buf *out)
{
    *j = (struct hc_json){.out = out};
}

/* What comes before an item, and what is true behind it. */
static void item(struct hc_json *j)
{
    if (j->comma)
        hc_buf_char(j->out, ',');
    j->comma = true;
}

/* The same for an item or a key in quotes: , and " in one go. */
static void begin_text(struct hc_json *j)
{
    hc_buf_add(j->out, j->comma ? ",\"" : "\"", j->comma ? 2 : 1);
}

void hc_json_open(struct hc_json *j, char bracket)
{
    item(j);
    hc_buf_char(j->out, bracket);
    j->comma = false;
}

void hc_json_close(struct hc_json *j, char bracket)
{
    hc_buf_char(j->out, bracket);
    j->comma = true;
}

void hc_json_key(struct hc_json *j, const char *key)
{
    size_t len = strlen(key);
    begin_text(j);
    hc_json_escape(j->out, key, len);
    hc_buf_add(j->out, "\":", 2);
    j->comma = false;
}

void hc_json_strn(struct hc_json *j, const char *text, size_t len)
{
    begin_text(j);
    hc_json_escape(j->out, text, len);
    hc_buf_char(j->out, '"');
    j->comma = true;
}

void hc_json_str(struct hc_json *j, const char *text)
{
    if (text)
        hc_json_strn(j, text, strlen(text));
    else
        hc_json_null(j);
}

void hc_json_int(struct hc_json *j, int64_t n)
{
    item(j);
    hc_buf_int(j->out, n);
}

void hc_json_fixed(struct hc_json *j, double n, int decimals)
{
    if (!isfinite(n)) {
        hc_json_null(j);
        return;
    }
    char text[352]; /* a double has at most 309 digits in front of the point */
    decimals = decimals < 0 ? 0 : decimals > 20 ? 20 : decimals;
    int len = snprintf(text, sizeof text, "%.*f", decimals, n);
    /* "-0.00" is a zero: our own reader refuses a negative one */
    size_t sign = text[0] == '-' && strspn(text + 1, "0.") == (size_t)len - 1;
    hc_json_raw(j, text + sign, (size_t)len - sign);
}

void hc_json_bool(struct hc_json *j, bool b)
{
    hc_json_raw(j, b ? "true" : "false", b ? 4 : 5);
}

void hc_json_null(struct hc_json *j)
{
    hc_json_raw(j, "null", 4);
}

void hc_json_date(struct hc_json *j, int64_t ms)
{
    char text[HC_ISO_MAX + 2];
    hc_iso_format(ms, text + 1);
    size_t len = strlen(text + 1);
    text[0] = '"';
    text[len + 1] = '"';
    hc_json_raw(j, text, len + 2);
}

void hc_json_raw(struct hc_json *j, const char *json, size_t len)
{
    item(j);
    hc_buf_add(j->out, json, len);
}

void hc_json_put_str(struct hc_json *j, const char *key, const char *text)
{
    hc_json_key(j, key);
    hc_json_str(j, text);
}

void hc_json_put_int(struct hc_json *j, const char *key, int64_t n)
{
    hc_json_key(j, key);
    hc_json_int(j, n);
}
