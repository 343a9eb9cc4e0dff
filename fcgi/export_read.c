/* export_read.c - see export_read.h. */
#include "export_read.h"

#include <stdlib.h>

#include "clock.h"
#include "users_search.h"

static const bson_oid_t LEAST; /* the zeroed one */

void export_release(struct export_batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        bson_destroy(b->docs[i]);
    b->count = b->bytes = 0;
}

static bool id_of(const bson_t *doc, bson_oid_t *id)
{
    bson_iter_t it;
    if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
        return false;
    bson_oid_copy(bson_iter_oid(&it), id);
    return true;
}

/* ---- users ---- */

struct taking {
    struct export_batch *batch;
    size_t max;
};

static bool take(void *ctx, const bson_t *doc)
{
    struct taking *t = ctx;
    struct export_batch *b = t->batch;
    bson_oid_t id;
    if (id_of(doc, &id)) {
        b->docs[b->count++] = bson_copy(doc);
        b->bytes += doc->len;
    }
    return b->count < t->max && b->bytes < EXPORT_BATCH_BYTES;
}

/* Those beyond the place. A bound from below leaves out `_id`s that are no ObjectIds, and makes the index the
 * way along. */
static void add_place(bson_t *filter, const struct users_query *q)
{
    bool upwards = users_find_upwards(q);
    bson_t id;
    BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &id);
    if (q->has_id)
        BSON_APPEND_OID(&id, "$eq", &q->id);
    if (q->has_after)
        BSON_APPEND_OID(&id, upwards ? "$gt" : "$lt", &q->edge.id);
    if (!q->has_after || !upwards)
        BSON_APPEND_OID(&id, "$gte", &LEAST);
    bson_append_document_end(filter, &id);
}

static bson_t *opts_of(const struct users_query *q, size_t max, int left_ms)
{
    static const char *const by_id[] = {"_id", NULL}, *const by_email[] = {"email", NULL},
                             *const by_country[] = {"country", "_id", NULL};
    bson_t part;
    bson_t *opts = bson_new();
    const char *const *index = q->has_email ? by_email : q->country ? by_country : by_id;
    users_find_opts(opts, q->has_id ? by_id : index, (int64_t)max, left_ms);
    users_find_sort(opts, users_find_upwards(q), "_id", NULL);
    BSON_APPEND_DOCUMENT_BEGIN(opts, "projection", &part);
    BSON_APPEND_INT32(&part, "_hc", 0);
    bson_append_document_end(opts, &part);
    return opts;
}

static enum hc_err read_along(struct context *c, const struct users_query *q, size_t max,
                              struct export_batch *b, struct hc_error *err)
{
    struct hc_db *db;
    struct taking taking = {b, max};
    enum hc_err code = context_db(c, &db, err);
    if (code != HC_OK)
        return code;
    bson_t *filter = users_find_filter(q);
    bson_t *opts = opts_of(q, max, context_left_ms(c));
    add_place(filter, q);
    code = hc_db_each(db, HC_USERS, filter, opts, take, &taking, err);
    b->last = b->count < max && b->bytes < EXPORT_BATCH_BYTES;
    bson_destroy(opts);
    bson_destroy(filter);
    return code;
}

/* Words are looked for page by page, as in a list. */
static enum hc_err read_found(struct context *c, const struct users_query *q, struct export_batch *b,
                              struct hc_error *err)
{
    struct users_rows rows = {.count = 0};
    bson_oid_t id;
    enum hc_err code = users_search(c, q, &rows, err);
    b->last = rows.count <= (size_t)q->limit;
    for (size_t i = 0; i < rows.count; i++) {
        if (id_of(rows.docs[i], &id))
            b->docs[b->count++] = rows.docs[i];
        else
            bson_destroy(rows.docs[i]);
    }
    return code;
}

/* ---- their latest requests ---- */

static int compare_usage(const void *a, const void *b)
{
    return bson_oid_compare(&((const struct hc_usage *)a)->user, &((const struct hc_usage *)b)->user);
}

static enum hc_err read_active(struct context *c, struct export_batch *b, struct hc_error *err)
{
    struct hc_db *db;
    size_t count = 0;
    bson_oid_t *ids = malloc(EXPORT_ROWS_MAX * sizeof *ids);
    struct hc_usage *usage = malloc(EXPORT_ROWS_MAX * sizeof *usage);
    enum hc_err code = ids && usage ? context_db(c, &db, err)
                                    : hc_fail(err, HC_ENOMEM, NULL, "There is no memory for this export");
    for (size_t i = 0; ids && i < b->count; i++)
        id_of(b->docs[i], &ids[i]);
    if (code == HC_OK)
        code = hc_usage_of(db, ids, b->count, context_left_ms(c), usage, &count, err);
    if (code == HC_OK)
        qsort(usage, count, sizeof *usage, compare_usage);
    for (size_t i = 0; code == HC_OK && i < b->count; i++) {
        struct hc_usage wanted = {.user = ids[i]};
        const struct hc_usage *found = bsearch(&wanted, usage, count, sizeof *usage, compare_usage);
        b->active[i] = found ? found->last_ms : 0;
    }
    free(usage);
    free(ids);
    return code;
}

/* ---- a batch ---- */

enum hc_err export_read(struct context *c, struct users_query *q, size_t max, struct export_batch *b,
                        struct hc_error *err)
{
    b->last = false;
    c->request.deadline = hc_mono_ms() + c->settings->deadline_ms; /* each batch has its own */
    enum hc_err code = q->name.at || q->search.at ? read_found(c, q, b, err) : read_along(c, q, max, b, err);
    if (code == HC_OK && b->count > 0)
        code = read_active(c, b, err);
    context_done(c, code);
    if (code != HC_OK) {
        export_release(b);
        return code;
    }
    if (b->count > 0)
        q->has_after = id_of(b->docs[b->count - 1], &q->edge.id);
    return HC_OK;
}
