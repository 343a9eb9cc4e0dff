/* redis_server.h - a real redis-server for one test program, on a socket in a
 * folder of its own, and what the tests do to it.
 */
#ifndef REDIS_SERVER_H
#define REDIS_SERVER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache.h"
#include "clock.h"

#define BACK_MS 1500 /* Redis is used again so long after its return */

struct redis_server {
    char dir[64];
    char socket[96];
    char uri[112];
    pid_t pid; /* 0 while it doesn't run */
};

static struct redis_server server;

/* A connection of the test's own, past the code under test. */
static inline redisContext *raw_open(void)
{
    redisContext *r = redisConnectUnix(server.socket);
    if (r && r->err) {
        redisFree(r);
        r = NULL;
    }
    return r;
}

/* Runs one command in Redis, past the code under test; %s and %b as in hiredis. */
static inline void raw(const char *format, ...)
{
    redisContext *r = raw_open();
    assert_non_null(r);
    va_list args;
    va_start(args, format);
    redisReply *reply = redisvCommand(r, format, args);
    va_end(args);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", format, reply->str);
    freeReplyObject(reply);
    redisFree(r);
}

/* The text under key, or "" when there is none; freed by the caller. */
static inline char *raw_get(const char *key)
{
    redisContext *r = raw_open();
    assert_non_null(r);
    redisReply *reply = redisCommand(r, "GET %s", key);
    assert_non_null(reply);
    char *text = strdup(reply->type == REDIS_REPLY_STRING ? reply->str : "");
    freeReplyObject(reply);
    redisFree(r);
    return text;
}

static inline void server_start(void)
{
    pid_t parent = getpid();
    server.pid = fork();
    assert_true(server.pid >= 0);
    if (server.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        if (nice(-10) < 0) /* on a busy machine 40 ms are short; only root may */
            errno = 0;
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server.socket, "--dir",
               server.dir, "--save", "", "--appendonly", "no", "--enable-debug-command", "yes", (char *)NULL);
        _exit(127);
    }
    redisContext *r = NULL;
    for (int i = 0; i < 1000 && !r; i++) {
        r = raw_open();
        if (!r)
            hc_sleep_ms(10);
    }
    assert_non_null(r);
    redisFree(r);
}

static inline void server_kill(void)
{
    if (server.pid == 0)
        return;
    kill(server.pid, SIGKILL);
    waitpid(server.pid, NULL, 0);
    server.pid = 0;
}

/* Stops it from running, and only returns when it has stopped. */
static inline void server_pause(void)
{
    int status;
    kill(server.pid, SIGSTOP);
    waitpid(server.pid, &status, WUNTRACED);
}

static inline void server_resume(void)
{
    kill(server.pid, SIGCONT);
}

static inline int group_setup(void **state)
{
    (void)state;
    strcpy(server.dir, "/tmp/headcount-redis-XXXXXX");
    if (!mkdtemp(server.dir))
        return -1;
    snprintf(server.socket, sizeof server.socket, "%s/redis.sock", server.dir);
    snprintf(server.uri, sizeof server.uri, "unix://%s", server.socket);
    server_start();
    return 0;
}

static inline int group_teardown(void **state)
{
    (void)state;
    server_kill();
    unlink(server.socket);
    return rmdir(server.dir);
}

static inline struct hc_cache *cache_open(const char *uri)
{
    struct hc_cache *c;
    struct hc_error err;
    if (hc_cache_open(&c, uri, &err) != HC_OK)
        fail_msg("%s: %s", uri, err.detail);
    return c;
}

/* Waits until a call succeeds; the ms that took, or -1 after 5 s. */
static inline int wait_back(struct hc_cache *c)
{
    int64_t start = hc_mono_ms();
    int ms;
    while (hc_mono_ms() - start < 5000) {
        if (hc_cache_ping(c, &ms) == HC_OK)
            return (int)(hc_mono_ms() - start);
        hc_sleep_ms(5);
    }
    return -1;
}

/* Each test begins with a Redis that runs, is empty and is known to be there. */
static inline int test_setup(void **state)
{
    if (server.pid == 0)
        server_start();
    server_resume();
    struct hc_cache *c = cache_open(server.uri);
    if (wait_back(c) < 0)
        return -1;
    raw("CONFIG SET maxmemory 0");
    raw("FLUSHALL");
    *state = c;
    return 0;
}

static inline int test_teardown(void **state)
{
    hc_cache_close(*state);
    return 0;
}

/* What is written to stderr between the two calls goes to a file. */
struct captured {
    int saved;
    FILE *file;
};

static inline struct captured capture_begin(void)
{
    struct captured c = {dup(STDERR_FILENO), tmpfile()};
    assert_non_null(c.file);
    dup2(fileno(c.file), STDERR_FILENO);
    return c;
}

/* How many of the lines hold word. */
static inline int captured_lines(struct captured *c, const char *word)
{
    char line[9000];
    int n = 0;
    rewind(c->file);
    while (fgets(line, sizeof line, c->file))
        n += strstr(line, word) != NULL;
    return n;
}

static inline void capture_end(struct captured *c)
{
    dup2(c->saved, STDERR_FILENO);
    close(c->saved);
    fclose(c->file);
}

#define redis_test(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

#endif
