/* See takeup.h. */
#include "takeup.h"

#include <string.h>

#include "clock.h"
#include "countries.h"
#include "generator.h"
#include "log.h"

#define RANGE 5000   /* users looked at in one go */
#define NOTE_EACH 20 /* ranges between two notes of where we are */
#define READ_MS 10000

/* ---- the round, as it is stored ---- */

static enum hc_err publish(struct hc_duty_turn *t, bool done, const bson_oid_t *at, struct hc_error *err)
{
    bson_t *fields = BCON_NEW("done", BCON_BOOL(done), "at", BCON_OID(at));
    enum hc_err e = hc_leader_publish(t->leader, t->db, "takeup", fields, err);
    bson_destroy(fields);
    return e;
}

enum hc_err hc_takeup_want(struct hc_duty_turn *t, struct hc_error *err)
{
    bson_oid_t begin;
    memset(&begin, 0, sizeof begin);
    return publish(t, false, &begin, err);
}

/* *done is false for a database that never had a round. */
static enum hc_err read_round(struct hc_duty_turn *t, bool *done, bson_oid_t *at, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", "takeup");
    bson_t *opts = BCON_NEW("maxTimeMS", BCON_INT32(2000));
    bson_t doc = BSON_INITIALIZER;
    bson_iter_t it;
    memset(at, 0, sizeof *at);
    enum hc_err e = hc_db_find_one(t->db, HC_META, filter, opts, &doc, err);
    *done = e == HC_OK && bson_iter_init_find(&it, &doc, "done") && bson_iter_as_bool(&it);
    if (e == HC_OK && bson_iter_init_find(&it, &doc, "at") && BSON_ITER_HOLDS_OID(&it))
        bson_oid_copy(bson_iter_oid(&it), at);
    bson_destroy(filter);
    bson_destroy(opts);
    bson_destroy(&doc);
    return e == HC_ENOTFOUND ? HC_OK : e;
}

/* ---- a range ---- */

/* The last id of the next RANGE users behind at; *end when there are fewer. */
static enum hc_err find_end(struct hc_db *db, const bson_oid_t *at, bson_oid_t *to, bool *end,
                            struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", "{", "$gt", BCON_OID(at), "}");
    bson_t *opts = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "sort", "{", "_id", BCON_INT32(1),
                            "}", "skip", BCON_INT64(RANGE - 1), "limit", BCON_INT64(1), "hint", "{", "_id",
                            BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(READ_MS));
    bson_t doc = BSON_INITIALIZER;
    bson_iter_t it;
    memset(to, 0xff, sizeof *to);
    enum hc_err e = hc_db_find_one(db, HC_USERS, filter, opts, &doc, err);
    *end = e == HC_ENOTFOUND;
    if (e == HC_OK && bson_iter_init_find(&it, &doc, "_id") && BSON_ITER_HOLDS_OID(&it))
        bson_oid_copy(bson_iter_oid(&it), to);
    bson_destroy(filter);
    bson_destroy(opts);
    bson_destroy(&doc);
    return *end ? HC_OK : e;
}

static enum hc_err update_many(struct hc_db *db, const bson_t *filter, const bson_t *set, int64_t *count,
                               struct hc_error *err)
{
    bson_t *update = BCON_NEW("$set", BCON_DOCUMENT(set));
    bson_t reply;
    bson_error_t why;
    bson_iter_t it;
    bool ok =
        mongoc_collection_update_many(hc_db_collection(db, HC_USERS), filter, update, NULL, &reply, &why);
    enum hc_err e = ok ? HC_OK : hc_store_fail(err, &why, &reply, true);
    if (ok && bson_iter_init_find(&it, &reply, "modifiedCount"))
        *count += bson_iter_as_int64(&it);
    bson_destroy(&reply);
    bson_destroy(update);
    return e;
}

static enum hc_err new_token(char due[HC_ULID_TEXT], struct hc_error *err)
{
    return hc_ulid_new(due) == 0
               ? HC_OK
               : hc_fail(err, HC_EINTERNAL, NULL, "the system has no random numbers for a new id");
}

static enum hc_err take_range(struct hc_duty_turn *t, struct hc_takeup *s, bool *end, struct hc_error *err)
{
    char due[HC_ULID_TEXT];
    bson_oid_t to;
    enum hc_err e = find_end(t->db, &s->at, &to, end, err);
    if (e == HC_OK)
        e = new_token(due, err);
    if (e != HC_OK || !hc_duty_goes_on(t))
        return e;
    bson_t *filter =
        BCON_NEW("_id", "{", "$gt", BCON_OID(&s->at), "$lte", BCON_OID(&to), "}", "_hc.k", BCON_NULL);
    bson_t *set = BCON_NEW("_hc.k", "{", "v", BCON_INT64(0), "}", "_hc.due", BCON_UTF8(due));
    e = update_many(t->db, filter, set, &s->found, err);
    if (e == HC_OK)
        bson_oid_copy(&to, &s->at);
    bson_destroy(filter);
    bson_destroy(set);
    return e;
}

static enum hc_err note_progress(struct hc_duty_turn *t, struct hc_takeup *s, bool end, struct hc_error *err)
{
    if (!hc_duty_goes_on(t) || (!end && ++s->batches % NOTE_EACH != 0))
        return HC_OK;
    enum hc_err e = publish(t, end, &s->at, err);
    if (e == HC_OK && end && s->found > 0)
        hc_log(HC_LOG_INFO, "takeup.done", "users that another system wrote are counted from now on",
               HC_INT("users", s->found), NULL);
    return e;
}

enum hc_err hc_takeup_turn(struct hc_duty_turn *t, struct hc_error *err)
{
    struct hc_takeup *s = t->state;
    bool done = false, end = false;
    bson_oid_t at;
    if (t->first || !s->running) {
        enum hc_err read = read_round(t, &done, &at, err);
        if (read != HC_OK || done)
            return read;
        *s = (struct hc_takeup){.running = true, .at = at};
    }
    enum hc_err e = take_range(t, s, &end, err);
    if (e == HC_OK)
        e = note_progress(t, s, end, err);
    s->running = e == HC_OK && !end;
    t->next_ms = s->running ? 20 : t->next_ms;
    return e;
}

/* ---- facts that are counted wrongly ---- */

bool hc_takeup_fits(const char *gender, const char *country, const char *g, const char *c)
{
    unsigned counts = HC_OTHER;
    int index = country && *country ? hc_country_find(country, strlen(country)) : -1;
    for (unsigned i = 0; gender && i < HC_GENDER_COUNT; i++)
        if (strcmp(gender, hc_gender_name(i)) == 0)
            counts = i;
    return strcmp(hc_gender_name(counts), g) == 0 &&
           strcmp(hc_country_at(index >= 0 ? index : hc_country_unknown())->code, c) == 0;
}

static const char *text_at(const bson_t *doc, const char *path)
{
    bson_iter_t it, found;
    return bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, path, &found) &&
                   BSON_ITER_HOLDS_UTF8(&found)
               ? bson_iter_utf8(&found, NULL)
               : NULL;
}

#define GROUPS_MAX 200 /* of wrong ones in one go; the next audit sees the rest */

struct groups {
    bson_t wrong; /* an array of _id documents */
    uint32_t count;
};

static bool take_group(void *ctx, const bson_t *doc)
{
    struct groups *groups = ctx;
    const char *g = text_at(doc, "_id.g"), *c = text_at(doc, "_id.c");
    bson_iter_t it;
    char key[16];
    const char *text;
    if (!g || !c || hc_takeup_fits(text_at(doc, "_id.gender"), text_at(doc, "_id.country"), g, c))
        return true;
    size_t len = bson_uint32_to_string(groups->count++, &text, key, sizeof key);
    if (bson_iter_init_find(&it, doc, "_id"))
        bson_append_iter(&groups->wrong, text, (int)len, &it);
    return groups->count < GROUPS_MAX;
}

/* All users of one group: what a field lacks is matched by null. */
static enum hc_err wake_group(struct hc_duty_turn *t, bson_iter_t *item, int64_t *count, struct hc_error *err)
{
    static const struct {
        const char *from, *to;
    } FIELDS[] = {{"gender", "gender"}, {"country", "country"}, {"g", "_hc.k.g"}, {"c", "_hc.k.c"}};
    char due[HC_ULID_TEXT];
    bson_t filter = BSON_INITIALIZER;
    bson_iter_t it;
    enum hc_err e = new_token(due, err);
    if (e != HC_OK || !hc_duty_goes_on(t))
        return e;
    for (size_t f = 0; f < sizeof FIELDS / sizeof *FIELDS; f++)
        if (bson_iter_recurse(item, &it) && bson_iter_find(&it, FIELDS[f].from))
            bson_append_iter(&filter, FIELDS[f].to, -1, &it);
        else
            bson_append_null(&filter, FIELDS[f].to, -1);
    BCON_APPEND(&filter, "_hc.gone", BCON_NULL, "_hc.due", BCON_NULL);
    bson_t *set = BCON_NEW("_hc.due", BCON_UTF8(due));
    e = update_many(t->db, &filter, set, count, err);
    bson_destroy(&filter);
    bson_destroy(set);
    return e;
}

enum hc_err hc_takeup_differing(struct hc_duty_turn *t, int32_t left_ms, int64_t *count, struct hc_error *err)
{
    struct groups groups = {.count = 0};
    bson_iter_t it;
    bson_t *pipeline = BCON_NEW("pipeline", "[", "{", "$group", "{", "_id", "{", "gender", "$gender",
                                "country", "$country", "g", "$_hc.k.g", "c", "$_hc.k.c", "}", "}", "}", "]");
    bson_t *opts = BCON_NEW("maxTimeMS", BCON_INT32(left_ms));
    *count = 0;
    bson_init(&groups.wrong);
    enum hc_err e = hc_db_aggregate(t->db, HC_USERS, pipeline, opts, take_group, &groups, err);
    for (bson_iter_init(&it, &groups.wrong); e == HC_OK && bson_iter_next(&it);)
        e = wake_group(t, &it, count, err);
    if (e == HC_OK && *count > 0)
        hc_log(HC_LOG_INFO, "takeup.differing", "users whose facts another system changed are counted anew",
               HC_INT("users", *count), NULL);
    bson_destroy(&groups.wrong);
    bson_destroy(pipeline);
    bson_destroy(opts);
    return e;
}
