/* users_sources.c - what the indexes have of the terms of a search; see users_search.h. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "users_jobs.h"
#include "users_search_inside.h"

#define PAGES_OF_NEWEST 1024   /* of the newest 65 536, no more of them up to the end of a page */
#define JOINED_TIMES 2         /* as long for the e-mails of several terms */
#define RARE_BYTES 12          /* hardly anybody shares a beginning that is so long */
#define SMALL_COUNTRY 20000000 /* people: among a million users it has 2 500, looked at in about 15 ms */

int64_t users_search_skip(const struct users_query *q)
{
    return (q->page - 1) * q->limit;
}

/* ---- what is asked ---- */

void users_search_bounds(const struct users_search_run *s, bson_t *filter)
{
    const struct users_query *q = s->query;
    bool placed = q->has_after || q->has_before, enough = s->need > 0 && s->count == s->need;
    bool upwards = users_find_upwards(q);
    bson_t id;
    if (!q->has_id && !placed && !enough && s->part == USERS_SEARCH_ALL)
        return;
    BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &id);
    if (q->has_id)
        BSON_APPEND_OID(&id, "$eq", &q->id);
    if (s->part == USERS_SEARCH_REST)
        BSON_APPEND_OID(&id, "$lte", &s->newest.from);
    if (placed)
        BSON_APPEND_OID(&id, upwards ? "$gt" : "$lt", &q->edge.id);
    if (enough)
        BSON_APPEND_OID(&id, upwards ? "$lt" : "$gt", &s->matches[s->count - 1].id);
    else if (s->part == USERS_SEARCH_NEWEST)
        BSON_APPEND_OID(&id, "$gt", &s->newest.from);
    bson_append_document_end(filter, &id);
}

bson_t *users_search_filter(const struct users_search_run *s, bool with_terms)
{
    bson_t *filter = bson_new(), *fields = users_find_filter(s->query);
    bson_t all;
    uint32_t n = 0;
    users_search_bounds(s, filter);
    bson_concat(filter, fields);
    bson_destroy(fields);
    if (!with_terms)
        return filter;
    BSON_APPEND_ARRAY_BEGIN(filter, "$and", &all);
    for (size_t i = 0; i < s->term_count; i++)
        users_term_filter(&s->terms[i], &all, &n);
    bson_append_array_end(filter, &all);
    return filter;
}

/* ---- matches ---- */

static bool take_match(void *ctx, const bson_t *doc)
{
    struct users_search_run *s = ctx;
    bson_iter_t it;
    if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
        return true;
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 256;
        struct users_match *more = realloc(s->matches, room * sizeof *more);
        s->full = s->full || !more;
        if (!more)
            return false;
        s->matches = more;
        s->room = room;
    }
    struct users_match *match = &s->matches[s->count++];
    bson_oid_copy(bson_iter_oid(&it), &match->id);
    match->doc = users_search_skip(s->query) > 0 ? NULL : bson_copy(doc);
    return true;
}

static int older_first(const void *a, const void *b)
{
    return bson_oid_compare(&((const struct users_match *)a)->id, &((const struct users_match *)b)->id);
}

static int newer_first(const void *a, const void *b)
{
    return older_first(b, a);
}

/* Puts them in the list's order, each once, as many as are needed. */
static void settle(struct users_search_run *s)
{
    size_t kept = 0;
    if (s->count > 1)
        qsort(s->matches, s->count, sizeof *s->matches,
              users_find_upwards(s->query) ? older_first : newer_first);
    for (size_t i = 0; i < s->count; i++) {
        bool again = kept > 0 && bson_oid_equal(&s->matches[kept - 1].id, &s->matches[i].id);
        if (again || kept == s->need)
            bson_destroy(s->matches[i].doc);
        else
            s->matches[kept++] = s->matches[i];
    }
    s->count = kept;
}

void users_sources_clear(struct users_search_run *s)
{
    for (size_t i = 0; i < s->count; i++)
        bson_destroy(s->matches[i].doc);
    s->count = 0;
    s->part = USERS_SEARCH_ALL;
}

/* ---- sources ---- */

/* Of what an index has, the first of the list. The server sorts them, which costs less than to send them all.
 * For the first page it sends the users, for a later one, which passes over many, their ids. */
static enum hc_err read_source(struct users_search_run *s, bson_t *filter, const char *const index[],
                               struct hc_error *err)
{
    bson_t fields;
    int left = context_left_ms(s->context);
    bool ids_only = users_search_skip(s->query) > 0;
    if (s->full)
        return HC_OK;
    bson_t *opts = bson_new();
    users_find_opts(opts, index, (int64_t)s->need, left < s->each_ms ? left : s->each_ms);
    users_find_sort(opts, users_find_upwards(s->query), "_id", NULL);
    BSON_APPEND_DOCUMENT_BEGIN(opts, "projection", &fields);
    BSON_APPEND_INT32(&fields, ids_only ? "_id" : "_hc", ids_only ? 1 : 0);
    bson_append_document_end(opts, &fields);
    enum hc_err code = hc_db_each(s->db, HC_USERS, filter, opts, take_match, s, err);
    bson_destroy(opts);
    settle(s);
    if (code != HC_EDEADLINE || hc_mono_ms() >= s->context->request.deadline)
        return code;
    s->full = true;
    return HC_OK;
}

/* {$and: [what `all` has, …, filter]}: the server must meet one _id and one _hc.s after the other. */
static void close_joined(bson_t *all, uint32_t next, const bson_t *filter)
{
    char text[16];
    const char *key;
    size_t len = bson_uint32_to_string(next, &key, text, sizeof text);
    bson_append_document(all, key, (int)len, filter);
}

/* Those who meet the term by what the index of words has. The index puts together by itself all that is asked
 * of it at once, without a look at any user: so all words of this term are asked; and if s->joined, of the
 * others those that can be met nowhere else than there, or where read_fields looks. */
static enum hc_err read_stored(struct users_search_run *s, const struct users_term *term,
                               struct hc_error *err)
{
    static const char *const index[] = {"_hc.s", NULL};
    bool by_words_alone = s->term_count == 1 && term->words.count <= 1 && !term->words.odd;
    bson_t all;
    uint32_t n = 0;
    bson_t *joined = bson_new();
    BSON_APPEND_ARRAY_BEGIN(joined, "$and", &all);
    bool any = users_term_stored(term, &all, &n);
    for (size_t i = 0; i < s->term_count && s->joined; i++)
        if (&s->terms[i] != term && s->terms[i].country_count == 0)
            users_term_stored(&s->terms[i], &all, &n);
    bson_t *filter = users_search_filter(s, !by_words_alone);
    close_joined(&all, n, filter);
    bson_append_array_end(joined, &all);
    enum hc_err code = any ? read_source(s, joined, index, err) : HC_OK;
    bson_destroy(filter);
    bson_destroy(joined);
    return code;
}

static enum hc_err read_emails(struct users_search_run *s, const struct users_term *term,
                               struct hc_error *err)
{
    static const char *const index[] = {"email", NULL};
    if (term->email[0] == '\0')
        return HC_OK;
    bson_t *filter = users_search_filter(s, s->term_count > 1);
    users_term_begins(filter, "email", "", term->email);
    enum hc_err code = read_source(s, filter, index, err);
    bson_destroy(filter);
    return code;
}

/* Those of one job with a user name that begins so. */
static enum hc_err read_job(struct users_search_run *s, const struct users_term *term,
                            const struct users_jobs_range *in, struct hc_error *err)
{
    static const char *const index[] = {"_id", NULL};
    bson_t all, item, range;
    bson_t *filter = users_search_filter(s, s->term_count > 1);
    bson_t *joined = bson_new();
    BSON_APPEND_ARRAY_BEGIN(joined, "$and", &all);
    BSON_APPEND_DOCUMENT_BEGIN(&all, "0", &item);
    BSON_APPEND_DOCUMENT_BEGIN(&item, "_id", &range);
    BSON_APPEND_OID(&range, "$gte", &in->first);
    BSON_APPEND_OID(&range, "$lte", &in->last);
    bson_append_document_end(&item, &range);
    users_term_begins(&item, "userName", "", term->ulid);
    bson_append_document_end(&all, &item);
    close_joined(&all, 1, filter);
    bson_append_array_end(joined, &all);
    enum hc_err code = read_source(s, joined, index, err);
    bson_destroy(joined);
    bson_destroy(filter);
    return code;
}

/* Generated users by the beginning of their user name. */
static enum hc_err read_jobs(struct users_search_run *s, const struct users_term *term, struct hc_error *err)
{
    struct users_jobs list;
    if (s->full || term->ulid[0] == '\0')
        return HC_OK;
    enum hc_err code = users_jobs_find(s->context, s->db, term, &list, err);
    s->full = s->full || list.more;
    for (size_t i = 0; i < list.count && code == HC_OK && !s->full; i++)
        code = read_job(s, term, &list.ranges[i], err);
    return code;
}

/* All who meet this term, but for those who do so by their country alone. */
static enum hc_err read_fields(struct users_search_run *s, const struct users_term *term,
                               struct hc_error *err)
{
    enum hc_err code = read_stored(s, term, err);
    for (size_t i = 0; i < s->term_count && code == HC_OK; i++) {
        const struct users_term *other = &s->terms[i];
        if (other != term && (other->country_count > 0 || !s->joined))
            continue; /* read_stored has not asked for it */
        code = read_emails(s, other, err);
        if (code == HC_OK)
            code = read_jobs(s, other, err);
    }
    return code;
}

/* ---- countries ---- */

/* A term that users of this country don't meet by their country, one that other countries meet if there is
 * such a one; term_count when all are met. */
static size_t unmet(const struct users_search_run *s, int country)
{
    size_t found = s->term_count;
    for (size_t i = 0; i < s->term_count; i++) {
        if (users_term_has_country(&s->terms[i], country))
            continue;
        if (s->terms[i].country_count > 0)
            return i;
        found = i;
    }
    return found;
}

/* The users of the countries that meet a term. Where another term is the name of countries too, such as
 * "united" and "states" in the United Kingdom, few meet that one otherwise: they are left to its own sources,
 * in *more. */
static enum hc_err read_countries(struct users_search_run *s, const struct users_term *term, bool more[],
                                  struct hc_error *err)
{
    static const char *const index[] = {"country", "_id", NULL};
    enum hc_err code = HC_OK;
    for (size_t i = 0; i < term->country_count && code == HC_OK && !s->full; i++) {
        const char *name = hc_country_at(term->countries[i])->name;
        size_t other = unmet(s, term->countries[i]);
        if (s->query->country && strcmp(s->query->country, name) != 0)
            continue;
        bool small = hc_country_at(term->countries[i])->population < SMALL_COUNTRY;
        if (other < s->term_count && s->terms[other].country_count > 0 && !small) {
            more[other] = true;
            continue;
        }
        bson_t *filter = users_search_filter(s, other < s->term_count);
        if (!s->query->country)
            BSON_APPEND_UTF8(filter, "country", name);
        code = read_source(s, filter, index, err);
        bson_destroy(filter);
    }
    return code;
}

/* ---- all of them ---- */

static bool is_rarer(const struct users_term *a, const struct users_term *b)
{
    bool country_a = a->country_count > 0, country_b = b->country_count > 0;
    return country_a != country_b ? country_b : a->raw.len > b->raw.len;
}

/* The term to begin with: the longest mostly is the rarest, and a whole country is not. */
static const struct users_term *rarest(const struct users_search_run *s)
{
    const struct users_term *best = &s->terms[0];
    for (size_t i = 1; i < s->term_count; i++)
        if (is_rarer(&s->terms[i], best))
            best = &s->terms[i];
    return best;
}

static enum hc_err read_part(struct users_search_run *s, enum users_search_part part, struct hc_error *err)
{
    bool more[USERS_TERMS_MAX] = {false};
    const struct users_term *term = rarest(s);
    s->part = part;
    enum hc_err code = read_fields(s, term, err);
    if (code == HC_OK)
        code = read_countries(s, term, more, err);
    for (size_t i = 0; i < s->term_count && code == HC_OK; i++)
        if (more[i])
            code = read_fields(s, &s->terms[i], err);
    return code;
}

/* Whether the newest may fill the page. Of one country, of several words, of a whole phone number or address
 * there is little to sort. */
static bool newest_first(const struct users_search_run *s)
{
    const struct users_query *q = s->query;
    bool alone =
        s->term_count == 1 && s->terms[0].words.count <= 1 && !q->country && s->terms[0].raw.len < RARE_BYTES;
    bool beyond = (q->has_after || q->has_before) && bson_oid_compare(&q->edge.id, &s->newest.from) <= 0;
    return s->newest.has_from && alone && !users_find_upwards(q) && !beyond && s->need <= PAGES_OF_NEWEST;
}

/* Tests have too few users for the first way to take long. */
static bool joined_at_once(void)
{
#ifdef HC_FAILPOINTS
    return getenv("HC_SEARCH_JOINED") != NULL;
#else
    return false;
#endif
}

/* All who meet the term that mostly is the rarest; if they are too many, those who meet the others too. */
static enum hc_err read_terms(struct users_search_run *s, struct hc_error *err)
{
    s->joined = joined_at_once();
    enum hc_err code = read_part(s, USERS_SEARCH_ALL, err);
    if (code != HC_OK || !s->full || s->term_count == 1)
        return code;
    users_sources_clear(s);
    s->full = false;
    s->joined = true;
    s->each_ms *= JOINED_TIMES;
    return read_part(s, USERS_SEARCH_ALL, err);
}

enum hc_err users_sources_read(struct users_search_run *s, int each_ms, struct hc_error *err)
{
    users_sources_clear(s);
    s->full = false;
    s->each_ms = each_ms;
    if (!newest_first(s))
        return read_terms(s, err);
    enum hc_err code = read_part(s, USERS_SEARCH_NEWEST, err);
    if (code == HC_OK && !s->full && s->count < s->need)
        code = read_part(s, USERS_SEARCH_REST, err);
    return code;
}
