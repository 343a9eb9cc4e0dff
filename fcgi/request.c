/* web.c - see web.h. */
#include "request.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "ids.h"
#include "json.h"
#include "query.h"

/* ---- variables ---- */

#define FIELD(name, member) {(name), sizeof(name) - 1, offsetof(struct request_fields, member)}

static const struct {
    const char *name;
    size_t len;
    size_t offset;
} known[] = {
    FIELD("REQUEST_METHOD", method),
    FIELD("REQUEST_URI", uri),
    FIELD("REMOTE_ADDR", remote_addr),
    FIELD("CONTENT_LENGTH", content_length),
    FIELD("CONTENT_TYPE", content_type),
    FIELD("HTTP_HOST", host),
    FIELD("HTTP_ORIGIN", origin),
    FIELD("HTTP_AUTHORIZATION", authorization),
    FIELD("HTTP_FORWARDED", forwarded),
    FIELD("HTTP_X_FORWARDED_FOR", x_forwarded_for),
    FIELD("HTTP_SEC_FETCH_SITE", sec_fetch_site),
    FIELD("HTTP_SEC_PURPOSE", sec_purpose),
    FIELD("HTTP_PURPOSE", purpose),
    FIELD("HTTP_IF_NONE_MATCH", if_none_match),
    FIELD("HTTP_IF_MATCH", if_match),
    FIELD("HTTP_IDEMPOTENCY_KEY", idempotency_key),
    FIELD("HTTP_X_REQUEST_ID", request_id),
    FIELD("HTTP_USER_AGENT", user_agent),
    FIELD("HTTP_ACCEPT_ENCODING", accept_encoding),
};

static void take_variable(struct request_fields *fields, const char *variable)
{
    const char *equals = strchr(variable, '=');
    if (!equals)
        return;
    size_t len = (size_t)(equals - variable);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].len != len || memcmp(known[i].name, variable, len) != 0)
            continue;
        const char **place = (const char **)(void *)((char *)fields + known[i].offset);
        if (!*place)
            *place = equals + 1;
        return;
    }
}

static const struct {
    const char *name;
    enum method method;
} methods[] = {
    {"GET", METHOD_GET},     {"HEAD", METHOD_HEAD},     {"POST", METHOD_POST},       {"PUT", METHOD_PUT},
    {"PATCH", METHOD_PATCH}, {"DELETE", METHOD_DELETE}, {"OPTIONS", METHOD_OPTIONS},
};

static enum method method_read(const char *name)
{
    for (size_t i = 0; name && i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(methods[i].name, name) == 0)
            return methods[i].method;
    return METHOD_OTHER;
}

const char *method_name(enum method method)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (methods[i].method == method)
            return methods[i].name;
    return "OTHER";
}

static void take_id(struct request *r)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const char *given = r->fields.request_id;
    size_t len = given ? strlen(given) : 0;
    if (len > 0 && len <= REQUEST_ID_MAX && strspn(given, letters) == len) {
        memcpy(r->id, given, len + 1);
        return;
    }
    char fresh[HC_ULID_TEXT];
    if (hc_ulid_new(fresh) != 0)
        memcpy(fresh, "none", 5);
    memcpy(r->id, fresh, sizeof fresh);
}

/* ---- path and query ---- */

/* Decodes raw into *place of the arena and moves *place behind its NUL. False for
 * a broken %, a control character or bytes that are no UTF-8. */
static bool decode(struct text raw, bool plus_is_blank, char **place, struct text *out)
{
    char *to = *place;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.at[i];
        if (c == '%') {
            int high = i + 2 < raw.len ? hc_hex_digit(raw.at[i + 1]) : -1;
            int low = high >= 0 ? hc_hex_digit(raw.at[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        if ((unsigned char)c < 0x20 || c == 0x7f)
            return false;
        *to++ = c;
    }
    *to = '\0';
    out->at = *place;
    out->len = (size_t)(to - *place);
    *place = to + 1;
    return hc_utf8_valid(out->at, out->len) == out->len;
}

static bool plain_segment(struct text s)
{
    return !(s.len == 1 && s.at[0] == '.') && !(s.len == 2 && s.at[0] == '.' && s.at[1] == '.');
}

static enum hc_err read_path(struct request *r, const char *path, size_t len, char **place,
                             struct hc_error *err)
{
    if (len == 0 || path[0] != '/') {
        r->odd_path = true;
        return HC_OK;
    }
    const char *end = path + len;
    for (const char *at = path + 1; at <= end;) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        struct text raw = {at, (size_t)((slash ? slash : end) - at)};
        if (r->segment_count == REQUEST_SEGMENTS_MAX) {
            r->odd_path = true;
            return HC_OK;
        }
        struct text *segment = &r->segments[r->segment_count++];
        if (!decode(raw, false, place, segment))
            return hc_fail(err, HC_EMALFORMED, "path",
                           "The path has a broken escape, a control character or invalid UTF-8");
        if (!plain_segment(*segment) || (slash && segment->len == 0))
            r->odd_path = true;
        at += raw.len + 1;
    }
    return HC_OK;
}

static enum hc_err add_param(struct request *r, struct text raw, char **place, struct hc_error *err)
{
    if (r->param_count == REQUEST_PARAMS_MAX)
        return hc_fail(err, HC_EMALFORMED, "query", "There are more than %d parameters", REQUEST_PARAMS_MAX);
    struct param *p = &r->params[r->param_count];
    const char *equals = memchr(raw.at, '=', raw.len);
    struct text name = {raw.at, equals ? (size_t)(equals - raw.at) : raw.len};
    struct text value = {equals ? equals + 1 : raw.at + raw.len, 0};
    value.len = (size_t)(raw.at + raw.len - value.at);
    if (!decode(name, true, place, &p->name))
        return hc_fail(err, HC_EMALFORMED, "query",
                       "A parameter's name has a broken escape, a control character or invalid UTF-8");
    if (!decode(value, true, place, &p->value))
        return hc_fail(err, HC_EMALFORMED, p->name.at,
                       "The value has a broken escape, a control character or invalid UTF-8");
    if (query_param(r, p->name.at))
        return hc_fail(err, HC_EMALFORMED, p->name.at, "The parameter is given twice");
    r->param_count++;
    return HC_OK;
}

static enum hc_err read_query(struct request *r, const char *query, char **place, struct hc_error *err)
{
    while (*query) {
        size_t len = strcspn(query, "&");
        if (len > 0) {
            enum hc_err code = add_param(r, (struct text){query, len}, place, err);
            if (code != HC_OK)
                return code;
        }
        query += len;
        query += *query == '&';
    }
    return HC_OK;
}

/* ---- the whole ---- */

void request_init(struct request *r, size_t body_max)
{
    memset(r, 0, sizeof *r);
    hc_buf_init(&r->body, body_max);
}

void request_release(struct request *r)
{
    hc_buf_release(&r->body);
}

static void request_clear(struct request *r)
{
    memset(&r->fields, 0, sizeof r->fields);
    r->odd_path = false;
    r->segment_count = 0;
    r->param_count = 0;
    hc_buf_clear(&r->body);
}

enum hc_err request_read(struct request *r, char *const *env, int64_t began, int64_t limit_ms,
                         struct hc_error *err)
{
    request_clear(r);
    for (; *env; env++)
        take_variable(&r->fields, *env);
    r->began = began;
    r->deadline = began + limit_ms;
    r->method = method_read(r->fields.method);
    take_id(r);

    const char *uri = r->fields.uri ? r->fields.uri : "";
    if (strlen(uri) > REQUEST_URI_MAX)
        return hc_fail(err, HC_EMALFORMED, "path", "The address is longer than %d bytes", REQUEST_URI_MAX);
    char *place = r->arena;
    size_t path_len = strcspn(uri, "?");
    enum hc_err code = read_path(r, uri, path_len, &place, err);
    if (code == HC_OK && uri[path_len] == '?')
        code = read_query(r, uri + path_len + 1, &place, err);
    return code;
}

/* ---- the body ---- */

/* "application/json", with nothing or charset=utf-8 behind it. */
static bool is_json_type(const char *type)
{
    static const char json[] = "application/json";
    if (!type || strncasecmp(type, json, sizeof json - 1) != 0)
        return false;
    type += sizeof json - 1;
    type += strspn(type, " \t");
    if (*type == '\0')
        return true;
    if (*type++ != ';')
        return false;
    type += strspn(type, " \t");
    return *type == '\0' || strcasecmp(type, "charset=utf-8") == 0 ||
           strcasecmp(type, "charset=\"utf-8\"") == 0;
}

enum hc_err request_body(struct request *r, struct hc_error *err)
{
    const char *declared = r->fields.content_length;
    int64_t left = 0;
    if (!declared || !*declared)
        return HC_OK;
    if (!query_digits(declared, strlen(declared), 0, INT64_MAX, &left))
        return hc_fail(err, HC_EMALFORMED, "Content-Length", "Content-Length is not a number");
    if (left == 0)
        return HC_OK;
    if ((uint64_t)left > r->body.max)
        return hc_fail(err, HC_ETOOLARGE, NULL, "The body is longer than %zu bytes", r->body.max);
    if (!is_json_type(r->fields.content_type))
        return hc_fail(err, HC_ETYPE, "Content-Type", "The body must be application/json in UTF-8");
    while (left > 0) {
        char part[4096];
        size_t want = (size_t)left < sizeof part ? (size_t)left : sizeof part;
        size_t got = r->source.read(r->source.stream, part, want);
        if (got == 0)
            return hc_fail(err, HC_EMALFORMED, NULL, "The body is shorter than its Content-Length");
        hc_buf_add(&r->body, part, got);
        left -= (int64_t)got;
    }
    if (hc_buf_failed(&r->body))
        return hc_fail(err, HC_ENOMEM, NULL, "There is no memory for the body");
    return HC_OK;
}
