/* breaker.h - keeps requests off a store that is known to be away.
 *
 * Finding out that MongoDB is away costs a request most of a second. So after a
 * failure the breaker is open: one request at a time, twice a second at most,
 * tries again; all others are answered at once. The first success closes it.
 *
 * A zeroed struct is a closed breaker. All functions may be called from any thread.
 */
#ifndef FCGI_BREAKER_H
#define FCGI_BREAKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct breaker {
    atomic_int_fast64_t retry_at; /* hc_mono_ms of the next try; 0: closed */
};

/* True when the caller may try; it then says with breaker_note how that ended. */
bool breaker_try(struct breaker *b, int64_t now_ms);
void breaker_note(struct breaker *b, int64_t now_ms, bool failed);

#endif
