/* test_log.c - log lines as a reader of stderr finds them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "log.h"

#define THREADS 4
#define LINES_EACH 300

static int kept_stderr = -1;
static FILE *captured;

/* stderr goes to a file of the test's until show. */
static void capture(void)
{
    captured = tmpfile();
    assert_non_null(captured);
    fflush(stderr);
    kept_stderr = dup(STDERR_FILENO);
    assert_int_equal(fcntl(fileno(captured), F_SETFL, O_APPEND), 0);
    dup2(fileno(captured), STDERR_FILENO);
}

/* Ends capture; returns what was written, for the caller to free. */
static char *show(void)
{
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    size_t len = (size_t)lseek(fileno(captured), 0, SEEK_END);
    char *text = calloc(1, len + 1);
    assert_non_null(text);
    assert_int_equal(pread(fileno(captured), text, len, 0), len);
    fclose(captured);
    return text;
}

/* Fails unless text is one line of valid JSON; returns its tree. */
static struct json_object *parse_line(const char *text)
{
    size_t len = strlen(text);
    struct json_object *tree;
    struct hc_error err = {0};
    assert_true(len > 0 && len <= 8192);
    assert_ptr_equal(strchr(text, '\n'), text + len - 1);
    if (hc_json_parse(text, len - 1, &HC_JSON_LIMITS, &tree, &err) != HC_OK)
        fail_msg("%s in %s", err.detail, text);
    return tree;
}

static const char *member(struct json_object *tree, const char *name)
{
    struct json_object *value;
    return json_object_object_get_ex(tree, name, &value) ? json_object_get_string(value) : NULL;
}

static int set_up(void **state)
{
    (void)state;
    hc_log_setup(HC_LOG_DEBUG, "web-1");
    return 0;
}

static void a_line_has_its_fields_in_order(void **state)
{
    (void)state;
    capture();
    hc_log(HC_LOG_INFO, "job.done", "all chunks are in", HC_STR("job", "01H"), HC_INT("total", -5),
           HC_INT("min", INT64_MIN), HC_INT("max", INT64_MAX), NULL);
    char *text = show();
    struct json_object *tree = parse_line(text);
    const char *time = member(tree, "time");
    assert_int_equal(strlen(time), 24);
    assert_int_equal(time[23], 'Z');
    char want[512];
    snprintf(want, sizeof want,
             "{\"time\":\"%s\",\"level\":\"info\",\"event\":\"job.done\",\"msg\":\"all chunks are in\","
             "\"instance\":\"web-1\",\"job\":\"01H\",\"total\":-5,\"min\":-9223372036854775808,"
             "\"max\":9223372036854775807}\n",
             time);
    assert_string_equal(text, want);
    json_object_put(tree);
    free(text);
}

static void levels_have_words(void **state)
{
    (void)state;
    static const char *const words[] = {"debug", "info", "warn", "error"};
    for (int i = 0; i < 4; i++)
        assert_int_equal(hc_log_level_parse(words[i]), i);
    assert_int_equal(hc_log_level_parse("INFO"), -1);
    assert_int_equal(hc_log_level_parse("inf"), -1);
    assert_int_equal(hc_log_level_parse(""), -1);
    assert_int_equal(hc_log_level_parse(NULL), -1);
}

static void lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    for (int least = 0; least < 4; least++) {
        hc_log_setup((enum hc_log_level)least, NULL);
        for (int level = 0; level < 4; level++) {
            capture();
            hc_log((enum hc_log_level)level, "a.b", "c", NULL);
            char *text = show();
            assert_int_equal(text[0] != '\0', level >= least);
            assert_int_equal(hc_log_enabled((enum hc_log_level)level), level >= least);
            free(text);
        }
    }
}

static void a_level_out_of_range_is_an_error(void **state)
{
    (void)state;
    const int odd[] = {-1, 4, 1000, -1000};
    hc_log_setup(HC_LOG_ERROR, NULL);
    for (size_t i = 0; i < 4; i++) {
        capture();
        hc_log((enum hc_log_level)odd[i], "a.b", "c", NULL);
        char *text = show();
        struct json_object *tree = parse_line(text);
        assert_string_equal(member(tree, "level"), "error");
        json_object_put(tree);
        free(text);
    }
    hc_log_setup((enum hc_log_level)77, NULL);
    assert_true(hc_log_enabled(HC_LOG_ERROR));
    assert_false(hc_log_enabled(HC_LOG_WARN));
}

static void the_instance_may_be_missing_or_long(void **state)
{
    (void)state;
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    const char *const names[] = {NULL, "", "a\"b", name};
    for (size_t i = 0; i < 4; i++) {
        hc_log_setup(HC_LOG_DEBUG, names[i]);
        capture();
        hc_log(HC_LOG_INFO, "a.b", "c", NULL);
        char *text = show();
        struct json_object *tree = parse_line(text);
        if (i < 2)
            assert_null(member(tree, "instance"));
        else if (i == 2)
            assert_string_equal(member(tree, "instance"), "a\"b");
        else
            assert_int_equal(strlen(member(tree, "instance")), 127);
        json_object_put(tree);
        free(text);
    }
}

static void null_texts_are_empty(void **state)
{
    (void)state;
    const char *none = NULL;
    capture();
    hc_log(HC_LOG_INFO, none, none, HC_STR("a", none), HC_STR(none, "b"), NULL);
    char *text = show();
    struct json_object *tree = parse_line(text);
    assert_string_equal(member(tree, "event"), "");
    assert_string_equal(member(tree, "msg"), "");
    assert_string_equal(member(tree, "a"), "");
    assert_string_equal(member(tree, ""), "b");
    json_object_put(tree);
    free(text);
}

/* Whatever a value holds, the line stays one line and gives the value back. */
static void every_value_is_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *back; /* NULL: the same */
    } rows[] = {
        {"plain", NULL},
        {"a\nb\r\nc", NULL},
        {"\"},{\"level\":\"error\"", NULL},
        {"back\\slash", NULL},
        {"\x01\x1F\x7F\t\b\f\x1B[31m", NULL},
        {"\xC2\x9B"
         "31m",
         NULL},
        {"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", NULL},
        {"a\xFF"
         "b",
         "a\xEF\xBF\xBD"
         "b"},
        {"\xC3", "\xEF\xBF\xBD"},
        {"\xC3\"", "\xEF\xBF\xBD\""},
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xC0\x8A", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        capture();
        hc_log(HC_LOG_WARN, rows[i].value, rows[i].value, HC_STR("v", rows[i].value), NULL);
        char *text = show();
        for (const char *p = text; *p && *p != '\n'; p++)
            assert_false((unsigned char)*p < 0x20 || *p == 0x7F);
        assert_null(strstr(text, "\xC2\x9B"));
        struct json_object *tree = parse_line(text);
        const char *back = rows[i].back ? rows[i].back : rows[i].value;
        assert_string_equal(member(tree, "v"), back);
        assert_string_equal(member(tree, "msg"), back);
        assert_string_equal(member(tree, "event"), back);
        json_object_put(tree);
        free(text);
    }
}

static void a_name_is_escaped_too(void **state)
{
    (void)state;
    capture();
    hc_log(HC_LOG_INFO, "a.b", "c", HC_STR("x\":1,\"y", "v"), HC_INT("n\n", 3), NULL);
    char *text = show();
    struct json_object *tree = parse_line(text);
    assert_string_equal(member(tree, "x\":1,\"y"), "v");
    assert_string_equal(member(tree, "n\n"), "3");
    json_object_put(tree);
    free(text);
}

/* A filler of every length around the limit, of each sort of character, then
 * a text, a number and a long name: always valid, and marked when cut. */
static void a_long_line_is_cut_and_stays_valid(void **state)
{
    (void)state;
    static const char *const units[] = {"a", "\n", "\x01", "\xC3\xA9", "\xF0\x9F\x98\x80", "\xFF"};
    static char filler[20000];
    hc_log_setup(HC_LOG_DEBUG, NULL);
    for (size_t u = 0; u < 6; u++) {
        size_t n = strlen(units[u]);
        size_t written = u == 1 ? 2 : u == 2 ? 6 : u == 5 ? 3 : n;
        for (size_t out = 7900; out < 8250; out++) {
            size_t count = out / written;
            filler[0] = '\0';
            for (size_t i = 0; i < count; i++)
                memcpy(filler + i * n, units[u], n + 1);
            capture();
            hc_log(HC_LOG_INFO, "a.b", "c", HC_STR("filler", filler), HC_STR("text", "tail"),
                   HC_INT("number", 1234567), HC_STR("a longer name of a field", "v"), NULL);
            char *text = show();
            struct json_object *tree = parse_line(text);
            const char *last = member(tree, "a longer name of a field");
            bool whole = last && last[0] == 'v';
            assert_int_equal(member(tree, "cut") == NULL, whole);
            assert_true(whole || strlen(text) > 8100);
            json_object_put(tree);
            free(text);
        }
    }
}

static void a_huge_value_is_cut(void **state)
{
    (void)state;
    size_t len = 10 << 20;
    char *huge = malloc(len + 1);
    assert_non_null(huge);
    memset(huge, 'h', len);
    huge[len] = '\0';
    capture();
    hc_log(HC_LOG_INFO, huge, huge, HC_STR(huge, huge), HC_INT(huge, 1), NULL);
    char *text = show();
    struct json_object *tree = parse_line(text);
    assert_string_equal(member(tree, "cut"), "true");
    json_object_put(tree);
    free(text);
    free(huge);
}

static void errno_is_kept(void **state)
{
    (void)state;
    int kept = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    errno = ENOENT;
    hc_log(HC_LOG_INFO, "a.b", "nobody reads this", NULL);
    int after = errno;
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_int_equal(after, ENOENT);
}

/* A reader that is gone or asleep must not stop the program. */
static void a_dead_or_full_pipe_is_survived(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    int kept = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    for (int i = 0; i < 2000; i++)
        hc_log(HC_LOG_INFO, "a.b", "fills the pipe", NULL);
    close(ends[0]);
    hc_log(HC_LOG_INFO, "a.b", "nobody reads this", NULL);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
}

static void on_pipe(int number)
{
    (void)number;
}

static void a_handler_of_sigpipe_is_left_alone(void **state)
{
    (void)state;
    signal(SIGPIPE, on_pipe);
    hc_log_setup(HC_LOG_DEBUG, NULL);
    struct sigaction now;
    sigaction(SIGPIPE, NULL, &now);
    assert_ptr_equal(now.sa_handler, on_pipe);
    signal(SIGPIPE, SIG_DFL);
    hc_log_setup(HC_LOG_DEBUG, NULL);
    sigaction(SIGPIPE, NULL, &now);
    assert_ptr_equal(now.sa_handler, SIG_IGN);
}

static void *write_lines(void *arg)
{
    for (int i = 0; i < LINES_EACH; i++)
        hc_log(HC_LOG_INFO, "thread.line", "one of many", HC_STR("thread", (const char *)arg), HC_INT("i", i),
               NULL);
    return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
    (void)state;
    static char names[THREADS][2000];
    pthread_t threads[THREADS];
    capture();
    for (int i = 0; i < THREADS; i++) {
        memset(names[i], 'a' + i, sizeof names[i] - 1);
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    char *text = show();
    int next[THREADS] = {0};
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        struct json_object *tree;
        assert_int_equal(hc_json_parse(line, strlen(line), &HC_JSON_LIMITS, &tree, NULL), HC_OK);
        int thread = member(tree, "thread")[0] - 'a';
        assert_in_range(thread, 0, THREADS - 1);
        assert_string_equal(member(tree, "thread"), names[thread]);
        assert_int_equal(atoi(member(tree, "i")), next[thread]++);
        json_object_put(tree);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(next[i], LINES_EACH);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_line_has_its_fields_in_order, set_up),
        cmocka_unit_test_setup(levels_have_words, set_up),
        cmocka_unit_test_setup(lines_below_the_level_are_not_written, set_up),
        cmocka_unit_test_setup(a_level_out_of_range_is_an_error, set_up),
        cmocka_unit_test_setup(the_instance_may_be_missing_or_long, set_up),
        cmocka_unit_test_setup(null_texts_are_empty, set_up),
        cmocka_unit_test_setup(every_value_is_escaped, set_up),
        cmocka_unit_test_setup(a_name_is_escaped_too, set_up),
        cmocka_unit_test_setup(a_long_line_is_cut_and_stays_valid, set_up),
        cmocka_unit_test_setup(a_huge_value_is_cut, set_up),
        cmocka_unit_test_setup(errno_is_kept, set_up),
        cmocka_unit_test_setup(a_dead_or_full_pipe_is_survived, set_up),
        cmocka_unit_test_setup(a_handler_of_sigpipe_is_left_alone, set_up),
        cmocka_unit_test_setup(lines_of_threads_do_not_mix, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
