/* job_document.h - limits of a job's document; for job.c and job_store.c alone. */
#ifndef HC_JOB_DOCUMENT_H
#define HC_JOB_DOCUMENT_H

#define HC_JOB_VERSION 1          /* shape of a document in hc_jobs */
#define HC_JOB_TOTAL_MAX 20000000 /* users of one job */
#define HC_JOB_CHUNKS_MAX 20000   /* bits of one row: keeps the document below 6 KB */

#endif
