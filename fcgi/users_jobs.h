/* users_jobs.h - where generated users with a user name that begins so may be.
 *
 * Their user name is a ULID: its time tells the job, and the place in it.
 */
#ifndef FCGI_USERS_JOBS_H
#define FCGI_USERS_JOBS_H

#include "users_term.h"
#include "web.h"

#define USERS_JOBS_MAX 64 /* looked at for one ULID */

struct users_jobs_range {
    bson_oid_t first, last;
};

struct users_jobs {
    int64_t first_ms, last_ms; /* that the ULID may have */
    size_t seen, count;
    bool more; /* than were looked at */
    struct users_jobs_range ranges[USERS_JOBS_MAX];
};

/* Fills *list with what the term's beginning of a ULID may mean. As hc_db_each. */
enum hc_err users_jobs_find(struct context *c, struct hc_db *db, const struct users_term *term,
                            struct users_jobs *list, struct hc_error *err);

#endif
