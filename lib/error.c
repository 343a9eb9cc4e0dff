/* error.c - see error.h. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One row a code, in the order of enum hc_err. */
static const struct {
    const char *word;
    int exit_code;
    bool transient;
} codes[HC_ERR_COUNT] = {
    [HC_OK] = {"ok", 0, false},
    [HC_EMALFORMED] = {"malformed", 1, false},
    [HC_EUNAUTHORIZED] = {"unauthorized", 1, false},
    [HC_EFORBIDDEN] = {"forbidden", 1, false},
    [HC_ENOTFOUND] = {"not-found", 1, false},
    [HC_EMETHOD] = {"method-not-allowed", 1, false},
    [HC_ECONFLICT] = {"conflict", 1, false},
    [HC_EPRECONDITION] = {"precondition-failed", 1, false},
    [HC_ETOOLARGE] = {"too-large", 1, false},
    [HC_ETYPE] = {"unsupported-type", 1, false},
    [HC_EINVALID] = {"invalid", 1, false},
    [HC_ETOOMANY] = {"too-many", 1, true},
    [HC_EBUSY] = {"busy", 1, true},
    [HC_EDEADLINE] = {"deadline", 1, true},
    [HC_ESTORE] = {"store", 4, true},
    [HC_EOUTCOME] = {"outcome-unknown", 4, false},
    [HC_ECACHE] = {"cache", 6, true},
    [HC_EBROKER] = {"broker", 5, true},
    [HC_ENEWER] = {"newer", 1, false},
    [HC_ENOMEM] = {"out-of-memory", 1, true},
    [HC_EUSAGE] = {"usage", 2, false},
    [HC_ESETTING] = {"setting", 3, false},
    [HC_ESOCKET] = {"socket", 7, false},
    [HC_EINTERNAL] = {"internal", 1, false},
};

static bool known(enum hc_err code)
{
    return (unsigned)code < HC_ERR_COUNT;
}

const char *hc_err_text(enum hc_err code)
{
    return known(code) ? codes[code].word : "unknown";
}

int hc_err_exit_code(enum hc_err code)
{
    return known(code) ? codes[code].exit_code : 1;
}

bool hc_err_is_transient(enum hc_err code)
{
    return known(code) && codes[code].transient;
}

/* Copies text, cut to size - 1 bytes at the start of a UTF-8 character. */
static void copy_cut(char *out, size_t size, const char *text)
{
    size_t len = strnlen(text, size);
    if (len == size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
            len--;
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

enum hc_err hc_fail(struct hc_error *err, enum hc_err code, const char *field, const char *format, ...)
{
    if (!err)
        return code;

    /* Both are copied before *err is touched: they may point into it. One byte
     * more than fits, so that copy_cut sees whether something is missing. */
    char name[sizeof err->field];
    char detail[sizeof err->detail + 1];
    copy_cut(name, sizeof name, field ? field : "");
    va_list args;
    va_start(args, format);
    if (vsnprintf(detail, sizeof detail, format, args) < 0)
        detail[0] = '\0';
    va_end(args);

    err->code = code;
    copy_cut(err->field, sizeof err->field, name);
    copy_cut(err->detail, sizeof err->detail, detail);
    return code;
}
