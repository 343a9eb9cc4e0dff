/*
 * Random numbers without state: the number at (seed, index, lane) is a pure function of the three.
 *
 * Whoever asks for it, in whichever order, on whichever machine, gets the same number; that is what lets any
 * number of consumers make the same people. `index` is the person, `lane` says what the number is for
 * (gender, country, …), so that a new use of randomness doesn't shift the others.
 *
 * Within one (seed, index) the lanes are a splitmix64 stream whose start is mixed from seed and index. Not
 * for secrets: whoever knows the seed knows all.
 *
 * All functions may be called from any thread; none fails.
 */
#ifndef HC_RANDOM_H
#define HC_RANDOM_H

#include <stdint.h>

/* Distance between two states of splitmix64: 2^64 divided by the golden ratio, odd. */
#define HC_RANDOM_STEP UINT64_C(0x9e3779b97f4a7c15)

/* Mixes 64 bits: a bijection in which each bit of `x` changes about half of the result's (Stafford's 13th).
 */
static inline uint64_t hc_random_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Start of the lanes of (seed, index): compute it once, then ask hc_random_lane for each lane. */
static inline uint64_t hc_random_start(uint64_t seed, uint64_t index)
{
    return hc_random_mix(hc_random_mix(seed + HC_RANDOM_STEP) + index);
}

/* The number in `lane` of the stream that begins at `start` (from hc_random_start). */
static inline uint64_t hc_random_lane(uint64_t start, uint32_t lane)
{
    return hc_random_mix(start + (lane + UINT64_C(1)) * HC_RANDOM_STEP);
}

/* The 64 random bits at (seed, index, lane). */
uint64_t hc_random(uint64_t seed, uint64_t index, uint32_t lane);

/*
 * Scales 64 random bits to 0 … limit-1 by multiply and shift of the upper half; 0 if `limit` is 0. No value's
 * share is off by more than 2^-32.
 */
static inline uint32_t hc_random_scale(uint64_t random, uint32_t limit)
{
    return (uint32_t)((random >> 32) * limit >> 32);
}

/* A number of 0 … limit-1 at (seed, index, lane); 0 if `limit` is 0. */
uint32_t hc_random_below(uint64_t seed, uint64_t index, uint32_t lane, uint32_t limit);

#endif
