/* schema.h - what must be in the database before anything else: indexes, the
 * slots, and the version of the stored shapes.
 *
 * hc_schema_prepare looks for the document {_id: "schema"} in hc_meta. If it is
 * there and not newer than this build, that is all: one find. Else it creates
 * what is missing and writes that document last, so that a half-made schema is
 * completed by the next caller. Every step may run twice and in parallel.
 */
#ifndef HC_SCHEMA_H
#define HC_SCHEMA_H

#include "store.h"

/* HC_OK, HC_ENEWER (a newer Headcount wrote this database), HC_ESTORE. Called by
 * hc_store_borrow; a lost reply is reported as HC_ESTORE, since repeating is harmless. */
enum hc_err hc_schema_prepare(struct hc_db *db, struct hc_error *err);

#endif
