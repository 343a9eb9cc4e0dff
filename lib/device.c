#include "device.h"

#include <stdio.h>
#include <string.h>

#include "device_cache.h"
#include "device_rules.h"

_Static_assert(HC_DEVICE_UA_MAX == HC_DEVICE_RULE_UA_MAX, "what is kept is what is read");
_Static_assert(sizeof(((struct hc_device *)0)->os.name) >= HC_DEVICE_RULE_PART, "a family fits");
_Static_assert(sizeof(((struct hc_device *)0)->vendor) >= HC_DEVICE_RULE_PART, "a brand fits");

/* ---- the text ---- */

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* Writes ua as valid UTF-8 without control characters, which are U+FFFD then like bytes that are no UTF-8,
 * and cuts it. False when there were control characters, or nothing: it is no User-Agent's text. */
static bool clean(char out[static HC_DEVICE_UA_MAX + 1], const char *ua, size_t len)
{
    size_t used = 0;
    size_t at = 0;
    bool plain = len > 0;

    while (at < len) {
        size_t n = hc_utf8_char(ua + at, len - at);
        bool control = n == 1 && ((unsigned char)ua[at] < ' ' || ua[at] == 0x7F);
        const char *from = n == 0 || control ? REPLACEMENT : ua + at;
        size_t bytes = n == 0 || control ? sizeof(REPLACEMENT) - 1 : n;

        plain = plain && !control;
        if (used + bytes > HC_DEVICE_UA_MAX)
            break;
        memcpy(out + used, from, bytes);
        used += bytes;
        at += n == 0 ? 1 : n;
    }
    out[used] = '\0';
    return plain;
}

/* ---- what the rules found ---- */

/* Writes text, as much of it as fits, cut at a character's border. */
static void copy(char *out, size_t size, const char *text)
{
    size_t len = strlen(text);

    if (len >= size)
        len = hc_utf8_valid(text, size - 1);
    memcpy(out, text, len);
    out[len] = '\0';
}

/* parts[1] and further, as far as they are given without a gap, with stops between. */
static void join_version(char *out, size_t size, const struct hc_device_reading *r)
{
    char joined[HC_DEVICE_RULE_PARTS * HC_DEVICE_RULE_PART] = "";
    size_t used = 0;

    for (int i = 1; i < HC_DEVICE_RULE_PARTS && r->parts[i][0] != '\0'; i++)
        used += (size_t)snprintf(joined + used, sizeof(joined) - used, "%s%s", i > 1 ? "." : "", r->parts[i]);
    copy(out, size, joined);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Vendor and model, where the rules name a maker: "Generic" and "Spider" are none, and "K" is what Chrome
 * says in the place of every Android model. */
static void put_device(struct hc_device *d, const struct hc_device_reading *r)
{
    const char *brand = r->parts[1];
    const char *model = r->parts[2];

    if (strcmp(r->parts[0], "Other") == 0 || begins(r->parts[0], "Generic") || begins(brand, "Spider"))
        return;
    if (!begins(brand, "Generic"))
        copy(d->vendor, sizeof(d->vendor), brand);
    if (strcmp(model, "K") != 0)
        copy(d->model, sizeof(d->model), model);
}

/* ---- mobile or tablet ---- */

static bool is_one_of(const char *name, const char *const *list)
{
    while (*list != NULL && strcmp(name, *list) != 0)
        list++;
    return *list != NULL;
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* By the rules that the header tells. */
static const char *type_of(const struct hc_device *d, const char *family)
{
    static const char *const phones[] = {"iOS",
                                         "Windows Phone",
                                         "Windows Mobile",
                                         "KaiOS",
                                         "BlackBerry OS",
                                         "Firefox OS",
                                         "Symbian OS",
                                         "Symbian^3",
                                         "Symbian^3 Anna",
                                         "Symbian^3 Belle",
                                         "Nokia Series 40",
                                         "Bada",
                                         "BREW",
                                         "Brew MP",
                                         "Nokia Series 30 Plus",
                                         "MeeGo",
                                         "Maemo",
                                         "Sailfish",
                                         NULL};
    static const char *const droids[] = {"Android", "HarmonyOS", NULL};

    if (strcmp(family, "Spider") == 0 || has(family, "TV") || has(d->model, "TV"))
        return "";
    if (begins(family, "iPad") || begins(family, "Kindle") || strcmp(d->os.name, "BlackBerry Tablet OS") == 0)
        return "tablet";
    if (is_one_of(d->os.name, phones) || begins(family, "Generic Smartphone") ||
        begins(family, "Generic Feature"))
        return "mobile";
    if (!is_one_of(d->os.name, droids))
        return "";
    if (has(d->ua, "Tablet") || has(d->ua, "Silk/"))
        return "tablet";
    return has(d->ua, "Mobile") || !has(d->ua, "AppleWebKit/") ? "mobile" : "tablet";
}

/* ---- reading ---- */

static void read_rules(struct hc_device *d)
{
    struct hc_device_reading r;
    size_t len = strlen(d->ua);

    hc_device_rules_read(HC_DEVICE_BROWSER, d->ua, len, &r);
    copy(d->browser.name, sizeof(d->browser.name), r.parts[0]);
    join_version(d->browser.version, sizeof(d->browser.version), &r);
    d->browser.key = hc_device_browser_key(d->browser.name, strlen(d->browser.name));
    hc_device_rules_read(HC_DEVICE_SYSTEM, d->ua, len, &r);
    copy(d->os.name, sizeof(d->os.name), r.parts[0]);
    join_version(d->os.version, sizeof(d->os.version), &r);
    d->os.key = hc_device_system_key(d->os.name, strlen(d->os.name));
    hc_device_rules_read(HC_DEVICE_DEVICE, d->ua, len, &r);
    put_device(d, &r);
    copy(d->type, sizeof(d->type), type_of(d, r.parts[0]));
}

void hc_device_read(struct hc_device *out, const char *ua, size_t len)
{
    char text[HC_DEVICE_UA_MAX + 1] = "";
    bool plain = ua != NULL && clean(text, ua, len);

    if (plain && hc_device_cache_get(out, text, strlen(text)))
        return;
    memset(out, 0, sizeof(*out));
    strcpy(out->ua, text);
    strcpy(out->os.name, "Other");
    strcpy(out->browser.name, "Other");
    if (!plain)
        return;
    read_rules(out);
    hc_device_cache_put(out);
}

/* ---- as a document ---- */

/* The first number of the browser's version; 0 digits if it has none. */
static size_t major_of(const struct hc_device *d)
{
    return strspn(d->browser.version, "0123456789");
}

static void put_bson(bson_t *doc, const char *key, const char *text, size_t len)
{
    if (len > 0)
        bson_append_utf8(doc, key, -1, text, (int)len);
}

void hc_device_bson(const struct hc_device *d, bson_t *doc)
{
    bson_t part;

    put_bson(doc, "ua", d->ua, strlen(d->ua));
    bson_append_document_begin(doc, "os", -1, &part);
    put_bson(&part, "name", d->os.name, strlen(d->os.name));
    put_bson(&part, "version", d->os.version, strlen(d->os.version));
    bson_append_document_end(doc, &part);
    bson_append_document_begin(doc, "browser", -1, &part);
    put_bson(&part, "name", d->browser.name, strlen(d->browser.name));
    put_bson(&part, "version", d->browser.version, strlen(d->browser.version));
    put_bson(&part, "major", d->browser.version, major_of(d));
    bson_append_document_end(doc, &part);
    if (d->vendor[0] == '\0' && d->model[0] == '\0' && d->type[0] == '\0')
        return;
    bson_append_document_begin(doc, "device", -1, &part);
    put_bson(&part, "vendor", d->vendor, strlen(d->vendor));
    put_bson(&part, "model", d->model, strlen(d->model));
    put_bson(&part, "type", d->type, strlen(d->type));
    bson_append_document_end(doc, &part);
}

static void put_json(struct hc_json *j, const char *key, const char *text, size_t len)
{
    if (len > 0) {
        hc_json_key(j, key);
        hc_json_strn(j, text, len);
    }
}

void hc_device_json(struct hc_json *j, const struct hc_device *d)
{
    hc_json_open(j, '{');
    put_json(j, "ua", d->ua, strlen(d->ua));
    hc_json_key(j, "os");
    hc_json_open(j, '{');
    put_json(j, "name", d->os.name, strlen(d->os.name));
    put_json(j, "version", d->os.version, strlen(d->os.version));
    hc_json_close(j, '}');
    hc_json_key(j, "browser");
    hc_json_open(j, '{');
    put_json(j, "name", d->browser.name, strlen(d->browser.name));
    put_json(j, "version", d->browser.version, strlen(d->browser.version));
    put_json(j, "major", d->browser.version, major_of(d));
    hc_json_close(j, '}');
    if (d->vendor[0] != '\0' || d->model[0] != '\0' || d->type[0] != '\0') {
        hc_json_key(j, "device");
        hc_json_open(j, '{');
        put_json(j, "vendor", d->vendor, strlen(d->vendor));
        put_json(j, "model", d->model, strlen(d->model));
        put_json(j, "type", d->type, strlen(d->type));
        hc_json_close(j, '}');
    }
    hc_json_close(j, '}');
}
