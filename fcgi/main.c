/* main.c - headcount.fcgi: the web service, as FastCGI or as plain CGI. */
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "metrics_web.h"
#include "page.h"
#include "service.h"
#include "settings.h"
#include "workers.h"
#include "zone.h"

#define PROGRAM "headcount.fcgi"
#define STOP_MS 5000  /* for requests that run when we are told to end */
#define FLUSH_MS 2000 /* for messages that are not sent yet */

static const char about[] =
    "Headcount's web service. A web server starts it (FastCGI or CGI), or APP_SOCKET says\n"
    "where it listens.\n";

static int fail(const struct hc_error *err)
{
    fprintf(stderr, "%s: %s%s%s\n", PROGRAM, err->field, err->field[0] ? ": " : "", err->detail);
    return hc_err_exit_code(err->code);
}

/* ---- FastCGI ---- */

/* The signals that end us are taken by the main thread in sigwait; blocked before
 * any thread starts, they reach no other and interrupt nothing. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGUSR1); /* lighttpd's and spawn-fcgi's word for "finish and end" */
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

static int wait_for_signal(const sigset_t *set)
{
    int got = 0;
    while (sigwait(set, &got) != 0)
        ;
    return got;
}

static int serve(struct web *web, struct fcgi_listener *listener, struct hc_error *err)
{
    sigset_t set;
    struct workers *workers = NULL;
    block_signals(&set);
    enum hc_err code = web_open(web, web->settings, false, err);
    if (code != HC_OK)
        return fail(err);
    code = workers_start(&workers, web, listener, err);
    if (code != HC_OK) {
        web_close(web, 0);
        return fail(err);
    }
    hc_log(HC_LOG_INFO, "web.start", "the web service takes requests", NULL);
    int why = wait_for_signal(&set);
    hc_log(HC_LOG_INFO, "web.stop", "the web service ends", HC_STR("signal", strsignal(why)), NULL);
    fcgi_withdraw(listener);
    if (!workers_stop(workers, STOP_MS))
        return 1; /* a thread still uses what would be freed below */
    web_close(web, FLUSH_MS);
    return 0;
}

static int run_fcgi(const struct hc_settings *s)
{
    struct hc_error err = {0};
    struct fcgi_listener listener;
    struct web web = {.settings = s};
    if (fcgi_listen(&listener, s, &err) != HC_OK)
        return fail(&err);
    int code = serve(&web, &listener, &err);
    fcgi_unlisten(&listener);
    return code;
}

/* ---- CGI ---- */

static int answer_once(struct context *c)
{
    int idle_ms = (int)c->settings->stream_idle_ms;
    c->response.sink = cgi_sink(&idle_ms);
    service_answer(c, environ, cgi_source());
    if (c->response.streamed)
        return c->response.whole ? 0 : 1;
    if (cgi_reply(&c->response.wire))
        return 0;
    hc_log(HC_LOG_WARN, "request.gone", "the web server did not take the answer",
           HC_STR("req", c->request.id), NULL);
    return 1;
}

static int run_cgi(const struct hc_settings *s)
{
    static struct context c; /* large */
    struct hc_error err = {0};
    struct web web = {.settings = s};
    if (web_open(&web, s, true, &err) != HC_OK)
        return fail(&err);
    int code = context_open(&c, &web, &err) == HC_OK ? answer_once(&c) : fail(&err);
    context_close(&c);
    web_close(&web, FLUSH_MS);
    return code;
}

/* ---- the program ---- */

static int run(const struct hc_settings *s)
{
    struct hc_error err = {0};
    hc_log_setup((enum hc_log_level)hc_log_level_parse(s->log_level), s->instance);
    metrics_web_setup();
    if (sodium_init() < 0) {
        hc_fail(&err, HC_EINTERNAL, NULL, "the system gives no randomness");
        return fail(&err);
    }
    switch (transport_choose(s)) {
    case TRANSPORT_FCGI:
        return run_fcgi(s);
    case TRANSPORT_CGI:
        return run_cgi(s);
    case TRANSPORT_NONE:
        break;
    }
    hc_fail(&err, HC_EUSAGE, NULL,
            "nothing to listen on: set APP_SOCKET, or let a web server start this program");
    return fail(&err);
}

int main(int argc, char **argv)
{
    struct hc_settings settings = {0};
    struct hc_error err = {0};
    enum hc_err code = hc_settings_load(&settings, PROGRAM, &err);
    if (code == HC_OK)
        code = hc_zone_set(settings.timezone, &err);
    int exit_code = hc_settings_options(argc, argv, about, code == HC_OK ? &settings : NULL);
    if (exit_code < 0)
        exit_code = code == HC_OK ? run(&settings) : fail(&err);
    if (code == HC_OK)
        hc_settings_release(&settings);
    return exit_code;
}
