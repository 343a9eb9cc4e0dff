/* change_write.h - the writes of a step that is about users.
 *
 * Computing fills a struct hc_change_writes, which becomes the intent's list of writes; slot_write.c's
 * table has an op for each kind, carried out by slot_users.c:
 *   graves      {at, ids}                        tombstones, before anything is removed
 *   activities  {devices, list: [{_id, u, t, at, o, b, d}]}   requests; d: which of the devices, each written
 * once users       {list: [{_id, g, c, due, new}]}  what is counted of a user from now on; due: the token
 * that was read usage       {list: [{_id, n, day, last, zg, new}]} remove      {ids} requests, usage, then
 * the user users and usage are filtered on an older version; the others are harmless if repeated.
 *
 * For change.c only; one thread's own.
 */
#ifndef HC_CHANGE_WRITE_H
#define HC_CHANGE_WRITE_H

#include "subject.h"
#include "tally.h"

struct hc_change_list {
    bson_t array;
    uint32_t count;
};

#define HC_CHANGE_PLACES 2048 /* a power of two, over twice as many as a step's changes */

struct hc_change_writes {
    struct hc_change_list graves, devices, activities, users, usage, removals;
    struct {
        uint64_t hash;  /* of the device's bytes, 0: free */
        uint32_t place; /* in devices */
    } known[HC_CHANGE_PLACES];
    bool lost; /* of a user who is removed nobody knows any more as what he was counted */
};

/* What hc_usage is to say of a user. */
struct hc_usage_now {
    bson_oid_t user;
    bool fresh; /* there is no document yet */
    int64_t requests, last_ms;
    int32_t day, zone_generation;
};

void hc_change_writes_begin(struct hc_change_writes *w);
void hc_change_writes_release(struct hc_change_writes *w);

/* counted: gender and country are counted from now on; else only `due` is taken off. */
void hc_change_write_user(struct hc_change_writes *w, const struct hc_subject *u, bool counted);
void hc_change_write_usage(struct hc_change_writes *w, const struct hc_usage_now *usage);
void hc_change_write_activity(struct hc_change_writes *w, const struct hc_activity *a);
void hc_change_write_grave(struct hc_change_writes *w, const struct hc_subject *u);
void hc_change_write_removal(struct hc_change_writes *w, const struct hc_subject *u);

/* Appends all as ops of version v to the intent's list. False: there is nothing to write. */
bool hc_change_writes_end(struct hc_change_writes *w, int64_t v, bson_t *writes);

/* Takes the devices of all counted requests of these users (an array of ids) off the tally; requests: how
 * many. */
enum hc_err hc_change_read_devices(struct hc_db *db, const bson_t *users, int64_t requests,
                                   struct hc_tally *tally, struct hc_error *err);

#endif
