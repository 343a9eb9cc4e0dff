/* See message.h. */
#include "message.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "user.h"

static const struct hc_json_limits LIMITS = {.bytes = 64 * 1024, .depth = 16, .members = 200};

/* Parses an object. The caller puts *out. */
static enum hc_err read_object(const char *value, size_t len, struct json_object **out, struct hc_error *err)
{
    *out = NULL;
    if (!value || len == 0)
        return hc_fail(err, HC_EMALFORMED, "value", "the message is empty");
    enum hc_err e = hc_json_parse(value, len, &LIMITS, out, err);
    if (e != HC_OK)
        return e;
    if (!json_object_is_type(*out, json_type_object)) {
        json_object_put(*out);
        *out = NULL;
        return hc_fail(err, HC_EMALFORMED, "value", "the message is not a JSON object");
    }
    return HC_OK;
}

/* A number, or a string of 1 to 18 digits. */
static bool whole_number(struct json_object *o, int64_t *out)
{
    if (json_object_is_type(o, json_type_int)) {
        *out = json_object_get_int64(o);
        return true;
    }
    if (!json_object_is_type(o, json_type_string))
        return false;
    const char *text = json_object_get_string(o);
    size_t len = (size_t)json_object_get_string_len(o);
    if (len < 1 || len > 18 || strspn(text, "0123456789") != len)
        return false;
    *out = strtoll(text, NULL, 10);
    return true;
}

static enum hc_err read_trigger(struct json_object *o, int64_t most, struct hc_trigger *out,
                                struct hc_error *err)
{
    struct json_object *n, *seed, *job;
    int64_t number;
    if (!json_object_object_get_ex(o, "totalUserCreate", &n) || !whole_number(n, &out->total) ||
        out->total < 1 || out->total > most)
        return hc_fail(err, HC_EMALFORMED, "totalUserCreate",
                       "it has to be a whole number from 1 to %" PRId64, most);
    if (json_object_object_get_ex(o, "seed", &seed)) {
        if (!whole_number(seed, &number) || number < 0)
            return hc_fail(err, HC_EMALFORMED, "seed", "it has to be a whole number, 0 or more");
        out->has_seed = true;
        out->seed = (uint64_t)number;
    }
    if (json_object_object_get_ex(o, "jobId", &job)) {
        if (!json_object_is_type(job, json_type_string))
            return hc_fail(err, HC_EMALFORMED, "jobId", "it has to be a job's id");
        return hc_job_id(json_object_get_string(job), (size_t)json_object_get_string_len(job), out->job, err);
    }
    return HC_OK;
}

enum hc_err hc_trigger_read(const char *value, size_t len, int64_t most, struct hc_trigger *out,
                            struct hc_error *err)
{
    struct json_object *o;
    memset(out, 0, sizeof *out);
    enum hc_err e = read_object(value, len, &o, err);
    if (e != HC_OK)
        return e;
    e = read_trigger(o, most, out, err);
    json_object_put(o);
    return e;
}

static enum hc_err read_slice(struct json_object *o, struct hc_slice *out, struct hc_error *err)
{
    struct json_object *v, *job, *chunk;
    int64_t version;
    if (!json_object_object_get_ex(o, "v", &v) || !json_object_is_type(v, json_type_int))
        return hc_fail(err, HC_EMALFORMED, "v", "a slice of work needs its version");
    version = json_object_get_int64(v);
    if (version > HC_MESSAGE_VERSION)
        return hc_fail(err, HC_ENEWER, "v", "this slice was sent by a newer Headcount");
    if (!json_object_object_get_ex(o, "job", &job) || !json_object_is_type(job, json_type_string))
        return hc_fail(err, HC_EMALFORMED, "job", "a slice of work needs its job's id");
    if (!json_object_object_get_ex(o, "chunk", &chunk) || !json_object_is_type(chunk, json_type_int))
        return hc_fail(err, HC_EMALFORMED, "chunk", "a slice of work needs its number");
    out->chunk = json_object_get_int64(chunk);
    if (out->chunk < 0 || out->chunk > INT32_MAX)
        return hc_fail(err, HC_EMALFORMED, "chunk", "a slice's number is out of range");
    return hc_job_id(json_object_get_string(job), (size_t)json_object_get_string_len(job), out->job, err);
}

enum hc_err hc_slice_read(const char *value, size_t len, struct hc_slice *out, struct hc_error *err)
{
    struct json_object *o;
    memset(out, 0, sizeof *out);
    enum hc_err e = read_object(value, len, &o, err);
    if (e != HC_OK)
        return e;
    e = read_slice(o, out, err);
    json_object_put(o);
    return e;
}

enum hc_err hc_notice_read(const char *value, size_t len, const char *field, bson_oid_t *user,
                           struct hc_error *err)
{
    struct json_object *o, *body, *id;
    enum hc_err e = read_object(value, len, &o, err);
    if (e != HC_OK)
        return e;
    if (!json_object_object_get_ex(o, "body", &body) || !json_object_is_type(body, json_type_object))
        e = hc_fail(err, HC_EMALFORMED, "body", "a notice needs the user that it is about");
    else if (!json_object_object_get_ex(body, field, &id) || !json_object_is_type(id, json_type_string))
        e = hc_fail(err, HC_EMALFORMED, field, "a notice needs the id of its user");
    else
        e = hc_user_id(json_object_get_string(id), (size_t)json_object_get_string_len(id), user, err);
    json_object_put(o);
    return e;
}

int hc_slice_write(char out[96], const char *job, int64_t chunk)
{
    return snprintf(out, 96, "{\"v\":%d,\"job\":\"%s\",\"chunk\":%" PRId64 "}", HC_MESSAGE_VERSION, job,
                    chunk);
}

bool hc_foreign_job_id(char id[HC_JOB_ID_LEN + 1], const char *cluster, const rd_kafka_message_t *msg)
{
    struct hc_buf text;
    uint8_t hash[HC_HASH128_SIZE];
    rd_kafka_timestamp_type_t kind;
    hc_buf_init(&text, 128 * 1024 + msg->len);
    hc_buf_printf(&text, "%s|%s|%" PRId32 "|%" PRId64 "|%" PRId64 "|", cluster, rd_kafka_topic_name(msg->rkt),
                  msg->partition, msg->offset, rd_kafka_message_timestamp(msg, &kind));
    hc_buf_add(&text, msg->payload, msg->len);
    hc_hash128(text.data, text.len, hash);
    hc_ulid_from_bytes(id, hash);
    bool ok = !hc_buf_failed(&text);
    hc_buf_release(&text);
    return ok;
}
