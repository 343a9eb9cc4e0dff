/* See survey.h. */
#include "survey.h"

#include "counters.h"
#include "job.h"
#include "metrics.h"

#define READ_MS 2000

/* Without an audit that holds, as of whenever, nothing is shown of it. */
static void note_audit(const bson_t *doc)
{
    bson_iter_t drift, at;
    bool known = bson_iter_init_find(&drift, doc, "drift") && BSON_ITER_HOLDS_NUMBER(&drift) &&
                 bson_iter_init_find(&at, doc, "at") && BSON_ITER_HOLDS_DATE_TIME(&at);
    if (!known)
        return;
    hc_metric_set(HC_METRIC_AUDIT_DRIFT, 0, bson_iter_as_int64(&drift));
    hc_metric_set(HC_METRIC_AUDIT_TIME, 0, bson_iter_date_time(&at));
}

static enum hc_err look_at_audit(struct hc_db *db, struct hc_error *err)
{
    bson_t doc = BSON_INITIALIZER;
    bson_t *filter = BCON_NEW("_id", "audit");
    bson_t *opts = BCON_NEW("maxTimeMS", BCON_INT32(READ_MS), "hint", "{", "_id", BCON_INT32(1), "}");
    enum hc_err e = hc_db_find_one(db, HC_META, filter, opts, &doc, err);
    if (e == HC_OK)
        note_audit(&doc);
    bson_destroy(filter);
    bson_destroy(opts);
    bson_destroy(&doc);
    return e == HC_ENOTFOUND ? HC_OK : e;
}

enum hc_err hc_survey_turn(struct hc_duty_turn *t, struct hc_error *err)
{
    int64_t jobs;
    struct hc_counts counts;
    enum hc_err e = hc_job_count_open(t->db, &jobs, err);
    if (e == HC_OK)
        hc_metric_set(HC_METRIC_JOBS_OPEN, 0, jobs);
    if (e == HC_OK)
        e = hc_counters_read(t->db, &counts, err);
    if (e == HC_OK)
        hc_metric_set(HC_METRIC_USERS, 0, counts.users);
    return e == HC_OK ? look_at_audit(t->db, err) : e;
}

void hc_survey_forget(void)
{
    hc_metric_clear(HC_METRIC_JOBS_OPEN, 0);
    hc_metric_clear(HC_METRIC_USERS, 0);
    hc_metric_clear(HC_METRIC_AUDIT_DRIFT, 0);
    hc_metric_clear(HC_METRIC_AUDIT_TIME, 0);
}
