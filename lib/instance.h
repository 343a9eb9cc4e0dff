/* instance.h - which processes are alive, as they say so in Redis.
 *
 * Each process writes one hash a second, hc:1:instance:<name>, that lives 15 s,
 * and its name into the sorted set hc:1:instances (score: Redis' time in ms).
 * Readers see who runs, how much is queued and how fast users come in. A name
 * that has not been heard of for 15 s is taken out by whoever reads; a hash
 * that no beat of ours would write is skipped.
 */
#ifndef HC_INSTANCE_H
#define HC_INSTANCE_H

#include "cache.h"

#define HC_INSTANCES_MAX 256

enum hc_role { HC_ROLE_WEB, HC_ROLE_CONSUMER };

struct hc_instance {
    char name[64]; /* 1 to 63 of A-Z a-z 0-9 . _ - */
    enum hc_role role;
    int64_t beat_ms;            /* wall time of the beat */
    int64_t workers;            /* consumer: bulk workers; web: threads */
    int64_t lag;                /* consumer: messages not yet processed in its partitions, -1 unknown */
    int64_t inserts_per_second; /* consumer: users written per second, over the last seconds */
    int64_t kafka_up;           /* 1 when a broker is connected */
};

/* Writes one beat. HC_ECACHE is harmless: the next beat says it again.
 * HC_EINVALID: not a name. */
enum hc_err hc_instance_beat(struct hc_cache *c, const struct hc_instance *self);
/* Takes this process out at a clean stop. */
void hc_instance_leave(struct hc_cache *c, const char *name);
/* Fills list with those heard of in the last 15 s, by name; *count of them (the
 * latest max, or HC_INSTANCES_MAX). HC_ECACHE. */
enum hc_err hc_instances_read(struct hc_cache *c, struct hc_instance *list, size_t max, size_t *count);

#endif
