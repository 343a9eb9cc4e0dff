/* lib/countries: the table holds together, and what people write for a country is understood. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "countries.h"
#include "names.h"

static const char *code_of(const char *text)
{
    int index = hc_country_find(text, strlen(text));

    return index < 0 ? "-" : hc_country_at(index)->code;
}

static void rows_are_sorted_and_whole(void **state)
{
    (void)state;
    assert_in_range(hc_country_count(), 245, HC_COUNTRY_MAX);
    for (int i = 0; i < hc_country_count() - 1; i++) {
        const struct hc_country *c = hc_country_at(i);

        assert_true(isupper((unsigned char)c->code[0]) && isupper((unsigned char)c->code[1]));
        assert_int_equal(strlen(c->alpha3), 3);
        assert_true(strlen(c->name) >= 3 && strlen(c->name) < 60);
        assert_true(c->population > 0);
        assert_true(c->dial[0] >= '1' && c->dial[0] <= '9');
        assert_int_equal(strspn(c->dial, "0123456789"), strlen(c->dial));
        assert_true(c->numeric > 0 || strcmp(c->code, "XK") == 0);
        assert_true(strcmp(c->code, hc_country_at(i + 1)->code) < 0);
    }
}

static void unknown_is_the_last_row(void **state)
{
    int unknown = hc_country_unknown();

    (void)state;
    assert_int_equal(unknown, hc_country_count() - 1);
    assert_string_equal(hc_country_at(unknown)->code, HC_COUNTRY_UNKNOWN);
    assert_int_equal(hc_country_at(unknown)->population, 0);
    assert_ptr_equal(hc_country_at(-1), hc_country_at(unknown));
    assert_ptr_equal(hc_country_at(hc_country_count()), hc_country_at(unknown));
    assert_int_equal(hc_country_by_code("ZZ", 2), unknown);
    assert_string_equal(code_of("ZZ"), "-");
    assert_string_equal(code_of("Unknown"), "-");
}

static void codes_and_names_find_their_row(void **state)
{
    char lower[64];

    (void)state;
    for (int i = 0; i < hc_country_count() - 1; i++) {
        const struct hc_country *c = hc_country_at(i);

        assert_int_equal(hc_country_find(c->code, 2), i);
        assert_int_equal(hc_country_find(c->alpha3, 3), i);
        assert_int_equal(hc_country_find(c->name, strlen(c->name)), i);
        assert_int_equal(hc_country_by_code(c->code, 2), i);
        snprintf(lower, sizeof(lower), "%s", c->name);
        for (char *p = lower; *p; p++)
            *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
        assert_int_equal(hc_country_find(lower, strlen(lower)), i);
    }
}

static void keys_are_sorted_and_short(void **state)
{
    (void)state;
    for (int i = 0; i < hc_country_keys_count; i++) {
        const struct hc_country_key *key = &hc_country_keys[i];

        assert_int_equal(key->length, strlen(key->text));
        assert_true(key->length > 0 && key->length <= 80);
        assert_true(i == 0 || strcmp(hc_country_keys[i - 1].text, key->text) < 0);
        assert_int_equal(hc_country_find(key->text, key->length), key->country);
    }
}

static void common_variants_are_understood(void **state)
{
    static const char *const variants[][2] = {
        {"USA", "US"},
        {"usa", "US"},
        {"United States", "US"},
        {"United States of America", "US"},
        {"UK", "GB"},
        {"Great Britain", "GB"},
        {"United Kingdom", "GB"},
        {"Russia", "RU"},
        {"Russian Federation", "RU"},
        {"Vietnam", "VN"},
        {"Viet Nam", "VN"},
        {"South Korea", "KR"},
        {"Korea, Republic of", "KR"},
        {"Republic of Korea", "KR"},
        {"North Korea", "KP"},
        {"Democratic People's Republic of Korea", "KP"},
        {"St. Kitts", "KN"},
        {"Saint Kitts and Nevis", "KN"},
        {"Czech Republic", "CZ"},
        {"Czechia", "CZ"},
        {"Ivory Coast", "CI"},
        {"Cote d'Ivoire", "CI"},
        {"Côte d'Ivoire", "CI"},
        {"Côte d’Ivoire", "CI"},
        {"Congo", "CG"},
        {"Democratic Republic of the Congo", "CD"},
        {"Turkey", "TR"},
        {"Türkiye", "TR"},
        {"Swaziland", "SZ"},
        {"Burma", "MM"},
        {"Macedonia", "MK"},
        {"Iran, Islamic Republic of", "IR"},
        {"Holy See (Vatican City State)", "VA"},
        {"Palestine", "PS"},
        {"Cape Verde", "CV"},
        {"Cabo Verde", "CV"},
        {"Holland", "NL"},
        {"The Netherlands", "NL"},
        {"Åland Islands", "AX"},
        {"Réunion", "RE"},
        {"Curacao", "CW"},
        {"Bosnia and Herzegovina", "BA"},
        {"Micronesia, Federated States of", "FM"},
        {"Lao People's Democratic Republic", "LA"},
        {"Syrian Arab Republic", "SY"},
        {"Taiwan", "TW"},
        {"Hong Kong", "HK"},
        {"Macau", "MO"},
        {"Kosovo", "XK"},
        {"Dominica", "DM"},
        {"Dominican Republic", "DO"},
        {"Niger", "NE"},
        {"Nigeria", "NG"},
        {"Guinea", "GN"},
        {"Guinea-Bissau", "GW"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++)
        assert_string_equal(code_of(variants[i][0]), variants[i][1]);
}

static void other_texts_are_refused(void **state)
{
    static const char *const bad[] = {"",         " ",    "Atlantis", "X", "QQ", "ÅLAND ISLANDs\xff",
                                      "Germany ", "Inda", "India\n"};
    char long_text[5000];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_string_equal(code_of(bad[i]), "-");
    memset(long_text, 'a', sizeof(long_text));
    assert_int_equal(hc_country_find(long_text, sizeof(long_text)), -1);
    assert_int_equal(hc_country_find("India\0", 6), -1);
    assert_int_equal(hc_country_find("Indiana", 5), hc_country_by_code("IN", 2));
    assert_int_equal(hc_country_by_code("in", 2), -1);
    assert_int_equal(hc_country_by_code("IND", 3), -1);
    assert_int_equal(hc_country_by_code("", 0), -1);
}

static void the_world_has_eight_billion(void **state)
{
    uint64_t people = 0;

    (void)state;
    for (int i = 0; i < hc_country_count(); i++)
        people += hc_country_at(i)->population;
    assert_in_range(people / 1000000, 8000, 8300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sorted_and_whole),      cmocka_unit_test(unknown_is_the_last_row),
        cmocka_unit_test(codes_and_names_find_their_row), cmocka_unit_test(keys_are_sorted_and_short),
        cmocka_unit_test(common_variants_are_understood), cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(the_world_has_eight_billion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
