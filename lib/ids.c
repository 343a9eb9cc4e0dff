#include "ids.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "clock.h"

static const char upper32[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const char lower32[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const char lower16[] = "0123456789abcdef";

/* Writes the low `size` bytes of a number, big-endian. */
static void put_be(uint8_t *out, size_t size, uint64_t number)
{
    for (size_t i = size; i-- > 0; number >>= 8)
        out[i] = (uint8_t)number;
}

static uint32_t get_be32(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

void hc_oid_make(uint8_t out[HC_OID_SIZE], uint32_t second, uint32_t hash, uint32_t index)
{
    put_be(out, 4, second);
    put_be(out + 4, 4, hash);
    put_be(out + 8, 4, index);
}

void hc_oid_parts(const uint8_t oid[HC_OID_SIZE], uint32_t *second, uint32_t *hash, uint32_t *index)
{
    *second = get_be32(oid);
    *hash = get_be32(oid + 4);
    *index = get_be32(oid + 8);
}

void hc_oid_to_hex(const uint8_t oid[HC_OID_SIZE], char out[HC_OID_TEXT])
{
    for (size_t i = 0; i < HC_OID_SIZE; i++) {
        out[2 * i] = lower16[oid[i] >> 4];
        out[2 * i + 1] = lower16[oid[i] & 15];
    }
    out[HC_OID_TEXT - 1] = '\0';
}

int hc_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hc_oid_from_hex(uint8_t out[HC_OID_SIZE], const char *text, size_t len)
{
    uint8_t oid[HC_OID_SIZE];

    if (len != 2 * HC_OID_SIZE)
        return false;
    for (size_t i = 0; i < HC_OID_SIZE; i++) {
        int high = hc_hex_digit(text[2 * i]);
        int low = hc_hex_digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        oid[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(out, oid, sizeof(oid));
    return true;
}

/* Writes `digits` base32 digits of the low bits of `number`, the highest first. */
static void put_base32(char *out, size_t digits, uint64_t number)
{
    for (size_t i = digits; i-- > 0; number >>= 5)
        out[i] = upper32[number & 31];
}

/* 40 bits, big-endian: eight base32 digits hold them exactly. */
static uint64_t get_be40(const uint8_t *in)
{
    return (uint64_t)in[0] << 32 | get_be32(in + 1);
}

void hc_ulid_make(char out[HC_ULID_TEXT], uint64_t ms, const uint8_t random[10])
{
    put_base32(out, 10, ms & UINT64_C(0xffffffffffff));
    put_base32(out + 10, 8, get_be40(random));
    put_base32(out + 18, 8, get_be40(random + 5));
    out[HC_ULID_TEXT - 1] = '\0';
}

void hc_ulid_from_bytes(char out[HC_ULID_TEXT], const uint8_t bytes[HC_ULID_SIZE])
{
    hc_ulid_make(out, get_be40(bytes) << 8 | bytes[5], bytes + 6);
}

/* Value of a base32 digit of either case, or -1. */
static int base32_value(char c)
{
    const char *found;

    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    found = c ? strchr(upper32, c) : NULL;
    return found ? (int)(found - upper32) : -1;
}

/* Reads `digits` base32 digits into a number. Returns false if one is none. */
static bool get_base32(uint64_t *number, const char *text, size_t digits)
{
    *number = 0;
    for (size_t i = 0; i < digits; i++) {
        int value = base32_value(text[i]);

        if (value < 0)
            return false;
        *number = *number << 5 | (unsigned)value;
    }
    return true;
}

bool hc_ulid_decode(uint8_t bytes[HC_ULID_SIZE], const char *text, size_t len)
{
    uint64_t ms, high, low;

    if (len != HC_ULID_TEXT - 1 || text[0] < '0' || text[0] > '7')
        return false;
    if (!get_base32(&ms, text, 10) || !get_base32(&high, text + 10, 8) || !get_base32(&low, text + 18, 8))
        return false;
    put_be(bytes, 6, ms);
    put_be(bytes + 6, 5, high);
    put_be(bytes + 11, 5, low);
    return true;
}

/* Fills `out` with random bytes. Returns 0, or -1 with errno set. */
static int random_bytes(uint8_t *out, size_t size)
{
    while (size > 0) {
        ssize_t got = getrandom(out, size, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        out += got;
        size -= (size_t)got;
    }
    return 0;
}

int hc_ulid_new(char out[HC_ULID_TEXT])
{
    uint8_t random[10];

    out[0] = '\0';
    if (random_bytes(random, sizeof(random)) != 0)
        return -1;
    hc_ulid_make(out, (uint64_t)hc_now_ms(), random);
    return 0;
}

void hc_hash128(const void *data, size_t size, uint8_t out[HC_HASH128_SIZE])
{
    XXH128_canonical_t canonical;

    XXH128_canonicalFromHash(&canonical, XXH3_128bits(size ? data : "", size));
    memcpy(out, canonical.digest, HC_HASH128_SIZE);
}

uint64_t hc_hash64(const void *data, size_t size)
{
    return XXH3_64bits(size ? data : "", size);
}

size_t hc_base32(char out[HC_BASE32_TEXT], uint64_t number)
{
    char digits[HC_BASE32_TEXT];
    size_t begin = sizeof(digits) - 1;

    digits[begin] = '\0';
    do
        digits[--begin] = lower32[number & 31];
    while ((number >>= 5) != 0);
    memcpy(out, digits + begin, sizeof(digits) - begin);
    return sizeof(digits) - 1 - begin;
}
