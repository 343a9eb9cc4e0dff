/* web.c - see web.h. */
#include "response.h"

#include <string.h>

#include "log.h"

static const char common[] = "X-Content-Type-Options: nosniff\r\n"
                             "Referrer-Policy: same-origin\r\n";

static const char page_policy[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'\r\n";

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
};

static const char *reason_of(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

void response_init(struct response *res)
{
    memset(res, 0, sizeof *res);
    hc_buf_init(&res->headers, 16 * 1024);
    hc_buf_init(&res->body, RESPONSE_BODY_MAX);
    hc_buf_init(&res->wire, RESPONSE_BODY_MAX + 32 * 1024);
    response_clear(res);
}

void response_release(struct response *res)
{
    hc_buf_release(&res->headers);
    hc_buf_release(&res->body);
    hc_buf_release(&res->wire);
}

void response_clear(struct response *res)
{
    res->status = 200;
    res->type = TYPE_JSON;
    res->cache = CACHE_NO_STORE;
    res->skip = 0;
    res->open_ended = res->streamed = res->whole = false;
    res->sent = 0;
    hc_buf_clear(&res->headers);
    hc_buf_clear(&res->body);
    hc_buf_clear(&res->wire);
}

void response_header(struct response *res, const char *name, const char *value)
{
    for (const char *c = value; *c; c++) {
        if ((unsigned char)*c >= 0x20 && *c != 0x7f)
            continue;
        hc_log(HC_LOG_WARN, "response.header", "a header's value held a control character and was left out",
               HC_STR("name", name), NULL);
        return;
    }
    hc_buf_str(&res->headers, name);
    hc_buf_str(&res->headers, ": ");
    hc_buf_str(&res->headers, value);
    hc_buf_str(&res->headers, "\r\n");
}

void response_json(struct response *res, struct hc_json *j)
{
    hc_buf_clear(&res->body);
    res->skip = 0;
    hc_json_begin(j, &res->body);
}

void response_empty(struct response *res, int status)
{
    hc_buf_clear(&res->body);
    res->skip = 0;
    res->status = status;
    res->type = NULL;
}

static void head_line(struct hc_buf *out, const char *name, const char *value)
{
    hc_buf_str(out, name);
    hc_buf_str(out, value);
    hc_buf_add(out, "\r\n", 2);
}

bool response_wire(struct response *res, const char *request_id, bool head)
{
    struct hc_buf *out = &res->wire;
    size_t len = res->body.len - res->skip;

    hc_buf_clear(out);
    hc_buf_str(out, "Status: ");
    hc_buf_int(out, res->status);
    hc_buf_char(out, ' ');
    head_line(out, "", reason_of(res->status));
    if (res->type)
        head_line(out, "Content-Type: ", res->type);
    if (res->type && !res->open_ended) {
        hc_buf_str(out, "Content-Length: ");
        hc_buf_int(out, (int64_t)len);
        head_line(out, "", "");
    }
    head_line(out, "Cache-Control: ", res->cache);
    head_line(out, "X-Request-Id: ", request_id);
    hc_buf_add(out, common, sizeof common - 1);
    if (res->type && strcmp(res->type, TYPE_HTML) == 0)
        hc_buf_add(out, page_policy, sizeof page_policy - 1);
    hc_buf_add(out, res->headers.data, res->headers.len);
    hc_buf_add(out, "\r\n", 2);
    if (res->type && !head)
        hc_buf_add(out, res->body.data + res->skip, len);
    return !hc_buf_failed(&res->headers) && !hc_buf_failed(&res->body) && !hc_buf_failed(out);
}
