/* test_settings.c - settings from the environment, and what is printed of them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "settings.h"
#include "settings_table.h"
#include "version.h"

static char folder[] = "/tmp/test_settings.XXXXXX";
static struct hc_settings s;
static struct hc_error err;

/* ---- help ---- */

static int clean(void **state)
{
    (void)state;
    for (char **entry = environ; *entry;) {
        if (strncmp(*entry, "APP_", 4) == 0 || strncmp(*entry, "GATEWAY_", 8) == 0) {
            char name[200];
            snprintf(name, sizeof name, "%.*s", (int)strcspn(*entry, "="), *entry);
            unsetenv(name);
            entry = environ;
        } else {
            entry++;
        }
    }
    hc_settings_release(&s);
    memset(&err, 0, sizeof err);
    return 0;
}

static enum hc_err load(void)
{
    return hc_settings_load(&s, "headcount.fcgi", &err);
}

/* Fails unless loading is refused because of name, with a sentence that begins so. */
static void refused(const char *name, const char *detail)
{
    enum hc_err rc = load();
    if (rc != HC_ESETTING || strcmp(err.field, name) != 0 || strncmp(err.detail, detail, strlen(detail)) != 0)
        fail_msg("%s: got %d, %s: %s", name, rc, err.field, err.detail);
    assert_int_equal(err.code, HC_ESETTING);
    assert_null(s.mongodb); /* nothing to release */
}

static const char *file_with(const void *bytes, size_t len)
{
    static char path[sizeof folder + 16];
    snprintf(path, sizeof path, "%s/secret", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
    return path;
}

static int kept = -1;
static int kept_fd;

static void capture(int fd)
{
    char path[sizeof folder + 16];
    snprintf(path, sizeof path, "%s/out", folder);
    fflush(NULL);
    kept_fd = fd;
    kept = dup(fd);
    int out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
    assert_true(out >= 0);
    dup2(out, fd);
    close(out);
}

/* What was written since capture. */
static const char *show(void)
{
    static char text[65536];
    fflush(NULL);
    ssize_t len = pread(kept_fd, text, sizeof text - 1, 0);
    assert_true(len >= 0);
    text[len] = '\0';
    dup2(kept, kept_fd);
    close(kept);
    return text;
}

/* ---- values ---- */

static void the_defaults_are_the_documented_ones(void **state)
{
    (void)state;
    assert_int_equal(load(), HC_OK);
    assert_string_equal(s.mongodb, "mongodb://127.0.0.1:27117/headcount");
    assert_string_equal(s.redis, "redis://127.0.0.1:6379/0");
    assert_string_equal(s.kafka, "127.0.0.1:19092");
    assert_string_equal(s.kafka_config, "");
    assert_int_equal(s.kafka_partitions, 12);
    assert_int_equal(s.kafka_replication, 1);
    assert_string_equal(s.bind, "127.0.0.1");
    assert_int_equal(s.port, 9000);
    assert_string_equal(s.socket, "");
    assert_string_equal(s.www, "www");
    assert_int_equal(s.threads, 0);
    assert_int_equal(s.deadline_ms, 2500);
    assert_int_equal(s.body_max, 65536);
    assert_string_equal(s.admin_token, "");
    assert_string_equal(s.auth, "");
    assert_string_equal(s.hosts, "");
    assert_string_equal(s.cors_origin, "");
    assert_string_equal(s.trusted_proxies, "");
    assert_true(s.old_get);
    assert_int_equal(s.generate_max, 20000000);
    assert_int_equal(s.jobs_max, 50);
    assert_int_equal(s.chunk_users, 2000);
    assert_int_equal(s.batch_users, 1000);
    assert_int_equal(s.workers, 0);
    assert_string_equal(s.timezone, "UTC");
    assert_string_equal(s.log_level, "info");
    char instance[64];
    snprintf(instance, sizeof instance, "headcount.fcgi-%ld", (long)getpid());
    assert_string_equal(s.instance, instance);
}

static void every_default_passes_its_own_check(void **state)
{
    (void)state;
    for (size_t i = 0; i < hc_settings_count; i++) {
        const struct hc_setting *row = &hc_settings_table[i];
        if (row->initial[0])
            assert_true(row->kind->check(row, row->initial));
        else
            assert_int_equal(row->kind->store, HC_SETTING_TEXT);
    }
}

static void each_row_fills_a_field_of_its_own(void **state)
{
    (void)state;
    static const size_t sizes[] = {sizeof(char *), sizeof(int64_t), sizeof(bool)};
    char used[sizeof(struct hc_settings)] = "";
    for (size_t i = 0; i < hc_settings_count; i++) {
        const struct hc_setting *row = &hc_settings_table[i];
        for (size_t b = row->offset; b < row->offset + sizes[row->kind->store]; b++) {
            assert_int_equal(used[b], 0);
            used[b] = 1;
        }
        assert_true(strncmp(row->name, "APP_", 4) == 0 && strlen(row->name) < 40);
        assert_true(strlen(row->about) > 10 && row->about[strlen(row->about) - 1] != '.');
    }
    size_t bytes = 0;
    for (size_t b = 0; b < sizeof used; b++)
        bytes += (size_t)used[b];
    assert_true(bytes > sizeof used - 8); /* all but padding */
}

static void a_value_out_of_range_is_refused(void **state)
{
    (void)state;
    setenv("APP_PORT", "65536", 1);
    refused("APP_PORT", "must be a whole number from 1 to 65535");
    setenv("APP_PORT", "8080", 1);
    setenv("APP_OLD_GET", "no", 1);
    refused("APP_OLD_GET", "must be true, false, 1 or 0");
    setenv("APP_OLD_GET", "0", 1);
    setenv("APP_LOG_LEVEL", "loud", 1);
    refused("APP_LOG_LEVEL", "must be one of: debug, info, warn, error");
    setenv("APP_LOG_LEVEL", "warn", 1);
    assert_int_equal(load(), HC_OK);
    assert_int_equal(s.port, 8080);
    assert_false(s.old_get);
    assert_string_equal(s.log_level, "warn");
}

/* In a list, a log line or a terminal they would do harm. */
static void control_characters_and_broken_utf8_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"a\nb", "a\x7F", "\x1B[31m", "a\xFF", "\xED\xA0\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        setenv("APP_WWW", bad[i], 1);
        refused("APP_WWW", "must be UTF-8 without control characters");
    }
    setenv("APP_WWW", "caf\xC3\xA9", 1);
    assert_int_equal(load(), HC_OK);
    assert_string_equal(s.www, "caf\xC3\xA9");
}

static void long_values_are_refused(void **state)
{
    (void)state;
    char value[5000];
    memset(value, 'a', sizeof value - 1);
    value[4096] = '\0';
    setenv("APP_WWW", value, 1);
    assert_int_equal(load(), HC_OK);
    assert_int_equal(strlen(s.www), 4096);
    hc_settings_release(&s);
    value[4096] = 'a';
    value[4097] = '\0';
    setenv("APP_WWW", value, 1);
    refused("APP_WWW", "must be UTF-8 without control characters, at most 4096 bytes");
    unsetenv("APP_WWW");

    value[0] = '/';
    value[107] = '\0';
    setenv("APP_SOCKET", value, 1);
    assert_int_equal(load(), HC_OK);
    hc_settings_release(&s);
    value[107] = 'a';
    value[108] = '\0';
    setenv("APP_SOCKET", value, 1);
    refused("APP_SOCKET", "must be a path of at most 107 bytes");
    unsetenv("APP_SOCKET");
    setenv("APP_INSTANCE", value + 108 - 63, 1);
    assert_int_equal(load(), HC_OK);
    hc_settings_release(&s);
    setenv("APP_INSTANCE", value + 108 - 64, 1);
    refused("APP_INSTANCE", "must be 1 to 63");
}

static void an_empty_value_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < hc_settings_count; i++)
        setenv(hc_settings_table[i].name, "", 1);
    setenv("APP_ADMIN_TOKEN_FILE", "", 1);
    assert_int_equal(load(), HC_OK);
    assert_int_equal(s.port, 9000);
    assert_string_equal(s.mongodb, "mongodb://127.0.0.1:27117/headcount");
    assert_string_equal(s.admin_token, "");
    assert_non_null(strchr(s.instance, '-'));
}

/* ---- secrets ---- */

static void a_secret_may_lie_in_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        const char *value;
    } rows[] = {{"0123456789abcdef", "0123456789abcdef"},
                {"0123456789abcdef\n", "0123456789abcdef"},
                {"0123456789abcdef\r\nsecond line\n", "0123456789abcdef"}};
    for (size_t i = 0; i < 3; i++) {
        clean(NULL);
        setenv("APP_ADMIN_TOKEN_FILE", file_with(rows[i].content, strlen(rows[i].content)), 1);
        setenv("APP_ADMIN_TOKEN", "", 1);
        assert_int_equal(load(), HC_OK);
        assert_string_equal(s.admin_token, rows[i].value);
    }
}

static void every_secret_and_nothing_else_has_a_file(void **state)
{
    (void)state;
    const char *path = file_with("x\n", 2);
    for (size_t i = 0; i < hc_settings_count; i++) {
        char name[64];
        clean(NULL);
        snprintf(name, sizeof name, "%s_FILE", hc_settings_table[i].name);
        setenv(name, path, 1);
        if (hc_settings_table[i].secret) {
            refused(name, "must be "); /* read, and "x" is none */
            continue;
        }
        capture(STDERR_FILENO);
        enum hc_err rc = load();
        const char *log = show();
        assert_int_equal(rc, HC_OK);
        assert_non_null(strstr(log, name));
    }
}

static void a_bad_file_is_refused(void **state)
{
    (void)state;
    const char *name = "APP_ADMIN_TOKEN_FILE";
    char path[sizeof folder + 16];
    snprintf(path, sizeof path, "%s/missing", folder);
    setenv(name, path, 1);
    refused(name, "names a file that can't be read: No such file");
    assert_null(strstr(err.detail, folder)); /* no path in a sentence */
    setenv(name, folder, 1);
    refused(name, "names a file that can't be read: Is a directory");
    setenv(name, file_with("", 0), 1);
    refused(name, "names a file whose first line is empty");
    setenv(name, file_with("\n0123456789abcdef\n", 18), 1);
    refused(name, "names a file whose first line is empty");
    setenv(name,
           file_with("01234567\0"
                     "89abcdef\n",
                     18),
           1);
    refused(name, "names a file with a NUL in its first line");
    setenv(name, file_with("short\n", 6), 1);
    refused(name, "must be 16 to 1024 printable ASCII");
    char big[6000];
    memset(big, 'a', sizeof big);
    setenv(name, file_with(big, sizeof big), 1);
    refused(name, "must be UTF-8 without control characters, at most 4096 bytes");
    setenv("APP_ADMIN_TOKEN", "0123456789abcdef", 1);
    refused("APP_ADMIN_TOKEN", "is given twice, here and as APP_ADMIN_TOKEN_FILE");
}

static void a_secret_never_shows(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"APP_MONGODB_CONNECTION_STRING", "mysql://u:hunter2@h"},
                                         {"APP_REDIS_CONNECTION_STRING", "redis://:hunter2@h:0"},
                                         {"APP_KAFKA_CONFIG", "sasl.password=x hunter2"},
                                         {"APP_ADMIN_TOKEN", "hunter2"}};
    for (size_t i = 0; i < 4; i++) {
        clean(NULL);
        setenv(bad[i][0], bad[i][1], 1);
        refused(bad[i][0], "must be ");
        assert_null(strstr(err.detail, "hunter2"));
    }
    clean(NULL);
    setenv("APP_MONGODB_CONNECTION_STRING", "mongodb://u:hunter2@h", 1);
    setenv("APP_REDIS_CONNECTION_STRING", "redis://:hunter2@h", 1);
    setenv("APP_KAFKA_CONFIG", "sasl.password=hunter2", 1);
    setenv("APP_ADMIN_TOKEN", "hunter2hunter2hunter2", 1);
    assert_int_equal(load(), HC_OK);
    struct hc_buf out;
    hc_buf_init(&out, 100000);
    hc_settings_show(&s, &out);
    assert_null(strstr(out.data, "hunter2"));
    assert_non_null(strstr(out.data, "APP_ADMIN_TOKEN=(set)\n"));
    assert_non_null(strstr(out.data, "APP_KAFKA_CONFIG=(set)\n"));
    assert_non_null(strstr(out.data, "APP_MONGODB_CONNECTION_STRING=(set)\n"));
    assert_non_null(strstr(out.data, "APP_REDIS_CONNECTION_STRING=(set)\n"));
    hc_buf_release(&out);
}

/* ---- names ---- */

static void unknown_names_are_warned_of(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *nearest; /* NULL: none */
    } rows[] = {{"APP_KAFKA_BROKERS", "APP_KAFKA_BROKER"},
                {"APP_PROT", "APP_PORT"},
                {"APP_PORTS", "APP_PORT"},
                {"APP_THREDS", "APP_THREADS"},
                {"APP_TIME_ZONE", "APP_TIMEZONE"},
                {"APP_LOGLEVEL", "APP_LOG_LEVEL"},
                {"APP_ENV", NULL},
                {"APP_", NULL},
                {"APP_COMPLETELY_ELSE", NULL},
                {"APP_PORT_FILE", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        clean(NULL);
        setenv(rows[i].name, "secret-value", 1);
        capture(STDERR_FILENO);
        enum hc_err rc = load();
        const char *log = show();
        char want[200];
        snprintf(want, sizeof want, "\"setting\":\"%s\"%s%s%s}\n", rows[i].name,
                 rows[i].nearest ? ",\"nearest\":\"" : "", rows[i].nearest ? rows[i].nearest : "",
                 rows[i].nearest ? "\"" : "");
        assert_int_equal(rc, HC_OK);
        if (!strstr(log, want) || !strstr(log, "\"warn\"") || strstr(log, "secret-value"))
            fail_msg("%s gave %s", rows[i].name, log);
    }
}

static void known_and_foreign_names_are_not_warned_of(void **state)
{
    (void)state;
    setenv("APP_PORT", "9001", 1);
    setenv("APPLE", "1", 1);
    setenv("HEADCOUNT_CACHE", "/x", 1);
    setenv("APP_ADMIN_TOKEN_FILE", file_with("0123456789abcdef", 16), 1);
    capture(STDERR_FILENO);
    enum hc_err rc = load();
    const char *log = show();
    assert_int_equal(rc, HC_OK);
    assert_string_equal(log, "");
    unsetenv("APPLE");
    unsetenv("HEADCOUNT_CACHE");
}

static void an_odd_environment_is_survived(void **state)
{
    (void)state;
    char name[3000];
    memset(name, 'X', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    memcpy(name, "APP_", 4);
    setenv(name, "1", 1);
    capture(STDERR_FILENO);
    enum hc_err rc = load();
    const char *log = show();
    assert_int_equal(rc, HC_OK);
    assert_non_null(strstr(log, "setting.unknown"));
    unsetenv(name);

    char **real = environ;
    char no_value[] = "APP_BARE";
    char *odd[] = {no_value, NULL};
    environ = odd;
    capture(STDERR_FILENO);
    hc_settings_release(&s);
    rc = load();
    log = show();
    environ = real;
    assert_int_equal(rc, HC_OK);
    assert_non_null(strstr(log, "APP_BARE"));
}

static void release_may_come_twice(void **state)
{
    (void)state;
    assert_int_equal(load(), HC_OK);
    hc_settings_release(&s);
    assert_null(s.kafka);
    hc_settings_release(&s);
}

/* ---- what is printed ---- */

static int run(const char *argument, const struct hc_settings *settings)
{
    char program[] = "/usr/bin/headcount.fcgi";
    char copy[100] = "";
    if (argument)
        snprintf(copy, sizeof copy, "%s", argument);
    char *argv[] = {program, argument ? copy : NULL, NULL};
    return hc_settings_options(argument ? 2 : 1, argv, "answers requests", settings);
}

static void options_have_their_exit_codes(void **state)
{
    (void)state;
    static const struct {
        const char *argument;
        int code;
        int fd;
        const char *text;
    } rows[] = {
        {"--help", 0, STDOUT_FILENO, "headcount.fcgi: answers requests\n"},
        {"--version", 0, STDOUT_FILENO, "headcount.fcgi " HC_VERSION "\n"},
        {"--check-config", 0, STDOUT_FILENO, "APP_PORT=9000\n"},
        {"--print-settings-markdown", 0, STDOUT_FILENO, "# Settings\n"},
        {"--nope", 2, STDERR_FILENO, "headcount.fcgi: unknown argument --nope; see --help\n"},
        {"-x", 2, STDERR_FILENO, "headcount.fcgi: unknown argument -x; see --help\n"},
        {"word", 2, STDERR_FILENO, "headcount.fcgi: unknown argument word; see --help\n"},
        {"--help=x", 2, STDERR_FILENO, "headcount.fcgi: unknown argument --help=x; see --help\n"},
        {"--", 2, STDERR_FILENO, "headcount.fcgi: unknown argument --; see --help\n"},
    };
    assert_int_equal(load(), HC_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int loaded = 0; loaded < 2; loaded++) {
            capture(rows[i].fd);
            int code = run(rows[i].argument, loaded ? &s : NULL);
            const char *text = show();
            assert_int_equal(code, rows[i].code);
            if (!strstr(text, rows[i].text))
                fail_msg("%s gave %s", rows[i].argument, text);
        }
    }
    assert_int_equal(run(NULL, &s), -1);
}

static void a_wrong_setting_shows_on_check_only(void **state)
{
    (void)state;
    setenv("APP_PORT", "x", 1);
    capture(STDERR_FILENO);
    int code = run("--check-config", NULL);
    const char *text = show();
    assert_int_equal(code, 3);
    assert_string_equal(text, "headcount.fcgi: APP_PORT must be a whole number from 1 to 65535\n");
    capture(STDOUT_FILENO);
    code = run("--help", NULL);
    show();
    assert_int_equal(code, 0);
}

static void a_client_can_not_choose_options(void **state)
{
    (void)state;
    setenv("GATEWAY_INTERFACE", "CGI/1.1", 1);
    assert_int_equal(run("--check-config", NULL), -1);
    assert_int_equal(run("--nope", NULL), -1);
}

static void help_and_page_name_every_setting(void **state)
{
    (void)state;
    struct hc_buf help;
    struct hc_buf page;
    hc_buf_init(&help, 100000);
    hc_buf_init(&page, 100000);
    hc_settings_help(&help);
    hc_settings_markdown(&page);
    for (size_t i = 0; i < hc_settings_count; i++) {
        const struct hc_setting *row = &hc_settings_table[i];
        char want[100];
        snprintf(want, sizeof want, "\n  %-30s %.10s", row->name, row->about);
        assert_non_null(strstr(help.data, want));
        snprintf(want, sizeof want, "\n| `%s` | %.10s", row->name, row->about);
        const char *line = strstr(page.data, want);
        assert_non_null(line);
        int cells = 0;
        for (line++; *line != '\n'; line++)
            cells += line[0] == '|' && line[-1] != '\\';
        assert_int_equal(cells, 6);
    }
    assert_non_null(strstr(help.data, "(a whole number from 1 to 65535; default 9000)\n"));
    assert_non_null(strstr(help.data, "(one of: debug, info, warn, error; default info)\n"));
    assert_non_null(strstr(page.data, "| a whole number from 1 to 65535 | `9000` | no |\n"));
    hc_buf_release(&help);
    hc_buf_release(&page);
}

static void check_shows_what_was_loaded(void **state)
{
    (void)state;
    setenv("APP_PORT", "8081", 1);
    setenv("APP_OLD_GET", "0", 1);
    setenv("APP_HOSTS", "a.example,b.example", 1);
    assert_int_equal(load(), HC_OK);
    struct hc_buf out;
    hc_buf_init(&out, 100000);
    hc_settings_show(&s, &out);
    assert_non_null(strstr(out.data, "\nAPP_PORT=8081\n"));
    assert_non_null(strstr(out.data, "\nAPP_OLD_GET=false\n"));
    assert_non_null(strstr(out.data, "\nAPP_HOSTS=a.example,b.example\n"));
    assert_non_null(strstr(out.data, "\nAPP_AUTH=\n"));
    assert_non_null(strstr(out.data, "\nAPP_ADMIN_TOKEN=(not set)\n"));
    assert_non_null(strstr(out.data, "APP_MONGODB_CONNECTION_STRING=(not set)\n"));
    size_t lines = 0;
    for (const char *p = out.data; *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, hc_settings_count);
    hc_buf_release(&out);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"secret", "out"};
    for (size_t i = 0; i < 2; i++) {
        char path[sizeof folder + 16];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    clean(state);
    return rmdir(folder);
}

#define TEST(name) cmocka_unit_test_setup(name, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_defaults_are_the_documented_ones),
        TEST(every_default_passes_its_own_check),
        TEST(each_row_fills_a_field_of_its_own),
        TEST(a_value_out_of_range_is_refused),
        TEST(control_characters_and_broken_utf8_are_refused),
        TEST(long_values_are_refused),
        TEST(an_empty_value_is_none),
        TEST(a_secret_may_lie_in_a_file),
        TEST(every_secret_and_nothing_else_has_a_file),
        TEST(a_bad_file_is_refused),
        TEST(a_secret_never_shows),
        TEST(unknown_names_are_warned_of),
        TEST(known_and_foreign_names_are_not_warned_of),
        TEST(an_odd_environment_is_survived),
        TEST(release_may_come_twice),
        TEST(options_have_their_exit_codes),
        TEST(a_wrong_setting_shows_on_check_only),
        TEST(a_client_can_not_choose_options),
        TEST(help_and_page_name_every_setting),
        TEST(check_shows_what_was_loaded),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
