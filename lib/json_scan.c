/* json_scan.c - the reading half of json.h.
 *
 * The scan has no recursion: open arrays and objects lie in a small stack, and
 * `want` says what may come next. Keys of the open objects lie decoded, one
 * behind the other, in one buffer; when an object closes its keys are sorted,
 * equal neighbours are refused, and its part of the buffer is given back. So a
 * hostile text costs O(n log n) and memory of its own size.
 */
#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "json_token.h"

const struct hc_json_limits HC_JSON_LIMITS = {.bytes = 65536, .depth = HC_JSON_DEPTH_MAX, .members = 1000};

enum want { WANT_VALUE, WANT_VALUE_OR_END, WANT_KEY, WANT_KEY_OR_END, WANT_COLON, WANT_COMMA, WANT_NOTHING };

/* A key of an open object. */
struct key {
    size_t start; /* of its decoded text in scan.names */
    size_t len;   /* of its decoded text */
    size_t at;    /* byte of its opening quote in the text */
};

/* An open array or object. */
struct level {
    char close;       /* ']' or '}' */
    unsigned members; /* so far */
    size_t keys;      /* keys of outer objects, in front of its own */
    size_t names;     /* bytes of names of outer objects */
};

struct scan {
    struct hc_json_cursor t;
    const struct hc_json_limits *limits;
    enum want want;
    unsigned depth;
    struct level levels[HC_JSON_DEPTH_MAX];
    struct key *keys; /* of all open objects */
    size_t key_count;
    size_t key_cap;
    struct hc_buf names;
};

static int compare_keys(const void *a, const void *b, void *names)
{
    const struct key *x = a;
    const struct key *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int order = memcmp((char *)names + x->start, (char *)names + y->start, n);
    if (order != 0)
        return order;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Refuses a key that the object closing now has twice, and forgets its keys. */
static enum hc_err close_keys(struct scan *s, const struct level *top)
{
    struct key *k = s->keys + top->keys;
    size_t count = s->key_count - top->keys;
    if (count > 1)
        qsort_r(k, count, sizeof *k, compare_keys, s->names.data);
    for (size_t i = 1; i < count; i++) {
        const char *name = s->names.data + k[i].start;
        if (k[i].len != k[i - 1].len || memcmp(name, s->names.data + k[i - 1].start, k[i].len) != 0)
            continue;
        size_t shown = hc_utf8_valid(name, k[i].len < 80 ? k[i].len : 80);
        return hc_fail(s->t.err, HC_EMALFORMED, NULL, "the key \"%.*s\" appears twice, again at byte %zu",
                       (int)shown, name, k[i].at + 1);
    }
    s->key_count = top->keys;
    hc_buf_truncate(&s->names, top->names);
    return HC_OK;
}

static enum hc_err open_level(struct scan *s, char close)
{
    unsigned most = s->limits->depth < HC_JSON_DEPTH_MAX ? s->limits->depth : HC_JSON_DEPTH_MAX;
    if (s->depth >= most)
        return hc_fail(s->t.err, HC_EMALFORMED, NULL, "more than %u levels of nesting at byte %zu", most,
                       s->t.at + 1);
    s->levels[s->depth++] = (struct level){close, 0, s->key_count, s->names.len};
    s->want = close == '}' ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
    s->t.at++;
    return HC_OK;
}

static enum hc_err close_level(struct scan *s)
{
    const struct level *top = &s->levels[s->depth - 1];
    if (top->close == '}') {
        enum hc_err rc = close_keys(s, top);
        if (rc != HC_OK)
            return rc;
    }
    s->t.at++;
    s->depth--;
    s->want = s->depth ? WANT_COMMA : WANT_NOTHING;
    return HC_OK;
}

static enum hc_err count_member(struct scan *s)
{
    struct level *top = &s->levels[s->depth - 1];
    if (++top->members > s->limits->members)
        return hc_fail(s->t.err, HC_ETOOLARGE, NULL, "more than %u %s at byte %zu", s->limits->members,
                       top->close == '}' ? "keys in an object" : "items in an array", s->t.at + 1);
    return HC_OK;
}

static enum hc_err add_key(struct scan *s)
{
    if (s->key_count == s->key_cap) {
        size_t cap = s->key_cap ? s->key_cap * 2 : 32;
        struct key *keys = realloc(s->keys, cap * sizeof *keys);
        if (!keys)
            return hc_fail(s->t.err, HC_ENOMEM, NULL, "out of memory");
        s->keys = keys;
        s->key_cap = cap;
    }
    struct key *k = &s->keys[s->key_count++];
    *k = (struct key){.start = s->names.len, .at = s->t.at};
    enum hc_err rc = hc_json_scan_string(&s->t, &s->names);
    k->len = s->names.len - k->start;
    if (rc == HC_OK && hc_buf_failed(&s->names))
        rc = hc_fail(s->t.err, HC_ENOMEM, NULL, "out of memory");
    return rc;
}

/* One function a `want`: each takes one token and says what comes next. */

static enum hc_err take_value(struct scan *s)
{
    if (s->depth && s->levels[s->depth - 1].close == ']') {
        enum hc_err rc = count_member(s);
        if (rc != HC_OK)
            return rc;
    }
    char c = s->t.text[s->t.at];
    if (c == '{' || c == '[')
        return open_level(s, c == '{' ? '}' : ']');
    s->want = s->depth ? WANT_COMMA : WANT_NOTHING;
    if (c == '"')
        return hc_json_scan_string(&s->t, NULL);
    if (c == '-' || (c >= '0' && c <= '9'))
        return hc_json_scan_number(&s->t);
    return hc_json_scan_word(&s->t);
}

static enum hc_err take_value_or_end(struct scan *s)
{
    return s->t.text[s->t.at] == ']' ? close_level(s) : take_value(s);
}

static enum hc_err take_key(struct scan *s)
{
    if (s->t.text[s->t.at] != '"')
        return hc_json_unexpected(&s->t);
    s->want = WANT_COLON;
    enum hc_err rc = count_member(s);
    return rc == HC_OK ? add_key(s) : rc;
}

static enum hc_err take_key_or_end(struct scan *s)
{
    return s->t.text[s->t.at] == '}' ? close_level(s) : take_key(s);
}

static enum hc_err take_colon(struct scan *s)
{
    if (s->t.text[s->t.at] != ':')
        return hc_json_unexpected(&s->t);
    s->t.at++;
    s->want = WANT_VALUE;
    return HC_OK;
}

static enum hc_err take_comma(struct scan *s)
{
    char c = s->t.text[s->t.at];
    char close = s->levels[s->depth - 1].close;
    if (c == close)
        return close_level(s);
    if (c != ',')
        return hc_json_unexpected(&s->t);
    s->t.at++;
    s->want = close == '}' ? WANT_KEY : WANT_VALUE;
    return HC_OK;
}

static enum hc_err take_nothing(struct scan *s)
{
    return hc_json_malformed(&s->t, "something behind the JSON value", s->t.at);
}

static void skip_blanks(struct hc_json_cursor *t)
{
    while (t->at < t->len && (t->text[t->at] == ' ' || t->text[t->at] == '\t' || t->text[t->at] == '\n' ||
                              t->text[t->at] == '\r'))
        t->at++;
}

static enum hc_err scan_all(struct scan *s)
{
    static enum hc_err (*const take[])(struct scan *) = {
        [WANT_VALUE] = take_value,    [WANT_VALUE_OR_END] = take_value_or_end,
        [WANT_KEY] = take_key,        [WANT_KEY_OR_END] = take_key_or_end,
        [WANT_COLON] = take_colon,    [WANT_COMMA] = take_comma,
        [WANT_NOTHING] = take_nothing};
    for (;;) {
        skip_blanks(&s->t);
        if (s->t.at >= s->t.len)
            return s->want == WANT_NOTHING ? HC_OK : hc_json_unexpected(&s->t);
        enum hc_err rc = take[s->want](s);
        if (rc != HC_OK)
            return rc;
    }
}

enum hc_err hc_json_check(const char *text, size_t len, const struct hc_json_limits *limits,
                          struct hc_error *err)
{
    if (len > limits->bytes)
        return hc_fail(err, HC_ETOOLARGE, NULL, "the JSON text is longer than %zu bytes", limits->bytes);
    struct scan s = {.t = {text, len, 0, err}, .limits = limits, .want = WANT_VALUE};
    hc_buf_init(&s.names, len);
    enum hc_err rc = scan_all(&s);
    hc_buf_release(&s.names);
    free(s.keys);
    return rc;
}

enum hc_err hc_json_parse(const char *text, size_t len, const struct hc_json_limits *limits,
                          struct json_object **out, struct hc_error *err)
{
    *out = NULL;
    enum hc_err rc = hc_json_check(text, len, limits, err);
    if (rc != HC_OK)
        return rc;
    if (len > INT32_MAX) /* json-c counts in int */
        return hc_fail(err, HC_ETOOLARGE, NULL, "the JSON text is too long");
    struct json_tokener *tok = json_tokener_new_ex(HC_JSON_DEPTH_MAX + 1);
    if (!tok)
        return hc_fail(err, HC_ENOMEM, NULL, "out of memory");
    json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);

    struct json_object *tree = json_tokener_parse_ex(tok, text, (int)len);
    if (json_tokener_get_error(tok) == json_tokener_continue) /* a bare number ends with the text */
        tree = json_tokener_parse_ex(tok, "", 1);
    enum json_tokener_error outcome = json_tokener_get_error(tok);
    json_tokener_free(tok);
    if (outcome != json_tokener_success) {
        json_object_put(tree);
        return hc_fail(err, HC_EMALFORMED, NULL, "the JSON text can't be read");
    }
    *out = tree;
    return HC_OK;
}
