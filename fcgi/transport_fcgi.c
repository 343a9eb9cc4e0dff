/* web.c - see web.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "transport.h"

#define BACKLOG 1024

static bool is_listening(int fd)
{
    int on = 0;
    socklen_t len = sizeof on;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
}

enum transport_kind transport_choose(const struct hc_settings *s)
{
    if (s->socket[0] || is_listening(0))
        return TRANSPORT_FCGI;
    return getenv("REQUEST_METHOD") ? TRANSPORT_CGI : TRANSPORT_NONE;
}

/* ---- the listen socket ---- */

static enum hc_err socket_fail(struct hc_error *err, const char *what)
{
    return hc_fail(err, HC_ESOCKET, "APP_SOCKET", "%s: %s", what, strerror(errno));
}

/* Takes away a socket that nobody listens on any more; false with errno set when
 * it is in use or can't be removed. */
static bool remove_stale(const struct sockaddr_un *address)
{
    struct stat st;
    if (lstat(address->sun_path, &st) != 0)
        return errno == ENOENT;
    if (!S_ISSOCK(st.st_mode)) {
        errno = EEXIST;
        return false;
    }
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return false;
    bool used = connect(probe, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN;
    close(probe);
    if (used) {
        errno = EADDRINUSE;
        return false;
    }
    return unlink(address->sun_path) == 0;
}

static enum hc_err bind_unix(int fd, const struct sockaddr_un *address, struct hc_error *err)
{
    mode_t before = umask(0117); /* 0660 from the first moment on */
    int failed = bind(fd, (const struct sockaddr *)address, sizeof *address);
    umask(before);
    if (failed)
        return socket_fail(err, "The socket can't be made");
    if (listen(fd, BACKLOG) != 0)
        return socket_fail(err, "The socket can't be listened on");
    return HC_OK;
}

static enum hc_err listen_unix(struct fcgi_listener *l, const char *path, struct hc_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return hc_fail(err, HC_ESOCKET, "APP_SOCKET", "The path is longer than %zu bytes",
                       sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, strlen(path));
    if (!remove_stale(&address))
        return socket_fail(err, "The socket's path is taken");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return socket_fail(err, "The socket can't be made");
    enum hc_err code = bind_unix(fd, &address, err);
    if (code != HC_OK) {
        close(fd);
        return code;
    }
    l->fd = fd;
    l->path = path;
    return HC_OK;
}

enum hc_err fcgi_listen(struct fcgi_listener *l, const struct hc_settings *s, struct hc_error *err)
{
    l->fd = 0;
    l->path = NULL;
    if (s->socket[0]) {
        enum hc_err code = listen_unix(l, s->socket, err);
        if (code != HC_OK)
            return code;
    }
    int flags = fcntl(l->fd, F_GETFL);
    if (flags < 0 || fcntl(l->fd, F_SETFL, flags | O_NONBLOCK) != 0 || FCGX_Init() != 0) {
        enum hc_err code = socket_fail(err, "The listen socket can't be used");
        fcgi_unlisten(l);
        return code;
    }
    return HC_OK;
}

void fcgi_withdraw(struct fcgi_listener *l)
{
    if (l->path && unlink(l->path) != 0)
        hc_log(HC_LOG_WARN, "socket.unlink", "the socket's file could not be removed",
               HC_STR("why", strerror(errno)), NULL);
    l->path = NULL;
}

void fcgi_unlisten(struct fcgi_listener *l)
{
    fcgi_withdraw(l);
    if (l->fd > 0)
        close(l->fd);
    l->fd = 0;
}

/* ---- one worker's link ---- */

static bool watch(int epoll, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

enum hc_err fcgi_link_open(struct fcgi_link *link, const struct fcgi_listener *l, int stop, int idle_ms,
                           struct hc_error *err)
{
    link->stop = stop;
    link->idle_ms = idle_ms;
    link->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (link->epoll < 0 || !watch(link->epoll, stop, EPOLLIN) ||
        !watch(link->epoll, l->fd, EPOLLIN | EPOLLEXCLUSIVE) ||
        FCGX_InitRequest(&link->request, l->fd, FCGI_FAIL_ACCEPT_ON_INTR) != 0) {
        enum hc_err code = socket_fail(err, "The listen socket can't be watched");
        fcgi_link_close(link);
        return code;
    }
    return HC_OK;
}

void fcgi_link_close(struct fcgi_link *link)
{
    if (link->epoll >= 0)
        close(link->epoll);
    link->epoll = -1;
}

/* What a failed accept means: mostly that another worker was faster. */
static void accept_failed(int why)
{
    if (why == EAGAIN || why == EINTR || why == ECONNABORTED)
        return;
    hc_log(HC_LOG_WARN, "request.accept", "a connection could not be taken", HC_STR("why", strerror(why)),
           NULL);
    hc_sleep_ms(50); /* out of descriptors: the socket stays readable */
}

enum fcgi_turn fcgi_next(struct fcgi_link *link)
{
    struct epoll_event events[2];
    int count = epoll_wait(link->epoll, events, 2, -1);
    if (count < 0)
        return FCGI_TURN_AGAIN; /* EINTR */
    bool stop = false;
    for (int i = 0; i < count; i++)
        stop |= events[i].data.fd != link->request.listen_sock;
    int got = FCGX_Accept_r(&link->request); /* also when stopping: who is in the queue is answered */
    if (got == 0)
        return FCGI_TURN_REQUEST;
    if (stop)
        return FCGI_TURN_STOP;
    accept_failed(-got);
    return FCGI_TURN_AGAIN;
}

static size_t read_stdin(void *stream, char *to, size_t n)
{
    int got = FCGX_GetStr(to, (int)n, stream);
    return got > 0 ? (size_t)got : 0;
}

struct request_source fcgi_source(struct fcgi_link *link)
{
    return (struct request_source){read_stdin, link->request.in};
}

/* libfcgi ends a connection by waiting up to 2 s until the web server closes its
 * end, unless the request is detached; ours is complete by then, so it is. */
bool fcgi_reply(struct fcgi_link *link, const struct hc_buf *wire)
{
    bool sent = FCGX_PutStr(wire->data, (int)wire->len, link->request.out) == (int)wire->len;
    FCGX_Detach(&link->request);
    FCGX_Finish_r(&link->request);
    return sent;
}
