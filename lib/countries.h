/*
 * The countries that users come from: a closed table of ISO 3166-1 (and Kosovo's XK), and one row "ZZ" for
 * users whose country we don't know.
 *
 * The rows are sorted by code, and an index is the place in that order. An index holds for one build only: a
 * newer table may move it. What is stored (in counters, in users) is therefore always the code or the name.
 * The row ZZ is the last one.
 *
 * The table is constant data made from lib/data/countries.tsv: nothing to create or free, and every function
 * may be called from any thread. The strings live as long as the program.
 */
#ifndef HC_COUNTRIES_H
#define HC_COUNTRIES_H

#include <stddef.h>
#include <stdint.h>

/* Upper bound of hc_country_count, for arrays with one place per country. */
#define HC_COUNTRY_MAX 256

/* Code of the row for users whose country isn't known. */
#define HC_COUNTRY_UNKNOWN "ZZ"

struct hc_country {
    char code[3];     /* ISO alpha-2, upper-case: the counter key; NUL-terminated */
    char alpha3[4];   /* ISO alpha-3, upper-case; NUL-terminated */
    uint16_t numeric; /* ISO numeric, 0 if there is none (XK, ZZ); written with three digits, "004" */
    const char *name; /* short common English name, UTF-8: what a user's `country` says */
    const char
        *dial; /* dial code, digits without '+', with the area code in North America ("1242"); "" for ZZ */
    uint32_t population; /* people, about 2024; at least 1, but 0 for ZZ */
};

/* Number of rows, ZZ included; at most HC_COUNTRY_MAX. */
int hc_country_count(void);

/* The row at `index`; the row ZZ if there is no such index. Never NULL. */
const struct hc_country *hc_country_at(int index);

/* Index of the row ZZ. */
int hc_country_unknown(void);

/*
 * Index of the country that `text` (`len` bytes of UTF-8, no NUL needed) means, or -1. Understood are alpha-2
 * and alpha-3 codes, the table's name and common English variants ("USA", "Russian Federation", "Cote
 * d'Ivoire"), upper- or lower-case for ASCII letters; other bytes must match. Blanks around are the caller's
 * to strip. ZZ is not found: it is no answer that a person may give.
 */
int hc_country_find(const char *text, size_t len);

/* Index of the row whose code is exactly these two upper-case letters, ZZ included, or -1: to read back keys.
 */
int hc_country_by_code(const char *code, size_t len);

#endif
