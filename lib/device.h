/* device.h - which system, browser and device a request came from.
 *
 * A User-Agent is read by the rules of uap-core (lib/data/uap/, turned into
 * tables when building), with PCRE2 and a limit on the work that a text may
 * cause. What is counted is never the free text but a key of a closed table
 * (lib/data/systems.tsv, browsers.tsv): a name that the table doesn't have
 * counts as HC_DEVICE_OTHER. Keys are stored in the database, so rows are only
 * ever appended.
 *
 *     struct hc_device d;
 *     hc_device_read(&d, user_agent, len);
 *     hc_device_bson(&d, &doc);
 *
 * Readings are kept by string in a bounded cache that all threads share. Every
 * function may be called from any thread and none can fail: what is unknown is
 * "Other". A struct hc_device is a plain value, copied freely, nothing to free.
 *
 * The type is told by few rules, the first that fits: a robot or a television
 * has none; an iPad, a Kindle and a BlackBerry tablet are tablets; a phone's
 * system (iOS, Windows Phone, KaiOS, Symbian, ...) or one of uap-core's generic
 * phones is a mobile; Android and HarmonyOS are a tablet when the text says
 * "Tablet" or Silk, or is a web browser's without "Mobile" (what Google tells
 * browsers to send), else a mobile; all others have none.
 */
#ifndef HC_DEVICE_H
#define HC_DEVICE_H

#include <bson/bson.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"

#define HC_DEVICE_OTHER 0      /* key of "Other" in both tables */
#define HC_DEVICE_KEYS_MAX 512 /* keys are below this */
#define HC_DEVICE_UA_MAX 512   /* bytes of a User-Agent that are looked at and kept */

struct hc_device {
    char ua[HC_DEVICE_UA_MAX + 1]; /* valid UTF-8, cut at a character's border; "" when there was none */
    struct {
        char name[64];    /* uap-core's family: "Windows"; "Other" when unknown */
        char version[32]; /* major.minor.patch and so on, as far as given: "10.0.1"; "" when unknown */
        int key;          /* what it is counted under; HC_DEVICE_OTHER for a name without a row */
    } os, browser;
    char vendor[64], model[64]; /* of the device: "Samsung", "SM-S938B"; "" when unknown */
    char type[16];              /* "mobile", "tablet", "" (a desktop or unknown) */
};

/* Reads len bytes of a User-Agent; no NUL needed. NULL, nothing, or a text with a control character (NUL
 * among them) is "Other". In out->ua, bytes that are no UTF-8 and control characters are U+FFFD; what is
 * longer than HC_DEVICE_UA_MAX is cut there before anything is read. */
void hc_device_read(struct hc_device *out, const char *ua, size_t len);

/* The keys of names that somebody else read (len bytes, no NUL needed, NULL is unknown): exact names of the
 * tables and the aliases that ua-parser-js uses ("Mac OS" for "Mac OS X"); A to Z match a to z. */
int hc_device_system_key(const char *name, size_t len);
int hc_device_browser_key(const char *name, size_t len);
/* The name of a key, static text; "Other" for one that is none. */
const char *hc_device_system_name(int key);
const char *hc_device_browser_name(int key);

/* Appends {ua, os: {name, version}, browser: {name, version, major}, device: {vendor, model, type}} to doc,
 * all of it text; major is the first number of the browser's version. What is unknown is left out, os and
 * browser and their names always there. */
void hc_device_bson(const struct hc_device *d, bson_t *doc);
/* Writes the same as a JSON object. */
void hc_device_json(struct hc_json *j, const struct hc_device *d);

/* A plausible User-Agent for number `draw` (any number, also one after the other), by the shares of real
 * ones: static text of lib/data/agents.tsv. The same number gives the same text in one build. */
const char *hc_device_sample(uint64_t draw);

#endif
