/* users_words.c - see users_words.h. */
#include "users_words.h"

#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "users_term.h"

#define FRESH_MS 15000
#define READ_MS 50 /* without it a search is slower by less than that */

void users_words_init(struct users_words *w)
{
    pthread_mutex_init(&w->lock, NULL);
}

void users_words_close(struct users_words *w)
{
    free(w->known);
    w->known = NULL;
}

/* Whether this caller is the one that asks; *at: of the sample that is known. */
static bool is_mine_to_ask(struct users_words *w, int64_t *at)
{
    int64_t now = hc_mono_ms();
    pthread_mutex_lock(&w->lock);
    bool mine = w->asked_ms == 0 || now - w->asked_ms >= FRESH_MS;
    if (mine)
        w->asked_ms = now;
    *at = w->known ? w->known->at : 0;
    pthread_mutex_unlock(&w->lock);
    return mine;
}

void users_words_renew(struct users_words *w, struct hc_db *db, int left_ms)
{
    struct hc_word_sample *read;
    struct hc_error err;
    int64_t at;
    if (!is_mine_to_ask(w, &at))
        return;
    if (hc_word_sample_read(db, at, left_ms < READ_MS ? left_ms : READ_MS, &read, &err) != HC_OK)
        hc_log(HC_LOG_WARN, "users.words", err.detail, NULL);
    if (!read)
        return;
    pthread_mutex_lock(&w->lock);
    struct hc_word_sample *old = w->known;
    w->known = read;
    pthread_mutex_unlock(&w->lock);
    free(old);
}

static void add(struct users_share *share, const struct hc_word_sample *sample, char mark, const char *text)
{
    bool cut = false;
    size_t n = hc_word_sample_count(sample, mark, text, &cut);
    double part = (double)n / (double)sample->users;
    share->entries += part;
    share->users = part > share->users ? part : share->users; /* mostly the same have all of it */
    share->at_most = share->at_most || cut;
}

bool users_words_share(struct users_words *w, const struct users_term *term, struct users_share *share)
{
    *share = (struct users_share){.at_most = term->words.odd && !term->digits[0]};
    pthread_mutex_lock(&w->lock);
    bool known = w->known && term->words.count <= 1;
    if (known) {
        add(share, w->known, 0, term->words.count > 0 ? term->words.words[0].text : "");
        add(share, w->known, '+', term->digits);
        add(share, w->known, '@', term->user_name);
        add(share, w->known, '=', term->email);
    }
    pthread_mutex_unlock(&w->lock);
    return known;
}
