/* requests.h - what the routes of a user's requests share.
 *
 * Whoever notes a request of a user, or lists them, first makes sure of the user.
 */
#ifndef FCGI_REQUESTS_H
#define FCGI_REQUESTS_H

#include "web.h"

/* Reads a user's id and looks whether that user is there and not deleted. HC_EMALFORMED, HC_ENOTFOUND, else
 * as context_db. */
enum hc_err requests_user(struct context *c, struct text given, bson_oid_t *id, struct hc_error *err);

#endif
