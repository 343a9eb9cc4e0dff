/* facts.h - the writes of one user, as MongoDB documents.
 *
 * Each is one atomic write of facts. It leaves _hc.due behind, a fresh token, so that
 * the user's slot looks at it and counts it, whoever wrote and whatever became of
 * the message to Kafka (user.h says what lies under _hc).
 *
 *   create   insert hc_facts_created
 *   update   hc_facts_updated  where {_id, _hc.gone: null, _hc.rev: the one that was read}
 *   delete   hc_facts_deleted  where {_id, _hc.gone: null}: the e-mail is free at once
 *
 * All append to an initialised, empty document of the caller. False: the system has
 * no randomness for us. Any thread.
 */
#ifndef HC_FACTS_H
#define HC_FACTS_H

#include "ids.h"
#include "profile.h"

#define HC_FACTS_REQUEST_TEXT 33 /* 32 hex digits and NUL */

/* The whole document of a new user. request: what _hc.req gets, or NULL. */
bool hc_facts_created(bson_t *doc, const struct hc_profile *p, const bson_oid_t *id, int64_t now_ms,
                      const char *request);
/* The update document of an edit of stored, the user as it was read. rev gets the edit's token, its _hc.rev.
 */
bool hc_facts_updated(bson_t *update, const struct hc_profile *p, const bson_t *stored, int64_t now_ms,
                      char rev[HC_ULID_TEXT]);
/* The update document of a deletion. */
bool hc_facts_deleted(bson_t *update, const bson_oid_t *id, int64_t now_ms);

#endif
