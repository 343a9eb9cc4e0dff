/* job_document.h - limits of a job's document, and what its files share; for job.c, job_create.c,
 * job_chunk.c and job_store.c alone. */
#ifndef HC_JOB_DOCUMENT_H
#define HC_JOB_DOCUMENT_H

#include "job.h"

#define HC_JOB_VERSION 2          /* newest shape of a document in hc_jobs: 1 users, 2 requests too */
#define HC_JOB_TOTAL_MAX 20000000 /* items of one job */
#define HC_JOB_CHUNKS_MAX 20000   /* bits of one row: keeps them below 6 KB; a population adds up to 13 */

/* The shape and the generator's version that this build writes into a new document of a kind. */
int32_t hc_job_kind_shape(enum hc_job_kind kind);
int32_t hc_job_kind_generator(enum hc_job_kind kind);

/* The job of an id that was checked; whole: with its population. HC_ENOTFOUND. */
enum hc_err hc_job_read_by_id(struct hc_db *db, const char *id, bool whole, struct hc_job *job,
                              struct hc_error *err);

#endif
