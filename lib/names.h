/*
 * The tables of names and phone numbers that the generator draws from. Inside lib/ only: others use
 * generator.h.
 *
 * The data is constant and made from lib/data/ by lib/data/tables.py when the project is built; this header
 * says what it looks like. Texts lie in a pool of rows, each at an offset: the row is offset / HC_NAMES_ROW.
 * Weighted choices use the alias method: a random number chooses a place, a second one stays at that place if
 * it is below the place's `keep` and goes to its `other` if not. So a choice costs one look, however long the
 * list is.
 */
#ifndef HC_NAMES_H
#define HC_NAMES_H

#include <stdint.h>

#include "countries.h"

#define HC_NAMES_ROW 4096  /* bytes of a row of the pool; no text crosses from one row into the next */
#define HC_COUNTRY_LISTS 5 /* most name lists of one country */

enum hc_name_kind {
    HC_NAME_MALE,           /* given names of men */
    HC_NAME_FEMALE,         /* given names of women */
    HC_NAME_SURNAME_MALE,   /* surnames of men */
    HC_NAME_SURNAME_FEMALE, /* surnames of women; the same list as of men where surnames have no gender */
    HC_NAME_KINDS
};

/* In which order a full name is written. */
enum hc_name_order {
    HC_ORDER_GIVEN_FAMILY,        /* "Jane Miller" */
    HC_ORDER_FAMILY_GIVEN,        /* "Nagy Anna" */
    HC_ORDER_FAMILYGIVEN,         /* no blank, as in Chinese */
    HC_ORDER_GIVEN_FAMILY_FAMILY, /* two surnames, as in Spanish */
};

/*
 * One name of a list. In the pool lie, at `offset`: the length of the name, the length of its a-z form (0:
 * the name's own letters and digits in lower-case are that form), the name, the form; none of it with a NUL.
 */
struct hc_name {
    uint32_t offset;
    uint16_t keep;  /* of 65536 */
    uint16_t other; /* index in the same list */
};

struct hc_name_list {
    const struct hc_name *names;
    uint32_t count; /* at least 1 */
};

struct hc_name_locale {
    enum hc_name_order order;
    struct hc_name_list lists[HC_NAME_KINDS];
};

/* What the generator knows of a country; the same index as in hc_countries. */
struct hc_country_people {
    uint64_t keep;                      /* alias method over HC_COUNTRY_MAX places, of 2^56 */
    uint16_t other;                     /* index of a country */
    uint16_t locales[HC_COUNTRY_LISTS]; /* indices in hc_name_locales */
    uint32_t shares[HC_COUNTRY_LISTS];  /* list l serves random numbers below shares[l] and not below the one
                                           before it */
    uint8_t phone_digits;               /* digits after the dial code; 0 for ZZ */
    uint8_t prefix_count;               /* what these digits may begin with: at least 1, but 0 for ZZ */
    uint16_t prefix_first;              /* first of them in hc_phone_prefixes */
};

/* A text that hc_country_find understands, with ASCII letters in lower-case; sorted as memcmp does. */
struct hc_country_key {
    const char *text;
    uint16_t length; /* bytes, without the NUL */
    uint16_t country;
};

extern const char hc_names_pool[][HC_NAMES_ROW];
extern const struct hc_name_locale hc_name_locales[];
extern const char *const hc_phone_prefixes[];

extern const int hc_countries_count;
extern const struct hc_country hc_countries[];
extern const struct hc_country_people hc_countries_people[HC_COUNTRY_MAX];
extern const int hc_country_keys_count;
extern const struct hc_country_key hc_country_keys[];

#endif
