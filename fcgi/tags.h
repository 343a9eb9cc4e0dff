/* tags.h - entity tags in If-None-Match and If-Match. Pure functions; any thread. */
#ifndef FCGI_TAGS_H
#define FCGI_TAGS_H

#include <stdbool.h>

/* True when tag (without quotes) is in the list of a header's value: "*" fits all, W/ is
 * ignored (the weak comparison of RFC 9110), and so is what a web server in front adds to
 * the tag of what it has compressed (-gzip). NULL is an empty list. */
bool tags_fit(const char *list, const char *tag);

#endif
