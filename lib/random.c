#include "random.h"

uint64_t hc_random(uint64_t seed, uint64_t index, uint32_t lane)
{
    return hc_random_lane(hc_random_start(seed, index), lane);
}

uint32_t hc_random_below(uint64_t seed, uint64_t index, uint32_t lane, uint32_t limit)
{
    return hc_random_scale(hc_random(seed, index, lane), limit);
}
