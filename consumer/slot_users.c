/* See slot_users.h. */
#include "slot_users.h"

#include <stdlib.h>
#include <string.h>

#include "failpoint.h"
#include "recount.h"
#include "slot_op.h"

#define PIECE 5000
#define READ_MS 10000

/* ---- graves ---- */

enum hc_err hc_slot_write_graves(struct hc_db *db, const bson_t *write, struct hc_error *err)
{
    bson_t ids;
    bson_iter_t it;
    enum hc_err e = HC_OK;
    size_t n = 0;
    if (!hc_op_array(write, "ids", &ids))
        return hc_op_nonsense(err);
    size_t most = bson_count_keys(&ids);
    bson_t **docs = calloc(most + 1, sizeof *docs);
    if (!docs)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    for (bson_iter_init(&it, &ids); bson_iter_next(&it) && n < most; n++) {
        docs[n] = bson_new();
        bson_append_iter(docs[n], "_id", 3, &it);
        BSON_APPEND_DATE_TIME(docs[n], "at", hc_op_date(write));
    }
    e = hc_db_insert_all(db, HC_TOMBSTONES, (const bson_t **)docs, n, err);
    for (size_t i = 0; i < n; i++)
        bson_destroy(docs[i]);
    free(docs);
    return e;
}

/* ---- users ---- */

struct user_item {
    bson_iter_t id;
    bool has_id;
    const char *gender, *country, *due;
    bool fresh;
};

static bool read_user(const bson_t *doc, struct user_item *u)
{
    bson_iter_t it;
    memset(u, 0, sizeof *u);
    for (bson_iter_init(&it, doc); bson_iter_next(&it);) {
        const char *key = bson_iter_key(&it);
        if (strcmp(key, "_id") == 0) {
            u->id = it;
            u->has_id = true;
        } else if (!BSON_ITER_HOLDS_UTF8(&it) && strcmp(key, "new") != 0)
            return false;
        else if (strcmp(key, "g") == 0)
            u->gender = bson_iter_utf8(&it, NULL);
        else if (strcmp(key, "c") == 0)
            u->country = bson_iter_utf8(&it, NULL);
        else if (strcmp(key, "due") == 0)
            u->due = bson_iter_utf8(&it, NULL);
        else if (strcmp(key, "new") == 0)
            u->fresh = true;
    }
    return u->has_id && (u->gender != NULL) == (u->country != NULL);
}

/* A bulk on its way. */
struct bulk {
    mongoc_bulk_operation_t *bulk;
    size_t count;
};

static struct bulk begin_bulk(struct hc_db *db, enum hc_collection which)
{
    return (struct bulk){hc_db_bulk(db, which), 0};
}

/* Adds one update and frees both. */
static void add_update(struct bulk *b, bson_t *filter, bson_t *update)
{
    bson_error_t why;
    if (mongoc_bulk_operation_update_one_with_opts(b->bulk, filter, update, NULL, &why))
        b->count++;
    bson_destroy(filter);
    bson_destroy(update);
}

static bson_t *by_id(const bson_iter_t *id)
{
    bson_t *filter = bson_new();
    bson_append_iter(filter, "_id", 3, id);
    return filter;
}

static bson_t *count_as(const struct user_item *u, int64_t v)
{
    return BCON_NEW("$set", "{", "_hc.k", "{", "v", BCON_INT64(v), "g", BCON_UTF8(u->gender), "c",
                    BCON_UTF8(u->country), "}", "}");
}

/* Both at once, where nothing stands in the way: the token is still the one that was read. */
static void add_whole(struct bulk *b, const struct user_item *u, int64_t v)
{
    bson_t *filter = by_id(&u->id);
    bson_t *update = u->gender ? count_as(u, v) : bson_new();
    if (u->gender)
        BCON_APPEND(filter, "_hc.k.v", "{", "$lt", BCON_INT64(v), "}");
    if (u->due) {
        BSON_APPEND_UTF8(filter, "_hc.due", u->due);
        BCON_APPEND(update, "$unset", "{", "_hc.due", "", "}");
    }
    add_update(b, filter, update);
}

/* Each by itself: done before, or the token is a newer one. */
static void add_parts(struct bulk *b, const struct user_item *u, int64_t v)
{
    bson_t *filter = by_id(&u->id);
    if (u->gender) {
        BCON_APPEND(filter, "_hc.k.v", "{", "$lt", BCON_INT64(v), "}");
        add_update(b, filter, count_as(u, v));
        filter = by_id(&u->id);
    }
    if (!u->due) {
        bson_destroy(filter);
        return;
    }
    BSON_APPEND_UTF8(filter, "_hc.due", u->due);
    add_update(b, filter, BCON_NEW("$unset", "{", "_hc.due", "", "}"));
}

/* Users that were written by others get the version that the filters compare with. */
static void add_new(struct bulk *b, const struct user_item *u, int64_t v)
{
    (void)v;
    if (!u->fresh)
        return;
    bson_t *filter = by_id(&u->id);
    BSON_APPEND_NULL(filter, "_hc.k.v");
    add_update(b, filter, BCON_NEW("$set", "{", "_hc.k", "{", "v", BCON_INT64(0), "}", "}"));
}

static enum hc_err update_users(struct hc_db *db, const struct hc_op_documents *d, int64_t v,
                                void (*add)(struct bulk *b, const struct user_item *u, int64_t v), bool *all,
                                struct hc_error *err)
{
    struct bulk b = begin_bulk(db, HC_USERS);
    int64_t matched = 0;
    for (size_t i = 0; i < d->count; i++) {
        struct user_item u;
        if (!read_user(&d->docs[i], &u)) {
            mongoc_bulk_operation_destroy(b.bulk);
            return hc_op_nonsense(err);
        }
        add(&b, &u, v);
    }
    enum hc_err e = hc_db_run_bulk(b.bulk, b.count, &matched, err);
    *all = matched == (int64_t)d->count;
    return e;
}

enum hc_err hc_slot_write_users(struct hc_db *db, const bson_t *write, struct hc_error *err)
{
    struct hc_op_documents d;
    bool all = false;
    int64_t v = hc_op_version(write);
    enum hc_err e = hc_op_open(&d, write, "list", err);
    if (e == HC_OK)
        e = update_users(db, &d, v, add_new, &all, err);
    HC_FAILPOINT("users.new");
    if (e == HC_OK)
        e = update_users(db, &d, v, add_whole, &all, err);
    if (e == HC_OK && !all)
        e = update_users(db, &d, v, add_parts, &all, err);
    hc_op_close(&d);
    return e;
}

/* ---- usage ---- */

/* {_id, n, day, last, zg, new} with v in the place of new. */
static bson_t *usage_fields(const bson_t *item, int64_t v)
{
    bson_t *fields = bson_new();
    bson_iter_t it;
    for (bson_iter_init(&it, item); bson_iter_next(&it);)
        if (strcmp(bson_iter_key(&it), "new") != 0)
            bson_append_iter(fields, NULL, 0, &it);
    BSON_APPEND_INT64(fields, "v", v);
    return fields;
}

static enum hc_err insert_usage(struct hc_db *db, const struct hc_op_documents *d, int64_t v,
                                struct hc_error *err)
{
    size_t n = 0;
    bson_t **docs = calloc(d->count + 1, sizeof *docs);
    if (!docs)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    for (size_t i = 0; i < d->count; i++)
        if (bson_has_field(&d->docs[i], "new"))
            docs[n++] = usage_fields(&d->docs[i], v);
    enum hc_err e = hc_db_insert_all(db, HC_USAGE, (const bson_t **)docs, n, err);
    for (size_t i = 0; i < n; i++)
        bson_destroy(docs[i]);
    free(docs);
    return e;
}

/* What an update of many users looks up in: who, and what is said of each, in the same order. */
struct usage_table {
    bson_t ids, rows;
    uint32_t count;
    int32_t zone_generation;
};

static void add_row(struct usage_table *t, const bson_t *item)
{
    bson_iter_t it;
    bson_t row = BSON_INITIALIZER;
    char key[16];
    const char *text;
    int len = (int)bson_uint32_to_string(t->count++, &text, key, sizeof key);
    for (bson_iter_init(&it, item); bson_iter_next(&it);) {
        if (strcmp(bson_iter_key(&it), "_id") == 0)
            bson_append_iter(&t->ids, text, len, &it);
        else if (strcmp(bson_iter_key(&it), "zg") == 0)
            t->zone_generation = (int32_t)bson_iter_as_int64(&it);
        else
            bson_append_iter(&row, NULL, 0, &it);
    }
    bson_append_document(&t->rows, text, len, &row);
    bson_destroy(&row);
}

/* One update of many, each with values of its own: half the cost of as many updates. */
static bson_t *table_update(const struct usage_table *t, int64_t v)
{
    return BCON_NEW("0", "{", "$set", "{", "v", BCON_INT64(v), "zg", BCON_INT32(t->zone_generation), "row",
                    "{", "$arrayElemAt", "[", "{", "$literal", BCON_ARRAY(&t->rows), "}", "{",
                    "$indexOfArray", "[", "{", "$literal", BCON_ARRAY(&t->ids), "}", "$_id", "]", "}", "]",
                    "}", "}", "}", "1", "{", "$set", "{", "n", "$row.n", "day", "$row.day", "last",
                    "$row.last", "}", "}", "2", "{", "$unset", "row", "}");
}

static enum hc_err update_usage(struct hc_db *db, const struct hc_op_documents *d, int64_t v,
                                struct hc_error *err)
{
    struct usage_table t = {.count = 0};
    enum hc_err e = HC_OK;
    bson_init(&t.ids);
    bson_init(&t.rows);
    for (size_t i = 0; i < d->count; i++)
        if (!bson_has_field(&d->docs[i], "new") && bson_has_field(&d->docs[i], "_id"))
            add_row(&t, &d->docs[i]);
    if (t.count > 0) {
        bson_t *filter =
            BCON_NEW("_id", "{", "$in", BCON_ARRAY(&t.ids), "}", "v", "{", "$lt", BCON_INT64(v), "}");
        bson_t *update = table_update(&t, v);
        e = hc_db_update_many(db, HC_USAGE, filter, update, err);
        bson_destroy(filter);
        bson_destroy(update);
    }
    bson_destroy(&t.ids);
    bson_destroy(&t.rows);
    return e;
}

enum hc_err hc_slot_write_usage(struct hc_db *db, const bson_t *write, struct hc_error *err)
{
    struct hc_op_documents d;
    int64_t v = hc_op_version(write);
    enum hc_err e = hc_op_open(&d, write, "list", err);
    if (e == HC_OK)
        e = insert_usage(db, &d, v, err);
    HC_FAILPOINT("usage.new");
    if (e == HC_OK)
        e = update_usage(db, &d, v, err);
    hc_op_close(&d);
    return e;
}

/* ---- removals ---- */

static enum hc_err remove_where(struct hc_db *db, enum hc_collection which, const char *field,
                                const bson_t *ids, struct hc_error *err)
{
    bson_t *filter = BCON_NEW(field, "{", "$in", BCON_ARRAY(ids), "}");
    enum hc_err e = hc_db_delete_many(db, which, filter, err);
    bson_destroy(filter);
    return e;
}

/* Someone may have made a million requests: they go by pieces, so that no command takes longer than its time
 * and what is done stays done. */
struct piece {
    bson_t ids;
    uint32_t count;
};

static bool take_id(void *ctx, const bson_t *doc)
{
    struct piece *p = ctx;
    bson_iter_t it;
    char key[16];
    const char *text;
    int len = (int)bson_uint32_to_string(p->count++, &text, key, sizeof key);
    if (bson_iter_init_find(&it, doc, "_id"))
        bson_append_iter(&p->ids, text, len, &it);
    return true;
}

static enum hc_err remove_piece(struct hc_db *db, const bson_t *users, uint32_t *count, struct hc_error *err)
{
    struct piece p = {.count = 0};
    bson_init(&p.ids);
    bson_t *filter = BCON_NEW("user", "{", "$in", BCON_ARRAY(users), "}");
    bson_t *opts = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "limit", BCON_INT64(PIECE), "hint",
                            "user_1_requestTime_-1", "maxTimeMS", BCON_INT32(READ_MS));
    enum hc_err e = hc_db_each(db, HC_ACTIVITIES, filter, opts, take_id, &p, err);
    if (e == HC_OK && p.count > 0)
        e = remove_where(db, HC_ACTIVITIES, "_id", &p.ids, err);
    *count = p.count;
    bson_destroy(filter);
    bson_destroy(opts);
    bson_destroy(&p.ids);
    return e;
}

static enum hc_err remove_requests(struct hc_db *db, const bson_t *users, struct hc_error *err)
{
    uint32_t count = PIECE;
    enum hc_err e = HC_OK;
    while (e == HC_OK && count == PIECE)
        e = remove_piece(db, users, &count, err);
    return e;
}

enum hc_err hc_slot_write_removals(struct hc_db *db, const bson_t *write, struct hc_error *err)
{
    bson_t ids;
    if (!hc_op_array(write, "ids", &ids))
        return hc_op_nonsense(err);
    enum hc_err e = remove_requests(db, &ids, err);
    HC_FAILPOINT("remove.activities");
    if (e == HC_OK)
        e = remove_where(db, HC_USAGE, "_id", &ids, err);
    HC_FAILPOINT("remove.usage");
    if (e == HC_OK)
        e = remove_where(db, HC_USERS, "_id", &ids, err);
    if (e == HC_OK && bson_has_field(write, "lost"))
        hc_recount_ask(db, "a user vanished together with what was counted of him");
    return e;
}
