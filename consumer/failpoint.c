/* See failpoint.h. */
#include "failpoint.h"

#ifdef HC_FAILPOINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "random.h"

#define ORDERS_MAX 4

static atomic_uint_fast64_t reached[ORDERS_MAX]; /* by each order of HC_FAIL */

static void die(const char *place)
{
    dprintf(STDERR_FILENO, "{\"event\":\"failpoint.kill\",\"msg\":\"%s\"}\n", place);
    kill(getpid(), SIGKILL);
    pause();
}

/* All threads stand still until someone sends SIGCONT; this one, to which the signal goes, at once. */
static void stop(const char *place)
{
    dprintf(STDERR_FILENO, "{\"event\":\"failpoint.stop\",\"msg\":\"%s\"}\n", place);
    raise(SIGSTOP);
}

/* One order: [stop:]NAME:K, or random:SEED:PER_MILLE. */
static void follow(const char *order, atomic_uint_fast64_t *times, const char *place)
{
    static const char stopping[] = "stop:";
    unsigned long long seed, at;
    unsigned per_mille;
    if (sscanf(order, "random:%llu:%u", &seed, &per_mille) == 2) {
        if (hc_random(seed, atomic_fetch_add(times, 1), 0) % 1000 < per_mille)
            die(place);
        return;
    }
    bool stops = strncmp(order, stopping, sizeof stopping - 1) == 0;
    order += stops ? sizeof stopping - 1 : 0;
    size_t len = strlen(place);
    if (strncmp(order, place, len) != 0 || order[len] != ':' || sscanf(order + len + 1, "%llu", &at) != 1)
        return;
    if (atomic_fetch_add(times, 1) + 1 == at)
        (stops ? stop : die)(place);
}

void hc_failpoint(const char *place)
{
    const char *order = getenv("HC_FAIL");
    for (int i = 0; order && *order && i < ORDERS_MAX; i++) {
        follow(order, &reached[i], place);
        order = strchr(order, ',');
        order += order != NULL;
    }
}

#else
typedef int hc_failpoint_unused; /* a translation unit is never empty */
#endif
