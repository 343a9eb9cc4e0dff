/* generation.h - a number that is another one after each write of a user.
 *
 * It is part of the key under which Redis (and, while Redis is away, the process)
 * keeps answers that show users. A write bumps it after the database has
 * acknowledged and before the client is told; a read asks for it before it looks
 * for a kept answer. So whoever was told of a write never meets an answer that was
 * built without it, and nothing has to be deleted.
 *
 *     uint64_t generation = generation_of(c);      … goes into the flight's key
 *     …
 *     generation_bump(c);                          … after the ack of a write
 *
 * In Redis it is a random text under hc:1:generation:users: it never repeats, also
 * after Redis was emptied. While Redis is away the process has a number of its own.
 * A bump that did not reach Redis is owed, and made up for by the next read that
 * finds Redis back, before anything else of it is used; until then other processes
 * may serve what they kept, which is fresh for a second.
 *
 * Users that a job makes don't bump: their lists are as old as a kept answer may be.
 *
 * Any thread, with its own context.
 */
#ifndef FCGI_GENERATION_H
#define FCGI_GENERATION_H

#include "web.h"

/* The generation of users as of now. One round trip to Redis; never fails. */
uint64_t generation_of(struct context *c);

/* Makes it another one. Call after the database has acknowledged a write, or may
 * have made it. Never fails. */
void generation_bump(struct context *c);

#endif
