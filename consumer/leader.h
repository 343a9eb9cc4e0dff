/* leader.h - which one of all consumers does what only one needs to do.
 *
 * A lease in hc_meta {_id: "leader", owner, name, term, beat}. No wall clock is
 * compared: the leader raises `beat` by compare-and-set each second; a candidate
 * that has seen the same (term, beat) for HC_LEASE_TAKE_MS of its own monotonic
 * clock takes over with the next term. A leader whose last renewal began more than
 * HC_LEASE_MS ago leads no more, from that moment on and without asking anyone
 * (so also one that was stopped and goes on); it may be elected again, with a new
 * term. A clean stop gives the lease up at once.
 *
 * The lease saves work and nothing else: a leader may be paused between its
 * look at the clock and its write. So whatever a leader does is harmless when two
 * do it, and what replaces something carries the term and is filtered on
 * it (hc_leader_publish).
 *
 * hc_leader_turn and _resign belong to one thread; _is_mine and _term are for any.
 */
#ifndef HC_LEADER_H
#define HC_LEADER_H

#include <stdatomic.h>

#include "ids.h"
#include "store.h"

#define HC_LEASE_MS 2500      /* how long a renewal lasts for the leader */
#define HC_LEASE_TAKE_MS 3000 /* how long a candidate waits: more, since it began to wait later */

/* The lease as it is stored. */
struct hc_lease {
    char owner[HC_ULID_TEXT]; /* "": given up */
    int64_t term, beat;
};

struct hc_leader {
    char id[HC_ULID_TEXT]; /* ours, new with each start */
    char name[64];         /* for people */
    struct hc_lease seen;  /* the lease at the last look … */
    int64_t seen_ms;       /* … and since when it has been the same, hc_mono_ms */
    bool has_seen;
    bool said;                 /* that we lead: leader.elected was logged */
    atomic_int_fast64_t until; /* hc_mono_ms up to which we lead; 0: we don't */
    atomic_int_fast64_t term;  /* of our lead */
};

/* What to do about the lease. */
enum hc_lease_move {
    HC_LEASE_WAIT,  /* somebody else leads, or may */
    HC_LEASE_MAKE,  /* there is none */
    HC_LEASE_TAKE,  /* nobody renews it, or it was given up */
    HC_LEASE_RENEW, /* it is ours */
};

/* Fills a zeroed *l. HC_EINTERNAL: no random numbers. */
enum hc_err hc_leader_init(struct hc_leader *l, const char *name, struct hc_error *err);
/* Notes what is stored (NULL: nothing) and says what to do about it; now: hc_mono_ms. Touches no store. */
enum hc_lease_move hc_leader_decide(struct hc_leader *l, const struct hc_lease *stored, int64_t now);
/* Reads the lease and renews it, or tries to get it. Each second. HC_ESTORE, HC_EOUTCOME: the next turn sees
 * what stands. */
enum hc_err hc_leader_turn(struct hc_leader *l, struct hc_db *db, struct hc_error *err);
/* Leads no more, and says so to the others if it can. */
void hc_leader_resign(struct hc_leader *l, struct hc_db *db);

/* Asked before each write of a leader. False from the moment on at which somebody else may lead. */
bool hc_leader_is_mine(const struct hc_leader *l);
int64_t hc_leader_term(const struct hc_leader *l);

/* Sets fields of hc_meta {_id: id}, made if it is missing, unless a later leader wrote it: HC_ECONFLICT then,
 * and also when we lead no more. */
enum hc_err hc_leader_publish(const struct hc_leader *l, struct hc_db *db, const char *id,
                              const bson_t *fields, struct hc_error *err);

#endif
