/* See words_take.h. */
#include "words_take.h"

#include <stdlib.h>

#include "clock.h"
#include "counters.h"
#include "newest.h"
#include "word_sample.h"

#define READ_MS 5000
#define REST_MS 15000

static bool add(void *ctx, const bson_t *user)
{
    return hc_word_sample_add(ctx, user);
}

static enum hc_err fill(struct hc_db *db, struct hc_word_sample *sample, struct hc_error *err)
{
    bson_t filter = BSON_INITIALIZER;
    bson_t *opts = BCON_NEW("sort", "{", "_id", BCON_INT32(-1), "}", "hint", "{", "_id", BCON_INT32(1), "}",
                            "limit", BCON_INT64(HC_WORD_SAMPLE_USERS), "projection", "{", "_id",
                            BCON_INT32(0), "_hc.s", BCON_INT32(1), "email", BCON_INT32(1), "userName",
                            BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(READ_MS));
    enum hc_err e = hc_db_each(db, HC_USERS, &filter, opts, add, sample, err);
    bson_destroy(opts);
    bson_destroy(&filter);
    sample->at = hc_now_ms();
    hc_word_sample_sort(sample);
    return e;
}

static enum hc_err publish(struct hc_duty_turn *t, const struct hc_word_sample *sample, struct hc_error *err)
{
    bson_t fields = BSON_INITIALIZER;
    hc_word_sample_bson(sample, &fields);
    enum hc_err e = hc_leader_publish(t->leader, t->db, "words", &fields, err);
    bson_destroy(&fields);
    return e;
}

/* Is what was published still about right? */
static bool holds(const struct hc_words_take *d, int64_t users)
{
    return d->published && (hc_mono_ms() - d->at_ms < REST_MS || !hc_newest_moved(d->users, users));
}

enum hc_err hc_words_take_turn(struct hc_duty_turn *t, struct hc_error *err)
{
    struct hc_words_take *d = t->state;
    struct hc_counts counts;
    enum hc_err e = hc_counters_read(t->db, &counts, err);
    d->published = d->published && !t->first;
    if (e != HC_OK || holds(d, counts.users))
        return e;
    struct hc_word_sample *sample = hc_word_sample_new();
    if (!sample)
        return hc_fail(err, HC_ENOMEM, NULL, "There is no memory for the sample of words");
    e = fill(t->db, sample, err);
    if (e == HC_OK && hc_duty_goes_on(t))
        e = publish(t, sample, err);
    free(sample);
    d->published = e == HC_OK;
    d->users = counts.users;
    d->at_ms = hc_mono_ms();
    return e;
}
