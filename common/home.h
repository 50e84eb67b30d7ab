/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Home: the folder of one node in one mesh, `$FREEHOLD_HOME`.
 *
 *     freehold.yaml      settings (proto/settings)
 *     identity/          signed records that `init` and the key commands leave for the daemon: one
 *                        record a file, `NNN-name.record`, imported in name order at start
 *     keys/              key files (proto/identity/keyfile), 0600 in 0700
 *     node.db            what the daemon knows (node/state/store)
 *     run/               lock and sockets
 *     tmp/               spill folders of workers
 *
 * One table names every place, so that the CLI, which makes a home, and the daemon, which lives in
 * it, cannot disagree. Contents are bytes here; their formats are known elsewhere.
 *
 * Does not: know keys, records or settings. Thread: any, distinct homes.
 * Ownership: path buffers are the caller's.
 */
#ifndef FH_COMMON_HOME_H
#define FH_COMMON_HOME_H

#include "common/bytes.h"
#include "common/err.h"

enum {
    /* A Unix socket path holds 108 bytes with its NUL; "/run/admin.sock" goes behind the home. */
    FH_HOME_BYTES_MAX = 108 - 1 - 24,
    FH_HOME_PATH_BYTES = FH_HOME_BYTES_MAX + 160, /* any place of a home, with NUL */
    FH_KEY_FILE_BYTES_MAX = 4096,                 /* a key file is about 200 bytes */
};

/* X(NAME, path inside the home) */
#define FH_HOME_PLACES(X)                                                                          \
    X(ROOT, "")                                                                                    \
    X(SETTINGS, "freehold.yaml")                                                                   \
    X(IDENTITY, "identity")                                                                        \
    X(KEYS, "keys")                                                                                \
    X(INVITATION, "identity/invitation")                                                           \
    X(DATABASE, "node.db")                                                                         \
    X(RUN, "run")                                                                                  \
    X(LOCK, "run/lock")                                                                            \
    X(SOCKET, "run/admin.sock")                                                                    \
    X(TMP, "tmp")

enum fh_home_place {
#define X(name, path) FH_HOME_##name,
    FH_HOME_PLACES(X)
#undef X
        FH_HOME_PLACE_COUNT
};

struct fh_home {
    char root[FH_HOME_BYTES_MAX + 1]; /* absolute, no trailing slash */
};

/* ---- finding and making ---- */

/* Sets the root to the first of: `flag` (may be NULL), $FREEHOLD_HOME, $HOME/.freehold; made
 * absolute, not created. FH_EUSAGE when there is none or the path is too long for a socket. */
FH_MUST_CHECK int fh_home_locate(struct fh_home *out, const char *flag, struct fh_err *err);

/* Makes the folders with their permissions (0700 all). FH_EEXIST (rule "home.exists") when there is
 * a settings file already; folders that are there are kept. */
FH_MUST_CHECK int fh_home_create(const struct fh_home *home, struct fh_err *err);

/* Whether a node or a command can work here: FH_ENOTFOUND (rule "home.missing") without folder or
 * settings, FH_EDENIED (rule "home.permissions") when the home or keys/ may be written, or keys/
 * read, by others. Says what to run. */
FH_MUST_CHECK int fh_home_check(const struct fh_home *home, struct fh_err *err);

/* ---- places ---- */

/* Writes the path of a place to `out` and returns it. */
const char *
fh_home_path(char out[FH_HOME_PATH_BYTES], const struct fh_home *home, enum fh_home_place place);

/* The path of a key file by its name, "keys/NAME.key": "domain", "publisher", "node",
 * "node_agree", "member", "member_agree" at init, others as a person names them. The name must be a
 * Freehold name ([a-z][a-z0-9_]*, <= 63); FH_EINVAL. */
FH_MUST_CHECK int fh_home_key_path(char out[FH_HOME_PATH_BYTES],
                                   const struct fh_home *home,
                                   const char *name,
                                   struct fh_err *err);

/* ---- key files as bytes ---- */

/* Appends the bytes of a key file to `out`; keys/ must be 0700 and the file 0600, both ours
 * (FH_EDENIED, rule "key.permissions"). FH_ENOTFOUND. The caller wipes `out`. */
FH_MUST_CHECK int fh_home_key_read(const struct fh_home *home,
                                   const char *name,
                                   struct fh_buf *out,
                                   struct fh_err *err);

/* Creates a key file durably with 0600; FH_EEXIST when there is one: keys are never overwritten. */
FH_MUST_CHECK int fh_home_key_write(const struct fh_home *home,
                                    const char *name,
                                    struct fh_bytes bytes,
                                    struct fh_err *err);

/* The same for a key that takes the place of another: the earlier file is gone. */
FH_MUST_CHECK int fh_home_key_replace(const struct fh_home *home,
                                      const char *name,
                                      struct fh_bytes bytes,
                                      struct fh_err *err);

/* ---- identity records as bytes ---- */

/* Leaves one record for the daemon under "identity/<order>-<name>.record" (order 0..999, name a
 * Freehold name), replacing an earlier one. */
FH_MUST_CHECK int fh_home_identity_write(const struct fh_home *home,
                                         unsigned order,
                                         const char *name,
                                         struct fh_bytes record,
                                         struct fh_err *err);

/* Removes the file of a record by the name that fh_home_identity_each gave. FH_EIO. */
FH_MUST_CHECK int
fh_home_identity_remove(const struct fh_home *home, const char *file_name, struct fh_err *err);

/* Calls `visit` with the bytes (lent) of every identity record in name order; stops at its first
 * failure, wrapped with the file's name. Files that do not end in ".record" are left alone. */
typedef int
fh_home_visit_fn(void *user, const char *name, struct fh_bytes bytes, struct fh_err *err);
FH_MUST_CHECK int fh_home_identity_each(const struct fh_home *home,
                                        fh_home_visit_fn *visit,
                                        void *user,
                                        struct fh_err *err);

/* ---- the lock ---- */

/* Takes the one lock of the home (flock on run/lock, which then holds our pid) and gives its
 * descriptor; the lock ends with the descriptor or the process. FH_EBUSY (rule "home.locked"):
 * "another node (pid N) uses this home". */
FH_MUST_CHECK int fh_home_lock(const struct fh_home *home, int *out_fd, struct fh_err *err);
void fh_home_unlock(int fd);

#endif
