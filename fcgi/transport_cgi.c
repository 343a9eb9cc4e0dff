/* web.c - see web.h. */
#include <errno.h>
#include <unistd.h>

#include "transport.h"

static size_t read_stdin(void *stream, char *to, size_t n)
{
    (void)stream;
    ssize_t got;
    do
        got = read(STDIN_FILENO, to, n);
    while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}

struct request_source cgi_source(void)
{
    return (struct request_source){read_stdin, NULL};
}

bool cgi_reply(const struct hc_buf *wire)
{
    for (size_t sent = 0; sent < wire->len;) {
        ssize_t n = write(STDOUT_FILENO, wire->data + sent, wire->len - sent);
        if (n > 0)
            sent += (size_t)n;
        else if (errno != EINTR)
            return false;
    }
    return true;
}
