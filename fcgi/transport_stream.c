/* transport_stream.c - answers sent while they are made; see transport.h. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "transport.h"

/* A local socket that poll calls writable has room for this at least, so writing it doesn't block; a pipe has
 * room for PIPE_MAX. */
#define SOCKET_PIECE ((size_t)32 * 1024)
#define PIPE_PIECE ((size_t)4096)

/* Waits for room, for idle_ms at most. stop: -1 for none. */
static enum sink_state wait_for_room(int fd, int stop, int idle_ms)
{
    struct pollfd watched[] = {{.fd = fd, .events = POLLOUT}, {.fd = stop, .events = POLLIN}};
    int ready;
    do
        ready = poll(watched, 2, idle_ms);
    while (ready < 0 && errno == EINTR);
    if (ready < 0)
        return SINK_GONE;
    if (ready == 0)
        return SINK_IDLE;
    if (watched[1].revents)
        return SINK_STOP;
    return watched[0].revents & (POLLERR | POLLHUP) ? SINK_GONE : SINK_OPEN;
}

static bool stop_is_set(int stop)
{
    struct pollfd watched = {.fd = stop, .events = POLLIN};
    return stop >= 0 && poll(&watched, 1, 0) > 0;
}

/* ---- FastCGI ---- */

static enum sink_state send_fcgi(void *stream, const char *bytes, size_t n)
{
    struct fcgi_link *link = stream;
    FCGX_Request *request = &link->request;
    if (n == 0)
        return stop_is_set(link->stop) ? SINK_STOP : SINK_OPEN;
    for (size_t piece; n > 0; bytes += piece, n -= piece) {
        piece = n < SOCKET_PIECE ? n : SOCKET_PIECE;
        enum sink_state state = wait_for_room(request->ipcFd, link->stop, link->idle_ms);
        if (state != SINK_OPEN)
            return state;
        if (FCGX_PutStr(bytes, (int)piece, request->out) != (int)piece || FCGX_FFlush(request->out) != 0)
            return SINK_GONE;
    }
    return SINK_OPEN;
}

struct response_sink fcgi_sink(struct fcgi_link *link)
{
    return (struct response_sink){send_fcgi, link};
}

void fcgi_break(struct fcgi_link *link)
{
    FCGX_Detach(&link->request);
    FCGX_Free(&link->request, 1);
}

/* ---- CGI ---- */

static enum sink_state send_cgi(void *stream, const char *bytes, size_t n)
{
    const int *idle_ms = stream;
    while (n > 0) {
        enum sink_state state = wait_for_room(STDOUT_FILENO, -1, *idle_ms);
        if (state != SINK_OPEN)
            return state;
        ssize_t sent = write(STDOUT_FILENO, bytes, n < PIPE_PIECE ? n : PIPE_PIECE);
        if (sent < 0 && errno != EINTR && errno != EAGAIN)
            return SINK_GONE;
        if (sent > 0) {
            bytes += sent;
            n -= (size_t)sent;
        }
    }
    return SINK_OPEN;
}

struct response_sink cgi_sink(int *idle_ms)
{
    return (struct response_sink){send_cgi, idle_ms};
}
