/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/cli.h"

#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

static bool wants_colour(int fd)
{
    const char *no_colour = getenv("NO_COLOR");
    return isatty(fd) == 1 && (no_colour == NULL || no_colour[0] == 0);
}

int main(int argc, char **argv)
{
    /* Widths of characters; numbers and messages stay as they are. */
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
        setlocale(LC_CTYPE, "");
    }
    struct fh_cli cli = {
        .out = stdout,
        .messages = stderr,
        .in = stdin,
        .out_is_terminal = isatty(STDOUT_FILENO) == 1,
        .out_colour = wants_colour(STDOUT_FILENO),
        .message_colour = wants_colour(STDERR_FILENO),
        .progress = isatty(STDERR_FILENO) == 1,
        .in_is_terminal = isatty(STDIN_FILENO) == 1,
        .format = FH_OUTPUT_TABLE,
    };
    return fh_cli_run(&cli, argc, argv);
}
