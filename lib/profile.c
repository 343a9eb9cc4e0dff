/* profile.c - see profile.h. */
#include "profile.h"

#include <stdio.h>
#include <string.h>

#include "profile_inside.h"
#include "user.h"

/* The fields of the schema, in the order in which they are stored. */
static const struct field {
    const char *name;
    hc_profile_check *check;
    bool required;
    bool once;            /* of a new user only */
    const char *default_; /* what it becomes when it is removed; NULL: nothing */
} FIELDS[] = {
    {"email", hc_profile_email, true, false, NULL},
    {"name", hc_profile_name, true, false, NULL},
    {"phoneNumber", hc_profile_phone, true, false, NULL},
    {"country", hc_profile_country, false, false, NULL},
    {"gender", hc_profile_gender, true, false, NULL},
    {"avatar", hc_profile_avatar, false, false, HC_AVATAR_DEFAULT},
    {"userName", hc_profile_user_name, false, true, NULL},
};
#define FIELD_COUNT (sizeof FIELDS / sizeof FIELDS[0])

static const char *const RESERVED[] = {"_id", "createdAt", "updatedAt", "lastActive", "_hc", "__v"};

/* One reading. */
struct reading {
    struct json_object *given;
    struct json_object *shown; /* the stored user as clients see it; NULL: a new user */
    bool update;
    struct hc_profile *p;
    struct hc_faults *faults;
};

void hc_profile_init(struct hc_profile *p)
{
    bson_init(&p->set);
    bson_init(&p->unset);
}

void hc_profile_release(struct hc_profile *p)
{
    bson_destroy(&p->set);
    bson_destroy(&p->unset);
}

static void fault(struct reading *r, const char *field, const char *what)
{
    char message[200];
    snprintf(message, sizeof message, "%.64s %s", field[0] ? field : "A field", what);
    hc_faults_add(r->faults, field, message);
}

/* ---- single fields ---- */

static bool is_unchanged(const struct reading *r, const char *name, struct json_object *value)
{
    struct json_object *now;
    return r->shown && json_object_object_get_ex(r->shown, name, &now) && json_object_equal(now, value);
}

static void remove_field(struct reading *r, const struct field *f)
{
    if (f->required)
        fault(r, f->name, r->update ? "can't be removed" : "is missing");
    else if (r->update && f->default_)
        BSON_APPEND_UTF8(&r->p->set, f->name, f->default_);
    else if (r->update)
        BSON_APPEND_UTF8(&r->p->unset, f->name, "");
}

static void read_field(struct reading *r, const struct field *f)
{
    struct json_object *value;
    if (!json_object_object_get_ex(r->given, f->name, &value)) {
        if (f->required && !r->update)
            fault(r, f->name, "is missing");
        return;
    }
    if ((f->once && r->update) || is_unchanged(r, f->name, value))
        return;
    if (!value) {
        remove_field(r, f);
        return;
    }
    if (!json_object_is_type(value, json_type_string)) {
        fault(r, f->name, "must be a string");
        return;
    }
    const char *wrong = f->check(&r->p->set, f->name, json_object_get_string(value),
                                 (size_t)json_object_get_string_len(value));
    if (wrong)
        fault(r, f->name, wrong);
}

static bool is_known(const char *name)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (strcmp(FIELDS[i].name, name) == 0)
            return true;
    for (size_t i = 0; i < sizeof RESERVED / sizeof RESERVED[0]; i++)
        if (strcmp(RESERVED[i], name) == 0)
            return true;
    return false;
}

static void read_extra(struct reading *r, const char *name, struct json_object *value)
{
    if (is_known(name) || is_unchanged(r, name, value))
        return;
    const char *wrong = hc_profile_extra_name(name);
    if (!wrong && value)
        wrong = hc_profile_extra(&r->p->set, name, value);
    else if (!wrong && r->update)
        BSON_APPEND_UTF8(&r->p->unset, name, "");
    if (wrong)
        fault(r, name, wrong);
}

/* ---- the whole ---- */

/* The stored user as a tree of what clients see. NULL when it can't be had: then
 * no field counts as unchanged. */
static struct json_object *shown_of(const bson_t *stored)
{
    static const struct hc_json_limits wide = {
        .bytes = 1 << 20, .depth = HC_JSON_DEPTH_MAX, .members = 100000};
    struct json_object *tree = NULL;
    struct hc_buf text;
    struct hc_json j;
    hc_buf_init(&text, wide.bytes);
    hc_json_begin(&j, &text);
    hc_user_json(&j, stored);
    if (!hc_buf_failed(&text))
        (void)hc_json_parse(text.data, text.len, &wide, &tree, NULL);
    hc_buf_release(&text);
    return tree;
}

/* Bytes of the stored document's members that an update leaves alone. */
static size_t kept_bytes(const bson_t *stored, const struct hc_profile *p)
{
    bson_iter_t it;
    bool kept = false;
    size_t bytes = 0;
    size_t begin = 0; /* of the member before */
    if (!stored || !bson_iter_init(&it, stored))
        return 0;
    while (bson_iter_next(&it)) {
        const char *name = bson_iter_key(&it);
        bytes += kept ? bson_iter_offset(&it) - begin : 0;
        begin = bson_iter_offset(&it);
        kept = strcmp(name, "_hc") != 0 && !bson_has_field(&p->set, name) && !bson_has_field(&p->unset, name);
    }
    return kept ? bytes + stored->len - 1 - begin : bytes;
}

/* A user of another system that is too long already may get shorter. */
static enum hc_err check_size(const bson_t *stored, const struct hc_profile *p, struct hc_error *err)
{
    size_t bytes = kept_bytes(stored, p) + p->set.len;
    if (bytes <= HC_PROFILE_BYTES_MAX || (stored && bytes <= stored->len))
        return HC_OK;
    return hc_fail(err, HC_ETOOLARGE, NULL, "The user would be longer than %d bytes", HC_PROFILE_BYTES_MAX);
}

enum hc_err hc_profile_read_object(struct json_object *object, const bson_t *stored, struct hc_profile *p,
                                   struct hc_faults *faults, struct hc_error *err)
{
    if (!json_object_is_type(object, json_type_object))
        return hc_fail(err, HC_EMALFORMED, NULL, "A user must be a JSON object");
    struct reading r = {.given = object,
                        .shown = stored ? shown_of(stored) : NULL,
                        .update = stored != NULL,
                        .p = p,
                        .faults = faults};
    for (size_t i = 0; i < FIELD_COUNT; i++)
        read_field(&r, &FIELDS[i]);
    json_object_object_foreach(object, name, value)
    {
        read_extra(&r, name, value);
    }
    json_object_put(r.shown);
    enum hc_err code = hc_faults_end(faults, err);
    return code == HC_OK ? check_size(stored, p, err) : code;
}

enum hc_err hc_profile_read(const char *text, size_t len, const bson_t *stored, struct hc_profile *p,
                            struct hc_faults *faults, struct hc_error *err)
{
    struct json_object *object = NULL;
    enum hc_err code = hc_json_parse(text, len, &HC_JSON_LIMITS, &object, err);
    if (code == HC_OK)
        code = hc_profile_read_object(object, stored, p, faults, err);
    json_object_put(object);
    return code;
}
