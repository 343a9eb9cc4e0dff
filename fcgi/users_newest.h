/* users_newest.h - where the newest users begin, as a process knows it; see lib/newest.h.
 *
 * Asked again after 5 s by the search that comes then; the others go on with what is known.
 *
 * Thread-safe, but for _init.
 */
#ifndef FCGI_USERS_NEWEST_H
#define FCGI_USERS_NEWEST_H

#include <pthread.h>

#include "newest.h"

struct users_newest {
    pthread_mutex_t lock;
    int64_t asked_ms; /* hc_mono_ms, 0: never */
    struct hc_newest known;
};

void users_newest_init(struct users_newest *n);
/* What is known; zeros when nothing is. left_ms: time limit of a read. */
struct hc_newest users_newest_now(struct users_newest *n, struct hc_db *db, int left_ms);

#endif
