/* A job's document, its bits and its public form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "job.h"

#define ID "01ARZ3NDEKTSV4RRFFQ69G5FAV"

/* total users in chunks of chunk_users, the given first words of both rows. */
static bson_t *document(int64_t total, int64_t chunk_users, int64_t started, int64_t done)
{
    int64_t chunks = (total + chunk_users - 1) / chunk_users;
    bson_t *doc =
        BCON_NEW("_id", ID, "v", BCON_INT32(1), "state", "running", "open", BCON_BOOL(true), "total",
                 BCON_INT64(total), "chunkUsers", BCON_INT64(chunk_users), "chunks", BCON_INT64(chunks),
                 "seed", BCON_INT64(7), "second", BCON_INT64(1700000000), "hash", BCON_INT64(4026851862),
                 "time", BCON_INT64(1700000000123456), "generator", BCON_INT32(1), "startedAt",
                 BCON_DATE_TIME(1700000001000), "rate", BCON_DOUBLE(100.0));
    bson_t row;
    const char *const rows[] = {"started", "done"};
    for (int r = 0; r < 2; r++) {
        bson_append_document_begin(doc, rows[r], -1, &row);
        bson_append_int64(&row, "0", 1, r ? done : started);
        for (int64_t w = 1; w * HC_JOB_WORD_BITS < chunks; w++)
            bson_append_int64(&row, w == 1 ? "1" : "2", 1, 0);
        bson_append_document_end(doc, &row);
    }
    return doc;
}

static void test_reads_progress_from_the_bits(void **state)
{
    (void)state;
    struct hc_job job;
    struct hc_error err;
    bson_t *doc = document(250, 100, 7, 5); /* chunks 0 (100), 1 (100), 2 (50); 0 and 2 are done */
    assert_int_equal(hc_job_read(&job, doc, &err), HC_OK);
    assert_int_equal(job.chunks, 3);
    assert_int_equal(job.started_chunks, 3);
    assert_int_equal(job.done_chunks, 2);
    assert_int_equal(job.done_users, 150);
    assert_int_equal(job.people.hash, 4026851862u);
    assert_int_equal(job.created_ms, 1700000000123);
    assert_int_equal(hc_job_chunk_size(&job, 2), 50);
    assert_int_equal(hc_job_chunk_first(&job, 2), 200);
    assert_true(hc_job_bit(job.done, 0));
    assert_false(hc_job_bit(job.done, 1));
    hc_job_release(&job);
    hc_job_release(&job); /* twice is fine */
    bson_destroy(doc);
}

static void test_refuses_what_makes_no_sense(void **state)
{
    (void)state;
    static const char *const FIELDS[] = {"total", "chunkUsers", "chunks", "seed",
                                         "hash",  "time",       "state",  "done"};
    for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++) {
        struct hc_job job;
        struct hc_error err;
        bson_t *whole = document(250, 100, 0, 0), *broken = bson_new();
        bson_copy_to_excluding_noinit(whole, broken, FIELDS[i], NULL);
        assert_int_equal(hc_job_read(&job, broken, &err), HC_EINTERNAL);
        assert_null(job.done);
        bson_destroy(whole);
        bson_destroy(broken);
    }
}

static void test_refuses_a_newer_shape(void **state)
{
    (void)state;
    struct hc_job job;
    struct hc_error err;
    bson_t *doc = BCON_NEW("_id", ID, "v", BCON_INT32(3));
    assert_int_equal(hc_job_read(&job, doc, &err), HC_ENEWER);
    bson_destroy(doc);
    doc = document(250, 100, 0, 0);
    BCON_APPEND(doc, "kind", "something else");
    assert_int_equal(hc_job_read(&job, doc, &err), HC_ENEWER);
    bson_destroy(doc);
}

/* A document of requests: spread over days, or live at a rate; population: with its users. */
static bson_t *requests(int64_t days, int64_t rate, bool population)
{
    struct hc_population p = {.other_count = 2};
    hc_population_add_range(&p, (struct hc_population_range){1700000000, 5, 0, 400});
    bson_t *doc = document(250, 100, 1, 1);
    BCON_APPEND(doc, "kind", "activities");
    if (days)
        BCON_APPEND(doc, "days", BCON_INT64(days));
    if (rate)
        BCON_APPEND(doc, "pace", BCON_INT64(rate));
    if (population)
        hc_population_append(&p, doc);
    return doc;
}

static void test_reads_requests(void **state)
{
    (void)state;
    struct hc_job job;
    struct hc_error err;
    bson_t *users = document(250, 100, 0, 0);
    assert_int_equal(hc_job_read(&job, users, &err), HC_OK);
    assert_int_equal(job.kind, HC_JOB_USERS); /* without kind */
    assert_null(job.population);
    hc_job_release(&job);
    bson_destroy(users);

    bson_t *spread = requests(30, 0, true), *live = requests(0, 20, false);
    assert_int_equal(hc_job_read(&job, spread, &err), HC_OK);
    assert_int_equal(job.kind, HC_JOB_ACTIVITIES);
    assert_int_equal(job.days, 30);
    assert_int_equal(job.rate, 0);
    assert_non_null(job.population);
    assert_int_equal(hc_population_size(job.population), 402);
    assert_true(hc_job_is_known(&job));
    job.generator++;
    assert_false(hc_job_is_known(&job));
    hc_job_release(&job);
    assert_null(job.population);
    assert_int_equal(hc_job_read(&job, live, &err), HC_OK);
    assert_int_equal(job.rate, 20);
    assert_null(job.population);
    hc_job_release(&job);
    bson_destroy(spread);
    bson_destroy(live);
}

static void test_refuses_requests_that_make_no_sense(void **state)
{
    (void)state;
    bson_t *odd[] = {requests(0, 0, true),     requests(1, 1, true),  requests(366, 0, true),
                     requests(0, 10001, true), requests(-1, 5, true), requests(1, 0, false)};
    BCON_APPEND(odd[5], "population", "{", "ranges", "none", "}");
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct hc_job job;
        struct hc_error err;
        assert_int_equal(hc_job_read(&job, odd[i], &err), HC_EINTERNAL);
        assert_null(job.population);
        bson_destroy(odd[i]);
    }
}

static void test_bit_paths(void **state)
{
    (void)state;
    static const struct {
        int64_t chunk;
        const char *path;
        int64_t bit;
    } CASES[] = {{0, "done.0", 1}, {30, "done.0", 1 << 30}, {31, "done.1", 1}, {62, "done.2", 1}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char path[32];
        assert_int_equal(hc_job_bit_path(path, "done", CASES[i].chunk), CASES[i].bit);
        assert_string_equal(path, CASES[i].path);
    }
}

static void test_ids(void **state)
{
    (void)state;
    char id[HC_JOB_ID_LEN + 1];
    struct hc_error err;
    assert_int_equal(hc_job_id("01arz3ndektsv4rrffq69g5fav", 26, id, &err), HC_OK);
    assert_string_equal(id, ID);
    static const char *const WRONG[] = {"",
                                        "abc",
                                        "81ARZ3NDEKTSV4RRFFQ69G5FAV",
                                        "01ARZ3NDEKTSV4RRFFQ69G5FA",
                                        "01ARZ3NDEKTSV4RRFFQ69G5FAVV",
                                        "01ARZ3NDEKTSV4RRFFQ69G5FA!"};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        assert_int_equal(hc_job_id(WRONG[i], strlen(WRONG[i]), id, &err), HC_EMALFORMED);
        assert_string_equal(err.field, "id");
    }
}

static void test_public_form(void **state)
{
    (void)state;
    struct hc_job job;
    struct hc_error err;
    struct hc_buf text;
    struct hc_json j;
    bson_t *doc = document(250, 100, 1, 1);
    assert_int_equal(hc_job_read(&job, doc, &err), HC_OK);
    hc_buf_init(&text, 4096);
    hc_json_begin(&j, &text);
    hc_job_json(&j, &job);
    assert_string_equal(
        text.data, "{\"id\":\"" ID "\",\"kind\":\"users\",\"total\":250,\"done\":100,\"failed\":0,"
                   "\"state\":\"running\",\"perSecond\":100,\"etaSeconds\":2,"
                   "\"createdAt\":\"2023-11-14T22:13:20.123Z\",\"startedAt\":\"2023-11-14T22:13:21.000Z\","
                   "\"finishedAt\":null,\"seed\":7,\"error\":null,\"detail\":null}");
    hc_buf_release(&text);
    hc_job_release(&job);
    bson_destroy(doc);
}

static void test_public_form_of_requests(void **state)
{
    (void)state;
    static const struct {
        int64_t days, rate;
        const char *shown;
    } CASES[] = {
        {30, 0,
         "\"etaSeconds\":2,\"createdAt\":\"2023-11-14T22:13:20.123Z\",\"startedAt\":"
         "\"2023-11-14T22:13:21.000Z\",\"finishedAt\":null,\"seed\":7,\"days\":30,\"rate\":null,"},
        {0, 20,
         "\"etaSeconds\":8,\"createdAt\":\"2023-11-14T22:13:20.123Z\",\"startedAt\":"
         "\"2023-11-14T22:13:21.000Z\",\"finishedAt\":null,\"seed\":7,\"days\":null,\"rate\":20,"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct hc_job job;
        struct hc_error err;
        struct hc_buf text;
        struct hc_json j;
        bson_t *doc = requests(CASES[i].days, CASES[i].rate, false);
        assert_int_equal(hc_job_read(&job, doc, &err), HC_OK);
        hc_buf_init(&text, 4096);
        hc_json_begin(&j, &text);
        hc_job_json(&j, &job);
        assert_non_null(strstr(text.data, "\"kind\":\"activities\",\"total\":250,\"done\":100,"));
        assert_non_null(strstr(text.data, CASES[i].shown));
        hc_buf_release(&text);
        hc_job_release(&job);
        bson_destroy(doc);
    }
}

static void test_states(void **state)
{
    (void)state;
    assert_string_equal(hc_job_state_text(HC_JOB_CANCELLED), "cancelled");
    assert_string_equal(hc_job_state_text((enum hc_job_state)99), "unknown");
    assert_false(hc_job_is_final(HC_JOB_PAUSED));
    assert_true(hc_job_is_final(HC_JOB_DONE));
    assert_true(hc_job_is_final(HC_JOB_FAILED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_progress_from_the_bits),
        cmocka_unit_test(test_refuses_what_makes_no_sense),
        cmocka_unit_test(test_refuses_a_newer_shape),
        cmocka_unit_test(test_reads_requests),
        cmocka_unit_test(test_refuses_requests_that_make_no_sense),
        cmocka_unit_test(test_bit_paths),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_public_form),
        cmocka_unit_test(test_public_form_of_requests),
        cmocka_unit_test(test_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
