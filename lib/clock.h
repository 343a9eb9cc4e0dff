/* clock.h - the two clocks, and times as text.
 *
 * hc_now_* is wall time, for what is stored and shown; hc_mono_ms is for
 * measuring and for deadlines, since wall time can jump. A deadline is an
 * absolute hc_mono_ms value. All functions are thread-safe and can't fail.
 */
#ifndef HC_CLOCK_H
#define HC_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HC_ISO_MAX 32 /* bytes for hc_iso_format, with the NUL */

int64_t hc_now_us(void); /* µs since 1970-01-01T00:00:00Z */
int64_t hc_now_ms(void); /* ms since the same */
int64_t hc_mono_ms(void);
int64_t hc_mono_us(void); /* the same in µs, for short times */

/* What is left until deadline in ms, never below 0 and never above cap. */
int hc_left_ms(int64_t deadline, int cap);
/* Sleeps ms, or until a signal. */
void hc_sleep_ms(int ms);
/* "2026-11-23T13:20:00.123Z" from ms since the epoch (years 0001 to 9999,
 * others are clamped). Returns out. */
char *hc_iso_format(int64_t ms, char out[HC_ISO_MAX]);
/* Reads such a text: a date and a time with seconds, fractions of them (cut to ms) or none, and "Z" or an
 * offset such as +05:30; or a date alone, which is its first ms in UTC. Years 1970 to 9999. False, and *ms
 * left alone, for anything else: a date that no calendar has, a time without a zone. */
bool hc_iso_read(const char *text, size_t len, int64_t *ms);
/* Random number for jitter, tokens of locks and the like: from getrandom(2). */
uint64_t hc_random_token(void);

#endif
