/* The closed tables: keys of names, names of keys, and User-Agents to draw. */
#include "device.h"

#include <stdint.h>
#include <string.h>

#include "device_tables.h"
#include "random.h"

#define LONGEST 63 /* bytes; device_tables.py refuses longer ones */

/* Order of a text to a row: by bytes, then by length. */
static int compare_key(const char *text, size_t len, const char *row)
{
    int order = strncmp(text, row, len);

    return order != 0 ? order : -(row[len] != '\0');
}

static int find_key(const struct hc_device_key *rows, int count, const char *name, size_t len)
{
    char folded[LONGEST + 1] = "";
    int low = 0;

    if (name == NULL || len > LONGEST || memchr(name, '\0', len) != NULL)
        return HC_DEVICE_OTHER;
    for (size_t i = 0; i < len; i++)
        folded[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] - 'A' + 'a') : name[i];
    while (low < count) {
        int middle = low + (count - low) / 2;
        int order = compare_key(folded, len, rows[middle].text);

        if (order == 0)
            return rows[middle].key;
        if (order < 0)
            count = middle;
        else
            low = middle + 1;
    }
    return HC_DEVICE_OTHER;
}

int hc_device_system_key(const char *name, size_t len)
{
    return find_key(hc_device_system_keys, hc_device_system_keys_count, name, len);
}

int hc_device_browser_key(const char *name, size_t len)
{
    return find_key(hc_device_browser_keys, hc_device_browser_keys_count, name, len);
}

const char *hc_device_system_name(int key)
{
    return hc_device_system_names[key < 0 || key >= hc_device_system_names_count ? HC_DEVICE_OTHER : key];
}

const char *hc_device_browser_name(int key)
{
    return hc_device_browser_names[key < 0 || key >= hc_device_browser_names_count ? HC_DEVICE_OTHER : key];
}

const char *hc_device_sample(uint64_t draw)
{
    const struct hc_device_agent *agents = hc_device_agents;
    int low = 0;
    int high = hc_device_agents_count - 1;
    uint32_t at = hc_random_scale(hc_random_mix(draw + HC_RANDOM_STEP), agents[high].upto);

    while (low < high) {
        int middle = low + (high - low) / 2;

        if (at < agents[middle].upto)
            high = middle;
        else
            low = middle + 1;
    }
    return agents[low].ua;
}
