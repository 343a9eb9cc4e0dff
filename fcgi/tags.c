/* tags.c - see tags.h. */
#include "tags.h"

#include <string.h>

/* True when given is tag, or tag as a web server in front marks what it has
 * compressed: tag-gzip. */
static bool same_tag(const char *given, size_t len, const char *tag)
{
    static const char *const marks[] = {"-gzip", "-br", "-deflate", "-zstd"};
    size_t tag_len = strlen(tag);
    if (len < tag_len || memcmp(given, tag, tag_len) != 0)
        return false;
    if (len == tag_len)
        return true;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (strlen(marks[i]) == len - tag_len && memcmp(given + tag_len, marks[i], len - tag_len) == 0)
            return true;
    return false;
}

bool tags_fit(const char *list, const char *tag)
{
    while (list && *list) {
        list += strspn(list, ", \t");
        if (*list == '*')
            return true;
        if (strncmp(list, "W/", 2) == 0)
            list += 2;
        if (*list != '"')
            return false;
        const char *end = strchr(++list, '"');
        if (!end)
            return false;
        if (same_tag(list, (size_t)(end - list), tag))
            return true;
        list = end + 1;
    }
    return false;
}
