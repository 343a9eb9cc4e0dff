/* slot_users.h - carrying out what an intent says of users: one function an op of change_write.h.
 *
 * Each is harmless at any later time: what is inserted stands already, what is
 * updated is filtered on an older version, what is deleted is gone. `write` is the op's own document.
 * HC_ESTORE, HC_EOUTCOME: call again. For slot_write.c; any thread, with its own hc_db.
 */
#ifndef HC_SLOT_USERS_H
#define HC_SLOT_USERS_H

#include "store.h"

enum hc_err hc_slot_write_graves(struct hc_db *db, const bson_t *write, struct hc_error *err);
enum hc_err hc_slot_write_activities(struct hc_db *db, const bson_t *write, struct hc_error *err);
enum hc_err hc_slot_write_users(struct hc_db *db, const bson_t *write, struct hc_error *err);
enum hc_err hc_slot_write_usage(struct hc_db *db, const bson_t *write, struct hc_error *err);
enum hc_err hc_slot_write_removals(struct hc_db *db, const bson_t *write, struct hc_error *err);

#endif
