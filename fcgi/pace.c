/* pace.c - see pace.h. */
#include "pace.h"

#define STEPS_MAX 20 /* idle seconds that bring the longest wait back to the shortest, and more */

void pace_init(struct pace *p, size_t workers)
{
    atomic_init(&p->second, 0);
    atomic_init(&p->busy_us, 0);
    atomic_init(&p->wait_ms, PACE_SHORTEST_MS);
    p->workers = workers > 0 ? (int64_t)workers : 1;
}

static int next_wait(int wait_ms, int64_t percent)
{
    if (percent > PACE_HIGH)
        wait_ms = wait_ms * 3 / 2;
    else if (percent < PACE_LOW)
        wait_ms = wait_ms * 3 / 4;
    if (wait_ms > PACE_LONGEST_MS)
        return PACE_LONGEST_MS;
    return wait_ms < PACE_SHORTEST_MS ? PACE_SHORTEST_MS : wait_ms;
}

/* Whoever comes first in a new second judges the last one, and those in which nobody came. */
static void turn(struct pace *p, int64_t now_ms)
{
    int64_t now = now_ms / 1000, last = atomic_load(&p->second);
    if (now <= last || !atomic_compare_exchange_strong(&p->second, &last, now))
        return;
    int64_t seconds = now - last < STEPS_MAX ? now - last : STEPS_MAX;
    int64_t percent = atomic_exchange(&p->busy_us, 0) / (p->workers * 10000);
    int wait_ms = next_wait(atomic_load(&p->wait_ms), percent);
    for (int64_t idle = 1; idle < seconds; idle++)
        wait_ms = next_wait(wait_ms, 0);
    atomic_store(&p->wait_ms, wait_ms);
}

void pace_note(struct pace *p, int64_t now_ms, int64_t took_us)
{
    turn(p, now_ms);
    atomic_fetch_add(&p->busy_us, took_us);
}

int pace_wait_ms(struct pace *p, int64_t now_ms)
{
    turn(p, now_ms);
    return atomic_load(&p->wait_ms);
}
