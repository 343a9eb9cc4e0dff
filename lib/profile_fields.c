/* See profile.h. This file: the checks of single fields. */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "countries.h"
#include "generator.h"
#include "json.h"
#include "profile.h"
#include "profile_inside.h"

#define EMAIL_MAX 254
#define LOCAL_MAX 64
#define LABEL_MAX 63
#define NAME_CHARACTERS_MAX 256
#define USER_NAME_CHARACTERS_MAX 64
#define PHONE_MIN 4
#define PHONE_MAX 32
#define PHONE_DIGITS_MIN 3
#define AVATAR_MAX 1024
#define EXTRA_NAME_MAX 64

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (is_control(text[i]))
            return true;
    return false;
}

static size_t characters(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static void append(bson_t *set, const char *name, const char *text, size_t len)
{
    bson_append_utf8(set, name, -1, text, (int)len);
}

/* ---- e-mail ---- */

/* A label of a domain: letters, digits and, inside, hyphens. */
static bool is_label(const char *text, size_t len)
{
    if (len == 0 || len > LABEL_MAX || text[0] == '-' || text[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_letter(text[i]) && !is_digit(text[i]) && text[i] != '-')
            return false;
    return true;
}

static bool is_domain(const char *text, size_t len)
{
    for (;;) {
        const char *dot = memchr(text, '.', len);
        size_t label = dot ? (size_t)(dot - text) : len;
        if (!is_label(text, label))
            return false;
        if (!dot)
            return true;
        text += label + 1;
        len -= label + 1;
    }
}

/* The part before the @, by the letters that HTML's rule for e-mail fields takes. */
static bool is_local(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_letter(text[i]) && !is_digit(text[i]) && !strchr(".!#$%&'*+/=?^_`{|}~-", text[i]))
            return false;
    return len > 0 && len <= LOCAL_MAX;
}

const char *hc_profile_email(bson_t *set, const char *name, const char *text, size_t len)
{
    char lower[EMAIL_MAX + 1];
    if (len > EMAIL_MAX)
        return "is longer than 254 bytes";
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] >= 0x80)
            return "has a character beyond ASCII; write an international domain as xn--…";
        lower[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    }
    lower[len] = '\0';
    const char *at = memchr(lower, '@', len);
    size_t local = at ? (size_t)(at - lower) : 0;
    if (!at || !is_local(lower, local) || !is_domain(at + 1, len - local - 1))
        return "is no e-mail address";
    if (strcmp(at + 1, HC_PERSON_DOMAIN) == 0)
        return "is of " HC_PERSON_DOMAIN ", which belongs to generated users";
    append(set, name, lower, len);
    return NULL;
}

/* ---- texts ---- */

static const char *check_text(bson_t *set, const char *name, const char *text, size_t len, size_t max,
                              const char *too_long)
{
    if (strspn(text, " ") == len)
        return "is empty";
    if (characters(text, len) > max)
        return too_long;
    if (has_control(text, len))
        return "has a control character";
    append(set, name, text, len);
    return NULL;
}

const char *hc_profile_name(bson_t *set, const char *name, const char *text, size_t len)
{
    return check_text(set, name, text, len, NAME_CHARACTERS_MAX, "is longer than 256 characters");
}

const char *hc_profile_user_name(bson_t *set, const char *name, const char *text, size_t len)
{
    return check_text(set, name, text, len, USER_NAME_CHARACTERS_MAX, "is longer than 64 characters");
}

const char *hc_profile_phone(bson_t *set, const char *name, const char *text, size_t len)
{
    size_t digits = 0;
    if (len < PHONE_MIN || len > PHONE_MAX)
        return "must have 4 to 32 characters";
    for (size_t i = 0; i < len; i++) {
        digits += is_digit(text[i]);
        if (!is_digit(text[i]) && !strchr(" +-.()/#x", text[i]))
            return "may have digits, blanks and + - . ( ) / # x only";
    }
    if (digits < PHONE_DIGITS_MIN)
        return "must have at least 3 digits";
    append(set, name, text, len);
    return NULL;
}

/* ---- choices ---- */

const char *hc_profile_gender(bson_t *set, const char *name, const char *text, size_t len)
{
    for (unsigned i = 0; i < HC_GENDER_COUNT; i++) {
        if (strcmp(hc_gender_name(i), text) != 0)
            continue;
        append(set, name, text, len);
        return NULL;
    }
    return "must be male, female or other";
}

const char *hc_profile_country(bson_t *set, const char *name, const char *text, size_t len)
{
    int found = hc_country_find(text, len);
    if (found < 0)
        return "must be the English name or the ISO code of a country";
    const char *stored = hc_country_at(found)->name;
    append(set, name, stored, strlen(stored));
    return NULL;
}

/* Shown by browsers: nothing that could be another scheme or end an attribute. */
const char *hc_profile_avatar(bson_t *set, const char *name, const char *text, size_t len)
{
    size_t scheme = strncasecmp(text, "https://", 8) == 0 ? 8 : strncasecmp(text, "http://", 7) == 0 ? 7 : 0;
    if (scheme == 0)
        return "must begin with http:// or https://";
    if (len > AVATAR_MAX)
        return "is longer than 1024 characters";
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] <= 0x20 || (unsigned char)text[i] >= 0x7f ||
            strchr("\"<>\\^`{|}", text[i]))
            return "has a character that must be written as %XX in a URL";
    if (!is_letter(text[scheme]) && !is_digit(text[scheme]) && text[scheme] != '[')
        return "has no host";
    append(set, name, text, len);
    return NULL;
}

/* ---- further fields ---- */

static const char *member_name(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > EXTRA_NAME_MAX)
        return "has a name that is not 1 to 64 bytes long";
    if (strpbrk(name, ".$"))
        return "has a name with a dot or a dollar sign";
    return has_control(name, len) ? "has a name with a control character" : NULL;
}

const char *hc_profile_extra_name(const char *name)
{
    const char *wrong = member_name(name);
    return wrong ? wrong : name[0] == '_' ? "has a name that begins with _" : NULL;
}

static const char *append_value(bson_t *doc, const char *name, struct json_object *value, int depth);

static const char *append_object(bson_t *doc, const char *name, struct json_object *value, int depth)
{
    const char *wrong = NULL;
    bson_t inner;
    bson_append_document_begin(doc, name, -1, &inner);
    json_object_object_foreach(value, key, item)
    {
        wrong = wrong ? wrong : member_name(key);
        wrong = wrong ? wrong : append_value(&inner, key, item, depth + 1);
    }
    bson_append_document_end(doc, &inner);
    return wrong;
}

static const char *append_array(bson_t *doc, const char *name, struct json_object *value, int depth)
{
    const char *wrong = NULL;
    char text[16];
    bson_t inner;
    bson_append_array_begin(doc, name, -1, &inner);
    for (size_t i = 0; i < json_object_array_length(value) && !wrong; i++) {
        const char *key;
        bson_uint32_to_string((uint32_t)i, &key, text, sizeof text);
        wrong = append_value(&inner, key, json_object_array_get_idx(value, i), depth + 1);
    }
    bson_append_array_end(doc, &inner);
    return wrong;
}

static const char *append_value(bson_t *doc, const char *name, struct json_object *value, int depth)
{
    enum json_type type = json_object_get_type(value);
    bool nested = type == json_type_object || type == json_type_array;
    bool fits = true;
    if (nested && depth > HC_PROFILE_DEPTH_MAX)
        return "is more than 8 levels deep";
    if (nested)
        return type == json_type_object ? append_object(doc, name, value, depth)
                                        : append_array(doc, name, value, depth);
    if (type == json_type_string)
        fits =
            bson_append_utf8(doc, name, -1, json_object_get_string(value), json_object_get_string_len(value));
    else if (type == json_type_int)
        fits = bson_append_int64(doc, name, -1, json_object_get_int64(value));
    else if (type == json_type_double)
        fits = bson_append_double(doc, name, -1, json_object_get_double(value));
    else if (type == json_type_boolean)
        fits = bson_append_bool(doc, name, -1, json_object_get_boolean(value) != 0);
    else
        fits = bson_append_null(doc, name, -1);
    return fits ? NULL : "is too long";
}

const char *hc_profile_extra(bson_t *set, const char *name, struct json_object *value)
{
    return append_value(set, name, value, 1);
}
