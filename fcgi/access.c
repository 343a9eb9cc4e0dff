/* web.c - see web.h. */
#include "access.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

/* ---- words and lists ---- */

static bool same_word(struct text a, struct text b)
{
    return a.len == b.len && strncasecmp(a.at, b.at, a.len) == 0;
}

static struct text word(const char *at)
{
    return (struct text){at, strlen(at)};
}

static bool given(const char *field)
{
    return field && *field;
}

static bool is(const char *field, const char *value)
{
    return field && strcasecmp(field, value) == 0;
}

/* True when item is in list, whose items are separated by commas and blanks. */
static bool listed(const char *list, struct text item)
{
    static const char between[] = ", \t";
    while (*list) {
        list += strspn(list, between);
        size_t len = strcspn(list, between);
        if (len > 0 && same_word((struct text){list, len}, item))
            return true;
        list += len;
    }
    return false;
}

/* ---- local requests ---- */

static bool is_loopback(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (!address)
        return false;
    if (inet_pton(AF_INET, address, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    if (inet_pton(AF_INET6, address, &v6) != 1)
        return strcasecmp(address, "localhost") == 0;
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

/* Host without its port. */
static struct text host_name(const char *host)
{
    size_t len = strlen(host);
    if (host[0] == '[') {
        const char *end = strchr(host, ']');
        return (struct text){host, end ? (size_t)(end - host) + 1 : len};
    }
    return (struct text){host, strcspn(host, ":")};
}

static bool is_our_host(const struct hc_settings *s, const char *host)
{
    if (!given(host))
        return false;
    struct text name = host_name(host);
    return same_word(name, word("localhost")) || same_word(name, word("127.0.0.1")) ||
           same_word(name, word("[::1]")) || listed(s->hosts, name);
}

/* NULL when the request is local, else why it isn't. */
static const char *why_not_local(const struct hc_settings *s, const struct request *r)
{
    const struct request_fields *f = &r->fields;
    if (!is_loopback(s->bind))
        return "the service listens beyond this machine";
    if (!is_loopback(f->remote_addr))
        return "the client is another machine";
    if (f->forwarded || f->x_forwarded_for)
        return "a proxy forwards the request";
    if (!is_our_host(s, f->host))
        return "the Host is not this machine and not in APP_HOSTS";
    return NULL;
}

/* ---- the token ---- */

/* Compares digests, so that neither content nor length shows in the time. */
static bool same_secret(const char *a, size_t a_len, const char *b)
{
    uint8_t left[crypto_generichash_BYTES];
    uint8_t right[crypto_generichash_BYTES];
    crypto_generichash(left, sizeof left, (const uint8_t *)a, a_len, NULL, 0);
    crypto_generichash(right, sizeof right, (const uint8_t *)b, strlen(b), NULL, 0);
    return sodium_memcmp(left, right, sizeof left) == 0;
}

static bool has_token(const struct hc_settings *s, const struct request *r)
{
    static const char scheme[] = "Bearer ";
    const char *authorization = r->fields.authorization;
    if (!given(s->admin_token) || !authorization ||
        strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return false;
    authorization += sizeof scheme - 1;
    authorization += strspn(authorization, " ");
    return same_secret(authorization, strcspn(authorization, " "), s->admin_token);
}

/* Refuses for want of the token; why says what would have done without it. */
static enum hc_err need_token(const struct hc_settings *s, const char *what, const char *why,
                              struct hc_error *err)
{
    if (given(s->admin_token))
        return hc_fail(err, HC_EUNAUTHORIZED, NULL,
                       "%s needs the header Authorization: Bearer with the admin token", what);
    return hc_fail(err, HC_EFORBIDDEN, NULL, "%s is not allowed from here without APP_ADMIN_TOKEN: %s", what,
                   why);
}

/* ---- other sites ---- */

bool access_cors_allowed(const struct hc_settings *s, const struct request *r)
{
    return given(r->fields.origin) && listed(s->cors_origin, word(r->fields.origin));
}

/* The origin's host and port are those that the request went to. */
static bool is_own_origin(const struct request *r)
{
    const char *rest = strstr(r->fields.origin, "://");
    return rest && given(r->fields.host) && same_word(word(rest + 3), word(r->fields.host));
}

static bool is_prefetch(const struct request_fields *f)
{
    static const char prefetch[] = "prefetch";
    return (f->sec_purpose && strncasecmp(f->sec_purpose, prefetch, sizeof prefetch - 1) == 0) ||
           (f->purpose && strncasecmp(f->purpose, prefetch, sizeof prefetch - 1) == 0);
}

static enum hc_err check_site(const struct hc_settings *s, const struct request *r, bool old_get,
                              struct hc_error *err)
{
    const struct request_fields *f = &r->fields;
    if (old_get && is_prefetch(f))
        return hc_fail(err, HC_EFORBIDDEN, NULL, "A prefetch must not change anything");
    if (access_cors_allowed(s, r))
        return HC_OK;
    if (f->origin && !is_own_origin(r))
        return hc_fail(err, HC_EFORBIDDEN, NULL, "A change asked for by another site is refused");
    if (is(f->sec_fetch_site, "cross-site") || (old_get && is(f->sec_fetch_site, "same-site")))
        return hc_fail(err, HC_EFORBIDDEN, NULL, "A change asked for by another site is refused");
    return HC_OK;
}

/* ---- the rules ---- */

static enum hc_err check_write(const struct hc_settings *s, const struct request *r, bool old_get,
                               struct hc_error *err)
{
    enum hc_err code = check_site(s, r, old_get, err);
    if (code != HC_OK || has_token(s, r))
        return code;
    const char *why = why_not_local(s, r);
    return why || given(s->admin_token) ? need_token(s, "A change", why ? why : "", err) : HC_OK;
}

enum hc_err access_check(const struct hc_settings *s, const struct request *r, unsigned need,
                         struct hc_error *err)
{
    if (need & ACCESS_WRITES) {
        enum hc_err code = check_write(s, r, need & ACCESS_OLD_GET, err);
        if (code != HC_OK)
            return code;
    }
    if (need == ACCESS_NONE)
        return HC_OK;
    if (strcmp(s->auth, "all") == 0)
        return has_token(s, r) ? HC_OK : need_token(s, "This", "APP_AUTH is all", err);
    if (!(need & ACCESS_USER_DATA) || strcmp(s->auth, "open") == 0 || has_token(s, r))
        return HC_OK;
    const char *why = why_not_local(s, r);
    return why ? need_token(s, "User data", why, err) : HC_OK;
}

void access_cors_headers(const struct hc_settings *s, const struct request *r, struct response *res)
{
    if (!given(s->cors_origin))
        return;
    response_header(res, "Vary", "Origin");
    if (!access_cors_allowed(s, r))
        return;
    response_header(res, "Access-Control-Allow-Origin", r->fields.origin);
    response_header(res, "Access-Control-Expose-Headers",
                    "Content-Disposition, ETag, Link, Location, Poll-Interval, Retry-After, X-Request-Id, "
                    "X-Total-Count");
}
