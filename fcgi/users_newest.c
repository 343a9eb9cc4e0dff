/* users_newest.c - see users_newest.h. */
#include "users_newest.h"

#include <stdlib.h>

#include "clock.h"
#include "log.h"

#define FRESH_MS 5000
#define READ_MS 50 /* without it a search is slower by less than that */

void users_newest_init(struct users_newest *n)
{
    pthread_mutex_init(&n->lock, NULL);
}

/* Whether this caller is the one that asks; *known: what there is. */
static bool is_mine_to_ask(struct users_newest *n, struct hc_newest *known)
{
    int64_t now = hc_mono_ms();
    pthread_mutex_lock(&n->lock);
    bool mine = n->asked_ms == 0 || now - n->asked_ms >= FRESH_MS;
    if (mine)
        n->asked_ms = now;
    *known = n->known;
    pthread_mutex_unlock(&n->lock);
    return mine;
}

/* Tests on few users name the place. */
static void take_given(struct hc_newest *known)
{
#ifdef HC_FAILPOINTS
    const char *given = getenv("HC_SEARCH_NEWEST");
    known->has_from = given != NULL;
    if (given)
        bson_oid_init_from_string(&known->from, given);
#else
    (void)known;
#endif
}

/* What can't be read stays as it was known. */
static void ask(struct users_newest *n, struct hc_db *db, int left_ms, struct hc_newest *known)
{
    struct hc_newest read;
    struct hc_error err;
    if (hc_newest_read(db, left_ms < READ_MS ? left_ms : READ_MS, &read, &err) != HC_OK) {
        hc_log(HC_LOG_WARN, "users.newest", err.detail, NULL);
        return;
    }
    pthread_mutex_lock(&n->lock);
    n->known = *known = read;
    pthread_mutex_unlock(&n->lock);
}

struct hc_newest users_newest_now(struct users_newest *n, struct hc_db *db, int left_ms)
{
    struct hc_newest known;
    if (is_mine_to_ask(n, &known))
        ask(n, db, left_ms, &known);
    take_given(&known);
    return known;
}
