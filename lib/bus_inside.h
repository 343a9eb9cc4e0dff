/* bus_inside.h - the producer's struct, for bus.c, bus_batch.c and bus_topics.c alone. */
#ifndef HC_BUS_INSIDE_H
#define HC_BUS_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "bus.h"

#define HC_BUS_TOPICS 8

struct hc_bus {
    const struct hc_settings *settings; /* the process's, lives longer */
    int give_up_ms;                     /* 0: patient */
    rd_kafka_t *rk;                     /* replaced under the write lock */
    pthread_rwlock_t lock;              /* guards rk; held for reading while it is used */
    pthread_t thread;                   /* serves reports */
    atomic_bool stop, up, renew;
    pthread_mutex_t topics_lock; /* guards partitions */
    struct {
        int64_t asked_ms; /* hc_mono_ms, 0 never */
        int32_t count;
    } partitions[HC_BUS_TOPICS]; /* by place in HC_TOPICS */
};

extern const char *const HC_TOPICS[HC_BUS_TOPICS];

/* Queues a copy whose report goes to batch (NULL: to nobody); m->headers are taken over in every case. */
rd_kafka_resp_err_t hc_bus_produce(struct hc_bus *bus, const struct hc_message *m, struct hc_batch *batch);
/* A message of batch was reported: called by the bus's own thread. maybe: it failed, and may be in the log
 * all the same. */
void hc_batch_reported(struct hc_batch *batch, rd_kafka_resp_err_t result, bool maybe);

#endif
