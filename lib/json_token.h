/* json_token.h - inside of json.h: the strings, numbers and words of a JSON text.
 *
 * A cursor walks over the text; each function here expects it on the first byte
 * of a token, moves it behind the token, or fails with a sentence that says at
 * which byte (the first one is byte 1). A cursor belongs to one thread.
 */
#ifndef HC_JSON_TOKEN_H
#define HC_JSON_TOKEN_H

#include <stddef.h>

#include "buffer.h"
#include "error.h"

struct hc_json_cursor {
    const char *text; /* need not be NUL-terminated */
    size_t len;
    size_t at;            /* next byte to read, never above len */
    struct hc_error *err; /* may be NULL */
};

/* Fails with HC_EMALFORMED, "<what> at byte N", where at counts from 0. */
enum hc_err hc_json_malformed(struct hc_json_cursor *t, const char *what, size_t at);
/* Fails with HC_EMALFORMED: this character, or the end of the text, can't be here. */
enum hc_err hc_json_unexpected(struct hc_json_cursor *t);

/* A string, from its opening quote. Its text is appended to decoded, which may be NULL. */
enum hc_err hc_json_scan_string(struct hc_json_cursor *t, struct hc_buf *decoded);
/* A number that fits into an int64_t or, with a fraction or an exponent, into a double. */
enum hc_err hc_json_scan_number(struct hc_json_cursor *t);
/* true, false or null. */
enum hc_err hc_json_scan_word(struct hc_json_cursor *t);

#endif
