/* settings_check.c - the kinds of settings: what a value of each looks like. */
#include "settings_table.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ZONES "/usr/share/zoneinfo/"

/* True when text has 1 to most bytes, all of them among those in set. */
static bool made_of(const char *text, size_t len, const char *set, size_t most)
{
    if (len == 0 || len > most)
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\0' || !strchr(set, text[i]))
            return false;
    return true;
}

static bool is_port(const char *text, size_t len)
{
    int n = 0;
    if (!made_of(text, len, DIGITS, 5))
        return false;
    for (size_t i = 0; i < len; i++)
        n = n * 10 + (text[i] - '0');
    return n >= 1 && n <= 65535;
}

static bool is_address(const char *text, size_t len)
{
    char copy[INET6_ADDRSTRLEN];
    unsigned char out[sizeof(struct in6_addr)];
    if (len == 0 || len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return inet_pton(AF_INET, copy, out) == 1 || inet_pton(AF_INET6, copy, out) == 1;
}

/* A host name, an IPv4 address, or an IPv6 address in brackets. */
static bool is_host(const char *text, size_t len)
{
    if (len > 2 && text[0] == '[' && text[len - 1] == ']')
        return memchr(text, ':', len) && is_address(text + 1, len - 2);
    return made_of(text, len, LETTERS DIGITS ".-_", 253);
}

/* host:port, or host alone when the port may be missing. */
static bool is_host_port(const char *text, size_t len, bool port_needed)
{
    const char *colon = memrchr(text, ':', len);
    const char *bracket = memrchr(text, ']', len);
    if (!colon || (bracket && bracket > colon))
        return !port_needed && is_host(text, len);
    size_t host = (size_t)(colon - text);
    return is_host(text, host) && is_port(colon + 1, len - host - 1);
}

/* True when each part of a list separated by commas passes. */
static bool each(const char *list, bool (*passes)(const char *text, size_t len))
{
    for (;;) {
        size_t len = strcspn(list, ",");
        if (!passes(list, len))
            return false;
        if (list[len] == '\0')
            return true;
        list += len + 1;
    }
}

static bool check_any(const struct hc_setting *row, const char *value)
{
    (void)row;
    (void)value;
    return true;
}

static bool check_integer(const struct hc_setting *row, const char *value)
{
    if (!made_of(value, strlen(value), DIGITS, 18))
        return false;
    int64_t n = strtoimax(value, NULL, 10);
    return n >= row->low && n <= row->high;
}

static bool check_boolean(const struct hc_setting *row, const char *value)
{
    (void)row;
    return !strcmp(value, "true") || !strcmp(value, "false") || !strcmp(value, "1") || !strcmp(value, "0");
}

static bool check_word(const struct hc_setting *row, const char *value)
{
    size_t len = strlen(value);
    for (const char *p = row->words; *p;) {
        size_t n = strcspn(p, ",");
        if (n == len && memcmp(p, value, n) == 0)
            return true;
        p += n + strspn(p + n, ", ");
    }
    return false;
}

/* Only the form that we rely on; the driver reads the rest. */
static bool check_mongodb(const struct hc_setting *row, const char *value)
{
    static const char *const schemes[] = {"mongodb://", "mongodb+srv://"};
    (void)row;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t n = strlen(schemes[i]);
        if (strncmp(value, schemes[i], n) == 0)
            return value[n] != '\0' && value[n] != '/' && !strchr(value, ' ');
    }
    return false;
}

/* unix://[login@]/path[?db=number]: the path must fit into a socket's address. */
static bool is_redis_path(const char *rest)
{
    size_t login = strcspn(rest, "/@");
    if (rest[login] == '@')
        rest += login + 1;
    size_t path = strcspn(rest, "?");
    return rest[0] == '/' && path > 1 && path < sizeof((struct sockaddr_un *)0)->sun_path;
}

/* What can be said without the cache's own reader, which has the last word. */
static bool check_redis(const struct hc_setting *row, const char *value)
{
    (void)row;
    if (strncmp(value, "unix://", 7) == 0)
        return is_redis_path(value + 7);
    if (strncmp(value, "redis://", 8) != 0)
        return false;
    const char *host = value + 8;
    const char *at = strrchr(host, '@');
    if (at)
        host = at + 1;
    size_t len = strcspn(host, "/");
    const char *db = host + len;
    if (*db == '/' && db[1] != '\0' && !made_of(db + 1, strlen(db + 1), DIGITS, 5))
        return false;
    return is_host_port(host, len, false);
}

static bool is_broker(const char *text, size_t len)
{
    return is_host_port(text, len, true);
}

static bool check_brokers(const struct hc_setting *row, const char *value)
{
    (void)row;
    return each(value, is_broker);
}

static bool check_pairs(const struct hc_setting *row, const char *value)
{
    (void)row;
    value += strspn(value, ", \t");
    while (*value) {
        size_t len = strcspn(value, ", \t");
        const char *equals = memchr(value, '=', len);
        if (!equals || !made_of(value, (size_t)(equals - value), LETTERS DIGITS "._-", 100))
            return false;
        value += len + strspn(value + len, ", \t");
    }
    return true;
}

static bool check_bind(const struct hc_setting *row, const char *value)
{
    (void)row;
    return is_host(value, strlen(value)) || is_address(value, strlen(value));
}

static bool check_socket(const struct hc_setting *row, const char *value)
{
    (void)row;
    return strlen(value) < sizeof((struct sockaddr_un *)0)->sun_path;
}

static bool check_token(const struct hc_setting *row, const char *value)
{
    (void)row;
    size_t len = strlen(value);
    for (size_t i = 0; i < len; i++)
        if (value[i] <= ' ' || value[i] > '~')
            return false;
    return len >= 16 && len <= 1024;
}

static bool is_host_maybe_port(const char *text, size_t len)
{
    return len > 0 && is_host_port(text, len, false);
}

static bool check_hosts(const struct hc_setting *row, const char *value)
{
    (void)row;
    return each(value, is_host_maybe_port);
}

static bool is_origin(const char *text, size_t len)
{
    size_t scheme = len > 8 && strncmp(text, "https://", 8) == 0 ? 8 : 7;
    if (len <= scheme || (scheme == 7 && strncmp(text, "http://", 7) != 0))
        return false;
    return is_host_port(text + scheme, len - scheme, false);
}

static bool check_origins(const struct hc_setting *row, const char *value)
{
    (void)row;
    return each(value, is_origin);
}

static bool check_addresses(const struct hc_setting *row, const char *value)
{
    (void)row;
    return each(value, is_address);
}

/* A file of the time zone database, by its name below the database's folder. */
static bool check_zone(const struct hc_setting *row, const char *value)
{
    (void)row;
    if (strcmp(value, "UTC") == 0)
        return true;
    if (!made_of(value, strlen(value), LETTERS DIGITS "_+-/", 64) || value[0] == '/')
        return false; /* no dot: no way out of the folder */
    char path[sizeof ZONES + 64] = ZONES;
    strcat(path, value);
    char magic[4] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, magic, sizeof magic);
    close(fd);
    return got == 4 && memcmp(magic, "TZif", 4) == 0;
}

static bool check_instance(const struct hc_setting *row, const char *value)
{
    (void)row;
    return made_of(value, strlen(value), LETTERS DIGITS "._-", 63);
}

#define TEXT_KIND(name, check, accepted)                                                                     \
    const struct hc_setting_kind hc_kind_##name = {HC_SETTING_TEXT, accepted, check}

TEXT_KIND(text, check_any, "text");
TEXT_KIND(word, check_word, NULL);
TEXT_KIND(mongodb, check_mongodb, "a URI that begins with mongodb:// or mongodb+srv://");
TEXT_KIND(redis, check_redis, "redis://[:password@]host[:port][/number] or unix:///path");
TEXT_KIND(brokers, check_brokers, "host:port, several separated by commas");
TEXT_KIND(pairs, check_pairs, "name=value, several separated by blanks or commas");
TEXT_KIND(bind, check_bind, "an address or a host name");
TEXT_KIND(socket, check_socket, "a path of at most 107 bytes");
TEXT_KIND(token, check_token, "16 to 1024 printable ASCII characters without blanks");
TEXT_KIND(hosts, check_hosts, "host names, separated by commas");
TEXT_KIND(origins, check_origins, "http://host[:port] or https://host[:port], several separated by commas");
TEXT_KIND(addresses, check_addresses, "IP addresses, separated by commas");
TEXT_KIND(zone, check_zone, "a name of the time zone database, such as Europe/Berlin");
TEXT_KIND(instance, check_instance, "1 to 63 letters, digits, dots, hyphens or underscores");
const struct hc_setting_kind hc_kind_integer = {HC_SETTING_INTEGER, NULL, check_integer};
const struct hc_setting_kind hc_kind_boolean = {HC_SETTING_BOOLEAN, "true, false, 1 or 0", check_boolean};

void hc_setting_accepted(const struct hc_setting *row, struct hc_buf *out)
{
    if (row->kind == &hc_kind_integer)
        hc_buf_printf(out, "a whole number from %" PRId64 " to %" PRId64, row->low, row->high);
    else if (row->kind == &hc_kind_word)
        hc_buf_printf(out, "one of: %s", row->words);
    else
        hc_buf_str(out, row->kind->accepted);
}
