/* users_term.h - one term of a search, and what it asks of a user.
 *
 * A term comes from `name`, then it asks for words of the name, or from `search`, then
 * it asks for any field that a search looks in. It is folded as what is stored was
 * (lib/search.h); as part of a pattern each of its characters stands for itself.
 *
 * Pure functions; any thread.
 */
#ifndef FCGI_USERS_TERM_H
#define FCGI_USERS_TERM_H

#include "countries.h"
#include "ids.h"
#include "search.h"
#include "users.h"

#define USERS_DIGITS_MAX 20

struct users_term {
    struct text raw;                        /* as given */
    bool name_only;                         /* from `name` */
    struct hc_search_words words;           /* of the name; more than one only with something between them */
    char email[USERS_WORDS_BYTES + 1];      /* lower-case; "" when it looks in no e-mail */
    char digits[USERS_DIGITS_MAX + 1];      /* of a phone number; "" when it is none */
    char user_name[HC_SEARCH_WORD_MAX + 1]; /* folded */
    char ulid[HC_ULID_TEXT];                /* beginning of a ULID, upper-case; "" when it is none */
    size_t country_count;
    int countries[HC_COUNTRY_MAX]; /* whose name has a word that begins so */
};

/* Takes q->name and q->search apart into at most max terms; *count of them. HC_EMALFORMED. */
enum hc_err users_terms(const struct users_query *q, struct users_term *terms, size_t max, size_t *count,
                        struct hc_error *err);

/* Appends to an open array of conditions what this term asks of a document. */
void users_term_filter(const struct users_term *term, bson_t *all, uint32_t *next);

/* Appends {field: {$regex: "^" mark text}}; mark is "" or one character. */
void users_term_begins(bson_t *filter, const char *field, const char *mark, const char *text);

/* Whether all of the term's words begin words of this country's name. */
bool users_term_has_country(const struct users_term *term, int country);

/* Appends to an open array of conditions what the index of words has of those who meet the term by their
 * name, phone number or user name. False, and nothing is appended: it has none of them. */
bool users_term_stored(const struct users_term *term, bson_t *all, uint32_t *next);

/* First and last millisecond that a ULID with this beginning can have. */
void users_term_times(const struct users_term *term, int64_t *first, int64_t *last);

#endif
