/* user.c - GET /v1/user/:id and /v1/user/userEmail/:mail. */
#include "user.h"

#include <stdio.h>

#include "handlers.h"
#include "log.h"
#include "usage.h"
#include "user_answer.h"
#include "users_find.h"

/* The time of the user's latest request, 0 for none. It only makes lastActive newer: an answer does not
 * fail for want of it. */
static int64_t last_request(struct context *c, const bson_t *user)
{
    struct hc_usage usage;
    struct hc_error err;
    struct hc_db *db;
    bson_iter_t it;
    size_t count = 0;
    if (!bson_iter_init_find(&it, user, "_id") || !BSON_ITER_HOLDS_OID(&it) ||
        context_db(c, &db, &err) != HC_OK)
        return 0;
    if (hc_usage_of(db, bson_iter_oid(&it), 1, context_left_ms(c), &usage, &count, &err) != HC_OK)
        hc_log(HC_LOG_WARN, "user.usage", err.detail, HC_STR("req", c->request.id), NULL);
    return count == 1 ? usage.last_ms : 0;
}

void user_answer(struct context *c, const bson_t *user)
{
    struct hc_json j;
    char tag[HC_BASE32_TEXT];
    char quoted[HC_BASE32_TEXT + 8];
    hc_user_tag(user, tag);
    snprintf(quoted, sizeof quoted, "W/\"%s\"", tag);
    response_header(&c->response, "ETag", quoted);
    response_json(&c->response, &j);
    hc_json_open(&j, '{');
    hc_json_key(&j, "result");
    hc_user_json_active(&j, user, last_request(c, user));
    hc_json_close(&j, '}');
}

enum hc_err user_unknown(struct hc_error *err)
{
    return hc_fail(err, HC_ENOTFOUND, NULL, "There is no such user");
}

static enum hc_err answer_one(struct context *c, bson_t *filter, const char *index, struct hc_error *err)
{
    bson_t found = BSON_INITIALIZER;
    enum hc_err code = users_find_one(c, filter, index, &found, err);
    if (code == HC_ENOTFOUND)
        code = user_unknown(err);
    if (code == HC_OK)
        user_answer(c, &found);
    bson_destroy(&found);
    return code;
}

enum hc_err users_by_id(struct context *c, struct hc_error *err)
{
    bson_oid_t id;
    struct text given = route_last(&c->request);
    enum hc_err code = hc_user_id(given.at, given.len, &id, err);
    if (code != HC_OK)
        return code;
    bson_t *filter = BCON_NEW("_id", BCON_OID(&id), "_hc.gone", BCON_NULL);
    code = answer_one(c, filter, "_id", err);
    bson_destroy(filter);
    return code;
}

enum hc_err users_by_email(struct context *c, struct hc_error *err)
{
    char email[256];
    enum hc_err code = users_email_read(route_last(&c->request), email, err);
    if (code != HC_OK)
        return code;
    bson_t *filter = BCON_NEW("email", BCON_UTF8(email), "_hc.gone", BCON_NULL);
    code = answer_one(c, filter, "email", err);
    bson_destroy(filter);
    return code;
}
