/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mesh: this node's part in the mesh: joining, gossip, synchronisation, and what it answers about
 * identities, members and announcements.
 *
 *   start -> (not admitted: redeem the invitation, again and again) -> gossip runs
 *         -> leave (says goodbye, at most FH_DRAIN_MS) -> quiesce -> drained -> free
 *
 * Records come in from datagrams, sessions and the admin socket and all take one way (intake.c):
 * verified by directory, catalogue or gossip core, stored, passed on when they were new.
 *
 * Does not: move bytes (node/io), run queries. Thread: the loop's. Ownership: keeps what its
 * options name; lends what its queries return until the next event.
 */
#ifndef FH_NODE_MESH_MESH_H
#define FH_NODE_MESH_MESH_H

#include "node/peer/peers.h"
#include "node/peer/questions.h"
#include "node/state/catalog.h"
#include "node/state/keystore.h"
#include "proto/gossip/gossip.h"

struct fh_loop;
struct fh_mesh;
struct fh_policies;
struct fh_settings;
struct fh_udp;

/* Joining is refused for good (used, expired, wrong mesh): the daemon ends with this error. */
typedef void fh_mesh_refused_fn(const struct fh_err *err, void *user);
/* The node has said goodbye, or gave up waiting. */
typedef void fh_mesh_left_fn(void *user);

/* Another node brought a record that counts here from now on: of the own domain's keys and rights,
 * or what the mesh agreed on. `domain` is that which says so; zero: the mesh. All borrowed. */
typedef void fh_mesh_rights_fn(const struct fh_record *record,
                               const struct fh_domain_id *domain,
                               const struct fh_node_id *from,
                               void *user);

struct fh_mesh_options {
    struct fh_loop *loop;
    struct fh_store *store;
    struct fh_directory *dir;
    struct fh_catalog *catalog;
    struct fh_names *names;
    struct fh_policies *policies;
    struct fh_keystore *keys;
    struct fh_identity *identity;
    struct fh_peers *peers;
    const struct fh_home *home;
    const struct fh_settings *settings;
    fh_mesh_refused_fn *refused;
    fh_mesh_rights_fn *taken; /* may be NULL */
    void *user;
};

/* Keeps everything that the options name. */
FH_MUST_CHECK int
fh_mesh_new(struct fh_mesh **out, const struct fh_mesh_options *options, struct fh_err *err);
/* Joins if need be and begins to gossip over `udp` (kept). */
FH_MUST_CHECK int fh_mesh_start(struct fh_mesh *mesh, struct fh_udp *udp, struct fh_err *err);
/* A datagram came in. */
void fh_mesh_datagram(struct fh_mesh *mesh, struct fh_bytes datagram, const char *from);
/* Others reach this node at the addresses of these settings from now on: tells them. What they say
 * must be checked. */
FH_MUST_CHECK int
fh_mesh_move(struct fh_mesh *mesh, const struct fh_settings *settings, struct fh_err *err);
/* Says goodbye; `fn` is called once, later, and soon when there is nobody to tell. */
void fh_mesh_leave(struct fh_mesh *mesh, fh_mesh_left_fn *fn, void *user);
/* Stops all timers and begins nothing new. */
void fh_mesh_quiesce(struct fh_mesh *mesh);
void fh_mesh_free(struct fh_mesh *mesh);

/* Answers PEERS, WHY, COUNTERS, PROOFS, CHARTER, CHARTERS, IDENTITY, REDEEM, SYNC, PUSH, PULL,
 * PROBE, RECONCILE, MEASUREMENT and POLICY_STATE; the question is taken. */
void fh_mesh_question(struct fh_mesh *mesh, struct fh_question *question);

/* An own announcement was published: spread it. `record` is borrowed. */
void fh_mesh_announced(struct fh_mesh *mesh, struct fh_bytes record);

/* An own product was measured: spread it, at once when what is found is another than before.
 * `record` is borrowed. */
void fh_mesh_measured(struct fh_mesh *mesh, struct fh_bytes record, bool changed);
/* What was agreed on came here first and is taken: hand it on. `record` is borrowed. */
void fh_mesh_agreed(struct fh_mesh *mesh, struct fh_bytes record);
/* Which policies of the mesh each member enforces, this node among them; at most 256. `done` is
 * told once, at once when there is nobody to ask; `nodes` are lent for the call. FH_ENOMEM. */
struct fh_msg_policy_node;
typedef void fh_mesh_status_fn(const struct fh_msg_policy_node *nodes, uint32_t count, void *user);
FH_MUST_CHECK int fh_mesh_policy_status(struct fh_mesh *mesh,
                                        fh_mesh_status_fn *done,
                                        void *user,
                                        struct fh_err *err);
/* An identity record of the own domain, from its steward or shown in a handshake: kept durably and
 * spread, also when the directory knew it already. Refusals of fh_directory_add. */
FH_MUST_CHECK int
fh_mesh_identity(struct fh_mesh *mesh, struct fh_bytes record, bool *out_new, struct fh_err *err);

/* held.c: what is held here changed: tells the gossip core how it stands now. Of the catalogue it
 * is told at once; all else changes in many places, and is looked at with every tick. */
void fh_mesh_held_changed(struct fh_mesh *mesh);

/* Where to find a node or a domain: false when no member that answers is known. `out_address` is
 * lent until the next event. */
bool fh_mesh_address(struct fh_mesh *mesh, const struct fh_node_id *node, const char **out_address);
bool fh_mesh_node_of(struct fh_mesh *mesh,
                     const struct fh_domain_id *domain,
                     struct fh_node_id *out_node,
                     const char **out_address);

/* sync.c: looks for what that node holds and this one does not. With one node once at a time. */
void fh_mesh_look_at(struct fh_mesh *mesh, const struct fh_node_id *node, const char *address);

/* Milliseconds since some node of the domain last answered this node, or was last heard of
 * otherwise (the catalogue's `heard_ms`, Unix); never negative. */
int64_t
fh_mesh_heard_ago(struct fh_mesh *mesh, const struct fh_domain_id *domain, int64_t heard_ms);

struct fh_mesh_counts {
    uint64_t generation; /* 0 before gossip runs */
    uint64_t alive;      /* members that answer or are believed to, this node included */
    uint64_t known;
    uint64_t changes; /* of members, since the process started */
};
struct fh_mesh_counts fh_mesh_counts(struct fh_mesh *mesh);

#endif
