/* See repair.h. */
#include "repair.h"

#include <string.h>

#include "audit.h"
#include "calendar.h"
#include "clock.h"
#include "leftovers.h"
#include "log.h"
#include "measure.h"
#include "mend.h"
#include "recount.h"
#include "slot.h"

#define MOST_MS 180000   /* for which nothing is counted */
#define SWEEP_MS 20000   /* for what zombies left, before the hold */
#define GIVE_UP_TRIES 60 /* for what passes: another one's hold lasts up to 30 s */
#define TOO_MUCH_TRIES 3 /* for what is too much for its time */
#define AGAIN_MS 2000

/* ---- what is said of it ---- */

/* Sets fields if no newer one is wanted. */
static enum hc_err say(struct hc_duty_turn *t, const struct hc_recount *r, const bson_t *fields,
                       struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", "recount", "wanted", BCON_UTF8(r->id));
    bson_t *update = BCON_NEW("$set", BCON_DOCUMENT(fields));
    enum hc_err e = hc_db_update_one(t->db, HC_META, filter, update, NULL, err);
    bson_destroy(filter);
    bson_destroy(update);
    return e;
}

static enum hc_err say_state(struct hc_duty_turn *t, const struct hc_recount *r, const char *state,
                             const char *detail, struct hc_error *err)
{
    bson_t *fields = BCON_NEW("state", BCON_UTF8(state), "detail", BCON_UTF8(detail));
    if (strcmp(state, "running") == 0 && r->started_ms == 0)
        BSON_APPEND_DATE_TIME(fields, "started", hc_now_ms());
    enum hc_err e = say(t, r, fields, err);
    bson_destroy(fields);
    return e;
}

static enum hc_err say_done(struct hc_duty_turn *t, const struct hc_recount *r, struct hc_measure *m,
                            int64_t drift, struct hc_error *err)
{
    bson_t found = BSON_INITIALIZER;
    hc_difference_show(&m->difference, &found, 20);
    bson_t *fields =
        BCON_NEW("state", "done", "detail", "", "last", "{", "id", BCON_UTF8(r->id), "drift",
                 BCON_INT64(drift), "ms", BCON_INT64(m->ms), "at", BCON_DATE_TIME(hc_now_ms()), "term",
                 BCON_INT64(hc_leader_term(t->leader)), "found", BCON_DOCUMENT(&found), "}");
    enum hc_err e = say(t, r, fields, err);
    hc_log(drift == 0 ? HC_LOG_INFO : HC_LOG_WARN, "recount.done",
           drift == 0 ? "stored and counted agree" : "the counters were repaired", HC_INT("drift", drift),
           HC_INT("ms", m->ms), HC_STR("why", r->why), NULL);
    bson_destroy(&found);
    bson_destroy(fields);
    return e;
}

/* ---- the recount ---- */

static enum hc_err prepare(struct hc_duty_turn *t, struct hc_error *err)
{
    bool mended, rebuild;
    enum hc_err e = hc_mend_slots(t->db, &mended, &rebuild, err);
    if (e == HC_OK && rebuild)
        e = hc_calendar_begin_rebuild(t, err);
    if (e == HC_OK)
        e = hc_leftovers_sweep_all(t, hc_mono_ms() + SWEEP_MS, err);
    return e;
}

static enum hc_err measure_held(struct hc_duty_turn *t, struct hc_measure *m, const struct hc_hold *hold,
                                int64_t deadline, struct hc_error *err)
{
    enum hc_err e = hc_measure_take(m, t->db, deadline, hold, err);
    if (e == HC_OK)
        e = hc_hold_check(t->db, hold, err);
    if (e == HC_OK && !hc_duty_goes_on(t))
        e = hc_fail(err, HC_EBUSY, NULL, "this process leads no more");
    return e;
}

/* Holds, measures, lets go: *drift is what was found and is repaired. */
static enum hc_err repair(struct hc_duty_turn *t, struct hc_measure *m, int64_t *drift, struct hc_error *err)
{
    struct hc_hold hold;
    bson_t delta = BSON_INITIALIZER;
    int64_t deadline = hc_mono_ms() + MOST_MS;
    memset(m, 0, sizeof *m);
    enum hc_err e = hc_hold_take(t->db, &hold, err);
    if (e != HC_OK)
        return e;
    e = measure_held(t, m, &hold, deadline, err);
    *drift = hc_difference_sum(&m->difference);
    if (e == HC_OK && *drift > 0) {
        hc_difference_write(&m->difference, &delta);
        e = hc_hold_release(t->db, &hold, &delta, err);
    } else {
        struct hc_error later;
        enum hc_err released = hc_hold_release(t->db, &hold, NULL, &later);
        if (e == HC_OK && released != HC_OK) {
            e = released;
            *err = later;
        }
    }
    bson_destroy(&delta);
    return e;
}

static enum hc_err carry_out(struct hc_duty_turn *t, const struct hc_recount *r, struct hc_error *err)
{
    struct hc_measure m;
    int64_t drift = 0;
    enum hc_err e = say_state(t, r, "running", "", err);
    if (e == HC_OK)
        e = prepare(t, err);
    if (e != HC_OK)
        return e;
    e = repair(t, &m, &drift, err);
    if (e == HC_OK)
        e = say_done(t, r, &m, drift, err);
    if (e == HC_OK) /* else the numbers would be called inexact until the next audit */
        e = hc_audit_publish(t, &m, true, 0, err);
    hc_measure_release(&m);
    return e;
}

/* Waits for what passes, and gives up on what doesn't. */
static enum hc_err wait_or_fail(struct hc_duty_turn *t, const struct hc_recount *r, enum hc_err e, int tries,
                                struct hc_error *err)
{
    bool passes = hc_err_is_transient(e) || e == HC_EOUTCOME;
    bool over = !passes || tries >= GIVE_UP_TRIES || (e == HC_EDEADLINE && tries >= TOO_MUCH_TRIES);
    char why[sizeof err->detail];
    bson_strncpy(why, err->detail, sizeof why);
    t->next_ms = AGAIN_MS;
    if (over)
        hc_log(HC_LOG_ERROR, "recount.failed", why, HC_STR("err", hc_err_text(e)), NULL);
    return say_state(t, r, over ? "failed" : "wanted", why, err);
}

enum hc_err hc_repair_turn(struct hc_duty_turn *t, struct hc_error *err)
{
    struct hc_recount r;
    int *tries = t->state;
    enum hc_err e = hc_recount_read(t->db, &r, err);
    bool wanted = e == HC_OK && (strcmp(r.state, "wanted") == 0 || strcmp(r.state, "running") == 0);
    if (!wanted || !hc_duty_goes_on(t)) {
        *tries = 0;
        return e;
    }
    e = carry_out(t, &r, err);
    (*tries)++;
    if (e == HC_OK)
        *tries = 0;
    else if (hc_duty_goes_on(t))
        e = wait_or_fail(t, &r, e, *tries, err);
    return e;
}
