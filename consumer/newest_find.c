/* See newest_find.h. */
#include "newest_find.h"

#include <stdlib.h>

#include "counters.h"
#include "newest.h"

#define FIND_MS 5000

/* Tests have few users. */
static int64_t how_many(void)
{
#ifdef HC_FAILPOINTS
    const char *given = getenv("HC_NEWEST_USERS");
    if (given)
        return strtoll(given, NULL, 10);
#endif
    return HC_NEWEST_USERS;
}

static enum hc_err find(struct hc_db *db, struct hc_newest *newest, struct hc_error *err)
{
    bson_t doc = BSON_INITIALIZER, filter = BSON_INITIALIZER;
    bson_iter_t it;
    bson_t *opts = BCON_NEW("sort", "{", "_id", BCON_INT32(-1), "}", "hint", "{", "_id", BCON_INT32(1), "}",
                            "skip", BCON_INT64(how_many()), "projection", "{", "_id", BCON_INT32(1), "}",
                            "maxTimeMS", BCON_INT32(FIND_MS));
    enum hc_err e = hc_db_find_one(db, HC_USERS, &filter, opts, &doc, err);
    if (e == HC_OK && bson_iter_init_find(&it, &doc, "_id") && BSON_ITER_HOLDS_OID(&it)) {
        newest->has_from = true;
        bson_oid_copy(bson_iter_oid(&it), &newest->from);
    }
    bson_destroy(opts);
    bson_destroy(&filter);
    bson_destroy(&doc);
    return e == HC_ENOTFOUND ? HC_OK : e; /* they went meanwhile */
}

enum hc_err hc_newest_find_turn(struct hc_duty_turn *t, struct hc_error *err)
{
    struct hc_newest_find *d = t->state;
    struct hc_newest newest = {.users = 0};
    struct hc_counts counts;
    enum hc_err e = hc_counters_read(t->db, &counts, err);
    d->published = d->published && !t->first;
    if (e != HC_OK || (d->published && !hc_newest_moved(d->users, counts.users)))
        return e;
    newest.users = counts.users;
    if (counts.users >= 2 * how_many())
        e = find(t->db, &newest, err);
    if (e != HC_OK || !hc_duty_goes_on(t))
        return e;
    bson_t fields = BSON_INITIALIZER;
    hc_newest_bson(&newest, &fields);
    e = hc_leader_publish(t->leader, t->db, "newest", &fields, err);
    bson_destroy(&fields);
    d->published = e == HC_OK;
    d->users = counts.users;
    return e;
}
