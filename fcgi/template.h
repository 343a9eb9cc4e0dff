/* template.h - a page with marked places, filled from a JSON tree.
 *
 *     {{path}}                      the value, HTML-escaped
 *     {{path|number}}               a number with commas: 11,000,000
 *     <!--each path-->…<!--/each--> once for each item of an array
 *     <!--if path-->…<!--/if-->     when it is there, not empty, 0 or false
 *     <!--if !path-->…<!--/if-->    when it isn't
 *
 * A path is names joined by dots. Inside `each` it is looked up in the item, and
 * in the whole tree when the item has no member of its first name; `{{.}}` is the
 * item itself. A missing value is empty text. Arrays and objects have no text of
 * their own. No `each` inside `each`; `if` goes everywhere.
 *
 * A template is parsed once, into a list of nodes, and is constant afterwards:
 * any number of threads may render it.
 */
#ifndef FCGI_TEMPLATE_H
#define FCGI_TEMPLATE_H

#include <json-c/json.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"

struct template;

/* Parses a copy of text. HC_EMALFORMED: detail names the line; HC_ENOMEM. */
enum hc_err template_parse(struct template **out, const char *text, size_t len, struct hc_error *err);
void template_free(struct template *t); /* NULL is fine */

/* Appends the filled page; a buffer that runs over is seen in *out. model stays
 * the caller's. */
void template_render(const struct template *t, struct json_object *model, struct hc_buf *out);

#endif
