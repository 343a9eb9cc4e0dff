/* See look.h. */
#include "look.h"

#include <stdlib.h>

enum hc_err hc_look_open(struct hc_look *l, size_t most, struct hc_error *err)
{
    l->list = calloc(most, sizeof *l->list);
    l->most = most;
    return l->list ? HC_OK : hc_fail(err, HC_ENOMEM, NULL, "out of memory");
}

void hc_look_close(struct hc_look *l)
{
    free(l->list);
    l->list = NULL;
}

bool hc_look_add(struct hc_look *l, const bson_oid_t *user)
{
    if (l->count == l->most)
        return false;
    l->list[l->count].kind = HC_CHANGE_LOOK;
    bson_oid_copy(user, &l->list[l->count++].user);
    bson_oid_copy(user, &l->last);
    return true;
}
