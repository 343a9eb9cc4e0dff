/* device.h - which system, browser and device a request came from.
 *
 * A User-Agent is read by the rules of uap-core (lib/data/uap/, turned into
 * tables when building). What is counted is never the free text but a key of a
 * closed table (lib/data/systems.tsv, browsers.tsv): a name that the table
 * doesn't have counts as HC_DEVICE_OTHER. Keys are stored in the database, so
 * rows are only ever appended.
 *
 *     struct hc_device d;
 *     hc_device_read(&d, user_agent, len);
 *     hc_device_bson(&d, &doc);
 *
 * Readings are kept by string in a bounded cache that all threads share. Every
 * function may be called from any thread and none can fail: what is unknown is
 * "Other".
 */
#ifndef HC_DEVICE_H
#define HC_DEVICE_H

#include <bson/bson.h>
#include <stddef.h>

#include "json.h"

#define HC_DEVICE_OTHER 0    /* key of "Other" in both tables */
#define HC_DEVICE_KEYS_MAX 512 /* keys are below this */
#define HC_DEVICE_UA_MAX 512 /* bytes of a User-Agent that are looked at and kept */

struct hc_device {
    char ua[HC_DEVICE_UA_MAX + 1]; /* valid UTF-8, cut at a character's border; "" when there was none */
    struct {
        char name[64]; /* "Windows"; "Other" when unknown */
        char version[32]; /* "10.0.1", "" when unknown */
        int key;       /* what it is counted under */
    } os, browser;
    char vendor[64], model[64]; /* of the device, "" when unknown */
    char type[16];              /* "mobile", "tablet", "" (a desktop or unknown) */
};

/* Reads a User-Agent; NULL or anything else than plain text is "Other". */
void hc_device_read(struct hc_device *out, const char *ua, size_t len);

/* The keys of names that somebody else read: exact names of the tables and the
 * aliases that ua-parser-js uses ("Mac OS" for "Mac OS X"), case-insensitive. */
int hc_device_system_key(const char *name, size_t len);
int hc_device_browser_key(const char *name, size_t len);
/* The name of a key; "Other" for one that is none. */
const char *hc_device_system_name(int key);
const char *hc_device_browser_name(int key);

/* Appends {ua, os: {name, version}, browser: {name, version, major}, device: {vendor, model,
 * type}} to doc; what is unknown is left out, os and browser and their names always there. */
void hc_device_bson(const struct hc_device *d, bson_t *doc);
/* Writes the same as a JSON object. */
void hc_device_json(struct hc_json *j, const struct hc_device *d);

/* A plausible User-Agent for number `draw` (any number), by the shares of real ones:
 * static text of lib/data/agents.tsv. */
const char *hc_device_sample(uint64_t draw);

#endif
