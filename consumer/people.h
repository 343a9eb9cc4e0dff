/* people.h - putting the generated users of a chunk into MongoDB.
 *
 * The users of a chunk go in by unordered inserts in ascending _id order (two
 * writers of the same chunk then never wait for each other in a circle). Doing
 * it again, in the same or other batches, changes nothing: what is there already
 * is met as a duplicate of our own _id.
 */
#ifndef HC_PEOPLE_H
#define HC_PEOPLE_H

#include "job.h"

struct hc_people_result {
    int64_t inserted; /* by this call: for rates only, never for counting */
    int64_t present;  /* were there already */
};

/* Inserts all users of the chunk, batch users a command. HC_OK: every one of them
 * is in. HC_ESTORE, HC_EOUTCOME: some may be; call again. */
enum hc_err hc_people_insert(struct hc_db *db, const struct hc_job *job, int64_t chunk, int64_t batch,
                             struct hc_people_result *result, struct hc_error *err);

/* Takes out those of the chunk that have a tombstone: deleted while the chunk was
 * under way, they must not come back by its being done again. */
enum hc_err hc_people_bury(struct hc_db *db, const struct hc_job *job, int64_t chunk, struct hc_error *err);

#endif
