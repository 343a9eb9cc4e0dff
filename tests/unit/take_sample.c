/*
 * Takes samples as the consumer does, for tests of what is stored.
 *
 *     take_sample MS [MS …]     as if it were that time; the database is that of
 * APP_MONGODB_CONNECTION_STRING
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sample.h"
#include "zone.h"

int main(int argc, char **argv)
{
    struct hc_settings settings;
    struct hc_store *store = NULL;
    struct hc_db db = {0};
    struct hc_error err = {0};
    mongoc_init();
    enum hc_err code = hc_settings_load(&settings, "headcount-consumer", &err);
    if (code == HC_OK)
        code = hc_zone_set(settings.timezone, &err);
    if (code == HC_OK)
        code = hc_store_open(&store, &settings, HC_STORE_SINGLE, &err);
    if (code == HC_OK)
        code = hc_store_borrow(store, &db, &err);
    for (int i = 1; i < argc && code == HC_OK; i++)
        code = hc_sample_store(&db, strtoll(argv[i], NULL, 10), &err);
    if (code != HC_OK)
        fprintf(stderr, "%s: %s\n", hc_err_text(code), err.detail);
    hc_store_return(&db);
    hc_store_close(store);
    hc_settings_release(&settings);
    mongoc_cleanup();
    return code == HC_OK ? 0 : 1;
}
