/* request_fixture.h - requests for the units of fcgi/, read as a transport gives them. */
#ifndef TEST_REQUEST_FIXTURE_H
#define TEST_REQUEST_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "request.h"

/* Reads METHOD and URI with further variables (a list ended by NULL; may be
 * NULL) into r, which request_init has prepared. The texts must outlive r. */
static inline enum hc_err fixture_read(struct request *r, const char *method, const char *uri,
                                       const char *const *more, struct hc_error *err)
{
    static char lines[2][REQUEST_URI_MAX + 64];
    static char *env[40];
    size_t count = 0;
    snprintf(lines[0], sizeof lines[0], "REQUEST_METHOD=%s", method);
    snprintf(lines[1], sizeof lines[1], "REQUEST_URI=%s", uri);
    env[count++] = lines[0];
    env[count++] = lines[1];
    for (; more && *more; more++)
        env[count++] = (char *)(uintptr_t)*more;
    env[count] = NULL;
    return request_read(r, env, hc_mono_ms(), 2500, err);
}

#endif
