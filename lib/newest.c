/* See newest.h. */
#include "newest.h"

#include <stdlib.h>
#include <string.h>

#define FEWEST_MOVED 64

static void take(struct hc_newest *out, const bson_t *doc)
{
    bson_iter_t it;
    if (bson_iter_init_find(&it, doc, "users") && BSON_ITER_HOLDS_INT64(&it) && bson_iter_int64(&it) > 0)
        out->users = bson_iter_int64(&it);
    if (bson_iter_init_find(&it, doc, "from") && BSON_ITER_HOLDS_OID(&it)) {
        out->has_from = true;
        bson_oid_copy(bson_iter_oid(&it), &out->from);
    }
}

enum hc_err hc_newest_read(struct hc_db *db, int left_ms, struct hc_newest *out, struct hc_error *err)
{
    bson_t doc = BSON_INITIALIZER;
    bson_t *filter = BCON_NEW("_id", "newest");
    bson_t *opts = BCON_NEW("hint", "{", "_id", BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(left_ms));
    memset(out, 0, sizeof *out);
    enum hc_err e = hc_db_find_one(db, HC_META, filter, opts, &doc, err);
    if (e == HC_OK)
        take(out, &doc);
    bson_destroy(filter);
    bson_destroy(opts);
    bson_destroy(&doc);
    return e == HC_ENOTFOUND ? HC_OK : e;
}

void hc_newest_bson(const struct hc_newest *newest, bson_t *doc)
{
    BSON_APPEND_INT64(doc, "users", newest->users);
    if (newest->has_from)
        BSON_APPEND_OID(doc, "from", &newest->from);
    else
        BSON_APPEND_NULL(doc, "from");
}

bool hc_newest_moved(int64_t users_then, int64_t users_now)
{
    int64_t much = users_then / 8;
    if (much < FEWEST_MOVED)
        much = FEWEST_MOVED;
    if (much > HC_NEWEST_USERS / 4)
        much = HC_NEWEST_USERS / 4;
    return llabs(users_now - users_then) >= much;
}
