/* idempotency.h - a POST that is sent twice has one effect (Idempotency-Key).
 *
 * What makes it so lies in the database: the id of what a POST creates is a hash of its
 * key, so a repeated one meets its own document, with Redis or without. Redis
 * remembers for 24 h what was asked under a key, and so tells more:
 *   same key, other request          HC_EINVALID
 *   same key while the first runs    HC_ECONFLICT
 *   same key, same request           the id of what it made
 *
 *     struct idempotency once;
 *     idempotency_read(&c->request, "POST /v1/user", &once, err);
 *     idempotency_ask(&once, asked, len);
 *     idempotency_begin(c, &once, made, err);          made[0]: it was done already
 *     … the work …
 *     idempotency_end(c, &once, id or NULL);           after every begin that gave HC_OK and no id
 *
 * Without a key all of this does nothing. A value of one request.
 */
#ifndef FCGI_IDEMPOTENCY_H
#define FCGI_IDEMPOTENCY_H

#include "ids.h"
#include "web.h"

#define IDEMPOTENCY_ASKED_TEXT 33 /* 32 hex digits and NUL */

struct idempotency {
    bool given;
    uint8_t hash[HC_HASH128_SIZE]; /* of route and key */
    char asked[IDEMPOTENCY_ASKED_TEXT];
};

/* Reads the header. route: what the key is about; the same key means something else at another
 * one. HC_EMALFORMED. */
enum hc_err idempotency_read(const struct request *r, const char *route, struct idempotency *i,
                             struct hc_error *err);
/* Says what is asked, so that another request under the same key is told apart. */
void idempotency_ask(struct idempotency *i, const void *asked, size_t len);
/* Asks Redis; while it is away this is HC_OK without an id. */
enum hc_err idempotency_begin(struct context *c, const struct idempotency *i, char made[HC_OID_TEXT],
                              struct hc_error *err);
/* made: the user's id in hex; NULL: it failed, and the key may be used again. */
void idempotency_end(struct context *c, const struct idempotency *i, const char *made);

#endif
