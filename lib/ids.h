/*
 * Ids: MongoDB's ObjectId, ULIDs, hashes and short numbers.
 *
 * The ObjectIds of generated users say where they come from: 4 bytes the job's second, 4 bytes the job's
 * hash, 4 bytes the user's index in the job, each big-endian. Their byte order is therefore the order of
 * creation, and all users of one job lie between two ids. ULIDs are 26 characters of Crockford's base32: 48
 * bits of milliseconds, then 80 random bits, so their text order is the order of time.
 *
 * Nothing here allocates or keeps state; all functions may be called from any thread. Sizes of texts include
 * the closing NUL.
 */
#ifndef HC_IDS_H
#define HC_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HC_OID_SIZE 12     /* bytes of an ObjectId */
#define HC_OID_TEXT 25     /* 24 hex digits and NUL */
#define HC_ULID_SIZE 16    /* bytes of a ULID: 6 of time, 10 random */
#define HC_ULID_TEXT 27    /* 26 characters and NUL */
#define HC_HASH128_SIZE 16 /* bytes of hc_hash128 */
#define HC_BASE32_TEXT 14  /* up to 13 digits and NUL */

/* Writes the ObjectId of user `index` of the job with `second` (since the epoch) and `hash` into `out`. */
void hc_oid_make(uint8_t out[HC_OID_SIZE], uint32_t second, uint32_t hash, uint32_t index);

/* Takes an ObjectId apart again: the inverse of hc_oid_make. None of the pointers may be NULL. */
void hc_oid_parts(const uint8_t oid[HC_OID_SIZE], uint32_t *second, uint32_t *hash, uint32_t *index);

/* Value of a hex digit of either case, or -1 for any other character. */
int hc_hex_digit(char c);

/* Writes 24 lower-case hex digits and NUL. */
void hc_oid_to_hex(const uint8_t oid[HC_OID_SIZE], char out[HC_OID_TEXT]);

/*
 * Reads an ObjectId from `text`, which must be exactly 24 hex digits of either case (`len` 24; no NUL
 * needed). Returns false, and leaves `out` alone, for anything else.
 */
bool hc_oid_from_hex(uint8_t out[HC_OID_SIZE], const char *text, size_t len);

/*
 * Writes the ULID of `ms` (since the epoch; its low 48 bits are taken) and 10 bytes of randomness as 26
 * upper-case characters and NUL.
 */
void hc_ulid_make(char out[HC_ULID_TEXT], uint64_t ms, const uint8_t random[10]);

/* Writes the ULID whose 16 bytes are given as 26 upper-case characters and NUL. */
void hc_ulid_from_bytes(char out[HC_ULID_TEXT], const uint8_t bytes[HC_ULID_SIZE]);

/*
 * Reads a ULID: exactly 26 characters of Crockford's alphabet, either case, the first at most '7' (more would
 * not fit into 128 bits). The look-alikes I, L, O and U are refused, so that one ULID has one text per case.
 * Returns false, and leaves `bytes` alone, for anything else.
 */
bool hc_ulid_decode(uint8_t bytes[HC_ULID_SIZE], const char *text, size_t len);

/*
 * Writes a new ULID from the clock and getrandom(2). Returns 0, or -1 with errno set and `out` an empty text
 * when the system has no randomness or no clock for us. Two calls in one millisecond come in no particular
 * order.
 */
int hc_ulid_new(char out[HC_ULID_TEXT]);

/*
 * Hashes `size` bytes to 128 bits (XXH3, canonical big-endian order, the same on every machine). `data` may
 * be NULL if `size` is 0. Not cryptographic: it finds the same thing again, it proves nothing.
 */
void hc_hash128(const void *data, size_t size, uint8_t out[HC_HASH128_SIZE]);

/* Hashes `size` bytes to 64 bits (XXH3). Otherwise as hc_hash128. */
uint64_t hc_hash64(const void *data, size_t size);

/*
 * Writes `number` in Crockford's base32, lower-case, with as few digits as it takes (0 is "0"), and NUL.
 * Returns the number of digits, 1 … 13.
 */
size_t hc_base32(char out[HC_BASE32_TEXT], uint64_t number);

#endif
