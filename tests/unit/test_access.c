/* test_access.c - who may read and write, row by row of api.md's "Who may write". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "access.h"
#include "request_fixture.h"

#define TOKEN "correct-horse-battery"
#define WRITE ACCESS_WRITES
#define OLD (ACCESS_WRITES | ACCESS_OLD_GET)
#define DATA ACCESS_USER_DATA
#define COUNTS ACCESS_COUNTS

static struct request r;

static struct hc_settings settings(const char *bind, const char *token, const char *auth, const char *cors)
{
    return (struct hc_settings){
        .bind = (char *)(uintptr_t)bind,
        .admin_token = (char *)(uintptr_t)token,
        .auth = (char *)(uintptr_t)auth,
        .cors_origin = (char *)(uintptr_t)cors,
        .hosts = (char *)(uintptr_t)"dash.example, other.example",
    };
}

struct row {
    unsigned need;
    const char *more[6];
    enum hc_err code;
};

static void check(const struct hc_settings *s, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hc_error err = {0};
        request_init(&r, 16);
        assert_int_equal(fixture_read(&r, "POST", "/v1/x", rows[i].more, &err), HC_OK);
        enum hc_err code = access_check(s, &r, rows[i].need, &err);
        if (code != rows[i].code)
            print_error("row %zu: %s\n", i, err.detail);
        assert_int_equal(code, rows[i].code);
        assert_true(code == HC_OK || err.detail[0]);
        request_release(&r);
    }
}
#define CHECK(s, rows) check((s), (rows), sizeof(rows) / sizeof((rows)[0]))

#define LOCAL "REMOTE_ADDR=127.0.0.1", "HTTP_HOST=localhost:9000"
#define FAR "REMOTE_ADDR=192.0.2.7", "HTTP_HOST=dash.example"

static void without_token(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {WRITE, {LOCAL}, HC_OK},
        {WRITE, {"REMOTE_ADDR=127.8.9.1", "HTTP_HOST=127.0.0.1"}, HC_OK},
        {WRITE, {"REMOTE_ADDR=::1", "HTTP_HOST=[::1]:9000"}, HC_OK},
        {WRITE, {"REMOTE_ADDR=::ffff:127.0.0.1", "HTTP_HOST=LocalHost"}, HC_OK},
        {WRITE, {"REMOTE_ADDR=127.0.0.1", "HTTP_HOST=dash.example:80"}, HC_OK},
        {WRITE, {"REMOTE_ADDR=127.0.0.1", "HTTP_HOST=evil.example"}, HC_EFORBIDDEN},
        {WRITE, {"REMOTE_ADDR=127.0.0.1", "HTTP_HOST=localhost.evil.example"}, HC_EFORBIDDEN},
        {WRITE, {"REMOTE_ADDR=127.0.0.1", "HTTP_HOST="}, HC_EFORBIDDEN},
        {WRITE, {"REMOTE_ADDR=127.0.0.1"}, HC_EFORBIDDEN},
        {WRITE, {"HTTP_HOST=localhost"}, HC_EFORBIDDEN},
        {WRITE, {"REMOTE_ADDR=", "HTTP_HOST=localhost"}, HC_EFORBIDDEN},
        {WRITE, {FAR}, HC_EFORBIDDEN},
        {WRITE, {LOCAL, "HTTP_X_FORWARDED_FOR=192.0.2.7"}, HC_EFORBIDDEN},
        {WRITE, {LOCAL, "HTTP_FORWARDED="}, HC_EFORBIDDEN},
        {WRITE, {LOCAL, "HTTP_AUTHORIZATION=Bearer "}, HC_OK},
        {DATA, {LOCAL}, HC_OK},
        {DATA, {FAR}, HC_EFORBIDDEN},
        {DATA, {"REMOTE_ADDR=127.0.0.1", "HTTP_HOST=evil.example"}, HC_EFORBIDDEN},
        {COUNTS, {FAR}, HC_OK},
        {ACCESS_NONE, {FAR}, HC_OK},
    };
    struct hc_settings s = settings("127.0.0.1", "", "", "");
    CHECK(&s, rows);
}

static void beyond_this_machine(void **state)
{
    (void)state;
    static const struct row closed[] = {
        {WRITE, {LOCAL}, HC_EFORBIDDEN},
        {DATA, {LOCAL}, HC_EFORBIDDEN},
        {COUNTS, {LOCAL}, HC_OK},
    };
    static const struct row open[] = {
        {WRITE, {LOCAL}, HC_EFORBIDDEN},
        {DATA, {FAR}, HC_OK},
        {COUNTS, {FAR}, HC_OK},
    };
    struct hc_settings s = settings("0.0.0.0", "", "", "");
    CHECK(&s, closed);
    s = settings("0.0.0.0", "", "open", "");
    CHECK(&s, open);
}

static void with_token(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {WRITE, {LOCAL}, HC_EUNAUTHORIZED},
        {WRITE, {LOCAL, "HTTP_AUTHORIZATION=Bearer " TOKEN}, HC_OK},
        {WRITE, {FAR, "HTTP_AUTHORIZATION=bearer " TOKEN}, HC_OK},
        {WRITE, {FAR, "HTTP_AUTHORIZATION=Bearer  " TOKEN}, HC_OK},
        {WRITE, {LOCAL, "HTTP_AUTHORIZATION=Bearer " TOKEN "x"}, HC_EUNAUTHORIZED},
        {WRITE, {LOCAL, "HTTP_AUTHORIZATION=Bearer correct-horse-batter"}, HC_EUNAUTHORIZED},
        {WRITE, {LOCAL, "HTTP_AUTHORIZATION=Basic " TOKEN}, HC_EUNAUTHORIZED},
        {WRITE, {LOCAL, "HTTP_AUTHORIZATION=Bearer"}, HC_EUNAUTHORIZED},
        {WRITE, {LOCAL, "HTTP_AUTHORIZATION=" TOKEN}, HC_EUNAUTHORIZED},
        {DATA, {LOCAL}, HC_OK},
        {DATA, {FAR}, HC_EUNAUTHORIZED},
        {DATA, {FAR, "HTTP_AUTHORIZATION=Bearer " TOKEN}, HC_OK},
        {COUNTS, {FAR}, HC_OK},
    };
    static const struct row all[] = {
        {WRITE, {LOCAL, "HTTP_AUTHORIZATION=Bearer " TOKEN}, HC_OK},
        {DATA, {LOCAL}, HC_EUNAUTHORIZED},
        {COUNTS, {LOCAL}, HC_EUNAUTHORIZED},
        {COUNTS, {FAR, "HTTP_AUTHORIZATION=Bearer " TOKEN}, HC_OK},
        {ACCESS_NONE, {FAR}, HC_OK},
    };
    struct hc_settings s = settings("127.0.0.1", TOKEN, "", "");
    CHECK(&s, rows);
    s = settings("127.0.0.1", TOKEN, "all", "");
    CHECK(&s, all);
}

static void other_sites(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {WRITE, {LOCAL, "HTTP_ORIGIN=http://localhost:9000"}, HC_OK},
        {WRITE, {LOCAL, "HTTP_ORIGIN=http://LOCALHOST:9000"}, HC_OK},
        {WRITE, {LOCAL, "HTTP_ORIGIN=http://localhost:9001"}, HC_EFORBIDDEN},
        {WRITE, {LOCAL, "HTTP_ORIGIN=http://evil.example"}, HC_EFORBIDDEN},
        {WRITE, {LOCAL, "HTTP_ORIGIN=null"}, HC_EFORBIDDEN},
        {WRITE, {LOCAL, "HTTP_ORIGIN="}, HC_EFORBIDDEN},
        {WRITE, {LOCAL, "HTTP_ORIGIN=http://evil.example/localhost:9000"}, HC_EFORBIDDEN},
        {WRITE, {LOCAL, "HTTP_SEC_FETCH_SITE=cross-site"}, HC_EFORBIDDEN},
        {WRITE, {LOCAL, "HTTP_SEC_FETCH_SITE=same-site"}, HC_OK},
        {WRITE, {LOCAL, "HTTP_SEC_FETCH_SITE=same-origin"}, HC_OK},
        {OLD, {LOCAL, "HTTP_SEC_FETCH_SITE=same-site"}, HC_EFORBIDDEN},
        {OLD, {LOCAL, "HTTP_SEC_FETCH_SITE=cross-site"}, HC_EFORBIDDEN},
        {OLD, {LOCAL, "HTTP_SEC_FETCH_SITE=none"}, HC_OK},
        {OLD, {LOCAL}, HC_OK},
        {OLD, {LOCAL, "HTTP_SEC_PURPOSE=prefetch;prerender"}, HC_EFORBIDDEN},
        {OLD, {LOCAL, "HTTP_PURPOSE=prefetch"}, HC_EFORBIDDEN},
        {COUNTS, {LOCAL, "HTTP_ORIGIN=http://evil.example", "HTTP_SEC_FETCH_SITE=cross-site"}, HC_OK},
    };
    static const struct row token[] = {
        {WRITE, {LOCAL, "HTTP_AUTHORIZATION=Bearer " TOKEN, "HTTP_SEC_FETCH_SITE=cross-site"}, HC_EFORBIDDEN},
        {WRITE,
         {LOCAL, "HTTP_AUTHORIZATION=Bearer " TOKEN, "HTTP_ORIGIN=http://evil.example"},
         HC_EFORBIDDEN},
    };
    struct hc_settings s = settings("127.0.0.1", "", "", "");
    CHECK(&s, rows);
    s = settings("127.0.0.1", TOKEN, "", "");
    CHECK(&s, token);
}

static void named_origins(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {WRITE, {LOCAL, "HTTP_ORIGIN=http://localhost:3000", "HTTP_SEC_FETCH_SITE=cross-site"}, HC_OK},
        {OLD, {LOCAL, "HTTP_ORIGIN=https://ui.example", "HTTP_SEC_FETCH_SITE=same-site"}, HC_OK},
        {OLD, {LOCAL, "HTTP_ORIGIN=https://ui.example", "HTTP_SEC_PURPOSE=prefetch"}, HC_EFORBIDDEN},
        {WRITE, {LOCAL, "HTTP_ORIGIN=http://ui.example"}, HC_EFORBIDDEN},
    };
    struct hc_settings s = settings("127.0.0.1", "", "", "http://localhost:3000,https://ui.example");
    CHECK(&s, rows);
}

static void cors_headers(void **state)
{
    (void)state;
    static const struct {
        const char *cors, *origin;
        bool vary, allowed;
    } rows[] = {
        {"", "HTTP_ORIGIN=http://ui.example", false, false},
        {"http://ui.example", "HTTP_ORIGIN=http://ui.example", true, true},
        {"http://ui.example", "HTTP_ORIGIN=http://ui.example.evil", true, false},
        {"http://ui.example", "X=1", true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hc_error err = {0};
        struct response res;
        const char *more[] = {rows[i].origin, NULL};
        struct hc_settings s = settings("127.0.0.1", "", "", rows[i].cors);
        request_init(&r, 16);
        response_init(&res);
        assert_int_equal(fixture_read(&r, "GET", "/", more, &err), HC_OK);
        access_cors_headers(&s, &r, &res);
        assert_int_equal(strstr(res.headers.data, "Vary: Origin") != NULL, rows[i].vary);
        assert_int_equal(strstr(res.headers.data, "Access-Control-Allow-Origin: http://ui.example\r\n") !=
                             NULL,
                         rows[i].allowed);
        response_release(&res);
        request_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_token), cmocka_unit_test(beyond_this_machine),
        cmocka_unit_test(with_token),    cmocka_unit_test(other_sites),
        cmocka_unit_test(named_origins), cmocka_unit_test(cors_headers),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
