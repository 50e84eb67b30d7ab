/* SPDX-License-Identifier: Apache-2.0 */
/* The checks are the node's own (freehold-node --doctor): here they are run and shown. */
#include "tools/cli/admin.h"
#include "tools/cli/cli.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PARTS = 4, LINE_BYTES = 4096 };

static FH_NORETURN void run_node(const char *program, const char *home, int out)
{
    if (dup2(out, STDOUT_FILENO) >= 0) {
        if (home != NULL) {
            execl(program, program, "--doctor", "--home", home, (char *)NULL);
        } else {
            execl(program, program, "--doctor", (char *)NULL);
        }
    }
    _exit(127);
}

/* Splits "ok\tport.tcp\tfree\t" at its tabs; false when it is no such line. */
static bool split(char *line, const char *parts[PARTS])
{
    char *at = line;
    line[strcspn(line, "\n")] = '\0';
    for (unsigned i = 0; i < PARTS; i++) {
        parts[i] = at;
        at += strcspn(at, "\t");
        if (i + 1 < PARTS && *at == '\0') {
            return false;
        }
        *at++ = '\0';
    }
    return true;
}

/* What the home's node goes by, when one runs. */
static void show_charter(struct fh_cli *cli, struct fh_output *output, unsigned *out_failed)
{
    struct freehold_client *client = NULL;
    struct freehold_status status = {.size = sizeof status};
    struct fh_err ignored;
    if (cli->key == NULL && fh_cli_client(cli, NULL, &client, &ignored) == FH_OK &&
        freehold_status(client, &status, NULL) == FREEHOLD_OK && status.charter > 0) {
        bool contested = strcmp(status.charter_standing, "contested") == 0;
        bool in_force = strcmp(status.charter_standing, "in force") == 0;
        char found[64];
        snprintf(found,
                 sizeof found,
                 "charter %llu is %s",
                 (unsigned long long)status.charter,
                 status.charter_standing);
        fh_output_text(output, in_force ? "ok" : contested ? "fail" : "warn");
        fh_output_text(output, "charter");
        fh_output_text(output, found);
        fh_output_text(output,
                       in_force    ? ""
                       : contested ? "freehold proof list shows both; the members agree which holds"
                                   : "its members renew it: freehold charter propose");
        *out_failed += contested;
    }
    freehold_close(client);
}

static int show(struct fh_cli *cli, FILE *from, unsigned *out_failed, struct fh_err *err)
{
    static const struct fh_output_column columns[PARTS] = {
        {"verdict", FH_OUTPUT_TEXT},
        {"check", FH_OUTPUT_TEXT},
        {"found", FH_OUTPUT_TEXT},
        {"remedy", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    char line[LINE_BYTES];
    while (fgets(line, sizeof line, from) != NULL) {
        const char *parts[PARTS];
        if (!split(line, parts)) {
            return fh_err_set(err, FH_EPROTO, "freehold-node --doctor said what is not known here");
        }
        *out_failed += strcmp(parts[0], "fail") == 0;
        for (unsigned i = 0; i < PARTS; i++) {
            fh_output_text(output, parts[i]);
        }
    }
    show_charter(cli, output, out_failed);
    return fh_output_end(output, err);
}

int fh_cmd_doctor(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    char program[FH_PROGRAM_PATH_BYTES];
    int ends[2];
    (void)args;
    int code = fh_admin_program(program, "freehold-node", err);
    if (code != FH_OK) {
        return code;
    }
    fflush(NULL);
    if (pipe(ends) != 0) {
        return fh_err_set(err, FH_EIO, "pipe: %s", strerror(errno));
    }
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        run_node(program, cli->home, ends[1]);
    }
    close(ends[1]);
    FILE *from = child < 0 ? NULL : fdopen(ends[0], "r");
    if (from == NULL) {
        close(ends[0]);
        return fh_err_set(err, FH_EIO, "starting freehold-node: %s", strerror(errno));
    }
    unsigned failed = 0;
    int status = 0;
    code = show(cli, from, &failed, err);
    fclose(from);
    bool ended = waitpid(child, &status, 0) == child && WIFEXITED(status);
    if (code == FH_OK && failed > 0) {
        code = fh_err_rule(err,
                           FH_ECHECK,
                           "doctor.failed",
                           "%u check%s failed; see the remedies",
                           failed,
                           failed == 1 ? "" : "s");
    } else if (code == FH_OK && (!ended || WEXITSTATUS(status) != 0)) {
        code = fh_err_set(err, FH_EIO, "freehold-node --doctor did not come to its end");
    }
    return code;
}
