/* How a live job's chunks come due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "pace.h"

#define T0 INT64_C(1700000000000000)
#define SECOND INT64_C(1000000)

static struct hc_job live(int64_t total, int64_t rate, int64_t chunk)
{
    struct hc_job job;
    memset(&job, 0, sizeof job);
    job.kind = HC_JOB_ACTIVITIES;
    job.state = HC_JOB_RUNNING;
    job.total = total;
    job.rate = rate;
    job.chunk_users = chunk;
    job.chunks = (total + chunk - 1) / chunk;
    job.paced_us = T0;
    return job;
}

/* Takes what is due at `now`, as a planner does; everything out is done at once. */
static int64_t turn(struct hc_job *job, int64_t now)
{
    int64_t before = job->published;
    struct hc_pace next = hc_pace_next(job, 4, now);
    job->published = job->done_chunks = next.published;
    job->paced_us = next.paced_us;
    job->state = HC_JOB_RUNNING;
    return job->published - before;
}

static void test_one_chunk_a_second(void **state)
{
    (void)state;
    struct hc_job job = live(60, 20, 20);
    job.state = HC_JOB_QUEUED;
    job.paced_us = 0;
    assert_int_equal(turn(&job, T0), 0);
    assert_int_equal(job.paced_us, T0);
    assert_int_equal(turn(&job, T0 + SECOND - 1), 0);
    assert_int_equal(turn(&job, T0 + SECOND), 1);
    assert_int_equal(turn(&job, T0 + SECOND + 1), 0);
    assert_int_equal(turn(&job, T0 + 3 * SECOND), 2);
    assert_int_equal(turn(&job, T0 + 60 * SECOND), 0); /* there are no more */
}

/* Turns at odd moments don't make it slower or faster: after 100 s it is where it should be. */
static void test_the_pace_holds(void **state)
{
    (void)state;
    static const int64_t RATES[] = {1, 3, 7, 1000, 3000, 10000};
    for (size_t r = 0; r < sizeof RATES / sizeof *RATES; r++) {
        int64_t chunk = RATES[r] < 1000 ? RATES[r] : 1000;
        struct hc_job job = live(20000000, RATES[r], chunk);
        for (int64_t now = T0; now < T0 + 100 * SECOND; now += 217777)
            turn(&job, now);
        turn(&job, T0 + 100 * SECOND);
        int64_t sent = job.published * chunk;
        assert_true(sent <= 100 * RATES[r]);
        assert_true(sent > 100 * RATES[r] - 2 * chunk);
    }
}

static void test_who_comes_late_catches_up_on_five_seconds(void **state)
{
    (void)state;
    struct hc_job job = live(1000, 5, 5);
    assert_int_equal(turn(&job, T0 + 3600 * SECOND), 5);
    assert_int_equal(turn(&job, T0 + 3600 * SECOND), 0);
    assert_int_equal(turn(&job, T0 + 3601 * SECOND), 1);
}

static void test_a_resumed_job_begins_anew(void **state)
{
    (void)state;
    struct hc_job job = live(1000, 5, 5);
    job.state = HC_JOB_QUEUED;
    assert_int_equal(turn(&job, T0 + 60 * SECOND), 0);
    assert_int_equal(turn(&job, T0 + 61 * SECOND), 1);
}

static void test_what_is_not_done_holds_it_back(void **state)
{
    (void)state;
    struct hc_job job = live(100000, 5, 5);
    struct hc_pace next = hc_pace_next(&job, 4, T0 + 3 * SECOND);
    assert_int_equal(next.published, 3);
    job.published = 4; /* out, none is done */
    next = hc_pace_next(&job, 4, T0 + 3 * SECOND);
    assert_int_equal(next.published, 5);
    job.published = 5;
    next = hc_pace_next(&job, 4, T0 + 3 * SECOND);
    assert_int_equal(next.published, 5);

    struct hc_job fast = live(10000000, 10000, 1000); /* 5 s' worth would be 50 chunks */
    next = hc_pace_next(&fast, 4, T0 + 5 * SECOND);
    assert_int_equal(next.published, 4 * 2);
}

static void test_chunks_of_several_seconds(void **state)
{
    (void)state;
    struct hc_job job = live(100000, 1, 5);
    assert_int_equal(turn(&job, T0 + 5 * SECOND - 1), 0);
    assert_int_equal(turn(&job, T0 + 5 * SECOND), 1);
    assert_int_equal(turn(&job, T0 + 100 * SECOND), 1);
}

static void test_a_clock_that_was_set_back(void **state)
{
    (void)state;
    struct hc_job job = live(1000, 5, 5);
    assert_int_equal(turn(&job, T0 - 3600 * SECOND), 0);
    assert_int_equal(job.paced_us, T0 - 3600 * SECOND);
    assert_int_equal(turn(&job, T0 - 3599 * SECOND), 1);
    struct hc_job near = live(1000, 5, 5); /* another machine's clock is ahead a little */
    assert_int_equal(turn(&near, T0 - SECOND / 2), 0);
    assert_int_equal(near.paced_us, T0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_chunk_a_second),
        cmocka_unit_test(test_the_pace_holds),
        cmocka_unit_test(test_who_comes_late_catches_up_on_five_seconds),
        cmocka_unit_test(test_a_resumed_job_begins_anew),
        cmocka_unit_test(test_what_is_not_done_holds_it_back),
        cmocka_unit_test(test_chunks_of_several_seconds),
        cmocka_unit_test(test_a_clock_that_was_set_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
