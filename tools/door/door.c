/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services first, then the doors on top of them; the end in reverse.
 */
#include "tools/door/door.h"

#include "common/log.h"

#include <signal.h>
#include <time.h>

enum { TIDY_S = 5 };

struct running {
    struct fh_door_services services;
    struct fh_http *http;
    struct fh_pg *pg;
};

static void stop(struct running *running)
{
    fh_http_stop(running->http);
    fh_pg_stop(running->pg);
    fh_jobs_free(running->services.jobs);
    fh_askers_free(running->services.askers);
    fh_tokens_free(running->services.tokens);
}

static int
start_services(struct running *running, const struct fh_door_settings *settings, struct fh_err *err)
{
    struct fh_door_services *services = &running->services;
    services->settings = settings;
    int code = fh_tokens_new(&services->tokens, &settings->home, &settings->node, err);
    if (code == FH_OK) {
        code = fh_askers_new(&services->askers, &settings->home, &settings->node, err);
    }
    if (code == FH_OK) {
        code = fh_jobs_new(&services->jobs, FH_DOOR_THREADS, FH_DOOR_JOBS_MAX, err);
    }
    return code;
}

static int
start_doors(struct running *running, const struct fh_door_settings *settings, struct fh_err *err)
{
    int code = FH_OK;
    if (settings->http_listen[0] != '\0') {
        code = fh_http_start(&running->http, &running->services, err);
    }
    if (code == FH_OK && settings->postgres_listen[0] != '\0') {
        code = fh_pg_start(&running->pg, &running->services, err);
    }
    return code;
}

static const char *or_none(const char *text)
{
    return text[0] == '\0' ? "none" : text;
}

/* The signal that ends it. Until then what nobody uses any more is ended, and secrets with it. */
static int wait_for_end(const struct fh_door_services *services, const sigset_t *ends)
{
    static const struct timespec pause = {.tv_sec = TIDY_S};
    int signum;
    while ((signum = sigtimedwait(ends, NULL, &pause)) < 0) {
        fh_askers_tidy(services->askers);
        fh_tokens_tidy(services->tokens);
    }
    return signum;
}

int fh_door_run(const struct fh_door_settings *settings, struct fh_err *err)
{
    struct running running = {.http = NULL};
    sigset_t ends;
    int signum = 0;
    if (settings->http_listen[0] == '\0' && settings->postgres_listen[0] == '\0') {
        return fh_err_rule(err,
                           FH_ESTATE,
                           "door.none",
                           "no door is set; add http_listen or postgres_listen to freehold.yaml");
    }
    /* Blocked before there are other threads, so that only sigwait takes them. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    int code = start_services(&running, settings, err);
    if (code == FH_OK) {
        code = start_doors(&running, settings, err);
    }
    if (code == FH_OK) {
        fh_log(FH_LOG_INFO,
               "door.ready",
               "http=%s tls=%s postgres=%s certificate=%s",
               or_none(settings->http_listen),
               settings->http_tls == FH_DOOR_TLS_OFF ? "off" : "on",
               or_none(settings->postgres_listen),
               or_none(settings->certificate_print));
        signum = wait_for_end(&running.services, &ends);
        fh_log(FH_LOG_INFO, "door.stopping", "signal=%d", signum);
    }
    stop(&running);
    return code;
}
