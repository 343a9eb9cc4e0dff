/* device_cache.h - what was read of the last few thousand User-Agents. For device.c alone.
 *
 * A fixed number of places, no memory beyond them: a text may stand in one of four, found by its hash, and
 * takes that of the one that wasn't asked for longest. Sets of places share locks, so that threads seldom
 * meet. Any thread; nothing fails.
 */
#ifndef HC_DEVICE_CACHE_H
#define HC_DEVICE_CACHE_H

#include <stdbool.h>

#include "device.h"

#define HC_DEVICE_CACHE_PLACES 4096

/* True and *out filled when ua (len bytes, as in hc_device.ua) is there. */
bool hc_device_cache_get(struct hc_device *out, const char *ua, size_t len);
/* Keeps d under d->ua; harmless when another thread was faster. */
void hc_device_cache_put(const struct hc_device *d);

#endif
