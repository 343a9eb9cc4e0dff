/* user_create.c - POST /v1/user. */
#include <string.h>

#include "clock.h"
#include "facts.h"
#include "handlers.h"
#include "idempotency.h"
#include "user.h"
#include "user_answer.h"
#include "user_write.h"

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
    enum hc_err code = user_find(c, filter, "email", &found, err);
    bson_destroy(filter);
    if (code == HC_ENOTFOUND) {
        code = hc_fail(err, HC_ECONFLICT, NULL, "Another write was faster; ask again");
    } else if (code == HC_OK && !is_own(new, &found)) {
        code = user_taken(err);
    } else if (code == HC_OK && new->once.given &&
               !(user_bookkeeping(&found, "req", &it) && BSON_ITER_HOLDS_UTF8(&it) &&
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
        return user_no_randomness(err);
    code = hc_db_insert(db, HC_USERS, &new->user, err);
    return code == HC_ECONFLICT ? meet(c, new, err) : code;
}

/* A request that Redis says was done: its user as it is now. */
static enum hc_err again(struct context *c, struct creation *new, const char *made, struct hc_error *err)
{
    enum hc_err code = hc_user_id(made, HC_OID_TEXT - 1, &new->id, err);
    if (code == HC_OK)
        code = user_read(c, &new->id, &new->user, err);
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
    user_written(c, code, HC_TOPIC_CREATED, &new->id, &new->user);
    hc_oid_to_hex(new->id.bytes, made);
    idempotency_end(c, &new->once, code == HC_OK ? made : NULL);
    return code;
}

static enum hc_err read_creation(struct context *c, struct creation *new, struct hc_error *err)
{
    struct json_object *body = NULL;
    enum hc_err code = idempotency_read(&c->request, "POST /v1/user", &new->once, err);
    if (code == HC_OK)
        code = user_read_body(c, &body, err);
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
        user_add_location(c, &new.id);
        user_answer(c, &new.user);
    }
    bson_destroy(&new.user);
    hc_profile_release(&new.profile);
    return code;
}
