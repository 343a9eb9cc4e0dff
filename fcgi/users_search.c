/* users_search.c - see users_search.h. */
#include "users_search.h"

#include <stdlib.h>
#include <string.h>

#include "users_term.h"

#define IDS_MAX 1000000 /* of all sources of one search; 12 MB */
#define JOBS_MAX 64     /* looked at for one ULID */
#define JOB_SPAN_MS                                                                                          \
    (5000 * 1000) /* from a job's time to that of its last possible user: 2^32 µs, and some                 \
                   */

/* A search as it runs. */
struct search {
    struct context *context;
    struct hc_db *db;
    const struct users_query *query;
    size_t term_count;
    struct users_term terms[USERS_TERMS_MAX];
    size_t id_count, id_room;
    bson_oid_t *ids; /* found so far; owned */
    bool full;       /* a source had more than could be taken */
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

/* One read of ids. ordered: the first of the list; else all there are, or it is too many. */
static enum hc_err read_source(struct search *s, bson_t *filter, const char *const index[], bool ordered,
                               struct hc_error *err)
{
    const struct users_query *q = s->query;
    size_t before = s->id_count;
    int64_t limit = ordered ? skip_of(q) + q->limit + 1 : USERS_SOURCE_MAX;
    bson_t only;
    bson_t *opts = bson_new();
    users_find_opts(opts, index, limit, context_left_ms(s->context));
    if (ordered)
        users_find_sort(opts, users_find_upwards(q), "_id", NULL);
    BSON_APPEND_DOCUMENT_BEGIN(opts, "projection", &only);
    BSON_APPEND_INT32(&only, "_id", 1);
    bson_append_document_end(opts, &only);
    enum hc_err code = hc_db_each(s->db, HC_USERS, filter, opts, take_id, s, err);
    s->full = s->full || (!ordered && (int64_t)(s->id_count - before) >= limit);
    bson_destroy(opts);
    return code;
}

/* Those whose words, or e-mail, begin so. one_of_more: the term asks for more than this. */
static enum hc_err read_beginning(struct search *s, const char *field, const char *mark, const char *text,
                                  bool one_of_more, struct hc_error *err)
{
    const char *const index[] = {field, NULL};
    if (s->full || !text || text[0] == '\0')
        return HC_OK;
    bson_t *filter = filter_of(s, s->term_count > 1 || one_of_more);
    users_term_begins(filter, field, mark, text);
    enum hc_err code = read_source(s, filter, index, false, err);
    bson_destroy(filter);
    return code;
}

static enum hc_err read_countries(struct search *s, const struct users_term *term, struct hc_error *err)
{
    static const char *const index[] = {"country", "_id", NULL};
    enum hc_err code = HC_OK;
    for (size_t i = 0; i < term->country_count && code == HC_OK && !s->full; i++) {
        const char *name = hc_country_at(term->countries[i])->name;
        if (s->query->country && strcmp(s->query->country, name) != 0)
            continue;
        bson_t *filter = filter_of(s, s->term_count > 1);
        if (!s->query->country)
            BSON_APPEND_UTF8(filter, "country", name);
        code = read_source(s, filter, index, true, err);
        bson_destroy(filter);
    }
    return code;
}

/* ---- jobs, for ULIDs ---- */

struct job_range {
    bson_oid_t first, last;
};
struct job_list {
    int64_t first_ms, last_ms; /* of the ULID */
    size_t seen, count;
    struct job_range ranges[JOBS_MAX];
};

static int64_t number_of(const bson_t *doc, const char *field)
{
    bson_iter_t it;
    return bson_iter_init_find(&it, doc, field) ? bson_iter_as_int64(&it) : -1;
}

/* User i of a job was made at its time + i µs. */
static bool take_job(void *ctx, const bson_t *doc)
{
    struct job_list *list = ctx;
    int64_t time = number_of(doc, "time"), total = number_of(doc, "total");
    int64_t second = number_of(doc, "second"), hash = number_of(doc, "hash");
    list->seen++;
    if (time < 0 || total < 1 || total > UINT32_MAX || second < 0 || hash < 0)
        return true;
    int64_t first = list->first_ms * 1000 - time, last = list->last_ms * 1000 + 999 - time;
    first = first < 0 ? 0 : first;
    last = last >= total ? total - 1 : last;
    if (first > last)
        return true;
    struct job_range *range = &list->ranges[list->count++];
    hc_oid_make(range->first.bytes, (uint32_t)second, (uint32_t)hash, (uint32_t)first);
    hc_oid_make(range->last.bytes, (uint32_t)second, (uint32_t)hash, (uint32_t)last);
    return list->count < JOBS_MAX;
}

static enum hc_err find_jobs(struct search *s, struct job_list *list, struct hc_error *err)
{
    bson_t *filter = BCON_NEW("createdAt", "{", "$gte", BCON_DATE_TIME(list->first_ms - JOB_SPAN_MS), "$lte",
                              BCON_DATE_TIME(list->last_ms), "}", "kind", "users");
    bson_t *opts = BCON_NEW("hint", "{", "createdAt", BCON_INT32(-1), "}", "sort", "{", "createdAt",
                            BCON_INT32(-1), "}", "limit", BCON_INT64(JOBS_MAX), "projection", "{", "time",
                            BCON_INT32(1), "total", BCON_INT32(1), "second", BCON_INT32(1), "hash",
                            BCON_INT32(1), "}", "maxTimeMS", BCON_INT64(context_left_ms(s->context)));
    enum hc_err code = hc_db_each(s->db, HC_JOBS, filter, opts, take_job, list, err);
    s->full = s->full || list->seen >= JOBS_MAX;
    bson_destroy(opts);
    bson_destroy(filter);
    return code;
}

static enum hc_err read_jobs(struct search *s, const struct users_term *term, struct hc_error *err)
{
    static const char *const index[] = {"_id", NULL};
    struct job_list list = {.count = 0};
    if (s->full || term->ulid[0] == '\0')
        return HC_OK;
    users_term_times(term, &list.first_ms, &list.last_ms);
    enum hc_err code = find_jobs(s, &list, err);
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
        code = read_source(s, joined, index, true, err);
        bson_destroy(joined);
        bson_destroy(filter);
    }
    return code;
}

/* ---- putting together ---- */

/* All sources of one term. */
static enum hc_err read_term(struct search *s, const struct users_term *term, struct hc_error *err)
{
    bool more = term->words.count > 1 || term->words.odd;
    enum hc_err code = read_beginning(s, "_hc.s", "", users_term_word(term), more, err);
    if (code == HC_OK)
        code = read_beginning(s, "email", "", term->email, false, err);
    if (code == HC_OK)
        code = read_beginning(s, "_hc.s", "+", term->digits, false, err);
    if (code == HC_OK)
        code = read_beginning(s, "_hc.s", "@", term->user_name, false, err);
    if (code == HC_OK)
        code = read_jobs(s, term, err);
    return code == HC_OK ? read_countries(s, term, err) : code;
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

/* How long the first walk may take. A test on few users, which all stand near the front, gives 0: it isn't
 * tried. */
static int walk_ms(int left_ms)
{
    int limit = USERS_WALK_MS;
#ifdef HC_FAILPOINTS
    const char *given = getenv("HC_SEARCH_WALK_MS");
    limit = given ? atoi(given) : limit;
#endif
    return limit < left_ms ? limit : left_ms;
}

static enum hc_err run(struct search *s, struct users_rows *rows, struct hc_error *err)
{
    const struct users_query *q = s->query;
    bool one = q->has_id || q->has_email;
    int left_ms = context_left_ms(s->context);
    int first_ms = one ? left_ms : walk_ms(left_ms);
    enum hc_err code = first_ms > 0 ? walk(s, first_ms, rows, err) : HC_EDEADLINE;
    if (code != HC_EDEADLINE || one)
        return code;
    code = read_term(s, rarest(s), err);
    if (code != HC_OK)
        return code;
    if (s->full)
        return walk(s, context_left_ms(s->context), rows, err);
    sort_ids(s);
    return read_page(s, rows, err);
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
