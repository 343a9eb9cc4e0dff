/* population.h - the users that a job of simulated requests draws from, frozen in the job.
 *
 * An event's document is hash(user, event), and an event's name is the job and a number: so number i of a
 * job must meet the same user for ever, whoever is born or deleted meanwhile. That is why the users are
 * written down when the job is made:
 *   ranges  of generated users: contiguous done chunks of jobs, the largest ones. Their ids are
 *           second, hash, index, so a range of any length takes 16 bytes;
 *   others  users that no such range has, by their ids: the newest, and some from all times.
 * A user who is deleted later makes no request that counts.
 *
 * A draw is skewed: of N users the one of rank r is drawn with probability ((r+1)/N)^(1/3) - (r/N)^(1/3), so
 * that a list of the most active users says something (of 100 000 users the first gets 2.2 %, the
 * fifteenth 0.1 %). Ranks are scattered over ranges and others alike, by their sizes, and the same
 * population has the same ranks in every job.
 *
 * A plain value of about 13 KB. All but the sampling are pure functions; any thread.
 */
#ifndef HC_POPULATION_H
#define HC_POPULATION_H

#include "store.h"

#define HC_POPULATION_RANGES 64
#define HC_POPULATION_OTHERS 1000

/* Users with the ids second, hash, first … first + count - 1. */
struct hc_population_range {
    uint32_t second, hash, first, count;
};

struct hc_population {
    size_t range_count, other_count;
    struct hc_population_range ranges[HC_POPULATION_RANGES];
    bson_oid_t others[HC_POPULATION_OTHERS];
};

/* Collects the population from what stands in the database now; each query takes at most left_ms.
 * HC_ECONFLICT when there are no users, HC_ESTORE. */
enum hc_err hc_population_sample(struct hc_db *db, int left_ms, struct hc_population *out,
                                 struct hc_error *err);

/* Adds a range while there is room, else in place of a smaller one; count 0 is left out. */
void hc_population_add_range(struct hc_population *p, struct hc_population_range range);

/* How many users it has; at most HC_POPULATION_SIZE_MAX. */
#define HC_POPULATION_SIZE_MAX UINT32_C(4000000000)
uint32_t hc_population_size(const struct hc_population *p);

/* The user that 64 random bits choose. The population must not be empty. */
void hc_population_draw(const struct hc_population *p, uint64_t random, bson_oid_t *user);

/* Appends it to a job's document, and reads it from there: false when it makes no sense or is empty. */
void hc_population_append(const struct hc_population *p, bson_t *doc);
bool hc_population_read(struct hc_population *p, const bson_t *doc);

#endif
