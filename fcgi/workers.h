/* workers.h - the threads of the web service.
 *
 * APP_THREADS threads (0: four a core) each take requests from the listen socket
 * and answer them with a context of their own; one more thread says once a
 * second that this process is alive, and what it counts of itself. workers_stop sets the stop event: idle
 * threads end at once, busy ones after their request.
 *
 * Used by the main thread alone.
 */
#ifndef FCGI_WORKERS_H
#define FCGI_WORKERS_H

#include "web.h"
#include "transport.h"

struct workers;

/* Starts all threads. HC_ESETTING, HC_ESOCKET, HC_ENOMEM; then none runs. */
enum hc_err workers_start(struct workers **out, struct web *web, const struct fcgi_listener *listener,
                          struct hc_error *err);
/* Ends them, waiting at most wait_ms, and frees. False when some would not end:
 * then nothing they use may be freed, and the process should exit. */
bool workers_stop(struct workers *w, int wait_ms);

#endif
