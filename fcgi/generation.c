/* generation.c - see generation.h. */
#include "generation.h"

#include <string.h>

#include "ids.h"

#define KEY "hc:1:generation:users"

/* Of this process. owed > paid: that many bumps have not reached Redis yet. */
static atomic_uint_fast64_t bumps;
static atomic_uint_fast64_t owed;
static atomic_uint_fast64_t paid;

static uint64_t own_start;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void)
{
    char fresh[HC_ULID_TEXT];
    (void)hc_ulid_new(fresh); /* "" if there is no randomness: then the keys are just less rare */
    own_start = hc_hash64(fresh, strlen(fresh));
}

/* The number of this process alone. */
static uint64_t own_number(void)
{
    pthread_once(&once, start);
    uint64_t parts[2] = {own_start, atomic_load(&bumps)};
    return hc_hash64(parts, sizeof parts);
}

static bool set_new(struct hc_cache *cache)
{
    return cache && hc_flight_generation_new(cache, KEY) == HC_OK;
}

/* All that was owed when it began is paid: one new number does for many bumps. */
static bool pay(struct hc_cache *cache)
{
    uint_fast64_t due = atomic_load(&owed);
    uint_fast64_t done = atomic_load(&paid);
    if (done >= due)
        return true;
    if (!set_new(cache))
        return false;
    while (done < due && !atomic_compare_exchange_weak(&paid, &done, due))
        ;
    return true;
}

uint64_t generation_bind(struct context *c, struct hc_flight *flight)
{
    struct hc_cache *cache = context_cache(c);
    if (!cache || !pay(cache))
        return own_number();
    flight->generation = KEY;
    flight->generation_away = own_number();
    return 0;
}

void generation_bump(struct context *c)
{
    atomic_fetch_add(&bumps, 1);
    if (!set_new(context_cache(c)))
        atomic_fetch_add(&owed, 1);
}
