/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serve: queries of consumers and scans of entry peers, from the signed request to the receipt.
 *
 *             QUERY, SCAN                 tables set, running            END, parts complete
 *   (asked) --------------> PREPARING ------------> BEGINNING ---> RUNNING -----------> DONE
 *               parse, gate (pool)     open sources (loop),           |   NEXT by NEXT
 *                                      tables, run (pool)             | error, deadline, cancel,
 *                                                                     v stall, session gone
 *                                                                   DONE
 *
 * Row data stays on pool threads: a NEXT is answered by a job that reads the worker, seals the
 * batch and sends it. The loop sees states and counts. Everything that ends a stream takes one way:
 * the worker is told, then killed at its deadline, remote scans are cancelled, waiting questions
 * are refused, and the stream is freed when the last of them is through.
 *
 * Does not: know who may join the mesh, or move frames. Thread: the loop's. Ownership: keeps what
 * its options name.
 */
#ifndef FH_NODE_QUERY_SERVE_H
#define FH_NODE_QUERY_SERVE_H

#include "node/mesh/mesh.h"
#include "node/query/crew.h"
#include "node/query/rights.h"
#include "node/state/audit.h"

struct fh_serve;

struct fh_serve_options {
    struct fh_loop *loop;
    struct fh_crew *crew;
    struct fh_catalog *catalog;
    struct fh_directory *dir;
    struct fh_store *store;
    struct fh_rights *rights;
    struct fh_keystore *keys;
    struct fh_audit *audit; /* NULL: none is kept */
    bool has_audit_key;
    struct fh_sign_public audit_key; /* for which statements are encrypted */
    struct fh_peers *peers;
    struct fh_mesh *mesh; /* NULL when offline: own products only */
    const struct fh_settings *settings;
    struct fh_mesh_id mesh_id;
    struct fh_domain_id domain;
    struct fh_node_id node;
    fh_questions_refused_fn *turned_away; /* of what has no stream; may be NULL */
    void *user;
};

FH_MUST_CHECK int
fh_serve_new(struct fh_serve **out, const struct fh_serve_options *options, struct fh_err *err);
/* Ends every stream; begins none. Idempotent. */
void fh_serve_quiesce(struct fh_serve *serve);
bool fh_serve_drained(const struct fh_serve *serve);
void fh_serve_free(struct fh_serve *serve);

/* PLAN, QUERY, SCAN, NEXT, CANCEL, STILL, VIEW; the question is taken. */
void fh_serve_question(struct fh_serve *serve, struct fh_question *question);
/* Judges all that runs again, by what directory, grants and policies say now; what may not be read
 * any more ends with its reason. Called twice a second by itself, and by whoever took a record that
 * takes a right away. */
void fh_serve_rejudge(struct fh_serve *serve);
/* A session ended, and with it its streams. */
void fh_serve_session_gone(struct fh_serve *serve, uint64_t session);
/* Streams that exist, for status and tests. */
unsigned fh_serve_streams(const struct fh_serve *serve);

#endif
