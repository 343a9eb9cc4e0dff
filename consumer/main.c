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
#include "log.h"
#include "schedule.h"
#include "worker.h"

#define WORKERS_MAX 64
#define FLUSH_MS 2000

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

static int worker_count(const struct hc_settings *s)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long n = s->workers > 0 ? (long)s->workers : cores < 2 ? 2 : cores;
    return n > WORKERS_MAX ? WORKERS_MAX : (int)n;
}

/* Starts all threads, waits for the stop, joins them. */
static int run_threads(struct hc_context *ctx)
{
    pthread_t schedule, workers[WORKERS_MAX];
    struct hc_worker args[WORKERS_MAX];
    int started = 0;
    bool scheduling = pthread_create(&schedule, NULL, hc_schedule_run, ctx) == 0;
    for (; scheduling && started < ctx->workers; started++) {
        args[started] = (struct hc_worker){ctx, started};
        if (pthread_create(&workers[started], NULL, hc_worker_run, &args[started]) != 0)
            break;
    }
    if (!scheduling || started < ctx->workers) {
        hc_log(HC_LOG_ERROR, "consumer.failed", "a thread can't be started", NULL);
        atomic_store(&ctx->exit_code, 1);
        atomic_store(&ctx->stop, true);
    }
    while (!signalled && !atomic_load(&ctx->stop))
        hc_sleep_ms(100);
    atomic_store(&ctx->stop, true);
    hc_log(HC_LOG_INFO, "consumer.stopping", "finishing what is begun", NULL);
    for (int w = 0; w < started; w++)
        pthread_join(workers[w], NULL);
    if (scheduling)
        pthread_join(schedule, NULL);
    return atomic_load(&ctx->exit_code);
}

static int run(const struct hc_settings *settings)
{
    struct hc_context ctx = {.settings = settings, .workers = worker_count(settings)};
    struct hc_error err = {0};
    int code = 0;
    ctx.lag = calloc((size_t)ctx.workers, sizeof *ctx.lag);
    for (int w = 0; ctx.lag && w < ctx.workers; w++)
        atomic_store(&ctx.lag[w], -1);
    if (!ctx.lag)
        hc_fail(&err, HC_ENOMEM, NULL, "out of memory");
    else if (hc_store_open(&ctx.store, settings, HC_STORE_DRAIN, &err) == HC_OK &&
             hc_bus_open(&ctx.bus, settings, &err) == HC_OK) {
        hc_log(HC_LOG_INFO, "consumer.started", "reading", HC_INT("workers", ctx.workers), NULL);
        code = run_threads(&ctx);
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
    hc_log_setup((enum hc_log_level)hc_log_level_parse(settings.log_level), settings.instance);
    catch_signals();
    code = run(&settings);
    hc_log(HC_LOG_INFO, "consumer.stopped", "all threads have ended", HC_INT("code", code), NULL);
    hc_settings_release(&settings);
    return code;
}
