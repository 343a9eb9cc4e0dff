/* cache_link.c - see cache_link.h. */
#include "cache_link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"

#define CHUNK (16 * 1024)
#define LATE_READS 32 /* after the deadline: only what is in the socket already */

static enum hc_err blame(char why[HC_LINK_WHY], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes the reason and returns HC_ECACHE. */
static enum hc_err blame(char why[HC_LINK_WHY], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (vsnprintf(why, HC_LINK_WHY, format, args) < 0)
        why[0] = '\0';
    va_end(args);
    return HC_ECACHE;
}

/* Waits until fd is ready. At the deadline it still looks once: this thread
 * may have been kept from running while the reply came. */
static bool wait_for(int fd, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        int left = hc_left_ms(deadline, 1000);
        int ready = poll(&p, 1, left);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
        if (left == 0)
            return false;
    }
}

static enum hc_err send_all(int fd, const char *bytes, size_t len, int64_t deadline, char why[HC_LINK_WHY])
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            bytes += sent;
            len -= (size_t)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (hc_left_ms(deadline, 1) == 0 || !wait_for(fd, POLLOUT, deadline))
                return blame(why, "a command was not taken in time");
        } else if (errno != EINTR) {
            return blame(why, "sending: %s", strerror(errno));
        }
    }
    return HC_OK;
}

/* One reply, or none yet: then *reply stays NULL. */
static enum hc_err parse(redisContext *link, redisReply **reply, char why[HC_LINK_WHY])
{
    void *parsed = NULL;
    if (redisReaderGetReply(link->reader, &parsed) != REDIS_OK)
        return blame(why, "reply: %s", link->reader->errstr);
    if (parsed && link->reader->pos != link->reader->len) {
        freeReplyObject(parsed);
        return blame(why, "more came than one reply");
    }
    *reply = parsed;
    return HC_OK;
}

/* Does a reply that begins so say of itself that it is too long? Known at its
 * first bytes, it costs no time to find out, nor memory for a billion items,
 * nor does it look like a Redis that hangs. (Of an array only its own length is
 * known then; a long item in it is read up to HC_LINK_REPLY_MAX.) */
static bool is_too_long(const char *bytes, size_t len)
{
    char head[24] = {0};
    memcpy(head, bytes, len < sizeof head ? len : sizeof head - 1);
    long long n = strtoll(head + 1, NULL, 10);
    return (head[0] == '$' && n > HC_LINK_REPLY_MAX) || (head[0] == '*' && n > HC_LINK_ITEMS_MAX);
}

static enum hc_err read_reply(redisContext *link, int64_t deadline, redisReply **reply, char why[HC_LINK_WHY])
{
    char chunk[CHUNK];
    size_t total = 0;

    *reply = NULL;
    for (int late = 0; !*reply;) {
        if (hc_left_ms(deadline, 1) == 0 && ++late > LATE_READS)
            return blame(why, "a reply did not end in time");
        if (!wait_for(link->fd, POLLIN, deadline))
            return blame(why, "no reply in time");
        ssize_t got = recv(link->fd, chunk, sizeof chunk, MSG_DONTWAIT);
        if (got == 0)
            return blame(why, "the connection was closed");
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return blame(why, "reading: %s", strerror(errno));
        if (got < 0)
            continue;
        bool first = total == 0;
        total += (size_t)got;
        if (total > HC_LINK_REPLY_MAX || (first && is_too_long(chunk, (size_t)got)))
            return HC_ETOOLARGE;
        if (redisReaderFeed(link->reader, chunk, (size_t)got) != REDIS_OK)
            return blame(why, "reply: %s", link->reader->errstr);
        enum hc_err e = parse(link, reply, why);
        if (e != HC_OK)
            return e;
    }
    return HC_OK;
}

bool hc_link_is_quiet(const redisContext *link)
{
    struct pollfd p = {.fd = link->fd, .events = POLLIN};
    return poll(&p, 1, 0) == 0;
}

enum hc_err hc_link_ask(redisContext *link, int argc, const char **argv, const size_t *lens, int64_t deadline,
                        redisReply **reply, char why[HC_LINK_WHY])
{
    char *command = NULL;
    long long len = redisFormatCommandArgv(&command, argc, argv, lens);
    if (len < 0)
        return blame(why, "no memory for a command");
    enum hc_err e = send_all(link->fd, command, (size_t)len, deadline, why);
    redisFreeCommand(command);
    return e == HC_OK ? read_reply(link, deadline, reply, why) : e;
}

/* Waits for the connection that was begun on fd. */
static enum hc_err connected(int fd, int64_t deadline, char why[HC_LINK_WHY])
{
    int error = 0;
    socklen_t size = sizeof error;
    if (!wait_for(fd, POLLOUT, deadline))
        return blame(why, "no connection in time");
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    return error ? blame(why, "connecting: %s", strerror(error)) : HC_OK;
}

/* A command that must be answered by OK. */
static enum hc_err say(redisContext *link, int argc, const char **argv, int64_t deadline,
                       char why[HC_LINK_WHY])
{
    redisReply *reply;
    enum hc_err e = hc_link_ask(link, argc, argv, NULL, deadline, &reply, why);
    if (e != HC_OK)
        return e;
    if (reply->type != REDIS_REPLY_STATUS)
        e = blame(why, "%s: %.80s", argv[0], reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd reply");
    freeReplyObject(reply);
    return e;
}

static enum hc_err greet(redisContext *link, const struct hc_link_address *a, int64_t deadline,
                         char why[HC_LINK_WHY])
{
    enum hc_err e = HC_OK;
    if (a->user[0])
        e = say(link, 3, (const char *[]){"AUTH", a->user, a->password}, deadline, why);
    else if (a->password[0])
        e = say(link, 2, (const char *[]){"AUTH", a->password}, deadline, why);
    if (e == HC_OK && a->db > 0) {
        char number[16];
        snprintf(number, sizeof number, "%d", a->db);
        e = say(link, 2, (const char *[]){"SELECT", number}, deadline, why);
    }
    return e;
}

redisContext *hc_link_open(const struct hc_link_address *a, int64_t deadline, char why[HC_LINK_WHY])
{
    int64_t by = hc_mono_ms() + HC_LINK_CONNECT_MS;
    redisContext *link =
        a->path[0] ? redisConnectUnixNonBlock(a->path) : redisConnectNonBlock(a->host, a->port);
    enum hc_err e = HC_OK;

    if (!link) {
        blame(why, "no memory for a connection");
        return NULL;
    }
    if (link->err)
        e = blame(why, "connecting: %s", link->errstr);
    if (e == HC_OK)
        e = connected(link->fd, by < deadline ? by : deadline, why);
    if (e == HC_OK)
        e = greet(link, a, deadline, why);
    if (e != HC_OK) {
        redisFree(link);
        return NULL;
    }
    fcntl(link->fd, F_SETFD, FD_CLOEXEC);
    return link;
}
