/* export_write.h - one user as a line of CSV or of NDJSON.
 *
 * CSV is RFC 4180: a header row, CR LF, UTF-8 without a BOM, a cell in quotes when it
 * has a comma, a quote or a line's end. The columns are always the same. A cell that a
 * spreadsheet would take for a formula (it begins with = + - @, a tab or a line's end)
 * gets a ' in front: phone numbers do.
 *
 * NDJSON has the whole user, as the lists show it.
 *
 * Pure functions; any thread.
 */
#ifndef FCGI_EXPORT_WRITE_H
#define FCGI_EXPORT_WRITE_H

#include <bson/bson.h>

#include "buffer.h"

struct export_format {
    const char *name; /* as asked for, and the file's ending */
    const char *type; /* Content-Type */
    void (*begin)(struct hc_buf *out);
    /* active: time of the user's latest request, ms; 0 for none. */
    void (*row)(struct hc_buf *out, const bson_t *user, int64_t active);
};

/* The format of that name; NULL for one we don't know. */
const struct export_format *export_format_of(const char *name);

#endif
