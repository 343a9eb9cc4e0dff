/* traffic.h - request number i of a simulated job, as a pure function of what the job froze and i.
 *
 * Like the people generator: any consumer, as often as it likes, makes the same request, so a slice that is
 * sent again after a crash sends the same events, and each counts once.
 *
 * When: a job over `days` days spreads its requests back from its own time, denser towards the present (the
 * first tenth of the span gets about 15 % of them, the last tenth 5 %) and with a wave of day and night
 * (UTC: an evening hour gets eight times what an hour before dawn gets). A live job's requests
 * are made when they are sent: their time alone is not the same the second time.
 *
 * HC_TRAFFIC_VERSION is frozen in each job; whoever changes a line here or in population.c that changes any
 * request's user raises it. Pure functions; any thread.
 */
#ifndef HC_TRAFFIC_H
#define HC_TRAFFIC_H

#include "ids.h"
#include "population.h"

#define HC_TRAFFIC_VERSION 1
#define HC_TRAFFIC_EVENT_MAX 40 /* bytes of an event's name with its NUL */

struct hc_traffic {
    const char *job; /* its id, 26 characters */
    uint64_t seed;
    int64_t time_ms; /* the job's time */
    int64_t days;    /* 0: live */
    const struct hc_population *population;
};

struct hc_traffic_request {
    bson_oid_t user;
    uint64_t device; /* for hc_device_sample */
    int64_t time_ms;
    char event[HC_TRAFFIC_EVENT_MAX]; /* "job/i": names this request for ever */
};

/* Makes request i into *out. now_ms: the time of a live job's request. */
void hc_traffic_make(const struct hc_traffic *t, uint32_t i, int64_t now_ms, struct hc_traffic_request *out);

#endif
