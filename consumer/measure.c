/* See measure.h. */
#include "measure.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "pending.h"

#define PIECE 300000  /* documents in one query */
#define RENEW_MS 3000 /* between two renewals of the hold */
#define STEP_MS 18000 /* of one query: less than the driver waits for an answer */

void hc_measure_release(struct hc_measure *m)
{
    hc_difference_release(&m->difference);
}

/* Before each query: what is left of the time, and the hold is told that we are alive. */
static enum hc_err in_time(struct hc_measure *m, struct hc_db *db, int32_t *left, struct hc_error *err)
{
    int64_t deadline = m->deadline, now = hc_mono_ms();
    if (m->hold && now - m->renewed_ms >= RENEW_MS) {
        enum hc_err e = hc_hold_renew(db, m->hold, err);
        if (e != HC_OK)
            return e;
        m->renewed_ms = now;
    }
    *left = hc_left_ms(deadline, STEP_MS);
    return *left > 0
               ? HC_OK
               : hc_fail(err, HC_EDEADLINE, "mongodb", "there is too much to be counted in the given time");
}

/* ---- slots ---- */

struct slots {
    struct hc_measure *m;
    int seen;
    bool intents, uneven; /* uneven: their days are not of the same zone */
    int64_t v[HC_SLOT_COUNT];
    int32_t zone_generation, floor;
};

static int64_t number_of(const bson_t *doc, const char *key)
{
    bson_iter_t it;
    return bson_iter_init_find(&it, doc, key) ? bson_iter_as_int64(&it) : 0;
}

static bool look_at_slot(void *ctx, const bson_t *doc)
{
    struct slots *s = ctx;
    bson_iter_t it, hold;
    int64_t id = number_of(doc, "_id");
    if (id < 0 || id >= HC_SLOT_COUNT)
        return true;
    s->v[id] = number_of(doc, "v");
    int32_t zone_generation = (int32_t)number_of(doc, "zg"), floor = (int32_t)number_of(doc, "floor");
    s->uneven |= s->seen > 0 && zone_generation != s->zone_generation;
    s->zone_generation = zone_generation;
    s->floor = s->seen == 0 || floor > s->floor ? floor : s->floor;
    if (bson_iter_init_find(&it, doc, "intent") && BSON_ITER_HOLDS_DOCUMENT(&it) &&
        bson_iter_recurse(&it, &hold) && !bson_iter_find(&hold, "hold"))
        s->intents = true;
    s->seen++;
    return true;
}

static enum hc_err look_at_slots(struct hc_db *db, struct slots *s, struct hc_error *err)
{
    bson_t filter = BSON_INITIALIZER;
    bson_t *opts = BCON_NEW("projection", "{", "v", BCON_INT32(1), "zg", BCON_INT32(1), "floor",
                            BCON_INT32(1), "intent.id", BCON_INT32(1), "intent.hold", BCON_INT32(1), "}",
                            "maxTimeMS", BCON_INT32(5000));
    enum hc_err e = hc_db_each(db, HC_SLOTS, &filter, opts, look_at_slot, s, err);
    bson_destroy(opts);
    if (e == HC_OK && s->seen != HC_SLOT_COUNT)
        e = hc_fail(err, HC_EBUSY, "slot", "%d of %d slots are there", s->seen, HC_SLOT_COUNT);
    if (e == HC_OK && s->uneven)
        e = hc_fail(err, HC_EBUSY, "slot", "days are being counted anew in another zone");
    return e;
}

static bool take_slot(void *ctx, const bson_t *doc)
{
    struct hc_measure *m = ctx;
    hc_difference_take_slot(&m->difference, doc, m->floor);
    return true;
}

/* Versions first: whatever moves after them is seen at the end. */
static enum hc_err take_slots(struct hc_measure *m, struct hc_db *db, struct hc_error *err)
{
    struct slots s = {.seen = 0};
    bson_t filter = BSON_INITIALIZER;
    enum hc_err e = look_at_slots(db, &s, err);
    if (e != HC_OK)
        return e;
    memcpy(m->v, s.v, sizeof m->v);
    m->intents = s.intents;
    m->zone_generation = s.zone_generation;
    m->floor = s.floor;
    bson_t *opts = BCON_NEW("projection", "{", "sum", BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(5000));
    e = hc_db_each(db, HC_SLOTS, &filter, opts, take_slot, m, err);
    bson_destroy(opts);
    return e;
}

enum hc_err hc_measure_holds(const struct hc_measure *m, struct hc_db *db, struct hc_error *err)
{
    struct slots s = {.seen = 0};
    enum hc_err e = look_at_slots(db, &s, err);
    if (e == HC_OK && (m->intents || s.intents || memcmp(m->v, s.v, sizeof m->v) != 0))
        e = hc_fail(err, HC_EBUSY, "slot", "something was counted meanwhile");
    return e;
}

/* ---- groups, a piece at a time ---- */

/* What is grouped, by whom it is taken in. */
struct group {
    enum hc_collection which;
    const bson_t *by; /* the stage's document */
    bool (*add)(void *ctx, const bson_t *doc);
};

/* Where a piece of at most PIECE documents ends that begins at from: one query must not take longer than the
 * driver waits. */
static enum hc_err find_end(struct hc_db *db, enum hc_collection which, const bson_oid_t *from,
                            const bson_oid_t *to, bson_oid_t *end, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", "{", "$gte", BCON_OID(from), "$lt", BCON_OID(to), "}");
    bson_t *opts = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "sort", "{", "_id", BCON_INT32(1),
                            "}", "skip", BCON_INT64(PIECE), "limit", BCON_INT64(1), "hint", "{", "_id",
                            BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(STEP_MS));
    bson_t doc = BSON_INITIALIZER;
    bson_iter_t it;
    bson_oid_copy(to, end);
    enum hc_err e = hc_db_find_one(db, which, filter, opts, &doc, err);
    if (e == HC_OK && bson_iter_init_find(&it, &doc, "_id") && BSON_ITER_HOLDS_OID(&it))
        bson_oid_copy(bson_iter_oid(&it), end);
    bson_destroy(filter);
    bson_destroy(opts);
    bson_destroy(&doc);
    return e == HC_ENOTFOUND ? HC_OK : e;
}

static enum hc_err add_piece(struct hc_measure *m, struct hc_db *db, const struct group *g,
                             const bson_oid_t *from, const bson_oid_t *to, struct hc_error *err)
{
    int32_t left;
    enum hc_err e = in_time(m, db, &left, err);
    if (e != HC_OK)
        return e;
    bson_t *pipeline =
        BCON_NEW("pipeline", "[", "{", "$match", "{", "_id", "{", "$gte", BCON_OID(from), "$lt", BCON_OID(to),
                 "}", "}", "}", "{", "$group", BCON_DOCUMENT(g->by), "}", "]");
    bson_t *opts = BCON_NEW("hint", "{", "_id", BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(left));
    e = hc_db_aggregate(db, g->which, pipeline, opts, g->add, m, err);
    bson_destroy(pipeline);
    bson_destroy(opts);
    return e;
}

/* All of from <= _id < to. */
static enum hc_err add_pieces(struct hc_measure *m, struct hc_db *db, const struct group *g, bson_oid_t from,
                              bson_oid_t to, struct hc_error *err)
{
    enum hc_err e = HC_OK;
    while (e == HC_OK && bson_oid_compare(&from, &to) < 0) {
        bson_oid_t end;
        e = find_end(db, g->which, &from, &to, &end, err);
        if (e == HC_OK)
            e = add_piece(m, db, g, &from, &end, err);
        bson_oid_copy(&end, &from);
    }
    return e;
}

/* ---- users ---- */

static const char *text_at(const bson_t *doc, const char *path)
{
    bson_iter_t it, found;
    return bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, path, &found) &&
                   BSON_ITER_HOLDS_UTF8(&found)
               ? bson_iter_utf8(&found, NULL)
               : NULL;
}

static bool add_users(void *ctx, const bson_t *doc)
{
    struct hc_measure *m = ctx;
    const char *g = text_at(doc, "_id.g"), *c = text_at(doc, "_id.c");
    int64_t n = number_of(doc, "n");
    if (!g || !c) {
        m->uncounted += n;
        return true;
    }
    m->users += n;
    hc_difference_add_users(&m->difference, g, c, n);
    return true;
}

/* Where a piece of at most PIECE users ends that begins at from: one query must not take longer than the
 * driver waits. */
static enum hc_err add_gaps(struct hc_measure *m, struct hc_db *db, const struct hc_pending *p,
                            struct hc_error *err)
{
    bson_t *by =
        BCON_NEW("_id", "{", "g", "$_hc.k.g", "c", "$_hc.k.c", "}", "n", "{", "$sum", BCON_INT32(1), "}");
    struct group group = {HC_USERS, by, add_users};
    enum hc_err e = HC_OK;
    for (size_t gap = 0; gap <= p->count && e == HC_OK; gap++) {
        bson_oid_t from, to;
        hc_pending_gap(p, gap, &from, &to);
        e = add_pieces(m, db, &group, from, to, err);
    }
    bson_destroy(by);
    return e;
}

static enum hc_err add_all_users(struct hc_measure *m, struct hc_db *db, struct hc_error *err)
{
    struct hc_pending before, after = {.jobs = NULL};
    enum hc_err e = hc_pending_read(&before, db, err);
    if (e == HC_OK)
        e = add_gaps(m, db, &before, err);
    if (e == HC_OK)
        e = hc_pending_add_edited(&before, db, m->deadline, &m->difference, err);
    if (e == HC_OK)
        e = hc_pending_read(&after, db, err);
    if (e == HC_OK && !hc_pending_covers(&before, &after))
        e = hc_fail(err, HC_EBUSY, "jobs", "a job began meanwhile");
    hc_pending_release(&before);
    hc_pending_release(&after);
    return e;
}

/* ---- requests ---- */

static bool add_usage(void *ctx, const bson_t *doc)
{
    struct hc_measure *m = ctx;
    bson_iter_t it, day, zone;
    char key[16];
    hc_difference_add(&m->difference, "requests", "", number_of(doc, "n"));
    if (!bson_iter_init(&it, doc) || !bson_iter_find_descendant(&it, "_id.zg", &zone) ||
        bson_iter_as_int64(&zone) != m->zone_generation || !bson_iter_init(&it, doc) ||
        !bson_iter_find_descendant(&it, "_id.day", &day) || bson_iter_as_int64(&day) < m->floor)
        return true;
    snprintf(key, sizeof key, "%d", (int)bson_iter_as_int64(&day));
    hc_difference_add(&m->difference, "day", key, number_of(doc, "users"));
    return true;
}

static bool add_key(struct hc_difference *d, const bson_t *doc, const char *path, const char *part)
{
    bson_iter_t it, found;
    char key[24];
    if (!bson_iter_init(&it, doc) || !bson_iter_find_descendant(&it, path, &found) ||
        !BSON_ITER_HOLDS_INT(&found))
        return false; /* somebody else wrote it: it was never counted */
    snprintf(key, sizeof key, "%lld", (long long)bson_iter_as_int64(&found));
    hc_difference_add(d, part, key, number_of(doc, "n"));
    return true;
}

static bool add_devices(void *ctx, const bson_t *doc)
{
    struct hc_measure *m = ctx;
    if (add_key(&m->difference, doc, "_id.o", "os"))
        add_key(&m->difference, doc, "_id.b", "browser");
    return true;
}

static enum hc_err add_requests(struct hc_measure *m, struct hc_db *db, struct hc_error *err)
{
    bson_t *usage = BCON_NEW("_id", "{", "zg", "$zg", "day", "$day", "}", "users", "{", "$sum", BCON_INT32(1),
                             "}", "n", "{", "$sum", "$n", "}");
    bson_t *devices =
        BCON_NEW("_id", "{", "o", "$_hc.o", "b", "$_hc.b", "}", "n", "{", "$sum", BCON_INT32(1), "}");
    const struct group groups[] = {{HC_USAGE, usage, add_usage}, {HC_ACTIVITIES, devices, add_devices}};
    enum hc_err e = HC_OK;
    for (size_t g = 0; g < 2 && e == HC_OK; g++) {
        bson_oid_t from, to;
        memset(&from, 0, sizeof from);
        memset(&to, 0xff, sizeof to);
        e = add_pieces(m, db, &groups[g], from, to, err);
    }
    bson_destroy(usage);
    bson_destroy(devices);
    return e;
}

/* ---- all of it ---- */

enum hc_err hc_measure_take(struct hc_measure *m, struct hc_db *db, int64_t deadline,
                            const struct hc_hold *hold, struct hc_error *err)
{
    int64_t began = hc_mono_ms();
    *m = (struct hc_measure){.hold = hold, .deadline = deadline, .renewed_ms = began};
    enum hc_err e = take_slots(m, db, err);
    if (e == HC_OK)
        e = add_all_users(m, db, err);
    if (e == HC_OK)
        e = add_requests(m, db, err);
    if (e == HC_OK && m->difference.failed)
        e = hc_fail(err, HC_ENOMEM, NULL, "there are too many or too long keys to be compared");
    m->ms = hc_mono_ms() - began;
    return e;
}
