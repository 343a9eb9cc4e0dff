#include "countries.h"

#include <string.h>

#include "names.h"

#define KEY_MAX 80 /* bytes; no text that means a country is longer (a test holds this against the table) */

int hc_country_count(void)
{
    return hc_countries_count;
}

int hc_country_unknown(void)
{
    return hc_countries_count - 1;
}

const struct hc_country *hc_country_at(int index)
{
    if (index < 0 || index >= hc_countries_count)
        index = hc_country_unknown();
    return &hc_countries[index];
}

/* Order of a text to a key: first by bytes, then by length. */
static int compare_key(const char *text, size_t len, const struct hc_country_key *key)
{
    int order = memcmp(text, key->text, len < key->length ? len : key->length);

    if (order != 0)
        return order;
    return (len > key->length) - (len < key->length);
}

int hc_country_find(const char *text, size_t len)
{
    char folded[KEY_MAX];
    int low = 0;
    int high = hc_country_keys_count;

    if (len == 0 || len > sizeof(folded))
        return -1;
    for (size_t i = 0; i < len; i++)
        folded[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = compare_key(folded, len, &hc_country_keys[middle]);

        if (order == 0)
            return hc_country_keys[middle].country;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

int hc_country_by_code(const char *code, size_t len)
{
    int low = 0;
    int high = hc_countries_count;

    if (len != 2)
        return -1;
    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = memcmp(code, hc_countries[middle].code, 2);

        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}
