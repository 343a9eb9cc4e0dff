/* users_term.c - see users_term.h. */
#include "users_term.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TIME_CHARS 10 /* of a ULID; 5 bits each */

/* ---- taking apart ---- */

/* A phone number with whatever people write between its digits. */
static bool is_phone(struct text t)
{
    bool has_digit = false;
    for (size_t i = 0; i < t.len; i++) {
        if (!strchr("0123456789 +-().", t.at[i]))
            return false;
        has_digit = has_digit || isdigit((unsigned char)t.at[i]);
    }
    return has_digit;
}

static void read_digits(struct users_term *term)
{
    size_t n = 0;
    if (!is_phone(term->raw))
        return;
    for (size_t i = 0; i < term->raw.len && n < USERS_DIGITS_MAX; i++)
        if (isdigit((unsigned char)term->raw.at[i]))
            term->digits[n++] = term->raw.at[i];
}

static void read_ulid(struct users_term *term)
{
    size_t n = 0;
    for (; n < term->raw.len && n < HC_ULID_TEXT; n++) {
        int c = toupper((unsigned char)term->raw.at[n]);
        if (n == HC_ULID_TEXT - 1 || !c || !strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", c) ||
            (n == 0 && c > '7')) {
            n = 0;
            break;
        }
        term->ulid[n] = (char)c;
    }
    term->ulid[n] = '\0';
}

/* Whether all words of the term begin words of this country's name. */
static bool is_country(const struct users_term *term, const struct hc_country *country)
{
    struct hc_search_words names;
    hc_search_words(country->name, strlen(country->name), &names);
    for (size_t i = 0; i < term->words.count; i++) {
        bool there = false;
        for (size_t n = 0; n < names.count; n++)
            there = there ||
                    strncmp(names.words[n].text, term->words.words[i].text, term->words.words[i].len) == 0;
        if (!there)
            return false;
    }
    return term->words.count > 0 && !term->words.odd;
}

static void read_countries(struct users_term *term)
{
    for (int i = 0; i < hc_country_count(); i++)
        if (is_country(term, hc_country_at(i)))
            term->countries[term->country_count++] = i;
}

static void read_term(struct users_term *term, struct text raw, bool name_only)
{
    memset(term, 0, sizeof *term);
    term->raw = raw;
    term->name_only = name_only;
    hc_search_words(raw.at, raw.len, &term->words);
    if (name_only)
        return;
    for (size_t i = 0; i < raw.len; i++)
        term->email[i] = raw.at[i] >= 'A' && raw.at[i] <= 'Z' ? (char)(raw.at[i] + 32) : raw.at[i];
    hc_search_whole(raw.at, raw.len, term->user_name);
    read_digits(term);
    read_ulid(term);
    read_countries(term);
}

enum hc_err users_terms(const struct users_query *q, struct users_term *terms, size_t max, size_t *count,
                        struct hc_error *err)
{
    *count = 0;
    if (q->name.at)
        read_term(&terms[(*count)++], q->name, true);
    if (!q->search.at)
        return HC_OK;
    bool whole = is_phone(q->search);
    for (const char *at = q->search.at, *end = at + q->search.len; at < end;) {
        const char *stop = whole ? NULL : memchr(at, ' ', (size_t)(end - at));
        stop = stop ? stop : end;
        if (stop > at && *count == max)
            return hc_fail(err, HC_EMALFORMED, "search", "A search has %d words at most", (int)max);
        if (stop > at)
            read_term(&terms[(*count)++], (struct text){at, (size_t)(stop - at)}, false);
        at = stop + 1;
    }
    return HC_OK;
}

/* ---- conditions ---- */

/* Appends a character of a pattern that stands for itself. Others than these stay as they are: with an escape
 * that it doesn't know, the server finds no beginning to look up and reads the whole index. */
static size_t put_literal(char *out, char c)
{
    size_t n = 0;
    if (strchr("\\^$.|?*+()[]{}", c))
        out[n++] = '\\';
    out[n++] = c;
    return n;
}

#define PATTERN_MAX (2 * USERS_WORDS_BYTES + 16)

/* What stands before a phone number and a user name in _hc.s, as patterns. */
#define PHONE_MARK "\\+"
#define NAME_MARK "@"

/* Text, or ^ mark text when mark, itself a pattern, is not NULL. */
static void write_pattern(char pattern[PATTERN_MAX], const char *mark, const char *text, size_t len)
{
    size_t n = mark ? (size_t)snprintf(pattern, PATTERN_MAX, "^%s", mark) : 0;
    for (size_t i = 0; i < len; i++)
        n += put_literal(pattern + n, text[i]);
    pattern[n] = '\0';
}

/* {field: /pattern/} */
static void append_regex(bson_t *filter, const char *field, const char *mark, const char *text, size_t len,
                         const char *options)
{
    char pattern[PATTERN_MAX];
    write_pattern(pattern, mark, text, len);
    bson_append_regex(filter, field, -1, pattern, options);
}

void users_term_begins(bson_t *filter, const char *field, const char *mark, const char *text)
{
    append_regex(filter, field, mark, text, strlen(text), "");
}

/* Opens {…} as the next item of an array. */
static void open_item(bson_t *array, uint32_t *next, bson_t *item)
{
    char text[16];
    const char *key;
    size_t len = bson_uint32_to_string((*next)++, &key, text, sizeof text);
    bson_append_document_begin(array, key, (int)len, item);
}

static void add_begins(bson_t *array, uint32_t *next, const char *field, const char *mark, const char *text)
{
    bson_t item;
    if (text[0] == '\0')
        return;
    open_item(array, next, &item);
    users_term_begins(&item, field, mark, text);
    bson_append_document_end(array, &item);
}

/* All words, and all else too when there is more in the term than words. A term without words has no name. */
static void add_name(const struct users_term *term, bson_t *array, uint32_t *next)
{
    bson_t item;
    if (term->words.count == 0) {
        open_item(array, next, &item);
        BSON_APPEND_NULL(&item, "_id"); /* nobody */
        bson_append_document_end(array, &item);
        return;
    }
    for (size_t i = 0; i < term->words.count; i++)
        add_begins(array, next, "_hc.s", "", term->words.words[i].text);
    if (!term->words.odd)
        return;
    open_item(array, next, &item);
    append_regex(&item, "name", NULL, term->raw.at, term->raw.len, "i");
    bson_append_document_end(array, &item);
}

static void add_countries(const struct users_term *term, bson_t *array, uint32_t *next)
{
    bson_t item, in, list;
    uint32_t n = 0;
    if (term->country_count == 0)
        return;
    open_item(array, next, &item);
    BSON_APPEND_DOCUMENT_BEGIN(&item, "country", &in);
    BSON_APPEND_ARRAY_BEGIN(&in, "$in", &list);
    for (size_t i = 0; i < term->country_count; i++) {
        char text[16];
        const char *key;
        size_t len = bson_uint32_to_string(n++, &key, text, sizeof text);
        bson_append_utf8(&list, key, (int)len, hc_country_at(term->countries[i])->name, -1);
    }
    bson_append_array_end(&in, &list);
    bson_append_document_end(&item, &in);
    bson_append_document_end(array, &item);
}

/* Whether the user name that is asked for is `mark` and the digits of a phone number. */
static bool names_phone(const struct users_term *term, const char *mark)
{
    size_t len = strlen(mark);
    return term->digits[0] && strncmp(term->user_name, mark, len) == 0 &&
           strcmp(term->user_name + len, term->digits) == 0;
}

/* The words of the name, the user name, the phone number. All lie in one field: mostly one pattern finds
 * them, which makes a walk a fifth cheaper. */
static void add_names(const struct users_term *term, bson_t *any, uint32_t *next)
{
    bson_t name, names;
    uint32_t m = 0;
    const struct hc_search_words *words = &term->words;
    bool word = words->count == 1 && !words->odd && strcmp(words->words[0].text, term->user_name) == 0;
    bool phone = names_phone(term, word ? "" : "+");
    if (!word) {
        open_item(any, next, &name);
        BSON_APPEND_ARRAY_BEGIN(&name, "$and", &names);
        add_name(term, &names, &m);
        bson_append_array_end(&name, &names);
        bson_append_document_end(any, &name);
    }
    const char *mark = word || phone ? NAME_MARK "?" : NAME_MARK;
    add_begins(any, next, "_hc.s", word && phone ? "[@+]?" : mark, term->user_name);
    if (!phone)
        add_begins(any, next, "_hc.s", PHONE_MARK, term->digits);
}

void users_term_filter(const struct users_term *term, bson_t *all, uint32_t *next)
{
    bson_t item, any;
    uint32_t n = 0;
    if (term->name_only) {
        add_name(term, all, next);
        return;
    }
    open_item(all, next, &item);
    BSON_APPEND_ARRAY_BEGIN(&item, "$or", &any);
    add_names(term, &any, &n);
    add_begins(&any, &n, "email", "", term->email);
    add_begins(&any, &n, "userName", "", term->ulid);
    add_countries(term, &any, &n);
    bson_append_array_end(&item, &any);
    bson_append_document_end(all, &item);
}

bool users_term_has_country(const struct users_term *term, int country)
{
    for (size_t i = 0; i < term->country_count; i++)
        if (term->countries[i] == country)
            return true;
    return false;
}

static void add_pattern(bson_t *list, uint32_t *next, const char *mark, const char *text)
{
    char number[16], pattern[PATTERN_MAX];
    const char *key;
    if (!text || text[0] == '\0')
        return;
    size_t len = bson_uint32_to_string((*next)++, &key, number, sizeof number);
    write_pattern(pattern, mark, text, strlen(text));
    bson_append_regex(list, key, (int)len, pattern, "");
}

/* Appends {_hc.s: {$in: […]}} with all that the index may have instead of this word. */
static void add_stored(const struct users_term *term, const char *word, bson_t *all, uint32_t *next)
{
    bson_t item, in, list;
    uint32_t n = 0;
    open_item(all, next, &item);
    BSON_APPEND_DOCUMENT_BEGIN(&item, "_hc.s", &in);
    BSON_APPEND_ARRAY_BEGIN(&in, "$in", &list);
    add_pattern(&list, &n, "", word);
    add_pattern(&list, &n, PHONE_MARK, term->digits);
    add_pattern(&list, &n, NAME_MARK, term->user_name);
    bson_append_array_end(&in, &list);
    bson_append_document_end(&item, &in);
    bson_append_document_end(all, &item);
}

/* A beginning that tens of thousands have, such as "ma", costs the index more than it saves. A sign that
 * stands for a syllable or a word (U+3000 and up) tells as much as two letters. */
static bool is_short(const char *word)
{
    int letters = 0;
    for (const unsigned char *at = (const unsigned char *)word; *at; at++)
        if ((*at & 0xc0) != 0x80)
            letters += *at >= 0xe3 ? 2 : 1;
    return letters < 3;
}

static bool all_short(const struct hc_search_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        if (!is_short(words->words[i].text))
            return false;
    return true;
}

bool users_term_stored(const struct users_term *term, bson_t *all, uint32_t *next)
{
    bool every = all_short(&term->words);
    for (size_t i = 0; i < term->words.count; i++)
        if (every || !is_short(term->words.words[i].text))
            add_stored(term, term->words.words[i].text, all, next);
    bool others = term->digits[0] || term->user_name[0];
    if (term->words.count == 0 && others)
        add_stored(term, NULL, all, next);
    return term->words.count > 0 || others;
}

void users_term_times(const struct users_term *term, int64_t *first, int64_t *last)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    int64_t low = 0, high = 0;
    for (size_t i = 0; i < TIME_CHARS; i++) {
        bool given = i < strlen(term->ulid);
        int64_t digit = given ? strchr(digits, term->ulid[i]) - digits : 0;
        low = low * 32 + digit;
        high = high * 32 + (given ? digit : 31);
    }
    *first = low;
    *last = high;
}
