/* SPDX-License-Identifier: Apache-2.0 */
#include "common/home.h"
#include "tools/cli/admin.h"
#include "tools/cli/cli.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int fh_cmd_node(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_home home;
    char program[FH_PROGRAM_PATH_BYTES];
    (void)args;
    int code = fh_home_locate(&home, cli->home, err);
    if (code == FH_OK) {
        code = fh_home_check(&home, err);
    }
    if (code == FH_OK) {
        code = fh_admin_program(program, "freehold-node", err);
    }
    if (code != FH_OK) {
        return code;
    }
    fflush(NULL);
    execl(program, program, "--home", home.root, (char *)NULL);
    return fh_err_set(err, FH_EIO, "%s: %s", program, strerror(errno));
}
