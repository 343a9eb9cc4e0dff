/* activity.h - one request of one user, as it travels and as it is stored.
 *
 * Message (user.activate.create), keyed by the user's id:
 *   {"body": {"user": id, "device": {…}, "requestTime": ms}, "message", "createAt": ms}
 *   + ours: "event" (text that names this request for ever).
 * Document (useractivities):
 *   {_id, user, requestTime, device, createdAt, updatedAt, _hc: {o, b}}
 *   _id = hash(user, event), so that the same event is the same document however
 *   often and by whatever way it comes; _hc holds the keys under which it is
 *   counted. A document that stands is counted, exactly once.
 *
 * An event's name: the request's Idempotency-Key (hashed), or a new ULID; "job/i"
 * for simulated ones; for a message without one, a hash of where and when the
 * broker took it and of what it says.
 *
 * Life: hc_activity_read (or _make) fills a zeroed struct, hc_activity_release
 * frees its device. Pure functions; any thread.
 */
#ifndef HC_ACTIVITY_H
#define HC_ACTIVITY_H

#include <bson/bson.h>

#include "device.h"
#include "error.h"
#include "json.h"

#define HC_ACTIVITY_EVENT_MAX 64             /* bytes of an event's name */
#define HC_ACTIVITY_AHEAD_MS (2 * 60 * 1000) /* a request counts at most this far behind its message */
/* Bytes of a device's BSON; a longer one is stored without its extras. */
#define HC_ACTIVITY_DEVICE_MAX 2048

struct hc_activity {
    bson_oid_t id; /* hash of user and event */
    bson_oid_t user;
    int64_t time_ms;  /* requestTime, not later than taken_ms + HC_ACTIVITY_AHEAD_MS */
    int64_t taken_ms; /* when the broker took it: createdAt */
    int os, browser;  /* keys of device.h */
    bson_t *device;   /* owned */
};

/* Where a message came from: names the event of one that has no name of its own. */
struct hc_activity_origin {
    const char *cluster;
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t time_ms; /* the broker's timestamp */
};

/* Reads a message's value. HC_EMALFORMED with the field at fault: body, user, device, requestTime, event … A
 * missing or null requestTime is the broker's time; a missing device is "Other"; device.os.name and
 * device.browser.name decide the keys if they are there, else device.ua is read. requestTime must be in 1970
 * … 9999. */
enum hc_err hc_activity_read(struct hc_activity *out, const void *value, size_t len,
                             const struct hc_activity_origin *origin, struct hc_error *err);
void hc_activity_release(struct hc_activity *a); /* harmless on a zeroed struct */

/* Appends the whole document to doc. */
void hc_activity_bson(const struct hc_activity *a, bson_t *doc);

/* Writes a message's value into out. event: 1 to HC_ACTIVITY_EVENT_MAX visible ASCII characters. */
void hc_activity_message(struct hc_json *out, const bson_oid_t *user, const struct hc_device *device,
                         int64_t time_ms, const char *event, int64_t now_ms);

/* The _id of an event of a user. */
void hc_activity_id(bson_oid_t *out, const bson_oid_t *user, const char *event, size_t len);

#endif
