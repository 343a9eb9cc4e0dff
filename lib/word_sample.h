/* word_sample.h - how many users have a word that begins so, as a sample of the newest tells:
 * hc_meta {_id: "words", at, users, keys}.
 *
 * A search has two ways, and which one is cheap depends on how many users meet it (fcgi/users_search.h).
 * The consumer takes the sample (consumer/words_take.h), each web process keeps the last one
 * (fcgi/users_words.h). Only how fast a search is depends on it, never what is found.
 *
 * A key is the first 8 bytes of a mark and a text, as one number, so that the order of the numbers is that of
 * the texts and those that begin alike stand side by side: two binary searches count them. A text that is
 * asked for is cut the same way, so for a long one the count is a bound from above.
 *
 *   mark   text
 *   none   a word of the name
 *   +      the phone number's digits
 *   @      the user name
 *   =      the e-mail address
 *
 * Made by hc_word_sample_new, filled with _add, then _sort once; read-only and for any thread after that. The
 * caller frees it.
 */
#ifndef HC_WORD_SAMPLE_H
#define HC_WORD_SAMPLE_H

#include "store.h"

#define HC_WORD_SAMPLE_USERS 8192
#define HC_WORD_SAMPLE_KEYS (8 * HC_WORD_SAMPLE_USERS) /* usually five or six a user */

struct hc_word_sample {
    int64_t at;    /* Unix ms when it was taken; tells two samples apart */
    int64_t users; /* how many it is of */
    size_t count;
    uint64_t keys[HC_WORD_SAMPLE_KEYS];
};

/* NULL without memory. */
struct hc_word_sample *hc_word_sample_new(void);

/* Adds a stored user: its `_hc.s`, email and userName. False when there is no room for more. */
bool hc_word_sample_add(struct hc_word_sample *sample, const bson_t *user);
/* Once, when all are added. */
void hc_word_sample_sort(struct hc_word_sample *sample);

/* How many texts of the sample begin so. mark: as above, 0 for none; "" as text is none. *cut is set when the
 * text is longer than a key, else left. */
size_t hc_word_sample_count(const struct hc_word_sample *sample, char mark, const char *text, bool *cut);

/* Appends the document but for its _id. */
void hc_word_sample_bson(const struct hc_word_sample *sample, bson_t *doc);
/* Fills *out from such a document. False: it is none; *out is of no use then. */
bool hc_word_sample_take(struct hc_word_sample *out, const bson_t *doc);

/* Reads the sample unless it is the one of known_at. *out: the caller's to free, NULL when there is no other.
 * left_ms: time limit. HC_ESTORE, HC_ENOMEM; then *out is NULL. */
enum hc_err hc_word_sample_read(struct hc_db *db, int64_t known_at, int left_ms, struct hc_word_sample **out,
                                struct hc_error *err);

#endif
