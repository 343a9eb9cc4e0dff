/* See slot.h. This file: the step that counts a generated chunk. */
#include <stdlib.h>

#include "slot.h"

struct chunk {
    const struct hc_job *job;
    int64_t number;
};

/* The delta comes from the generator, never from how many were inserted: after a
 * crash between insert and count that would be nothing. */
static void append_histogram(bson_t *delta, const struct chunk *c)
{
    struct hc_histogram h;
    int64_t size = hc_job_chunk_size(c->job, c->number);
    hc_people_histogram(&c->job->people, (uint32_t)hc_job_chunk_first(c->job, c->number), (uint32_t)size, &h);
    bson_t below;
    bson_append_int64(delta, "users", -1, size);
    bson_append_document_begin(delta, "gender", -1, &below);
    for (unsigned g = 0; g < HC_GENDER_COUNT; g++)
        if (h.gender[g] > 0)
            bson_append_int64(&below, hc_gender_name(g), -1, h.gender[g]);
    bson_append_document_end(delta, &below);
    bson_append_document_begin(delta, "country", -1, &below);
    for (int i = 0; i < hc_country_count(); i++)
        if (h.country[i] > 0)
            bson_append_int64(&below, hc_country_at(i)->code, -1, h.country[i]);
    bson_append_document_end(delta, &below);
}

static void append_write(bson_t *writes, const struct chunk *c)
{
    char path[32];
    int64_t bit = hc_job_bit_path(path, "done", c->number);
    bson_t write;
    bson_append_document_begin(writes, "0", 1, &write);
    BCON_APPEND(&write, "op", "chunk", "job", BCON_UTF8(c->job->id), "word",
                BCON_INT64(c->number / HC_JOB_WORD_BITS), "bit", BCON_INT64(bit));
    bson_append_document_end(writes, &write);
}

/* The bit is read after the slot was seen without an intent: whoever counts this
 * chunk does it through this very slot, so the version guards what is read here. */
static enum hc_err compute(void *ctx, struct hc_db *db, const struct hc_slot_now *slot,
                           struct hc_slot_intent *out, struct hc_error *err)
{
    (void)slot;
    const struct chunk *c = ctx;
    struct hc_job now;
    enum hc_err e = hc_job_get(db, c->job->id, HC_JOB_ID_LEN, &now, err);
    if (e != HC_OK)
        return e;
    out->nothing = hc_job_bit(now.done, c->number);
    hc_job_release(&now);
    if (out->nothing)
        return HC_OK;
    append_write(&out->writes, c);
    append_histogram(&out->delta, c);
    return HC_OK;
}

enum hc_err hc_slot_count_chunk(struct hc_db *db, const struct hc_job *job, int64_t chunk,
                                struct hc_error *err)
{
    struct chunk c = {job, chunk};
    int64_t slot = ((int64_t)job->people.hash + chunk) % HC_SLOT_COUNT;
    struct hc_slot_step step = {.slot = (int)slot, .compute = compute, .ctx = &c};
    return hc_slot_run(db, &step, err);
}
