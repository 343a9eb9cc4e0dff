/* web.h - what a process shares and what a worker owns.
 *
 * struct web is one process: settings, the store, the bus, the page, the cursor
 * key. It is made before the workers and outlives them; its parts are
 * thread-safe. As plain CGI nothing is opened before a handler asks for it.
 *
 * struct context is one worker: its request, response, cache connection and, for
 * the time of one request, a MongoDB client. Used by that worker alone.
 */
#ifndef FCGI_WEB_H
#define FCGI_WEB_H

#include <pthread.h>
#include <stdatomic.h>

#include "breaker.h"
#include "bus.h"
#include "cache.h"
#include "cursor.h"
#include "faults.h"
#include "flight.h"
#include "pace.h"
#include "request.h"
#include "response.h"
#include "route.h"
#include "settings.h"
#include "store.h"
#include "streams.h"
#include "users_newest.h"
#include "users_words.h"

struct page;

struct web {
    const struct hc_settings *settings;
    bool cgi;               /* one request, no pools, no threads */
    pthread_mutex_t lock;   /* guards the opening of store and bus */
    struct hc_store *store; /* NULL until opened */
    struct hc_bus *bus;     /* NULL until opened */
    struct breaker breaker; /* on the store */
    struct breaker broker;  /* on the bus, for those who wait for it */
    struct streams streams; /* exports and imports that run */
    struct pace pace;       /* of polling browsers */
    struct cursor_keeper cursors;
    struct users_newest newest;
    struct users_words words;
    struct page *page;
};

struct context {
    struct web *web;
    const struct hc_settings *settings;
    const struct route *route;
    struct hc_cache *cache; /* may be NULL as CGI until asked for */
    struct request request;
    struct response response;
    struct hc_faults faults; /* of the request's input, for its problem document */
    struct hc_buf scratch;   /* a handler's own, cleared by whoever uses it */
    struct hc_db db;         /* see context_db */
    bool has_db;
    bool store_tried;  /* this request asked the store … */
    bool store_failed; /* … which was away */
};

/* How many workers a process has: APP_THREADS, 0 for four a core. */
size_t web_threads(const struct hc_settings *s);
/* Fills a zeroed *web; opens store and bus unless cgi. HC_ESETTING. */
enum hc_err web_open(struct web *web, const struct hc_settings *s, bool cgi, struct hc_error *err);
/* Flushes the bus for at most flush_ms and closes all. All contexts are gone. */
void web_close(struct web *web, int flush_ms);

/* Fills a zeroed *c. HC_ESETTING. */
enum hc_err context_open(struct context *c, struct web *web, struct hc_error *err);
void context_close(struct context *c);

/* The request's MongoDB client, borrowed at first use and given back by
 * context_done. HC_EDEADLINE when the time is over, HC_ESTORE at once while the
 * store is known to be away, else as hc_store_borrow. */
enum hc_err context_db(struct context *c, struct hc_db **db, struct hc_error *err);
/* The process's store and bus, opened if they aren't yet. */
enum hc_err context_store(struct context *c, struct hc_store **store, struct hc_error *err);
enum hc_err context_bus(struct context *c, struct hc_bus **bus, struct hc_error *err);
/* The worker's cache connection; NULL if it can't be had (logged). */
struct hc_cache *context_cache(struct context *c);
/* Gives back what the request borrowed; code is how it ended. */
void context_done(struct context *c, enum hc_err code);
/* Before and after a use of the store other than by context_db. */
bool context_store_try(struct context *c, struct hc_error *err);
void context_store_note(struct context *c, enum hc_err code);
/* What is left of the request's time, for maxTimeMS: 1 or more. */
int context_left_ms(const struct context *c);

/* Appends a flight's body to the response's, which it empties first. No headers. */
enum hc_err context_fly(struct context *c, const struct hc_flight *flight, struct hc_flight_answer *answer,
                        struct hc_error *err);
/* Says in the headers what a kept answer is: ETag, how old if it is stale. A
 * fitting If-None-Match makes it a 304 without a body. */
void context_tag(struct context *c, const struct hc_flight_answer *answer, int fresh_ms);

#endif
