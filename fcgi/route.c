/* web.c - see web.h. */
#include "route.h"

#include <stdio.h>
#include <string.h>

#include "access.h"

static bool fits(const struct route *route, const struct request *r)
{
    const char *at = route->pattern;
    if (r->odd_path)
        return false;
    for (size_t i = 0; i < r->segment_count; i++) {
        const struct text *segment = &r->segments[i];
        if (*at++ != '/')
            return false;
        size_t len = strcspn(at, "/");
        bool last = i + 1 == r->segment_count;
        if (at[0] == ':') {
            if (segment->len == 0 && !(last && route->empty_end))
                return false;
        } else if (segment->len != len || memcmp(segment->at, at, len) != 0) {
            return false;
        }
        at += len;
    }
    return *at == '\0';
}

static unsigned methods_of(const struct route *route, bool old_get)
{
    unsigned methods = route->methods;
    if (!(methods & METHOD_GET))
        return methods;
    if (route->need & ACCESS_OLD_GET)
        return old_get ? methods : methods & ~(unsigned)METHOD_GET;
    return methods | METHOD_HEAD;
}

const struct route *route_find(const struct route *table, size_t count, const struct request *r, bool old_get,
                               unsigned *allowed)
{
    bool named = false; /* a pattern without places is this path: others that fit mean other things */
    *allowed = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned methods = methods_of(&table[i], old_get);
        bool has_places = strchr(table[i].pattern, ':') != NULL;
        if ((named && has_places) || !fits(&table[i], r))
            continue;
        named = named || !has_places;
        if (methods & (unsigned)r->method)
            return &table[i];
        *allowed |= methods;
    }
    return NULL;
}

void route_allow(unsigned allowed, char out[ROUTE_ALLOW_MAX])
{
    static const enum method order[] = {METHOD_GET,   METHOD_HEAD,   METHOD_POST,   METHOD_PUT,
                                        METHOD_PATCH, METHOD_DELETE, METHOD_OPTIONS};
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if ((allowed | METHOD_OPTIONS) & (unsigned)order[i])
            len += (size_t)snprintf(out + len, ROUTE_ALLOW_MAX - len, "%s%s", len ? ", " : "",
                                    method_name(order[i]));
}

struct text route_last(const struct request *r)
{
    return r->segments[r->segment_count - 1];
}
