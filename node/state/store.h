/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Store: everything that a node must still know after `kill -9`, in one SQLite file.
 *
 * `node.db` in WAL mode. A durable transaction is on the disk before commit returns; a lazy one
 * (news that gossip would bring again) may lose its last seconds in a power cut, never its
 * consistency. Transactions nest: an inner rollback undoes the inner part only. When the disk is
 * full the outer transaction is rolled back and nothing of it is there.
 *
 * Does not: verify records or know what they mean (proto/identity/directory, node/state/catalog).
 * Thread: the loop thread only. Ownership: bytes given to a visitor are lent for that call.
 *
 * Errors everywhere: FH_EIO with rule "store.full", "store.io" or "store.corrupt" (the text says
 * the remedy), FH_EBUSY, FH_ENOMEM. A visitor's failure ends the walk and is returned as it is. A
 * visitor must not start the same walk again.
 */
#ifndef FH_NODE_STATE_STORE_H
#define FH_NODE_STATE_STORE_H

#include "common/bytes.h"
#include "common/err.h"
#include "common/limits.h"
#include "proto/wire/id.h"

struct fh_store;

/* ---- lifecycle ---- */

/* Opens or makes the file (0600) and brings its schema up to date. FH_EVERSION when a newer
 * Freehold made it. The caller holds the home's lock (common/home.h). Given. */
FH_MUST_CHECK int fh_store_open(struct fh_store **out, const char *path, struct fh_err *err);
/* Closes the file; an open transaction is rolled back. NULL is fine. */
void fh_store_close(struct fh_store *store);
static inline void fh_store_closep(struct fh_store **store)
{
    fh_store_close(*store);
}

/* ---- transactions ---- */

enum fh_store_durability {
    FH_STORE_LAZY,    /* survives kill -9; a power cut may take the last commits */
    FH_STORE_BULK,    /* lazy, for many records whose writers check all before they write: inner
                         levels cost nothing, and undoing one that has written undoes the whole */
    FH_STORE_DURABLE, /* fsynced before commit returns: what is acknowledged to anybody */
};

/* Outside of one, every write is a durable transaction of its own. A durable one must not stand
 * inside a lazy one (asserted: it could not keep its word). */
FH_MUST_CHECK int
fh_store_begin(struct fh_store *store, enum fh_store_durability durability, struct fh_err *err);
/* Ends the innermost transaction. A failed commit has rolled it back. */
FH_MUST_CHECK int fh_store_commit(struct fh_store *store, struct fh_err *err);
/* Commits what there is although the work in it ended with `rc`, and returns that, or what kept the
 * commit from being made. `err` is that of the work, or of the commit. */
FH_MUST_CHECK int fh_store_commit_after(struct fh_store *store, int rc, struct fh_err *err);
/* Undoes the innermost transaction; nothing to do when an error has undone it already. */
void fh_store_rollback(struct fh_store *store);
/* Rows that this connection ever inserted, changed or deleted: as long as it stays the same, what
 * was read still holds. */
uint64_t fh_store_changes(const struct fh_store *store);
/* Depth of open transactions, for cleaning up: 0 when none. */
unsigned fh_store_depth(const struct fh_store *store);

/* ---- numbers and bytes by key ---- */

/* X(NAME, key): generation of the gossip core, last wall time (max(persisted, now)), ... */
#define FH_STORE_KEYS(X)                                                                           \
    X(GENERATION, "generation")                                                                    \
    X(WALL_MS, "wall_ms")                                                                          \
    X(MESH, "mesh")                                                                                \
    X(DOMAIN, "domain")                                                                            \
    X(NODE, "node")                                                                                \
    X(CATALOG_HEARD_MS, "catalog_heard_ms")

enum fh_store_key {
#define X(name, text) FH_STORE_KEY_##name,
    FH_STORE_KEYS(X)
#undef X
        FH_STORE_KEY_COUNT
};

/* `fallback` when the key was never put. */
FH_MUST_CHECK int fh_store_get_number(struct fh_store *store,
                                      enum fh_store_key key,
                                      int64_t fallback,
                                      int64_t *out,
                                      struct fh_err *err);
FH_MUST_CHECK int fh_store_put_number(struct fh_store *store,
                                      enum fh_store_key key,
                                      int64_t value,
                                      struct fh_err *err);
/* Appends to `out`; FH_ENOTFOUND. */
FH_MUST_CHECK int fh_store_get_bytes(struct fh_store *store,
                                     enum fh_store_key key,
                                     struct fh_buf *out,
                                     struct fh_err *err);
FH_MUST_CHECK int fh_store_put_bytes(struct fh_store *store,
                                     enum fh_store_key key,
                                     struct fh_bytes value,
                                     struct fh_err *err);

/* Says who lives here, or that the file belongs to another home: FH_ESTATE, rule "store.identity",
 * when mesh or domain differ from those put before; the node may have another key. The first call
 * puts them. A mesh of zero is not compared or put (a joiner knows it from its invitation at the
 * latest). */
FH_MUST_CHECK int fh_store_identify(struct fh_store *store,
                                    const struct fh_mesh_id *mesh,
                                    const struct fh_domain_id *domain,
                                    const struct fh_node_id *node,
                                    struct fh_err *err);

/* ---- records of identity and membership, in the order in which they were accepted ---- */

struct fh_store_record {
    struct fh_record_id id;
    unsigned type;              /* enum fh_record_type */
    struct fh_domain_id domain; /* whose; zero for the mesh's (charters) */
    struct fh_bytes bytes;
    int64_t received_ms;
};

/* One already there is fine and stays. */
FH_MUST_CHECK int fh_store_record_put(struct fh_store *store,
                                      const struct fh_store_record *record,
                                      struct fh_err *err);
/* Whether that one is kept: one that the directory holds in memory alone is not. */
FH_MUST_CHECK int fh_store_record_held(struct fh_store *store,
                                       const struct fh_record_id *id,
                                       bool *out,
                                       struct fh_err *err);
/* Keeps one record per (type, node): the newest ALIVE or LEAVE of a node. */
FH_MUST_CHECK int fh_store_member_put(struct fh_store *store,
                                      const struct fh_store_record *record,
                                      const struct fh_node_id *node,
                                      struct fh_err *err);
/* Appends the bytes; FH_ENOTFOUND. Looks among records, members, announcements, measurements,
 * contracts, kept proofs and what was agreed on: whatever a peer may pull by id. */
FH_MUST_CHECK int fh_store_record_get(struct fh_store *store,
                                      const struct fh_record_id *id,
                                      struct fh_buf *out,
                                      struct fh_err *err);
/* The same by the first 16 bytes of the id. */
FH_MUST_CHECK int fh_store_record_find(struct fh_store *store,
                                       const struct fh_ref *ref,
                                       struct fh_buf *out,
                                       struct fh_err *err);
FH_MUST_CHECK int
fh_store_record_drop(struct fh_store *store, const struct fh_record_id *id, struct fh_err *err);

typedef int
fh_store_record_visit_fn(void *user, const struct fh_store_record *record, struct fh_err *err);
/* All identity records (fh_store_record_put), oldest first: feeds fh_directory_add at start. */
FH_MUST_CHECK int fh_store_records_each(struct fh_store *store,
                                        fh_store_record_visit_fn *visit,
                                        void *user,
                                        struct fh_err *err);
/* All membership records (fh_store_member_put): feeds the gossip core at start. */
FH_MUST_CHECK int fh_store_members_each(struct fh_store *store,
                                        fh_store_record_visit_fn *visit,
                                        void *user,
                                        struct fh_err *err);

/* Keeps a pair of contradicting records, or one refused for a reason worth proving, as evidence.
 * `rule` names it ("announcement.forked"). At most FH_STORE_PROOFS_MAX are kept, first come. */
FH_MUST_CHECK int fh_store_proof_put(struct fh_store *store,
                                     const char *rule,
                                     const struct fh_store_record *record,
                                     struct fh_err *err);
FH_MUST_CHECK int fh_store_proofs_each(struct fh_store *store,
                                       fh_store_record_visit_fn *visit,
                                       void *user,
                                       struct fh_err *err);

/* Those kept for this rule, the first first. */
FH_MUST_CHECK int fh_store_proofs_of(struct fh_store *store,
                                     const char *rule,
                                     fh_store_record_visit_fn *visit,
                                     void *user,
                                     struct fh_err *err);

/* ---- invitations ---- */

/* Uses an invitation once, durably. The same domain and name may ask again and get the admission
 * that was made then (appended to `out_admission`, result FH_EEXIST without an error text worth
 * showing); anybody else: FH_EDENIED, rule "identity.invitation.used". On FH_OK `admission` is
 * stored with the use. */
FH_MUST_CHECK int fh_store_invitation_use(struct fh_store *store,
                                          const struct fh_record_id *invitation,
                                          const struct fh_domain_id *domain,
                                          const char *name,
                                          struct fh_bytes admission,
                                          int64_t now_ms,
                                          struct fh_buf *out_admission,
                                          struct fh_err *err);

/* ---- peers ---- */

struct fh_store_peer {
    struct fh_node_id node;
    struct fh_domain_id domain;
    char address[FH_ADDRESS_BYTES_MAX + 1];
    int64_t seen_ms; /* Unix; 0: never */
};

/* Where the node is now: where it was before is forgotten. */
FH_MUST_CHECK int
fh_store_peer_put(struct fh_store *store, const struct fh_store_peer *peer, struct fh_err *err);
typedef int
fh_store_peer_visit_fn(void *user, const struct fh_store_peer *peer, struct fh_err *err);
/* Last seen first. */
FH_MUST_CHECK int fh_store_peers_each(struct fh_store *store,
                                      fh_store_peer_visit_fn *visit,
                                      void *user,
                                      struct fh_err *err);

/* ---- local sources: where a version of an own product lies; never leaves the node ---- */

struct fh_store_source {
    char product[FH_NAME_BYTES_MAX + 1];
    char version[FH_VERSION_BYTES_MAX + 1];
    struct fh_record_id contract;
    struct fh_bytes mapping;     /* fh_source_mapping_encode */
    struct fh_bytes data_root;   /* absolute folder, UTF-8 */
    struct fh_bytes fingerprint; /* of the files at publish; may be empty */
    int64_t published_ms;
};

/* Replaces that of the same product and version. */
FH_MUST_CHECK int fh_store_source_put(struct fh_store *store,
                                      const struct fh_store_source *source,
                                      struct fh_err *err);
typedef int
fh_store_source_visit_fn(void *user, const struct fh_store_source *source, struct fh_err *err);
/* Calls `visit` once with the source of this contract; FH_ENOTFOUND. */
FH_MUST_CHECK int fh_store_source_get(struct fh_store *store,
                                      const struct fh_record_id *contract,
                                      fh_store_source_visit_fn *visit,
                                      void *user,
                                      struct fh_err *err);
FH_MUST_CHECK int fh_store_sources_each(struct fh_store *store,
                                        fh_store_source_visit_fn *visit,
                                        void *user,
                                        struct fh_err *err);

#endif
