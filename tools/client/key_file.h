/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key files outside a home: the key of a person or a job, which a domain has let in.
 *
 * The format is that of proto/identity/keyfile.h. The file says "member"; what the key may do, the
 * domain's delegation says. A publisher's key of a home is taken as well. A file that others can
 * read is refused.
 *
 * Does not: keep secrets: the caller wipes what it gets. Thread: any. Ownership: paths are
 * borrowed.
 */
#ifndef FH_TOOLS_CLIENT_KEY_FILE_H
#define FH_TOOLS_CLIENT_KEY_FILE_H

#include "proto/identity/keyfile.h"

/* Makes a key and its file, 0600; with `passphrase_path` (may be NULL) sealed with the first line
 * of that file. FH_EEXIST: keys are never overwritten. FH_EIO, FH_EDENIED, FH_EUSAGE (an empty
 * passphrase). */
FH_MUST_CHECK int fh_key_file_create(const char *path,
                                     const char *passphrase_path,
                                     struct fh_sign_public *out_public,
                                     struct fh_err *err);

/* Reads a member's or publisher's key. FH_ENOTFOUND, FH_EDENIED ("key.permissions",
 * "key.passphrase"), FH_EINVAL ("key.*"). */
FH_MUST_CHECK int fh_key_file_read(const char *path,
                                   const char *passphrase_path,
                                   struct fh_sign_public *out_public,
                                   struct fh_sign_secret *out_secret,
                                   struct fh_err *err);

#endif
