/* users_jobs.c - see users_jobs.h. */
#include "users_jobs.h"

#include "ids.h"

/* From a job's time to that of its last possible user: 2^32 µs, and some. */
#define JOB_SPAN_MS (5000 * 1000)

static int64_t number_of(const bson_t *doc, const char *field)
{
    bson_iter_t it;
    return bson_iter_init_find(&it, doc, field) ? bson_iter_as_int64(&it) : -1;
}

/* User i of a job was made at its time + i µs. */
static bool take_job(void *ctx, const bson_t *doc)
{
    struct users_jobs *list = ctx;
    int64_t time = number_of(doc, "time"), total = number_of(doc, "total");
    int64_t second = number_of(doc, "second"), hash = number_of(doc, "hash");
    list->seen++;
    if (time < 0 || total < 1 || total > UINT32_MAX || second < 0 || hash < 0)
        return true;
    int64_t first = list->first_ms * 1000 - time, last = list->last_ms * 1000 + 999 - time;
    first = first < 0 ? 0 : first;
    last = last >= total ? total - 1 : last;
    if (first > last)
        return true;
    struct users_jobs_range *range = &list->ranges[list->count++];
    hc_oid_make(range->first.bytes, (uint32_t)second, (uint32_t)hash, (uint32_t)first);
    hc_oid_make(range->last.bytes, (uint32_t)second, (uint32_t)hash, (uint32_t)last);
    return list->count < USERS_JOBS_MAX;
}

enum hc_err users_jobs_find(struct context *c, struct hc_db *db, const struct users_term *term,
                            struct users_jobs *list, struct hc_error *err)
{
    *list = (struct users_jobs){0};
    users_term_times(term, &list->first_ms, &list->last_ms);
    bson_t *filter = BCON_NEW("createdAt", "{", "$gte", BCON_DATE_TIME(list->first_ms - JOB_SPAN_MS), "$lte",
                              BCON_DATE_TIME(list->last_ms), "}", "kind", "users");
    bson_t *opts = BCON_NEW("hint", "{", "createdAt", BCON_INT32(-1), "}", "sort", "{", "createdAt",
                            BCON_INT32(-1), "}", "limit", BCON_INT64(USERS_JOBS_MAX), "projection", "{",
                            "time", BCON_INT32(1), "total", BCON_INT32(1), "second", BCON_INT32(1), "hash",
                            BCON_INT32(1), "}", "maxTimeMS", BCON_INT64(context_left_ms(c)));
    enum hc_err code = hc_db_each(db, HC_JOBS, filter, opts, take_job, list, err);
    list->more = list->seen >= USERS_JOBS_MAX;
    bson_destroy(opts);
    bson_destroy(filter);
    return code;
}
