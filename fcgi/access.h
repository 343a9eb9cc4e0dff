/* access.h - who may read and who may write (api.md, "Who may write").
 *
 * A request is local when all hold: APP_BIND is a loopback address, the client's
 * address is one, no proxy says that it forwards for someone, and Host is a name
 * of this machine or in APP_HOSTS (which keeps out pages of other sites that
 * point their own name at 127.0.0.1).
 *
 *   counts        open; with APP_AUTH=all: token
 *   user data     open to local requests or with APP_AUTH=open; else token
 *   changes       with APP_ADMIN_TOKEN: token; without: local requests only
 *   any change    never for another site, whatever token comes with it
 *
 * "Token" means Authorization: Bearer with APP_ADMIN_TOKEN; where none is set,
 * what needs it is closed. Pure functions over one request and the settings; any
 * thread.
 */
#ifndef FCGI_ACCESS_H
#define FCGI_ACCESS_H

#include "error.h"
#include "request.h"
#include "response.h"
#include "settings.h"

enum access_need {
    ACCESS_NONE = 0,           /* says nothing about anyone: health, the empty page */
    ACCESS_COUNTS = 1 << 0,    /* shows numbers */
    ACCESS_USER_DATA = 1 << 1, /* shows people, or how the system runs */
    ACCESS_WRITES = 1 << 2,    /* changes something */
    ACCESS_OLD_GET = 1 << 3    /* a GET that changes something: no prefetch, no other site at all */
};

/* HC_OK, HC_EUNAUTHORIZED (a token would do) or HC_EFORBIDDEN (it would not);
 * detail says why. need: enum access_need values ored together. */
enum hc_err access_check(const struct hc_settings *s, const struct request *r, unsigned need,
                         struct hc_error *err);

/* True when the request's Origin is named in APP_CORS_ORIGIN. */
bool access_cors_allowed(const struct hc_settings *s, const struct request *r);
/* Adds the CORS headers to an answer: nothing unless APP_CORS_ORIGIN is set. */
void access_cors_headers(const struct hc_settings *s, const struct request *r, struct response *res);

#endif
