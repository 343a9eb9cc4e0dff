/* activity.c - POST (and for old clients GET) /v1/user/activity/:id.
 *
 * One request of a user is one message; "ok" means that Kafka has it on its disks. It is counted by whoever
 * reads it there, once, however often it comes: its event names it.
 */
#include "activity.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "handlers.h"
#include "ids.h"
#include "requests.h"
#include "user.h"

#define MESSAGE_MAX 8192 /* bytes; the longest User-Agent, escaped, is 3 KB */
#define SPARE_MS 50      /* of the request's time: for the answer */

/* ---- the event ---- */

/* The same key is the same event, so that a request that was repeated is counted once. */
static enum hc_err name_event(const struct request *r, char out[HC_ULID_TEXT], struct hc_error *err)
{
    static const char route[] = "POST /v1/user/activity\n";
    const char *key = r->fields.idempotency_key;
    char text[sizeof route + 256];
    uint8_t hash[HC_HASH128_SIZE];
    if (!key)
        return hc_ulid_new(out) == 0 ? HC_OK
                                     : hc_fail(err, HC_EINTERNAL, NULL, "no randomness for an event's name");
    size_t len = strlen(key);
    bool fine = len >= 1 && len <= 255;
    for (size_t i = 0; fine && i < len; i++)
        fine = key[i] >= 0x20 && key[i] < 0x7f;
    if (!fine)
        return hc_fail(err, HC_EMALFORMED, "Idempotency-Key",
                       "An Idempotency-Key has 1 to 255 printable ASCII characters");
    int text_len = snprintf(text, sizeof text, "%s%s", route, key);
    hc_hash128(text, (size_t)text_len, hash);
    hc_ulid_from_bytes(out, hash);
    return HC_OK;
}

/* ---- the message ---- */

static void write_message(struct context *c, const bson_oid_t *user, const char *event)
{
    struct hc_json j;
    struct hc_device device;
    const char *agent = c->request.fields.user_agent;
    int64_t now = hc_now_ms();
    hc_device_read(&device, agent, agent ? strlen(agent) : 0);
    hc_buf_clear(&c->scratch);
    hc_json_begin(&j, &c->scratch);
    hc_activity_message(&j, user, &device, now, event, now);
}

/* All requests of a slot's users lie together, so that one worker counts them. Where nobody knows how many
 * partitions there are, the key decides: that costs speed only. */
static int32_t partition_of(struct hc_bus *bus, const bson_oid_t *user)
{
    int32_t partitions = hc_bus_is_up(bus) ? hc_bus_partitions(bus, HC_TOPIC_ACTIVITY) : 0;
    return partitions > 0 ? hc_user_slot(user) % partitions : -1;
}

static enum hc_err send_message(struct context *c, const bson_oid_t *user, struct hc_error *err)
{
    char key[HC_OID_TEXT];
    struct hc_bus *bus;
    enum hc_err code = context_bus(c, &bus, err);
    if (code != HC_OK)
        return code;
    hc_oid_to_hex(user->bytes, key);
    struct hc_message m = {.topic = HC_TOPIC_ACTIVITY,
                           .key = key,
                           .key_len = strlen(key),
                           .value = c->scratch.data,
                           .value_len = c->scratch.len,
                           .partition = partition_of(bus, user)};
    return hc_bus_send_wait(bus, &m, context_left_ms(c) - SPARE_MS, err);
}

/* While Kafka is away each request would hold its worker until its deadline. So one at a time tries, and the
 * others are refused at once. */
static enum hc_err deliver(struct context *c, const bson_oid_t *user, struct hc_error *err)
{
    struct breaker *broker = &c->web->broker;
    if (hc_buf_failed(&c->scratch) || c->scratch.len > MESSAGE_MAX)
        return hc_fail(err, HC_EINTERNAL, NULL, "the message of a request is too long");
    if (context_left_ms(c) <= SPARE_MS)
        return hc_fail(err, HC_EDEADLINE, NULL, "The time for this request is over");
    if (!breaker_try(broker, hc_mono_ms()))
        return hc_fail(err, HC_EBROKER, "kafka", "The message broker (Kafka) can't be reached right now");
    enum hc_err code = send_message(c, user, err);
    breaker_note(broker, hc_mono_ms(), code != HC_OK);
    if (code == HC_EOUTCOME)
        hc_fail(
            err, code, "kafka",
            "The message broker's (Kafka's) answer was lost, so the request may be counted; repeat it with "
            "the same Idempotency-Key, or not at all");
    return code;
}

/* ---- the route ---- */

enum hc_err activity_note(struct context *c, struct hc_error *err)
{
    struct hc_json j;
    bson_oid_t user;
    char event[HC_ULID_TEXT];
    enum hc_err code = name_event(&c->request, event, err);
    if (code == HC_OK)
        code = requests_user(c, route_last(&c->request), &user, err);
    if (code != HC_OK)
        return code;
    write_message(c, &user, event);
    code = deliver(c, &user, err);
    if (code != HC_OK)
        return code;
    response_json(&c->response, &j);
    hc_json_open(&j, '{');
    hc_json_put_str(&j, "result", "ok");
    hc_json_close(&j, '}');
    return HC_OK;
}
