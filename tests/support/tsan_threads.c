/* C11 threads as POSIX threads, for the thread sanitizer only.
 *
 * librdkafka makes its threads and locks by <threads.h>, which gcc's and clang's thread sanitizer does not
 * know: a thread of its making crashes. Linked into the tsan variant, these take the place of the C
 * library's, whose types have the same layout as the POSIX ones.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t) && sizeof(cnd_t) >= sizeof(pthread_cond_t),
               "same layout");

#define MUTEX(m) ((pthread_mutex_t *)(void *)(m))
#define COND(c) ((pthread_cond_t *)(void *)(c))

struct start {
    thrd_start_t run;
    void *arg;
};

static int as_thrd(int code)
{
    return code == 0           ? thrd_success
           : code == ETIMEDOUT ? thrd_timedout
           : code == EBUSY     ? thrd_busy
                               : thrd_error;
}

static void *begin(void *arg)
{
    struct start s = *(struct start *)arg;
    free(arg);
    return (void *)(long)s.run(s.arg);
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *arg)
{
    struct start *s = malloc(sizeof *s);
    if (!s)
        return thrd_nomem;
    *s = (struct start){run, arg};
    int code = pthread_create((pthread_t *)thread, NULL, begin, s);
    if (code != 0)
        free(s);
    return as_thrd(code);
}

int thrd_join(thrd_t thread, int *result)
{
    void *value;
    int code = pthread_join((pthread_t)thread, &value);
    if (result)
        *result = (int)(long)value;
    return as_thrd(code);
}

int thrd_detach(thrd_t thread)
{
    return as_thrd(pthread_detach((pthread_t)thread));
}

thrd_t thrd_current(void)
{
    return (thrd_t)pthread_self();
}

int mtx_init(mtx_t *m, int type)
{
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    if (type & mtx_recursive)
        pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    int code = pthread_mutex_init(MUTEX(m), &kind);
    pthread_mutexattr_destroy(&kind);
    return as_thrd(code);
}

int mtx_lock(mtx_t *m)
{
    return as_thrd(pthread_mutex_lock(MUTEX(m)));
}

int mtx_trylock(mtx_t *m)
{
    return as_thrd(pthread_mutex_trylock(MUTEX(m)));
}

int mtx_unlock(mtx_t *m)
{
    return as_thrd(pthread_mutex_unlock(MUTEX(m)));
}

void mtx_destroy(mtx_t *m)
{
    pthread_mutex_destroy(MUTEX(m));
}

int cnd_init(cnd_t *c)
{
    return as_thrd(pthread_cond_init(COND(c), NULL));
}

int cnd_signal(cnd_t *c)
{
    return as_thrd(pthread_cond_signal(COND(c)));
}

int cnd_broadcast(cnd_t *c)
{
    return as_thrd(pthread_cond_broadcast(COND(c)));
}

int cnd_wait(cnd_t *c, mtx_t *m)
{
    return as_thrd(pthread_cond_wait(COND(c), MUTEX(m)));
}

int cnd_timedwait(cnd_t *c, mtx_t *m, const struct timespec *until)
{
    return as_thrd(pthread_cond_timedwait(COND(c), MUTEX(m), until));
}

void cnd_destroy(cnd_t *c)
{
    pthread_cond_destroy(COND(c));
}
