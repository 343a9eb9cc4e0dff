/* profile.h - what a person may say of a user, checked at the border once.
 *
 * A profile is made of one JSON object: the fields of our schema, checked and in
 * the form in which they are stored, and free further ones.
 *
 *   email        required; ASCII, lower-cased, 3 to 254 bytes, local@domain as browsers check it;
 *                people.example belongs to generated users
 *   name         required; 1 to 256 characters, no control ones, not blank
 *   phoneNumber  required; 4 to 32 of digits, blanks and + - . ( ) / # x, at least 3 digits
 *   gender       required; male, female or other
 *   country      English name or ISO code of countries.h; stored as the English name
 *   avatar       http or https URL, up to 1024 visible ASCII characters; HC_AVATAR_DEFAULT without
 *   userName     1 to 64 characters, for a new user only; a ULID without
 *   others       any string, number (int64 or double), bool, or object and array of such up to 8 deep;
 *                names of 1 to 64 bytes without '.', '$', control characters or '_' in front
 *
 * What is ours or never changes (_id, createdAt, updatedAt, lastActive, _hc, __v, and
 * userName of an update) is passed over in silence: old clients send back the whole
 * user that they read. For the same reason a field whose value is the one that
 * is stored and shown already is left alone, whatever our rules say of it.
 *
 * null removes a field of an update (the avatar gets its default); a required one
 * can't be removed. For a new user null is the same as nothing.
 *
 *     struct hc_profile p;
 *     hc_profile_init(&p);
 *     hc_profile_read(text, len, NULL, &p, &faults, &err);
 *     …
 *     hc_profile_release(&p);
 *
 * No state, no clock, no services; any thread.
 */
#ifndef HC_PROFILE_H
#define HC_PROFILE_H

#include <bson/bson.h>

#include "faults.h"
#include "json.h"

#define HC_PROFILE_BYTES_MAX 16384 /* of the whole user's BSON, without our bookkeeping */
#define HC_PROFILE_DEPTH_MAX 8     /* objects and arrays inside one another, in a further field */

struct hc_profile {
    bson_t set;   /* fields and their checked values, the schema's first */
    bson_t unset; /* names of fields that go, each with "" */
};

void hc_profile_init(struct hc_profile *p);
void hc_profile_release(struct hc_profile *p);

/* Reads the JSON text of one user, or of a part of one if stored (the user as the
 * database has it) is given. p is an empty one. All bad fields are in *faults
 * (a zeroed one of the caller). HC_EMALFORMED: no JSON object; HC_EINVALID: faults;
 * HC_ETOOLARGE: the user would be longer than HC_PROFILE_BYTES_MAX. */
enum hc_err hc_profile_read(const char *text, size_t len, const bson_t *stored, struct hc_profile *p,
                            struct hc_faults *faults, struct hc_error *err);
/* The same for a tree, which stays the caller's: a row of an import. */
enum hc_err hc_profile_read_object(struct json_object *object, const bson_t *stored, struct hc_profile *p,
                                   struct hc_faults *faults, struct hc_error *err);

#endif
