/* generation.h - a number that is another one after each write of a user.
 *
 * Kept answers that show users belong to it (flight.h): it is read with them, in
 * one round trip. A write bumps it after the database has acknowledged and before
 * the client is told. So whoever was told of a write never meets an answer that
 * was built without it, and nothing has to be deleted.
 *
 *     uint64_t own = generation_bind(c, &flight);  … own goes into the flight's key
 *     …
 *     generation_bump(c);                          … after the ack of a write
 *
 * In Redis it is a random text under hc:1:generation:users: it never repeats, also
 * after Redis was emptied. While Redis is away the process has a number of its own.
 * A bump that did not reach Redis is owed, and made up for by the next read that
 * finds Redis back, before anything else of it is used; until then this process
 * looks under keys of its own, and others may serve what they kept, for as long as
 * an answer may be kept.
 *
 * Users that a job makes don't bump: their lists are as old as a kept answer may be.
 *
 * Any thread, with its own context.
 */
#ifndef FCGI_GENERATION_H
#define FCGI_GENERATION_H

#include "web.h"

/* Binds a flight to the generation of users. The number that it returns belongs into the flight's key: 0, or
 * this process' own while Redis does not know of its last write. Never fails. */
uint64_t generation_bind(struct context *c, struct hc_flight *flight);

/* Makes it another one. Call after the database has acknowledged a write, or may
 * have made it. Never fails. */
void generation_bump(struct context *c);

#endif
