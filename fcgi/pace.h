/* pace.h - how long a browser is asked to wait before its next poll.
 *
 * A process measures how busy its workers are: the time they spent on requests in
 * each second, as a share of all their time. Above PACE_HIGH the wait grows by half
 * a second after a second, below PACE_LOW it shrinks again, between them it stays:
 * so however many browsers poll, their polls are what the workers can take, and the
 * rest of the time is everybody else's. One process knows of itself alone; a poll
 * that another one answers hears of that one's load.
 *
 * Any thread.
 */
#ifndef FCGI_PACE_H
#define FCGI_PACE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define PACE_SHORTEST_MS 1000
#define PACE_LONGEST_MS 10000
#define PACE_HIGH 60 /* percent of the workers' time */
#define PACE_LOW 30

struct pace {
    _Atomic int64_t second;  /* the one that is being measured */
    _Atomic int64_t busy_us; /* spent in it, by all workers */
    atomic_int wait_ms;
    int64_t workers;
};

void pace_init(struct pace *p, size_t workers);
/* A request took so long; now_ms: hc_mono_ms. */
void pace_note(struct pace *p, int64_t now_ms, int64_t took_us);
/* The wait to ask for: PACE_SHORTEST_MS … PACE_LONGEST_MS. */
int pace_wait_ms(struct pace *p, int64_t now_ms);

#endif
