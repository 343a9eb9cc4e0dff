/* See leader.h. */
#include "leader.h"

#include <string.h>

#include "clock.h"
#include "log.h"

#define READ_MS 2000

enum hc_err hc_leader_init(struct hc_leader *l, const char *name, struct hc_error *err)
{
    bson_strncpy(l->name, name, sizeof l->name);
    if (hc_ulid_new(l->id) != 0)
        return hc_fail(err, HC_EINTERNAL, NULL, "the system has no random numbers for a new id");
    return HC_OK;
}

/* ---- who leads, by our own clock ---- */

bool hc_leader_is_mine(const struct hc_leader *l)
{
    return hc_mono_ms() < atomic_load(&l->until);
}

int64_t hc_leader_term(const struct hc_leader *l)
{
    return atomic_load(&l->term);
}

/* We lead since began_ms, which is before the write that says so. */
static void lead(struct hc_leader *l, int64_t term, int64_t began_ms)
{
    atomic_store(&l->term, term);
    atomic_store(&l->until, began_ms + HC_LEASE_MS);
    if (!l->said)
        hc_log(HC_LOG_INFO, "leader.elected", "this process does what one of all does", HC_INT("term", term),
               NULL);
    l->said = true;
}

static void lose(struct hc_leader *l, const char *why)
{
    atomic_store(&l->until, 0);
    if (l->said)
        hc_log(HC_LOG_WARN, "leader.lost", why, HC_INT("term", hc_leader_term(l)), NULL);
    l->said = false;
}

/* ---- deciding ---- */

static bool is_same(const struct hc_lease *a, const struct hc_lease *b)
{
    return a->term == b->term && a->beat == b->beat && strcmp(a->owner, b->owner) == 0;
}

enum hc_lease_move hc_leader_decide(struct hc_leader *l, const struct hc_lease *stored, int64_t now)
{
    bool leads = now < atomic_load(&l->until);
    if (!stored) {
        l->has_seen = false;
        return HC_LEASE_MAKE;
    }
    if (!l->has_seen || !is_same(&l->seen, stored)) {
        l->seen = *stored;
        l->seen_ms = now;
        l->has_seen = true;
    }
    if (strcmp(stored->owner, l->id) == 0)
        return leads && stored->term == hc_leader_term(l) ? HC_LEASE_RENEW : HC_LEASE_TAKE;
    if (stored->owner[0] == '\0' || now - l->seen_ms >= HC_LEASE_TAKE_MS)
        return HC_LEASE_TAKE;
    return HC_LEASE_WAIT;
}

/* ---- the document ---- */

static enum hc_err read_lease(struct hc_db *db, struct hc_lease *out, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", "leader");
    bson_t *opts = BCON_NEW("maxTimeMS", BCON_INT32(READ_MS));
    bson_t doc = BSON_INITIALIZER;
    bson_iter_t it;
    memset(out, 0, sizeof *out);
    enum hc_err e = hc_db_find_one(db, HC_META, filter, opts, &doc, err);
    if (e == HC_OK && bson_iter_init_find(&it, &doc, "owner") && BSON_ITER_HOLDS_UTF8(&it))
        bson_strncpy(out->owner, bson_iter_utf8(&it, NULL), sizeof out->owner);
    if (e == HC_OK && bson_iter_init_find(&it, &doc, "term"))
        out->term = bson_iter_as_int64(&it);
    if (e == HC_OK && bson_iter_init_find(&it, &doc, "beat"))
        out->beat = bson_iter_as_int64(&it);
    bson_destroy(filter);
    bson_destroy(opts);
    bson_destroy(&doc);
    return e;
}

/* Puts `to` in the place of `from`: *won. */
static enum hc_err swap(struct hc_leader *l, struct hc_db *db, const struct hc_lease *from,
                        const struct hc_lease *to, bool *won, struct hc_error *err)
{
    int64_t matched = 0;
    bson_t *filter = BCON_NEW("_id", "leader", "owner", BCON_UTF8(from->owner), "term",
                              BCON_INT64(from->term), "beat", BCON_INT64(from->beat));
    bson_t *update = BCON_NEW("$set", "{", "owner", BCON_UTF8(to->owner), "name", BCON_UTF8(l->name), "term",
                              BCON_INT64(to->term), "beat", BCON_INT64(to->beat), "}");
    enum hc_err e = hc_db_update_one(db, HC_META, filter, update, &matched, err);
    *won = e == HC_OK && matched == 1;
    bson_destroy(filter);
    bson_destroy(update);
    return e;
}

/* The first lease of a database. Its term is the time, so that one that was lost by hand is
 * followed by a greater term. */
static enum hc_err make(struct hc_leader *l, struct hc_db *db, struct hc_lease *to, bool *won,
                        struct hc_error *err)
{
    bson_strncpy(to->owner, l->id, sizeof to->owner);
    to->term = hc_now_ms() / 1000;
    to->beat = 1;
    bson_t *doc = BCON_NEW("_id", "leader", "owner", BCON_UTF8(to->owner), "name", BCON_UTF8(l->name), "term",
                           BCON_INT64(to->term), "beat", BCON_INT64(to->beat));
    enum hc_err e = hc_db_insert(db, HC_META, doc, err);
    bson_destroy(doc);
    *won = e == HC_OK;
    return e == HC_ECONFLICT ? HC_OK : e;
}

/* ---- the turn ---- */

/* Makes the move. HC_OK and not *won: somebody was faster. */
static enum hc_err make_move(struct hc_leader *l, struct hc_db *db, enum hc_lease_move move,
                             const struct hc_lease *from, struct hc_lease *to, bool *won,
                             struct hc_error *err)
{
    if (move == HC_LEASE_MAKE)
        return make(l, db, to, won, err);
    bson_strncpy(to->owner, l->id, sizeof to->owner);
    to->term = from->term + (move == HC_LEASE_TAKE);
    to->beat = from->beat + 1;
    return swap(l, db, from, to, won, err);
}

enum hc_err hc_leader_turn(struct hc_leader *l, struct hc_db *db, struct hc_error *err)
{
    struct hc_lease stored, to = {0};
    bool won = false;
    if (l->said && !hc_leader_is_mine(l))
        lose(l, "the lease could not be renewed in time");
    enum hc_err e = read_lease(db, &stored, err);
    if (e != HC_OK && e != HC_ENOTFOUND)
        return e;
    int64_t began = hc_mono_ms();
    enum hc_lease_move move = hc_leader_decide(l, e == HC_OK ? &stored : NULL, began);
    if (move != HC_LEASE_RENEW && l->said)
        lose(l, "another process has the lease");
    if (move == HC_LEASE_WAIT)
        return HC_OK;
    e = make_move(l, db, move, &stored, &to, &won, err);
    if (won)
        lead(l, to.term, began);
    else if (e == HC_OK)
        lose(l, "another process took the lease");
    return e;
}

void hc_leader_resign(struct hc_leader *l, struct hc_db *db)
{
    struct hc_error err;
    struct hc_lease stored;
    bool won;
    if (atomic_load(&l->until) == 0)
        return;
    atomic_store(&l->until, 0);
    l->said = false;
    if (read_lease(db, &stored, &err) != HC_OK || strcmp(stored.owner, l->id) != 0)
        return;
    struct hc_lease none = {.owner = "", .term = stored.term, .beat = stored.beat + 1};
    if (swap(l, db, &stored, &none, &won, &err) == HC_OK && won)
        hc_log(HC_LOG_INFO, "leader.resigned", "the lease is given up", HC_INT("term", stored.term), NULL);
}

/* ---- what a leader says ---- */

enum hc_err hc_leader_publish(const struct hc_leader *l, struct hc_db *db, const char *id,
                              const bson_t *fields, struct hc_error *err)
{
    int64_t term = hc_leader_term(l);
    bson_t doc = BSON_INITIALIZER;
    if (!hc_leader_is_mine(l))
        return hc_fail(err, HC_ECONFLICT, NULL, "this process leads no more");
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(id), "$or", "[", "{", "term", "{", "$lte", BCON_INT64(term),
                              "}", "}", "{", "term", BCON_NULL, "}", "]");
    bson_t set = BSON_INITIALIZER, update = BSON_INITIALIZER;
    bson_concat(&set, fields);
    bson_append_int64(&set, "term", -1, term);
    bson_append_document(&update, "$set", -1, &set);
    /* The upsert of what stands with a later term meets its _id: a conflict. */
    enum hc_err e = hc_db_find_and_modify(db, HC_META, filter, &update, true, &doc, err);
    bson_destroy(filter);
    bson_destroy(&set);
    bson_destroy(&update);
    bson_destroy(&doc);
    return e;
}
