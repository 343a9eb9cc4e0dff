/* lib/device: uap-core's own cases, the closed tables, hostile texts, the cache, and what is written of a
 * device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "device_tables.h"

#define CHROME                                                                                               \
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/154.0.0.0 "     \
    "Safari/537.36"

static struct hc_device read_text(const char *ua)
{
    struct hc_device d;

    hc_device_read(&d, ua, strlen(ua));
    return d;
}

/* ---- the closed tables ---- */

/* The rows that stood in the first release: stored numbers mean these for ever. */
static void tables_only_grow(void **state)
{
    static const char *const systems[] = {"Other",     "Windows", "Android",      "iOS",
                                          "Mac OS X",  "Linux",   "Chrome OS",    "Ubuntu",
                                          "HarmonyOS", "KaiOS",   "Windows Phone"};
    static const char *const browsers[] = {"Other",
                                           "Chrome",
                                           "Chrome Mobile",
                                           "Safari",
                                           "Mobile Safari",
                                           "Edge",
                                           "Firefox",
                                           "Samsung Internet",
                                           "Opera",
                                           "Chrome Mobile WebView",
                                           "Chrome Mobile iOS",
                                           "Firefox Mobile",
                                           "Firefox iOS",
                                           "Edge Mobile",
                                           "Opera Mobile",
                                           "Opera Mini"};

    (void)state;
    for (int i = 0; i < (int)(sizeof(systems) / sizeof(*systems)); i++)
        assert_string_equal(hc_device_system_name(i), systems[i]);
    for (int i = 0; i < (int)(sizeof(browsers) / sizeof(*browsers)); i++)
        assert_string_equal(hc_device_browser_name(i), browsers[i]);
    assert_string_equal(hc_device_system_name(87), "Xbox");
    assert_string_equal(hc_device_browser_name(450), "MullvadBrowser");
    assert_in_range(hc_device_system_names_count, 88, HC_DEVICE_KEYS_MAX);
    assert_in_range(hc_device_browser_names_count, 451, HC_DEVICE_KEYS_MAX);
}

static void every_row_is_found_by_its_name(void **state)
{
    (void)state;
    for (int i = 0; i < hc_device_system_names_count; i++)
        assert_int_equal(hc_device_system_key(hc_device_system_name(i), strlen(hc_device_system_name(i))), i);
    for (int i = 0; i < hc_device_browser_names_count; i++)
        assert_int_equal(hc_device_browser_key(hc_device_browser_name(i), strlen(hc_device_browser_name(i))),
                         i);
}

static void further_names_are_understood(void **state)
{
    static const char *const systems[][2] = {
        {"Mac OS", "Mac OS X"},          {"macOS", "Mac OS X"},
        {"mac os x", "Mac OS X"},        {"Chromium OS", "Chrome OS"},
        {"BlackBerry", "BlackBerry OS"}, {"Symbian", "Symbian OS"},
        {"Series40", "Nokia Series 40"}, {"RIM Tablet OS", "BlackBerry Tablet OS"},
        {"WINDOWS", "Windows"},          {"Android-x86", "Android"},
        {"watchOS", "WatchOS"},          {"Mint", "Linux Mint"}};
    static const char *const browsers[][2] = {{"Chrome Headless", "HeadlessChrome"},
                                              {"Chrome WebView", "Chrome Mobile WebView"},
                                              {"Mobile Safari", "Mobile Safari"},
                                              {"IE", "IE"},
                                              {"IEMobile", "IE Mobile"},
                                              {"Edge", "Edge"},
                                              {"Samsung Browser", "Samsung Internet"},
                                              {"Samsung Internet", "Samsung Internet"},
                                              {"Opera", "Opera"},
                                              {"Opera Mobi", "Opera Mobile"},
                                              {"Android Browser", "Android"},
                                              {"Firefox", "Firefox"},
                                              {"WeChat", "WeChat Browser"},
                                              {"UCBrowser", "UC Browser"},
                                              {"MIUI Browser", "MiuiBrowser"},
                                              {"QQBrowser", "QQ Browser"},
                                              {"GSA", "Google"},
                                              {"Silk", "Amazon Silk"},
                                              {"Yandex", "Yandex Browser"},
                                              {"360 Browser", "360 Secure Browser"},
                                              {"Huawei Browser", "Huawei Browser"},
                                              {"Chrome", "Chrome"},
                                              {"cHROME", "Chrome"},
                                              {"Avast Secure Browser", "Avast Secure Browser"}};

    (void)state;
    for (size_t i = 0; i < sizeof(systems) / sizeof(*systems); i++)
        assert_string_equal(hc_device_system_name(hc_device_system_key(systems[i][0], strlen(systems[i][0]))),
                            systems[i][1]);
    for (size_t i = 0; i < sizeof(browsers) / sizeof(*browsers); i++)
        assert_string_equal(
            hc_device_browser_name(hc_device_browser_key(browsers[i][0], strlen(browsers[i][0]))),
            browsers[i][1]);
}

static void unknown_names_are_other(void **state)
{
    char big[1024];

    (void)state;
    memset(big, 'a', sizeof(big));
    assert_int_equal(hc_device_system_key(NULL, 0), HC_DEVICE_OTHER);
    assert_int_equal(hc_device_system_key("", 0), HC_DEVICE_OTHER);
    assert_int_equal(hc_device_system_key("Window", 6), HC_DEVICE_OTHER);
    assert_int_equal(hc_device_system_key("Windowss", 8), HC_DEVICE_OTHER);
    assert_int_equal(hc_device_system_key("Windows\0", 8), HC_DEVICE_OTHER);
    assert_int_equal(hc_device_system_key("Windowss", 7), 1); /* no NUL needed */
    assert_int_equal(hc_device_browser_key("$where", 6), HC_DEVICE_OTHER);
    assert_int_equal(hc_device_browser_key("\xFF\xFE", 2), HC_DEVICE_OTHER);
    assert_int_equal(hc_device_browser_key(big, sizeof(big)), HC_DEVICE_OTHER);
    assert_string_equal(hc_device_system_name(-1), "Other");
    assert_string_equal(hc_device_system_name(HC_DEVICE_KEYS_MAX), "Other");
    assert_string_equal(hc_device_browser_name(INT32_MIN), "Other");
    assert_string_equal(hc_device_browser_name(hc_device_browser_names_count), "Other");
}

/* ---- readings ---- */

static void devices_and_their_types(void **state)
{
    static const struct {
        const char *ua, *os, *browser, *vendor, *model, *type;
    } rows[] = {
        {CHROME, "Windows", "Chrome", "", "", ""},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/26.6 Mobile/15E148 Safari/604.1",
         "iOS", "Mobile Safari", "Apple", "iPhone", "mobile"},
        {"Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/26.6 "
         "Mobile/15E148 Safari/604.1",
         "iOS", "Mobile Safari", "Apple", "iPad", "tablet"},
        {"Mozilla/5.0 (Linux; Android 16; SM-S938B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 "
         "Mobile "
         "Safari/537.36",
         "Android", "Chrome Mobile", "Samsung", "SM-S938B", "mobile"},
        {"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/154.0.0.0 "
         "Safari/537.36",
         "Android", "Chrome", "", "", "tablet"},
        {"Mozilla/5.0 (Android 14; Tablet; rv:155.0) Gecko/155.0 Firefox/155.0", "Android", "Firefox Mobile",
         "", "", "tablet"},
        {"Mozilla/5.0 (Linux; Android 11; KFTRWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/144.3.1 like "
         "Chrome/144.0.7559.90 Safari/537.36",
         "Android", "Amazon Silk", "Amazon", "Kindle", "tablet"},
        {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/26.6 "
         "Safari/605.1.15",
         "Mac OS X", "Safari", "Apple", "Mac", ""},
        {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Other", "Googlebot", "",
         "", ""},
        {"curl/8.14.1", "Other", "curl", "", "", ""},
        {"NETF-1 of the rules without case", "Other", "Other", "", "", "mobile"},
        {"nothing that anybody knows", "Other", "Other", "", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct hc_device d = read_text(rows[i].ua);

        assert_string_equal(d.ua, rows[i].ua);
        assert_string_equal(d.os.name, rows[i].os);
        assert_string_equal(d.browser.name, rows[i].browser);
        assert_string_equal(d.vendor, rows[i].vendor);
        assert_string_equal(d.model, rows[i].model);
        assert_string_equal(d.type, rows[i].type);
        assert_int_equal(d.os.key, hc_device_system_key(d.os.name, strlen(d.os.name)));
        assert_int_equal(d.browser.key, hc_device_browser_key(d.browser.name, strlen(d.browser.name)));
    }
}

static void a_family_without_a_row_keeps_its_name(void **state)
{
    struct hc_device d = read_text("Mozilla/5.0 (compatible; QuiteNewBot/3.1; +http://quite.new)");

    (void)state;
    assert_string_equal(d.browser.name, "QuiteNewBot");
    assert_string_equal(d.browser.version, "3.1");
    assert_int_equal(d.browser.key, HC_DEVICE_OTHER);
}

/* ---- hostile texts ---- */

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

static void what_is_no_text_is_other(void **state)
{
    static const char *const texts[] = {"\x01", "Chrome/154.0\nX: y", "Chrome/154.0\r", "\tChrome/154.0",
                                        "Chrome/154.0\x7F"};
    struct hc_device d;

    (void)state;
    hc_device_read(&d, NULL, 0);
    assert_string_equal(d.ua, "");
    assert_string_equal(d.os.name, "Other");
    hc_device_read(&d, CHROME, 0);
    assert_string_equal(d.browser.name, "Other");
    hc_device_read(&d, "Chrome/154.0\0.0", 15);
    assert_string_equal(d.ua, "Chrome/154.0\xEF\xBF\xBD.0");
    assert_string_equal(d.browser.name, "Other");
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        d = read_text(texts[i]);
        expect_sound(&d);
        assert_string_equal(d.browser.name, "Other");
        assert_int_equal(d.browser.key, HC_DEVICE_OTHER);
    }
}

static void bytes_that_are_no_utf8_are_replaced(void **state)
{
    struct hc_device d = read_text(CHROME " \xFF\xC0\xAF\xED\xA0\x80\xF0\x9F");
    char many[2 * HC_DEVICE_UA_MAX];

    (void)state;
    expect_sound(&d);
    assert_string_equal(d.browser.name, "Chrome");
    memset(many, 0xFF, sizeof(many));
    hc_device_read(&d, many, sizeof(many));
    expect_sound(&d);
    assert_int_equal(strlen(d.ua), HC_DEVICE_UA_MAX / 3 * 3);
}

static void long_texts_are_cut_at_a_character(void **state)
{
    size_t len = 8192;
    char *big = malloc(len);
    struct hc_device d;

    (void)state;
    assert_non_null(big);
    for (size_t i = 0; i < len; i += 2)
        memcpy(big + i, "\xC3\xA9", 2);
    memcpy(big, "Chrome/154.0 ", 13);
    big[13] = 'x'; /* the half of a character that was overwritten */
    hc_device_read(&d, big, len);
    expect_sound(&d);
    assert_string_equal(d.browser.name, "Chrome");
    assert_int_equal(strlen(d.ua), HC_DEVICE_UA_MAX);
    hc_device_read(&d, big, HC_DEVICE_UA_MAX - 1);
    assert_int_equal(strlen(d.ua), HC_DEVICE_UA_MAX - 2);
    memmove(big + 600, CHROME, sizeof(CHROME));
    memset(big, ' ', 600);
    hc_device_read(&d, big, len); /* what is behind the cut isn't read */
    assert_string_equal(d.browser.name, "Other");
    free(big);
}

/* ---- written ---- */

static void expect_written(const char *ua, const char *expected)
{
    struct hc_device d;
    struct hc_buf text;
    struct hc_json j;
    bson_t doc = BSON_INITIALIZER;
    bson_t *same;
    bson_error_t error;

    hc_device_read(&d, ua, strlen(ua));
    hc_buf_init(&text, 4096);
    hc_json_begin(&j, &text);
    hc_device_json(&j, &d);
    assert_false(hc_buf_failed(&text));
    assert_string_equal(text.data, expected);
    hc_device_bson(&d, &doc);
    same = bson_new_from_json((const uint8_t *)expected, -1, &error);
    assert_non_null(same);
    assert_true(bson_validate(&doc, BSON_VALIDATE_UTF8, NULL));
    assert_true(bson_equal(&doc, same));
    bson_destroy(same);
    bson_destroy(&doc);
    hc_buf_release(&text);
}

static void documents_leave_out_what_is_unknown(void **state)
{
    (void)state;
    expect_written("", "{\"os\":{\"name\":\"Other\"},\"browser\":{\"name\":\"Other\"}}");
    expect_written(CHROME, "{\"ua\":\"" CHROME "\",\"os\":{\"name\":\"Windows\",\"version\":\"10\"},"
                           "\"browser\":{\"name\":\"Chrome\",\"version\":\"154.0.0\",\"major\":\"154\"}}");
    expect_written(
        "Mozilla/5.0 (Linux; Android 16; SM-S938B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 "
        "Mobile Safari/537.36",
        "{\"ua\":\"Mozilla/5.0 (Linux; Android 16; SM-S938B) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/153.0.0.0 Mobile Safari/537.36\",\"os\":{\"name\":\"Android\",\"version\":\"16\"},"
        "\"browser\":{\"name\":\"Chrome Mobile\",\"version\":\"153.0.0\",\"major\":\"153\"},"
        "\"device\":{\"vendor\":\"Samsung\",\"model\":\"SM-S938B\",\"type\":\"mobile\"}}");
    expect_written("a\"b\\c",
                   "{\"ua\":\"a\\\"b\\\\c\",\"os\":{\"name\":\"Other\"},\"browser\":{\"name\":\"Other\"}}");
}

/* ---- samples ---- */

static void every_sample_is_read(void **state)
{
    int mobile = 0;
    int tablet = 0;

    (void)state;
    assert_true(hc_device_agents_count >= 60);
    for (int i = 0; i < hc_device_agents_count; i++) {
        struct hc_device d = read_text(hc_device_agents[i].ua);

        assert_int_not_equal(d.os.key, HC_DEVICE_OTHER);
        assert_int_not_equal(d.browser.key, HC_DEVICE_OTHER);
        assert_true(d.browser.version[0] != '\0');
        mobile += strcmp(d.type, "mobile") == 0;
        tablet += strcmp(d.type, "tablet") == 0;
    }
    assert_true(mobile >= 30);
    assert_true(tablet >= 5);
}

static void samples_come_by_their_weights(void **state)
{
    enum { DRAWS = 200000 };
    int *seen = calloc((size_t)hc_device_agents_count, sizeof(*seen));
    double total = hc_device_agents[hc_device_agents_count - 1].upto;
    double chi = 0;

    (void)state;
    assert_non_null(seen);
    for (uint64_t i = 0; i < DRAWS; i++) {
        const char *ua = hc_device_sample(i);
        int at = 0;

        while (hc_device_agents[at].ua != ua)
            assert_true(++at < hc_device_agents_count);
        seen[at]++;
    }
    for (int i = 0; i < hc_device_agents_count; i++) {
        double weight = hc_device_agents[i].upto - (i > 0 ? hc_device_agents[i - 1].upto : 0U);
        double expected = DRAWS * weight / total;

        assert_true(seen[i] > 0);
        chi += (seen[i] - expected) * (seen[i] - expected) / expected;
    }
    free(seen);
    /* Chi square of n - 1 degrees: mean n - 1, variance 2 (n - 1); five deviations. The draws are the same
     * each time. */
    assert_true(chi < hc_device_agents_count + 75);
    assert_ptr_equal(hc_device_sample(UINT64_MAX), hc_device_sample(UINT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_only_grow),
        cmocka_unit_test(every_row_is_found_by_its_name),
        cmocka_unit_test(further_names_are_understood),
        cmocka_unit_test(unknown_names_are_other),
        cmocka_unit_test(devices_and_their_types),
        cmocka_unit_test(a_family_without_a_row_keeps_its_name),
        cmocka_unit_test(what_is_no_text_is_other),
        cmocka_unit_test(bytes_that_are_no_utf8_are_replaced),
        cmocka_unit_test(long_texts_are_cut_at_a_character),
        cmocka_unit_test(documents_leave_out_what_is_unknown),
        cmocka_unit_test(every_sample_is_read),
        cmocka_unit_test(samples_come_by_their_weights),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
