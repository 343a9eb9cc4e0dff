/* handlers.h - every handler of the route table, by the file that has it.
 *
 * A handler answers one request in c, or returns an error, which becomes a
 * problem document. It runs on the worker that owns c, may borrow a MongoDB
 * client with context_db, and gives nothing back itself.
 */
#ifndef FCGI_HANDLERS_H
#define FCGI_HANDLERS_H

#include "web.h"

/* health.c */
route_handler health_up;    /* {"message": "up"} */
route_handler health_ready; /* one entry for each service that we need */

/* metrics_web.c */
route_handler metrics_show; /* of all processes, for Prometheus */

/* page.c */
route_handler page_show; /* index.html with its numbers filled in */

/* users.c */
route_handler users_list; /* newest first, by page or by cursor */

/* export.c */
route_handler users_export; /* all of them, as CSV or NDJSON, while they are read */

/* user.c */
route_handler users_by_id;    /* /v1/user/:id */
route_handler users_by_email; /* /v1/user/userEmail/:mail */

/* activity.c, requests.c */
route_handler activity_note; /* one request of a user */
route_handler requests_list; /* a user's requests, newest first */

/* user_create.c, user_edit.c, user_delete.c */
route_handler user_create;
route_handler user_update; /* POST, for old clients, and PATCH */
route_handler user_delete;

/* counts.c, history.c, leaders.c, aggregates.c */
route_handler counts_show;         /* the snapshot, of now or of a time */
route_handler history_show;        /* counts/history */
route_handler leaders_show;        /* stat/top-15-user */
route_handler aggregate_total;     /* admin/count */
route_handler aggregate_countries; /* agg/country */
route_handler aggregate_genders;   /* agg/gender */
route_handler aggregate_all;       /* agg/all/:field */
route_handler aggregate_devices;   /* agg/device */
route_handler aggregate_requests;  /* stat/count/totalRequest */
route_handler aggregate_daily;     /* stat/dau */
route_handler aggregate_weekly;    /* stat/wau */
route_handler aggregate_monthly;   /* stat/mau */

/* generate.c */
route_handler generate_users;      /* POST */
route_handler generate_users_old;  /* GET, for old clients */
route_handler generate_activities; /* POST */

/* jobs.c */
route_handler jobs_list;
route_handler jobs_one;
route_handler jobs_cancel;
route_handler jobs_pause;
route_handler jobs_resume;

/* admin.c */
route_handler admin_recount_ask;
route_handler admin_recount_show;

#endif
