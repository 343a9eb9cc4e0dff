/* test_activity.c - one request of one user: its message, its document, its name. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activity.h"

#define USER "507f1f77bcf86cd799439011"
#define BODY(more) "{\"body\":{\"user\":\"" USER "\"" more "},\"event\":\"e\"}"
#define TAKEN INT64_C(1795440000000)

static const struct hc_activity_origin FROM = {
    .cluster = "abc", .topic = "user.activate.create", .partition = 3, .offset = 17, .time_ms = TAKEN};

static enum hc_err read_text(struct hc_activity *a, const char *text, struct hc_error *err)
{
    memset(a, 0, sizeof *a);
    memset(err, 0, sizeof *err);
    return hc_activity_read(a, text, strlen(text), &FROM, err);
}

static void read_fine(struct hc_activity *a, const char *text)
{
    struct hc_error err;
    enum hc_err code = read_text(a, text, &err);
    if (code != HC_OK)
        print_error("%s: %s\n", text, err.detail);
    assert_int_equal(code, HC_OK);
}

static bool find(const bson_t *doc, const char *path, bson_iter_t *found)
{
    bson_iter_t iter;
    return bson_iter_init(&iter, doc) && bson_iter_find_descendant(&iter, path, found);
}

static void check_text(const bson_t *doc, const char *path, const char *want)
{
    bson_iter_t found;
    if (!find(doc, path, &found) || !BSON_ITER_HOLDS_UTF8(&found))
        fail_msg("%s is no text", path);
    assert_string_equal(bson_iter_utf8(&found, NULL), want);
}

/* ---- what is refused ---- */

static const struct {
    const char *text, *field;
} REFUSED[] = {
    {"", "value"},
    {"null", "value"},
    {"[]", "value"},
    {"\"x\"", "value"},
    {"17", "value"},
    {"hello", ""},
    {"{", ""},
    {"{}{}", ""},
    {"{\"body\":{},\"body\":{}}", ""},
    {"{\"body\":NaN}", ""},
    {"{\"body\":\"\xff\"}", ""},
    {"{}", "body"},
    {"{\"body\":null}", "body"},
    {"{\"body\":[]}", "body"},
    {"{\"body\":\"" USER "\"}", "body"},
    {"{\"body\":{}}", "user"},
    {"{\"body\":{\"user\":null}}", "user"},
    {"{\"body\":{\"user\":1}}", "user"},
    {"{\"body\":{\"user\":{\"$gt\":\"\"}}}", "user"},
    {"{\"body\":{\"user\":[\"" USER "\"]}}", "user"},
    {"{\"body\":{\"user\":\"\"}}", "user"},
    {"{\"body\":{\"user\":\"507f1f77bcf86cd79943901\"}}", "user"},
    {"{\"body\":{\"user\":\"507f1f77bcf86cd7994390111\"}}", "user"},
    {"{\"body\":{\"user\":\"507f1f77bcf86cd79943901g\"}}", "user"},
    {"{\"body\":{\"user\":\" 07f1f77bcf86cd799439011\"}}", "user"},
    {BODY(",\"requestTime\":-1"), "requestTime"},
    {BODY(",\"requestTime\":253402300800000"), "requestTime"},
    {BODY(",\"requestTime\":9223372036854775807"), "requestTime"},
    {BODY(",\"requestTime\":9223372036854775808"), ""},
    {BODY(",\"requestTime\":1.5"), "requestTime"},
    {BODY(",\"requestTime\":\"1660000000000\""), "requestTime"},
    {BODY(",\"requestTime\":true"), "requestTime"},
    {BODY(",\"requestTime\":{}"), "requestTime"},
    {BODY(",\"device\":\"phone\""), "device"},
    {BODY(",\"device\":[]"), "device"},
    {BODY(",\"device\":7"), "device"},
    {"{\"body\":{\"user\":\"" USER "\"},\"event\":\"\"}", "event"},
    {"{\"body\":{\"user\":\"" USER "\"},\"event\":7}", "event"},
    {"{\"body\":{\"user\":\"" USER "\"},\"event\":{}}", "event"},
    {"{\"body\":{\"user\":\"" USER "\"},\"event\":\"a b\"}", "event"},
    {"{\"body\":{\"user\":\"" USER "\"},\"event\":\"\xc3\xa9\"}", "event"},
    {"{\"body\":{\"user\":\"" USER "\"},\"event\":\"a\\nb\"}", "event"},
    {"{\"body\":{\"user\":\"" USER
     "\"},\"event\":\"12345678901234567890123456789012345678901234567890123456789012345\"}",
     "event"},
};

static void what_is_no_request_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct hc_activity a;
        struct hc_error err;
        if (read_text(&a, REFUSED[i].text, &err) != HC_EMALFORMED)
            fail_msg("taken: %s", REFUSED[i].text);
        assert_string_equal(err.field, REFUSED[i].field);
        assert_true(err.detail[0]);
        assert_null(a.device);
    }
    struct hc_activity a = {0};
    struct hc_error err;
    assert_int_equal(hc_activity_read(&a, NULL, 0, &FROM, &err), HC_EMALFORMED);
}

static void what_is_too_long_or_too_deep_is_refused(void **state)
{
    (void)state;
    struct hc_activity a = {0};
    struct hc_error err = {0};
    size_t len = 1 << 20;
    char *text = malloc(len + 1);
    memset(text, ' ', len);
    text[len] = '\0';
    memcpy(text, BODY(""), strlen(BODY("")));
    assert_int_equal(hc_activity_read(&a, text, len, &FROM, &err), HC_ETOOLARGE);
    assert_null(a.device);

    size_t at = (size_t)sprintf(text, "{\"body\":{\"user\":\"" USER "\",\"device\":{\"x\":");
    memset(text + at, '[', 30);
    memset(text + at + 30, ']', 30);
    strcpy(text + at + 60, "}},\"event\":\"e\"}");
    assert_int_equal(hc_activity_read(&a, text, strlen(text), &FROM, &err), HC_EMALFORMED);
    assert_null(a.device);
    free(text);
}

/* ---- its name ---- */

static void one_event_of_one_user_is_one_id(void **state)
{
    (void)state;
    bson_oid_t user, other, id, again;
    bson_oid_init_from_string(&user, USER);
    bson_oid_init_from_string(&other, "507f1f77bcf86cd799439012");
    hc_activity_id(&id, &user, "job/17", 6);
    hc_activity_id(&again, &user, "job/17 and more", 6);
    assert_true(bson_oid_equal(&id, &again));
    hc_activity_id(&again, &other, "job/17", 6);
    assert_false(bson_oid_equal(&id, &again));
    hc_activity_id(&again, &user, "job/18", 6);
    assert_false(bson_oid_equal(&id, &again));
    hc_activity_id(&again, &user, "job/17", 5);
    assert_false(bson_oid_equal(&id, &again));

    char text[25];
    bson_oid_to_string(&id, text);
    assert_string_equal(text, "a847d27c77f8b2f6908abff5"); /* stored ones must be met for ever */
}

static void the_event_decides_and_nothing_else(void **state)
{
    (void)state;
    struct hc_activity a, b;
    struct hc_activity_origin elsewhere = {"x", "y", 0, 0, TAKEN + 99};
    struct hc_error err;
    static const char more[] = BODY(",\"requestTime\":5,\"device\":{\"ua\":\"x\"}");
    bson_oid_t id;
    read_fine(&a, BODY(""));
    memset(&b, 0, sizeof b);
    assert_int_equal(hc_activity_read(&b, more, strlen(more), &elsewhere, &err), HC_OK);
    assert_true(bson_oid_equal(&a.id, &b.id));
    hc_activity_id(&id, &a.user, "e", 1);
    assert_true(bson_oid_equal(&a.id, &id));
    hc_activity_release(&a);
    hc_activity_release(&b);
}

/* Without an event: the same place in the same log with the same content is the same, all else another. */
static void a_foreign_message_is_named_by_its_place(void **state)
{
    (void)state;
    static const char text[] = "{\"body\":{\"user\":\"" USER "\"}}";
    static const char null_event[] = "{\"body\":{\"user\":\"" USER "\"},\"event\":null}";
    static const struct {
        struct hc_activity_origin from;
        const char *text;
    } OTHERS[] = {
        {{"abd", "user.activate.create", 3, 17, TAKEN}, text},
        {{"abc", "user.activate.creat", 3, 17, TAKEN}, text},
        {{"abc", "user.activate.create", 4, 17, TAKEN}, text},
        {{"abc", "user.activate.create", 3, 18, TAKEN}, text},
        {{"abc", "user.activate.create", 3, 17, TAKEN + 1}, text},
        {{"abc", "user.activate.create", 3, 17, TAKEN}, "{\"body\":{\"user\":\"" USER "\"}} "},
        {{"abc", "user.activate.create", 3, 17, TAKEN}, null_event},
    };
    struct hc_activity first, again;
    struct hc_error err;
    read_fine(&first, text);
    read_fine(&again, text);
    assert_true(bson_oid_equal(&first.id, &again.id));
    hc_activity_release(&again);
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        struct hc_activity other = {0};
        assert_int_equal(
            hc_activity_read(&other, OTHERS[i].text, strlen(OTHERS[i].text), &OTHERS[i].from, &err), HC_OK);
        if (bson_oid_equal(&first.id, &other.id))
            fail_msg("case %zu is the same event", i);
        hc_activity_release(&other);
    }
    hc_activity_release(&first);
}

/* ---- its time ---- */

static void times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want;
    } CASES[] = {
        {BODY(""), TAKEN},
        {BODY(",\"requestTime\":null"), TAKEN},
        {BODY(",\"requestTime\":0"), 0},
        {BODY(",\"requestTime\":1660000000000"), 1660000000000},
        {BODY(",\"requestTime\":1795440119999"), TAKEN + 119999},
        {BODY(",\"requestTime\":1795440120000"), TAKEN + 120000},
        {BODY(",\"requestTime\":1795440120001"), TAKEN + 120000},
        {BODY(",\"requestTime\":253402300799999"), TAKEN + 120000},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct hc_activity a;
        read_fine(&a, CASES[i].text);
        assert_int_equal(a.time_ms, CASES[i].want);
        assert_int_equal(a.taken_ms, TAKEN);
        hc_activity_release(&a);
    }
}

/* ---- its device ---- */

static void a_missing_device_is_other(void **state)
{
    (void)state;
    static const char *const NONE[] = {
        BODY(""),
        BODY(",\"device\":null"),
        BODY(",\"device\":{}"),
        BODY(",\"device\":{\"ua\":7,\"os\":\"Windows\",\"browser\":[],\"device\":null}"),
        BODY(",\"device\":{\"os\":{\"name\":7},\"browser\":{\"name\":\"\"}}"),
        BODY(",\"device\":{\"os\":{\"name\":\"A..b\"},\"browser\":{\"name\":\"$inc\"}}"),
    };
    for (size_t i = 0; i < sizeof NONE / sizeof NONE[0]; i++) {
        struct hc_activity a;
        read_fine(&a, NONE[i]);
        assert_int_equal(a.os, HC_DEVICE_OTHER);
        assert_int_equal(a.browser, HC_DEVICE_OTHER);
        bson_iter_t found;
        assert_true(find(a.device, "os.name", &found) && find(a.device, "browser.name", &found));
        hc_activity_release(&a);
    }
}

/* What the sender read goes before what we read; what it did not read, we do. */
static void names_go_before_the_user_agent(void **state)
{
    (void)state;
#define AGENT "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
    struct hc_activity a;
    read_fine(&a, BODY(",\"device\":{\"ua\":\"" AGENT "\"}"));
    assert_int_equal(a.os, hc_device_system_key("Windows", 7));
    assert_int_equal(a.browser, hc_device_browser_key("Firefox", 7));
    assert_int_not_equal(a.os, HC_DEVICE_OTHER);
    assert_int_not_equal(a.browser, HC_DEVICE_OTHER);
    check_text(a.device, "ua", AGENT);
    check_text(a.device, "os.name", "Windows");
    hc_activity_release(&a);

    read_fine(&a, BODY(",\"device\":{\"ua\":\"" AGENT "\",\"os\":{\"name\":\"Linux\",\"version\":\"6.1\"},"
                       "\"device\":{\"vendor\":\"Acme\",\"model\":\"One\",\"type\":\"tablet\"}}"));
    assert_int_equal(a.os, hc_device_system_key("Linux", 5));
    assert_int_equal(a.browser, hc_device_browser_key("Firefox", 7));
    check_text(a.device, "os.name", "Linux");
    check_text(a.device, "os.version", "6.1");
    check_text(a.device, "browser.name", "Firefox");
    check_text(a.device, "device.vendor", "Acme");
    check_text(a.device, "device.model", "One");
    check_text(a.device, "device.type", "tablet");
    hc_activity_release(&a);

    read_fine(&a, BODY(",\"device\":{\"ua\":\"" AGENT "\",\"os\":{\"name\":\"Nobody's OS\"}}"));
    assert_int_equal(a.os, HC_DEVICE_OTHER);
    check_text(a.device, "os.name", "Nobody's OS");
    hc_activity_release(&a);
}

/* Long names are cut at a character, also where that is one byte earlier. */
static void long_names_are_cut(void **state)
{
    (void)state;
    char text[4096] = "{\"body\":{\"user\":\"" USER "\",\"device\":{\"ua\":\"";
    for (int i = 0; i < 400; i++)
        strcat(text, "\xc3\xa9");
    strcat(text, "\",\"os\":{\"name\":\"");
    for (int i = 0; i < 100; i++)
        strcat(text, "\xc3\xa9");
    strcat(text, "\"}}},\"event\":\"e\"}");
    struct hc_activity a;
    bson_iter_t found;
    uint32_t len;
    read_fine(&a, text);
    assert_true(find(a.device, "os.name", &found));
    bson_iter_utf8(&found, &len);
    assert_int_equal(len, 62);
    assert_true(find(a.device, "ua", &found));
    bson_iter_utf8(&found, &len);
    assert_int_equal(len, 512);
    assert_true(bson_validate(a.device, BSON_VALIDATE_UTF8, NULL));
    hc_activity_release(&a);
}

static void extras_are_kept_if_their_names_are_plain(void **state)
{
    (void)state;
    struct hc_activity a;
    bson_iter_t found;
    read_fine(&a,
              BODY(",\"device\":{\"engine\":{\"name\":\"Gecko\",\"a.b\":1,\"$set\":2,\"\":3,\"ok\":[1,{\"$"
                   "x\":1},null]},"
                   "\"cpu\":{\"architecture\":\"amd64\"},\"big\":9007199254740993,\"half\":0.5,\"yes\":true,"
                   "\"no.dots\":1,\"$inc\":{\"sum\":1},\"\":1,"
                   "\"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\":1}"));
    check_text(a.device, "engine.name", "Gecko");
    check_text(a.device, "cpu.architecture", "amd64");
    assert_true(find(a.device, "big", &found) && bson_iter_int64(&found) == INT64_C(9007199254740993));
    assert_true(find(a.device, "half", &found) && BSON_ITER_HOLDS_DOUBLE(&found));
    assert_true(find(a.device, "yes", &found) && bson_iter_bool(&found));
    assert_true(find(a.device, "engine.ok.0", &found) && find(a.device, "engine.ok.2", &found));
    assert_true(BSON_ITER_HOLDS_NULL(&found));
    assert_true(bson_validate(a.device,
                              BSON_VALIDATE_UTF8 | BSON_VALIDATE_DOLLAR_KEYS | BSON_VALIDATE_DOT_KEYS |
                                  BSON_VALIDATE_EMPTY_KEYS,
                              NULL));
    bson_iter_t iter;
    int count = 0;
    assert_true(bson_iter_init(&iter, a.device));
    while (bson_iter_next(&iter))
        count++;
    assert_int_equal(count, 2 + 5); /* os, browser; engine, cpu, big, half, yes */
    hc_activity_release(&a);
}

/* A device that is too big loses its extras, and nothing that is counted. */
static void a_big_device_loses_its_extras(void **state)
{
    (void)state;
    char *text = malloc(8192);
    for (int fill = 1000; fill <= 3000; fill += 2000) {
        struct hc_activity a;
        bson_iter_t found;
        int at = sprintf(text, "{\"body\":{\"user\":\"" USER
                               "\",\"device\":{\"engine\":{\"name\":\"Gecko\"},\"x\":\"");
        memset(text + at, 'x', (size_t)fill);
        strcpy(text + at + fill, "\",\"os\":{\"name\":\"Windows\"}}},\"event\":\"e\"}");
        read_fine(&a, text);
        assert_int_equal(a.os, hc_device_system_key("Windows", 7));
        check_text(a.device, "os.name", "Windows");
        assert_int_equal(find(a.device, "x", &found), fill == 1000);
        assert_int_equal(find(a.device, "engine", &found), fill == 1000);
        assert_true(a.device->len <= HC_ACTIVITY_DEVICE_MAX);
        hc_activity_release(&a);
    }
    free(text);
}

/* ---- as it is stored, and there and back ---- */

static void the_document(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        bson_type_t type;
    } FIELDS[] = {{"_id", BSON_TYPE_OID},
                  {"user", BSON_TYPE_OID},
                  {"requestTime", BSON_TYPE_DATE_TIME},
                  {"device", BSON_TYPE_DOCUMENT},
                  {"createdAt", BSON_TYPE_DATE_TIME},
                  {"updatedAt", BSON_TYPE_DATE_TIME},
                  {"_hc", BSON_TYPE_DOCUMENT}};
    struct hc_activity a;
    bson_t doc = BSON_INITIALIZER;
    bson_iter_t iter, found;
    read_fine(&a, BODY(",\"requestTime\":1660000000000,\"device\":{\"os\":{\"name\":\"Windows\"}}"));
    hc_activity_bson(&a, &doc);
    assert_true(bson_iter_init(&iter, &doc));
    for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++) {
        assert_true(bson_iter_next(&iter));
        assert_string_equal(bson_iter_key(&iter), FIELDS[i].key);
        assert_int_equal(bson_iter_type(&iter), FIELDS[i].type);
    }
    assert_false(bson_iter_next(&iter));
    assert_true(find(&doc, "requestTime", &found) && bson_iter_date_time(&found) == 1660000000000);
    assert_true(find(&doc, "createdAt", &found) && bson_iter_date_time(&found) == TAKEN);
    assert_true(find(&doc, "_hc.o", &found) && bson_iter_int32(&found) == a.os);
    assert_true(find(&doc, "_hc.b", &found) && bson_iter_int32(&found) == a.browser);
    bson_destroy(&doc);
    hc_activity_release(&a);
    hc_activity_release(&a); /* harmless */
}

static void our_own_message_reads_back(void **state)
{
    (void)state;
    struct hc_buf text;
    struct hc_json j;
    struct hc_device device;
    bson_oid_t user, id;
    struct hc_activity a;
    static const char agent[] = AGENT " \"quoted\\ \x01";
    bson_oid_init_from_string(&user, USER);
    hc_device_read(&device, agent, sizeof agent - 1);
    hc_buf_init(&text, 8192);
    hc_json_begin(&j, &text);
    hc_activity_message(&j, &user, &device, 1660000000000, "01ARZ3NDEKTSV4RRFFQ69G5FAV", 1660000000005);
    assert_false(hc_buf_failed(&text));
    static const char head[] = "{\"body\":{\"user\":\"" USER "\",\"device\":{";
    static const char tail[] = "},\"requestTime\":1660000000000},\"message\":\"user.activate.create\","
                               "\"createAt\":1660000000005,\"event\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\"}";
    assert_memory_equal(text.data, head, sizeof head - 1);
    assert_string_equal(text.data + text.len - (sizeof tail - 1), tail);
    read_fine(&a, text.data);
    hc_activity_id(&id, &user, "01ARZ3NDEKTSV4RRFFQ69G5FAV", 26);
    assert_true(bson_oid_equal(&a.id, &id));
    assert_true(bson_oid_equal(&a.user, &user));
    assert_int_equal(a.time_ms, 1660000000000);
    assert_int_equal(a.os, device.os.key);
    assert_int_equal(a.browser, device.browser.key);
    hc_activity_release(&a);
    hc_buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(what_is_too_long_or_too_deep_is_refused),
        cmocka_unit_test(one_event_of_one_user_is_one_id),
        cmocka_unit_test(the_event_decides_and_nothing_else),
        cmocka_unit_test(a_foreign_message_is_named_by_its_place),
        cmocka_unit_test(times),
        cmocka_unit_test(a_missing_device_is_other),
        cmocka_unit_test(names_go_before_the_user_agent),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(extras_are_kept_if_their_names_are_plain),
        cmocka_unit_test(a_big_device_loses_its_extras),
        cmocka_unit_test(the_document),
        cmocka_unit_test(our_own_message_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
