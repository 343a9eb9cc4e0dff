/* web.c - see web.h. */
#include "problem.h"

#include <stdio.h>

/* One row a code. retry: seconds of Retry-After, 0 = none. */
static const struct row {
    int status;
    int retry;
    const char *title;
} rows[HC_ERR_COUNT] = {
    [HC_EMALFORMED] = {400, 0, "The request can't be read"},
    [HC_EUNAUTHORIZED] = {401, 0, "A token is needed"},
    [HC_EFORBIDDEN] = {403, 0, "This is not allowed from here"},
    [HC_ENOTFOUND] = {404, 0, "There is no such thing"},
    [HC_EMETHOD] = {405, 0, "This can't be done here"},
    [HC_ECONFLICT] = {409, 0, "It clashes with what is stored"},
    [HC_EPRECONDITION] = {412, 0, "It was changed in the meantime"},
    [HC_ETOOLARGE] = {413, 0, "The body is too large"},
    [HC_ETYPE] = {415, 0, "This content type is not taken"},
    [HC_EINVALID] = {422, 0, "A value is not acceptable"},
    [HC_ETOOMANY] = {429, 5, "There are too many at once"},
    [HC_EBUSY] = {503, 1, "There is no capacity right now"},
    [HC_EDEADLINE] = {503, 1, "The time for this request is over"},
    [HC_ESTORE] = {503, 1, "The database can't be used right now"},
    [HC_EOUTCOME] = {503, 1, "It is not known whether the change was made"},
    [HC_ECACHE] = {503, 1, "The cache can't be used right now"},
    [HC_EBROKER] = {503, 2, "The message broker can't be used right now"},
    [HC_ENEWER] = {503, 60, "The database belongs to a newer version"},
    [HC_ENOMEM] = {503, 1, "There is no memory right now"},
};

static const struct row fault = {500, 0, "Something went wrong here"};

static const struct row *row_of(enum hc_err code)
{
    return (unsigned)code < HC_ERR_COUNT && rows[code].status ? &rows[code] : &fault;
}

int problem_status(enum hc_err code)
{
    return row_of(code)->status;
}

static void write_field(struct hc_json *j, const char *field, const char *detail)
{
    hc_json_open(j, '{');
    hc_json_put_str(j, "field", field);
    hc_json_put_str(j, "message", detail);
    hc_json_close(j, '}');
}

/* errors: the one field of err, or all faults. */
static void write_fields(struct hc_json *j, const struct hc_error *err, const char *detail,
                         const struct hc_faults *faults)
{
    hc_json_key(j, "errors");
    hc_json_open(j, '[');
    for (size_t i = 0; faults && i < hc_faults_kept(faults); i++)
        write_field(j, faults->list[i].field, faults->list[i].detail);
    if (!faults)
        write_field(j, err->field, detail);
    hc_json_close(j, ']');
}

static void write_headers(struct response *res, const struct row *row)
{
    char number[16];
    if (row->retry > 0) {
        snprintf(number, sizeof number, "%d", row->retry);
        response_header(res, "Retry-After", number);
    }
    if (row->status == 401)
        response_header(res, "WWW-Authenticate", "Bearer realm=\"headcount\"");
}

static void begin(struct response *res, struct hc_json *j, const struct hc_error *err,
                  const struct hc_faults *faults)
{
    const struct row *row = row_of(err->code);
    bool ours = row == &fault;
    const char *detail = ours || !err->detail[0] ? row->title : err->detail;
    char type[64];
    snprintf(type, sizeof type, "/problems/%s", ours ? "internal" : hc_err_text(err->code));

    res->status = row->status;
    res->type = TYPE_PROBLEM;
    res->cache = CACHE_NO_STORE;
    write_headers(res, row);
    response_json(res, j);
    hc_json_open(j, '{');
    hc_json_put_str(j, "type", type);
    hc_json_put_str(j, "title", row->title);
    hc_json_put_int(j, "status", row->status);
    hc_json_put_str(j, "detail", detail);
    hc_json_put_str(j, "message", detail);
    if ((err->field[0] || faults) && !ours)
        write_fields(j, err, detail, faults);
}

void problem_begin(struct response *res, struct hc_json *j, const struct hc_error *err)
{
    begin(res, j, err, NULL);
}

void problem_end(struct hc_json *j)
{
    hc_json_close(j, '}');
}

void problem_write_faults(struct response *res, const struct hc_error *err, const struct hc_faults *faults)
{
    struct hc_json j;
    bool listed = faults && faults->count > 0 && err->code == HC_EINVALID;
    begin(res, &j, err, listed ? faults : NULL);
    problem_end(&j);
}

void problem_write(struct response *res, const struct hc_error *err)
{
    problem_write_faults(res, err, NULL);
}
