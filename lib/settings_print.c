/* settings_print.c - settings for people: --help, --check-config, docs/settings.md. */
#include "settings.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings_table.h"
#include "version.h"

#define PRINT_MAX (1024 * 1024)

static const char *default_text(const struct hc_setting *row)
{
    return row->initial[0] ? row->initial : "none";
}

void hc_settings_help(struct hc_buf *out)
{
    for (size_t i = 0; i < hc_settings_count; i++) {
        const struct hc_setting *row = &hc_settings_table[i];
        if (row->group)
            hc_buf_printf(out, "%s%s\n", i ? "\n" : "", row->group);
        hc_buf_printf(out, "  %-30s %s (", row->name, row->about);
        hc_setting_accepted(row, out);
        hc_buf_printf(out, "; default %s%s)\n", default_text(row), row->secret ? "; also …_FILE" : "");
    }
}

void hc_settings_show(const struct hc_settings *s, struct hc_buf *out)
{
    for (size_t i = 0; i < hc_settings_count; i++) {
        const struct hc_setting *row = &hc_settings_table[i];
        const void *field = (const char *)s + row->offset;
        hc_buf_printf(out, "%s=", row->name);
        if (row->kind->store == HC_SETTING_INTEGER)
            hc_buf_int(out, *(const int64_t *)field);
        else if (row->kind->store == HC_SETTING_BOOLEAN)
            hc_buf_str(out, *(const bool *)field ? "true" : "false");
        else if (row->secret)
            hc_buf_str(out, strcmp(*(char *const *)field, row->initial) == 0 ? "(not set)" : "(set)");
        else
            hc_buf_str(out, *(char *const *)field);
        hc_buf_char(out, '\n');
    }
}

/* A cell of a table: '|' would end it. */
static void cell(struct hc_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            hc_buf_char(out, '\\');
        hc_buf_char(out, *text);
    }
}

static void markdown_row(struct hc_buf *out, const struct hc_setting *row)
{
    struct hc_buf accepted;
    hc_buf_init(&accepted, 1024);
    hc_setting_accepted(row, &accepted);
    hc_buf_printf(out, "| `%s` | ", row->name);
    cell(out, row->about);
    hc_buf_str(out, ". | ");
    cell(out, accepted.data);
    hc_buf_str(out, row->initial[0] ? " | `" : " | ");
    cell(out, default_text(row));
    hc_buf_str(out, row->initial[0] ? "` | " : " | ");
    hc_buf_str(out, row->secret ? "yes |\n" : "no |\n");
    hc_buf_release(&accepted);
}

void hc_settings_markdown(struct hc_buf *out)
{
    hc_buf_str(out,
               "# Settings\n\n"
               "<!-- Made by --print-settings-markdown from the table in lib/settings.c. -->\n\n"
               "Every setting is a variable of the environment. An empty value is the same as none. A\n"
               "secret can also be given as `NAME_FILE`, a file whose first line is the value, and is\n"
               "never shown. A wrong value stops the program at start with exit code 3 and one line that\n"
               "names the setting; `--check-config` shows what a program would use.\n");
    for (size_t i = 0; i < hc_settings_count; i++) {
        const struct hc_setting *row = &hc_settings_table[i];
        if (row->group)
            hc_buf_printf(out,
                          "\n## %s\n\n| name | meaning | accepted | default | secret |\n"
                          "| --- | --- | --- | --- | --- |\n",
                          row->group);
        markdown_row(out, row);
    }
}

/* ---- the command line ---- */

/* What --help and its like need. */
struct options {
    const char *program;
    const char *about;
    const struct hc_settings *settings; /* NULL: not loaded yet */
};

static int print(struct hc_buf *text)
{
    bool done = !hc_buf_failed(text) && fwrite(text->data, 1, text->len, stdout) == text->len;
    done = fflush(stdout) == 0 && done;
    hc_buf_release(text);
    return done ? 0 : hc_err_exit_code(HC_EINTERNAL);
}

static int option_help(const struct options *o)
{
    struct hc_buf text;
    hc_buf_init(&text, PRINT_MAX);
    hc_buf_printf(&text, "%s: %s\n\n", o->program, o->about);
    hc_buf_str(&text, "  --help                     this text\n"
                      "  --version                  the version\n"
                      "  --check-config             check the settings and show them\n"
                      "  --print-settings-markdown  the settings as a page of documentation\n\n"
                      "Settings, from the environment:\n\n");
    hc_settings_help(&text);
    return print(&text);
}

static int option_version(const struct options *o)
{
    struct hc_buf text;
    hc_buf_init(&text, PRINT_MAX);
    hc_buf_printf(&text, "%s %s\n", o->program, HC_VERSION);
    return print(&text);
}

static int option_check(const struct options *o)
{
    struct hc_settings loaded = {0};
    struct hc_error err;
    if (!o->settings && hc_settings_load(&loaded, o->program, &err) != HC_OK) {
        fprintf(stderr, "%s: %s %s\n", o->program, err.field, err.detail);
        return hc_err_exit_code(err.code);
    }
    struct hc_buf text;
    hc_buf_init(&text, PRINT_MAX);
    hc_settings_show(o->settings ? o->settings : &loaded, &text);
    hc_settings_release(&loaded);
    return print(&text);
}

static int option_markdown(const struct options *o)
{
    (void)o;
    struct hc_buf text;
    hc_buf_init(&text, PRINT_MAX);
    hc_settings_markdown(&text);
    return print(&text);
}

int hc_settings_options(int argc, char **argv, const char *about, const struct hc_settings *s)
{
    static const struct option names[] = {{"help", no_argument, NULL, 0},
                                          {"version", no_argument, NULL, 1},
                                          {"check-config", no_argument, NULL, 2},
                                          {"print-settings-markdown", no_argument, NULL, 3},
                                          {NULL, 0, NULL, 0}};
    static int (*const handlers[])(const struct options *) = {option_help, option_version, option_check,
                                                              option_markdown};
    if (argc < 2 || getenv("GATEWAY_INTERFACE"))
        return -1;
    const char *slash = strrchr(argv[0], '/');
    struct options o = {.program = slash ? slash + 1 : argv[0], .about = about, .settings = s};

    optind = 0; /* begin anew: GNU's way */
    opterr = 0;
    int which = getopt_long(argc, argv, "", names, NULL);
    if (which >= 0 && which < (int)(sizeof handlers / sizeof handlers[0]))
        return handlers[which](&o);
    fprintf(stderr, "%s: unknown argument %s; see --help\n", o.program, argv[1]);
    return hc_err_exit_code(HC_EUSAGE);
}
