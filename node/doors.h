/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doors: runs freehold-door beside this node, when its settings open one.
 *
 * HTTP, TLS and PostgreSQL's protocol are parsed in a process of their own, which asks this node as
 * any consumer does. When it ends it is started again, after pauses that grow while it does not
 * last; it ends with the node, however that ends.
 *
 *     WAITING ── timer ──► RUNNING ── it ended ──► WAITING     quiesce: no new start, SIGTERM
 *
 * Does not: know what the doors speak (tools/door). Thread: the loop's. Ownership: keeps its
 * options.
 */
#ifndef FH_NODE_DOORS_H
#define FH_NODE_DOORS_H

#include "node/config.h"

struct fh_doors;
struct fh_loop;

struct fh_doors_options {
    struct fh_loop *loop;
    const struct fh_config *config; /* settings, and the home */
    const char *programs;           /* folder of the programs */
};
/* Starts nothing yet. FH_ENOMEM. */
FH_MUST_CHECK int
fh_doors_new(struct fh_doors **out, const struct fh_doors_options *options, struct fh_err *err);
/* Starts it when a door is set and the node is not offline: the node answers from now on. */
void fh_doors_open(struct fh_doors *doors);
/* Asks it to end, and starts none any more. NULL is fine, for all of these. */
void fh_doors_quiesce(struct fh_doors *doors);
bool fh_doors_drained(const struct fh_doors *doors);
void fh_doors_free(struct fh_doors *doors);

#endif
