/* takeup.h - users that other systems wrote, and facts that they changed.
 *
 * A duty of the leader. Users without `_hc.k` are given one, and a `due`: the sweep counts them. That happens
 * once for each database that we meet, and whenever an audit sees such users. Users whose gender or country
 * is another one than they are counted under get a `due` too, when an audit asks for it.
 *
 * A round goes by ranges of `_id` and lies in hc_meta {_id: "takeup", done, at}. Every write of it fits users
 * without k, or without due, only: made twice it changes nothing.
 */
#ifndef HC_TAKEUP_H
#define HC_TAKEUP_H

#include "duty.h"

hc_duty_run hc_takeup_turn; /* state: struct hc_takeup */

struct hc_takeup {
    bool running;
    bson_oid_t at; /* up to here */
    int batches;   /* since it was said where we are */
    int64_t found;
};

/* A round is due. HC_ESTORE, HC_ECONFLICT: leads no more. */
enum hc_err hc_takeup_want(struct hc_duty_turn *t, struct hc_error *err);
/* Gives a due to users whose facts are counted wrongly; *count of them. May take a second for a million
 * users, left_ms at most. HC_ESTORE, HC_EDEADLINE. */
enum hc_err hc_takeup_differing(struct hc_duty_turn *t, int32_t left_ms, int64_t *count,
                                struct hc_error *err);

/* Is a user with these facts (NULL: none, or no text) rightly counted under g and c? Pure. */
bool hc_takeup_fits(const char *gender, const char *country, const char *g, const char *c);

#endif
