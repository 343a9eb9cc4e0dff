/* json_token.c - strings, numbers and words of the JSON scan: see json_token.h. */
#include "json_token.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

#define NUMBER_MAX 128 /* longest number taken, in characters */

enum hc_err hc_json_malformed(struct hc_json_cursor *t, const char *what, size_t at)
{
    return hc_fail(t->err, HC_EMALFORMED, NULL, "%s at byte %zu", what, at + 1);
}

enum hc_err hc_json_unexpected(struct hc_json_cursor *t)
{
    if (t->at >= t->len)
        return hc_fail(t->err, HC_EMALFORMED, NULL, "the JSON text ends too early, after byte %zu", t->len);
    return hc_json_malformed(t, "unexpected character", t->at);
}

/* Four hex digits behind \u; -1 when they are not there. */
static int hex4(const struct hc_json_cursor *t, size_t at)
{
    int n = 0;
    if (t->len - at < 4)
        return -1;
    for (size_t i = at; i < at + 4; i++) {
        char c = t->text[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        n = n * 16 + digit;
    }
    return n;
}

static void put_utf8(struct hc_buf *out, unsigned n)
{
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0}; /* by length */
    size_t len = n < 0x80 ? 1 : n < 0x800 ? 2 : n < 0x10000 ? 3 : 4;
    char bytes[4];
    for (size_t i = len - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (n & 0x3F));
        n >>= 6;
    }
    bytes[0] = (char)(lead[len] | n);
    hc_buf_add(out, bytes, len);
}

/* \uXXXX or a pair of them; at is on the 'u'. Moves at behind it. */
static enum hc_err scan_unicode(struct hc_json_cursor *t, struct hc_buf *decoded)
{
    size_t start = t->at - 1;
    int n = hex4(t, t->at + 1);
    if (n < 0)
        return hc_json_malformed(t, "a \\u without four hex digits", start);
    if (n == 0)
        return hc_json_malformed(t, "the character \\u0000 is not accepted", start);
    if (n >= 0xDC00 && n <= 0xDFFF)
        return hc_json_malformed(t, "half of a surrogate pair", start);
    t->at += 5;
    if (n >= 0xD800 && n <= 0xDBFF) {
        int low = -1;
        if (t->len - t->at >= 6 && t->text[t->at] == '\\' && t->text[t->at + 1] == 'u')
            low = hex4(t, t->at + 2);
        if (low < 0xDC00 || low > 0xDFFF)
            return hc_json_malformed(t, "half of a surrogate pair", start);
        t->at += 6;
        n = 0x10000 + ((n - 0xD800) << 10) + (low - 0xDC00);
    }
    if (decoded)
        put_utf8(decoded, (unsigned)n);
    return HC_OK;
}

static enum hc_err scan_escape(struct hc_json_cursor *t, struct hc_buf *decoded)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    t->at++;
    if (t->at >= t->len)
        return hc_json_unexpected(t);
    char c = t->text[t->at];
    if (c == 'u')
        return scan_unicode(t, decoded);
    const char *letter = c ? strchr(letters, c) : NULL;
    if (!letter)
        return hc_json_malformed(t, "an unknown escape", t->at - 1);
    if (decoded)
        hc_buf_char(decoded, meanings[letter - letters]);
    t->at++;
    return HC_OK;
}

enum hc_err hc_json_scan_string(struct hc_json_cursor *t, struct hc_buf *decoded)
{
    t->at++;
    while (t->at < t->len && t->text[t->at] != '"') {
        unsigned char c = (unsigned char)t->text[t->at];
        if (c == '\\') {
            enum hc_err rc = scan_escape(t, decoded);
            if (rc != HC_OK)
                return rc;
            continue;
        }
        if (c < 0x20)
            return hc_json_malformed(t, "a raw control character", t->at);
        size_t n = hc_utf8_char(t->text + t->at, t->len - t->at);
        if (n == 0)
            return hc_json_malformed(t, "invalid UTF-8", t->at);
        if (decoded)
            hc_buf_add(decoded, t->text + t->at, n);
        t->at += n;
    }
    if (t->at >= t->len)
        return hc_json_unexpected(t);
    t->at++;
    return HC_OK;
}

static size_t digits(const struct hc_json_cursor *t, size_t at)
{
    size_t n = 0;
    while (at + n < t->len && t->text[at + n] >= '0' && t->text[at + n] <= '9')
        n++;
    return n;
}

/* Moves at behind a number of the right form; *integer says whether it is one. */
static enum hc_err scan_number_form(struct hc_json_cursor *t, bool *integer)
{
    *integer = true;
    if (t->text[t->at] == '-')
        t->at++;
    size_t n = digits(t, t->at);
    if (n == 0)
        return hc_json_unexpected(t);
    if (n > 1 && t->text[t->at] == '0')
        return hc_json_malformed(t, "a number with a leading zero", t->at);
    t->at += n;
    if (t->at < t->len && t->text[t->at] == '.') {
        *integer = false;
        t->at++;
        if ((n = digits(t, t->at)) == 0)
            return hc_json_unexpected(t);
        t->at += n;
    }
    if (t->at < t->len && (t->text[t->at] == 'e' || t->text[t->at] == 'E')) {
        *integer = false;
        t->at++;
        if (t->at < t->len && (t->text[t->at] == '+' || t->text[t->at] == '-'))
            t->at++;
        if ((n = digits(t, t->at)) == 0)
            return hc_json_unexpected(t);
        t->at += n;
    }
    return HC_OK;
}

/* Integers must fit into 64 bits, others into a double; a negative zero and a
 * number that would become zero are refused, since they would be changed. */
enum hc_err hc_json_scan_number(struct hc_json_cursor *t)
{
    static const char range[] = "a number out of range";
    size_t start = t->at;
    bool integer;
    enum hc_err rc = scan_number_form(t, &integer);
    if (rc != HC_OK)
        return rc;
    size_t len = t->at - start;
    if (len > NUMBER_MAX)
        return hc_json_malformed(t, "a number with too many digits", start);

    char text[NUMBER_MAX + 1];
    memcpy(text, t->text + start, len);
    text[len] = '\0';
    errno = 0;
    if (integer) {
        long long value = strtoll(text, NULL, 10);
        return errno || (value == 0 && text[0] == '-') ? hc_json_malformed(t, range, start) : HC_OK;
    }
    double value = strtod(text, NULL);
    bool lost = value == 0.0 && (errno || signbit(value));
    return !isfinite(value) || lost ? hc_json_malformed(t, range, start) : HC_OK;
}

enum hc_err hc_json_scan_word(struct hc_json_cursor *t)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t n = strlen(words[i]);
        if (t->len - t->at >= n && memcmp(t->text + t->at, words[i], n) == 0) {
            t->at += n;
            return HC_OK;
        }
    }
    return hc_json_unexpected(t);
}
