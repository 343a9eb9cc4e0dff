/* Which jobs stand still. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "movement.h"

static int64_t now_ms;

/* Stands in for the clock of this machine, so that a minute takes no time. */
int64_t __wrap_hc_mono_ms(void);
int64_t __wrap_hc_mono_ms(void)
{
    return now_ms;
}

static struct hc_job job_at(const char *id, int64_t started, int64_t done, int64_t resent)
{
    struct hc_job job;
    memset(&job, 0, sizeof job);
    snprintf(job.id, sizeof job.id, "%s", id);
    job.published = 8;
    job.started_chunks = started;
    job.done_chunks = done;
    job.resent = resent;
    return job;
}

static void test_still_after_five_seconds(void **state)
{
    (void)state;
    struct hc_movement *m = hc_movement_new();
    struct hc_job job = job_at("A", 0, 0, 0);
    now_ms = 1000;
    assert_false(hc_movement_stalled(m, &job));
    now_ms += 4999;
    assert_false(hc_movement_stalled(m, &job));
    now_ms += 1;
    assert_true(hc_movement_stalled(m, &job));
    hc_movement_free(m);
}

static void test_movement_starts_the_wait_anew(void **state)
{
    (void)state;
    struct hc_movement *m = hc_movement_new();
    struct hc_job job = job_at("A", 0, 0, 0);
    assert_false(hc_movement_stalled(m, &job));
    now_ms += 4000;
    job.started_chunks = 1;
    assert_false(hc_movement_stalled(m, &job));
    now_ms += 4000;
    assert_false(hc_movement_stalled(m, &job));
    now_ms += 1000;
    assert_true(hc_movement_stalled(m, &job));
    hc_movement_free(m);
}

static void test_the_wait_doubles_up_to_a_minute(void **state)
{
    (void)state;
    static const int WAITS[] = {5000, 10000, 20000, 40000, 60000, 60000};
    struct hc_movement *m = hc_movement_new();
    struct hc_job job = job_at("A", 3, 2, 0);
    for (size_t i = 0; i < sizeof WAITS / sizeof *WAITS; i++) {
        assert_false(hc_movement_stalled(m, &job));
        now_ms += WAITS[i] - 1;
        assert_false(hc_movement_stalled(m, &job));
        now_ms += 1;
        assert_true(hc_movement_stalled(m, &job));
        job.resent++; /* sent again, by us or by another process */
    }
    job.done_chunks++; /* real movement: five seconds again */
    assert_false(hc_movement_stalled(m, &job));
    now_ms += 5000;
    assert_true(hc_movement_stalled(m, &job));
    hc_movement_free(m);
}

static void test_jobs_are_apart_and_forgotten(void **state)
{
    (void)state;
    struct hc_movement *m = hc_movement_new();
    struct hc_job a = job_at("A", 0, 0, 0), b = job_at("B", 0, 0, 0);
    assert_false(hc_movement_stalled(m, &a));
    now_ms += 3000;
    assert_false(hc_movement_stalled(m, &b));
    now_ms += 2000;
    assert_true(hc_movement_stalled(m, &a));
    assert_false(hc_movement_stalled(m, &b));
    hc_movement_forget(m, "A");
    hc_movement_forget(m, "A");
    assert_false(hc_movement_stalled(m, &a));
    hc_movement_free(m);
    hc_movement_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_still_after_five_seconds),
        cmocka_unit_test(test_movement_starts_the_wait_anew),
        cmocka_unit_test(test_the_wait_doubles_up_to_a_minute),
        cmocka_unit_test(test_jobs_are_apart_and_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
