/* streams.h - how many long answers a process makes at once.
 *
 * An export or an import keeps its worker for minutes. At most APP_STREAMS of them
 * run at once, so that the other workers are there for all else.
 *
 *     if (!streams_enter(&web->streams)) … HC_EBUSY
 *     …
 *     streams_leave(&web->streams);
 *
 * Thread-safe, but for streams_init.
 */
#ifndef FCGI_STREAMS_H
#define FCGI_STREAMS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct streams {
    atomic_size_t running;
    size_t max;
};

/* max: APP_STREAMS, 0 for a quarter of that many threads; it is 1 at least. */
void streams_init(struct streams *s, size_t max, size_t threads);
/* False when there are as many as there may be. */
bool streams_enter(struct streams *s);
void streams_leave(struct streams *s);

#endif
