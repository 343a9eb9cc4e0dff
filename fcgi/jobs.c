/* jobs.c - GET /v1/jobs, /v1/jobs/:id and POST /v1/jobs/:id/cancel, pause, resume. */
#include "job.h"
#include "handlers.h"
#include "query.h"

#define LIST_DEFAULT 20

/* The id in /v1/jobs/:id and /v1/jobs/:id/… */
static struct text id_of(const struct request *r)
{
    return r->segments[2];
}

static enum hc_err job_error(enum hc_err code, struct hc_error *err)
{
    return code == HC_ENOTFOUND ? hc_fail(err, code, NULL, "There is no such job") : code;
}

/* Answers with the job, or passes the error on; releases the job. */
static enum hc_err answer(struct context *c, enum hc_err code, struct hc_job *job, struct hc_error *err)
{
    struct hc_json j;
    if (code == HC_OK) {
        response_json(&c->response, &j);
        hc_json_open(&j, '{');
        hc_json_key(&j, "result");
        hc_job_json(&j, job);
        hc_json_close(&j, '}');
    }
    hc_job_release(job);
    return job_error(code, err);
}

enum hc_err jobs_one(struct context *c, struct hc_error *err)
{
    struct hc_db *db;
    struct hc_job job = {0};
    struct text id = id_of(&c->request);
    enum hc_err code = context_db(c, &db, err);
    if (code == HC_OK)
        code = hc_job_get(db, id.at, id.len, &job, err);
    return answer(c, code, &job, err);
}

static void write_list(struct response *res, const struct hc_job *jobs, size_t count)
{
    struct hc_json j;
    response_json(res, &j);
    hc_json_open(&j, '{');
    hc_json_key(&j, "result");
    hc_json_open(&j, '[');
    for (size_t i = 0; i < count; i++)
        hc_job_json(&j, &jobs[i]);
    hc_json_close(&j, ']');
    hc_json_close(&j, '}');
}

enum hc_err jobs_list(struct context *c, struct hc_error *err)
{
    struct hc_db *db;
    struct hc_job jobs[HC_JOB_LIST_MAX] = {0};
    size_t count = 0;
    int64_t limit;
    enum hc_err code = query_int(&c->request, "limit", 1, HC_JOB_LIST_MAX, LIST_DEFAULT, &limit, err);
    if (code == HC_OK)
        code = context_db(c, &db, err);
    if (code == HC_OK)
        code = hc_job_list(db, false, jobs, (size_t)limit, &count, err);
    if (code == HC_OK)
        write_list(&c->response, jobs, count);
    for (size_t i = 0; i < count; i++)
        hc_job_release(&jobs[i]);
    return code;
}

/* ---- changes ---- */

typedef enum hc_err job_change(struct hc_db *db, const char *id, size_t len, struct hc_job *job,
                               struct hc_error *err);

static enum hc_err change(struct context *c, job_change *how, struct hc_error *err)
{
    struct hc_db *db;
    struct hc_job job = {0};
    struct text id = id_of(&c->request);
    enum hc_err code = context_db(c, &db, err);
    if (code == HC_OK)
        code = how(db, id.at, id.len, &job, err);
    return answer(c, code, &job, err);
}

enum hc_err jobs_cancel(struct context *c, struct hc_error *err)
{
    return change(c, hc_job_cancel, err);
}

enum hc_err jobs_pause(struct context *c, struct hc_error *err)
{
    return change(c, hc_job_pause, err);
}

enum hc_err jobs_resume(struct context *c, struct hc_error *err)
{
    return change(c, hc_job_resume, err);
}
