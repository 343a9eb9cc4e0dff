/* device_tables.h - the tables behind device.h, written by lib/data/device_tables.py when building:
 * uap-core's rules, the closed tables of systems and browsers, and the User-Agents to draw from. For
 * device*.c alone.
 *
 * Constant data; any thread.
 */
#ifndef HC_DEVICE_TABLES_H
#define HC_DEVICE_TABLES_H

#include <stdbool.h>

#define HC_DEVICE_RULE_PARTS 5

struct hc_device_rule {
    const char *regex; /* in Perl's syntax, UTF-8 */
    const char *needs; /* texts, each with its NUL, behind the last an empty one: whatever matches contains
                          one of them; none at all if nothing is known. Lower case when caseless */
    const char *parts[HC_DEVICE_RULE_PARTS]; /* text with $1 … $9 for groups; NULL when not given */
    bool caseless;
};

/* In the order in which they are tried. */
extern const struct hc_device_rule hc_device_browser_rules[], hc_device_system_rules[],
    hc_device_device_rules[];
extern const int hc_device_browser_rules_count, hc_device_system_rules_count, hc_device_device_rules_count;

/* Names by key. */
extern const char *const hc_device_system_names[], *const hc_device_browser_names[];
extern const int hc_device_system_names_count, hc_device_browser_names_count;

struct hc_device_key {
    const char *text; /* a name or further name, ASCII letters in lower case */
    int key;
};

/* In the order of their bytes. */
extern const struct hc_device_key hc_device_system_keys[], hc_device_browser_keys[];
extern const int hc_device_system_keys_count, hc_device_browser_keys_count;

struct hc_device_agent {
    unsigned upto; /* sum of the weights up to and with this one */
    const char *ua;
};

extern const struct hc_device_agent hc_device_agents[];
extern const int hc_device_agents_count;

#endif
