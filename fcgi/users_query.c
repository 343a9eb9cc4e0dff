/* users_query.c - what a list is asked for: filters, order, place; see users.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "countries.h"
#include "query.h"
#include "user.h"
#include "users.h"
#include "users_find.h"

static const char *const SORTS[] = {
    [USERS_BY_CREATED] = "createdAt",
    [USERS_BY_NAME] = "name",
    [USERS_BY_EMAIL] = "email",
    [USERS_BY_COUNTRY] = "country",
};

/* ---- filters ---- */

enum hc_err users_email_read(struct text given, char out[256], struct hc_error *err)
{
    if (given.len == 0 || given.len > 254)
        return hc_fail(err, HC_EMALFORMED, "email", "An e-mail address has 1 to 254 bytes");
    for (size_t i = 0; i <= given.len; i++)
        out[i] = given.at[i] >= 'A' && given.at[i] <= 'Z' ? (char)(given.at[i] + 32) : given.at[i];
    return HC_OK;
}

/* Without the blanks around it. */
static struct text trim(struct text t)
{
    while (t.len > 0 && t.at[0] == ' ')
        t = (struct text){t.at + 1, t.len - 1};
    while (t.len > 0 && t.at[t.len - 1] == ' ')
        t.len--;
    return t;
}

static enum hc_err read_country(const struct request *r, struct users_query *q, struct hc_error *err)
{
    const struct text *given = query_value(r, "country");
    if (!given)
        return HC_OK;
    struct text plain = trim(*given);
    int index = hc_country_find(plain.at, plain.len);
    if (index < 0)
        return hc_fail(err, HC_EMALFORMED, "country",
                       "country must be an English country name or an ISO code, such as France, FR or FRA");
    q->country = hc_country_at(index)->name;
    return HC_OK;
}

/* Words to look for. Blanks alone ask for nothing. */
static enum hc_err read_words(const struct request *r, const char *name, struct text *out,
                              struct hc_error *err)
{
    const struct text *given = query_value(r, name);
    if (!given || trim(*given).len == 0)
        return HC_OK;
    if (given->len > USERS_WORDS_BYTES)
        return hc_fail(err, HC_EMALFORMED, name, "%s may have %d bytes at most", name, USERS_WORDS_BYTES);
    *out = *given;
    return HC_OK;
}

static enum hc_err read_filters(const struct request *r, struct users_query *q, struct hc_error *err)
{
    const struct text *email = query_value(r, "email");
    const struct text *id = query_value(r, "_id");
    if (email && users_email_read(*email, q->email, err) != HC_OK)
        return HC_EMALFORMED;
    if (id && hc_user_id(id->at, id->len, &q->id, NULL) != HC_OK)
        return hc_fail(err, HC_EMALFORMED, "_id", "_id must be 24 hex digits");
    q->has_email = email != NULL;
    q->has_id = id != NULL;
    enum hc_err code = read_country(r, q, err);
    if (code == HC_OK)
        code = read_words(r, "name", &q->name, err);
    return code == HC_OK ? read_words(r, "search", &q->search, err) : code;
}

static enum hc_err read_sort(const struct request *r, struct users_query *q, struct hc_error *err)
{
    const struct text *given = query_value(r, "sortBy");
    if (!given)
        return HC_OK;
    const char *field = given->at;
    q->ascending = field[0] != '-';
    field += q->ascending ? 0 : 1;
    for (size_t i = 0; i < sizeof SORTS / sizeof *SORTS; i++) {
        if (strcmp(field, SORTS[i]) != 0 || given->len != strlen(given->at))
            continue;
        q->sort = (enum users_sort)i;
        if (q->sort != USERS_BY_CREATED && (q->has_email || q->has_id || q->name.at || q->search.at))
            return hc_fail(err, HC_EMALFORMED, "sortBy",
                           "sortBy=%s goes with no filter or with country alone; leave out the others, or "
                           "sort by createdAt",
                           given->at);
        return HC_OK;
    }
    return hc_fail(err, HC_EMALFORMED, "sortBy",
                   "sortBy must be createdAt, name, email or country, with - in front for descending");
}

/* Texts of a request have no control characters, so no value can end its line. */
static void write_filter(struct users_query *q)
{
    char hex[25] = "";
    if (q->has_id)
        bson_oid_to_string(&q->id, hex);
    snprintf(q->filter, sizeof q->filter, "users\n%s%s\n%s\n%s\n%s\n%s\n%s", q->ascending ? "" : "-",
             SORTS[q->sort], hex, q->email, q->country ? q->country : "", q->name.at ? q->name.at : "",
             q->search.at ? q->search.at : "");
}

/* ---- the place ---- */

static enum hc_err read_cursor(struct context *c, const char *name, struct text value, struct users_query *q,
                               struct hc_error *err)
{
    uint8_t position[CURSOR_POSITION_MAX];
    size_t len = 0;
    struct cursor_key key;
    enum hc_err code = users_cursor_key(c, &key, err);
    if (code == HC_OK)
        code =
            cursor_read(&key, (struct text){q->filter, strlen(q->filter)}, name, value, position, &len, err);
    if (code != HC_OK)
        return code;
    if (len < sizeof q->edge.id.bytes || len > sizeof q->edge.id.bytes + USERS_PLACE_TEXT)
        return hc_fail(err, HC_EMALFORMED, name,
                       "This is not a cursor of this query; begin again without it");
    memcpy(q->edge.id.bytes, position, sizeof q->edge.id.bytes);
    q->edge.len = len - sizeof q->edge.id.bytes;
    memcpy(q->edge.text, position + sizeof q->edge.id.bytes, q->edge.len);
    q->edge.text[q->edge.len] = '\0';
    return HC_OK;
}

static enum hc_err read_place(struct context *c, struct users_query *q, struct hc_error *err)
{
    const struct request *r = &c->request;
    const struct text *after = query_value(r, "after");
    const struct text *before = query_value(r, "before");
    q->has_after = after != NULL;
    q->has_before = before != NULL;
    enum hc_err code = query_int(r, "page", 1, INT64_MAX, 1, &q->page, err);
    if (code != HC_OK)
        return code;
    if (after && before)
        return hc_fail(err, HC_EMALFORMED, "before", "after and before don't go together");
    if ((after || before) && q->page > 1)
        return hc_fail(err, HC_EMALFORMED, "page", "page doesn't go with after or before");
    if (q->page - 1 > USERS_SKIP_MAX / q->limit)
        return hc_fail(err, HC_EMALFORMED, "page",
                       "This page would pass over more than %d users; follow page.next with after instead",
                       USERS_SKIP_MAX);
    if (after)
        return read_cursor(c, "after", *after, q, err);
    return before ? read_cursor(c, "before", *before, q, err) : HC_OK;
}

enum hc_err users_query_read(struct context *c, struct users_query *q, struct hc_error *err)
{
    memset(q, 0, sizeof *q);
    enum hc_err code = query_int(&c->request, "limit", 1, USERS_LIMIT_MAX, 10, &q->limit, err);
    if (code == HC_OK)
        code = read_filters(&c->request, q, err);
    if (code == HC_OK)
        code = read_sort(&c->request, q, err);
    if (code != HC_OK)
        return code;
    write_filter(q);
    return read_place(c, q, err);
}

/* ---- an export ---- */

static enum hc_err refuse_pages(const struct request *r, struct hc_error *err)
{
    static const char *const pages[] = {"limit", "page", "before"};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (query_value(r, pages[i]))
            return hc_fail(err, HC_EMALFORMED, pages[i], "An export has all users that fit: leave out %s",
                           pages[i]);
    return HC_OK;
}

enum hc_err users_query_export(struct context *c, struct users_query *q, struct hc_error *err)
{
    const struct text *after = query_value(&c->request, "after");
    memset(q, 0, sizeof *q);
    q->limit = USERS_LIMIT_MAX;
    q->page = 1;
    q->ascending = true;
    enum hc_err code = refuse_pages(&c->request, err);
    if (code == HC_OK)
        code = read_filters(&c->request, q, err);
    if (code == HC_OK)
        code = read_sort(&c->request, q, err);
    if (code == HC_OK && q->sort != USERS_BY_CREATED)
        code = hc_fail(err, HC_EMALFORMED, "sortBy", "An export is sorted by createdAt or -createdAt");
    if (code != HC_OK)
        return code;
    write_filter(q);
    q->has_after = after != NULL;
    if (!after || hc_user_id(after->at, after->len, &q->edge.id, NULL) == HC_OK)
        return HC_OK;
    return read_cursor(c, "after", *after, q, err);
}

/* ---- as text again ---- */

void users_query_text(const struct users_query *q, struct hc_buf *out)
{
    char hex[25] = "";
    if (q->has_after || q->has_before)
        bson_oid_to_string(&q->edge.id, hex);
    hc_buf_printf(out, "%s\n%" PRId64 "\n%" PRId64 "\n%s%s\n", q->filter, q->limit, q->page,
                  q->has_after    ? "after"
                  : q->has_before ? "before"
                                  : "",
                  hex);
    hc_buf_add(out, q->edge.text, q->edge.len);
}

static void add_value(struct hc_buf *out, const char *name, const char *value)
{
    hc_buf_printf(out, "&%s=", name);
    query_escape(out, value);
}

void users_query_link(const struct users_query *q, const char *place, struct text cursor, struct hc_buf *out)
{
    char hex[25];
    hc_buf_printf(out, "/v1/user?limit=%" PRId64, q->limit);
    if (q->sort != USERS_BY_CREATED || q->ascending)
        hc_buf_printf(out, "&sortBy=%s%s", q->ascending ? "" : "-", SORTS[q->sort]);
    if (q->has_email)
        add_value(out, "email", q->email);
    if (q->has_id) {
        bson_oid_to_string(&q->id, hex);
        add_value(out, "_id", hex);
    }
    if (q->country)
        add_value(out, "country", q->country);
    if (q->name.at)
        add_value(out, "name", q->name.at);
    if (q->search.at)
        add_value(out, "search", q->search.at);
    hc_buf_printf(out, "&%s=%.*s", place, (int)cursor.len, cursor.at);
}
