/* SPDX-License-Identifier: Apache-2.0 */
/* freehold-node: one domain's node in the foreground. */
#include "common/log.h"
#include "node/config.h"
#include "node/doctor.h"
#include "node/errand.h"
#include "node/node.h"
#include "proto/wire/crypto.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Blocking reads of workers hold a pool thread each; the rest open and seal. */
#define POOL_THREADS "16"

static int report(const struct fh_err *err)
{
    fprintf(stderr, "freehold-node: %s\n", err->text);
    if (err->rule[0] != '\0') {
        fprintf(stderr, "rule: %s\n", err->rule);
    }
    return fh_code_exit(err->code);
}

/* The folder that this program stands in: its worker stands beside it. */
static void own_folder(char out[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
    out[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
}

/* A file that may not grow is an error of one write, told and survived as a full disk is. */
static void outlive_file_limit(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGXFSZ, &ignore, NULL);
}

/* Keys are in this process: no core file, no debugger of the same user. */
static void shut_in(void)
{
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0) {
        fh_log(FH_LOG_WARN, "node.dumpable", "text=\"core files cannot be switched off\"");
    }
}

/* One line a check, parts divided by tabs, for `freehold doctor` and for people. */
static void print_check(enum fh_doctor_verdict verdict,
                        const char *check,
                        const char *found,
                        const char *remedy,
                        void *user)
{
    static const char *const verdicts[] = {"ok", "warn", "fail"};
    (void)user;
    printf("%s\t%s\t%s\t%s\n", verdicts[verdict], check, found, remedy);
}

/* `rc` and `err` say how reading the home went. */
static int examine(const struct fh_config *config, int rc, const struct fh_err *err)
{
    char folder[PATH_MAX];
    bool none = rc == FH_ENOTFOUND && !config->named;
    struct fh_err error = rc == FH_OK || none ? (struct fh_err){.code = FH_OK} : *err;
    own_folder(folder);
    fh_log_set_level(FH_LOG_ERROR);
    return fh_code_exit(
        fh_doctor_run(rc == FH_OK ? config : NULL, &error, folder, print_check, NULL));
}

int main(int argc, char **argv)
{
    struct fh_err err;
    struct fh_config *config = calloc(1, sizeof *config);
    if (config == NULL) {
        fputs("freehold-node: out of memory\n", stderr);
        return 1;
    }
    int rc =
        fh_config_load(config, argc, (const char *const *)argv, (const char *const *)environ, &err);
    if (config->doctor && !config->help) {
        int status = examine(config, rc, &err);
        free(config);
        return status;
    }
    if (rc == FH_OK && config->help) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf help;
        fh_buf_init(&help, 64 * 1024);
        fh_config_help(&help);
        fputs(fh_buf_cstr(&help), stdout);
        free(config);
        return 0;
    }
    if (rc == FH_OK) {
        int level = fh_log_level_from_text(config->settings.log_level);
        fh_log_set_level(level < 0 ? FH_LOG_INFO : (enum fh_log_level)level);
        if (config->warning[0] != '\0') {
            fh_log(FH_LOG_WARN, "config.environment", "text=\"%s\"", config->warning);
        }
        setenv("UV_THREADPOOL_SIZE", POOL_THREADS, 0);
        (void)signal(SIGCHLD,
                     SIG_DFL); /* who starts us may ignore it: then nobody could be waited for */
        shut_in();
        outlive_file_limit();
        rc = fh_crypto_init();
        if (rc != FH_OK) {
            fh_err_set(&err, rc, "libsodium does not start");
        }
    }
    if (rc == FH_OK) {
        char folder[PATH_MAX];
        own_folder(folder);
        rc = config->errand ? fh_errand_run(config, folder, &err)
                            : fh_node_run(config, folder, &err);
    }
    free(config);
    return rc == FH_OK ? 0 : report(&err);
}
