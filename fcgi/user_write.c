/* user_write.c - POST /v1/user, POST and PATCH /v1/user/:id, DELETE /v1/user/:id.
 *
 * A write is one atomic change of one document (facts.h), then a new generation of
 * lists, then a notice. Who counts is the user's slot, later; nothing here waits for
 * Kafka or Redis.
 *
 * An edit reads the user first: what is sent back unchanged is left alone, and the
 * whole must stay within its size. It is written only if nobody else edited in
 * between (_hc.rev), else all is done again with what stands there now.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "facts.h"
#include "generation.h"
#include "handlers.h"
#include "idempotency.h"
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

static void add_location(struct context *c, const bson_oid_t *id)
{
    char hex[HC_OID_TEXT];
    char location[sizeof "/v1/user/" + HC_OID_TEXT];
    hc_oid_to_hex(id->bytes, hex);
    snprintf(location, sizeof location, "/v1/user/%s", hex);
    response_header(&c->response, "Location", location);
}

/* Everything that a write of this user sets off. A lost reply may have been a success. */
static void written(struct context *c, enum hc_err code, const char *topic, const bson_oid_t *id,
                    const bson_t *user)
{
    if (code != HC_OK && code != HC_EOUTCOME)
        return;
    generation_bump(c);
    if (code == HC_OK)
        notify(c, topic, id, user);
    else
        add_location(c, id);
}

/* ---- reading ---- */

static enum hc_err find(struct context *c, const bson_t *filter, const char *index, bson_t *found,
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

/* The user with all its bookkeeping. */
static enum hc_err read_stored(struct context *c, const bson_oid_t *id, bson_t *found, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("_id", BCON_OID(id), "_hc.gone", BCON_NULL);
    enum hc_err code = find(c, filter, "_id", found, err);
    bson_destroy(filter);
    return code == HC_ENOTFOUND ? user_unknown(err) : code;
}

/* _hc.<name> of a stored user; false when there is none. */
static bool find_bookkeeping(const bson_t *stored, const char *name, bson_iter_t *found)
{
    bson_iter_t it;
    bson_iter_t inner;
    if (!bson_iter_init_find(&it, stored, "_hc") || !BSON_ITER_HOLDS_DOCUMENT(&it) ||
        !bson_iter_recurse(&it, &inner) || !bson_iter_find(&inner, name))
        return false;
    *found = inner;
    return true;
}

static enum hc_err check_match(const struct context *c, const bson_t *stored, struct hc_error *err)
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

/* The token of a stored user's last edit; "" when there is none. */
static const char *rev_of(const bson_t *stored)
{
    bson_iter_t rev;
    return find_bookkeeping(stored, "rev", &rev) && BSON_ITER_HOLDS_UTF8(&rev) ? bson_iter_utf8(&rev, NULL)
                                                                               : "";
}

/* The filter of a write that was decided on what was read. */
static bson_t *same_filter(const bson_oid_t *id, const bson_t *stored)
{
    bson_iter_t rev;
    bson_t *filter = BCON_NEW("_id", BCON_OID(id), "_hc.gone", BCON_NULL);
    if (find_bookkeeping(stored, "rev", &rev))
        bson_append_iter(filter, "_hc.rev", -1, &rev);
    else
        BSON_APPEND_NULL(filter, "_hc.rev");
    return filter;
}

static enum hc_err no_randomness(struct hc_error *err)
{
    return hc_fail(err, HC_EINTERNAL, NULL, "The system has no randomness");
}

static enum hc_err taken(struct hc_error *err)
{
    return hc_fail(err, HC_ECONFLICT, "email", "This e-mail address belongs to another user");
}

/* The body as a tree; the caller frees it. */
static enum hc_err read_body(struct context *c, struct json_object **body, struct hc_error *err)
{
    enum hc_err code = request_body(&c->request, err);
    if (code == HC_OK)
        code = hc_json_parse(c->request.body.data, c->request.body.len, &HC_JSON_LIMITS, body, err);
    if (code == HC_OK && !json_object_is_type(*body, json_type_object))
        code = hc_fail(err, HC_EMALFORMED, NULL, "The body must be a JSON object");
    return code;
}

/* ---- create ---- */

struct creation {
    struct hc_profile profile;
    struct idempotency once;
    bson_oid_t id;
    bson_t user;
};

/* 4 bytes of time, then 8 that are random, or those of the key. */
static void choose_id(struct creation *new)
{
    uint64_t token = hc_random_token();
    uint32_t second = (uint32_t)(hc_now_ms() / 1000);
    for (int i = 0; i < 4; i++)
        new->id.bytes[i] = (uint8_t)(second >> (24 - 8 * i));
    memcpy(new->id.bytes + 4, new->once.given ? new->once.hash : (const uint8_t *)&token, 8);
}

/* True when found was made by a request with the same key. */
static bool is_own(const struct creation *new, const bson_t *found)
{
    bson_iter_t it;
    if (!bson_iter_init_find(&it, found, "_id") || !BSON_ITER_HOLDS_OID(&it))
        return false;
    const uint8_t *bytes = bson_iter_oid(&it)->bytes;
    return memcmp(bytes, new->id.bytes, 12) == 0 ||
           (new->once.given &&memcmp(bytes + 4, new->id.bytes + 4, 8) == 0);
}

/* The e-mail or the id stands already: it may be our own document, of a request whose answer was
 * lost. Then new->user becomes what stands. */
static enum hc_err meet(struct context *c, struct creation *new, struct hc_error *err)
{
    bson_t found = BSON_INITIALIZER;
    bson_iter_t it;
    bson_iter_init_find(&it, &new->user, "email");
    bson_t *filter = BCON_NEW("email", BCON_UTF8(bson_iter_utf8(&it, NULL)), "_hc.gone", BCON_NULL);
    enum hc_err code = find(c, filter, "email", &found, err);
    bson_destroy(filter);
    if (code == HC_ENOTFOUND) {
        code = hc_fail(err, HC_ECONFLICT, NULL, "Another write was faster; ask again");
    } else if (code == HC_OK && !is_own(new, &found)) {
        code = taken(err);
    } else if (code == HC_OK && new->once.given &&
               !(find_bookkeeping(&found, "req", &it) && BSON_ITER_HOLDS_UTF8(&it) &&
                 strcmp(bson_iter_utf8(&it, NULL), new->once.asked) == 0)) {
        code = hc_fail(err, HC_EINVALID, "Idempotency-Key", "This Idempotency-Key was used for another user");
    } else if (code == HC_OK) {
        bson_destroy(&new->user);
        bson_copy_to(&found, &new->user);
        bson_iter_init_find(&it, &found, "_id");
        bson_oid_copy(bson_iter_oid(&it), &new->id);
    }
    bson_destroy(&found);
    return code;
}

static enum hc_err insert(struct context *c, struct creation *new, struct hc_error *err)
{
    struct hc_db *db;
    enum hc_err code = context_db(c, &db, err);
    if (code != HC_OK)
        return code;
    choose_id(new);
    if (!hc_facts_created(&new->user, &new->profile, &new->id, hc_now_ms(),
                          new->once.given ? new->once.asked : NULL))
        return no_randomness(err);
    code = hc_db_insert(db, HC_USERS, &new->user, err);
    return code == HC_ECONFLICT ? meet(c, new, err) : code;
}

/* A request that Redis says was done: its user as it is now. */
static enum hc_err again(struct context *c, struct creation *new, const char *made, struct hc_error *err)
{
    enum hc_err code = hc_user_id(made, HC_OID_TEXT - 1, &new->id, err);
    if (code == HC_OK)
        code = read_stored(c, &new->id, &new->user, err);
    return code == HC_ENOTFOUND ? hc_fail(err, HC_ECONFLICT, "Idempotency-Key",
                                          "The user that was made with this Idempotency-Key is deleted")
                                : code;
}

static enum hc_err create_once(struct context *c, struct creation *new, struct hc_error *err)
{
    char made[HC_OID_TEXT];
    enum hc_err code = idempotency_begin(c, &new->once, made, err);
    if (code != HC_OK || made[0])
        return code == HC_OK ? again(c, new, made, err) : code;
    code = insert(c, new, err);
    written(c, code, HC_TOPIC_CREATED, &new->id, &new->user);
    hc_oid_to_hex(new->id.bytes, made);
    idempotency_end(c, &new->once, code == HC_OK ? made : NULL);
    return code;
}

static enum hc_err read_creation(struct context *c, struct creation *new, struct hc_error *err)
{
    struct json_object *body = NULL;
    enum hc_err code = idempotency_read(&c->request, "POST /v1/user", &new->once, err);
    if (code == HC_OK)
        code = read_body(c, &body, err);
    if (code == HC_OK)
        code = hc_profile_read_object(body, NULL, &new->profile, &c->faults, err);
    json_object_put(body);
    idempotency_ask(&new->once, bson_get_data(&new->profile.set), new->profile.set.len);
    return code;
}

enum hc_err user_create(struct context *c, struct hc_error *err)
{
    struct creation new;
    hc_profile_init(&new.profile);
    bson_init(&new.user);
    enum hc_err code = read_creation(c, &new, err);
    if (code == HC_OK)
        code = create_once(c, &new, err);
    if (code == HC_OK) {
        c->response.status = 201;
        add_location(c, &new.id);
        user_answer(c, &new.user);
    }
    bson_destroy(&new.user);
    hc_profile_release(&new.profile);
    return code;
}

/* ---- update ---- */

struct edit {
    bson_oid_t id;
    struct json_object *body;
    bson_t stored;
    bson_t user; /* as it is after the edit */
};

/* HC_ECONFLICT when the edit gives an e-mail that another user has. */
static enum hc_err check_email(struct context *c, const struct edit *e, const struct hc_profile *p,
                               struct hc_error *err)
{
    bson_iter_t it;
    bson_t found = BSON_INITIALIZER;
    if (!bson_iter_init_find(&it, &p->set, "email"))
        return HC_OK;
    bson_t *filter = BCON_NEW("email", BCON_UTF8(bson_iter_utf8(&it, NULL)));
    enum hc_err code = find(c, filter, "email", &found, err);
    bool own = code == HC_OK && bson_iter_init_find(&it, &found, "_id") && BSON_ITER_HOLDS_OID(&it) &&
               bson_oid_equal(bson_iter_oid(&it), &e->id);
    bson_destroy(filter);
    bson_destroy(&found);
    if (code == HC_ENOTFOUND || own)
        return HC_OK;
    return code == HC_OK ? taken(err) : code;
}

/* Waits a moment, another one for each who lost; false when the time is over. */
static bool wait_turn(const struct context *c)
{
    if (context_left_ms(c) < 100)
        return false;
    hc_sleep_ms(1 + (int)(hc_random_token() % 20));
    return true;
}

/* What became of an edit whose answer was lost, or did not tell: HC_OK when it stands (then e->user is the
 * user), HC_ECONFLICT when the e-mail is another user's, HC_ENOTFOUND when the user still is as it was read;
 * else HC_EOUTCOME. rev: the token of the edit. */
static enum hc_err look(struct context *c, struct edit *e, const struct hc_profile *p, const char *rev)
{
    struct hc_error other = {0};
    bson_t now = BSON_INITIALIZER;
    enum hc_err code = check_email(c, e, p, &other);
    if (code == HC_OK)
        code = read_stored(c, &e->id, &now, &other);
    if (code == HC_OK && strcmp(rev_of(&now), rev) == 0) {
        bson_destroy(&e->user);
        bson_copy_to(&now, &e->user);
    } else if (code != HC_ECONFLICT) {
        bool as_read = code == HC_OK && strcmp(rev_of(&now), rev_of(&e->stored)) == 0;
        code = as_read ? HC_ENOTFOUND : HC_EOUTCOME;
    }
    bson_destroy(&now);
    return code;
}

/* Makes the edit, and makes it again until it is known what became of it. FerretDB has no code of its own for
 * a findAndModify that meets a unique index or a deadlock: both look like a lost answer. Once more does no
 * harm, since it fits only what was read. */
static enum hc_err write_surely(struct context *c, struct edit *e, const struct hc_profile *p,
                                const bson_t *update, const char *rev, struct hc_error *err)
{
    struct hc_error lost = {0};
    struct hc_db *db;
    bson_t *filter = same_filter(&e->id, &e->stored);
    enum hc_err code;
    do {
        code = context_db(c, &db, err);
        if (code == HC_OK)
            code = hc_db_find_and_modify(db, HC_USERS, filter, update, false, &e->user, err);
        if (code == HC_EOUTCOME)
            lost = *err;
        if (code == HC_OK || lost.code == HC_OK)
            break;
        code = look(c, e, p, rev);
    } while (code == HC_ENOTFOUND && wait_turn(c));
    bson_destroy(filter);
    if (code == HC_ECONFLICT)
        return taken(err);
    if (code != HC_OK && lost.code != HC_OK)
        *err = lost;
    return code != HC_OK && lost.code != HC_OK ? lost.code : code;
}

/* Writes if nobody edited since stored was read; else HC_ENOTFOUND. */
static enum hc_err write_edit(struct context *c, struct edit *e, const struct hc_profile *p,
                              struct hc_error *err)
{
    char rev[HC_ULID_TEXT];
    bson_t update = BSON_INITIALIZER;
    enum hc_err code = hc_facts_updated(&update, p, &e->stored, hc_now_ms(), rev)
                           ? write_surely(c, e, p, &update, rev, err)
                           : no_randomness(err);
    bson_destroy(&update);
    return code;
}

/* One try; *raced when someone else was faster. */
static enum hc_err try_edit(struct context *c, struct edit *e, bool *raced, struct hc_error *err)
{
    struct hc_profile profile;
    *raced = false;
    enum hc_err code = read_stored(c, &e->id, &e->stored, err);
    if (code == HC_OK)
        code = check_match(c, &e->stored, err);
    if (code != HC_OK)
        return code;
    hc_profile_init(&profile);
    c->faults.count = 0;
    code = hc_profile_read_object(e->body, &e->stored, &profile, &c->faults, err);
    if (code == HC_OK)
        code = check_email(c, e, &profile, err);
    if (code == HC_OK) {
        code = write_edit(c, e, &profile, err);
        *raced = code == HC_ENOTFOUND;
    }
    hc_profile_release(&profile);
    return code;
}

static enum hc_err edit(struct context *c, struct edit *e, struct hc_error *err)
{
    bool raced;
    enum hc_err code;
    do
        code = try_edit(c, e, &raced, err);
    while (raced && wait_turn(c));
    if (raced)
        return hc_fail(err, HC_EBUSY, NULL, "Too many others change this user right now");
    written(c, code, HC_TOPIC_UPDATED, &e->id, &e->user);
    return code;
}

/* A POST with a key that was done already answers with the user as it is now. */
static enum hc_err edit_once(struct context *c, struct edit *e, struct hc_error *err)
{
    struct idempotency once = {0};
    char route[64] = "POST /v1/user/";
    char made[HC_OID_TEXT] = "";
    hc_oid_to_hex(e->id.bytes, route + strlen(route));
    enum hc_err code =
        c->request.method == METHOD_POST ? idempotency_read(&c->request, route, &once, err) : HC_OK;
    if (code != HC_OK)
        return code;
    idempotency_ask(&once, c->request.body.data, c->request.body.len);
    code = idempotency_begin(c, &once, made, err);
    if (code != HC_OK || made[0])
        return code == HC_OK ? read_stored(c, &e->id, &e->user, err) : code;
    code = edit(c, e, err);
    hc_oid_to_hex(e->id.bytes, made);
    idempotency_end(c, &once, code == HC_OK ? made : NULL);
    return code;
}

enum hc_err user_update(struct context *c, struct hc_error *err)
{
    struct edit e = {.body = NULL};
    struct text given = route_last(&c->request);
    enum hc_err code = hc_user_id(given.at, given.len, &e.id, err);
    if (code == HC_OK)
        code = read_body(c, &e.body, err);
    bson_init(&e.stored);
    bson_init(&e.user);
    if (code == HC_OK)
        code = edit_once(c, &e, err);
    if (code == HC_OK)
        user_answer(c, &e.user);
    bson_destroy(&e.user);
    bson_destroy(&e.stored);
    json_object_put(e.body);
    return code;
}

/* ---- delete ---- */

/* The filter of a deletion: with If-Match, that of the very user that was read. */
static enum hc_err delete_filter(struct context *c, const bson_oid_t *id, bson_t **filter,
                                 struct hc_error *err)
{
    bson_t stored = BSON_INITIALIZER;
    enum hc_err code = HC_OK;
    if (!c->request.fields.if_match) {
        *filter = BCON_NEW("_id", BCON_OID(id), "_hc.gone", BCON_NULL);
    } else {
        code = read_stored(c, id, &stored, err);
        if (code == HC_OK)
            code = check_match(c, &stored, err);
        if (code == HC_OK)
            *filter = same_filter(id, &stored);
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
        code = no_randomness(err);
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
        while (code == HC_OK && matched == 0 && !once && wait_turn(c));
    if (code == HC_OK && matched == 0)
        return user_unknown(err);
    written(c, code, HC_TOPIC_DELETED, &id, NULL);
    if (code != HC_OK)
        return code;
    response_json(&c->response, &j);
    hc_json_open(&j, '{');
    hc_json_put_str(&j, "message", "delete successfully");
    hc_json_close(&j, '}');
    return HC_OK;
}
