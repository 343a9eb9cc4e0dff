/* admin.c - POST and GET /v1/admin/recount: asks for a recount, shows the last one. */
#include "handlers.h"
#include "recount.h"

static enum hc_err answer(struct context *c, enum hc_err code, const struct hc_recount *recount)
{
    struct hc_json j;
    if (code != HC_OK)
        return code;
    response_json(&c->response, &j);
    hc_json_open(&j, '{');
    hc_json_key(&j, "result");
    hc_recount_json(&j, recount);
    hc_json_close(&j, '}');
    return code;
}

enum hc_err admin_recount_ask(struct context *c, struct hc_error *err)
{
    struct hc_db *db;
    struct hc_recount recount;
    enum hc_err code = context_db(c, &db, err);
    if (code == HC_OK)
        code = hc_recount_want(db, "asked for by hand", &recount, err);
    if (code == HC_OK) {
        c->response.status = 202;
        response_header(&c->response, "Location", "/v1/admin/recount");
    }
    return answer(c, code, &recount);
}

enum hc_err admin_recount_show(struct context *c, struct hc_error *err)
{
    struct hc_db *db;
    struct hc_recount recount;
    enum hc_err code = context_db(c, &db, err);
    if (code == HC_OK)
        code = hc_recount_read(db, &recount, err);
    return answer(c, code, &recount);
}
