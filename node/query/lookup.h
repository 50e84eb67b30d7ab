/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lookup: what this node tells of itself and of the products that it knows.
 *
 * A description carries the announcement, the contract and every identity record that somebody
 * needs who knows nothing but the mesh id: whoever asks verifies for himself.
 *
 * Does not: run queries. Thread: the loop's. Ownership: keeps what its options name.
 */
#ifndef FH_NODE_QUERY_LOOKUP_H
#define FH_NODE_QUERY_LOOKUP_H

#include "node/mesh/mesh.h"
#include "node/state/policies.h"

struct fh_lookup {
    struct fh_catalog *catalog;
    struct fh_directory *dir;
    const struct fh_names *names;
    const struct fh_policies *policies;
    struct fh_mesh *mesh; /* NULL when offline */
    struct fh_mesh_id mesh_id;
    struct fh_domain_id domain;
    struct fh_node_id node;
    int64_t started_ms; /* monotonic */
};

/* STATUS, SEARCH, DESCRIBE, HISTORY; the question is taken. */
void fh_lookup_question(struct fh_lookup *lookup, struct fh_question *question);

#endif
