/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking: one question to a node of the own domain, which is opened for it, and the answer.
 *
 * Does not: know what is asked. Thread: one. Ownership: owns what it names; what `reader` reads
 * lies in `answer`.
 */
#ifndef FH_TOOLS_CLI_ASKING_H
#define FH_TOOLS_CLI_ASKING_H

#include "tools/cli/own_node.h"

struct fh_asking {
    struct fh_own_node own;
    struct fh_buf request; /* the caller writes it before it asks */
    struct fh_buf answer;
    struct fh_pack_reader reader; /* at the fields of the answer */
};

void fh_asking_init(struct fh_asking *asking);
void fh_asking_fini(struct fh_asking *asking);

/* Opens the node as fh_own_node_open, and asks what `request` holds as fh_own_node_call. */
FH_MUST_CHECK int fh_asking_ask(struct fh_asking *asking,
                                struct fh_cli *cli,
                                const char *node,
                                int64_t timeout_ms,
                                struct fh_err *err);

#endif
