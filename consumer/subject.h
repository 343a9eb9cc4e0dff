/* subject.h - the users that one step is about, and what stands of them.
 *
 * A step's changes are gathered by user into subjects, in ascending order of their ids. hc_subjects_read
 * fills in what the database has: facts and bookkeeping (users), requests so far (hc_usage), graves
 * (hc_tombstones), and which of the requests stand already (useractivities). It is read after the slot
 * was seen without an intent, so the slot's version guards all of it but the facts, and whoever
 * writes facts leaves a new `due`.
 *
 * For change.c only. Life: hc_subjects_make … hc_subjects_release. One thread's own.
 */
#ifndef HC_SUBJECT_H
#define HC_SUBJECT_H

#include "change.h"

struct hc_subject {
    bson_oid_t user;
    bool told;      /* somebody says to look at the user */
    bool told_gone; /* somebody says that the user was deleted */
    /* users */
    bool assumed; /* not read: nobody tells of him, and he is a user by a count or by having made requests
                     before */
    bool stands, gone;
    int gender, country; /* the facts, as they count */
    bool has_k;          /* the bookkeeping is there … */
    bool counted;        /* … and says that the user is counted, as: */
    int counted_gender, counted_country;
    char due[64]; /* "" none */
    bson_t *odd;  /* the bookkeeping as it stands, when no step could write it; NULL: sound. Owned */
    /* hc_usage */
    bool has_usage;
    int64_t requests, last_ms;
    int32_t day, zone_generation;
    /* hc_tombstones */
    bool buried;
};

struct hc_request {
    struct hc_change *change;
    size_t subject;
    bool repeated; /* it stands, or comes twice in this batch */
};

struct hc_subjects {
    int64_t v;               /* the slot's version when they were read */
    struct hc_subject *list; /* by user, ascending */
    size_t count;
    struct hc_request *requests; /* by activity id, ascending */
    size_t request_count;
};

/* Gathers n changes of one slot, n up to HC_CHANGES_MAX. HC_ENOMEM. */
enum hc_err hc_subjects_make(struct hc_subjects *s, struct hc_change *list, size_t n, struct hc_error *err);
void hc_subjects_release(struct hc_subjects *s);

/* The subject of a user who is among them. */
const struct hc_subject *hc_subjects_find(const struct hc_subjects *s, const bson_oid_t *user);

/* Forgets what was read before and reads all. v: the slot's version. HC_ESTORE. */
enum hc_err hc_subjects_read(struct hc_subjects *s, struct hc_db *db, int64_t v, struct hc_error *err);

/* Somebody else wrote into our bookkeeping what no step can work with (no object, a version from nowhere): it
 * is made sound, as of a user who is not counted yet. *healed: so many; they are to be read again, and a
 * recount is due. */
enum hc_err hc_subjects_heal(struct hc_subjects *s, struct hc_db *db, size_t *healed, struct hc_error *err);

#endif
