/* See schedule.h. */
#include "schedule.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "calendar.h"
#include "clock.h"
#include "instance.h"
#include "job.h"
#include "leftovers.h"
#include "log.h"
#include "metrics.h"
#include "newest_find.h"
#include "pulse.h"
#include "repair.h"
#include "sample.h"
#include "survey.h"
#include "sweep.h"
#include "takeup.h"
#include "warm.h"
#include "words_take.h"

#define TICK_MS 50
#define SAMPLE_MS 10000

enum lane { LANE_BEAT, LANE_PULSE, LANE_LEASE, LANE_QUICK, LANE_SLOW, LANE_COUNT };

enum whose { EVERYONES, LEADERS };

static enum hc_err sweep_jobs(struct hc_duty_turn *t, struct hc_error *err)
{
    return hc_job_sweep_new(t->db, err);
}

/* By the clock of the wall, so that the samples of two leaders fall on the same times. */
static enum hc_err sample(struct hc_duty_turn *t, struct hc_error *err)
{
    int64_t now = hc_now_ms();
    t->next_ms = SAMPLE_MS - (int)(now % SAMPLE_MS);
    return hc_sample_store(t->db, now, err);
}

static const struct duty {
    const char *name;
    enum lane lane;
    enum whose whose;
    int each_ms;
    bool stored; /* needs the database */
    hc_duty_run *run;
    size_t state;                           /* bytes */
    void (*end)(struct hc_duty_turn *turn); /* before its thread ends; may be NULL, as may turn->db */
} DUTIES[] = {
    {"topics", LANE_PULSE, EVERYONES, 1000, false, hc_pulse_topics, sizeof(bool), NULL},
    {"beat", LANE_BEAT, EVERYONES, 1000, false, hc_pulse_beat, sizeof(struct hc_beat), hc_pulse_beat_end},
    {"plan", LANE_PULSE, EVERYONES, 200, true, hc_pulse_plan, sizeof(struct hc_movement *),
     hc_pulse_plan_end},
    {"lease", LANE_LEASE, EVERYONES, 1000, true, hc_pulse_lease, 0, hc_pulse_lease_end},
    {"sweep", LANE_QUICK, LEADERS, 1000, true, hc_sweep_turn, sizeof(struct hc_sweep), hc_sweep_end},
    {"samples", LANE_QUICK, LEADERS, SAMPLE_MS, true, sample, 0, NULL},
    {"warm", LANE_QUICK, LEADERS, 1000, true, hc_warm_turn, 0, NULL},
    {"survey", LANE_QUICK, LEADERS, 5000, true, hc_survey_turn, 0, NULL},
    {"newest", LANE_QUICK, LEADERS, 5000, true, hc_newest_find_turn, sizeof(struct hc_newest_find), NULL},
    {"words", LANE_SLOW, LEADERS, 5000, true, hc_words_take_turn, sizeof(struct hc_words_take), NULL},
    {"jobs", LANE_QUICK, LEADERS, 10000, true, sweep_jobs, 0, NULL},
    {"calendar", LANE_QUICK, LEADERS, 10000, true, hc_calendar_turn, sizeof(struct hc_calendar), NULL},
    {"recount", LANE_SLOW, LEADERS, 1000, true, hc_repair_turn, sizeof(int), NULL},
    {"rebuild", LANE_SLOW, LEADERS, 1000, true, hc_calendar_rebuild, sizeof(struct hc_rebuild), NULL},
    {"takeup", LANE_SLOW, LEADERS, 2000, true, hc_takeup_turn, sizeof(struct hc_takeup), NULL},
    {"leftovers", LANE_SLOW, LEADERS, 10000, true, hc_leftovers_turn, sizeof(struct hc_leftovers), NULL},
    {"audit", LANE_SLOW, LEADERS, 60000, true, hc_audit_turn, sizeof(struct hc_audit), NULL},
};
#define DUTY_COUNT (sizeof DUTIES / sizeof *DUTIES)

/* What is known of one duty. */
struct known {
    int64_t due;      /* hc_mono_ms of its next turn */
    enum hc_err last; /* how its last turn ended */
    bool began;
    int64_t term; /* of its last turn */
    void *state;
};

/* One thread. */
struct runner {
    struct hc_context *ctx;
    struct hc_leader *leader;
    enum lane lane;
    struct known known[DUTY_COUNT];
    struct hc_db db;
    bool has_db;
    struct hc_cache *cache;
};

/* ---- one duty ---- */

/* Borrows once and keeps: the driver reconnects below. */
static enum hc_err need_db(struct runner *r, struct hc_error *err)
{
    if (r->has_db)
        return HC_OK;
    enum hc_err e = hc_store_borrow(r->ctx->store, &r->db, err);
    r->has_db = e == HC_OK;
    return e;
}

/* After a failure the next turn borrows anew. */
static void give_back(struct runner *r)
{
    if (r->has_db)
        hc_store_return(&r->db);
    r->has_db = false;
}

/* One line when a duty begins to fail, none while that lasts. A database that a newer
 * Headcount wrote can't be served by waiting. */
static void note(struct runner *r, size_t duty, enum hc_err e, const struct hc_error *err)
{
    bool over = DUTIES[duty].whose == LEADERS && !hc_leader_is_mine(r->leader);
    if (e == HC_ENEWER) {
        hc_log(HC_LOG_ERROR, "consumer.newer", err->detail, NULL);
        atomic_store(&r->ctx->exit_code, hc_err_exit_code(HC_ESTORE));
        atomic_store(&r->ctx->stop, true);
    } else if (e != HC_OK && e != r->known[duty].last && !over) {
        hc_log(HC_LOG_WARN, "schedule.waiting", err->detail, HC_STR("duty", DUTIES[duty].name),
               HC_STR("err", hc_err_text(e)), NULL);
    }
    r->known[duty].last = e;
}

static struct hc_duty_turn make_turn(struct runner *r, size_t duty)
{
    struct known *k = &r->known[duty];
    int64_t term = DUTIES[duty].whose == LEADERS ? hc_leader_term(r->leader) : 0;
    struct hc_duty_turn t = {.ctx = r->ctx,
                             .leader = r->leader,
                             .db = r->has_db ? &r->db : NULL,
                             .cache = r->cache,
                             .state = k->state,
                             .first = !k->began || k->term != term,
                             .next_ms = DUTIES[duty].each_ms};
    k->began = true;
    k->term = term;
    return t;
}

static void run_one(struct runner *r, size_t duty)
{
    struct hc_error err = {0};
    enum hc_err e = DUTIES[duty].stored ? need_db(r, &err) : HC_OK;
    int next_ms = DUTIES[duty].each_ms;
    if (e == HC_OK) {
        struct hc_duty_turn t = make_turn(r, duty);
        e = DUTIES[duty].run(&t, &err);
        next_ms = t.next_ms;
    }
    if (e != HC_OK && DUTIES[duty].stored)
        give_back(r);
    r->known[duty].due = hc_mono_ms() + next_ms;
    note(r, duty, e, &err);
}

/* ---- one thread ---- */

static bool is_due(const struct runner *r, size_t duty)
{
    return DUTIES[duty].lane == r->lane && hc_mono_ms() >= r->known[duty].due &&
           !atomic_load(&r->ctx->stop) && (DUTIES[duty].whose == EVERYONES || hc_leader_is_mine(r->leader));
}

static bool begin(struct runner *r)
{
    bool ok = true;
    for (size_t d = 0; d < DUTY_COUNT && ok; d++)
        if (DUTIES[d].lane == r->lane && DUTIES[d].state > 0) {
            r->known[d].state = calloc(1, DUTIES[d].state);
            ok = r->known[d].state != NULL;
        }
    return ok;
}

static void end(struct runner *r)
{
    for (size_t d = 0; d < DUTY_COUNT; d++) {
        if (DUTIES[d].lane != r->lane)
            continue;
        struct hc_duty_turn t = make_turn(r, d);
        if (DUTIES[d].end)
            DUTIES[d].end(&t);
        free(r->known[d].state);
    }
    give_back(r);
}

static void *run_lane(void *arg)
{
    struct runner *r = arg;
    bool ok = begin(r);
    while (ok && !atomic_load(&r->ctx->stop)) {
        for (size_t d = 0; d < DUTY_COUNT; d++)
            if (is_due(r, d))
                run_one(r, d);
        hc_sleep_ms(TICK_MS);
    }
    if (ok)
        end(r);
    return NULL;
}

/* ---- all of them ---- */

static void fail(struct hc_context *ctx, enum hc_err code, const struct hc_error *err)
{
    hc_log(HC_LOG_ERROR, "schedule.failed", err->detail, HC_STR("setting", err->field), NULL);
    atomic_store(&ctx->exit_code, hc_err_exit_code(code));
    atomic_store(&ctx->stop, true);
}

static enum hc_err open_all(struct hc_context *ctx, struct hc_leader *leader, struct runner *runners,
                            struct hc_error *err)
{
    enum hc_err e = hc_leader_init(leader, ctx->settings->instance, err);
    for (int l = 0; l < LANE_COUNT && e == HC_OK; l++) {
        runners[l].ctx = ctx;
        runners[l].leader = leader;
        runners[l].lane = (enum lane)l;
        e = hc_cache_open(&runners[l].cache, ctx->settings->redis, err);
    }
    return e;
}

static void run_all(struct hc_context *ctx, struct runner *runners)
{
    pthread_t threads[LANE_COUNT];
    int started = 1;
    struct hc_error err = {0};
    while (started < LANE_COUNT && pthread_create(&threads[started], NULL, run_lane, &runners[started]) == 0)
        started++;
    if (started < LANE_COUNT) {
        hc_fail(&err, HC_EINTERNAL, NULL, "a thread can't be started");
        fail(ctx, HC_EINTERNAL, &err);
    }
    run_lane(&runners[0]);
    for (int l = 1; l < started; l++)
        pthread_join(threads[l], NULL);
}

void *hc_schedule_run(void *arg)
{
    struct hc_context *ctx = arg;
    struct hc_error err = {0};
    struct hc_leader leader = {.until = 0};
    struct runner runners[LANE_COUNT];
    memset(runners, 0, sizeof runners);
    enum hc_err e = open_all(ctx, &leader, runners, &err);
    if (e == HC_OK)
        run_all(ctx, runners);
    else
        fail(ctx, e, &err);
    for (int l = 0; l < LANE_COUNT; l++)
        hc_cache_close(runners[l].cache);
    return NULL;
}
