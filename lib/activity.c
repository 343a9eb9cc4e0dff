/* activity.c - see activity.h. */
#include "activity.h"

#include <inttypes.h>
#include <string.h>

#include "bus.h"
#include "ids.h"
#include "user.h"

#define TIME_MAX_MS INT64_C(253402300799999) /* the last ms of the year 9999 */
#define KEY_MAX 64                           /* bytes of a field's name in a device's extras */

static const struct hc_json_limits LIMITS = {.bytes = 64 * 1024, .depth = 16, .members = 200};

/* ---- ids ---- */

void hc_activity_id(bson_oid_t *out, const bson_oid_t *user, const char *event, size_t len)
{
    uint8_t text[sizeof user->bytes + HC_ACTIVITY_EVENT_MAX];
    uint8_t hash[HC_HASH128_SIZE];
    if (len > HC_ACTIVITY_EVENT_MAX)
        len = HC_ACTIVITY_EVENT_MAX;
    memcpy(text, user->bytes, sizeof user->bytes);
    memcpy(text + sizeof user->bytes, event, len);
    hc_hash128(text, sizeof user->bytes + len, hash);
    memcpy(out->bytes, hash, sizeof out->bytes);
}

/* The event of a message that names none: where and when the broker took it, and what it says. The same
 * message is the same event for ever, and one of a wiped log is another. */
static enum hc_err foreign_event(char out[HC_ULID_TEXT], const void *value, size_t len,
                                 const struct hc_activity_origin *from, struct hc_error *err)
{
    struct hc_buf text;
    uint8_t hash[HC_HASH128_SIZE];
    hc_buf_init(&text, 1024 + len);
    hc_buf_printf(&text, "%.400s|%.400s|%" PRId32 "|%" PRId64 "|%" PRId64 "|", from->cluster, from->topic,
                  from->partition, from->offset, from->time_ms);
    hc_buf_add(&text, value, len);
    hc_hash128(text.data, text.len, hash);
    hc_ulid_from_bytes(out, hash);
    bool failed = hc_buf_failed(&text);
    hc_buf_release(&text);
    return failed ? hc_fail(err, HC_ENOMEM, NULL, "out of memory") : HC_OK;
}

/* ---- a device ---- */

/* The text under that name; NULL when o is no object, or has none there that isn't empty. */
static const char *text_in(struct json_object *o, const char *name, size_t *len)
{
    struct json_object *found;
    if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, name, &found) ||
        !json_object_is_type(found, json_type_string) || json_object_get_string_len(found) == 0)
        return NULL;
    *len = (size_t)json_object_get_string_len(found);
    return json_object_get_string(found);
}

/* Copies that text, cut at a character's border. False, and "" in out, when there is none. */
static bool copy_text(char *out, size_t size, struct json_object *o, const char *name)
{
    size_t len = 0;
    const char *text = text_in(o, name, &len);
    if (text && len >= size)
        len = hc_utf8_valid(text, size - 1);
    if (text)
        memcpy(out, text, len);
    out[text ? len : 0] = '\0';
    return text != NULL;
}

/* What the sender read of the system, the browser or the device itself goes before what we read of ua. */
static void read_device(struct hc_device *d, struct json_object *o)
{
    struct json_object *os = NULL, *browser = NULL, *device = NULL;
    size_t len = 0;
    const char *ua = text_in(o, "ua", &len);
    hc_device_read(d, ua, len);
    json_object_object_get_ex(o, "os", &os);
    json_object_object_get_ex(o, "browser", &browser);
    json_object_object_get_ex(o, "device", &device);
    if (text_in(os, "name", &len)) {
        copy_text(d->os.name, sizeof d->os.name, os, "name");
        copy_text(d->os.version, sizeof d->os.version, os, "version");
        d->os.key = hc_device_system_key(d->os.name, strlen(d->os.name));
    }
    if (text_in(browser, "name", &len)) {
        copy_text(d->browser.name, sizeof d->browser.name, browser, "name");
        copy_text(d->browser.version, sizeof d->browser.version, browser, "version");
        d->browser.key = hc_device_browser_key(d->browser.name, strlen(d->browser.name));
    }
    if (text_in(device, "vendor", &len) || text_in(device, "model", &len) || text_in(device, "type", &len)) {
        copy_text(d->vendor, sizeof d->vendor, device, "vendor");
        copy_text(d->model, sizeof d->model, device, "model");
        copy_text(d->type, sizeof d->type, device, "type");
    }
}

/* Names that would mean something else in an update or a path are left out. */
static bool is_plain_name(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= KEY_MAX && name[0] != '$' && !strchr(name, '.');
}

static void append_value(bson_t *doc, const char *key, struct json_object *value);

static void append_object(bson_t *doc, const char *key, struct json_object *o)
{
    bson_t inner;
    bson_append_document_begin(doc, key, -1, &inner);
    struct json_object_iterator at = json_object_iter_begin(o);
    struct json_object_iterator end = json_object_iter_end(o);
    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
        if (is_plain_name(json_object_iter_peek_name(&at)))
            append_value(&inner, json_object_iter_peek_name(&at), json_object_iter_peek_value(&at));
    bson_append_document_end(doc, &inner);
}

static void append_array(bson_t *doc, const char *key, struct json_object *list)
{
    bson_t inner;
    bson_append_array_begin(doc, key, -1, &inner);
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        char number[16];
        const char *place;
        bson_uint32_to_string((uint32_t)i, &place, number, sizeof number);
        append_value(&inner, place, json_object_array_get_idx(list, i));
    }
    bson_append_array_end(doc, &inner);
}

static void append_value(bson_t *doc, const char *key, struct json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_object:
        append_object(doc, key, value);
        break;
    case json_type_array:
        append_array(doc, key, value);
        break;
    case json_type_string:
        bson_append_utf8(doc, key, -1, json_object_get_string(value), json_object_get_string_len(value));
        break;
    case json_type_int:
        bson_append_int64(doc, key, -1, json_object_get_int64(value));
        break;
    case json_type_double:
        bson_append_double(doc, key, -1, json_object_get_double(value));
        break;
    case json_type_boolean:
        bson_append_bool(doc, key, -1, json_object_get_boolean(value));
        break;
    default:
        bson_append_null(doc, key, -1);
        break;
    }
}

/* What a sender knows of a device beside what we know: its engine, its processor. */
static void append_extras(bson_t *doc, struct json_object *o)
{
    static const char *const ours[] = {"ua", "os", "browser", "device"};
    struct json_object_iterator at = json_object_iter_begin(o);
    struct json_object_iterator end = json_object_iter_end(o);
    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
        const char *name = json_object_iter_peek_name(&at);
        bool extra = is_plain_name(name);
        for (size_t i = 0; extra && i < sizeof ours / sizeof ours[0]; i++)
            extra = strcmp(name, ours[i]) != 0;
        if (extra)
            append_value(doc, name, json_object_iter_peek_value(&at));
    }
}

/* o: an object or NULL. */
static void make_device(struct hc_activity *a, struct json_object *o)
{
    struct hc_device d;
    bson_t extras = BSON_INITIALIZER;
    read_device(&d, o);
    a->os = d.os.key;
    a->browser = d.browser.key;
    a->device = bson_new();
    hc_device_bson(&d, a->device);
    if (o)
        append_extras(&extras, o);
    if (a->device->len + extras.len <= HC_ACTIVITY_DEVICE_MAX)
        bson_concat(a->device, &extras);
    bson_destroy(&extras);
}

/* ---- reading a message ---- */

static enum hc_err read_user(struct json_object *body, bson_oid_t *user, struct hc_error *err)
{
    struct json_object *id;
    if (!json_object_object_get_ex(body, "user", &id) || !json_object_is_type(id, json_type_string) ||
        hc_user_id(json_object_get_string(id), (size_t)json_object_get_string_len(id), user, NULL) != HC_OK)
        return hc_fail(err, HC_EMALFORMED, "user", "it has to be a user's id: 24 hex digits");
    return HC_OK;
}

/* A time to come would pin the user to a day that no window has. */
static enum hc_err read_time(struct json_object *body, struct hc_activity *a, struct hc_error *err)
{
    struct json_object *time;
    a->time_ms = a->taken_ms;
    if (!json_object_object_get_ex(body, "requestTime", &time) || !time)
        return HC_OK;
    int64_t ms = json_object_is_type(time, json_type_int) ? json_object_get_int64(time) : -1;
    if (ms < 0 || ms > TIME_MAX_MS)
        return hc_fail(err, HC_EMALFORMED, "requestTime",
                       "it has to be a whole number of ms from 1970 to 9999");
    a->time_ms = ms < a->taken_ms + HC_ACTIVITY_AHEAD_MS ? ms : a->taken_ms + HC_ACTIVITY_AHEAD_MS;
    return HC_OK;
}

static bool is_event(const char *event, size_t len)
{
    bool fine = len >= 1 && len <= HC_ACTIVITY_EVENT_MAX;
    for (size_t i = 0; fine && i < len; i++)
        fine = event[i] > 0x20 && event[i] < 0x7f;
    return fine;
}

static enum hc_err read_event(struct hc_activity *a, struct json_object *message, const void *value,
                              size_t len, const struct hc_activity_origin *origin, struct hc_error *err)
{
    struct json_object *event;
    char made[HC_ULID_TEXT];
    if (!json_object_object_get_ex(message, "event", &event) || !event) {
        enum hc_err code = foreign_event(made, value, len, origin, err);
        if (code == HC_OK)
            hc_activity_id(&a->id, &a->user, made, strlen(made));
        return code;
    }
    size_t event_len =
        json_object_is_type(event, json_type_string) ? (size_t)json_object_get_string_len(event) : 0;
    if (event_len == 0 || !is_event(json_object_get_string(event), event_len))
        return hc_fail(err, HC_EMALFORMED, "event", "it has to be 1 to %d visible ASCII characters",
                       HC_ACTIVITY_EVENT_MAX);
    hc_activity_id(&a->id, &a->user, json_object_get_string(event), event_len);
    return HC_OK;
}

static enum hc_err read_body(struct json_object *body, struct hc_activity *a, struct hc_error *err)
{
    struct json_object *device = NULL;
    enum hc_err code = read_user(body, &a->user, err);
    if (code == HC_OK)
        code = read_time(body, a, err);
    if (code != HC_OK)
        return code;
    if (json_object_object_get_ex(body, "device", &device) && device &&
        !json_object_is_type(device, json_type_object))
        return hc_fail(err, HC_EMALFORMED, "device", "it has to be an object");
    make_device(a, device);
    return HC_OK;
}

static enum hc_err read_message(struct hc_activity *out, struct json_object *message, const void *value,
                                size_t len, const struct hc_activity_origin *origin, struct hc_error *err)
{
    struct json_object *body;
    if (!json_object_is_type(message, json_type_object))
        return hc_fail(err, HC_EMALFORMED, "value", "the message is not a JSON object");
    if (!json_object_object_get_ex(message, "body", &body) || !json_object_is_type(body, json_type_object))
        return hc_fail(err, HC_EMALFORMED, "body", "a request needs its body, an object");
    int64_t taken = origin->time_ms;
    out->taken_ms = taken < 0 ? 0 : taken > TIME_MAX_MS ? TIME_MAX_MS : taken;
    enum hc_err code = read_body(body, out, err);
    return code == HC_OK ? read_event(out, message, value, len, origin, err) : code;
}

enum hc_err hc_activity_read(struct hc_activity *out, const void *value, size_t len,
                             const struct hc_activity_origin *origin, struct hc_error *err)
{
    struct json_object *message = NULL;
    if (!value || len == 0)
        return hc_fail(err, HC_EMALFORMED, "value", "the message is empty");
    enum hc_err code = hc_json_parse(value, len, &LIMITS, &message, err);
    if (code != HC_OK)
        return code;
    code = read_message(out, message, value, len, origin, err);
    json_object_put(message);
    if (code != HC_OK)
        hc_activity_release(out);
    return code;
}

void hc_activity_release(struct hc_activity *a)
{
    bson_destroy(a->device);
    a->device = NULL;
}

/* ---- writing ---- */

void hc_activity_bson(const struct hc_activity *a, bson_t *doc)
{
    bson_t keys;
    BSON_APPEND_OID(doc, "_id", &a->id);
    BSON_APPEND_OID(doc, "user", &a->user);
    BSON_APPEND_DATE_TIME(doc, "requestTime", a->time_ms);
    BSON_APPEND_DOCUMENT(doc, "device", a->device);
    BSON_APPEND_DATE_TIME(doc, "createdAt", a->taken_ms);
    BSON_APPEND_DATE_TIME(doc, "updatedAt", a->taken_ms);
    BSON_APPEND_DOCUMENT_BEGIN(doc, "_hc", &keys);
    BSON_APPEND_INT32(&keys, "o", a->os);
    BSON_APPEND_INT32(&keys, "b", a->browser);
    bson_append_document_end(doc, &keys);
}

void hc_activity_message(struct hc_json *out, const bson_oid_t *user, const struct hc_device *device,
                         int64_t time_ms, const char *event, int64_t now_ms)
{
    char id[HC_OID_TEXT];
    hc_oid_to_hex(user->bytes, id);
    hc_json_open(out, '{');
    hc_json_key(out, "body");
    hc_json_open(out, '{');
    hc_json_put_str(out, "user", id);
    hc_json_key(out, "device");
    hc_device_json(out, device);
    hc_json_put_int(out, "requestTime", time_ms);
    hc_json_close(out, '}');
    hc_json_put_str(out, "message", HC_TOPIC_ACTIVITY);
    hc_json_put_int(out, "createAt", now_ms);
    hc_json_put_str(out, "event", event);
    hc_json_close(out, '}');
}
