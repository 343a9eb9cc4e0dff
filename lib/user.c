/* user.c - see user.h. */
#include "user.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "search.h"

/* ---- a generated user as BSON ---- */

/* Appending with both lengths known: libbson then measures nothing. */
#define TEXT(doc, key, text, len) bson_append_utf8((doc), (key), (int)sizeof(key) - 1, (text), (int)(len))

static void append_bookkeeping(bson_t *doc, const struct hc_person *person, const char *gender,
                               const char *country)
{
    bson_t hc;
    bson_t k;
    bson_append_document_begin(doc, "_hc", 3, &hc);
    bson_append_document_begin(&hc, "k", 1, &k);
    bson_append_int64(&k, "v", 1, 0);
    TEXT(&k, "g", gender, strlen(gender));
    TEXT(&k, "c", country, strlen(country));
    bson_append_document_end(&hc, &k);
    hc_search_append(&hc, person->name, person->phone, NULL);
    bson_append_document_end(doc, &hc);
}

void hc_user_from_person(bson_t *doc, const struct hc_person *person)
{
    const struct hc_country *country = hc_country_at(person->country);
    const char *gender = hc_gender_name(person->gender);
    bson_oid_t id;
    memcpy(id.bytes, person->id, sizeof id.bytes);

    bson_append_oid(doc, "_id", 3, &id);
    TEXT(doc, "email", person->email, person->email_len);
    TEXT(doc, "name", person->name, person->name_len);
    TEXT(doc, "phoneNumber", person->phone, person->phone_len);
    TEXT(doc, "country", country->name, strlen(country->name));
    TEXT(doc, "gender", gender, strlen(gender));
    TEXT(doc, "avatar", HC_AVATAR_DEFAULT, sizeof HC_AVATAR_DEFAULT - 1);
    TEXT(doc, "userName", person->user_name, HC_ULID_TEXT - 1);
    bson_append_date_time(doc, "lastActive", 10, person->created_ms);
    bson_append_date_time(doc, "createdAt", 9, person->created_ms);
    bson_append_date_time(doc, "updatedAt", 9, person->created_ms);
    append_bookkeeping(doc, person, gender, country->code);
}

/* ---- any BSON as JSON ---- */

typedef void writer(struct hc_json *j, const bson_iter_t *iter, unsigned depth);

static void write_members(struct hc_json *j, bson_iter_t *iter, bool array, unsigned depth);

/* As few digits as read back as the same double. A negative zero is
 * written as 0: our own reader refuses it, and clients send users back. */
static void write_double(struct hc_json *j, const bson_iter_t *iter, unsigned depth)
{
    (void)depth;
    char text[32];
    double n = bson_iter_double(iter);
    if (n == 0.0)
        n = 0.0;
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, n);
        if (strtod(text, NULL) == n)
            break;
    }
    hc_json_raw(j, text, strlen(text));
}

static void write_decimal(struct hc_json *j, const bson_iter_t *iter, unsigned depth)
{
    (void)depth;
    char text[BSON_DECIMAL128_STRING];
    bson_decimal128_t n;
    bson_iter_decimal128(iter, &n);
    bson_decimal128_to_string(&n, text);
    hc_json_str(j, text);
}

static void write_oid(struct hc_json *j, const bson_iter_t *iter, unsigned depth)
{
    (void)depth;
    char text[HC_OID_TEXT + 1] = "\"";
    hc_oid_to_hex(bson_iter_oid(iter)->bytes, text + 1);
    text[HC_OID_TEXT] = '"'; /* over the NUL */
    hc_json_raw(j, text, sizeof text);
}

static void write_utf8(struct hc_json *j, const bson_iter_t *iter, unsigned depth)
{
    (void)depth;
    uint32_t len;
    const char *text = bson_iter_utf8(iter, &len);
    hc_json_strn(j, text, len);
}

static void write_symbol(struct hc_json *j, const bson_iter_t *iter, unsigned depth)
{
    (void)depth;
    uint32_t len;
    const char *text = bson_iter_symbol(iter, &len);
    hc_json_strn(j, text, len);
}

static void write_bool(struct hc_json *j, const bson_iter_t *iter, unsigned depth)
{
    (void)depth;
    hc_json_bool(j, bson_iter_bool(iter));
}

static void write_date(struct hc_json *j, const bson_iter_t *iter, unsigned depth)
{
    (void)depth;
    hc_json_date(j, bson_iter_date_time(iter));
}

static void write_null(struct hc_json *j, const bson_iter_t *iter, unsigned depth)
{
    (void)iter;
    (void)depth;
    hc_json_null(j);
}

static void write_integer(struct hc_json *j, const bson_iter_t *iter, unsigned depth)
{
    (void)depth;
    hc_json_int(j, bson_iter_as_int64(iter));
}

static void write_object(struct hc_json *j, const bson_iter_t *iter, unsigned depth)
{
    bson_iter_t inner;
    hc_json_open(j, '{');
    if (bson_iter_recurse(iter, &inner))
        write_members(j, &inner, false, depth + 1);
    hc_json_close(j, '}');
}

static void write_array(struct hc_json *j, const bson_iter_t *iter, unsigned depth)
{
    bson_iter_t inner;
    hc_json_open(j, '[');
    if (bson_iter_recurse(iter, &inner))
        write_members(j, &inner, true, depth + 1);
    hc_json_close(j, ']');
}

/* By BSON type. What is missing (binary, regex, code, timestamp, …) has no
 * JSON form. */
static writer *const writers[] = {
    [BSON_TYPE_DOUBLE] = write_double,   [BSON_TYPE_UTF8] = write_utf8,
    [BSON_TYPE_DOCUMENT] = write_object, [BSON_TYPE_ARRAY] = write_array,
    [BSON_TYPE_OID] = write_oid,         [BSON_TYPE_BOOL] = write_bool,
    [BSON_TYPE_DATE_TIME] = write_date,  [BSON_TYPE_NULL] = write_null,
    [BSON_TYPE_SYMBOL] = write_symbol,   [BSON_TYPE_INT32] = write_integer,
    [BSON_TYPE_INT64] = write_integer,   [BSON_TYPE_DECIMAL128] = write_decimal,
};

/* The writer of a value that lies depth deep; NULL when it has no JSON form. */
static writer *writer_of(const bson_iter_t *iter, unsigned depth)
{
    bson_type_t type = bson_iter_type(iter);
    if ((size_t)type >= sizeof writers / sizeof writers[0])
        return NULL;
    writer *found = writers[type];
    if ((found == write_object || found == write_array) && depth >= HC_JSON_DEPTH_MAX)
        return NULL;
    if (found == write_double && !isfinite(bson_iter_double(iter)))
        return NULL;
    return found;
}

/* One member of a document, or one item of an array, that lies depth deep. */
static void write_member(struct hc_json *j, const bson_iter_t *iter, bool array, unsigned depth)
{
    writer *write = writer_of(iter, depth);
    if (!write && array)
        write = write_null; /* the others keep their places */
    if (!write)
        return;
    if (!array)
        hc_json_key(j, bson_iter_key(iter));
    write(j, iter, depth);
}

/* All of them. Broken BSON ends the walk, not the answer. */
static void write_members(struct hc_json *j, bson_iter_t *iter, bool array, unsigned depth)
{
    while (bson_iter_next(iter))
        write_member(j, iter, array, depth);
}

static void write_last_active(struct hc_json *j, int64_t ms)
{
    hc_json_key(j, "lastActive");
    hc_json_date(j, ms);
}

void hc_user_json(struct hc_json *j, const bson_t *doc)
{
    hc_user_json_active(j, doc, 0);
}

void hc_user_json_active(struct hc_json *j, const bson_t *doc, int64_t last_ms)
{
    bson_iter_t iter;
    bool shown = last_ms <= 0; /* nothing to put in */
    hc_json_open(j, '{');
    if (doc && bson_iter_init(&iter, doc))
        while (bson_iter_next(&iter)) {
            const char *key = bson_iter_key(&iter);
            if (strcmp(key, "_hc") == 0)
                continue;
            if (last_ms <= 0 || strcmp(key, "lastActive") != 0) {
                write_member(j, &iter, false, 1);
                continue;
            }
            int64_t stored = BSON_ITER_HOLDS_DATE_TIME(&iter) ? bson_iter_date_time(&iter) : last_ms;
            write_last_active(j, stored > last_ms ? stored : last_ms);
            shown = true;
        }
    if (!shown)
        write_last_active(j, last_ms);
    hc_json_close(j, '}');
}

void hc_bson_json(struct hc_json *j, const bson_t *doc)
{
    bson_iter_t iter;
    hc_json_open(j, '{');
    if (doc && bson_iter_init(&iter, doc))
        write_members(j, &iter, false, 1);
    hc_json_close(j, '}');
}

void hc_user_tag(const bson_t *doc, char out[HC_BASE32_TEXT])
{
    bson_t edited = BSON_INITIALIZER;
    bson_copy_to_excluding_noinit(doc, &edited, "_id", "userName", "lastActive", "createdAt", "updatedAt",
                                  "__v", "_hc", NULL);
    hc_base32(out, hc_hash64(bson_get_data(&edited), edited.len));
    bson_destroy(&edited);
}

int hc_user_slot(const bson_oid_t *id)
{
    return (int)(hc_hash64(id->bytes, sizeof id->bytes) % HC_SLOT_COUNT);
}

enum hc_err hc_user_id(const char *text, size_t len, bson_oid_t *out, struct hc_error *err)
{
    uint8_t bytes[HC_OID_SIZE];
    if (!text || !hc_oid_from_hex(bytes, text, len))
        return hc_fail(err, HC_EMALFORMED, "id", "a user's id is 24 hex digits");
    memcpy(out->bytes, bytes, sizeof out->bytes);
    return HC_OK;
}
