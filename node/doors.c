/* SPDX-License-Identifier: Apache-2.0 */
#include "node/doors.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/child.h"
#include "node/io/loop.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    SETTINGS = 9,                                /* that the doors go by */
    SETTING_BYTES = FH_SETTINGS_PATH_BYTES + 64, /* "FREEHOLD_TLS_CERTIFICATE=/..." */
    LASTED_MS = FH_DOOR_RESTART_MS_MAX,          /* so long, and pauses begin anew */
};

struct fh_doors {
    struct fh_loop *loop;
    const struct fh_config *config;
    char program[PATH_MAX];
    struct fh_timer *timer;
    struct fh_child *child; /* NULL: it does not run */
    int64_t started_ms;     /* monotonic */
    int64_t pause_ms;       /* before the next start */
    bool quiet;
};

static bool is_set(const struct fh_doors *doors)
{
    const struct fh_settings *settings = &doors->config->settings;
    return !doors->config->offline &&
           (settings->http_listen[0] != '\0' || settings->postgres_listen[0] != '\0');
}

/* ---- starting ---- */

/* What flags and environment made of the file goes down by the environment, so that both go by the
 * same. */
struct handed {
    char texts[SETTINGS][SETTING_BYTES];
    const char *list[SETTINGS + 1];
};

static void hand_down(struct handed *out, const struct fh_settings *settings)
{
    const struct {
        const char *key;
        const char *value;
    } rows[SETTINGS] = {
        {"listen", settings->listen},
        {"log_level", settings->log_level},
        {"http_listen", settings->http_listen},
        {"http_tls", settings->http_tls},
        {"http_catalogue", settings->http_catalogue},
        {"postgres_listen", settings->postgres_listen},
        {"postgres_tls", settings->postgres_tls},
        {"tls_certificate", settings->tls_certificate},
        {"tls_key", settings->tls_key},
    };
    size_t count = 0;
    for (size_t i = 0; i < SETTINGS; i++) {
        if (rows[i].value[0] != '\0') {
            snprintf(out->texts[count],
                     SETTING_BYTES,
                     "%s=%s",
                     fh_settings_find(rows[i].key)->environment,
                     rows[i].value);
            out->list[count] = out->texts[count];
            count++;
        }
    }
    out->list[count] = NULL;
}

static void wait_and_start(struct fh_doors *doors)
{
    fh_timer_set(doors->timer, fh_clock_mono_ms() + doors->pause_ms);
    doors->pause_ms *= 2;
    if (doors->pause_ms > FH_DOOR_RESTART_MS_MAX) {
        doors->pause_ms = FH_DOOR_RESTART_MS_MAX;
    }
}

static void on_ended(int status, int signal, void *user)
{
    struct fh_doors *doors = user;
    int64_t lasted_ms = fh_clock_mono_ms() - doors->started_ms;
    fh_child_free(FH_TAKE(doors->child));
    if (doors->quiet) {
        fh_log(FH_LOG_INFO, "door.ended", "status=%d signal=%d", status, signal);
        return;
    }
    if (lasted_ms >= LASTED_MS) {
        doors->pause_ms = FH_DOOR_RESTART_MS;
    }
    fh_log(FH_LOG_WARN,
           "door.ended",
           "status=%d signal=%d after_ms=%lld again_ms=%lld",
           status,
           signal,
           (long long)lasted_ms,
           (long long)doors->pause_ms);
    wait_and_start(doors);
}

static void start(void *user)
{
    struct fh_doors *doors = user;
    FH_CLEANUP(fh_freep) struct handed *handed = fh_calloc(1, sizeof *handed);
    char pid[16];
    struct fh_err err = {.code = FH_OK};
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    const char *const arguments[] = {
        "freehold-door", "--home", doors->config->home.root, "--child", pid, NULL};
    doors->started_ms = fh_clock_mono_ms();
    if (handed == NULL) {
        fh_err_set(&err, FH_ENOMEM, "no memory to start the doors");
    } else {
        hand_down(handed, &doors->config->settings);
        const struct fh_child_options options = {
            .program = doors->program,
            .arguments = arguments,
            .environment = handed->list,
            .ended = on_ended,
            .user = doors,
        };
        if (fh_child_start(&doors->child, doors->loop, &options, &err) == FH_OK) {
            fh_log(FH_LOG_INFO, "door.started", "pid=%d", fh_child_pid(doors->child));
            return;
        }
    }
    fh_log(FH_LOG_ERROR,
           "door.failed",
           "text=\"%s\" again_ms=%lld",
           err.text,
           (long long)doors->pause_ms);
    wait_and_start(doors);
}

/* ---- lifecycle ---- */

int fh_doors_new(struct fh_doors **out, const struct fh_doors_options *options, struct fh_err *err)
{
    struct fh_doors *doors = fh_calloc(1, sizeof *doors);
    if (doors == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for doors");
    }
    doors->loop = options->loop;
    doors->config = options->config;
    doors->pause_ms = FH_DOOR_RESTART_MS;
    snprintf(doors->program, sizeof doors->program, "%s/freehold-door", options->programs);
    int rc = fh_timer_new(&doors->timer, options->loop, start, doors, err);
    if (rc != FH_OK) {
        fh_doors_free(doors);
        return rc;
    }
    *out = doors;
    return FH_OK;
}

void fh_doors_open(struct fh_doors *doors)
{
    if (is_set(doors)) {
        fh_timer_set(doors->timer, 0);
    }
}

void fh_doors_quiesce(struct fh_doors *doors)
{
    if (doors == NULL) {
        return;
    }
    doors->quiet = true;
    fh_timer_clear(doors->timer);
    if (doors->child != NULL) {
        fh_child_signal(doors->child, SIGTERM);
    }
}

bool fh_doors_drained(const struct fh_doors *doors)
{
    return doors == NULL || doors->child == NULL;
}

void fh_doors_free(struct fh_doors *doors)
{
    if (doors == NULL) {
        return;
    }
    fh_timer_free(doors->timer);
    fh_child_free(doors->child);
    fh_free(doors);
}
