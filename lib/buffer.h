/* buffer.h - growing bytes with a ceiling.
 *
 * A struct hc_buf is text or bytes that grow up to a maximum given at birth.
 * data is always NUL-terminated (data[len] == 0, not counted in len). The
 * first append that would pass the maximum, or that finds no memory, sets
 * `failed`; from then on appends do nothing, so a writer checks once at its end.
 *
 *     struct hc_buf b;
 *     hc_buf_init(&b, 64 * 1024);
 *     hc_buf_str(&b, "hello");
 *     if (hc_buf_failed(&b)) …
 *     hc_buf_release(&b);
 *
 * One buffer belongs to one thread at a time.
 */
#ifndef HC_BUFFER_H
#define HC_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hc_buf {
    char *data;  /* owned; never NULL after init, points to "" while empty */
    size_t len;  /* bytes used */
    size_t cap;  /* bytes allocated, 0 while data points to a constant "" */
    size_t max;  /* len never passes this */
    bool failed; /* sticky */
};

/* Makes an empty buffer of at most max bytes. Allocates nothing. */
void hc_buf_init(struct hc_buf *b, size_t max);
/* Frees the contents; *b is as after init. Harmless on a zeroed struct. */
void hc_buf_release(struct hc_buf *b);
/* Empties it and forgets a failure; keeps the memory. */
void hc_buf_clear(struct hc_buf *b);
/* Cuts to the first len bytes; does nothing when there are no more than that. */
void hc_buf_truncate(struct hc_buf *b, size_t len);
/* Hands the bytes over to the caller, who frees them with free(); *b is empty
 * afterwards. NULL when the buffer had failed or memory is out. */
char *hc_buf_detach(struct hc_buf *b, size_t *len);
bool hc_buf_failed(const struct hc_buf *b);

/* Appends; each does nothing once the buffer has failed. */
void hc_buf_add(struct hc_buf *b, const void *bytes, size_t len);
void hc_buf_str(struct hc_buf *b, const char *text);
void hc_buf_char(struct hc_buf *b, char c);
void hc_buf_int(struct hc_buf *b, int64_t n);
void hc_buf_printf(struct hc_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
