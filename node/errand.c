/* SPDX-License-Identifier: Apache-2.0 */
#include "node/errand.h"

#include "common/log.h"
#include "common/time.h"
#include "node/admin.h"
#include "node/io/loop.h"
#include "node/quality/profiles.h"
#include "node/quality/testing.h"
#include "node/query/workers.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { DRAIN_LOOK_MS = 10 };

struct errand {
    struct fh_loop *loop;
    struct fh_workers *workers;
    struct fh_profiles *profiles;
    struct fh_testing *testing;
    struct fh_admin *admin;
    struct fh_timer *drain;
    struct fh_signal *signals[2];
    bool going_down;
};

static void on_admin(struct fh_admin_question *question, void *user)
{
    struct errand *errand = user;
    struct fh_err err;
    unsigned code = fh_admin_code(question);
    if (errand->going_down) {
        fh_err_set(&err, FH_ECANCELLED, "this node is going down");
    } else if (code == FH_MSG_ADMIN_PROFILE || code == FH_MSG_ADMIN_CATALOGUE) {
        fh_profiles_question(errand->profiles, question);
        return;
    } else if (code == FH_MSG_ADMIN_TEST) {
        fh_testing_question(errand->testing, question);
        return;
    } else {
        fh_err_rule(&err,
                    FH_EPROTO,
                    "message.unknown",
                    "a node without a home does not answer message %u",
                    code);
    }
    fh_admin_refuse(question, &err);
}

static void look_if_drained(void *user)
{
    struct errand *errand = user;
    if (fh_profiles_drained(errand->profiles) && fh_testing_drained(errand->testing) &&
        fh_workers_drained(errand->workers)) {
        fh_loop_stop(errand->loop);
    } else {
        fh_timer_set(errand->drain, fh_clock_mono_ms() + DRAIN_LOOK_MS);
    }
}

static void on_signal(int signum, void *user)
{
    struct errand *errand = user;
    (void)signum;
    if (!errand->going_down) {
        errand->going_down = true;
        fh_admin_quiesce(errand->admin);
        fh_workers_quiesce(errand->workers);
        fh_timer_set(errand->drain, 0);
    }
}

static int start(struct errand *errand,
                 const struct fh_config *config,
                 const char *programs,
                 struct fh_err *err)
{
    static const int handled[] = {SIGTERM, SIGINT};
    char program[PATH_MAX];
    char spill[FH_HOME_PATH_BYTES];
    char socket[FH_HOME_PATH_BYTES];
    int size = snprintf(program, sizeof program, "%s/freehold-worker", programs);
    if (size < 0 || (size_t)size >= sizeof program) {
        return fh_err_set(err, FH_EINVAL, "the path of freehold-worker is too long");
    }
    struct fh_workers_options workers = {
        .program = program,
        .spill_root = fh_home_path(spill, &config->home, FH_HOME_TMP),
        .workers_max = (uint32_t)config->settings.workers_max,
    };
    uint32_t memory_mib = (uint32_t)config->settings.worker_memory_mib;
    int rc = fh_loop_new(&errand->loop, err);
    if (rc == FH_OK) {
        rc = fh_workers_new(&errand->workers, fh_loop_uv(errand->loop), &workers, err);
    }
    if (rc == FH_OK) {
        rc = fh_profiles_new(&errand->profiles, errand->loop, errand->workers, memory_mib, err);
    }
    if (rc == FH_OK) {
        rc = fh_testing_new(&errand->testing, errand->loop, errand->workers, memory_mib, err);
    }
    if (rc == FH_OK) {
        rc = fh_timer_new(&errand->drain, errand->loop, look_if_drained, errand, err);
    }
    for (size_t i = 0; rc == FH_OK && i < FH_COUNT(handled); i++) {
        rc = fh_signal_new(&errand->signals[i], errand->loop, handled[i], on_signal, errand, err);
    }
    if (rc == FH_OK) {
        rc = fh_admin_open(&errand->admin,
                           errand->loop,
                           fh_home_path(socket, &config->home, FH_HOME_SOCKET),
                           on_admin,
                           errand,
                           err);
    }
    return rc;
}

/* Nothing is in the folder any more; who started this may be gone. */
static void take_away(const struct fh_home *home)
{
    static const enum fh_home_place folders[] = {FH_HOME_RUN, FH_HOME_TMP, FH_HOME_ROOT};
    char path[FH_HOME_PATH_BYTES];
    for (size_t i = 0; i < FH_COUNT(folders); i++) {
        (void)rmdir(fh_home_path(path, home, folders[i]));
    }
}

int fh_errand_run(const struct fh_config *config, const char *programs, struct fh_err *err)
{
    struct errand errand = {0};
    int rc = start(&errand, config, programs, err);
    if (rc == FH_OK) {
        fh_loop_run(errand.loop);
    }
    fh_admin_close(errand.admin);
    for (size_t i = 0; i < FH_COUNT(errand.signals); i++) {
        fh_signal_free(errand.signals[i]);
    }
    fh_timer_free(errand.drain);
    fh_testing_free(errand.testing);
    fh_profiles_free(errand.profiles);
    fh_workers_free(errand.workers);
    fh_loop_free(errand.loop);
    take_away(&config->home);
    return rc;
}
