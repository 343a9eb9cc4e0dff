/* cursor.h - opaque places in a list, signed and bound to their query.
 *
 * A cursor is base64url of: a version byte, the position (some bytes that its
 * maker understands), and a keyed hash over version, position and the canonical
 * text of the query. So one that was cut, changed, or made for another query or
 * with another key is told apart without asking the database, and no client can
 * make up a position.
 *
 * All processes share the key: it follows from APP_ADMIN_TOKEN, or is a random
 * one in hc_meta {_id: "cursor-key"}, made by whoever needs it first.
 */
#ifndef FCGI_CURSOR_H
#define FCGI_CURSOR_H

#include <pthread.h>
#include <stdint.h>

#include "request.h"
#include "store.h"

#define CURSOR_KEY_SIZE 32
#define CURSOR_POSITION_MAX 1100 /* bytes */
#define CURSOR_TEXT_MAX 1536     /* bytes with the NUL, for the longest position */

struct cursor_key {
    uint8_t bytes[CURSOR_KEY_SIZE];
};

/* Writes the cursor for position into out. position_len ≤ CURSOR_POSITION_MAX. */
void cursor_make(const struct cursor_key *key, struct text query, const void *position, size_t position_len,
                 char out[CURSOR_TEXT_MAX]);
/* Reads a cursor back into position (CURSOR_POSITION_MAX bytes). HC_EMALFORMED
 * with name as field. */
enum hc_err cursor_read(const struct cursor_key *key, struct text query, const char *name, struct text cursor,
                        uint8_t *position, size_t *position_len, struct hc_error *err);

/* The process's key, found once. Thread-safe. */
struct cursor_keeper {
    pthread_mutex_t lock;
    bool known;
    struct cursor_key key;
};
/* token may be ""; then the key is looked for in the database when it is needed. */
void cursor_keeper_init(struct cursor_keeper *keeper, const char *token);
/* True and *key when no database is needed for it (any more). */
bool cursor_keeper_known(struct cursor_keeper *keeper, struct cursor_key *key);
/* Finds the key in hc_meta, or makes it. HC_ESTORE, HC_EOUTCOME. */
enum hc_err cursor_keeper_find(struct cursor_keeper *keeper, struct hc_db *db, int max_ms,
                               struct cursor_key *key, struct hc_error *err);

#endif
