/* device_rules.h - the rules of uap-core, applied to one User-Agent. For device.c and its tests alone.
 *
 * The rules of a kind are tried in their order; the first that matches gives the parts. A rule is compiled
 * when it is first tried (most never are: a rule's needs are looked for first), kept for ever, and shared by
 * all threads.
 *
 * Time is bounded: each rule has PCRE2's match limit, and when one reaches it nothing further of that kind is
 * tried. Any thread; nothing fails, what isn't found is "Other" without parts.
 */
#ifndef HC_DEVICE_RULES_H
#define HC_DEVICE_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "device_tables.h"

#define HC_DEVICE_RULE_UA_MAX 512 /* bytes; HC_DEVICE_UA_MAX is the same */
#define HC_DEVICE_RULE_PART 64    /* bytes of a part with its NUL; longer ones are cut */

enum hc_device_kind { HC_DEVICE_BROWSER, HC_DEVICE_SYSTEM, HC_DEVICE_DEVICE, HC_DEVICE_KINDS };

/* browser: family, major, minor, patch; system: also patch_minor; device: family, brand, model. "" = not
 * given, but the family, which is "Other" then. */
struct hc_device_reading {
    char parts[HC_DEVICE_RULE_PARTS][HC_DEVICE_RULE_PART];
};

/* Reads len bytes of valid UTF-8, at most HC_DEVICE_RULE_UA_MAX (more are left out). False when a rule gave
 * up (the text is hostile, or memory is out): *out is "Other". */
bool hc_device_rules_read(enum hc_device_kind kind, const char *ua, size_t len,
                          struct hc_device_reading *out);

/* Compiles every rule there is; how many can't be compiled. For tests. */
int hc_device_rules_broken(void);

#endif
