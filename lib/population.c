/* See population.h. This file: drawing and the stored form. population_sample.c collects. */
#include "population.h"

#include <string.h>

#include "ids.h"

/* Ranks go to users by steps of a prime: greater than any population, so each rank has its own user. */
#define SCATTER UINT64_C(4294967311)

#define RANGE_BYTES 16
#define KEY "population"

/* floor(random / 2^64 * limit) */
static uint64_t scale(uint64_t random, uint64_t limit)
{
    return (uint64_t)(((unsigned __int128)random * limit) >> 64);
}

uint32_t hc_population_size(const struct hc_population *p)
{
    uint64_t n = p->other_count;
    for (size_t r = 0; r < p->range_count; r++)
        n += p->ranges[r].count;
    return n < HC_POPULATION_SIZE_MAX ? (uint32_t)n : HC_POPULATION_SIZE_MAX;
}

void hc_population_add_range(struct hc_population *p, struct hc_population_range range)
{
    size_t at = p->range_count;
    if (at == HC_POPULATION_RANGES) {
        at = 0;
        for (size_t r = 1; r < HC_POPULATION_RANGES; r++)
            if (p->ranges[r].count < p->ranges[at].count)
                at = r;
        if (p->ranges[at].count >= range.count)
            return;
    } else if (range.count > 0) {
        p->range_count++;
    }
    if (range.count > 0)
        p->ranges[at] = range;
}

void hc_population_draw(const struct hc_population *p, uint64_t random, bson_oid_t *user)
{
    uint64_t size = hc_population_size(p);
    uint64_t cube = scale(scale(random, random), random); /* of a number in 0 … 1 */
    uint64_t at = scale(cube, size) * SCATTER % size;
    for (size_t r = 0; r < p->range_count; r++) {
        const struct hc_population_range *range = &p->ranges[r];
        if (at < range->count) {
            hc_oid_make(user->bytes, range->second, range->hash, range->first + (uint32_t)at);
            return;
        }
        at -= range->count;
    }
    *user = p->others[at];
}

/* ---- the stored form: {ranges: 16 bytes each, others: 12 bytes each} ---- */

static void put32(uint8_t *to, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(n >> (24 - 8 * i));
}

static uint32_t get32(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

void hc_population_append(const struct hc_population *p, bson_t *doc)
{
    uint8_t ranges[HC_POPULATION_RANGES * RANGE_BYTES], others[HC_POPULATION_OTHERS * HC_OID_SIZE];
    for (size_t r = 0; r < p->range_count; r++) {
        uint8_t *to = ranges + r * RANGE_BYTES;
        put32(to, p->ranges[r].second);
        put32(to + 4, p->ranges[r].hash);
        put32(to + 8, p->ranges[r].first);
        put32(to + 12, p->ranges[r].count);
    }
    for (size_t o = 0; o < p->other_count; o++)
        memcpy(others + o * HC_OID_SIZE, p->others[o].bytes, HC_OID_SIZE);
    bson_t below;
    bson_append_document_begin(doc, KEY, -1, &below);
    bson_append_binary(&below, "ranges", -1, BSON_SUBTYPE_BINARY, ranges,
                       (uint32_t)(p->range_count * RANGE_BYTES));
    bson_append_binary(&below, "others", -1, BSON_SUBTYPE_BINARY, others,
                       (uint32_t)(p->other_count * HC_OID_SIZE));
    bson_append_document_end(doc, &below);
}

static bool read_ranges(struct hc_population *p, const uint8_t *bytes, size_t len)
{
    p->range_count = len / RANGE_BYTES;
    if (len % RANGE_BYTES != 0 || p->range_count > HC_POPULATION_RANGES)
        return false;
    for (size_t r = 0; r < p->range_count; r++) {
        const uint8_t *from = bytes + r * RANGE_BYTES;
        struct hc_population_range range = {get32(from), get32(from + 4), get32(from + 8), get32(from + 12)};
        if (range.count == 0 || range.count - 1 > UINT32_MAX - range.first)
            return false;
        p->ranges[r] = range;
    }
    return true;
}

static bool read_others(struct hc_population *p, const uint8_t *bytes, size_t len)
{
    p->other_count = len / HC_OID_SIZE;
    if (len % HC_OID_SIZE != 0 || p->other_count > HC_POPULATION_OTHERS)
        return false;
    for (size_t o = 0; o < p->other_count; o++)
        memcpy(p->others[o].bytes, bytes + o * HC_OID_SIZE, HC_OID_SIZE);
    return true;
}

bool hc_population_read(struct hc_population *p, const bson_t *doc)
{
    static const struct part {
        const char *path;
        bool (*read)(struct hc_population *p, const uint8_t *bytes, size_t len);
    } PARTS[] = {{KEY ".ranges", read_ranges}, {KEY ".others", read_others}};
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
        bson_iter_t it, found;
        bson_subtype_t type;
        const uint8_t *bytes;
        uint32_t len;
        if (!bson_iter_init(&it, doc) || !bson_iter_find_descendant(&it, PARTS[i].path, &found) ||
            !BSON_ITER_HOLDS_BINARY(&found))
            return false;
        bson_iter_binary(&found, &type, &len, &bytes);
        if (!PARTS[i].read(p, bytes, len))
            return false;
    }
    return hc_population_size(p) > 0;
}
