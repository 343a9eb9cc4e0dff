/* query.h - checking what a client wrote into path and query.
 *
 * Numbers are digits and nothing else: no sign, blank, point, exponent, base or
 * foreign digit. A parameter that is not there and one that is empty are the
 * same, since old clients send every field of their form.
 *
 * Pure functions; any thread. Errors are HC_EMALFORMED with the name as field.
 */
#ifndef FCGI_QUERY_H
#define FCGI_QUERY_H

#include "buffer.h"
#include "error.h"
#include "request.h"

/* The parameter of that name, also an empty one; NULL when there is none. */
const struct text *query_param(const struct request *r, const char *name);
/* As query_param, but NULL for an empty one too. */
const struct text *query_value(const struct request *r, const char *name);

/* True and *out when text is digits only and min ≤ number ≤ max. min ≥ 0. */
bool query_digits(const char *text, size_t len, int64_t min, int64_t max, int64_t *out);

/* The same with an error that names the input and the range. */
enum hc_err query_number(const char *name, struct text value, int64_t min, int64_t max, int64_t *out,
                         struct hc_error *err);
/* A number from the query, or absent when it isn't given. */
enum hc_err query_int(const struct request *r, const char *name, int64_t min, int64_t max, int64_t absent,
                      int64_t *out, struct hc_error *err);

/* A moment as ms since the epoch: ISO text (hc_iso_read) or these ms, 1970 to 9999. The '+' of an offset may
 * have come as a blank, which is what an unescaped one means in a query. */
enum hc_err query_moment(const char *name, struct text value, int64_t *ms, struct hc_error *err);

/* Appends text as part of a query: all but letters, digits and -._~ as %XX. */
void query_escape(struct hc_buf *out, const char *text);

#endif
