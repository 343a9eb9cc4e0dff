/* profile_inside.h - the checks of single fields, for profile.c alone. */
#ifndef HC_PROFILE_INSIDE_H
#define HC_PROFILE_INSIDE_H

#include <bson/bson.h>
#include <json-c/json.h>

/* Checks a text (valid UTF-8 without NUL) and appends it to set as name, in its stored
 * form. NULL, or what is wrong: a sentence that goes on after the field's name. */
typedef const char *hc_profile_check(bson_t *set, const char *name, const char *text, size_t len);

hc_profile_check hc_profile_email, hc_profile_name, hc_profile_phone, hc_profile_gender, hc_profile_country,
    hc_profile_avatar, hc_profile_user_name;

/* NULL, or what is wrong with the name of a further field. */
const char *hc_profile_extra_name(const char *name);
/* Appends any value. NULL, or what is wrong; set may then hold a part of it. */
const char *hc_profile_extra(bson_t *set, const char *name, struct json_object *value);

#endif
