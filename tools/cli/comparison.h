/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparison: a contract that is about to be published, with what is published of its product.
 *
 * It is judged against the last release of its major, and shown beside the last version when its
 * major is new. The node, and every peer, judges it again: this is so that people learn of it with
 * all that breaks, before anything is sent.
 *
 * Does not: ask a node. Thread: one. Ownership: a comparison owns its arena.
 */
#ifndef FH_TOOLS_CLI_COMPARISON_H
#define FH_TOOLS_CLI_COMPARISON_H

#include "common/limits.h"
#include "proto/contract/versions.h"
#include "proto/wire/id.h"
#include "tools/cli/cli.h"

struct fh_comparison {
    struct fh_arena *arena; /* NULL: nothing was compared */
    struct fh_compat compat;
    char since[FH_VERSION_BYTES_MAX + 1]; /* the version that it was compared with */
};

/* All of it is borrowed. */
struct fh_comparison_order {
    struct fh_cli *cli;
    const struct fh_mesh_id *mesh;
    const struct fh_contract *contract; /* of the published text; kept by the comparison */
    struct fh_bytes base; /* record of the last release of its major; empty when none is known */
    struct fh_bytes last; /* last record of the chain; empty at the first */
    bool show_all;        /* say every change, also when the version is great enough */
};

/* Says what there is to say on the messages. FH_ECHECK "contract.version.bump_too_small",
 * FH_ENOMEM, the rules of the records. End with fh_comparison_fini in any case. */
FH_MUST_CHECK int fh_comparison_make(struct fh_comparison *out,
                                     const struct fh_comparison_order *order,
                                     struct fh_err *err);
void fh_comparison_fini(struct fh_comparison *comparison);

#endif
