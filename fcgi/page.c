/* page.c - GET /: index.html with its numbers filled in, for readers without
 * JavaScript and for the first paint of those with it. */
#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access.h"
#include "clock.h"
#include "counts.h"
#include "handlers.h"
#include "log.h"
#include "template.h"
#include "users.h"

#define FILE_MAX (512U * 1024)
#define PAGE_MAX (1U << 20)
#define LOOK_MS 1000

struct page {
    char *path;
    pthread_rwlock_t lock;      /* guards what follows */
    struct template *parsed;    /* NULL until one was good */
    struct timespec changed;    /* of the file that was read last, good or not */
    atomic_int_fast64_t looked; /* hc_mono_ms */
};

enum hc_err page_open(struct page **out, const char *folder, struct hc_error *err)
{
    struct page *p = calloc(1, sizeof *p);
    if (!p || asprintf(&p->path, "%s/index.html", folder) < 0) {
        free(p);
        return hc_fail(err, HC_ENOMEM, NULL, "There is no memory for the page");
    }
    pthread_rwlock_init(&p->lock, NULL);
    atomic_store(&p->looked, INT64_MIN / 2);
    *out = p;
    return HC_OK;
}

void page_close(struct page *p)
{
    if (!p)
        return;
    template_free(p->parsed);
    pthread_rwlock_destroy(&p->lock);
    free(p->path);
    free(p);
}

/* ---- the file ---- */

static void read_all(int fd, struct hc_buf *out)
{
    char part[8192];
    ssize_t got;
    while ((got = read(fd, part, sizeof part)) > 0)
        hc_buf_add(out, part, (size_t)got);
    out->failed |= got < 0;
}

static enum hc_err parse_file(int fd, struct template **out, struct hc_error *err)
{
    struct hc_buf text;
    hc_buf_init(&text, FILE_MAX);
    read_all(fd, &text);
    enum hc_err code = hc_buf_failed(&text) ? hc_fail(err, HC_ETOOLARGE, NULL,
                                                      "it is longer than %u bytes or can't be read", FILE_MAX)
                                            : template_parse(out, text.data, text.len, err);
    hc_buf_release(&text);
    return code;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Reads the file again if it has changed. The write lock is held. */
static void reload(struct page *p)
{
    struct stat st;
    struct template *fresh = NULL;
    struct hc_error err = {0};
    int fd = open(p->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        hc_log(HC_LOG_WARN, "page.read", "the page can't be read", HC_STR("why", strerror(errno)), NULL);
    } else if (!same_time(st.st_mtim, p->changed)) {
        p->changed = st.st_mtim;
        if (parse_file(fd, &fresh, &err) != HC_OK) {
            hc_log(HC_LOG_ERROR, "page.read", "the page has a mistake", HC_STR("why", err.detail), NULL);
        } else {
            template_free(p->parsed);
            p->parsed = fresh;
        }
    }
    if (fd >= 0)
        close(fd);
}

static void look(struct page *p)
{
    int64_t now = hc_mono_ms();
    if (now - atomic_load(&p->looked) < LOOK_MS)
        return;
    atomic_store(&p->looked, now);
    pthread_rwlock_wrlock(&p->lock);
    reload(p);
    pthread_rwlock_unlock(&p->lock);
}

/* ---- the model ---- */

/* Our own answer as a tree; NULL if it can't be read (logged). */
static struct json_object *tree_of(const struct response *res)
{
    struct json_tokener *tokener = json_tokener_new_ex(64);
    if (!tokener)
        return NULL;
    struct json_object *tree =
        json_tokener_parse_ex(tokener, res->body.data + res->skip, (int)(res->body.len - res->skip));
    if (!tree)
        hc_log(HC_LOG_ERROR, "page.model", "an answer of our own could not be read", NULL);
    json_tokener_free(tokener);
    return tree;
}

/* Moves the member of tree into the model under a name. */
static void move_member(struct json_object *model, const char *name, struct json_object *tree,
                        const char *key)
{
    struct json_object *value = NULL;
    if (json_object_object_get_ex(tree, key, &value))
        json_object_object_add(model, name, json_object_get(value));
}

static void missing(const struct context *c, const char *what, const struct hc_error *err)
{
    hc_log(HC_LOG_WARN, "page.partial", "the page is shown without a part", HC_STR("part", what),
           HC_STR("err", hc_err_text(err->code)), HC_STR("req", c->request.id), NULL);
}

static void add_counts(struct context *c, struct json_object *model)
{
    struct hc_error err = {0};
    struct hc_flight_answer answer;
    if (access_check(c->settings, &c->request, ACCESS_COUNTS, &err) != HC_OK)
        return;
    if (counts_fetch(c, &answer, &err) != HC_OK) {
        missing(c, "counts", &err);
        return;
    }
    struct json_object *tree = tree_of(&c->response);
    move_member(model, "counts", tree, "result");
    json_object_put(tree);
}

/* What the reader asked wrongly is an error; a store that is away is not. */
static enum hc_err add_users(struct context *c, struct json_object *model, struct hc_error *err)
{
    struct users_query query;
    struct users_edges edges;
    struct hc_flight_answer answer;
    if (access_check(c->settings, &c->request, ACCESS_USER_DATA, err) != HC_OK)
        return HC_OK;
    enum hc_err code = users_query_read(c, &query, err);
    if (code == HC_OK)
        code = users_fetch(c, &query, &edges, &answer, err);
    if (code == HC_EMALFORMED)
        return code;
    if (code != HC_OK) {
        missing(c, "users", err);
        return HC_OK;
    }
    struct json_object *tree = tree_of(&c->response);
    move_member(model, "users", tree, "result");
    move_member(model, "page", tree, "page");
    json_object_put(tree);
    return HC_OK;
}

/* ---- the route ---- */

static enum hc_err render(struct context *c, struct json_object *model, struct hc_error *err)
{
    struct response *res = &c->response;
    struct page *p = c->web->page;
    hc_buf_clear(&res->body);
    res->skip = 0;
    res->type = TYPE_HTML;
    res->cache = CACHE_REVALIDATE;
    pthread_rwlock_rdlock(&p->lock);
    bool there = p->parsed != NULL;
    if (there)
        template_render(p->parsed, model, &res->body);
    pthread_rwlock_unlock(&p->lock);
    if (!there)
        return hc_fail(err, HC_EINTERNAL, NULL, "There is no page");
    if (res->body.len > PAGE_MAX)
        return hc_fail(err, HC_EINTERNAL, NULL, "The page is too long");
    return HC_OK;
}

enum hc_err page_show(struct context *c, struct hc_error *err)
{
    struct json_object *model = json_object_new_object();
    if (!model)
        return hc_fail(err, HC_ENOMEM, NULL, "There is no memory for the page");
    look(c->web->page);
    add_counts(c, model);
    enum hc_err code = add_users(c, model, err);
    if (code == HC_OK)
        code = render(c, model, err);
    json_object_put(model);
    return code;
}
