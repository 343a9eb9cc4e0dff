/* notice.c - see notice.h. */
#include "notice.h"

#include "clock.h"
#include "ids.h"
#include "user.h"

#define NOTICE_MAX (256 * 1024) /* bytes; a user of 16 KB is longer as JSON, never that long */

static void write_notice(struct hc_buf *text, const char *topic, const char *hex, const bson_t *user)
{
    struct hc_json j;
    hc_json_begin(&j, text);
    hc_json_open(&j, '{');
    hc_json_key(&j, "body");
    if (user) {
        hc_user_json(&j, user);
    } else {
        hc_json_open(&j, '{');
        hc_json_put_str(&j, "deleteId", hex);
        hc_json_close(&j, '}');
    }
    hc_json_put_str(&j, "message", topic);
    hc_json_put_int(&j, "createAt", hc_now_ms());
    hc_json_close(&j, '}');
}

enum hc_err hc_notice_send(struct hc_bus *bus, const char *topic, const bson_oid_t *id, const bson_t *user,
                           struct hc_error *err)
{
    char hex[HC_OID_TEXT];
    struct hc_buf text;
    hc_oid_to_hex(id->bytes, hex);
    hc_buf_init(&text, NOTICE_MAX);
    write_notice(&text, topic, hex, user);
    struct hc_message m = {.topic = topic,
                           .key = hex,
                           .key_len = HC_OID_TEXT - 1,
                           .value = text.data,
                           .value_len = text.len,
                           .partition = -1};
    enum hc_err code = hc_buf_failed(&text)
                           ? hc_fail(err, HC_EBROKER, "kafka", "the user is too long for a message")
                           : hc_bus_send(bus, &m, err);
    hc_buf_release(&text);
    return code;
}
