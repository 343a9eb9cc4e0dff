/* user_edit.c - POST and PATCH /v1/user/:id.
 *
 * An edit reads the user first: what is sent back unchanged is left alone, and the
 * whole must stay within its size. It is written only if nobody else edited in
 * between (_hc.rev), else all is done again with what stands there now.
 */
#include <string.h>

#include "clock.h"
#include "facts.h"
#include "handlers.h"
#include "idempotency.h"
#include "user.h"
#include "user_answer.h"
#include "user_write.h"

#define TRIES 6 /* of one edit whose answer does not tell */

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
    enum hc_err code = user_find(c, filter, "email", &found, err);
    bool own = code == HC_OK && bson_iter_init_find(&it, &found, "_id") && BSON_ITER_HOLDS_OID(&it) &&
               bson_oid_equal(bson_iter_oid(&it), &e->id);
    bson_destroy(filter);
    bson_destroy(&found);
    if (code == HC_ENOTFOUND || own)
        return HC_OK;
    return code == HC_OK ? user_taken(err) : code;
}

/* What became of an edit. */
enum became { MADE, NOT_MADE, TAKEN, UNKNOWN };

/* Looks at what stands after an answer was lost, or did not tell. MADE: e->user is the user. TAKEN: the
 * e-mail is another user's. NOT_MADE: the user still is as it was read. UNKNOWN also when someone else edited
 * meanwhile. */
static enum became look(struct context *c, struct edit *e, const struct hc_profile *p, const char *rev)
{
    struct hc_error unused = {0};
    bson_t now = BSON_INITIALIZER;
    enum became what = UNKNOWN;
    enum hc_err code = check_email(c, e, p, &unused);
    if (code == HC_ECONFLICT)
        what = TAKEN;
    else if (code == HC_OK && user_read(c, &e->id, &now, &unused) == HC_OK) {
        if (strcmp(user_rev(&now), rev) == 0)
            what = MADE;
        else if (strcmp(user_rev(&now), user_rev(&e->stored)) == 0)
            what = NOT_MADE;
    }
    if (what == MADE) {
        bson_destroy(&e->user);
        bson_steal(&e->user, &now);
    } else {
        bson_destroy(&now);
    }
    return what;
}

static enum hc_err make(struct context *c, struct edit *e, const bson_t *update, struct hc_error *err)
{
    struct hc_db *db;
    enum hc_err code = context_db(c, &db, err);
    if (code != HC_OK)
        return code;
    bson_t *filter = user_same_filter(&e->id, &e->stored);
    code = hc_db_find_and_modify(db, HC_USERS, filter, update, false, &e->user, err);
    bson_destroy(filter);
    return code;
}

/* Makes the edit; HC_ENOTFOUND when someone else was faster. FerretDB has no code of its own for a
 * findAndModify that meets a unique index or a deadlock: both look like a lost answer. Then we look, and make
 * it again if it was not made, which does no harm: it fits only what was read. */
static enum hc_err make_surely(struct context *c, struct edit *e, const struct hc_profile *p,
                               const bson_t *update, const char *rev, struct hc_error *err)
{
    struct hc_error lost = {0};
    for (int tries = 1; tries <= TRIES; tries++) {
        enum hc_err code = make(c, e, update, err);
        if (code == HC_ECONFLICT)
            return user_taken(err);
        if (code == HC_EOUTCOME)
            lost = *err;
        if (code == HC_OK || lost.code == HC_OK)
            return code;
        enum became what = look(c, e, p, rev);
        if (what == MADE)
            return HC_OK;
        if (what == TAKEN)
            return user_taken(err);
        if (what == UNKNOWN || tries == TRIES || !user_wait_turn(c, tries))
            break;
    }
    *err = lost;
    return lost.code;
}

/* Writes if nobody edited since stored was read; else HC_ENOTFOUND. */
static enum hc_err write_edit(struct context *c, struct edit *e, const struct hc_profile *p,
                              struct hc_error *err)
{
    char rev[HC_ULID_TEXT];
    bson_t update = BSON_INITIALIZER;
    enum hc_err code = hc_facts_updated(&update, p, &e->stored, hc_now_ms(), rev)
                           ? make_surely(c, e, p, &update, rev, err)
                           : user_no_randomness(err);
    bson_destroy(&update);
    return code;
}

/* One try; *raced when someone else was faster. */
static enum hc_err try_edit(struct context *c, struct edit *e, bool *raced, struct hc_error *err)
{
    struct hc_profile profile;
    *raced = false;
    enum hc_err code = user_read(c, &e->id, &e->stored, err);
    if (code == HC_OK)
        code = user_check_match(c, &e->stored, err);
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
    while (raced && user_wait_turn(c, 1));
    if (raced)
        return hc_fail(err, HC_EBUSY, NULL, "Too many others change this user right now");
    user_written(c, code, HC_TOPIC_UPDATED, &e->id, &e->user);
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
        return code == HC_OK ? user_read(c, &e->id, &e->user, err) : code;
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
        code = user_read_body(c, &e.body, err);
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
