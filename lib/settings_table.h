/* settings_table.h - inside of settings.h: the table of settings and its types.
 *
 * A row says all that is known of one setting. Its kind knows how a value looks
 * and where it goes; a new sort of value is a new kind in settings_check.c. All
 * is constant data.
 */
#ifndef HC_SETTINGS_TABLE_H
#define HC_SETTINGS_TABLE_H

#include "settings.h"

enum hc_setting_store { HC_SETTING_TEXT, HC_SETTING_INTEGER, HC_SETTING_BOOLEAN };

struct hc_setting;

struct hc_setting_kind {
    enum hc_setting_store store; /* char *, int64_t or bool at the row's offset */
    const char *accepted;        /* "must be …"; of integers and words the row says it */
    /* True when value, which is not empty, is acceptable. */
    bool (*check)(const struct hc_setting *row, const char *value);
};

extern const struct hc_setting_kind hc_kind_text, hc_kind_integer, hc_kind_boolean, hc_kind_word,
    hc_kind_mongodb, hc_kind_redis, hc_kind_brokers, hc_kind_pairs, hc_kind_bind, hc_kind_socket,
    hc_kind_token, hc_kind_hosts, hc_kind_origins, hc_kind_addresses, hc_kind_zone, hc_kind_instance;

struct hc_setting {
    const char *group; /* heading of the row and those behind it, or NULL */
    const char *name;
    const struct hc_setting_kind *kind;
    size_t offset;       /* in struct hc_settings */
    const char *initial; /* default, as one would write it; "" for none */
    int64_t low, high;   /* of integers, both included */
    const char *words;   /* of words: separated by ", " */
    bool secret;         /* also as NAME_FILE, and never shown */
    const char *about;   /* one sentence without the final stop */
};

extern const struct hc_setting hc_settings_table[];
extern const size_t hc_settings_count;

/* Appends what a row accepts, such as "a whole number from 1 to 65535". */
void hc_setting_accepted(const struct hc_setting *row, struct hc_buf *out);

#endif
