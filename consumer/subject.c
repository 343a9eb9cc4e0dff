/* See subject.h. */
#include "subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "countries.h"
#include "failpoint.h"
#include "generator.h"
#include "ids.h"
#include "log.h"

#define READ_MS 10000
#define GRAVES_MAX 200
#define DUE_MAX sizeof((struct hc_subject *)0)->due

/* ---- gathering ---- */

static int by_user(const void *a, const void *b)
{
    return bson_oid_compare(&((const struct hc_subject *)a)->user, &((const struct hc_subject *)b)->user);
}

static struct hc_subject *find(const struct hc_subjects *s, const bson_oid_t *user)
{
    struct hc_subject key;
    bson_oid_copy(user, &key.user);
    return bsearch(&key, s->list, s->count, sizeof key, by_user);
}

const struct hc_subject *hc_subjects_find(const struct hc_subjects *s, const bson_oid_t *user)
{
    return find(s, user);
}

static void fold_into(struct hc_subject *first, const struct hc_subject *other)
{
    first->told |= other->told;
    first->told_gone |= other->told_gone;
}

/* Sorts, and folds those of the same user into one. */
static void fold(struct hc_subjects *s)
{
    size_t kept = 0;
    qsort(s->list, s->count, sizeof *s->list, by_user);
    for (size_t i = 0; i < s->count; i++) {
        if (kept > 0 && by_user(&s->list[kept - 1], &s->list[i]) == 0)
            fold_into(&s->list[kept - 1], &s->list[i]);
        else
            s->list[kept++] = s->list[i];
    }
    s->count = kept;
}

static int by_activity(const void *a, const void *b)
{
    const struct hc_request *x = a, *y = b;
    return bson_oid_compare(&x->change->activity->id, &y->change->activity->id);
}

enum hc_err hc_subjects_make(struct hc_subjects *s, struct hc_change *list, size_t n, struct hc_error *err)
{
    memset(s, 0, sizeof *s);
    s->list = calloc(n, sizeof *s->list);
    s->requests = calloc(n, sizeof *s->requests);
    if (!s->list || !s->requests)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    for (size_t i = 0; i < n; i++) {
        s->list[i].user = list[i].user;
        s->list[i].told = list[i].kind != HC_CHANGE_REQUEST;
        s->list[i].told_gone = list[i].kind == HC_CHANGE_GONE;
        if (list[i].kind == HC_CHANGE_REQUEST)
            s->requests[s->request_count++].change = &list[i];
    }
    s->count = n;
    fold(s);
    qsort(s->requests, s->request_count, sizeof *s->requests, by_activity);
    for (size_t i = 0; i < s->request_count; i++)
        s->requests[i].subject = (size_t)(find(s, &s->requests[i].change->user) - s->list);
    return HC_OK;
}

static void forget_odd(struct hc_subjects *s)
{
    for (size_t i = 0; s->list && i < s->count; i++) {
        bson_destroy(s->list[i].odd);
        s->list[i].odd = NULL;
    }
}

void hc_subjects_release(struct hc_subjects *s)
{
    forget_odd(s);
    free(s->list);
    free(s->requests);
    memset(s, 0, sizeof *s);
}

/* ---- what stands ---- */

static struct hc_subject *subject_of(struct hc_subjects *s, const bson_t *doc)
{
    bson_iter_t it;
    if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
        return NULL;
    return find(s, bson_iter_oid(&it));
}

/* The text at a path, "" for anything else. */
static const char *text_at(const bson_t *doc, const char *path, uint32_t *len)
{
    bson_iter_t it, found;
    *len = 0;
    if (!bson_iter_init(&it, doc) || !bson_iter_find_descendant(&it, path, &found) ||
        !BSON_ITER_HOLDS_UTF8(&found))
        return "";
    return bson_iter_utf8(&found, len);
}

static bool has(const bson_t *doc, const char *path)
{
    bson_iter_t it, found;
    return bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, path, &found) &&
           !BSON_ITER_HOLDS_NULL(&found);
}

static int gender_at(const bson_t *doc, const char *path)
{
    uint32_t len;
    const char *text = text_at(doc, path, &len);
    for (unsigned g = 0; g < HC_GENDER_COUNT; g++)
        if (strcmp(text, hc_gender_name(g)) == 0)
            return (int)g;
    return HC_OTHER;
}

static int country_at(const bson_t *doc, const char *path)
{
    uint32_t len;
    const char *text = text_at(doc, path, &len);
    int country = len > 0 ? hc_country_find(text, len) : -1;
    return country >= 0 ? country : hc_country_unknown();
}

/* Can a step write it? Its filters need _hc to be an object, a version that is no newer than the slot's, and
 * a token that fits. A missing bookkeeping is fine: the step gives one. */
static bool is_sound(const bson_t *doc, int64_t v)
{
    bson_iter_t it, hc, part;
    uint32_t len;
    if (!bson_iter_init_find(&it, doc, "_hc"))
        return true;
    if (!BSON_ITER_HOLDS_DOCUMENT(&it))
        return false;
    if (bson_iter_recurse(&it, &hc) && bson_iter_find(&hc, "due") &&
        (!BSON_ITER_HOLDS_UTF8(&hc) || strlen(bson_iter_utf8(&hc, &len)) != len || len >= DUE_MAX))
        return false;
    if (!bson_iter_recurse(&it, &hc) || !bson_iter_find(&hc, "k"))
        return true;
    if (!BSON_ITER_HOLDS_DOCUMENT(&hc) || !bson_iter_recurse(&hc, &part))
        return false;
    return !bson_iter_find(&part, "v") ||
           (BSON_ITER_HOLDS_INT(&part) && bson_iter_as_int64(&part) >= 0 && bson_iter_as_int64(&part) <= v);
}

static bool take_user(void *ctx, const bson_t *doc)
{
    uint32_t len;
    const struct hc_subjects *s = ctx;
    struct hc_subject *u = subject_of(ctx, doc);
    if (!u)
        return true;
    u->stands = true;
    if (!is_sound(doc, s->v) && !u->odd)
        u->odd = bson_copy(doc);
    u->gone = has(doc, "_hc.gone");
    u->gender = gender_at(doc, "gender");
    u->country = country_at(doc, "country");
    u->has_k = has(doc, "_hc.k.v");
    u->counted = has(doc, "_hc.k.g");
    u->counted_gender = gender_at(doc, "_hc.k.g");
    u->counted_country = country_at(doc, "_hc.k.c");
    bson_strncpy(u->due, text_at(doc, "_hc.due", &len), sizeof u->due);
    return true;
}

static bool take_usage(void *ctx, const bson_t *doc)
{
    struct hc_subject *u = subject_of(ctx, doc);
    bson_iter_t it;
    if (!u || !bson_iter_init(&it, doc))
        return true;
    u->has_usage = true;
    while (bson_iter_next(&it)) {
        const char *key = bson_iter_key(&it);
        if (strcmp(key, "n") == 0)
            u->requests = bson_iter_as_int64(&it);
        else if (strcmp(key, "last") == 0 && BSON_ITER_HOLDS_DATE_TIME(&it))
            u->last_ms = bson_iter_date_time(&it);
        else if (strcmp(key, "day") == 0)
            u->day = (int32_t)bson_iter_as_int64(&it);
        else if (strcmp(key, "zg") == 0)
            u->zone_generation = (int32_t)bson_iter_as_int64(&it);
    }
    return true;
}

/* Those who are read of a stretch of the graves. */
struct graves {
    struct hc_subjects *subjects;
    int seen;
};

static bool take_grave(void *ctx, const bson_t *doc)
{
    struct graves *g = ctx;
    struct hc_subject *u = subject_of(g->subjects, doc);
    g->seen++;
    if (u)
        u->buried = true;
    return true;
}

static bool take_activity(void *ctx, const bson_t *doc)
{
    struct hc_subjects *s = ctx;
    bson_iter_t it;
    if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
        return true;
    struct hc_activity activity = {.id = *bson_iter_oid(&it)};
    struct hc_change change = {.activity = &activity};
    struct hc_request key = {.change = &change};
    struct hc_request *found = bsearch(&key, s->requests, s->request_count, sizeof key, by_activity);
    if (!found)
        return true;
    while (found > s->requests && by_activity(found - 1, &key) == 0)
        found--;
    for (; found < s->requests + s->request_count && by_activity(found, &key) == 0; found++)
        found->repeated = true;
    return true;
}

/* ---- reading ---- */

static enum hc_err read_listed(void *ctx, struct hc_db *db, enum hc_collection which, const bson_t *ids,
                               const bson_t *fields, bool (*take)(void *ctx, const bson_t *doc),
                               struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", "{", "$in", BCON_ARRAY(ids), "}");
    bson_t *opts = BCON_NEW("projection", BCON_DOCUMENT(fields), "hint", "{", "_id", BCON_INT32(1), "}",
                            "maxTimeMS", BCON_INT32(READ_MS));
    enum hc_err e = hc_db_each(db, which, filter, opts, take, ctx, err);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

static void append_id(bson_t *ids, size_t i, const bson_oid_t *id)
{
    char key[16];
    const char *text;
    size_t len = bson_uint32_to_string((uint32_t)i, &text, key, sizeof key);
    bson_append_oid(ids, text, (int)len, id);
}

/* Whoever has made requests before is a user: should he be on his way out, his removal takes this one off
 * again. */
static bool is_new(const struct hc_subject *u)
{
    return !u->told && !u->has_usage;
}

/* Whose facts decide something: whom somebody tells of, and of the new ones who may be no user. */
static bool needs_facts(const struct hc_subject *u)
{
    return u->told || (is_new(u) && !u->assumed);
}

/* The ids of all subjects that are wanted (NULL: of all); returns how many. */
static uint32_t list_ids(const struct hc_subjects *s, bool (*wanted)(const struct hc_subject *u), bson_t *ids)
{
    uint32_t n = 0;
    for (size_t i = 0; i < s->count; i++)
        if (!wanted || wanted(&s->list[i]))
            append_id(ids, n++, &s->list[i].user);
    return n;
}

/* Mostly all who make their first request are users, and a count that says so costs half of reading them. */
static enum hc_err assume_new(struct hc_subjects *s, struct hc_db *db, struct hc_error *err)
{
    bson_t ids = BSON_INITIALIZER;
    int64_t living = 0;
    uint32_t n = list_ids(s, is_new, &ids);
    bson_t *filter = BCON_NEW("_id", "{", "$in", BCON_ARRAY(&ids), "}", "_hc.gone", BCON_NULL);
    bson_t *opts = BCON_NEW("hint", "{", "_id", BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(READ_MS));
    enum hc_err e = n > 0 ? hc_db_count(db, HC_USERS, filter, opts, &living, err) : HC_OK;
    for (size_t i = 0; i < s->count && e == HC_OK; i++)
        s->list[i].assumed = !s->list[i].told && (s->list[i].has_usage || living == (int64_t)n);
    bson_destroy(filter);
    bson_destroy(opts);
    bson_destroy(&ids);
    return e;
}

static enum hc_err read_facts(struct hc_subjects *s, struct hc_db *db, struct hc_error *err)
{
    bson_t ids = BSON_INITIALIZER;
    bson_t *facts = BCON_NEW("gender", BCON_INT32(1), "country", BCON_INT32(1), "_hc", BCON_INT32(1));
    enum hc_err e = assume_new(s, db, err);
    if (e == HC_OK && list_ids(s, needs_facts, &ids) > 0)
        e = read_listed(s, db, HC_USERS, &ids, facts, take_user, err);
    bson_destroy(facts);
    bson_destroy(&ids);
    return e;
}

/* Graves are mostly few: all from the first subject's place to the last one's cost less than asking for each,
 * up to a number. Beyond it each is asked for. */
static enum hc_err read_graves(struct hc_subjects *s, struct hc_db *db, const bson_t *ids,
                               struct hc_error *err)
{
    struct graves g = {.subjects = s};
    bson_t *fields = BCON_NEW("_id", BCON_INT32(1));
    bson_t *stretch = BCON_NEW("_id", "{", "$gte", BCON_OID(&s->list[0].user), "$lte",
                               BCON_OID(&s->list[s->count - 1].user), "}");
    bson_t *opts = BCON_NEW("projection", BCON_DOCUMENT(fields), "hint", "{", "_id", BCON_INT32(1), "}",
                            "limit", BCON_INT64(GRAVES_MAX), "maxTimeMS", BCON_INT32(READ_MS));
    enum hc_err e = hc_db_each(db, HC_TOMBSTONES, stretch, opts, take_grave, &g, err);
    if (e == HC_OK && g.seen >= GRAVES_MAX)
        e = read_listed(&g, db, HC_TOMBSTONES, ids, fields, take_grave, err);
    bson_destroy(fields);
    bson_destroy(stretch);
    bson_destroy(opts);
    return e;
}

/* Usage of all, the facts of those where they matter, then the graves: a removal writes the grave before it
 * takes the user, so whoever is not found among the users by then has his grave, or never was. */
static enum hc_err read_users(struct hc_subjects *s, struct hc_db *db, struct hc_error *err)
{
    bson_t all = BSON_INITIALIZER;
    bson_t *usage =
        BCON_NEW("n", BCON_INT32(1), "day", BCON_INT32(1), "last", BCON_INT32(1), "zg", BCON_INT32(1));
    list_ids(s, NULL, &all);
    enum hc_err e = read_listed(s, db, HC_USAGE, &all, usage, take_usage, err);
    if (e == HC_OK)
        e = read_facts(s, db, err);
    HC_FAILPOINT("subjects.half");
    if (e == HC_OK)
        e = read_graves(s, db, &all, err);
    bson_destroy(usage);
    bson_destroy(&all);
    return e;
}

static enum hc_err read_activities(struct hc_subjects *s, struct hc_db *db, struct hc_error *err)
{
    if (s->request_count == 0)
        return HC_OK;
    bson_t ids = BSON_INITIALIZER;
    for (size_t i = 0; i < s->request_count; i++)
        append_id(&ids, i, &s->requests[i].change->activity->id);
    bson_t *fields = BCON_NEW("_id", BCON_INT32(1));
    enum hc_err e = read_listed(s, db, HC_ACTIVITIES, &ids, fields, take_activity, err);
    bson_destroy(fields);
    bson_destroy(&ids);
    return e;
}

/* Keeps who is meant, and drops what was read of him. */
static void forget(struct hc_subjects *s)
{
    for (size_t i = 0; i < s->count; i++)
        s->list[i] = (struct hc_subject){
            .user = s->list[i].user, .told = s->list[i].told, .told_gone = s->list[i].told_gone};
    for (size_t i = 0; i < s->request_count; i++)
        s->requests[i].repeated = i > 0 && by_activity(&s->requests[i - 1], &s->requests[i]) == 0;
}

enum hc_err hc_subjects_read(struct hc_subjects *s, struct hc_db *db, int64_t v, struct hc_error *err)
{
    s->v = v;
    forget_odd(s);
    forget(s);
    enum hc_err e = read_users(s, db, err);
    return e == HC_OK ? read_activities(s, db, err) : e;
}

/* ---- what others spoilt ---- */

/* Only if it still is what was read: nobody's step can have written this user meanwhile. */
static enum hc_err heal_one(struct hc_db *db, const struct hc_subject *u, struct hc_error *err)
{
    bson_iter_t it;
    char due[HC_ULID_TEXT];
    if (!bson_iter_init_find(&it, u->odd, "_hc") || hc_ulid_new(due) != 0)
        return hc_fail(err, HC_EINTERNAL, NULL, "a user's bookkeeping can't be made sound");
    bson_t *filter = BCON_NEW("_id", BCON_OID(&u->user));
    bson_append_iter(filter, "_hc", 3, &it);
    bson_t *update =
        BSON_ITER_HOLDS_DOCUMENT(&it)
            ? BCON_NEW("$set", "{", "_hc.k", "{", "v", BCON_INT64(0), "}", "_hc.due", BCON_UTF8(due), "}")
            : BCON_NEW("$set", "{", "_hc", "{", "k", "{", "v", BCON_INT64(0), "}", "due", BCON_UTF8(due), "}",
                       "}");
    enum hc_err e = hc_db_update_one(db, HC_USERS, filter, update, NULL, err);
    bson_destroy(filter);
    bson_destroy(update);
    if (e == HC_OK)
        hc_log(HC_LOG_WARN, "user.healed", "a user's bookkeeping was spoilt by somebody; it is made anew",
               NULL);
    return e;
}

enum hc_err hc_subjects_heal(struct hc_subjects *s, struct hc_db *db, size_t *healed, struct hc_error *err)
{
    enum hc_err e = HC_OK;
    *healed = 0;
    for (size_t i = 0; i < s->count && e == HC_OK; i++) {
        if (!s->list[i].odd)
            continue;
        e = heal_one(db, &s->list[i], err);
        ++*healed;
    }
    return e;
}
