/* leaders.h - the users with the most requests, as they are shown.
 *
 * Usage says who and how many; names come from users, so one that is gone is left
 * out and the next one takes the place.
 *
 *     struct hc_leaders top = {0};
 *     hc_leaders_now(db, HC_LEADERS_BRIEF, left_ms, &top, &err);
 *     hc_leaders_json(&j, &top);
 *     hc_leaders_release(&top);
 *
 * Any thread, with its own hc_db; one thread at a time uses a struct.
 */
#ifndef HC_LEADERS_H
#define HC_LEADERS_H

#include "json.h"
#include "usage.h"

#define HC_LEADERS_MAX 15

enum hc_leaders_form {
    HC_LEADERS_BRIEF, /* _id, name, userName, avatar, country, gender: what anybody may see */
    HC_LEADERS_WHOLE  /* all of the user but our bookkeeping, lastActive as of the latest request */
};

struct hc_leaders {
    enum hc_leaders_form form;
    size_t count;
    struct hc_usage usage[HC_LEADERS_MAX];
    bson_t *user[HC_LEADERS_MAX]; /* owned */
};

/* Those of now, most requests first, equal ones by _id. left_ms: limit of each read. HC_ESTORE; then *out is
 * empty. */
enum hc_err hc_leaders_now(struct hc_db *db, enum hc_leaders_form form, int left_ms, struct hc_leaders *out,
                           struct hc_error *err);
/* The first HC_LEADERS_MAX of the given ones that are not gone, in that order. n up to HC_USAGE_IDS_MAX. */
enum hc_err hc_leaders_of(struct hc_db *db, const struct hc_usage *list, size_t n, enum hc_leaders_form form,
                          int left_ms, struct hc_leaders *out, struct hc_error *err);
void hc_leaders_release(struct hc_leaders *leaders); /* leaves it empty; harmless on a zeroed one */

/* [{"user": {…}, "sum": n}, …] */
void hc_leaders_json(struct hc_json *j, const struct hc_leaders *leaders);

#endif
