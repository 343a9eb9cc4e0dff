/* facts.c - see facts.h. */
#include "facts.h"

#include <stdio.h>

#include "ids.h"
#include "search.h"
#include "user.h"

static void append_defaults(bson_t *doc, const char *user_name)
{
    if (!bson_has_field(doc, "avatar"))
        BSON_APPEND_UTF8(doc, "avatar", HC_AVATAR_DEFAULT);
    if (!bson_has_field(doc, "userName"))
        BSON_APPEND_UTF8(doc, "userName", user_name);
}

static void append_bookkeeping(bson_t *doc, const char *token, const char *request)
{
    bson_t hc = BSON_INITIALIZER;
    bson_t k;
    BSON_APPEND_DOCUMENT_BEGIN(&hc, "k", &k);
    BSON_APPEND_INT64(&k, "v", 0);
    bson_append_document_end(&hc, &k);
    BSON_APPEND_UTF8(&hc, "due", token);
    BSON_APPEND_UTF8(&hc, "rev", token);
    if (request)
        BSON_APPEND_UTF8(&hc, "req", request);
    hc_search_append_of(&hc, doc);
    BSON_APPEND_DOCUMENT(doc, "_hc", &hc);
    bson_destroy(&hc);
}

bool hc_facts_created(bson_t *doc, const struct hc_profile *p, const bson_oid_t *id, int64_t now_ms,
                      const char *request)
{
    char user_name[HC_ULID_TEXT];
    char token[HC_ULID_TEXT];
    if (hc_ulid_new(user_name) != 0 || hc_ulid_new(token) != 0)
        return false;
    BSON_APPEND_OID(doc, "_id", id);
    bson_concat(doc, &p->set);
    append_defaults(doc, user_name);
    BSON_APPEND_DATE_TIME(doc, "lastActive", now_ms);
    BSON_APPEND_DATE_TIME(doc, "createdAt", now_ms);
    BSON_APPEND_DATE_TIME(doc, "updatedAt", now_ms);
    append_bookkeeping(doc, token, request);
    return true;
}

/* The words of the user as it will be. */
static void append_search(bson_t *set, const struct hc_profile *p, const bson_t *stored)
{
    static const char *const searched[] = {"name", "phoneNumber", "userName"};
    bson_t user = BSON_INITIALIZER;
    bson_t hc = BSON_INITIALIZER;
    bson_iter_t it;
    for (size_t i = 0; i < sizeof searched / sizeof searched[0]; i++)
        if (bson_iter_init_find(&it, &p->set, searched[i]) || bson_iter_init_find(&it, stored, searched[i]))
            bson_append_iter(&user, searched[i], -1, &it);
    hc_search_append_of(&hc, &user);
    bson_iter_init(&it, &hc);
    while (bson_iter_next(&it)) {
        char path[32];
        snprintf(path, sizeof path, "_hc.%s", bson_iter_key(&it));
        bson_append_iter(set, path, -1, &it);
    }
    bson_destroy(&hc);
    bson_destroy(&user);
}

/* A user of another system has no k yet, and a slot's write would pass it by. */
static void append_counted(bson_t *update)
{
    bson_t part;
    BSON_APPEND_DOCUMENT_BEGIN(update, "$max", &part);
    BSON_APPEND_INT64(&part, "_hc.k.v", 0);
    bson_append_document_end(update, &part);
}

bool hc_facts_updated(bson_t *update, const struct hc_profile *p, const bson_t *stored, int64_t now_ms,
                      char rev[HC_ULID_TEXT])
{
    bson_t part;
    if (hc_ulid_new(rev) != 0)
        return false;
    BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &part);
    bson_concat(&part, &p->set);
    BSON_APPEND_DATE_TIME(&part, "updatedAt", now_ms);
    BSON_APPEND_UTF8(&part, "_hc.due", rev);
    BSON_APPEND_UTF8(&part, "_hc.rev", rev);
    append_search(&part, p, stored);
    bson_append_document_end(update, &part);
    if (!bson_empty(&p->unset))
        BSON_APPEND_DOCUMENT(update, "$unset", &p->unset);
    append_counted(update);
    return true;
}

bool hc_facts_deleted(bson_t *update, const bson_oid_t *id, int64_t now_ms)
{
    char token[HC_ULID_TEXT];
    char hex[HC_OID_TEXT];
    char email[sizeof "deleted:" + HC_OID_TEXT];
    bson_t part;
    if (hc_ulid_new(token) != 0)
        return false;
    hc_oid_to_hex(id->bytes, hex);
    snprintf(email, sizeof email, "deleted:%s", hex);
    BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &part);
    BSON_APPEND_DATE_TIME(&part, "_hc.gone", now_ms);
    BSON_APPEND_UTF8(&part, "_hc.due", token);
    BSON_APPEND_UTF8(&part, "email", email);
    bson_append_document_end(update, &part);
    append_counted(update);
    return true;
}
