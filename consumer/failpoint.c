/* See failpoint.h. */
#include "failpoint.h"

#ifdef HC_FAILPOINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "random.h"

static atomic_uint_fast64_t reached;

static void die(const char *place)
{
    dprintf(STDERR_FILENO, "{\"event\":\"failpoint.kill\",\"msg\":\"%s\"}\n", place);
    kill(getpid(), SIGKILL);
    pause();
}

void hc_failpoint(const char *place)
{
    const char *order = getenv("HC_FAIL");
    unsigned long long seed, at;
    unsigned per_mille;
    if (!order || !*order)
        return;
    if (sscanf(order, "random:%llu:%u", &seed, &per_mille) == 2) {
        if (hc_random(seed, atomic_fetch_add(&reached, 1), 0) % 1000 < per_mille)
            die(place);
        return;
    }
    size_t len = strlen(place);
    if (strncmp(order, place, len) != 0 || order[len] != ':' || sscanf(order + len + 1, "%llu", &at) != 1)
        return;
    if (atomic_fetch_add(&reached, 1) + 1 == at)
        die(place);
}

#else
typedef int hc_failpoint_unused; /* a translation unit is never empty */
#endif
