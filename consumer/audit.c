/* See audit.h. */
#include "audit.h"

#include <string.h>

#include "clock.h"
#include "leftovers.h"
#include "log.h"
#include "measure.h"
#include "takeup.h"

#define EACH_MS 60000
#define SOON_MS 5000   /* after one that was disturbed: three times, then as always */
#define FACTOR 50      /* times as long as it takes lie between two */
#define MOST_MS 300000 /* that one may take */
#define FACTS_EACH_MS 600000
#define FIND_MS 15000
#define SWEEP_MS 20000

enum hc_err hc_audit_publish(struct hc_duty_turn *t, struct hc_measure *m, bool known, int64_t drift,
                             struct hc_error *err)
{
    bson_t found = BSON_INITIALIZER;
    if (known && drift > 0)
        hc_difference_show(&m->difference, &found, 10);
    bson_t *fields = BCON_NEW("at", BCON_DATE_TIME(hc_now_ms()), "ms", BCON_INT64(m->ms), "users",
                              BCON_INT64(m->users), "found", BCON_DOCUMENT(&found));
    if (known) {
        BSON_APPEND_INT64(fields, "drift", drift);
        BSON_APPEND_BOOL(fields, "exact", drift == 0);
    } else {
        BSON_APPEND_NULL(fields, "drift");
        BSON_APPEND_NULL(fields, "exact");
    }
    enum hc_err e = hc_leader_publish(t->leader, t->db, "audit", fields, err);
    if (e == HC_OK && known && drift > 0)
        hc_log(HC_LOG_ERROR, "audit.drift", "the counters are not what is stored", HC_INT("drift", drift),
               HC_INT("users", m->users), NULL);
    bson_destroy(&found);
    bson_destroy(fields);
    return e;
}

/* Somebody wrote users past us: does any lack what we keep of it? */
static enum hc_err look_for_strangers(struct hc_duty_turn *t, const struct hc_measure *m,
                                      struct hc_error *err)
{
    bson_t doc = BSON_INITIALIZER;
    if (m->uncounted == 0)
        return HC_OK;
    bson_t *filter = BCON_NEW("_hc.k", BCON_NULL);
    bson_t *opts = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "hint", "{", "_id", BCON_INT32(1),
                            "}", "maxTimeMS", BCON_INT32(FIND_MS));
    enum hc_err e = hc_db_find_one(t->db, HC_USERS, filter, opts, &doc, err);
    if (e == HC_OK)
        e = hc_takeup_want(t, err);
    bson_destroy(filter);
    bson_destroy(opts);
    bson_destroy(&doc);
    return e == HC_ENOTFOUND ? HC_OK : e;
}

static enum hc_err look_at_facts(struct hc_duty_turn *t, struct hc_error *err)
{
    struct hc_audit *a = t->state;
    int64_t count, now = hc_mono_ms();
    if (!t->first && now - a->facts_ms < FACTS_EACH_MS)
        return HC_OK;
    a->facts_ms = now;
    enum hc_err e = hc_takeup_differing(t, FIND_MS, &count, err);
    return e == HC_EDEADLINE ? HC_OK : e;
}

static int next_after(const struct hc_audit *a, bool known, int64_t ms)
{
    int64_t next = ms * FACTOR > EACH_MS ? ms * FACTOR : EACH_MS;
    if (!known && a->turns <= 3 && ms < SOON_MS)
        next = SOON_MS;
    return next > INT32_MAX ? INT32_MAX : (int)next;
}

static enum hc_err measure_once(struct hc_duty_turn *t, struct hc_measure *m, struct hc_error *err)
{
    enum hc_err e = hc_measure_take(m, t->db, hc_mono_ms() + MOST_MS, NULL, err);
    return e == HC_OK ? hc_measure_holds(m, t->db, err) : e;
}

/* What a zombie brought back is stored and not counted: before that is called a drift it is swept. */
static enum hc_err measure(struct hc_duty_turn *t, struct hc_measure *m, struct hc_error *err)
{
    enum hc_err e = measure_once(t, m, err);
    if (e != HC_OK || hc_difference_sum(&m->difference) == 0)
        return e;
    hc_measure_release(m);
    memset(m, 0, sizeof *m);
    e = hc_leftovers_sweep_all(t, hc_mono_ms() + SWEEP_MS, err);
    return e == HC_OK ? measure_once(t, m, err) : e;
}

enum hc_err hc_audit_turn(struct hc_duty_turn *t, struct hc_error *err)
{
    struct hc_audit *a = t->state;
    struct hc_measure m;
    enum hc_err e = measure(t, &m, err);
    bool known = e == HC_OK;
    a->turns = known ? 0 : a->turns + 1;
    t->next_ms = next_after(a, known, m.ms);
    if ((known || e == HC_EBUSY || e == HC_EDEADLINE) && hc_duty_goes_on(t))
        e = hc_audit_publish(t, &m, known, hc_difference_sum(&m.difference), err);
    if (e == HC_OK && m.users + m.uncounted > 0)
        e = look_for_strangers(t, &m, err);
    if (e == HC_OK)
        e = look_at_facts(t, err);
    hc_measure_release(&m);
    return e;
}
