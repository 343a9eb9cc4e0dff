/* See calendar.h. */
#include "calendar.h"

#include <string.h>

#include "clock.h"
#include "log.h"
#include "look.h"
#include "mend.h"
#include "recount.h"
#include "slot.h"

#define BATCH 1000
#define READ_MS 10000

/* ---- is a rebuild under way? ---- */

enum hc_err hc_calendar_begin_rebuild(struct hc_duty_turn *t, struct hc_error *err)
{
    char id[HC_ULID_TEXT];
    if (hc_ulid_new(id) != 0)
        return hc_fail(err, HC_EINTERNAL, NULL, "the system has no random numbers for a new id");
    bson_t *fields =
        BCON_NEW("ready", BCON_BOOL(false), "zone", BCON_UTF8(hc_zone_name()), "begun", BCON_UTF8(id));
    enum hc_err e = hc_leader_publish(t->leader, t->db, "zone", fields, err);
    bson_destroy(fields);
    return e;
}

/* Unless another one began meanwhile. */
static enum hc_err end_rebuild(struct hc_duty_turn *t, const char *begun, struct hc_error *err)
{
    int64_t matched = 0;
    bson_t *filter = BCON_NEW("_id", "zone", "begun", BCON_UTF8(begun), "term", "{", "$lte",
                              BCON_INT64(hc_leader_term(t->leader)), "}");
    bson_t *update = BCON_NEW("$set", "{", "ready", BCON_BOOL(true), "}");
    enum hc_err e = hc_db_update_one(t->db, HC_META, filter, update, &matched, err);
    if (e == HC_OK && matched > 0)
        hc_log(HC_LOG_INFO, "zone.ready", "all active users are counted by the new days", NULL);
    bson_destroy(filter);
    bson_destroy(update);
    return e;
}

/* The id of the one that is under way, "" for none. */
static enum hc_err read_rebuild(struct hc_duty_turn *t, char begun[HC_ULID_TEXT], struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", "zone", "ready", BCON_BOOL(false));
    bson_t *opts = BCON_NEW("maxTimeMS", BCON_INT32(2000));
    bson_t doc = BSON_INITIALIZER;
    bson_iter_t it;
    begun[0] = '\0';
    enum hc_err e = hc_db_find_one(t->db, HC_META, filter, opts, &doc, err);
    if (e == HC_OK && bson_iter_init_find(&it, &doc, "begun") && BSON_ITER_HOLDS_UTF8(&it))
        bson_strncpy(begun, bson_iter_utf8(&it, NULL), HC_ULID_TEXT);
    bson_destroy(filter);
    bson_destroy(opts);
    bson_destroy(&doc);
    return e == HC_ENOTFOUND ? HC_OK : e;
}

/* ---- the slots ---- */

static bool count_fitting(void *ctx, const bson_t *doc)
{
    bson_iter_t it;
    int *fitting = ctx;
    *fitting += bson_iter_init_find(&it, doc, "zone") && BSON_ITER_HOLDS_UTF8(&it) &&
                strcmp(bson_iter_utf8(&it, NULL), hc_zone_name()) == 0;
    return true;
}

/* Not exact is said before the first slot changes. */
static enum hc_err set_zone(struct hc_duty_turn *t, struct hc_error *err)
{
    int fitting = 0;
    bool changed;
    bson_t filter = BSON_INITIALIZER;
    bson_t *opts = BCON_NEW("projection", "{", "zone", BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(5000));
    enum hc_err e = hc_db_each(t->db, HC_SLOTS, &filter, opts, count_fitting, &fitting, err);
    bson_destroy(opts);
    if (e != HC_OK || fitting == HC_SLOT_COUNT)
        return e;
    hc_log(HC_LOG_INFO, "zone.changed", "active users are counted anew by the days of another zone",
           HC_STR("zone", hc_zone_name()), NULL);
    e = hc_calendar_begin_rebuild(t, err);
    for (int i = 0; i < HC_SLOT_COUNT && e == HC_OK && hc_duty_goes_on(t); i++)
        e = hc_slot_set_zone(t->db, i, &changed, err);
    return e;
}

static enum hc_err prune(struct hc_duty_turn *t, struct hc_error *err)
{
    struct hc_calendar *c = t->state;
    int32_t today = hc_zone_day(hc_now_ms());
    enum hc_err e = HC_OK;
    bool rebuild = false;
    if (!t->first && c->pruned == today)
        return HC_OK;
    for (int i = 0; i < HC_SLOT_COUNT && e == HC_OK && hc_duty_goes_on(t); i++)
        e = hc_slot_prune(t->db, i, today - HC_CALENDAR_DAYS, &rebuild, err);
    if (rebuild) { /* also after an error: some slots have begun anew */
        struct hc_error later;
        enum hc_err begun = hc_calendar_begin_rebuild(t, &later);
        if (e == HC_OK && begun != HC_OK) {
            e = begun;
            *err = later;
        }
    }
    if (e == HC_OK)
        c->pruned = today;
    return e;
}

static enum hc_err mend(struct hc_duty_turn *t, struct hc_error *err)
{
    bool mended, rebuild;
    enum hc_err e = hc_mend_slots(t->db, &mended, &rebuild, err);
    if (e == HC_OK && rebuild)
        e = hc_calendar_begin_rebuild(t, err);
    if (e == HC_OK && mended)
        hc_recount_ask(t->db, "a slot was missing or spoilt");
    return e;
}

/* A recount that holds the slots is waited for. */
enum hc_err hc_calendar_turn(struct hc_duty_turn *t, struct hc_error *err)
{
    enum hc_err e = mend(t, err);
    if (e == HC_OK)
        e = set_zone(t, err);
    if (e == HC_OK)
        e = prune(t, err);
    if (e != HC_OK)
        t->next_ms = 1000;
    return e == HC_EBUSY ? HC_OK : e;
}

/* ---- the round over all users with requests ---- */

static bool take_id(void *ctx, const bson_t *doc)
{
    bson_iter_t it;
    if (bson_iter_init_find(&it, doc, "_id") && BSON_ITER_HOLDS_OID(&it))
        hc_look_add(ctx, bson_iter_oid(&it));
    return true;
}

/* One batch. Who has the new generation already costs a look and no more. */
static enum hc_err look_at_batch(struct hc_duty_turn *t, struct hc_rebuild *r, bool *end,
                                 struct hc_error *err)
{
    struct hc_look look = {.count = 0};
    struct hc_change_stats stats = {.requests = 0};
    bson_t *filter = BCON_NEW("_id", "{", "$gt", BCON_OID(&r->at), "}");
    bson_t *opts =
        BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "sort", "{", "_id", BCON_INT32(1), "}",
                 "limit", BCON_INT64(BATCH), "hint", "_id_", "maxTimeMS", BCON_INT32(READ_MS));
    enum hc_err e = hc_look_open(&look, BATCH, err);
    if (e == HC_OK)
        e = hc_db_each(t->db, HC_USAGE, filter, opts, take_id, &look, err);
    if (e == HC_OK)
        e = hc_changes_apply(t->db, look.list, look.count, &stats, err);
    if (stats.lost)
        hc_recount_ask(t->db, "a user was deleted by another system");
    *end = e == HC_OK && look.count < BATCH;
    if (e == HC_OK && look.count > 0)
        bson_oid_copy(&look.last, &r->at);
    hc_look_close(&look);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

enum hc_err hc_calendar_rebuild(struct hc_duty_turn *t, struct hc_error *err)
{
    struct hc_rebuild *r = t->state;
    char begun[HC_ULID_TEXT];
    bool end = false;
    enum hc_err e = read_rebuild(t, begun, err);
    if (e != HC_OK || !begun[0])
        return e;
    if (t->first || strcmp(begun, r->begun) != 0)
        memset(&r->at, 0, sizeof r->at);
    bson_strncpy(r->begun, begun, sizeof r->begun);
    e = look_at_batch(t, r, &end, err);
    t->next_ms = e == HC_EBUSY ? 1000 : 20;
    if (e == HC_OK && end && hc_duty_goes_on(t))
        e = end_rebuild(t, begun, err);
    return e == HC_EBUSY ? HC_OK : e;
}
