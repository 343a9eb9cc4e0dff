/* See store.h. This file: calls that see each other's effects, whichever member of a replica set answers. */
#include "log.h"
#include "store.h"

enum hc_err hc_db_begin(struct hc_db *db, struct hc_error *err)
{
    bson_error_t why;
    if (db->session)
        return HC_OK;
    db->session = mongoc_client_start_session(db->client, NULL, &why); /* causally consistent by default */
    if (db->session || why.domain == MONGOC_ERROR_CLIENT)
        return HC_OK; /* an error of the client's: this server has no sessions */
    return hc_store_fail(err, &why, NULL, false);
}

void hc_db_end(struct hc_db *db)
{
    if (db->session)
        mongoc_client_session_destroy(db->session);
    db->session = NULL;
}

bson_t *hc_db_opts(const struct hc_db *db, const bson_t *opts)
{
    bson_error_t why;
    bson_t *all = opts ? bson_copy(opts) : bson_new();
    if (db->session && !mongoc_client_session_append(db->session, all, &why))
        hc_log(HC_LOG_ERROR, "store.session", why.message, NULL); /* a session of another client: our fault */
    return all;
}
