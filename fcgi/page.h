/* page.h - index.html, kept parsed.
 *
 * The file is read when it is first asked for and again when it has changed
 * (looked at once a second at most). One that can't be parsed is logged with its
 * line, and the last good one goes on being served. Thread-safe.
 */
#ifndef FCGI_PAGE_H
#define FCGI_PAGE_H

#include "error.h"

struct page;

/* folder: APP_WWW; copied. HC_ENOMEM. A file that isn't there is no error yet. */
enum hc_err page_open(struct page **out, const char *folder, struct hc_error *err);
void page_close(struct page *p); /* NULL is fine */

#endif
