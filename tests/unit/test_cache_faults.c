/* test_cache_faults.c - a Redis that hangs, dies, comes back, or is none. */
#include "redis_server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

struct fake {
    char path[128];
    char uri[140];
    int fd;
    const char *reply; /* to whatever comes; NULL: closes at once */
    int trickle_ms;    /* a byte of the reply in so long; 0: all at once */
    pthread_t thread;
};

static void *fake_run(void *arg)
{
    struct fake *f = arg;
    char in[4096];
    int fd;
    while ((fd = accept(f->fd, NULL, NULL)) >= 0) {
        while (f->reply && recv(fd, in, sizeof in, 0) > 0) {
            size_t len = strlen(f->reply);
            size_t step = f->trickle_ms ? 1 : len;
            for (size_t i = 0; i < len && send(fd, f->reply + i, step, MSG_NOSIGNAL) > 0; i += step)
                hc_sleep_ms(f->trickle_ms);
        }
        close(fd);
    }
    return NULL;
}

static void fake_begin(struct fake *f, const char *reply, int trickle_ms)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    *f = (struct fake){.reply = reply, .trickle_ms = trickle_ms};
    snprintf(f->path, sizeof f->path, "%s/fake.sock", server.dir);
    snprintf(f->uri, sizeof f->uri, "unix://%s", f->path);
    snprintf(a.sun_path, sizeof a.sun_path, "%s/fake.sock", server.dir);
    f->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(f->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(f->fd, 10), 0);
    assert_int_equal(pthread_create(&f->thread, NULL, fake_run, f), 0);
}

static void fake_end(struct fake *f)
{
    shutdown(f->fd, SHUT_RDWR);
    pthread_join(f->thread, NULL);
    close(f->fd);
    unlink(f->path);
}

/* One GET from a server that answers so, the time it took, and the next GET. */
static enum hc_err ask_fake(const char *reply, int trickle_ms, int *ms, enum hc_err *next)
{
    struct fake f;
    struct hc_buf b;
    hc_buf_init(&b, 1000);
    fake_begin(&f, reply, trickle_ms);
    struct hc_cache *c = cache_open(f.uri);
    int64_t start = hc_mono_ms();
    enum hc_err e = hc_cache_get(c, "hc:1:a", &b);
    *ms = (int)(hc_mono_ms() - start);
    *next = hc_cache_get(c, "hc:1:a", &b);
    hc_cache_close(c);
    fake_end(&f);
    hc_buf_release(&b);
    return e;
}

static void odd_servers_are_survived(void **state)
{
    struct hc_cache *c = *state;
    static const struct {
        const char *reply;
        int trickle_ms;
        enum hc_err first, next;
    } cases[] = {
        {"$1\r\nx\r\n", 0, HC_OK, HC_OK},
        {"-LOADING Redis is loading the dataset in memory\r\n", 0, HC_ECACHE, HC_ECACHE},
        {"-WRONGTYPE Operation\r\n", 0, HC_ENOTFOUND, HC_ENOTFOUND},
        {"-\r\n", 0, HC_EINTERNAL, HC_EINTERNAL},
        {":1\r\n", 0, HC_ENOTFOUND, HC_ENOTFOUND},
        {NULL, 0, HC_ECACHE, HC_ECACHE},
        {"HTTP/1.1 400 Bad Request\r\n\r\n", 0, HC_ECACHE, HC_ECACHE},
        {"$1\r\nx\r\n$1\r\ny\r\n", 0, HC_ECACHE, HC_ECACHE},           /* a reply too many */
        {"$9\r\nxxx\r\n", 0, HC_ECACHE, HC_ECACHE},                    /* never ends */
        {"$99999999999999999999\r\nx", 0, HC_ENOTFOUND, HC_ENOTFOUND}, /* too long */
        {"*999999999\r\n", 0, HC_ENOTFOUND, HC_ENOTFOUND},
        {"$100\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 5, HC_ECACHE, HC_ECACHE}, /* trickles */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int ms = 0;
        enum hc_err e = HC_OK, next = HC_OK;
        bool fits = false;
        for (int again = 0; again < 3 && !fits; again++) { /* the server's thread may be kept from running */
            e = ask_fake(cases[i].reply, cases[i].trickle_ms, &ms, &next);
            fits = e == cases[i].first && next == cases[i].next && ms <= 75;
            assert_true(wait_back(c) >= 0);
        }
        if (!fits)
            fail_msg("%s: %d, then %d, %d ms", cases[i].reply ? cases[i].reply : "(closed)", e, next, ms);
    }
}

/* Replies with one value, then sends another one that nobody asked for. */
static void *pushy_run(void *arg)
{
    int fd = accept(*(int *)arg, NULL, NULL);
    char in[4096];
    for (int i = 0; i < 2 && recv(fd, in, sizeof in, 0) > 0; i++) {
        send(fd, "$4\r\ntrue\r\n", 10, MSG_NOSIGNAL);
        hc_sleep_ms(5);
        send(fd, "$5\r\nfalse\r\n", 11, MSG_NOSIGNAL);
        while (recv(fd, in, sizeof in, 0) > 0) /* until the client hangs up on it */
            continue;
        close(fd);
        fd = accept(*(int *)arg, NULL, NULL);
    }
    close(fd);
    return NULL;
}

static void late_bytes_never_answer(void **state)
{
    (void)state;
    struct fake f;
    struct hc_buf b;
    hc_buf_init(&b, 1000);
    fake_begin(&f, NULL, 0);
    fake_end(&f);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s/fake.sock", server.dir);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 10), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, pushy_run, &fd), 0);

    struct hc_cache *c = cache_open(f.uri);
    for (int i = 0; i < 2; i++) {
        hc_buf_clear(&b);
        enum hc_err e = hc_cache_get(c, "hc:1:a", &b);
        if (e == HC_OK)
            assert_string_equal(b.data, "true");
        assert_int_equal(e, HC_OK);
        hc_sleep_ms(100);
    }
    hc_cache_close(c);
    shutdown(fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(fd);
    unlink(a.sun_path);
    hc_buf_release(&b);
}

static void a_host_that_drops_all_costs_25_ms(void **state)
{
    struct hc_cache *good = *state;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int fds[8];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    for (int i = 0; i < 8; i++) { /* fills the queue: further ones get no answer */
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(fds[i], (struct sockaddr *)&a, sizeof a) == 0)
            fail_msg("connected at once");
    }
    hc_sleep_ms(20);
    char uri[64];
    snprintf(uri, sizeof uri, "redis://127.0.0.1:%d", ntohs(a.sin_port));
    int best = 1000;
    for (int i = 0; i < 3; i++) {
        struct hc_cache *c = cache_open(uri);
        int ms;
        assert_int_equal(hc_cache_ping(c, &ms), HC_ECACHE);
        best = ms < best ? ms : best;
        hc_cache_close(c);
        assert_true(wait_back(good) >= 0);
    }
    assert_in_range(best, 20, 45);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
    close(fd);
}

/* --- hanging, dying, coming back --- */

static void a_hanging_redis_costs_one_call(void **state)
{
    struct hc_cache *c = *state;
    struct captured log = capture_begin();
    int first = 1000;
    int slow = 0;
    int back = 0;
    int total = 0;
    for (int round = 0; round < 3; round++) {
        int ms;
        server_pause();
        assert_int_equal(hc_cache_ping(c, &ms), HC_ECACHE);
        first = ms < first ? ms : first;
        int64_t start = hc_mono_ms();
        for (int i = 0; i < 900; i++) {
            assert_int_equal(hc_cache_set(c, "hc:1:a", "x", 1, 1000), HC_ECACHE);
            assert_int_equal(hc_cache_ping(c, &ms), HC_ECACHE);
            slow += ms > 1;
        }
        total += (int)(hc_mono_ms() - start);
        server_resume();
        ms = wait_back(c);
        back = ms < 0 || ms > back ? ms : back;
    }
    int lost = captured_lines(&log, "\"cache.lost\"");
    int returned = captured_lines(&log, "\"cache.back\"");
    capture_end(&log);
    print_message("first call %d ms, 5400 more in %d ms (%d over 1 ms), back after %d ms\n", first, total,
                  slow, back);
    assert_in_range(first, 35, 75);
    assert_in_range(slow, 0, 10); /* this thread may be kept from running */
    assert_in_range(total, 0, 300);
    assert_in_range(back, 0, BACK_MS);
    assert_int_equal(lost, 3);
    assert_int_equal(returned, 3);
}

static void a_big_value_is_not_waited_for(void **state)
{
    struct hc_cache *c = *state;
    static char big[4 << 20];
    int best = 1000;
    for (int i = 0; i < 3; i++) {
        server_pause();
        int64_t start = hc_mono_ms();
        redisReply *reply;
        const size_t lens[] = {3, 8, sizeof big};
        assert_int_equal(hc_cache_command(c, 3, (const char *[]){"SET", "hc:1:big", big}, lens, &reply),
                         HC_ECACHE);
        int ms = (int)(hc_mono_ms() - start);
        best = ms < best ? ms : best;
        server_resume();
        assert_true(wait_back(c) >= 0);
    }
    assert_in_range(best, 0, 75);
    assert_int_equal(hc_cache_set(c, "hc:1:big", big, HC_CACHE_VALUE_MAX + 1, 1000), HC_ETOOLARGE);
    assert_int_equal(hc_cache_set(c, "hc:1:big", big, HC_CACHE_VALUE_MAX, 1000), HC_OK);
}

struct hammer {
    pthread_t thread;
    int64_t until;
    int64_t quiet; /* from here on, slow calls are counted */
    int slow;
};

static void *hammer_run(void *arg)
{
    struct hammer *h = arg;
    struct hc_cache *c = cache_open(server.uri);
    while (hc_mono_ms() < h->until) {
        int ms;
        int64_t start = hc_mono_ms();
        hc_cache_ping(c, &ms);
        h->slow += ms >= 30 && start >= h->quiet;
        hc_sleep_ms(1);
    }
    hc_cache_close(c);
    return NULL;
}

static void one_thread_a_second_tries(void **state)
{
    struct hc_cache *c = *state;
    struct hammer h[16];
    int slow = 0;
    server_pause();
    int64_t now = hc_mono_ms();
    for (int i = 0; i < 16; i++) {
        h[i] = (struct hammer){.until = now + 3600, .quiet = now + 300};
        assert_int_equal(pthread_create(&h[i].thread, NULL, hammer_run, &h[i]), 0);
    }
    for (int i = 0; i < 16; i++) {
        pthread_join(h[i].thread, NULL);
        slow += h[i].slow;
    }
    server_resume();
    assert_true(wait_back(c) >= 0);
    assert_in_range(slow, 2, 4);
}

static void a_restart_that_nobody_saw_costs_nothing(void **state)
{
    (void)state;
    struct hc_cache *c[8];
    int ms;
    for (int i = 0; i < 8; i++) {
        c[i] = cache_open(server.uri);
        assert_int_equal(hc_cache_ping(c[i], &ms), HC_OK);
    }
    server_kill();
    server_start();
    for (int i = 0; i < 8; i++) {
        assert_int_equal(hc_cache_ping(c[i], &ms), HC_OK);
        hc_cache_close(c[i]);
    }
}

static void a_killed_redis_is_lost_once_and_found_again(void **state)
{
    struct hc_cache *c = *state;
    struct hc_cache *idle[8];
    struct captured log = capture_begin();
    int ms;
    for (int i = 0; i < 8; i++) {
        idle[i] = cache_open(server.uri);
        assert_int_equal(hc_cache_ping(idle[i], &ms), HC_OK);
    }
    server_kill();
    assert_int_equal(hc_cache_ping(c, &ms), HC_ECACHE);
    hc_sleep_ms(1100); /* this one tries again */
    assert_int_equal(hc_cache_ping(c, &ms), HC_ECACHE);
    server_start();
    int back = wait_back(c);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(hc_cache_ping(idle[i], &ms), HC_OK);
        hc_cache_close(idle[i]);
    }
    int lost = captured_lines(&log, "\"cache.lost\"");
    int returned = captured_lines(&log, "\"cache.back\"");
    capture_end(&log);
    assert_in_range(back, 0, BACK_MS);
    assert_int_equal(lost, 1);
    assert_int_equal(returned, 1);
}

/* Many gets while Redis stalls at random: a value always belongs to its key. */
#define STALL_KEYS 500
static atomic_int gets_done, gets_wrong, gets_away;
static atomic_bool stop_gets;

static void *gets_run(void *arg)
{
    unsigned seed = *(unsigned *)arg;
    struct hc_cache *c = cache_open(server.uri);
    struct hc_buf b;
    char key[32];
    hc_buf_init(&b, 100);
    while (!atomic_load(&stop_gets)) {
        snprintf(key, sizeof key, "hc:1:key:%u", (unsigned)rand_r(&seed) % STALL_KEYS);
        hc_buf_clear(&b);
        enum hc_err e = hc_cache_get(c, key, &b);
        if (e == HC_OK)
            atomic_fetch_add(strcmp(b.data, key) == 0 ? &gets_done : &gets_wrong, 1);
        else
            atomic_fetch_add(e == HC_ECACHE ? &gets_away : &gets_wrong, 1);
        if (e != HC_OK)
            hc_sleep_ms(1);
    }
    hc_buf_release(&b);
    hc_cache_close(c);
    return NULL;
}

static void no_reply_answers_another_command(void **state)
{
    struct hc_cache *c = *state;
    pthread_t threads[3];
    unsigned seeds[4] = {1, 2, 3, (unsigned)hc_random_token()};
    int losses = 0;
    print_message("seed %u\n", seeds[3]);
    for (int i = 0; i < STALL_KEYS; i++) {
        char key[32];
        snprintf(key, sizeof key, "hc:1:key:%d", i);
        while (hc_cache_set(c, key, key, strlen(key), 600000) != HC_OK)
            assert_true(wait_back(c) >= 0);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, gets_run, &seeds[i]), 0);
    for (int i = 0; (i < 24 || atomic_load(&gets_done) < 10000) && atomic_load(&gets_wrong) == 0; i++) {
        int before = atomic_load(&gets_away);
        hc_sleep_ms(20 + rand_r(&seeds[3]) % 60);
        server_pause();
        hc_sleep_ms(i % 4 == 0 ? 39 + rand_r(&seeds[3]) % 12 : rand_r(&seeds[3]) % 38);
        server_resume();
        hc_sleep_ms(30);
        losses += atomic_load(&gets_away) != before;
        if (i % 4 == 0)
            wait_back(c);
    }
    atomic_store(&stop_gets, true);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    print_message("%d gets, %d while away, %d losses\n", gets_done, gets_away, losses);
    assert_int_equal(gets_wrong, 0);
    assert_true(losses >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        redis_test(odd_servers_are_survived),
        redis_test(late_bytes_never_answer),
        redis_test(a_host_that_drops_all_costs_25_ms),
        redis_test(a_hanging_redis_costs_one_call),
        redis_test(a_big_value_is_not_waited_for),
        redis_test(one_thread_a_second_tries),
        redis_test(a_restart_that_nobody_saw_costs_nothing),
        redis_test(a_killed_redis_is_lost_once_and_found_again),
        redis_test(no_reply_answers_another_command),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
