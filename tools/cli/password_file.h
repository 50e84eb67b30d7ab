/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Password file: what PostgreSQL's programs read from PGPASSFILE or ~/.pgpass.
 *
 *     host:port:database:user:password
 *
 * The first line that fits gives the password. `*` fits anything, a backslash takes the character
 * behind it as it is, lines that begin with # are comments. It is read here, because the worker
 * that connects may open no file of its user.
 *
 * Does not: tell or keep anything that it read besides. Thread: one. Ownership: borrows everything.
 * Source of the format: PostgreSQL 15, "The Password File".
 */
#ifndef FH_TOOLS_CLI_PASSWORD_FILE_H
#define FH_TOOLS_CLI_PASSWORD_FILE_H

#include "common/bytes.h"
#include "common/err.h"

enum { FH_PASSWORD_BYTES = 1024 };

struct fh_password_wanted {
    const char *host;
    uint32_t port;
    const char *database;
    const char *user;
};

/* Finds the password in `text`; "" when no line fits, or when the password is too long. */
void fh_password_find(char out[FH_PASSWORD_BYTES],
                      struct fh_bytes text,
                      const struct fh_password_wanted *wanted);

/* The same in the file `path`; a file that is not there is empty. FH_EDENIED ("key.permissions")
 * for one that others may read, FH_EIO. */
FH_MUST_CHECK int fh_password_file_find(char out[FH_PASSWORD_BYTES],
                                        const char *path,
                                        const struct fh_password_wanted *wanted,
                                        struct fh_err *err);

#endif
