/* test_query.c - path, query, numbers and body of a request: what is taken and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "query.h"
#include "request_fixture.h"

static struct request r;

static int set_up(void **state)
{
    (void)state;
    request_init(&r, 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    request_release(&r);
    return 0;
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool fine;
        int64_t n;
    } rows[] = {
        {"1", true, 1},
        {"100", true, 100},
        {"007", true, 7},
        {"0", false, 0},
        {"101", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+5", false, 0},
        {"1.5", false, 0},
        {"1e2", false, 0},
        {"0x10", false, 0},
        {" 5", false, 0},
        {"5 ", false, 0},
        {"abc", false, 0},
        {"9223372036854775808", false, 0},
        {"1000000000000000000000000000000", false, 0},
        {"\xef\xbc\x91", false, 0},
        {"\xd9\xa1", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t n = 0;
        struct hc_error err = {0};
        struct text text = {rows[i].text, strlen(rows[i].text)};
        enum hc_err code = query_number("limit", text, 1, 100, &n, &err);
        assert_int_equal(code, rows[i].fine ? HC_OK : HC_EMALFORMED);
        assert_int_equal(n, rows[i].n);
        assert_string_equal(err.field, rows[i].fine ? "" : "limit");
    }
}

static void moments(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } rows[] = {
        {"2026-11-23T13:20:00Z", 1795440000000},
        {"2026-11-23T18:50:00+05:30", 1795440000000},
        {"2026-11-23T18:50:00 05:30", 1795440000000}, /* the plus of a query that nobody escaped */
        {"1795440000123", 1795440000123},
        {"0", 0},
        {"253402300799999", 253402300799999},
        {"253402300800000", -1},
        {"-1", -1},
        {"1e3", -1},
        {"now", -1},
        {"2026-11-23T18:50:00  05:30", -1},
        {"2026-11-23T13:20:00Z2026-11-23T13:20:00Z2026-11-23T13:20:00Z", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = -1;
        struct hc_error err = {0};
        struct text text = {rows[i].text, strlen(rows[i].text)};
        enum hc_err code = query_moment("at", text, &ms, &err);
        assert_int_equal(code, rows[i].ms >= 0 ? HC_OK : HC_EMALFORMED);
        assert_true(ms == rows[i].ms);
        assert_string_equal(err.field, rows[i].ms >= 0 ? "" : "at");
    }
}

static void greatest_number(void **state)
{
    (void)state;
    int64_t n = 0;
    assert_true(query_digits("9223372036854775807", 19, 0, INT64_MAX, &n));
    assert_true(n == INT64_MAX);
    assert_false(query_digits("9223372036854775808", 19, 0, INT64_MAX, &n));
    assert_true(query_digits("7", 1, 0, 7, &n));
    assert_false(query_digits("8", 1, 0, 7, &n));
}

static void parameters(void **state)
{
    (void)state;
    struct hc_error err = {0};
    assert_int_equal(
        fixture_read(&r, "GET", "/v1/user?email=a%40b.c&empty=&name=Jo+e%2B&x&&q=%F0%9F%98%80", NULL, &err),
        HC_OK);
    assert_string_equal(query_value(&r, "email")->at, "a@b.c");
    assert_string_equal(query_value(&r, "name")->at, "Jo e+");
    assert_string_equal(query_value(&r, "q")->at, "\xf0\x9f\x98\x80");
    assert_non_null(query_param(&r, "empty"));
    assert_null(query_value(&r, "empty"));
    assert_non_null(query_param(&r, "x"));
    assert_null(query_param(&r, "emai"));
    assert_int_equal(r.param_count, 5);
}

static void refused_queries(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *field;
    } rows[] = {
        {"/v1/user?a=1&a=2", "a"},       {"/v1/user?a=1&%61=2", "a"},    {"/v1/user?a[]=1&a[]=2", "a[]"},
        {"/v1/user?email=%zz", "email"}, {"/v1/user?email=%", "email"},  {"/v1/user?email=%4", "email"},
        {"/v1/user?email=%00", "email"}, {"/v1/user?e=%C0%AF", "e"},     {"/v1/user?e=%ED%A0%80", "e"},
        {"/v1/user?e=%0d%0aX:y", "e"},   {"/v1/user?e=%7F", "e"},        {"/v1/user?%zz=1", "query"},
        {"/v1/user?e=\xff", "e"},        {"/v1/user/%00", "path"},       {"/v1/user/%e2%28%a1", "path"},
        {"/v1/user/%", "path"},          {"/v1/user/a%0ab?x=1", "path"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hc_error err = {0};
        assert_int_equal(fixture_read(&r, "GET", rows[i].uri, NULL, &err), HC_EMALFORMED);
        assert_string_equal(err.field, rows[i].field);
    }
}

static void most_parameters(void **state)
{
    (void)state;
    char uri[1024] = "/v1/user?";
    struct hc_error err = {0};
    for (int i = 0; i < REQUEST_PARAMS_MAX; i++)
        snprintf(uri + strlen(uri), sizeof uri - strlen(uri), "&k%d=%d", i, i);
    assert_int_equal(fixture_read(&r, "GET", uri, NULL, &err), HC_OK);
    assert_int_equal(r.param_count, REQUEST_PARAMS_MAX);
    strcat(uri, "&one=more");
    assert_int_equal(fixture_read(&r, "GET", uri, NULL, &err), HC_EMALFORMED);
    assert_string_equal(err.field, "query");
}

static void longest_address(void **state)
{
    (void)state;
    static char uri[REQUEST_URI_MAX + 2];
    struct hc_error err = {0};
    memset(uri, '&', sizeof uri);
    memcpy(uri, "/?a=", 4);
    memset(uri + 4, 'x', REQUEST_URI_MAX - 4);
    uri[REQUEST_URI_MAX] = '\0';
    assert_int_equal(fixture_read(&r, "GET", uri, NULL, &err), HC_OK);
    assert_int_equal(query_value(&r, "a")->len, REQUEST_URI_MAX - 4);
    uri[REQUEST_URI_MAX] = 'x';
    uri[REQUEST_URI_MAX + 1] = '\0';
    assert_int_equal(fixture_read(&r, "GET", uri, NULL, &err), HC_EMALFORMED);
}

static void request_ids(void **state)
{
    (void)state;
    struct hc_error err = {0};
    const char *good[] = {"HTTP_X_REQUEST_ID=abc.DEF-1_2", NULL};
    const char *bad[] = {"HTTP_X_REQUEST_ID=a b\"", NULL};
    assert_int_equal(fixture_read(&r, "GET", "/", good, &err), HC_OK);
    assert_string_equal(r.id, "abc.DEF-1_2");
    assert_int_equal(fixture_read(&r, "GET", "/", bad, &err), HC_OK);
    assert_int_equal(strlen(r.id), 26);
}

static void first_variable_wins(void **state)
{
    (void)state;
    struct hc_error err = {0};
    const char *twice[] = {"HTTP_HOST=localhost", "HTTP_HOST=evil.example", "NOEQUALS", NULL};
    assert_int_equal(fixture_read(&r, "GET", "/", twice, &err), HC_OK);
    assert_string_equal(r.fields.host, "localhost");
}

/* ---- bodies ---- */

static const char *left;

static size_t read_left(void *stream, char *to, size_t n)
{
    (void)stream;
    size_t got = strlen(left) < n ? strlen(left) : n;
    got = got > 3 ? 3 : got; /* in small pieces, as a socket may */
    memcpy(to, left, got);
    left += got;
    return got;
}

static void bodies(void **state)
{
    (void)state;
    static const struct {
        const char *length, *type, *sent;
        enum hc_err code;
    } rows[] = {
        {"CONTENT_LENGTH=", "CONTENT_TYPE=", "", HC_OK},
        {"CONTENT_LENGTH=0", "CONTENT_TYPE=text/plain", "", HC_OK},
        {"CONTENT_LENGTH=8", "CONTENT_TYPE=application/json", "12345678", HC_OK},
        {"CONTENT_LENGTH=8", "CONTENT_TYPE=Application/JSON ; charset=UTF-8", "12345678", HC_OK},
        {"CONTENT_LENGTH=8", "CONTENT_TYPE=application/json;charset=\"utf-8\"", "12345678", HC_OK},
        {"CONTENT_LENGTH=8", "CONTENT_TYPE=application/json", "1234567", HC_EMALFORMED},
        {"CONTENT_LENGTH=8x", "CONTENT_TYPE=application/json", "12345678", HC_EMALFORMED},
        {"CONTENT_LENGTH=-8", "CONTENT_TYPE=application/json", "12345678", HC_EMALFORMED},
        {"CONTENT_LENGTH=99999999999999999999", "CONTENT_TYPE=application/json", "", HC_EMALFORMED},
        {"CONTENT_LENGTH=1025", "CONTENT_TYPE=application/json", "", HC_ETOOLARGE},
        {"CONTENT_LENGTH=2", "CONTENT_TYPE=text/plain", "{}", HC_ETYPE},
        {"CONTENT_LENGTH=2", "CONTENT_TYPE=application/jsonx", "{}", HC_ETYPE},
        {"CONTENT_LENGTH=2", "CONTENT_TYPE=application/json; charset=utf-16", "{}", HC_ETYPE},
        {"CONTENT_LENGTH=2", "X=1", "{}", HC_ETYPE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hc_error err = {0};
        const char *more[] = {rows[i].length, rows[i].type, NULL};
        assert_int_equal(fixture_read(&r, "POST", "/", more, &err), HC_OK);
        left = rows[i].sent;
        r.source = (struct request_source){read_left, NULL};
        assert_int_equal(request_body(&r, &err), rows[i].code);
        if (rows[i].code == HC_OK)
            assert_string_equal(r.body.data, rows[i].sent);
    }
}

static void escaping(void **state)
{
    (void)state;
    struct hc_buf out;
    hc_buf_init(&out, 100);
    query_escape(&out, "a-Z0._~@+ &\xc3\xa4");
    assert_string_equal(out.data, "a-Z0._~%40%2B%20%26%C3%A4");
    hc_buf_release(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers),         TEST(moments),         TEST(greatest_number),
        TEST(parameters),      TEST(refused_queries), TEST(most_parameters),
        TEST(longest_address), TEST(request_ids),     TEST(first_variable_wins),
        TEST(bodies),          TEST(escaping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
