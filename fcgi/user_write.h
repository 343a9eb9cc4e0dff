/* user_write.h - what creating, editing and deleting a user have in common.
 *
 * A write is one atomic change of one document (facts.h), then a new generation of
 * lists, then a notice. Who counts is the user's slot, later; nothing here waits for
 * Kafka, and for Redis no longer than cache.h allows.
 *
 * A write that depends on what stands reads it with user_read, and writes with
 * user_same_filter: if nobody edited meanwhile. Else it takes another turn.
 * All belong to the thread of their request.
 */
#ifndef FCGI_USER_WRITE_H
#define FCGI_USER_WRITE_H

#include <bson/bson.h>
#include <json-c/json.h>
#include <stdbool.h>

#include "web.h"

/* ---- before a write ---- */

/* The request's body as a JSON object; the caller puts it, also after an error. */
enum hc_err user_read_body(struct context *c, struct json_object **body, struct hc_error *err);

/* One user by filter and the index of that name, or HC_ENOTFOUND. found: an initialised document. */
enum hc_err user_find(struct context *c, const bson_t *filter, const char *index, bson_t *found,
                      struct hc_error *err);
/* The user with all bookkeeping; HC_ENOTFOUND also for one that was deleted. */
enum hc_err user_read(struct context *c, const bson_oid_t *id, bson_t *found, struct hc_error *err);

/* _hc.<name> of a stored user; false when there is none. */
bool user_bookkeeping(const bson_t *stored, const char *name, bson_iter_t *found);
/* The token of a stored user's last edit, "" when there is none. It lives as long as stored. */
const char *user_rev(const bson_t *stored);
/* HC_EPRECONDITION when If-Match does not fit the stored user. */
enum hc_err user_check_match(const struct context *c, const bson_t *stored, struct hc_error *err);

/* The filter of a write that was decided on what was read; the caller destroys it. */
bson_t *user_same_filter(const bson_oid_t *id, const bson_t *stored);
/* Waits a moment, another one for each who lost, and longer after more tries (1 to 6); false when the time is
 * over. */
bool user_wait_turn(const struct context *c, int tries);

/* ---- after a write ---- */

/* All that a write of this user sets off: lists, notice (topic, user: notice.h) or, when its answer was lost,
 * the address to look at. code: how the write ended; a lost answer may have been a success. */
void user_written(struct context *c, enum hc_err code, const char *topic, const bson_oid_t *id,
                  const bson_t *user);
/* The header Location of this user. */
void user_add_location(struct context *c, const bson_oid_t *id);

/* ---- errors ---- */

enum hc_err user_taken(struct hc_error *err); /* the e-mail is another user's */
enum hc_err user_no_randomness(struct hc_error *err);

#endif
