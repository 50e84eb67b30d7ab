/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publish batch: the contracts of one `product publish`, which share a node, a review and an
 * output.
 *
 * Files are published one by one, each whole or not at all; one that fails does not hold up the
 * others, unless nobody answers any more.
 *
 * Does not: sign or check (cmd_publish.c does). Thread: one. Ownership: the batch owns what it has
 * opened.
 */
#ifndef FH_TOOLS_CLI_PUBLISH_BATCH_H
#define FH_TOOLS_CLI_PUBLISH_BATCH_H

#include "tools/cli/cli.h"

struct fh_actor;
struct fh_admin;
struct fh_remote;

/* What the files of one command share. */
struct fh_publish_batch {
    struct fh_cli *cli;
    bool dry_run;
    const char *root;         /* --root, or NULL */
    struct fh_actor *home;    /* of a home; NULL with --node */
    struct fh_admin *admin;   /* likewise; NULL until a contract reads without an error */
    struct fh_remote *remote; /* with --node */
    unsigned count;           /* of files */
    unsigned at;              /* from 1 */
    unsigned failed;
    struct fh_output *output; /* NULL before the first row, and for the plain list */
    struct fh_buf review;     /* of all files, when it is wanted */
};

/* Publishes one contract and adds it to output and review, how ever it ends. */
FH_MUST_CHECK int
fh_publish_one(struct fh_publish_batch *batch, const char *path, struct fh_err *err);

#endif
