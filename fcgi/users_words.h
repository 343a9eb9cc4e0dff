/* users_words.h - how common a search is, as a process knows it from a sample; see lib/word_sample.h.
 *
 * Asked for again after 15 s by the search that comes then; the others go on with what is known.
 *
 * Thread-safe, but for _init and _close, which come before and after all use; _close may come twice.
 */
#ifndef FCGI_USERS_WORDS_H
#define FCGI_USERS_WORDS_H

#include <pthread.h>

#include "word_sample.h"

struct users_term;

/* Parts of all users. */
struct users_share {
    double users;   /* who meet the term, about */
    double entries; /* that the indexes have of it; one user may have several */
    bool at_most;   /* it may be less */
};

struct users_words {
    pthread_mutex_t lock;
    int64_t asked_ms;             /* hc_mono_ms, 0: never */
    struct hc_word_sample *known; /* owned, NULL: nothing is known */
};

void users_words_init(struct users_words *w);
void users_words_close(struct users_words *w);
/* Asks if it is time to. left_ms: time limit of a read. */
void users_words_renew(struct users_words *w, struct hc_db *db, int left_ms);
/* What part of the users meets this term otherwise than by their country. False when nobody knows. */
bool users_words_share(struct users_words *w, const struct users_term *term, struct users_share *share);

#endif
