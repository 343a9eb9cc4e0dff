/* See user_write.h. */
#include "user_write.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "generation.h"
#include "handlers.h"
#include "log.h"
#include "notice.h"
#include "tags.h"
#include "user.h"
#include "user_answer.h"

/* ---- after a write ---- */

static void notify(struct context *c, const char *topic, const bson_oid_t *id, const bson_t *user)
{
    struct hc_error err = {0};
    if (!c->web->bus)
        return; /* as CGI: the slot finds the user by itself */
    if (hc_notice_send(c->web->bus, topic, id, user, &err) != HC_OK)
        hc_log(HC_LOG_WARN, "user.notice", "a notice could not be sent; the user waits for its slot",
               HC_STR("topic", topic), HC_STR("err", hc_err_text(err.code)), HC_STR("req", c->request.id),
               NULL);
}

void user_add_location(struct context *c, const bson_oid_t *id)
{
    char hex[HC_OID_TEXT];
    char location[sizeof "/v1/user/" + HC_OID_TEXT];
    hc_oid_to_hex(id->bytes, hex);
    snprintf(location, sizeof location, "/v1/user/%s", hex);
    response_header(&c->response, "Location", location);
}

void user_written(struct context *c, enum hc_err code, const char *topic, const bson_oid_t *id,
                  const bson_t *user)
{
    if (code != HC_OK && code != HC_EOUTCOME)
        return;
    generation_bump(c);
    if (code == HC_OK)
        notify(c, topic, id, user);
    else
        user_add_location(c, id);
}

/* ---- reading ---- */

enum hc_err user_find(struct context *c, const bson_t *filter, const char *index, bson_t *found,
                      struct hc_error *err)
{
    struct hc_db *db;
    enum hc_err code = context_db(c, &db, err);
    if (code != HC_OK)
        return code;
    bson_t *opts =
        BCON_NEW("hint", "{", index, BCON_INT32(1), "}", "maxTimeMS", BCON_INT64(context_left_ms(c)));
    code = hc_db_find_one(db, HC_USERS, filter, opts, found, err);
    bson_destroy(opts);
    return code;
}

enum hc_err user_read(struct context *c, const bson_oid_t *id, bson_t *found, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", BCON_OID(id), "_hc.gone", BCON_NULL);
    enum hc_err code = user_find(c, filter, "_id", found, err);
    bson_destroy(filter);
    return code == HC_ENOTFOUND ? user_unknown(err) : code;
}

bool user_bookkeeping(const bson_t *stored, const char *name, bson_iter_t *found)
{
    bson_iter_t it;
    bson_iter_t inner;
    if (!bson_iter_init_find(&it, stored, "_hc") || !BSON_ITER_HOLDS_DOCUMENT(&it) ||
        !bson_iter_recurse(&it, &inner) || !bson_iter_find(&inner, name))
        return false;
    *found = inner;
    return true;
}

enum hc_err user_check_match(const struct context *c, const bson_t *stored, struct hc_error *err)
{
    char tag[HC_BASE32_TEXT];
    const char *wanted = c->request.fields.if_match;
    if (!wanted)
        return HC_OK;
    hc_user_tag(stored, tag);
    return tags_fit(wanted, tag)
               ? HC_OK
               : hc_fail(err, HC_EPRECONDITION, "If-Match", "The user was changed since it was read");
}

const char *user_rev(const bson_t *stored)
{
    bson_iter_t rev;
    return user_bookkeeping(stored, "rev", &rev) && BSON_ITER_HOLDS_UTF8(&rev) ? bson_iter_utf8(&rev, NULL)
                                                                               : "";
}

bson_t *user_same_filter(const bson_oid_t *id, const bson_t *stored)
{
    bson_iter_t rev;
    bson_t *filter = BCON_NEW("_id", BCON_OID(id), "_hc.gone", BCON_NULL);
    if (user_bookkeeping(stored, "rev", &rev))
        bson_append_iter(filter, "_hc.rev", -1, &rev);
    else
        BSON_APPEND_NULL(filter, "_hc.rev");
    return filter;
}

enum hc_err user_no_randomness(struct hc_error *err)
{
    return hc_fail(err, HC_EINTERNAL, NULL, "The system has no randomness");
}

enum hc_err user_taken(struct hc_error *err)
{
    return hc_fail(err, HC_ECONFLICT, "email", "This e-mail address belongs to another user");
}

enum hc_err user_read_body(struct context *c, struct json_object **body, struct hc_error *err)
{
    enum hc_err code = request_body(&c->request, err);
    if (code == HC_OK)
        code = hc_json_parse(c->request.body.data, c->request.body.len, &HC_JSON_LIMITS, body, err);
    if (code == HC_OK && !json_object_is_type(*body, json_type_object))
        code = hc_fail(err, HC_EMALFORMED, NULL, "The body must be a JSON object");
    return code;
}

/* ---- taking turns ---- */

bool user_wait_turn(const struct context *c, int tries)
{
    if (context_left_ms(c) < 100)
        return false;
    hc_sleep_ms(1 + (int)(hc_random_token() % (UINT64_C(10) << tries)));
    return true;
}
