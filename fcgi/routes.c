/* web.c - see web.h. */
#include "access.h"
#include "handlers.h"

#define GET METHOD_GET
#define POST METHOD_POST
#define PATCH METHOD_PATCH
#define DELETE METHOD_DELETE

static const struct route table[] = {
    {GET, "/", page_show, ACCESS_NONE, false},
    {GET, "/index.html", page_show, ACCESS_NONE, false},

    {GET, "/v1/health", health_up, ACCESS_NONE, false},
    {GET, "/v1/ready", health_ready, ACCESS_USER_DATA, false},
    {GET, "/metrics", metrics_show, ACCESS_USER_DATA, false},
    {GET, "/v1/counts", counts_show, ACCESS_COUNTS, false},
    {GET, "/v1/counts/history", history_show, ACCESS_COUNTS, false},

    {GET, "/v1/user", users_list, ACCESS_USER_DATA, false},
    {GET, "/v1/user/export", users_export, ACCESS_USER_DATA, false},
    {GET, "/v1/user/admin/count", aggregate_total, ACCESS_COUNTS, false},
    {GET, "/v1/user/agg/country", aggregate_countries, ACCESS_COUNTS, false},
    {GET, "/v1/user/agg/gender", aggregate_genders, ACCESS_COUNTS, false},
    {GET, "/v1/user/agg/all/:field", aggregate_all, ACCESS_COUNTS, false},
    {GET, "/v1/user/agg/device", aggregate_devices, ACCESS_COUNTS, false},
    {GET, "/v1/user/stat/dau", aggregate_daily, ACCESS_COUNTS, false},
    {GET, "/v1/user/stat/wau", aggregate_weekly, ACCESS_COUNTS, false},
    {GET, "/v1/user/stat/mau", aggregate_monthly, ACCESS_COUNTS, false},
    {GET, "/v1/user/stat/count/totalRequest", aggregate_requests, ACCESS_COUNTS, false},
    {GET, "/v1/user/stat/top-15-user", leaders_show, ACCESS_USER_DATA, false},
    {GET, "/v1/user/userEmail/:mail", users_by_email, ACCESS_USER_DATA, false},
    {POST, "/v1/user/activity/:id", activity_note, ACCESS_WRITES, false},
    {GET, "/v1/user/activity/:id", activity_note, ACCESS_WRITES | ACCESS_OLD_GET, false},
    {GET, "/v1/user/:id/requests", requests_list, ACCESS_USER_DATA, false},
    {GET, "/v1/user/:id", users_by_id, ACCESS_USER_DATA, false},
    {POST, "/v1/user", user_create, ACCESS_WRITES | ACCESS_USER_DATA, false},
    {POST | PATCH, "/v1/user/:id", user_update, ACCESS_WRITES | ACCESS_USER_DATA, false},
    {DELETE, "/v1/user/:id", user_delete, ACCESS_WRITES, false},

    {POST, "/v1/generate/users/random/:n", generate_users, ACCESS_WRITES, true},
    {GET, "/v1/generate/users/random/:n", generate_users_old, ACCESS_WRITES | ACCESS_OLD_GET, true},
    {POST, "/v1/generate/activities/random/:n", generate_activities, ACCESS_WRITES, true},

    {GET, "/v1/jobs", jobs_list, ACCESS_COUNTS, false},
    {GET, "/v1/jobs/:id", jobs_one, ACCESS_COUNTS, false},
    {POST, "/v1/jobs/:id/cancel", jobs_cancel, ACCESS_WRITES, false},
    {POST, "/v1/jobs/:id/pause", jobs_pause, ACCESS_WRITES, false},
    {POST, "/v1/jobs/:id/resume", jobs_resume, ACCESS_WRITES, false},

    {GET, "/v1/admin/recount", admin_recount_show, ACCESS_USER_DATA, false},
    {POST, "/v1/admin/recount", admin_recount_ask, ACCESS_WRITES, false},
};

const struct route *route_table(size_t *count)
{
    *count = sizeof table / sizeof table[0];
    return table;
}
