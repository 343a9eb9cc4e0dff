/* lib/device_rules, lib/device_cache: uap-core's own cases, the time that a text may take, many texts, many
 * threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <time.h>

#include "device.h"
#include "device_cache.h"
#include "device_rules.h"

static struct hc_device read_text(const char *ua)
{
    struct hc_device d;

    hc_device_read(&d, ua, strlen(ua));
    return d;
}

/* ---- uap-core's cases ---- */

/* One row: parts and, last, the User-Agent. True when the rules and hc_device_read say the same. */
static bool row_holds(enum hc_device_kind kind, char *const *cells, int parts)
{
    struct hc_device_reading r;
    struct hc_device d = read_text(cells[parts]);
    char version[256] = "";
    bool same = hc_device_rules_read(kind, cells[parts], strlen(cells[parts]), &r);

    for (int i = 0; i < parts; i++)
        same = same && strcmp(r.parts[i], cells[i]) == 0;
    for (int i = 1; i < parts && cells[i][0] != '\0'; i++) {
        if (i > 1)
            strcat(version, ".");
        strcat(version, cells[i]);
    }
    version[sizeof(d.os.version) - 1] = '\0';
    same = same && strcmp(kind == HC_DEVICE_SYSTEM ? d.os.name : d.browser.name, cells[0]) == 0;
    return same && strcmp(kind == HC_DEVICE_SYSTEM ? d.os.version : d.browser.version, version) == 0;
}

static void run_cases(const char *file, enum hc_device_kind kind, int parts, int expected)
{
    FILE *in = fopen(file, "r");
    char line[2048];
    int cases = 0;
    int wrong = 0;

    assert_non_null(in);
    while (fgets(line, sizeof(line), in) != NULL) {
        char *cells[HC_DEVICE_RULE_PARTS + 1];
        char *rest = line;

        if (line[0] == '#')
            continue;
        assert_true(strcspn(line, "\n") < sizeof(line) - 1);
        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; i <= parts; i++)
            assert_non_null(cells[i] = strsep(&rest, "\t"));
        cases++;
        if (!row_holds(kind, cells, parts) && wrong++ < 10)
            print_error("%s: wrong: %s %s: %s\n", file, cells[0], cells[1], cells[parts]);
    }
    fclose(in);
    print_message("# %s: %d cases, %d wrong\n", file, cases, wrong);
    assert_int_equal(wrong, 0);
    assert_true(cases >= expected);
}

static void browsers_of_uap_core(void **state)
{
    (void)state;
    run_cases("tests/data/uap/browsers.tsv", HC_DEVICE_BROWSER, 4, 14692);
}

static void systems_of_uap_core(void **state)
{
    (void)state;
    run_cases("tests/data/uap/systems.tsv", HC_DEVICE_SYSTEM, 5, 506);
}

static void every_rule_compiles(void **state)
{
    (void)state;
    assert_true(hc_device_browser_rules_count > 400);
    assert_true(hc_device_device_rules_count > 600);
    assert_int_equal(hc_device_rules_broken(), 0);
}

/* ---- time ---- */

static void expect_sound(const struct hc_device *d)
{
    const char *texts[] = {d->ua,     d->os.name, d->os.version, d->browser.name, d->browser.version,
                           d->vendor, d->model,   d->type};

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        assert_int_equal(hc_utf8_valid(texts[i], strlen(texts[i])), strlen(texts[i]));
        assert_int_equal(strcspn(texts[i], "\x01\x02\n\r\t\x7F"), strlen(texts[i]));
    }
    assert_in_range(d->os.key, 0, hc_device_system_names_count - 1);
    assert_in_range(d->browser.key, 0, hc_device_browser_names_count - 1);
}

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* What makes a matcher go back and forth: long runs of all that the rules repeat, and every rule's own words
 * followed by them. */
static void no_text_takes_long(void **state)
{
    static const char *const fills[] = {"a",      "1",  "1.",   "A1 ", "a-",           "; ",      " ",
                                        "spider", "/1", "Bot ", "((",  "; Android ; ", "\xC3\xA9"};
    double worst = 0;

    (void)state;
    hc_device_rules_broken(); /* compiling is not what is measured */
    for (int rule = -1; rule < hc_device_device_rules_count; rule += 3)
        for (size_t f = 0; f < sizeof(fills) / sizeof(*fills); f++) {
            char text[HC_DEVICE_UA_MAX + 64];
            const char *need = rule < 0 ? "" : hc_device_device_rules[rule].needs;
            size_t len = (size_t)snprintf(text, sizeof(text), "%s%.40s",
                                          rule % 2 ? "Mozilla/5.0 (Linux; Android 10; " : "", need);
            struct hc_device d;
            double start;

            while (len < HC_DEVICE_UA_MAX)
                len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", fills[f]);
            start = cpu_ms();
            hc_device_read(&d, text, len);
            worst = cpu_ms() - start > worst ? cpu_ms() - start : worst;
            expect_sound(&d);
        }
    print_message("# the slowest hostile text took %.2f ms\n", worst);
    assert_true(worst < 250);
}

/* ---- the cache ---- */

static void put_number(int number)
{
    struct hc_device d = {.ua = ""};

    snprintf(d.ua, sizeof(d.ua), "number %d", number);
    d.os.key = number;
    hc_device_cache_put(&d);
}

static bool get_number(int number)
{
    struct hc_device d;
    char text[32];

    snprintf(text, sizeof(text), "number %d", number);
    if (!hc_device_cache_get(&d, text, strlen(text)))
        return false;
    assert_int_equal(d.os.key, number);
    assert_string_equal(d.ua, text);
    return true;
}

static void the_cache_is_bounded_and_keeps_what_is_used(void **state)
{
    int last = 10 * HC_DEVICE_CACHE_PLACES;
    int kept = 0;

    (void)state;
    assert_false(get_number(1));
    for (int i = 1; i <= last; i++) {
        put_number(i);
        assert_true(get_number(i));
        assert_true(get_number(1)); /* asked for all the time: it stays */
    }
    for (int i = 1; i <= last; i++)
        kept += get_number(i);
    assert_in_range(kept, HC_DEVICE_CACHE_PLACES / 2, HC_DEVICE_CACHE_PLACES);
}

static void a_kept_reading_is_the_same(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 300; i++) {
            char text[HC_DEVICE_UA_MAX];
            struct hc_device d;

            snprintf(text, sizeof(text),
                     "Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%d.0", i, i);
            d = read_text(text);
            assert_string_equal(d.browser.name, "Firefox");
            assert_int_equal(atoi(d.browser.version), i);
            assert_string_equal(d.ua, text);
        }
}

struct reader {
    pthread_t thread;
    int number, wrong;
};

static void *read_many(void *arg)
{
    struct reader *r = arg;

    for (int i = 0; i < 3000; i++) {
        char text[HC_DEVICE_UA_MAX];
        int version = (i + r->number * 7) % 500;
        struct hc_device d = read_text(hc_device_sample((uint64_t)i));

        r->wrong += d.os.key == HC_DEVICE_OTHER || d.browser.key == HC_DEVICE_OTHER;
        snprintf(text, sizeof(text), "Mozilla/5.0 (Windows NT 10.0; rv:%d.0) Gecko/20100101 Firefox/%d.0",
                 version, version);
        d = read_text(text);
        r->wrong += strcmp(d.ua, text) != 0 || atoi(d.browser.version) != version || d.os.key != 1;
    }
    return NULL;
}

/* Runs first: the threads meet at rules that nobody has compiled yet. */
static void threads_share_rules_and_cache(void **state)
{
    struct reader readers[8];

    (void)state;
    for (int i = 0; i < 8; i++) {
        readers[i].number = i;
        readers[i].wrong = 0;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_many, &readers[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(readers[i].thread, NULL);
        assert_int_equal(readers[i].wrong, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_rules_and_cache),
        cmocka_unit_test(browsers_of_uap_core),
        cmocka_unit_test(systems_of_uap_core),
        cmocka_unit_test(every_rule_compiles),
        cmocka_unit_test(no_text_takes_long),
        cmocka_unit_test(the_cache_is_bounded_and_keeps_what_is_used),
        cmocka_unit_test(a_kept_reading_is_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
