/* breaker.c - see breaker.h. */
#include "breaker.h"

#define PAUSE_MS 500  /* after a failed try */
#define TRIAL_MS 4000 /* a try that never says how it ended is given up */

bool breaker_try(struct breaker *b, int64_t now_ms)
{
    int_fast64_t at = atomic_load(&b->retry_at);
    if (at == 0)
        return true;
    return now_ms >= at && atomic_compare_exchange_strong(&b->retry_at, &at, now_ms + TRIAL_MS);
}

void breaker_note(struct breaker *b, int64_t now_ms, bool failed)
{
    if (failed)
        atomic_store(&b->retry_at, now_ms + PAUSE_MS);
    else if (atomic_load(&b->retry_at) != 0)
        atomic_store(&b->retry_at, 0);
}
