/*
 * Search: what of a user a search may find, as folded words.
 *
 * A user's words lie in `_hc.s`, an array of distinct texts with one index over them:
 *
 *   word        each word of the name: "Đặng Văn José-Luis" gives dang, van, jose, luis
 *   +digits     the phone number's digits, "+8801712345678"
 *   @text       the user name, unless its maker left it out
 *
 * No word of a name begins with + or @. Each entry is paid at every insert, so the e-mail is not among them
 * (it has an index of its own), and generated users leave out their user name, a ULID, which tells their job
 * and their place in it (fcgi/users_search.h).
 *
 * Folding is the same for what is stored and for what is asked: NFKD, marks taken off, case folded, and the
 * few letters with a stroke or a ligature that Unicode does not take apart (đ, ł, ø, æ …) as plain ones. A
 * word is a run of letters, digits and pictures (emoji). Apostrophes and invisible characters are dropped, so
 * that O'Brien is one word; everything else separates.
 *
 * Pure functions, no state, no allocation but for BSON's own; any thread. Text should be UTF-8; bytes that
 * aren't separate words.
 */
#ifndef HC_SEARCH_H
#define HC_SEARCH_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HC_SEARCH_WORDS_MAX 16 /* further ones of a text are left out */
#define HC_SEARCH_WORD_MAX 48  /* bytes of a word; what is longer is cut, between two characters */

/* The words of a text in their order, each once. */
struct hc_search_words {
    size_t count;
    bool odd; /* the text has more than words and what usually stands between them: *, (, \, … */
    struct {
        uint16_t len; /* bytes, without the NUL */
        char text[HC_SEARCH_WORD_MAX + 1];
    } words[HC_SEARCH_WORDS_MAX];
};

/* Takes len bytes of text apart into *out, which needs no preparation. */
void hc_search_words(const char *text, size_t len, struct hc_search_words *out);

/* Folds a text as a whole, without its blanks, into out (HC_SEARCH_WORD_MAX + 1 bytes). Returns its length.
 */
size_t hc_search_whole(const char *text, size_t len, char out[HC_SEARCH_WORD_MAX + 1]);

/*
 * Appends the array "s" to hc, the open `_hc` of a user. Called wherever a user is inserted, and where name,
 * phoneNumber or userName are set (all three are needed then). Each text ends with NUL or is NULL.
 */
void hc_search_append(bson_t *hc, const char *name, const char *phone, const char *user_name);

/*
 * The same from a stored user, for those that others wrote: reads the three fields, whatever their types.
 */
void hc_search_append_of(bson_t *hc, const bson_t *user);

#endif
