/* user.h - one user as MongoDB has it and as clients see it.
 *
 * Stored: _id ObjectId, email, name, phoneNumber, country, gender, avatar,
 * userName, lastActive, createdAt, updatedAt, any further fields, and under
 * _hc our own bookkeeping, which never shows in an answer:
 *   k     {v, g, c}: what is counted of this user (gender, country code), as of its slot's version v;
 *         without g nothing is. A user that its slot has to count is inserted with k: {v: 0} and due
 *   due   a fresh ULID whenever facts were written: its slot has to look at it, and takes it off
 *   gone  the date of its deletion; every read and write of others asks for gone: null
 *   rev   a ULID, new with every edit by a person
 *   p, w  the words by which a search finds the user, and their keys (search.h)
 *   req   of a user created with an Idempotency-Key: a hash of what was asked
 *
 * Documents written by others may miss any field or have it with another type;
 * such a field is shown as it is, or left out if JSON has no such thing, and the
 * rest of the user is still shown.
 *
 * Pure functions, no state; any thread.
 */
#ifndef HC_USER_H
#define HC_USER_H

#include <bson/bson.h>

#include "generator.h"
#include "ids.h"
#include "json.h"

#define HC_AVATAR_DEFAULT "https://i.pravatar.cc/150"

/* Appends to doc the whole document of a generated user, its _hc.k set to
 * {v: 0, g, c}: counted by its chunk. doc is the caller's, initialised. */
void hc_user_from_person(bson_t *doc, const struct hc_person *person);

/* Writes the user as one JSON object: _id as 24 hex digits, dates as ISO text,
 * a decimal as text, other numbers as numbers (a double with as few digits, 15 to
 * 17, as read back the same), a nested value as JSON. _hc is left out, at the top only.
 * Depth beyond 32 and what has no JSON form (binary, regex, code, timestamp,
 * NaN …) is left out, or null within an array. Invalid UTF-8 becomes U+FFFD. Bytes
 * that are no BSON end the object early; the answer stays valid JSON. NULL
 * writes {}. */
void hc_user_json(struct hc_json *j, const bson_t *doc);

/* The same, with what is newer than the document: last_ms is the time of the user's latest request
 * (hc_usage), 0 for none. `lastActive` shows the later of both, also when the document has none or no date
 * there. */
void hc_user_json_active(struct hc_json *j, const bson_t *doc, int64_t last_ms);

/* Writes any document by the same rules, _hc too (used for device and the like). */
void hc_bson_json(struct hc_json *j, const bson_t *doc);

/* The slot (0 … HC_SLOT_COUNT - 1 of counters.h) through which all that is counted of this user goes. */
int hc_user_slot(const bson_oid_t *id);

/* A hash of what a person can edit: all but _id, userName, lastActive, createdAt, updatedAt and
 * _hc. out has the digits of hc_base32. */
void hc_user_tag(const bson_t *doc, char out[HC_BASE32_TEXT]);

/* Reads a user id: exactly 24 hex digits. HC_EMALFORMED with field "id" else. */
enum hc_err hc_user_id(const char *text, size_t len, bson_oid_t *out, struct hc_error *err);

#endif
