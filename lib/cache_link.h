/* cache_link.h - inside of cache.c: an address of Redis, and one connection
 * with a hard limit on time.
 *
 * hiredis connects, formats and parses; the socket is read and written here,
 * against one deadline. Its own timeouts start anew with each read, and its
 * writes raise SIGPIPE.
 */
#ifndef HC_CACHE_LINK_H
#define HC_CACHE_LINK_H

#include <hiredis/hiredis.h>

#include "error.h"

#define HC_LINK_WHY 160             /* bytes for the reason of a failure, for the log */
#define HC_LINK_REPLY_MAX (2 << 20) /* a longer reply is not taken */
#define HC_LINK_ITEMS_MAX 100000    /* nor one of more items */
#define HC_LINK_CONNECT_MS 25       /* of the deadline, at most this for connecting */
#define HC_LINK_SETTING "APP_REDIS_CONNECTION_STRING"

struct hc_link_address {
    char path[108];     /* of a Unix socket; "" when it is host and port */
    char host[256];     /* name or number, IPv6 without brackets */
    int port;           /* 1 to 65535 */
    int db;             /* 0 to 9999 */
    char user[128];     /* "" when none */
    char password[256]; /* "" when none; decoded */
};

/* Reads redis://[[user]:password@]host[:port][/db] or
 * unix://[[user]:password@]/path[?db=n]. User and password may hold %XX.
 * HC_OK, or HC_ESETTING without a word of the password. */
enum hc_err hc_link_address(struct hc_link_address *a, const char *uri, struct hc_error *err);

/* Connects, logs in, selects. NULL: why says what went wrong. A host name is
 * looked up by the system, whose time can't be limited here. */
redisContext *hc_link_open(const struct hc_link_address *a, int64_t deadline, char why[HC_LINK_WHY]);

/* True when nothing waits to be read: neither the end of the connection nor
 * bytes that nobody asked for. Anything else means it must not be used. */
bool hc_link_is_quiet(const redisContext *link);

/* Sends one command and reads its one reply. HC_OK: *reply is the caller's.
 * HC_ETOOLARGE, or HC_ECACHE with why: the connection must be freed. */
enum hc_err hc_link_ask(redisContext *link, int argc, const char **argv, const size_t *lens, int64_t deadline,
                        redisReply **reply, char why[HC_LINK_WHY]);

#endif
