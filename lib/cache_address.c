/* cache_address.c - the address of Redis as text; see cache_link.h. */
#include <stdlib.h>
#include <string.h>

#include "cache_link.h"

#define DEFAULT_PORT 6379
#define DB_MAX 9999

/* A piece of the text: [at, end). */
struct piece {
    const char *at, *end;
};

static bool is_empty(struct piece p)
{
    return p.at == p.end;
}

/* The first byte of p that is one of set, or p's end. */
static const char *find(struct piece p, const char *set)
{
    while (p.at < p.end && !strchr(set, *p.at))
        p.at++;
    return p.at;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Copies p with %XX decoded. False: too long, a cut %XX, or a NUL. */
static bool decode(char *out, size_t size, struct piece p)
{
    size_t len = 0;
    for (; p.at < p.end; p.at++) {
        int c = (unsigned char)*p.at;
        if (c == '%') {
            if (p.end - p.at < 3 || hex(p.at[1]) < 0 || hex(p.at[2]) < 0)
                return false;
            c = hex(p.at[1]) * 16 + hex(p.at[2]);
            p.at += 2;
        }
        if (c == 0 || len + 1 >= size)
            return false;
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return true;
}

/* Copies p as it is: printable ASCII only, not empty. */
static bool copy(char *out, size_t size, struct piece p)
{
    size_t len = (size_t)(p.end - p.at);
    if (len == 0 || len >= size)
        return false;
    for (size_t i = 0; i < len; i++)
        if (p.at[i] <= ' ' || p.at[i] > '~')
            return false;
    memcpy(out, p.at, len);
    out[len] = '\0';
    return true;
}

/* A decimal number of least to most, digits only. */
static bool number(int *out, struct piece p, int least, int most)
{
    int n = 0;
    if (is_empty(p) || p.end - p.at > 5)
        return false;
    for (; p.at < p.end; p.at++) {
        if (*p.at < '0' || *p.at > '9')
            return false;
        n = n * 10 + (*p.at - '0');
    }
    *out = n;
    return n >= least && n <= most;
}

/* "[user]:password@" at the front of *authority, which is moved behind it. */
static bool read_login(struct hc_link_address *a, struct piece *authority)
{
    const char *at = authority->end;
    while (at > authority->at && at[-1] != '@')
        at--;
    if (at == authority->at)
        return true; /* no login */
    struct piece login = {authority->at, at - 1};
    authority->at = at;
    const char *colon = find(login, ":");
    if (colon == login.end)
        return false;
    return decode(a->user, sizeof a->user, (struct piece){login.at, colon}) &&
           decode(a->password, sizeof a->password, (struct piece){colon + 1, login.end}) && a->password[0];
}

/* "host", "host:port", "[v6]" or "[v6]:port". */
static bool read_host(struct hc_link_address *a, struct piece authority)
{
    struct piece host = {authority.at, find(authority, ":")};
    struct piece rest = {host.end, authority.end};

    if (!is_empty(authority) && *authority.at == '[') {
        host = (struct piece){authority.at + 1, find(authority, "]")};
        if (host.end == authority.end)
            return false;
        rest.at = host.end + 1;
    }
    a->port = DEFAULT_PORT;
    if (!copy(a->host, sizeof a->host, host))
        return false;
    if (is_empty(rest))
        return true;
    return *rest.at == ':' && number(&a->port, (struct piece){rest.at + 1, rest.end}, 1, 65535);
}

static bool read_tcp(struct hc_link_address *a, struct piece text)
{
    struct piece authority = {text.at, find(text, "/?#")};
    struct piece rest = {authority.end, text.end};

    if (!read_login(a, &authority) || !read_host(a, authority))
        return false;
    if (is_empty(rest) || (*rest.at == '/' && rest.end - rest.at == 1))
        return true;
    return *rest.at == '/' && number(&a->db, (struct piece){rest.at + 1, rest.end}, 0, DB_MAX);
}

static bool read_unix(struct hc_link_address *a, struct piece text)
{
    struct piece authority = {text.at, find(text, "/?#")};
    struct piece rest = {authority.end, text.end};
    struct piece path = {rest.at, find(rest, "?")};

    if (!read_login(a, &authority) || !is_empty(authority) || !copy(a->path, sizeof a->path, path))
        return false;
    rest.at = path.end;
    if (is_empty(rest))
        return true;
    if (rest.end - rest.at < 4 || memcmp(rest.at, "?db=", 4) != 0)
        return false;
    return number(&a->db, (struct piece){rest.at + 4, rest.end}, 0, DB_MAX);
}

enum hc_err hc_link_address(struct hc_link_address *a, const char *uri, struct hc_error *err)
{
    struct piece text = {uri, uri + strlen(uri)};

    *a = (struct hc_link_address){.port = DEFAULT_PORT};
    if (strncmp(uri, "rediss://", 9) == 0)
        return hc_fail(err, HC_ESETTING, HC_LINK_SETTING, "Redis over TLS (rediss://) is not supported");
    if (strncmp(uri, "redis://", 8) == 0) {
        text.at += 8;
        if (read_tcp(a, text))
            return HC_OK;
        return hc_fail(err, HC_ESETTING, HC_LINK_SETTING,
                       "The address must look like redis://[:password@]host:port[/db]");
    }
    if (strncmp(uri, "unix://", 7) == 0) {
        text.at += 7;
        if (read_unix(a, text))
            return HC_OK;
        return hc_fail(err, HC_ESETTING, HC_LINK_SETTING,
                       "The address must look like unix:///path[?db=n], the path of at most 107 bytes");
    }
    return hc_fail(err, HC_ESETTING, HC_LINK_SETTING, "The address must begin with redis:// or unix://");
}
