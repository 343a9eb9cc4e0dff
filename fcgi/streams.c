/* streams.c - see streams.h. */
#include "streams.h"

void streams_init(struct streams *s, size_t max, size_t threads)
{
    atomic_init(&s->running, 0);
    s->max = max > 0 ? max : threads / 4;
    if (s->max == 0)
        s->max = 1;
}

bool streams_enter(struct streams *s)
{
    if (atomic_fetch_add(&s->running, 1) < s->max)
        return true;
    atomic_fetch_sub(&s->running, 1);
    return false;
}

void streams_leave(struct streams *s)
{
    atomic_fetch_sub(&s->running, 1);
}
