/* headcount-consumer: drains Kafka into MongoDB.
 *
 * Reads the settings, starts the schedule and one thread for each bulk worker, waits
 * for SIGTERM or SIGINT, then lets every thread finish what it holds. Services
 * that are away at the start are waited for; only what can't pass by itself ends
 * the program, with one sentence and its own exit code.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "events.h"
#include "log.h"
#include "metrics.h"
#include "schedule.h"
#include "worker.h"
#include "zone.h"

#define STOP_MS 3500 /* for the threads to end by themselves */
#define FLUSH_MS 1000

static const char ABOUT[] =
    "Headcount's consumer. Takes jobs and their chunks from Kafka and puts the people into MongoDB.\n";

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
    signalled = number;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* One sentence to whoever started us, and the exit code that goes with it. */
static int refuse(const struct hc_error *err)
{
    fprintf(stderr, "headcount-consumer: %s%s%s\n", err->field, err->field[0] ? ": " : "", err->detail);
    return hc_err_exit_code(err->code);
}

/* One thread, what it runs, and the count that it leaves when it ends. */
struct thread {
    pthread_t id;
    void *(*run)(void *arg);
    void *arg;
    atomic_int *running;
};

/* All threads of the process: the schedule, then the workers. */
struct threads {
    struct thread list[2 * HC_WORKERS_MAX + 1];
    struct hc_worker workers[HC_WORKERS_MAX];
    struct hc_event_worker event_workers[HC_WORKERS_MAX];
    int started;
    atomic_int running;
};

static void *run_thread(void *arg)
{
    struct thread *t = arg;
    t->run(t->arg);
    atomic_fetch_sub(t->running, 1);
    return NULL;
}

static bool start(struct threads *all, void *(*run)(void *arg), void *arg)
{
    struct thread *t = &all->list[all->started];
    *t = (struct thread){.run = run, .arg = arg, .running = &all->running};
    atomic_fetch_add(&all->running, 1);
    if (pthread_create(&t->id, NULL, run_thread, t) != 0) {
        atomic_fetch_sub(&all->running, 1);
        return false;
    }
    all->started++;
    return true;
}

static bool start_all(struct threads *all, struct hc_context *ctx)
{
    bool ok = start(all, hc_schedule_run, ctx);
    for (int w = 0; w < ctx->workers && ok; w++) {
        all->workers[w] = (struct hc_worker){ctx, w};
        ok = start(all, hc_worker_run, &all->workers[w]);
    }
    for (int w = 0; w < ctx->event_workers && ok; w++) {
        all->event_workers[w] = (struct hc_event_worker){ctx, w};
        ok = start(all, hc_events_run, &all->event_workers[w]);
    }
    return ok;
}

/* A service that hangs may hold a thread in a call of its library. What that thread had begun
 * is finished by whoever gets it next, so after STOP_MS the process just ends. */
static bool join_all(struct threads *all)
{
    int64_t deadline = hc_mono_ms() + STOP_MS;
    while (atomic_load(&all->running) > 0 && hc_mono_ms() < deadline)
        hc_sleep_ms(10);
    if (atomic_load(&all->running) > 0)
        return false;
    for (int t = 0; t < all->started; t++)
        pthread_join(all->list[t].id, NULL);
    return true;
}

/* Starts all threads, waits for the stop, joins them. False when some are left. */
static bool run_threads(struct hc_context *ctx)
{
    static struct threads threads; /* outlives this call when a thread does */
    if (!start_all(&threads, ctx)) {
        hc_log(HC_LOG_ERROR, "consumer.failed", "a thread can't be started", NULL);
        atomic_store(&ctx->exit_code, 1);
        atomic_store(&ctx->stop, true);
    }
    while (!signalled && !atomic_load(&ctx->stop))
        hc_sleep_ms(100);
    atomic_store(&ctx->stop, true);
    hc_log(HC_LOG_INFO, "consumer.stopping", "finishing what is begun", NULL);
    return join_all(&threads);
}

/* Ends with threads still inside: nothing they use is freed. */
static void cut(struct hc_context *ctx)
{
    hc_log(HC_LOG_WARN, "consumer.cut",
           "a service did not let go in time; what was begun is finished by the next", NULL);
    _exit(atomic_load(&ctx->exit_code));
}

static int run(const struct hc_settings *settings)
{
    struct hc_context ctx = {.settings = settings,
                             .workers = hc_settings_workers(settings),
                             .event_workers = hc_settings_event_workers(settings)};
    struct hc_error err = {0};
    int code = 0;
    ctx.lag = calloc((size_t)(ctx.workers + ctx.event_workers), sizeof *ctx.lag);
    for (int w = 0; ctx.lag && w < ctx.workers + ctx.event_workers; w++)
        atomic_store(&ctx.lag[w], -1);
    if (!ctx.lag)
        hc_fail(&err, HC_ENOMEM, NULL, "out of memory");
    else if (hc_store_open(&ctx.store, settings, HC_STORE_DRAIN, &err) == HC_OK &&
             hc_bus_open(&ctx.bus, settings, &err) == HC_OK) {
        hc_log(HC_LOG_INFO, "consumer.started", "reading", HC_INT("workers", ctx.workers), NULL);
        if (!run_threads(&ctx))
            cut(&ctx);
        code = atomic_load(&ctx.exit_code);
    }
    if (err.code != HC_OK)
        code = refuse(&err);
    hc_bus_close(ctx.bus, FLUSH_MS);
    hc_store_close(ctx.store);
    free(ctx.lag);
    return code;
}

int main(int argc, char **argv)
{
    struct hc_settings settings;
    struct hc_error err = {0};
    hc_log_setup(HC_LOG_INFO, "headcount-consumer");
    int code = hc_settings_options(argc, argv, ABOUT, NULL);
    if (code >= 0)
        return code;
    if (hc_settings_load(&settings, "headcount-consumer", &err) != HC_OK)
        return refuse(&err);
    if (hc_zone_set(settings.timezone, &err) != HC_OK)
        return refuse(&err);
    hc_log_setup((enum hc_log_level)hc_log_level_parse(settings.log_level), settings.instance);
    hc_metrics_setup(HC_METRIC_OF_CONSUMER, "headcount-consumer");
    catch_signals();
    code = run(&settings);
    hc_log(HC_LOG_INFO, "consumer.stopped", "all threads have ended", HC_INT("code", code), NULL);
    hc_settings_release(&settings);
    return code;
}
