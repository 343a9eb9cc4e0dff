/* user.c - GET /v1/user/:id and /v1/user/userEmail/:mail. */
#include "user.h"

#include "handlers.h"
#include "users_find.h"

static enum hc_err answer_one(struct context *c, bson_t *filter, const char *index, struct hc_error *err)
{
    struct hc_json j;
    bson_t found = BSON_INITIALIZER;
    enum hc_err code = users_find_one(c, filter, index, &found, err);
    if (code == HC_ENOTFOUND)
        code = hc_fail(err, HC_ENOTFOUND, NULL, "There is no such user");
    if (code == HC_OK) {
        response_json(&c->response, &j);
        hc_json_open(&j, '{');
        hc_json_key(&j, "result");
        hc_user_json(&j, &found);
        hc_json_close(&j, '}');
    }
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
