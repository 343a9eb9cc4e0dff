/* problem.h - errors as HTTP: the one place that knows statuses.
 *
 * An error becomes a problem document (RFC 9457): type "/problems/<word>",
 * title, status, detail, message (= detail, for old clients) and, when a field
 * or a service is at fault, errors [{field, message}]. 503 and 429 say when to
 * come again, 401 how to log in.
 */
#ifndef FCGI_PROBLEM_H
#define FCGI_PROBLEM_H

#include "error.h"
#include "faults.h"
#include "response.h"

/* The HTTP status of a code; 500 for one that has none of its own. */
int problem_status(enum hc_err code);

/* Turns the answer into the problem, whatever was in its body before; its other
 * headers stay. */
void problem_write(struct response *res, const struct hc_error *err);
/* The same with all faults of an input (HC_EINVALID), each an item of errors. NULL or none: as above. */
void problem_write_faults(struct response *res, const struct hc_error *err, const struct hc_faults *faults);

/* The same in two steps, for an answer that says more: after begin the writer
 * stands inside the open object; the caller adds members and calls end. */
void problem_begin(struct response *res, struct hc_json *j, const struct hc_error *err);
void problem_end(struct hc_json *j);

#endif
