/* json.h - JSON in and out.
 *
 * In: hc_json_parse makes one validating scan of its own over the whole text
 * (RFC 8259 to the letter: depth, UTF-8, duplicate keys, NUL, number range,
 * nothing behind the value) and only then lets json-c build the tree. What
 * json-c would take silently - comments, NaN, a key cut at \u0000 - is refused
 * with the place and the reason. So are numbers that would be changed by
 * reading them: an integer past int64_t, a fraction or exponent past double or
 * too small for it, a negative zero, more than 128 characters. Keys are compared
 * decoded: "a" and "\u0061" are the same.
 *
 * Both directions expect the C locale: no program of ours calls setlocale.
 *
 * Out: a struct hc_json writes into a hc_buf. It puts the commas itself,
 * escapes every string, and replaces invalid UTF-8 from old data by U+FFFD so
 * that an answer is always valid JSON. A failed buffer is seen at the end, as
 * with hc_buf itself.
 *
 *     struct hc_json j;
 *     hc_json_begin(&j, &buf);
 *     hc_json_open(&j, '{');
 *     hc_json_key(&j, "users"); hc_json_int(&j, 5);
 *     hc_json_close(&j, '}');
 *
 * A tree or a writer belongs to one thread at a time.
 */
#ifndef HC_JSON_H
#define HC_JSON_H

#include <json-c/json.h>

#include "buffer.h"
#include "error.h"

#define HC_JSON_DEPTH_MAX 32

struct hc_json_limits {
    size_t bytes;     /* longest text: HC_ETOOLARGE above */
    unsigned depth;   /* arrays and objects inside one another, 1 = a flat one, at most
                         HC_JSON_DEPTH_MAX: HC_EMALFORMED above */
    unsigned members; /* most keys in one object, most items in one array: HC_ETOOLARGE above */
};
extern const struct hc_json_limits HC_JSON_LIMITS; /* 64 KB, 32 deep, 1 000 members */

/* Scans and parses. HC_OK: *out is the caller's, freed with json_object_put (a
 * bare `null` gives *out == NULL). HC_EMALFORMED or HC_ETOOLARGE: detail says
 * what is wrong and at which byte (the first one is byte 1), *out is NULL.
 * HC_ENOMEM. text needs no NUL. */
enum hc_err hc_json_parse(const char *text, size_t len, const struct hc_json_limits *limits,
                          struct json_object **out, struct hc_error *err);
/* The scan alone. */
enum hc_err hc_json_check(const char *text, size_t len, const struct hc_json_limits *limits,
                          struct hc_error *err);

/* Bytes of the valid UTF-8 prefix of text (== len when all is valid; overlong
 * forms, surrogates and numbers above U+10FFFF are invalid). */
size_t hc_utf8_valid(const char *text, size_t len);
/* Bytes of the one character that text begins with, 1 to 4; 0 when it is not a
 * valid one or len is 0. */
size_t hc_utf8_char(const char *text, size_t len);

struct hc_json {
    struct hc_buf *out;
    bool comma; /* the next item needs one in front */
};

void hc_json_begin(struct hc_json *j, struct hc_buf *out);
void hc_json_open(struct hc_json *j, char bracket);  /* '{' or '[' */
void hc_json_close(struct hc_json *j, char bracket); /* '}' or ']' */
void hc_json_key(struct hc_json *j, const char *key);
void hc_json_str(struct hc_json *j, const char *text); /* NULL writes null */
void hc_json_strn(struct hc_json *j, const char *text, size_t len);
void hc_json_int(struct hc_json *j, int64_t n);
/* decimals 0..20, others are clamped; a number that isn't finite is null. */
void hc_json_fixed(struct hc_json *j, double n, int decimals);
void hc_json_bool(struct hc_json *j, bool b);
void hc_json_null(struct hc_json *j);
void hc_json_date(struct hc_json *j, int64_t ms); /* ISO text with ms */
/* Text that is one JSON value already (made by this writer or checked). */
void hc_json_raw(struct hc_json *j, const char *json, size_t len);

/* key and value in one call. */
void hc_json_put_str(struct hc_json *j, const char *key, const char *text);
void hc_json_put_int(struct hc_json *j, const char *key, int64_t n);

/* Just the escaping, without the quotes. */
void hc_json_escape(struct hc_buf *out, const char *text, size_t len);

#endif
