/* users_search.c - see users_search.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "users_search_inside.h"

/* What came before the time was over is no page. */
static void clear_rows(struct users_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        bson_destroy(rows->docs[i]);
    rows->count = 0;
}

static int at_most_left(const struct users_search_run *s, int ms)
{
    int left_ms = context_left_ms(s->context);
    return ms < left_ms ? ms : left_ms;
}

/* ---- along _id ---- */

static enum hc_err walk(struct users_search_run *s, int ms, struct users_rows *rows, struct hc_error *err)
{
    static const char *const by_id[] = {"_id", NULL}, *const by_email[] = {"email", NULL},
                             *const by_country[] = {"country", "_id", NULL};
    const struct users_query *q = s->query;
    users_sources_clear(s);
    bson_t *filter = users_search_filter(s, true);
    bson_t *opts = bson_new();
    users_find_opts(opts,
                    q->has_id      ? by_id
                    : q->has_email ? by_email
                    : q->country   ? by_country
                                   : by_id,
                    q->limit + 1, at_most_left(s, ms));
    users_find_sort(opts, users_find_upwards(q), "_id", NULL);
    users_find_leave_out_ours(opts);
    if (q->page > 1)
        BSON_APPEND_INT64(opts, "skip", users_search_skip(q));
    enum hc_err code = hc_db_each(s->db, HC_USERS, filter, opts, users_rows_add, rows, err);
    bson_destroy(opts);
    bson_destroy(filter);
    if (code != HC_OK)
        clear_rows(rows);
    return code;
}

/* ---- a first look ---- */

#define LOOK_USERS 128
#define LOOK_MS 20
#define MANY 2 /* of these: one in 64 of all, which no index is the way to */

/* Of the nearest users those who fit, which is the page if they fill it; else how many there are tells the
 * way. */
static enum hc_err look(struct users_search_run *s, struct users_rows *rows, bool *many, struct hc_error *err)
{
    bson_t *filter = users_search_filter(s, true), *place = bson_new();
    users_search_bounds(s, place);
    bson_t *stages = BCON_NEW("pipeline", "[", "{", "$match", BCON_DOCUMENT(place), "}", "{", "$sort", "{",
                              "_id", BCON_INT32(users_find_upwards(s->query) ? 1 : -1), "}", "}", "{",
                              "$limit", BCON_INT32(LOOK_USERS), "}", "{", "$match", BCON_DOCUMENT(filter),
                              "}", "{", "$limit", BCON_INT64((int64_t)s->need), "}", "{", "$project", "{",
                              "_hc", BCON_INT32(0), "}", "}", "]");
    bson_t *opts =
        BCON_NEW("hint", "{", "_id", BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(at_most_left(s, LOOK_MS)));
    enum hc_err code = hc_db_aggregate(s->db, HC_USERS, stages, opts, users_rows_add, rows, err);
    bson_destroy(opts);
    bson_destroy(stages);
    bson_destroy(place);
    bson_destroy(filter);
    *many = rows->count >= MANY;
    if (code == HC_OK && rows->count == s->need)
        return HC_OK;
    clear_rows(rows);
    return code == HC_OK ? HC_EDEADLINE : code;
}

/* ---- by the indexes ---- */

/* The matches are the page, or tell which users are. */
static enum hc_err read_page(struct users_search_run *s, struct users_rows *rows, struct hc_error *err)
{
    static const char *const index[] = {"_id", NULL};
    size_t first = (size_t)users_search_skip(s->query);
    bson_t *filter = bson_new(), *opts = bson_new();
    bson_t id, list;
    BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &id);
    BSON_APPEND_ARRAY_BEGIN(&id, "$in", &list);
    for (size_t i = 0; first + i < s->count; i++) {
        char text[16];
        const char *key;
        size_t len = bson_uint32_to_string((uint32_t)i, &key, text, sizeof text);
        bson_append_oid(&list, key, (int)len, &s->matches[first + i].id);
    }
    bson_append_array_end(&id, &list);
    bson_append_document_end(filter, &id);
    BSON_APPEND_NULL(filter, "_hc.gone");
    users_find_opts(opts, index, s->query->limit + 1, context_left_ms(s->context));
    users_find_sort(opts, users_find_upwards(s->query), "_id", NULL);
    users_find_leave_out_ours(opts);
    enum hc_err code = hc_db_each(s->db, HC_USERS, filter, opts, users_rows_add, rows, err);
    bson_destroy(opts);
    bson_destroy(filter);
    return code;
}

static enum hc_err gather(struct users_search_run *s, int ms, struct users_rows *rows, struct hc_error *err)
{
    enum hc_err code = users_sources_read(s, at_most_left(s, ms), err);
    if (code != HC_OK || s->full)
        return code == HC_OK ? HC_EDEADLINE : code;
    if (s->count <= (size_t)users_search_skip(s->query))
        return HC_OK;
    if (!s->matches[0].doc)
        return read_page(s, rows, err);
    for (size_t i = 0; i < s->count; i++)
        rows->docs[rows->count++] = s->matches[i].doc;
    s->count = 0;
    return HC_OK;
}

/* ---- both ---- */

/* How long each way may take in each round, with a million users: in a round an index, along `_id` four times
 * as long. The first is enough for what about one in 300 has by its index, and for what more have along
 * `_id`; the others are for what nobody expected, and for a machine that is busy. */
static const int ROUNDS_MS[] = {9, 25, 100, 400};
#define ROUNDS (sizeof ROUNDS_MS / sizeof *ROUNDS_MS)
#define WALK_TIMES 4
#define USERS_UNKNOWN 1000000
#define SHORTEST_MS 2
#define EVEN 0.45 /* what a user costs along `_id` beside an entry of an index */

static double how_many_users(const struct users_search_run *s)
{
    return s->newest.users > 0 ? (double)s->newest.users : USERS_UNKNOWN;
}

/* Along `_id` the users up to the end of the page are looked at, need / share of them; in the indexes all
 * entries that fit. A bound from above tells something only when it is low, and those who meet a term by
 * their country are in no sample. */
static void ask_sample(struct users_search_run *s)
{
    struct web *web = s->context->web;
    struct users_share share;
    if (s->term_count > 1 || s->query->country || web->cgi)
        return;
    users_words_renew(&web->words, s->db, context_left_ms(s->context));
    if (!users_words_share(&web->words, &s->terms[0], &share))
        return;
    bool common = share.users * share.entries > EVEN * (double)s->need / how_many_users(s);
    s->common = common && !share.at_most;
    s->told = s->common == common && s->terms[0].country_count == 0;
}

/* Both ways cost about the same for what 2 × sqrt(users) have. Where a country or another word leaves little
 * to sort the indexes are worth more, and where a sample says that they are the way. */
static int index_ms(const struct users_search_run *s, size_t round)
{
    int ms = (int)(ROUNDS_MS[round] * sqrt(how_many_users(s) / USERS_UNKNOWN));
    bool worth_more = s->query->country || s->term_count > 1 || s->told;
    return (worth_more ? 2 : 1) * (ms > SHORTEST_MS ? ms : SHORTEST_MS);
}

/* Tests on few users, who all stand near the front, leave out all that goes along _id. */
static bool by_sources_alone(void)
{
#ifdef HC_FAILPOINTS
    const char *given = getenv("HC_SEARCH_WALK");
    return given && strcmp(given, "no") == 0;
#else
    return false;
#endif
}

static bool may_look(const struct users_search_run *s)
{
    return !s->told && !s->query->country && s->query->page == 1 && !by_sources_alone();
}

static enum hc_err run(struct users_search_run *s, struct users_rows *rows, struct hc_error *err)
{
    bool many = false;
    if (s->query->has_id || s->query->has_email)
        return walk(s, context_left_ms(s->context), rows, err);
    s->newest = users_newest_now(&s->context->web->newest, s->db, context_left_ms(s->context));
    ask_sample(s);
    enum hc_err code = may_look(s) ? look(s, rows, &many, err) : HC_EDEADLINE;
    many = many || s->common;
    for (size_t turn = 0; turn < 2 * ROUNDS && code == HC_EDEADLINE; turn++) {
        bool walks = (turn % 2 == 0) == many;
        int ms = index_ms(s, turn / 2);
        if (hc_mono_ms() >= s->context->request.deadline)
            break;
        if (!walks)
            code = gather(s, ms, rows, err);
        else if (!by_sources_alone())
            code = walk(s, WALK_TIMES * ms, rows, err);
    }
    return code == HC_EDEADLINE ? walk(s, context_left_ms(s->context), rows, err) : code;
}

enum hc_err users_search(struct context *c, const struct users_query *q, struct users_rows *rows,
                         struct hc_error *err)
{
    struct users_search_run *s = calloc(1, sizeof *s);
    if (!s)
        return hc_fail(err, HC_ENOMEM, NULL, "There is no memory for this search");
    s->context = c;
    s->query = q;
    s->need = (size_t)(users_search_skip(q) + q->limit + 1);
    enum hc_err code = users_terms(q, s->terms, USERS_TERMS_MAX, &s->term_count, err);
    if (code == HC_OK)
        code = context_db(c, &s->db, err);
    if (code == HC_OK && s->term_count > 0)
        code = run(s, rows, err);
    users_sources_clear(s);
    free(s->matches);
    free(s);
    return code;
}
