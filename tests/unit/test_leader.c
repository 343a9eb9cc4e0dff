/* Who leads, decided from the lease and a monotonic clock alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "leader.h"

static int64_t now_ms;

int64_t __wrap_hc_mono_ms(void);
int64_t __wrap_hc_mono_ms(void)
{
    return now_ms;
}

static const struct hc_lease OTHERS = {"01OTHER", 7, 40};

static struct hc_leader candidate(void)
{
    struct hc_leader l = {.until = 0};
    struct hc_error err;
    assert_int_equal(hc_leader_init(&l, "one", &err), HC_OK);
    assert_int_equal(strlen(l.id), 26);
    return l;
}

static struct hc_lease ours(const struct hc_leader *l, int64_t term, int64_t beat)
{
    struct hc_lease lease = {.term = term, .beat = beat};
    strcpy(lease.owner, l->id);
    return lease;
}

static void test_none_is_made(void **state)
{
    (void)state;
    struct hc_leader l = candidate();
    assert_int_equal(hc_leader_decide(&l, NULL, 1000), HC_LEASE_MAKE);
}

static void test_a_beating_one_is_left(void **state)
{
    (void)state;
    struct hc_leader l = candidate();
    struct hc_lease lease = OTHERS;
    for (int64_t t = 1000; t < 100000; t += 1000, lease.beat++)
        assert_int_equal(hc_leader_decide(&l, &lease, t), HC_LEASE_WAIT);
}

static void test_a_silent_one_is_taken_after_three_seconds(void **state)
{
    (void)state;
    struct hc_leader l = candidate();
    assert_int_equal(hc_leader_decide(&l, &OTHERS, 1000), HC_LEASE_WAIT);
    assert_int_equal(hc_leader_decide(&l, &OTHERS, 3999), HC_LEASE_WAIT);
    assert_int_equal(hc_leader_decide(&l, &OTHERS, 4000), HC_LEASE_TAKE);
}

/* Whoever looks again after a pause has not watched it in between: the same (term, beat) is what counts. */
static void test_the_wait_begins_anew_with_each_change(void **state)
{
    (void)state;
    struct hc_leader l = candidate();
    struct hc_lease later = OTHERS, other = OTHERS;
    hc_leader_decide(&l, &OTHERS, 1000);
    later.beat++;
    assert_int_equal(hc_leader_decide(&l, &later, 10000), HC_LEASE_WAIT);
    other.term++;
    assert_int_equal(hc_leader_decide(&l, &other, 12900), HC_LEASE_WAIT);
    assert_int_equal(hc_leader_decide(&l, &other, 15899), HC_LEASE_WAIT);
    assert_int_equal(hc_leader_decide(&l, &other, 15900), HC_LEASE_TAKE);
}

static void test_one_that_was_given_up_is_taken_at_once(void **state)
{
    (void)state;
    struct hc_leader l = candidate();
    struct hc_lease lease = {"", 7, 41};
    assert_int_equal(hc_leader_decide(&l, &lease, 1000), HC_LEASE_TAKE);
}

static void test_ours_is_renewed_while_we_lead(void **state)
{
    (void)state;
    struct hc_leader l = candidate();
    struct hc_lease lease = ours(&l, 8, 3);
    l.until = 3500;
    l.term = 8;
    assert_int_equal(hc_leader_decide(&l, &lease, 3499), HC_LEASE_RENEW);
    /* Late: it may have been seen as silent, so it is a new lead or none. */
    assert_int_equal(hc_leader_decide(&l, &lease, 3500), HC_LEASE_TAKE);
}

/* A reply was lost when we took it: it is ours in the store, and we didn't lead yet. */
static void test_ours_without_our_knowing_is_taken_anew(void **state)
{
    (void)state;
    struct hc_leader l = candidate();
    struct hc_lease lease = ours(&l, 8, 3);
    assert_int_equal(hc_leader_decide(&l, &lease, 1000), HC_LEASE_TAKE);
}

static void test_a_lead_ends_by_itself(void **state)
{
    (void)state;
    struct hc_leader l = candidate();
    now_ms = 0;
    assert_false(hc_leader_is_mine(&l));
    l.until = 1000 + HC_LEASE_MS;
    now_ms = 1000 + HC_LEASE_MS - 1;
    assert_true(hc_leader_is_mine(&l));
    now_ms++; /* stopped and gone on, or the store was away: the clock alone ends it */
    assert_false(hc_leader_is_mine(&l));
}

/* The latest moment at which a leader acts lies before the first at which another may. */
static void test_two_never_lead_at_once(void **state)
{
    (void)state;
    struct hc_leader l = candidate();
    int64_t renewed = 5000;
    hc_leader_decide(&l, &OTHERS, renewed); /* seen the very moment it was written */
    for (int64_t t = renewed; t < renewed + HC_LEASE_MS; t += 100)
        assert_int_equal(hc_leader_decide(&l, &OTHERS, t), HC_LEASE_WAIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_is_made),
        cmocka_unit_test(test_a_beating_one_is_left),
        cmocka_unit_test(test_a_silent_one_is_taken_after_three_seconds),
        cmocka_unit_test(test_the_wait_begins_anew_with_each_change),
        cmocka_unit_test(test_one_that_was_given_up_is_taken_at_once),
        cmocka_unit_test(test_ours_is_renewed_while_we_lead),
        cmocka_unit_test(test_ours_without_our_knowing_is_taken_anew),
        cmocka_unit_test(test_a_lead_ends_by_itself),
        cmocka_unit_test(test_two_never_lead_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
