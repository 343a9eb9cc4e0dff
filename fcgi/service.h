/* service.h - from a request to its answer, whatever the transport.
 *
 * service_answer reads the request, finds its route, checks access, calls the
 * handler, turns an error into a problem, and leaves the bytes to be sent in
 * c->response.wire, unless the handler has sent them itself (c->response.streamed, see
 * stream.h). It never fails: there is always an answer. Faults are
 * logged as request.done at warn, writes at info, all else at debug.
 */
#ifndef FCGI_SERVICE_H
#define FCGI_SERVICE_H

#include "web.h"

/* env: CGI variables, ends with NULL, lives until the call returns. */
void service_answer(struct context *c, char *const *env, struct request_source source);

#endif
