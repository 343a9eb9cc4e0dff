/* store_error.h - what a MongoDB error means for us.
 *
 * Codes are read, never texts. DocumentDB passes on what its PostgreSQL says: such a code is a SQLSTATE, five
 * characters of six bits each, and greater than any of MongoDB's. The rules: duplicate key is a conflict; a
 * code of the list below, a lost connection or a server that can't be selected is "the store is away" when
 * nothing can have been written, and "outcome unknown" when a reply was lost after the command had been sent;
 * all else is a fault of our own. Pure functions, any thread.
 */
#ifndef HC_STORE_ERROR_H
#define HC_STORE_ERROR_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#define HC_MONGO_DUPLICATE 11000
#define HC_MONGO_MAX_TIME 50

/* True for a code which says that the same command may work later. */
bool hc_mongo_code_is_transient(int64_t code);

/* True when the server says that it undid the write for another one's sake (a deadlock): nothing was changed,
 * and the same write may be made again at once. */
bool hc_store_was_undone(const bson_error_t *driver);

/* True when the driver never sent the command, so that nothing can have changed. */
bool hc_store_never_sent(const bson_error_t *driver);

#endif
