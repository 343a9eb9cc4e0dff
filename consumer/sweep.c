/* See sweep.h. */
#include "sweep.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "clock.h"
#include "log.h"
#include "look.h"
#include "recount.h"

#define PAGE 2000
#define READ_MS 5000
#define SOON_MS 300      /* after a full page */
#define SKIP_MS 60000    /* how long a user is left alone */
#define SKIPPED_MAX 1000 /* users; more are tried again each time */

/* ---- who is left alone ---- */

struct hc_poisoned {
    bson_oid_t user;
    int64_t until; /* hc_mono_ms */
    UT_hash_handle hh;
};

static bool is_skipped(struct hc_sweep *s, const bson_oid_t *user)
{
    struct hc_poisoned *p;
    HASH_FIND(hh, s->skipped, user, sizeof *user, p);
    return p && hc_mono_ms() < p->until;
}

static void skip(struct hc_sweep *s, const bson_oid_t *user, const struct hc_error *err)
{
    struct hc_poisoned *p;
    char hex[25];
    HASH_FIND(hh, s->skipped, user, sizeof *user, p);
    if (!p && HASH_COUNT(s->skipped) < SKIPPED_MAX) {
        p = calloc(1, sizeof *p);
        if (!p)
            return;
        bson_oid_copy(user, &p->user);
        HASH_ADD(hh, s->skipped, user, sizeof p->user, p);
        bson_oid_to_string(user, hex);
        hc_log(HC_LOG_ERROR, "sweep.skipped", err->detail, HC_STR("user", hex),
               HC_STR("err", hc_err_text(err->code)), NULL);
    }
    if (p)
        p->until = hc_mono_ms() + SKIP_MS;
}

void hc_sweep_end(struct hc_duty_turn *t)
{
    struct hc_sweep *s = t->state;
    struct hc_poisoned *p, *next;
    HASH_ITER(hh, s->skipped, p, next)
    {
        HASH_DEL(s->skipped, p);
        free(p);
    }
}

/* ---- a page ---- */

struct page {
    struct hc_sweep *sweep;
    struct hc_look look;
    char last[64]; /* the last due of the page */
    size_t seen;
};

static bool take_user(void *ctx, const bson_t *doc)
{
    struct page *p = ctx;
    bson_iter_t it, due;
    p->seen++;
    if (bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, "_hc.due", &due) &&
        BSON_ITER_HOLDS_UTF8(&due))
        bson_strncpy(p->last, bson_iter_utf8(&due, NULL), sizeof p->last);
    if (bson_iter_init_find(&it, doc, "_id") && BSON_ITER_HOLDS_OID(&it) &&
        !is_skipped(p->sweep, bson_iter_oid(&it)))
        hc_look_add(&p->look, bson_iter_oid(&it));
    return true;
}

static enum hc_err read_page(struct hc_db *db, struct page *p, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_hc.due", "{", "$gt", BCON_UTF8(p->sweep->from), "}");
    bson_t *opts =
        BCON_NEW("projection", "{", "_hc.due", BCON_INT32(1), "}", "sort", "{", "_hc.due", BCON_INT32(1), "}",
                 "limit", BCON_INT64(PAGE), "hint", "due_1", "maxTimeMS", BCON_INT32(READ_MS));
    enum hc_err e = hc_db_each(db, HC_USERS, filter, opts, take_user, p, err);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

/* ---- looking ---- */

static bool passes(enum hc_err e)
{
    return e == HC_OK || e == HC_EOUTCOME || hc_err_is_transient(e);
}

/* Halves what fails for good, until each user at fault is alone. */
static enum hc_err look_at(struct hc_duty_turn *t, struct hc_change *list, size_t n,
                           struct hc_change_stats *stats, struct hc_error *err)
{
    struct hc_sweep *s = t->state;
    if (n == 0 || !hc_duty_goes_on(t))
        return HC_OK;
    enum hc_err e = hc_changes_apply(t->db, list, n, stats, err);
    if (passes(e))
        return e;
    if (n == 1) {
        skip(s, &list[0].user, err);
        return HC_OK;
    }
    e = look_at(t, list, n / 2, stats, err);
    return e == HC_OK ? look_at(t, list + n / 2, n - n / 2, stats, err) : e;
}

enum hc_err hc_sweep_turn(struct hc_duty_turn *t, struct hc_error *err)
{
    struct hc_sweep *s = t->state;
    struct page p = {.sweep = s};
    struct hc_change_stats stats = {.requests = 0};
    enum hc_err e = hc_look_open(&p.look, PAGE, err);
    if (e == HC_OK)
        e = read_page(t->db, &p, err);
    if (e == HC_OK)
        e = look_at(t, p.look.list, p.look.count, &stats, err);
    if (stats.lost)
        hc_recount_ask(t->db, "a user was deleted by another system");
    if (p.seen == PAGE)
        t->next_ms = SOON_MS;
    /* Those left alone must not hide the ones behind them. */
    bool stays = e == HC_OK && p.seen == PAGE && p.look.count < p.seen;
    bson_strncpy(s->from, stays ? p.last : "", sizeof s->from);
    hc_look_close(&p.look);
    return e == HC_EBUSY ? HC_OK : e; /* a recount: it is soon over */
}
