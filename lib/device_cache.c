#include "device_cache.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <xxhash.h>

#define WAYS 4
#define SETS (HC_DEVICE_CACHE_PLACES / WAYS)
#define LOCKS 64

struct place {
    uint64_t hash;
    uint64_t asked; /* the set's clock when it was last asked for; 0 = free */
    struct hc_device device;
};

struct set {
    uint64_t clock;
    struct place places[WAYS];
};

static struct set sets[SETS];

/* Each in a cache line of its own. */
static struct {
    _Alignas(64) pthread_mutex_t mutex;
} locks[LOCKS] = {[0 ... LOCKS - 1] = {PTHREAD_MUTEX_INITIALIZER}};

static pthread_mutex_t *lock_of(uint64_t hash)
{
    return &locks[hash % SETS % LOCKS].mutex;
}

/* The text's place, NULL if it has none. The set is locked. */
static struct place *find(struct set *set, uint64_t hash, const char *ua, size_t len)
{
    for (int i = 0; i < WAYS; i++) {
        struct place *p = &set->places[i];

        if (p->asked != 0 && p->hash == hash && memcmp(p->device.ua, ua, len) == 0 &&
            p->device.ua[len] == '\0')
            return p;
    }
    return NULL;
}

bool hc_device_cache_get(struct hc_device *out, const char *ua, size_t len)
{
    uint64_t hash = XXH3_64bits(ua, len);
    struct set *set = &sets[hash % SETS];
    struct place *p;

    pthread_mutex_lock(lock_of(hash));
    p = find(set, hash, ua, len);
    if (p != NULL) {
        p->asked = ++set->clock;
        *out = p->device;
    }
    pthread_mutex_unlock(lock_of(hash));
    return p != NULL;
}

void hc_device_cache_put(const struct hc_device *d)
{
    size_t len = strlen(d->ua);
    uint64_t hash = XXH3_64bits(d->ua, len);
    struct set *set = &sets[hash % SETS];
    struct place *oldest = &set->places[0];

    pthread_mutex_lock(lock_of(hash));
    if (find(set, hash, d->ua, len) == NULL) {
        for (int i = 1; i < WAYS; i++)
            if (set->places[i].asked < oldest->asked)
                oldest = &set->places[i];
        oldest->hash = hash;
        oldest->asked = ++set->clock;
        oldest->device = *d;
    }
    pthread_mutex_unlock(lock_of(hash));
}
