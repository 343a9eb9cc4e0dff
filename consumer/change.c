/* See change.h. This file: sorting changes by slot, and computing one slot's step. */
#include "change.h"

#include <stdlib.h>
#include <string.h>

#include "change_write.h"
#include "failpoint.h"
#include "slot.h"
#include "subject.h"
#include "tally.h"
#include "user.h"
#include "zone.h"

/* One step on its way: what it is about, what it will write, what it adds. */
struct step {
    struct hc_subjects subjects;
    struct hc_change_writes writes;
    struct hc_tally tally;
    struct hc_change_stats stats; /* of the last computing; added to the caller's once it is counted */
    bool healed;                  /* somebody's bookkeeping had been spoilt */
    const struct hc_slot_now *now;
};

/* ---- a user's facts ---- */

static void count_facts(struct step *s, const struct hc_subject *u)
{
    bool same = u->counted && u->has_k && u->counted_gender == u->gender && u->counted_country == u->country;
    if (!same) {
        if (u->counted)
            hc_tally_user(&s->tally, u->counted_gender, u->counted_country, -1);
        hc_tally_user(&s->tally, u->gender, u->country, 1);
        s->stats.users++;
    }
    if (!same || u->due[0])
        hc_change_write_user(&s->writes, u, !same);
}

/* ---- a user's requests ---- */

/* What the requests of one user in this step come to. */
struct news {
    int64_t count, last_ms;
    int32_t day;
};

static bool day_counts(const struct step *s, int32_t day)
{
    return day >= s->now->floor;
}

/* A user is active on one day, that of the latest request, and only ever moves forward. */
static void count_usage(struct step *s, const struct hc_subject *u, const struct news *news)
{
    bool had_day = u->has_usage && u->zone_generation == s->now->zone_generation;
    int32_t old_day = had_day ? u->day : u->has_usage ? hc_zone_day(u->last_ms) : INT32_MIN;
    struct hc_usage_now usage = {.user = u->user,
                                 .fresh = !u->has_usage,
                                 .requests = u->requests + news->count,
                                 .last_ms = news->count > 0 && news->last_ms > u->last_ms ? news->last_ms
                                                                                          : u->last_ms,
                                 .day = news->count > 0 && news->day > old_day ? news->day : old_day,
                                 .zone_generation = s->now->zone_generation};
    if (news->count == 0 && (!u->has_usage || had_day))
        return;
    s->tally.requests += news->count;
    if (had_day && day_counts(s, old_day))
        hc_tally_day(&s->tally, old_day, -1);
    if (day_counts(s, usage.day))
        hc_tally_day(&s->tally, usage.day, 1);
    hc_change_write_usage(&s->writes, &usage);
}

/* ---- a user who goes ---- */

static void count_removal(struct step *s, const struct hc_subject *u)
{
    if (!u->stands)
        s->stats.lost = true; /* nobody knows any more as what he was counted */
    if (u->counted)
        hc_tally_user(&s->tally, u->counted_gender, u->counted_country, -1);
    if (u->has_usage) {
        s->tally.requests -= u->requests;
        if (u->zone_generation == s->now->zone_generation && day_counts(s, u->day))
            hc_tally_day(&s->tally, u->day, -1);
    }
    s->stats.removed++;
    hc_change_write_grave(&s->writes, u);
    hc_change_write_removal(&s->writes, u);
}

/* What a zombie wrote of a user who was taken out: it was never counted. */
static void remove_leftovers(struct step *s, const struct hc_subject *u)
{
    if (u->stands || u->has_usage)
        hc_change_write_removal(&s->writes, u);
}

/* ---- deciding ---- */

static bool lives(const struct hc_subject *u)
{
    return !u->buried && (u->assumed || (u->stands && !u->gone));
}

static bool leaves(const struct hc_subject *u)
{
    return !u->buried && !u->assumed && (u->stands ? u->gone : u->told_gone || u->has_usage);
}

static void count_subject(struct step *s, const struct hc_subject *u, const struct news *news)
{
    if (u->buried) {
        remove_leftovers(s, u);
    } else if (leaves(u)) {
        count_removal(s, u);
    } else if (lives(u)) {
        if (!u->assumed)
            count_facts(s, u);
        count_usage(s, u, news);
    }
}

/* Takes a request in if its user lives and it was not counted before. */
static void take_request(struct step *s, const struct hc_request *r, struct news *news)
{
    const struct hc_subject *u = &s->subjects.list[r->subject];
    const struct hc_activity *a = r->change->activity;
    if (r->repeated) {
        s->stats.repeated++;
    } else if (lives(u)) {
        int32_t day = hc_zone_day(a->time_ms);
        struct news *n = &news[r->subject];
        n->last_ms = n->count == 0 || a->time_ms > n->last_ms ? a->time_ms : n->last_ms;
        n->day = n->count == 0 || day > n->day ? day : n->day;
        n->count++;
        s->stats.requests++;
        hc_tally_device(&s->tally, a->os, a->browser, 1);
        hc_change_write_activity(&s->writes, a);
    } else if (u->buried || leaves(u)) {
        s->stats.late++;
    }
}

/* The requests of those who go are taken off by what was stored with each. */
static enum hc_err count_removed_requests(struct step *s, struct hc_db *db, struct hc_error *err)
{
    bson_t users = BSON_INITIALIZER;
    uint32_t n = 0;
    int64_t requests = 0;
    for (size_t i = 0; i < s->subjects.count; i++) {
        const struct hc_subject *u = &s->subjects.list[i];
        char key[16];
        const char *text;
        if (!leaves(u) || !u->has_usage)
            continue;
        size_t len = bson_uint32_to_string(n++, &text, key, sizeof key);
        bson_append_oid(&users, text, (int)len, &u->user);
        requests += u->requests;
    }
    enum hc_err e = n > 0 ? hc_change_read_devices(db, &users, requests, &s->tally, err) : HC_OK;
    bson_destroy(&users);
    return e;
}

static enum hc_err count_all(struct step *s, struct hc_db *db, struct hc_error *err)
{
    struct news *news = calloc(s->subjects.count, sizeof *news);
    if (!news)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    for (size_t i = 0; i < s->subjects.request_count; i++)
        take_request(s, &s->subjects.requests[i], news);
    for (size_t i = 0; i < s->subjects.count; i++)
        count_subject(s, &s->subjects.list[i], &news[i]);
    free(news);
    return count_removed_requests(s, db, err);
}

/* Reads all, once more when something had to be made sound first: then a recount sets right what it was
 * counted as. */
static enum hc_err read_sound(struct step *s, struct hc_db *db, const struct hc_slot_now *now,
                              struct hc_error *err)
{
    size_t healed = 0;
    enum hc_err e = hc_subjects_read(&s->subjects, db, now->v, err);
    if (e == HC_OK)
        e = hc_subjects_heal(&s->subjects, db, &healed, err);
    s->healed |= healed > 0;
    return e == HC_OK && healed > 0 ? hc_subjects_read(&s->subjects, db, now->v, err) : e;
}

static enum hc_err compute(void *ctx, struct hc_db *db, const struct hc_slot_now *now,
                           struct hc_slot_intent *out, struct hc_error *err)
{
    struct step *s = ctx;
    if (strcmp(now->zone, hc_zone_name()) != 0)
        return hc_fail(err, HC_EBUSY, "slot", "days are counted in the zone %s, not in %s", now->zone,
                       hc_zone_name());
    memset(&s->stats, 0, sizeof s->stats);
    enum hc_err e = read_sound(s, db, now, err);
    if (e != HC_OK)
        return e;
    HC_FAILPOINT("change.read");
    memset(&s->tally, 0, sizeof s->tally);
    s->now = now;
    hc_change_writes_begin(&s->writes);
    e = count_all(s, db, err);
    if (e == HC_OK)
        out->nothing = !hc_change_writes_end(&s->writes, now->v + 1, &out->writes);
    hc_change_writes_release(&s->writes);
    hc_tally_write(&s->tally, &out->delta);
    return e;
}

/* ---- one slot ---- */

/* Of users that never were, nothing could be counted. */
static void tell_outcomes(const struct step *s, struct hc_change *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        list[i].outcome = HC_OK;
    for (size_t i = 0; i < n; i++) {
        const struct hc_subject *u = hc_subjects_find(&s->subjects, &list[i].user);
        if (list[i].kind != HC_CHANGE_GONE && !lives(u) && !u->buried && !leaves(u))
            list[i].outcome = HC_ENOTFOUND;
    }
}

static void add_stats(struct hc_change_stats *to, const struct hc_change_stats *from)
{
    to->requests += from->requests;
    to->repeated += from->repeated;
    to->late += from->late;
    to->users += from->users;
    to->removed += from->removed;
    to->lost |= from->lost;
}

static enum hc_err apply_one(struct hc_db *db, int slot, struct hc_change *list, size_t n,
                             struct hc_change_stats *stats, struct hc_error *err)
{
    struct step *s = calloc(1, sizeof *s);
    if (!s)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    enum hc_err e = hc_subjects_make(&s->subjects, list, n, err);
    struct hc_slot_step step = {.slot = slot, .compute = compute, .ctx = s};
    if (e == HC_OK)
        e = hc_slot_run(db, &step, err);
    stats->lost |= s->stats.lost || s->healed; /* also when the step is finished by somebody else */
    if (e == HC_OK) {
        tell_outcomes(s, list, n);
        add_stats(stats, &s->stats);
    }
    hc_subjects_release(&s->subjects);
    free(s);
    return e;
}

/* ---- all slots ---- */

struct place {
    int slot;
    size_t at; /* in the caller's list */
};

static int by_slot(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->slot != y->slot)
        return x->slot < y->slot ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* One slot's trouble is no reason to leave the others uncounted; a store that is away is. */
static bool goes_on(enum hc_err e)
{
    return e != HC_ESTORE && e != HC_EOUTCOME && e != HC_ENOMEM;
}

static enum hc_err apply_sorted(struct hc_db *db, struct hc_change *list, const struct place *places,
                                size_t n, struct hc_change_stats *stats, struct hc_error *err)
{
    size_t most = n < HC_CHANGES_MAX ? n : HC_CHANGES_MAX;
    struct hc_change *batch = calloc(most, sizeof *batch);
    if (!batch)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    enum hc_err first = HC_OK;
    for (size_t at = 0, m = 0; at < n && goes_on(first); at += m) {
        struct hc_error why;
        for (m = 0; at + m < n && m < most && places[at + m].slot == places[at].slot; m++)
            batch[m] = list[places[at + m].at];
        enum hc_err e = apply_one(db, places[at].slot, batch, m, stats, &why);
        for (size_t i = 0; i < m; i++)
            list[places[at + i].at].outcome = batch[i].outcome;
        if (e != HC_OK && (first == HC_OK || !goes_on(e))) {
            first = e;
            *err = why;
        }
    }
    free(batch);
    return first;
}

enum hc_err hc_changes_apply(struct hc_db *db, struct hc_change *list, size_t n,
                             struct hc_change_stats *stats, struct hc_error *err)
{
    if (n == 0)
        return HC_OK;
    struct place *places = calloc(n, sizeof *places);
    if (!places)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    for (size_t i = 0; i < n; i++)
        places[i] = (struct place){hc_user_slot(&list[i].user), i};
    qsort(places, n, sizeof *places, by_slot);
    enum hc_err e = apply_sorted(db, list, places, n, stats, err);
    free(places);
    return e;
}
