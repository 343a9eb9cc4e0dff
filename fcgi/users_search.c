/* users_search.c - see users_search.h. */
#include "users_search.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "users_jobs.h"

#define IDS_MAX 1000000        /* of all sources of one search; 12 MB */
#define SMALL_COUNTRY 20000000 /* people: among a million users it has 2 500, looked at in about 15 ms */

/* A search as it runs. */
struct search {
    struct context *context;
    struct hc_db *db;
    const struct users_query *query;
    size_t term_count;
    struct users_term terms[USERS_TERMS_MAX];
    size_t id_count, id_room;
    bson_oid_t *ids; /* found so far; owned */
    int64_t until;   /* hc_mono_ms: when the sources' time is over */
    bool full;       /* not all sources could be read */
};

/* ---- what all reads share ---- */

/* The filters and the place; and what the terms ask, unless what is added afterwards says it all. */
static bson_t *filter_of(const struct search *s, bool with_terms)
{
    const struct users_query *q = s->query;
    bson_t *filter = users_find_filter(q);
    bson_t all, id;
    uint32_t n = 0;
    if (q->has_id || q->has_after || q->has_before) {
        BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &id);
        if (q->has_id)
            BSON_APPEND_OID(&id, "$eq", &q->id);
        if (q->has_after || q->has_before)
            BSON_APPEND_OID(&id, users_find_upwards(q) ? "$gt" : "$lt", &q->edge.id);
        bson_append_document_end(filter, &id);
    }
    if (!with_terms)
        return filter;
    BSON_APPEND_ARRAY_BEGIN(filter, "$and", &all);
    for (size_t i = 0; i < s->term_count; i++)
        users_term_filter(&s->terms[i], &all, &n);
    bson_append_array_end(filter, &all);
    return filter;
}

static void leave_out_ours(bson_t *opts)
{
    bson_t part;
    BSON_APPEND_DOCUMENT_BEGIN(opts, "projection", &part);
    BSON_APPEND_INT32(&part, "_hc", 0);
    bson_append_document_end(opts, &part);
}

static int64_t skip_of(const struct users_query *q)
{
    return (q->page - 1) * q->limit;
}

/* ---- along _id ---- */

static enum hc_err walk(struct search *s, int left_ms, struct users_rows *rows, struct hc_error *err)
{
    static const char *const by_id[] = {"_id", NULL}, *const by_email[] = {"email", NULL},
                             *const by_country[] = {"country", "_id", NULL};
    const struct users_query *q = s->query;
    bson_t *filter = filter_of(s, true);
    bson_t *opts = bson_new();
    users_find_opts(opts,
                    q->has_id      ? by_id
                    : q->has_email ? by_email
                    : q->country   ? by_country
                                   : by_id,
                    q->limit + 1, left_ms);
    users_find_sort(opts, users_find_upwards(q), "_id", NULL);
    leave_out_ours(opts);
    if (q->page > 1)
        BSON_APPEND_INT64(opts, "skip", skip_of(q));
    enum hc_err code = hc_db_each(s->db, HC_USERS, filter, opts, users_rows_add, rows, err);
    bson_destroy(opts);
    bson_destroy(filter);
    if (code != HC_OK) { /* what came before the time was over is no page */
        for (size_t i = 0; i < rows->count; i++)
            bson_destroy(rows->docs[i]);
        rows->count = 0;
    }
    return code;
}

/* ---- sources ---- */

static bool take_id(void *ctx, const bson_t *doc)
{
    struct search *s = ctx;
    bson_iter_t it;
    if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
        return true;
    if (s->id_count == s->id_room) {
        size_t room = s->id_room ? 2 * s->id_room : 256;
        bson_oid_t *more = room <= IDS_MAX ? realloc(s->ids, room * sizeof *more) : NULL;
        s->full = s->full || !more;
        if (!more)
            return false;
        s->ids = more;
        s->id_room = room;
    }
    bson_oid_copy(bson_iter_oid(&it), &s->ids[s->id_count++]);
    return true;
}

/* What is left of the sources' time, 0 when it is over. */
static int sources_left_ms(const struct search *s)
{
    int left = hc_left_ms(s->until, context_left_ms(s->context));
    return left > 0 ? left : 0;
}

/* One read of ids: of what an index has, the first of the list. The server sorts them, which costs less than
 * to send them all. */
static enum hc_err read_source(struct search *s, bson_t *filter, const char *const index[],
                               struct hc_error *err)
{
    const struct users_query *q = s->query;
    bson_t only;
    int left_ms = sources_left_ms(s);
    s->full = s->full || left_ms == 0;
    if (s->full)
        return HC_OK;
    bson_t *opts = bson_new();
    users_find_opts(opts, index, skip_of(q) + q->limit + 1, left_ms);
    users_find_sort(opts, users_find_upwards(q), "_id", NULL);
    BSON_APPEND_DOCUMENT_BEGIN(opts, "projection", &only);
    BSON_APPEND_INT32(&only, "_id", 1);
    bson_append_document_end(opts, &only);
    enum hc_err code = hc_db_each(s->db, HC_USERS, filter, opts, take_id, s, err);
    bson_destroy(opts);
    if (code != HC_EDEADLINE || hc_mono_ms() >= s->context->request.deadline)
        return code;
    s->full = true;
    return HC_OK;
}

/* Those whose words, phone number or user name begin so. */
static enum hc_err read_stored(struct search *s, const struct users_term *term, struct hc_error *err)
{
    static const char *const index[] = {"_hc.s", NULL};
    bool one_of_more = term->words.count > 1 || term->words.odd;
    bson_t *filter = filter_of(s, s->term_count > 1 || one_of_more);
    bool any = users_term_stored(term, filter);
    enum hc_err code = any ? read_source(s, filter, index, err) : HC_OK;
    bson_destroy(filter);
    return code;
}

static enum hc_err read_emails(struct search *s, const struct users_term *term, struct hc_error *err)
{
    static const char *const index[] = {"email", NULL};
    if (term->email[0] == '\0')
        return HC_OK;
    bson_t *filter = filter_of(s, s->term_count > 1);
    users_term_begins(filter, "email", "", term->email);
    enum hc_err code = read_source(s, filter, index, err);
    bson_destroy(filter);
    return code;
}

/* A term that users of this country don't meet by their country, one that other countries meet if there is
 * such a one; term_count when all are met. */
static size_t unmet(const struct search *s, int country)
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
static enum hc_err read_countries(struct search *s, const struct users_term *term, bool more[],
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
        bson_t *filter = filter_of(s, other < s->term_count);
        if (!s->query->country)
            BSON_APPEND_UTF8(filter, "country", name);
        code = read_source(s, filter, index, err);
        bson_destroy(filter);
    }
    return code;
}

/* Generated users by the beginning of their user name. */
static enum hc_err read_jobs(struct search *s, const struct users_term *term, struct hc_error *err)
{
    static const char *const index[] = {"_id", NULL};
    struct users_jobs list;
    if (s->full || term->ulid[0] == '\0')
        return HC_OK;
    enum hc_err code = users_jobs_find(s->context, s->db, term, &list, err);
    s->full = s->full || list.more;
    for (size_t i = 0; i < list.count && code == HC_OK && !s->full; i++) {
        bson_t range, both;
        bson_t *filter = filter_of(s, s->term_count > 1);
        bson_t *joined = bson_new();
        BSON_APPEND_ARRAY_BEGIN(joined, "$and", &both); /* the filter may have an _id too */
        BSON_APPEND_DOCUMENT(&both, "0", filter);
        BSON_APPEND_DOCUMENT_BEGIN(&both, "1", &range);
        BCON_APPEND(&range, "_id", "{", "$gte", BCON_OID(&list.ranges[i].first), "$lte",
                    BCON_OID(&list.ranges[i].last), "}");
        bson_append_document_end(&both, &range);
        bson_append_array_end(joined, &both);
        users_term_begins(joined, "userName", "", term->ulid);
        code = read_source(s, joined, index, err);
        bson_destroy(joined);
        bson_destroy(filter);
    }
    return code;
}

/* ---- putting together ---- */

/* All sources of one term but the countries. */
static enum hc_err read_fields(struct search *s, const struct users_term *term, struct hc_error *err)
{
    enum hc_err code = read_stored(s, term, err);
    if (code == HC_OK)
        code = read_emails(s, term, err);
    return code == HC_OK ? read_jobs(s, term, err) : code;
}

/* All users who meet all terms are in these sources, unless s->full. */
static enum hc_err read_sources(struct search *s, const struct users_term *term, struct hc_error *err)
{
    bool more[USERS_TERMS_MAX] = {false};
    enum hc_err code = read_fields(s, term, err);
    if (code == HC_OK)
        code = read_countries(s, term, more, err);
    for (size_t i = 0; i < s->term_count && code == HC_OK; i++)
        if (more[i])
            code = read_fields(s, &s->terms[i], err);
    return code;
}

static int compare_ids(const void *a, const void *b)
{
    return bson_oid_compare(a, b);
}

/* Puts the ids in the list's order, each once. */
static void sort_ids(struct search *s)
{
    size_t kept = 0;
    if (s->id_count == 0)
        return;
    qsort(s->ids, s->id_count, sizeof *s->ids, compare_ids);
    for (size_t i = 0; i < s->id_count; i++)
        if (kept == 0 || !bson_oid_equal(&s->ids[kept - 1], &s->ids[i]))
            s->ids[kept++] = s->ids[i];
    s->id_count = kept;
    for (size_t i = 0, j = kept - 1; i < j && !users_find_upwards(s->query); i++, j--) {
        bson_oid_t swap = s->ids[i];
        s->ids[i] = s->ids[j];
        s->ids[j] = swap;
    }
}

/* Reads the page's users by their ids. */
static enum hc_err read_page(struct search *s, struct users_rows *rows, struct hc_error *err)
{
    static const char *const index[] = {"_id", NULL};
    const struct users_query *q = s->query;
    size_t first = (size_t)skip_of(q);
    bson_t id, list;
    if (first >= s->id_count)
        return HC_OK;
    bson_t *filter = bson_new();
    bson_t *opts = bson_new();
    BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &id);
    BSON_APPEND_ARRAY_BEGIN(&id, "$in", &list);
    for (size_t i = 0; first + i < s->id_count && i <= (size_t)q->limit; i++) {
        char text[16];
        const char *key;
        size_t len = bson_uint32_to_string((uint32_t)i, &key, text, sizeof text);
        bson_append_oid(&list, key, (int)len, &s->ids[first + i]);
    }
    bson_append_array_end(&id, &list);
    bson_append_document_end(filter, &id);
    BSON_APPEND_NULL(filter, "_hc.gone");
    users_find_opts(opts, index, q->limit + 1, context_left_ms(s->context));
    users_find_sort(opts, users_find_upwards(q), "_id", NULL);
    leave_out_ours(opts);
    enum hc_err code = hc_db_each(s->db, HC_USERS, filter, opts, users_rows_add, rows, err);
    bson_destroy(opts);
    bson_destroy(filter);
    return code;
}

/* The term to begin with: the longest, which mostly is the rarest. */
static const struct users_term *rarest(const struct search *s)
{
    const struct users_term *best = &s->terms[0];
    for (size_t i = 1; i < s->term_count; i++)
        if (s->terms[i].raw.len > best->raw.len)
            best = &s->terms[i];
    return best;
}

/* How long each way may take in each round. The dearest words that are found in the first round are those
 * that cost the same either way; a machine that is busy, or has far more users, needs another one. */
static const struct round {
    int walk_ms, sources_ms;
} ROUNDS[] = {{4, 20}, {20, 150}, {100, 800}};

/* Tests on few users, who all stand near the front, leave out the walk. */
static bool without_walk(void)
{
#ifdef HC_FAILPOINTS
    const char *given = getenv("HC_SEARCH_WALK");
    return given && strcmp(given, "no") == 0;
#else
    return false;
#endif
}

/* One way after the other. HC_EDEADLINE: neither had the time. */
static enum hc_err run_round(struct search *s, struct round round, struct users_rows *rows,
                             struct hc_error *err)
{
    int left_ms = context_left_ms(s->context);
    enum hc_err code =
        without_walk() ? HC_EDEADLINE : walk(s, round.walk_ms < left_ms ? round.walk_ms : left_ms, rows, err);
    if (code != HC_EDEADLINE)
        return code;
    s->until = hc_mono_ms() + (without_walk() ? left_ms : round.sources_ms);
    s->id_count = 0;
    s->full = false;
    code = read_sources(s, rarest(s), err);
    if (code != HC_OK)
        return code;
    if (s->full)
        return HC_EDEADLINE;
    sort_ids(s);
    return read_page(s, rows, err);
}

static enum hc_err run(struct search *s, struct users_rows *rows, struct hc_error *err)
{
    const struct users_query *q = s->query;
    enum hc_err code = HC_EDEADLINE;
    if (q->has_id || q->has_email)
        return walk(s, context_left_ms(s->context), rows, err);
    for (size_t i = 0; i < sizeof ROUNDS / sizeof *ROUNDS && code == HC_EDEADLINE; i++)
        if (hc_mono_ms() < s->context->request.deadline)
            code = run_round(s, ROUNDS[i], rows, err);
    return code == HC_EDEADLINE ? walk(s, context_left_ms(s->context), rows, err) : code;
}

enum hc_err users_search(struct context *c, const struct users_query *q, struct users_rows *rows,
                         struct hc_error *err)
{
    struct search *s = calloc(1, sizeof *s);
    if (!s)
        return hc_fail(err, HC_ENOMEM, NULL, "There is no memory for this search");
    s->context = c;
    s->query = q;
    enum hc_err code = users_terms(q, s->terms, USERS_TERMS_MAX, &s->term_count, err);
    if (code == HC_OK)
        code = context_db(c, &s->db, err);
    if (code == HC_OK && s->term_count > 0)
        code = run(s, rows, err);
    free(s->ids);
    free(s);
    return code;
}
