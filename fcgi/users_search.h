/* users_search.h - the users that fit to words.
 *
 * `name` asks for the beginnings of words of the name, all of them. `search` is taken
 * apart at its blanks into terms, which must all be met; a term is met by the name
 * (its words, as for `name`), by the beginning of the e-mail, of the phone number (in
 * digits), of the user name, or of a word of the country's name. Nothing in them is a
 * pattern.
 *
 * Newest first is not the order of any index of words, so there are two ways, each
 * cheap where the other is dear:
 *   1  of each index that has a term, the newest, put together here (users_sources.c):
 *      first those among the newest 65 536 users (newest.h), which saves sorting all
 *      that a common word has. Good for beginnings that few have; at once when nobody has it.
 *   2  along `_id`, newest first, looking at each user. Good for beginnings that many
 *      have: it stops at the end of the page.
 * What the indexes have of a term grows with those who meet it, the way along `_id` gets shorter: both cost
 * the same for what about 2 × sqrt(users) have. A sample tells beforehand how common a term is
 * (users_words.h); where it can't (several terms, countries, a text longer than its keys) a look at the
 * newest 128 tells what many have: if they fill the page, that was it. The way so chosen has a short time;
 * when that is over the other follows, with more time in each round (ROUNDS_MS). A sample that is old or
 * wrong costs time, no match.
 *
 * Where a term may be found, each an index: the words (_hc.s), the e-mails, each
 * country whose name fits, and the jobs: a generated user's name is a ULID, whose time
 * tells the job and the place in it, so it is in no index.
 */
#ifndef FCGI_USERS_SEARCH_H
#define FCGI_USERS_SEARCH_H

#include "users_find.h"

#define USERS_TERMS_MAX 8

/* Reads a page of the users that q->name and q->search find. HC_EMALFORMED for too many
 * words, else as context_db and hc_db_each. */
enum hc_err users_search(struct context *c, const struct users_query *q, struct users_rows *rows,
                         struct hc_error *err);

#endif
