/* See job.h. This file: beginning chunks, and ending those of requests. */
#include <string.h>

#include "job_document.h"

/* Of each kind, the jobs that this build can do; one without kind is of users. */
static void append_known(bson_t *filter)
{
    bson_t list, item;
    bson_append_array_begin(filter, "$or", 3, &list);
    for (int kind = 0; kind < HC_JOB_KIND_COUNT; kind++) {
        bson_append_document_begin(&list, kind ? "1" : "0", 1, &item);
        if (kind == HC_JOB_USERS)
            BCON_APPEND(&item, "kind", "{", "$in", "[", BCON_UTF8(hc_job_kind_text(HC_JOB_USERS)), BCON_NULL,
                        "]", "}");
        else
            BCON_APPEND(&item, "kind", BCON_UTF8(hc_job_kind_text((enum hc_job_kind)kind)));
        BCON_APPEND(&item, "generator", BCON_INT32(hc_job_kind_generator((enum hc_job_kind)kind)));
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(filter, &list);
}

/* Sets the chunk's started bit if the job runs, has such a chunk and items that this build can make, and
 * nobody began it: HC_ENOTFOUND else. */
static enum hc_err set_started(struct hc_db *db, const char *id, int64_t chunk, struct hc_job *job,
                               struct hc_error *err)
{
    char path[32];
    int64_t bit = hc_job_bit_path(path, "started", chunk);
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(id), "state", "running", "chunks", "{", "$gt",
                              BCON_INT64(chunk), "}", path, "{", "$bitsAllClear", BCON_INT64(bit), "}");
    append_known(filter);
    bson_t *update = BCON_NEW("$bit", "{", path, "{", "or", BCON_INT64(bit), "}", "}");
    bson_t doc = BSON_INITIALIZER;
    enum hc_err e = hc_db_find_and_modify(db, HC_JOBS, filter, update, false, &doc, err);
    if (e == HC_OK)
        e = hc_job_read(job, &doc, err);
    bson_destroy(&doc);
    bson_destroy(filter);
    bson_destroy(update);
    return e;
}

/* The bit was not ours to set: what the job says of this chunk. */
static enum hc_err look_up_turn(int64_t chunk, enum hc_chunk_turn *turn, struct hc_job *job,
                                struct hc_error *err)
{
    if (chunk >= job->chunks) {
        hc_job_release(job);
        return hc_fail(err, HC_EMALFORMED, "chunk", "the job has no such chunk");
    }
    if (hc_job_bit(job->done, chunk))
        *turn = HC_CHUNK_DONE;
    else if (!hc_job_bit(job->started, chunk))
        *turn = HC_CHUNK_DROP;
    else if (!hc_job_is_known(job))
        *turn = HC_CHUNK_DROP; /* a consumer of its own version completes it */
    return HC_OK;
}

enum hc_err hc_job_begin_chunk(struct hc_db *db, const char *id, int64_t chunk, enum hc_chunk_turn *turn,
                               struct hc_job *job, struct hc_error *err)
{
    memset(job, 0, sizeof *job);
    *turn = HC_CHUNK_RUN;
    enum hc_err e = set_started(db, id, chunk, job, err);
    if (e != HC_ENOTFOUND)
        return e;
    e = hc_job_read_by_id(db, id, true, job, err);
    return e == HC_OK ? look_up_turn(chunk, turn, job, err) : e;
}

enum hc_err hc_job_chunk_sent(struct hc_db *db, const struct hc_job *job, int64_t chunk, struct hc_error *err)
{
    char started[32], done[32];
    hc_job_bit_path(started, "started", chunk);
    int64_t bit = hc_job_bit_path(done, "done", chunk);
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(job->id));
    /* Both rows, so that they agree whatever a failover took back. */
    bson_t *update = BCON_NEW("$bit", "{", done, "{", "or", BCON_INT64(bit), "}", started, "{", "or",
                              BCON_INT64(bit), "}", "}");
    enum hc_err e = hc_db_update_one(db, HC_JOBS, filter, update, NULL, err);
    bson_destroy(filter);
    bson_destroy(update);
    return e;
}
