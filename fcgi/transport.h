/* transport.h - how requests come in: FastCGI or plain CGI.
 *
 * FastCGI: struct fcgi_listener is the process's listen socket; each worker has
 * a struct fcgi_link of its own, takes one request at a time from it, answers
 * and finishes it. A worker sleeps in epoll on the listen socket (exclusively,
 * so that one connection wakes one worker) and on the stop event; the socket is
 * non-blocking, so a worker that lost the race goes back to sleep. libfcgi's own
 * accept would miss a stop until the next request.
 *
 * CGI: one request from the environment, stdin and stdout.
 *
 * An answer that is made while it is sent goes to a sink (transport_stream.c): in
 * pieces, each once there is room for it, so that a worker never sleeps in a
 * write from which neither a stop nor a time limit would wake it.
 *
 * None of it reads the process's environment while threads run: the variables of
 * a request come with the request.
 */
#ifndef FCGI_TRANSPORT_H
#define FCGI_TRANSPORT_H

#include <fcgiapp.h>

#include "error.h"
#include "request.h"
#include "response.h"
#include "settings.h"

enum transport_kind { TRANSPORT_FCGI, TRANSPORT_CGI, TRANSPORT_NONE };

struct fcgi_listener {
    int fd;
    const char *path; /* unix socket that we made and take away again; NULL: inherited */
};

struct fcgi_link {
    FCGX_Request request;
    int epoll;
    int stop; /* the event that says when to end */
    int idle_ms;
};

enum fcgi_turn {
    FCGI_TURN_REQUEST, /* there is one: answer it */
    FCGI_TURN_AGAIN,   /* nothing this time */
    FCGI_TURN_STOP     /* the stop event has come, and nobody waits any more */
};

/* A socket path in the settings or a listening socket on fd 0: FastCGI; else
 * REQUEST_METHOD in the environment: CGI; else none. */
enum transport_kind transport_choose(const struct hc_settings *s);

/* Makes the socket of APP_SOCKET (mode 0660; one that nobody listens on is
 * replaced) or takes fd 0. HC_ESOCKET. Call before threads start. */
enum hc_err fcgi_listen(struct fcgi_listener *l, const struct hc_settings *s, struct hc_error *err);
/* Takes our socket's path away, so that no new request comes; those in the queue
 * are still taken. */
void fcgi_withdraw(struct fcgi_listener *l);
/* Withdraws and closes. Call when no thread uses the socket. */
void fcgi_unlisten(struct fcgi_listener *l);

/* stop: an eventfd that becomes readable when workers are to end. idle_ms: how long a sink waits for who
 * reads. HC_ESOCKET. */
enum hc_err fcgi_link_open(struct fcgi_link *link, const struct fcgi_listener *l, int stop, int idle_ms,
                           struct hc_error *err);
void fcgi_link_close(struct fcgi_link *link);

/* Waits for a request. */
enum fcgi_turn fcgi_next(struct fcgi_link *link);
struct request_source fcgi_source(struct fcgi_link *link);
/* Sends the answer and ends the request. False when the web server was gone. */
bool fcgi_reply(struct fcgi_link *link, const struct hc_buf *wire);
/* Sends what is made, while it is made. Then fcgi_reply with nothing ends the request, or fcgi_break it. */
struct response_sink fcgi_sink(struct fcgi_link *link);
/* Ends the request by closing the connection without FastCGI's word for its end: the web server breaks off
 * what it has begun, and no client takes it for whole. */
void fcgi_break(struct fcgi_link *link);

struct request_source cgi_source(void);
/* False when stdout can't be written. */
bool cgi_reply(const struct hc_buf *wire);
/* To stdout. idle_ms lives as long as the sink. */
struct response_sink cgi_sink(int *idle_ms);

#endif
