/* SPDX-License-Identifier: Apache-2.0 */
/* freehold-door: HTTP and PostgreSQL's wire protocol beside a node, which starts it. */
#include "common/file.h"
#include "common/log.h"
#include "common/mem.h"
#include "tools/door/door.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static const char help[] =
    "freehold-door: HTTP and PostgreSQL clients of a Freehold node.\n"
    "\n"
    "  freehold-door [--home DIR] [--child PID]\n"
    "\n"
    "freehold-node starts it when http_listen or postgres_listen is set, so nobody needs to.\n"
    "  --home DIR   home of the node; without it FREEHOLD_HOME\n"
    "  --child PID  end with the process of this number, which started this one\n"
    "Settings are those of freehold.yaml in the home; variables FREEHOLD_... go before it.\n";

struct arguments {
    const char *home;
    long child; /* 0: nobody's */
    bool help;
};

static int read_arguments(struct arguments *out, int argc, char **argv, struct fh_err *err)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--home") == 0 && i + 1 < argc) {
            out->home = argv[++i];
        } else if (strcmp(argv[i], "--child") == 0 && i + 1 < argc) {
            out->child = strtol(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--help") == 0) {
            out->help = true;
        } else {
            return fh_err_set(err, FH_EUSAGE, "unknown argument %.64s; see --help", argv[i]);
        }
    }
    return FH_OK;
}

/* The file, then the environment over it: the node hands down so what its flags say. */
static int read_settings(struct fh_settings *out, const struct fh_home *home, struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, FH_SETTINGS_BYTES_MAX);
    fh_settings_init(out);
    int code = fh_file_read(fh_home_path(path, home, FH_HOME_SETTINGS), &text, err);
    if (code == FH_OK) {
        code = fh_settings_parse(out, fh_buf_view(&text), path, err);
    }
    for (size_t i = 0; i < fh_settings_table_count && code == FH_OK; i++) {
        const struct fh_setting *setting = &fh_settings_table[i];
        const char *value = getenv(setting->environment);
        if (value != NULL && value[0] != '\0') {
            code = fh_settings_set(out, setting, value, setting->environment, err);
        }
    }
    return code;
}

/* What opens tokens is in this process while they are used: no core file, no debugger of the same
 * user. */
static void shut_in(void)
{
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0) {
        fh_log(FH_LOG_WARN, "door.dumpable", "text=\"core files cannot be switched off\"");
    }
}

static int run(const struct arguments *arguments, struct fh_err *err)
{
    struct fh_home home;
    FH_CLEANUP(fh_freep) struct fh_settings *settings = fh_calloc(1, sizeof *settings);
    FH_CLEANUP(fh_freep) struct fh_door_settings *door = fh_calloc(1, sizeof *door);
    if (settings == NULL || door == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the settings");
    }
    int code = fh_home_locate(&home, arguments->home, err);
    if (code == FH_OK) {
        code = fh_home_check(&home, err);
    }
    if (code == FH_OK) {
        code = read_settings(settings, &home, err);
    }
    if (code != FH_OK) {
        return code;
    }
    int level = fh_log_level_from_text(settings->log_level);
    fh_log_set_level(level < 0 ? FH_LOG_INFO : (enum fh_log_level)level);
    code = fh_door_settings_of(door, &home, settings, err);
    return code == FH_OK ? fh_door_run(door, err) : code;
}

int main(int argc, char **argv)
{
    struct fh_err err = {0};
    struct arguments arguments = {0};
    int code = read_arguments(&arguments, argc, argv, &err);
    if (code == FH_OK && arguments.help) {
        fputs(help, stdout);
        return 0;
    }
    if (code == FH_OK && arguments.child != 0) {
        /* The parent may have ended before this line. */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != arguments.child) {
            code = fh_err_set(&err, FH_ESTATE, "the node that started this has ended");
        }
    }
    if (code == FH_OK) {
        shut_in();
        code = run(&arguments, &err);
    }
    if (code != FH_OK) {
        fprintf(stderr, "freehold-door: %s\n", err.text);
        if (err.rule[0] != '\0') {
            fprintf(stderr, "rule: %s\n", err.rule);
        }
    }
    return fh_code_exit(code);
}
