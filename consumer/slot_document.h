/* slot_document.h - one document of hc_slots: read, given an intent, committed.
 *
 * For the files of the step only; see slot.h for what a slot is.
 */
#ifndef HC_SLOT_DOCUMENT_H
#define HC_SLOT_DOCUMENT_H

#include "slot.h"

struct hc_slot_document {
    struct hc_slot_now now;
    bson_t doc; /* owned; backs intent */
    bool has_intent;
    bool held;     /* the intent is a hold */
    bson_t intent; /* inside doc */
};

/* Reads a slot; *s is released by the caller in every case. HC_ESTORE. */
enum hc_err hc_slot_read(struct hc_db *db, int which, struct hc_slot_document *s, struct hc_error *err);
void hc_slot_release(struct hc_slot_document *s);

/* An intent's age in ms by the wall clock; INT64_MAX when it says none, or a time to come. */
int64_t hc_slot_intent_age(const bson_t *intent);

/* Stores the intent if the slot is still at version v and has none: *won. */
enum hc_err hc_slot_store_intent(struct hc_db *db, int which, int64_t v, const bson_t *intent, bool *won,
                                 struct hc_error *err);
/* Adds the delta, moves the version on and drops the intent, if it still stands: *won (may be NULL). */
enum hc_err hc_slot_commit(struct hc_db *db, int which, const bson_t *intent, bool *won,
                           struct hc_error *err);

#endif
