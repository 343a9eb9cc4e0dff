/* See traffic.h. */
#include "traffic.h"

#include <inttypes.h>
#include <stdio.h>

#include "random.h"

/* What each lane of a request's random numbers is for. A lane keeps its meaning; new ones go at the end. */
enum lane {
    LANE_USER,
    LANE_DEVICE,
    LANE_TIME, /* four for each try of moment; the last lanes of all */
};

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
#define TRIES 8 /* moments tried before one at a quiet hour is taken as it is */

/* How many of 100 moments in each hour of the day (UTC) are kept. */
static const uint8_t WAVE[24] = {25, 18, 14, 12, 12, 15, 25, 40,  60, 75, 85, 90,
                                 92, 90, 88, 88, 90, 94, 98, 100, 95, 80, 60, 40};

/* 0 … span - 1, falling from 1.5 times the mean density at 0 to 0.5 times at the end: half of them are
 * anywhere, half are the smaller of two. */
static int64_t age(uint64_t start, uint32_t lane, int64_t span)
{
    uint64_t a = hc_random_lane(start, lane), b = hc_random_lane(start, lane + 1);
    bool smaller = hc_random_lane(start, lane + 2) >> 63;
    uint64_t chosen = smaller && b < a ? b : a;
    return (int64_t)(((unsigned __int128)chosen * (uint64_t)span) >> 64);
}

static int64_t moment(const struct hc_traffic *t, uint64_t start)
{
    int64_t when = t->time_ms;
    for (uint32_t i = 0; i < TRIES; i++) {
        uint32_t lane = LANE_TIME + 4 * i;
        when = t->time_ms - age(start, lane, t->days * DAY_MS);
        if (hc_random_scale(hc_random_lane(start, lane + 3), 100) < WAVE[(uint64_t)when % DAY_MS / HOUR_MS])
            break;
    }
    return when > 0 ? when : 0;
}

void hc_traffic_make(const struct hc_traffic *t, uint32_t i, int64_t now_ms, struct hc_traffic_request *out)
{
    uint64_t start = hc_random_start(t->seed, i);
    hc_population_draw(t->population, hc_random_lane(start, LANE_USER), &out->user);
    out->device = hc_random_lane(start, LANE_DEVICE);
    out->time_ms = t->days > 0 ? moment(t, start) : now_ms;
    snprintf(out->event, sizeof out->event, "%s/%" PRIu32, t->job, i);
}
