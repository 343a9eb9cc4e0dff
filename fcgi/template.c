/* template.c - see template.h.
 *
 * Nodes lie in one array in the order of the text; `each` and `if` know the index
 * behind their end, so rendering is walking ranges of that array.
 */
#include "template.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_MAX 16 /* blocks inside one another */
#define PATH_MAX_BYTES 128

enum kind { NODE_TEXT, NODE_VALUE, NODE_NUMBER, NODE_EACH, NODE_IF, NODE_IF_NOT };

struct node {
    enum kind kind;
    const char *text; /* the literal text, or the path, NUL-terminated, in source */
    size_t len;
    size_t end; /* each, if: index of the first node behind it */
};

struct template
{
    char *source;
    struct node *nodes;
    size_t count;
    size_t cap;
};

struct parser {
    struct template *t;
    char *at;
    char *end;
    size_t open[OPEN_MAX]; /* blocks not ended yet */
    size_t depth;
    struct hc_error *err;
};

/* ---- parsing ---- */

static enum hc_err complain(const struct parser *p, const char *at, const char *what)
{
    int line = 1;
    for (const char *c = p->t->source; c < at; c++)
        line += *c == '\n';
    return hc_fail(p->err, HC_EMALFORMED, NULL, "line %d: %s", line, what);
}

static enum hc_err add_node(struct parser *p, enum kind kind, const char *text, size_t len)
{
    struct template *t = p->t;
    if (t->count == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 64;
        struct node *grown = realloc(t->nodes, cap * sizeof *grown);
        if (!grown)
            return hc_fail(p->err, HC_ENOMEM, NULL, "There is no memory for the page");
        t->nodes = grown;
        t->cap = cap;
    }
    t->nodes[t->count++] = (struct node){kind, text, len, 0};
    return HC_OK;
}

static bool is_path(const char *path, size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (len == 1 && path[0] == '.')
        return true;
    if (len == 0 || len > PATH_MAX_BYTES)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool dot = path[i] == '.';
        if (dot ? i == 0 || i + 1 == len || path[i - 1] == '.' : !strchr(letters, path[i]))
            return false;
    }
    return true;
}

/* Adds a node for the path at, whose end is overwritten with a NUL. */
static enum hc_err add_path(struct parser *p, enum kind kind, char *at, size_t len)
{
    if (!is_path(at, len))
        return complain(p, at, "this is not a path of names joined by dots");
    at[len] = '\0';
    return add_node(p, kind, at, len);
}

static bool begins(const struct parser *p, const char *with)
{
    size_t len = strlen(with);
    return (size_t)(p->end - p->at) >= len && memcmp(p->at, with, len) == 0;
}

static char *find(const struct parser *p, const char *what)
{
    return memmem(p->at, (size_t)(p->end - p->at), what, strlen(what));
}

static enum hc_err parse_value(struct parser *p)
{
    static const char number[] = "|number";
    char *close = find(p, "}}");
    if (!close)
        return complain(p, p->at, "{{ without }}");
    char *path = p->at + 2;
    size_t len = (size_t)(close - path);
    enum kind kind = NODE_VALUE;
    if (len > sizeof number - 1 && memcmp(close - (sizeof number - 1), number, sizeof number - 1) == 0) {
        len -= sizeof number - 1;
        kind = NODE_NUMBER;
    }
    enum hc_err code = add_path(p, kind, path, len);
    p->at = close + 2;
    return code;
}

static bool inside_each(const struct parser *p)
{
    for (size_t i = 0; i < p->depth; i++)
        if (p->t->nodes[p->open[i]].kind == NODE_EACH)
            return true;
    return false;
}

/* <!--each path--> or <!--if path-->; skip is the length before the path. */
static enum hc_err parse_open(struct parser *p, enum kind kind, size_t skip)
{
    char *close = find(p, "-->");
    if (!close)
        return complain(p, p->at, "<!-- without -->");
    if (p->depth == OPEN_MAX)
        return complain(p, p->at, "too many blocks inside one another");
    if (kind == NODE_EACH && inside_each(p))
        return complain(p, p->at, "each inside each");
    char *path = p->at + skip;
    if (kind == NODE_IF && *path == '!') {
        kind = NODE_IF_NOT;
        path++;
    }
    enum hc_err code = add_path(p, kind, path, (size_t)(close - path));
    if (code == HC_OK)
        p->open[p->depth++] = p->t->count - 1;
    p->at = close + 3;
    return code;
}

static enum hc_err parse_close(struct parser *p, bool each, size_t len)
{
    if (p->depth == 0 || (p->t->nodes[p->open[p->depth - 1]].kind == NODE_EACH) != each)
        return complain(p, p->at, each ? "<!--/each--> without its each" : "<!--/if--> without its if");
    p->t->nodes[p->open[--p->depth]].end = p->t->count;
    p->at += len;
    return HC_OK;
}

#define EACH "<!--each "
#define IF "<!--if "
#define END_EACH "<!--/each-->"
#define END_IF "<!--/if-->"

static bool at_mark(const struct parser *p)
{
    return begins(p, "{{") || begins(p, EACH) || begins(p, IF) || begins(p, END_EACH) || begins(p, END_IF);
}

static enum hc_err parse_mark(struct parser *p)
{
    if (begins(p, EACH))
        return parse_open(p, NODE_EACH, sizeof EACH - 1);
    if (begins(p, IF))
        return parse_open(p, NODE_IF, sizeof IF - 1);
    if (begins(p, END_EACH))
        return parse_close(p, true, sizeof END_EACH - 1);
    if (begins(p, END_IF))
        return parse_close(p, false, sizeof END_IF - 1);
    return parse_value(p);
}

static enum hc_err parse_all(struct parser *p)
{
    enum hc_err code = HC_OK;
    while (code == HC_OK && p->at < p->end) {
        const char *from = p->at;
        while (p->at < p->end && !at_mark(p))
            p->at++;
        if (p->at > from)
            code = add_node(p, NODE_TEXT, from, (size_t)(p->at - from));
        if (code == HC_OK && p->at < p->end)
            code = parse_mark(p);
    }
    if (code == HC_OK && p->depth > 0)
        return complain(p, p->t->nodes[p->open[p->depth - 1]].text, "this block is not ended");
    return code;
}

enum hc_err template_parse(struct template **out, const char *text, size_t len, struct hc_error *err)
{
    struct template *t = calloc(1, sizeof *t);
    char *source = t ? malloc(len + 1) : NULL;
    if (!source) {
        free(t);
        return hc_fail(err, HC_ENOMEM, NULL, "There is no memory for the page");
    }
    memcpy(source, text, len);
    source[len] = '\0';
    t->source = source;
    struct parser p = {.t = t, .at = source, .end = source + len, .err = err};
    enum hc_err code = parse_all(&p);
    if (code != HC_OK)
        template_free(t);
    else
        *out = t;
    return code;
}

void template_free(struct template *t)
{
    if (!t)
        return;
    free(t->nodes);
    free(t->source);
    free(t);
}

/* ---- looking up ---- */

struct scope {
    struct json_object *root;
    struct json_object *item; /* of the each that we are in */
    bool in_each;
};

/* The member of that name; false when there is none (it may be null). */
static bool member(struct json_object *of, const char *name, size_t len, struct json_object **out)
{
    char text[PATH_MAX_BYTES + 1];
    memcpy(text, name, len);
    text[len] = '\0';
    return json_object_is_type(of, json_type_object) && json_object_object_get_ex(of, text, out);
}

static struct json_object *look_up(const struct scope *s, const char *path)
{
    struct json_object *at = s->root;
    size_t len = strcspn(path, ".");
    if (strcmp(path, ".") == 0)
        return s->in_each ? s->item : s->root;
    if (s->in_each && member(s->item, path, len, &at))
        path += len;
    else if (member(s->root, path, len, &at))
        path += len;
    else
        return NULL;
    while (*path == '.') {
        len = strcspn(++path, ".");
        if (!member(at, path, len, &at))
            return NULL;
        path += len;
    }
    return at;
}

static bool is_true(struct json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_null:
        return false;
    case json_type_array:
        return json_object_array_length(value) > 0;
    case json_type_object:
        return json_object_object_length(value) > 0;
    case json_type_string:
        return json_object_get_string_len(value) > 0;
    case json_type_double:
        return json_object_get_double(value) < 0 || json_object_get_double(value) > 0;
    case json_type_boolean:
    case json_type_int:
        break;
    }
    return json_object_get_int64(value) != 0;
}

/* ---- rendering ---- */

static void put_escaped(struct hc_buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        switch (text[i]) {
        case '&':
            hc_buf_str(out, "&amp;");
            break;
        case '<':
            hc_buf_str(out, "&lt;");
            break;
        case '>':
            hc_buf_str(out, "&gt;");
            break;
        case '"':
            hc_buf_str(out, "&quot;");
            break;
        case '\'':
            hc_buf_str(out, "&#39;");
            break;
        default:
            hc_buf_char(out, text[i]);
        }
    }
}

static void put_value(struct hc_buf *out, struct json_object *value)
{
    enum json_type type = json_object_get_type(value);
    if (type == json_type_null || type == json_type_object || type == json_type_array)
        return;
    const char *text = json_object_get_string(value);
    size_t len = type == json_type_string ? (size_t)json_object_get_string_len(value) : strlen(text);
    put_escaped(out, text, len);
}

static void put_number(struct hc_buf *out, struct json_object *value)
{
    enum json_type type = json_object_get_type(value);
    char digits[24];
    if (type != json_type_int && type != json_type_double) {
        put_value(out, value);
        return;
    }
    double real = json_object_get_double(value);
    if (type == json_type_double && !(real > -1e15 && real < 1e15)) {
        put_value(out, value);
        return;
    }
    int64_t n =
        type == json_type_int ? json_object_get_int64(value) : (int64_t)(real < 0 ? real - 0.5 : real + 0.5);
    int len = snprintf(digits, sizeof digits, "%" PRId64, n);
    for (int i = 0; i < len; i++) {
        hc_buf_char(out, digits[i]);
        int left = len - 1 - i;
        if (left > 0 && left % 3 == 0 && digits[i] != '-')
            hc_buf_char(out, ',');
    }
}

static void render_range(const struct template *t, size_t from, size_t to, const struct scope *s,
                         struct hc_buf *out);

static void render_each(const struct template *t, size_t i, const struct scope *s, struct hc_buf *out)
{
    struct json_object *list = look_up(s, t->nodes[i].text);
    struct scope inner = {.root = s->root, .in_each = true};
    if (!json_object_is_type(list, json_type_array))
        return;
    for (size_t k = 0; k < json_object_array_length(list) && !hc_buf_failed(out); k++) {
        inner.item = json_object_array_get_idx(list, k);
        render_range(t, i + 1, t->nodes[i].end, &inner, out);
    }
}

static void render_if(const struct template *t, size_t i, const struct scope *s, struct hc_buf *out)
{
    const struct node *n = &t->nodes[i];
    if (is_true(look_up(s, n->text)) == (n->kind == NODE_IF))
        render_range(t, i + 1, n->end, s, out);
}

static void render_range(const struct template *t, size_t from, size_t to, const struct scope *s,
                         struct hc_buf *out)
{
    size_t i = from;
    while (i < to) {
        const struct node *n = &t->nodes[i];
        if (n->kind == NODE_TEXT)
            hc_buf_add(out, n->text, n->len);
        else if (n->kind == NODE_VALUE)
            put_value(out, look_up(s, n->text));
        else if (n->kind == NODE_NUMBER)
            put_number(out, look_up(s, n->text));
        else if (n->kind == NODE_EACH)
            render_each(t, i, s, out);
        else
            render_if(t, i, s, out);
        i = n->kind >= NODE_EACH ? n->end : i + 1;
    }
}

void template_render(const struct template *t, struct json_object *model, struct hc_buf *out)
{
    struct scope s = {.root = model};
    render_range(t, 0, t->count, &s, out);
}
