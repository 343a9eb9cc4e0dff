/* test_route.c - which row of the real route table answers a path and a method. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "access.h"
#include "request_fixture.h"
#include "route.h"

static struct request r;

/* The pattern that answers, or NULL and in allow with what it would. */
static const char *find(const char *method, const char *uri, bool old_get, char allow[ROUTE_ALLOW_MAX])
{
    struct hc_error err = {0};
    size_t count;
    unsigned allowed = 0;
    request_init(&r, 16);
    assert_int_equal(fixture_read(&r, method, uri, NULL, &err), HC_OK);
    const struct route *table = route_table(&count);
    const struct route *found = route_find(table, count, &r, old_get, &allowed);
    allow[0] = '\0';
    if (!found && allowed)
        route_allow(allowed, allow);
    request_release(&r);
    return found ? found->pattern : NULL;
}

static void known_paths(void **state)
{
    (void)state;
    static const struct {
        const char *method, *uri, *pattern;
    } rows[] = {
        {"GET", "/", "/"},
        {"GET", "/?after=x", "/"},
        {"GET", "/index.html", "/index.html"},
        {"GET", "/v1/health", "/v1/health"},
        {"HEAD", "/v1/health", "/v1/health"},
        {"GET", "/v1/user?limit=1", "/v1/user"},
        {"GET", "/v1/user/0123456789abcdef01234567", "/v1/user/:id"},
        {"GET", "/v1/user/admin", "/v1/user/:id"},
        {"GET", "/v1/user/userEmail", "/v1/user/:id"},
        {"GET", "/v1/user/admin/count", "/v1/user/admin/count"},
        {"GET", "/v1/user/userEmail/a%2Fb@c.d", "/v1/user/userEmail/:mail"},
        {"GET", "/v1/user/agg/country", "/v1/user/agg/country"},
        {"GET", "/v1/user/agg/all/gender", "/v1/user/agg/all/:field"},
        {"POST", "/v1/generate/users/random/5", "/v1/generate/users/random/:n"},
        {"GET", "/v1/generate/users/random/5", "/v1/generate/users/random/:n"},
        {"POST", "/v1/generate/users/random/", "/v1/generate/users/random/:n"},
        {"GET", "/v1/%6Aobs", "/v1/jobs"},
        {"POST", "/v1/jobs/X/cancel", "/v1/jobs/:id/cancel"},
        {"POST", "/v1/jobs/X/pause", "/v1/jobs/:id/pause"},
        {"POST", "/v1/jobs/X/resume", "/v1/jobs/:id/resume"},
    };
    char allow[ROUTE_ALLOW_MAX];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *found = find(rows[i].method, rows[i].uri, true, allow);
        if (!found)
            print_error("%s %s\n", rows[i].method, rows[i].uri);
        assert_non_null(found);
        assert_string_equal(found, rows[i].pattern);
    }
}

static void unknown_paths(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "*",
        "v1/user",
        "/v1",
        "/v1/",
        "//",
        "//v1//user",
        "/v1//user",
        "/v1/user/",
        "/v1/counts/",
        "/V1/User",
        "/v1/User",
        "/v1/user/../user",
        "/v1/./user",
        "/v1/user/.",
        "/v1/user/..",
        "/v1/user/%2e%2E",
        "/v1/user/a/",
        "/v1/user/admin/count/x",
        "/v1/generate/users/random",
        "/v1/generate/users/random/5/",
        "/v1/jobs/X/delete",
        "/index.html/",
        "/v1%2Fuser",
        "/1/2/3/4/5/6/7/8",
        "/1/2/3/4/5/6/7/8/9/10",
    };
    char allow[ROUTE_ALLOW_MAX];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_null(find("GET", rows[i], true, allow));
        assert_string_equal(allow, "");
    }
}

static void other_methods(void **state)
{
    (void)state;
    static const struct {
        const char *method, *uri, *allow;
        bool old_get;
    } rows[] = {
        {"POST", "/v1/counts", "GET, HEAD, OPTIONS", true},
        {"TRACE", "/v1/counts", "GET, HEAD, OPTIONS", true},
        {"get", "/v1/counts", "GET, HEAD, OPTIONS", true},
        {"OPTIONS", "/v1/user", "GET, HEAD, POST, OPTIONS", true},
        {"HEAD", "/v1/generate/users/random/5", "GET, POST, OPTIONS", true},
        {"GET", "/v1/generate/users/random/5", "POST, OPTIONS", false},
        {"HEAD", "/v1/generate/users/random/5", "POST, OPTIONS", false},
        {"GET", "/v1/jobs/X/cancel", "POST, OPTIONS", true},
        {"DELETE", "/v1/user/export", "GET, HEAD, OPTIONS", true},
        {"POST", "/v1/user/export", "GET, HEAD, OPTIONS", true},
    };
    char allow[ROUTE_ALLOW_MAX];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_null(find(rows[i].method, rows[i].uri, rows[i].old_get, allow));
        assert_string_equal(allow, rows[i].allow);
    }
}

/* A row that takes anything but GET changes something, and says so. */
static void writes_are_marked(void **state)
{
    (void)state;
    size_t count;
    const struct route *table = route_table(&count);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(table[i].handler);
        if (table[i].methods & ~(unsigned)METHOD_GET)
            assert_true(table[i].need & ACCESS_WRITES);
        if ((table[i].need & ACCESS_WRITES) && (table[i].methods & METHOD_GET))
            assert_true(table[i].need & ACCESS_OLD_GET);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_paths),
        cmocka_unit_test(unknown_paths),
        cmocka_unit_test(other_methods),
        cmocka_unit_test(writes_are_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
