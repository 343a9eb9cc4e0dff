/* user_delete.c - DELETE /v1/user/:id. */
#include "clock.h"
#include "facts.h"
#include "handlers.h"
#include "user.h"
#include "user_answer.h"
#include "user_write.h"

/* The filter of a deletion: with If-Match, that of the very user that was read. */
static enum hc_err delete_filter(struct context *c, const bson_oid_t *id, bson_t **filter,
                                 struct hc_error *err)
{
    bson_t stored = BSON_INITIALIZER;
    enum hc_err code = HC_OK;
    if (!c->request.fields.if_match) {
        *filter = BCON_NEW("_id", BCON_OID(id), "_hc.gone", BCON_NULL);
    } else {
        code = user_read(c, id, &stored, err);
        if (code == HC_OK)
            code = user_check_match(c, &stored, err);
        if (code == HC_OK)
            *filter = user_same_filter(id, &stored);
    }
    bson_destroy(&stored);
    return code;
}

/* One try; *matched: whether there was a user to delete. */
static enum hc_err try_delete(struct context *c, const bson_oid_t *id, int64_t *matched, struct hc_error *err)
{
    struct hc_db *db;
    bson_t *filter = NULL;
    bson_t update = BSON_INITIALIZER;
    enum hc_err code = delete_filter(c, id, &filter, err);
    if (code == HC_OK)
        code = context_db(c, &db, err);
    if (code == HC_OK && !hc_facts_deleted(&update, id, hc_now_ms()))
        code = user_no_randomness(err);
    if (code == HC_OK)
        code = hc_db_update_one(db, HC_USERS, filter, &update, matched, err);
    bson_destroy(&update);
    bson_destroy(filter);
    return code;
}

enum hc_err user_delete(struct context *c, struct hc_error *err)
{
    bson_oid_t id;
    int64_t matched = 0;
    struct hc_json j;
    struct text given = route_last(&c->request);
    enum hc_err code = hc_user_id(given.at, given.len, &id, err);
    bool once = !c->request.fields.if_match; /* else another edit may have come between: look again */
    if (code == HC_OK)
        do
            code = try_delete(c, &id, &matched, err);
        while (code == HC_OK && matched == 0 && !once && user_wait_turn(c, 1));
    if (code == HC_OK && matched == 0)
        return user_unknown(err);
    user_written(c, code, HC_TOPIC_DELETED, &id, NULL);
    if (code != HC_OK)
        return code;
    response_json(&c->response, &j);
    hc_json_open(&j, '{');
    hc_json_put_str(&j, "message", "delete successfully");
    hc_json_close(&j, '}');
    return HC_OK;
}
