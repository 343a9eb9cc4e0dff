/* export_write.c - see export_write.h. */
#include "export_write.h"

#include <string.h>

#include "clock.h"
#include "user.h"

static const char *const COLUMNS[] = {"_id",     "name",   "userName",   "email",     "phoneNumber", "gender",
                                      "country", "avatar", "lastActive", "createdAt", "updatedAt"};
#define COLUMN_COUNT (sizeof COLUMNS / sizeof *COLUMNS)

/* ---- CSV ---- */

/* Invalid UTF-8 and NUL, which other systems may have stored, become U+FFFD. */
static void add_text(struct hc_buf *out, const char *text, size_t len, bool quoted)
{
    for (size_t i = 0, step; i < len; i += step) {
        size_t valid = text[i] ? hc_utf8_char(text + i, len - i) : 0;
        step = valid > 0 ? valid : 1;
        if (valid == 0)
            hc_buf_str(out, "\xef\xbf\xbd");
        else
            hc_buf_add(out, text + i, valid);
        if (quoted && text[i] == '"')
            hc_buf_char(out, '"');
    }
}

static bool has_any(const char *text, size_t len, const char *of)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] && strchr(of, text[i]))
            return true;
    return false;
}

static void add_cell(struct hc_buf *out, const char *text, size_t len)
{
    bool quoted = has_any(text, len, ",\"\r\n");
    if (quoted)
        hc_buf_char(out, '"');
    if (len > 0 && has_any(text, 1, "=+-@\t\r\n"))
        hc_buf_char(out, '\'');
    add_text(out, text, len, quoted);
    if (quoted)
        hc_buf_char(out, '"');
}

/* A value that is neither text nor a date nor an id, written by another system: as in JSON. */
static void add_other(struct hc_buf *out, const bson_t *user, const char *column)
{
    bson_iter_t it;
    bson_t one = BSON_INITIALIZER;
    struct hc_buf json;
    struct hc_json j;
    hc_buf_init(&json, out->max);
    if (bson_iter_init_find(&it, user, column) && !BSON_ITER_HOLDS_NULL(&it)) {
        size_t front = strlen(column) + 4; /* {"column": */
        bson_append_iter(&one, column, -1, &it);
        hc_json_begin(&j, &json);
        hc_bson_json(&j, &one);
        if (json.len > front + 1)
            add_cell(out, json.data + front, json.len - front - 1);
    }
    hc_buf_release(&json);
    bson_destroy(&one);
}

static void add_date(struct hc_buf *out, int64_t ms)
{
    char text[HC_ISO_MAX];
    hc_iso_format(ms, text);
    add_cell(out, text, strlen(text));
}

static void add_value(struct hc_buf *out, const bson_t *user, const char *column)
{
    bson_iter_t it;
    uint32_t len;
    char hex[25];
    if (!bson_iter_init_find(&it, user, column))
        return;
    switch (bson_iter_type(&it)) {
    case BSON_TYPE_UTF8: {
        const char *text = bson_iter_utf8(&it, &len);
        add_cell(out, text, len);
        return;
    }
    case BSON_TYPE_OID:
        bson_oid_to_string(bson_iter_oid(&it), hex);
        hc_buf_str(out, hex);
        return;
    case BSON_TYPE_DATE_TIME:
        add_date(out, bson_iter_date_time(&it));
        return;
    default:
        add_other(out, user, column);
    }
}

/* The later of the user's own and that of the latest request. */
static void add_active(struct hc_buf *out, const bson_t *user, int64_t active)
{
    bson_iter_t it;
    bool has_date = bson_iter_init_find(&it, user, "lastActive") && BSON_ITER_HOLDS_DATE_TIME(&it);
    if (active > 0 && !(has_date && bson_iter_date_time(&it) > active))
        add_date(out, active);
    else
        add_value(out, user, "lastActive");
}

static void csv_row(struct hc_buf *out, const bson_t *user, int64_t active)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (i > 0)
            hc_buf_char(out, ',');
        if (strcmp(COLUMNS[i], "lastActive") == 0)
            add_active(out, user, active);
        else
            add_value(out, user, COLUMNS[i]);
    }
    hc_buf_add(out, "\r\n", 2);
}

static void csv_begin(struct hc_buf *out)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        hc_buf_printf(out, "%s%s", i > 0 ? "," : "", COLUMNS[i]);
    hc_buf_add(out, "\r\n", 2);
}

/* ---- NDJSON ---- */

static void ndjson_row(struct hc_buf *out, const bson_t *user, int64_t active)
{
    struct hc_json j;
    hc_json_begin(&j, out);
    hc_user_json_active(&j, user, active);
    hc_buf_char(out, '\n');
}

static void ndjson_begin(struct hc_buf *out)
{
    (void)out; /* no line but users */
}

const struct export_format *export_format_of(const char *name)
{
    static const struct export_format formats[] = {
        {"csv", "text/csv; charset=utf-8; header=present", csv_begin, csv_row},
        {"ndjson", "application/x-ndjson; charset=utf-8", ndjson_begin, ndjson_row},
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(name, formats[i].name) == 0)
            return &formats[i];
    return NULL;
}
