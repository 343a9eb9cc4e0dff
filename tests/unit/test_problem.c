/* test_problem.c - errors as HTTP answers, and the bytes of an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "problem.h"

static struct response res;

static int set_up(void **state)
{
    (void)state;
    response_init(&res);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    response_release(&res);
    return 0;
}

static const char *member(struct json_object *of, const char *name)
{
    struct json_object *value = NULL;
    assert_true(json_object_object_get_ex(of, name, &value));
    return json_object_get_string(value);
}

static void statuses(void **state)
{
    (void)state;
    static const struct {
        enum hc_err code;
        int status;
        const char *type;
        bool retry;
    } rows[] = {
        {HC_EMALFORMED, 400, "/problems/malformed", false},
        {HC_EUNAUTHORIZED, 401, "/problems/unauthorized", false},
        {HC_EFORBIDDEN, 403, "/problems/forbidden", false},
        {HC_ENOTFOUND, 404, "/problems/not-found", false},
        {HC_EMETHOD, 405, "/problems/method-not-allowed", false},
        {HC_ECONFLICT, 409, "/problems/conflict", false},
        {HC_EPRECONDITION, 412, "/problems/precondition-failed", false},
        {HC_ETOOLARGE, 413, "/problems/too-large", false},
        {HC_ETYPE, 415, "/problems/unsupported-type", false},
        {HC_EINVALID, 422, "/problems/invalid", false},
        {HC_ETOOMANY, 429, "/problems/too-many", true},
        {HC_EBUSY, 503, "/problems/busy", true},
        {HC_EDEADLINE, 503, "/problems/deadline", true},
        {HC_ESTORE, 503, "/problems/store", true},
        {HC_EOUTCOME, 503, "/problems/outcome-unknown", true},
        {HC_ECACHE, 503, "/problems/cache", true},
        {HC_EBROKER, 503, "/problems/broker", true},
        {HC_ENEWER, 503, "/problems/newer", true},
        {HC_ENOMEM, 503, "/problems/out-of-memory", true},
        {HC_EINTERNAL, 500, "/problems/internal", false},
        {HC_ESETTING, 500, "/problems/internal", false},
        {HC_ERR_COUNT, 500, "/problems/internal", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hc_error err = {.code = rows[i].code};
        response_clear(&res);
        problem_write(&res, &err);
        struct json_object *tree = json_tokener_parse(res.body.data);
        assert_non_null(tree);
        assert_int_equal(res.status, rows[i].status);
        assert_int_equal(problem_status(rows[i].code), rows[i].status);
        assert_string_equal(member(tree, "type"), rows[i].type);
        assert_int_equal(atoi(member(tree, "status")), rows[i].status);
        assert_true(strlen(member(tree, "title")) > 0);
        assert_true(strlen(member(tree, "detail")) > 0);
        assert_string_equal(member(tree, "message"), member(tree, "detail"));
        assert_int_equal(strstr(res.headers.data, "Retry-After: ") != NULL, rows[i].retry);
        assert_int_equal(strstr(res.headers.data, "WWW-Authenticate: Bearer") != NULL, rows[i].status == 401);
        json_object_put(tree);
    }
}

static void fields(void **state)
{
    (void)state;
    struct hc_error err = {0};
    hc_fail(&err, HC_EINVALID, "se\"ed", "It must be a \"number\"");
    problem_write(&res, &err);
    assert_non_null(strstr(
        res.body.data, "\"errors\":[{\"field\":\"se\\\"ed\",\"message\":\"It must be a \\\"number\\\"\"}]"));
    assert_string_equal(res.type, TYPE_PROBLEM);
}

/* What went wrong inside is for the log only. */
static void faults_say_nothing(void **state)
{
    (void)state;
    struct hc_error err = {0};
    hc_fail(&err, HC_EINTERNAL, "mongodb", "secret inside");
    hc_buf_str(&res.body, "half an answer");
    res.skip = 4;
    problem_write(&res, &err);
    assert_null(strstr(res.body.data, "secret"));
    assert_null(strstr(res.body.data, "errors"));
    assert_null(strstr(res.body.data, "half"));
    assert_int_equal(res.skip, 0);
}

static void wire(void **state)
{
    (void)state;
    hc_buf_str(&res.body, "xx{}");
    res.skip = 2;
    response_header(&res, "ETag", "\"a\"");
    assert_true(response_wire(&res, "id-1", false));
    assert_string_equal(res.wire.data,
                        "Status: 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
                        "Content-Length: 2\r\nCache-Control: no-store\r\nX-Request-Id: id-1\r\n"
                        "X-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\n"
                        "ETag: \"a\"\r\n\r\n{}");
    assert_true(response_wire(&res, "id-1", true));
    assert_non_null(strstr(res.wire.data, "Content-Length: 2\r\n"));
    assert_string_equal(res.wire.data + res.wire.len - 4, "\r\n\r\n");
}

static void without_body(void **state)
{
    (void)state;
    hc_buf_str(&res.body, "{}");
    response_empty(&res, 304);
    assert_true(response_wire(&res, "i", false));
    assert_null(strstr(res.wire.data, "Content-Length"));
    assert_null(strstr(res.wire.data, "Content-Type: "));
    assert_non_null(strstr(res.wire.data, "Status: 304 Not Modified\r\n"));
}

static void page_policy(void **state)
{
    (void)state;
    res.type = TYPE_HTML;
    assert_true(response_wire(&res, "i", false));
    assert_non_null(strstr(res.wire.data, "Content-Security-Policy: default-src 'none'; script-src 'self';"));
    assert_null(strstr(res.wire.data, "unsafe"));
}

static void no_line_breaks_in_headers(void **state)
{
    (void)state;
    response_header(&res, "Location", "/x\r\nSet-Cookie: a=b");
    response_header(&res, "X", "tab\there");
    assert_int_equal(res.headers.len, 0);
}

static void overflow_is_seen(void **state)
{
    (void)state;
    char block[4096];
    memset(block, 'x', sizeof block);
    for (size_t i = 0; i <= RESPONSE_BODY_MAX / sizeof block; i++)
        hc_buf_add(&res.body, block, sizeof block);
    assert_false(response_wire(&res, "i", false));
    response_clear(&res);
    assert_true(response_wire(&res, "i", false));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(statuses),     TEST(fields),      TEST(faults_say_nothing),        TEST(wire),
        TEST(without_body), TEST(page_policy), TEST(no_line_breaks_in_headers), TEST(overflow_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
