/* See leaders.h. */
#include "leaders.h"

#include <stdlib.h>
#include <string.h>

#include "user.h"

#define LOOK 50 /* users looked at for a start: some may be gone */
#define MORE 4  /* times as many when that was not enough */

void hc_leaders_release(struct hc_leaders *leaders)
{
    for (size_t i = 0; i < leaders->count; i++)
        bson_destroy(leaders->user[i]);
    leaders->count = 0;
}

/* ---- looking users up ---- */

static bson_t *filter_of(const struct hc_usage *list, size_t n)
{
    bson_t *filter = bson_new();
    bson_t id, in;
    bson_append_document_begin(filter, "_id", 3, &id);
    bson_append_array_begin(&id, "$in", 3, &in);
    for (size_t i = 0; i < n; i++) {
        char text[16];
        const char *key;
        size_t len = bson_uint32_to_string((uint32_t)i, &key, text, sizeof text);
        bson_append_oid(&in, key, (int)len, &list[i].user);
    }
    bson_append_array_end(&id, &in);
    bson_append_document_end(filter, &id);
    bson_append_null(filter, "_hc.gone", -1);
    return filter;
}

static bson_t *opts_of(enum hc_leaders_form form, int left_ms)
{
    static const char *const BRIEF[] = {"name", "userName", "avatar", "country", "gender"};
    bson_t *opts = BCON_NEW("hint", "{", "_id", BCON_INT32(1), "}", "batchSize", BCON_INT32(HC_USAGE_IDS_MAX),
                            "maxTimeMS", BCON_INT32(left_ms));
    bson_t projection;
    bson_append_document_begin(opts, "projection", -1, &projection);
    if (form == HC_LEADERS_WHOLE)
        bson_append_int32(&projection, "_hc", 3, 0);
    for (size_t i = 0; form == HC_LEADERS_BRIEF && i < sizeof BRIEF / sizeof *BRIEF; i++)
        bson_append_int32(&projection, BRIEF[i], -1, 1);
    bson_append_document_end(opts, &projection);
    return opts;
}

/* Users as they are found, in any order: each at the place of its usage. */
struct looking {
    const struct hc_usage *list;
    size_t n;
    bson_t **found; /* one place for each of list */
};

static bool take(void *ctx, const bson_t *doc)
{
    struct looking *l = ctx;
    bson_iter_t it;
    if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
        return true;
    for (size_t i = 0; i < l->n; i++)
        if (!l->found[i] && bson_oid_equal(&l->list[i].user, bson_iter_oid(&it))) {
            l->found[i] = bson_copy(doc);
            break;
        }
    return true;
}

static enum hc_err look_up(struct hc_db *db, struct looking *l, enum hc_leaders_form form, int left_ms,
                           struct hc_error *err)
{
    bson_t *filter = filter_of(l->list, l->n);
    bson_t *opts = opts_of(form, left_ms);
    enum hc_err e = hc_db_each(db, HC_USERS, filter, opts, take, l, err);
    bson_destroy(filter);
    bson_destroy(opts);
    return e;
}

/* Keeps the first ones that are there, and frees the others. */
static void keep(const struct looking *l, bool ok, struct hc_leaders *out)
{
    for (size_t i = 0; i < l->n; i++) {
        if (!l->found[i])
            continue;
        if (!ok || out->count == HC_LEADERS_MAX) {
            bson_destroy(l->found[i]);
            continue;
        }
        out->usage[out->count] = l->list[i];
        out->user[out->count++] = l->found[i];
    }
}

enum hc_err hc_leaders_of(struct hc_db *db, const struct hc_usage *list, size_t n, enum hc_leaders_form form,
                          int left_ms, struct hc_leaders *out, struct hc_error *err)
{
    bson_t *found[HC_USAGE_IDS_MAX] = {NULL};
    struct looking l = {list, n, found};
    out->count = 0;
    out->form = form;
    if (n == 0)
        return HC_OK;
    if (n > HC_USAGE_IDS_MAX)
        return hc_fail(err, HC_EINTERNAL, NULL, "More users than one look takes");
    enum hc_err e = look_up(db, &l, form, left_ms, err);
    keep(&l, e == HC_OK, out);
    return e;
}

/* While many users are being taken out, the first ones may all be gone: then more are looked at. */
enum hc_err hc_leaders_now(struct hc_db *db, enum hc_leaders_form form, int left_ms, struct hc_leaders *out,
                           struct hc_error *err)
{
    struct hc_usage *list = malloc(HC_USAGE_IDS_MAX * sizeof *list);
    size_t n = 0;
    enum hc_err e = HC_OK;
    out->count = 0;
    if (!list)
        return hc_fail(err, HC_ENOMEM, NULL, "There is no memory for the users with the most requests");
    for (size_t look = LOOK; e == HC_OK; look *= MORE) {
        size_t max = look < HC_USAGE_IDS_MAX ? look : HC_USAGE_IDS_MAX;
        hc_leaders_release(out);
        e = hc_usage_top(db, max, left_ms, list, &n, err);
        if (e == HC_OK)
            e = hc_leaders_of(db, list, n, form, left_ms, out, err);
        if (out->count == HC_LEADERS_MAX || n < max || max == HC_USAGE_IDS_MAX)
            break;
    }
    free(list);
    return e;
}

/* ---- writing ---- */

void hc_leaders_json(struct hc_json *j, const struct hc_leaders *leaders)
{
    hc_json_open(j, '[');
    for (size_t i = 0; i < leaders->count; i++) {
        hc_json_open(j, '{');
        hc_json_key(j, "user");
        hc_user_json_active(j, leaders->user[i],
                            leaders->form == HC_LEADERS_WHOLE ? leaders->usage[i].last_ms : 0);
        hc_json_put_int(j, "sum", leaders->usage[i].requests);
        hc_json_close(j, '}');
    }
    hc_json_close(j, ']');
}
