/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names: which domain is meant by a name at this node.
 *
 * A local alias wins, then what charter and admission say. The first use of a name pins it to an
 * id. Should the name come to mean another id later, be it that the mesh admits a second domain
 * under it or that the directory was learned anew in another order, the name is stopped: whoever
 * asks for it here is refused, until a person of this domain decides which of the two is right.
 * Names that a charter gives and the own name are not stopped by an admission.
 *
 * What is decided and called so stays at this node. It is no right: who may read what is judged by
 * ids and by the names of the mesh.
 *
 * Does not: take records, spread anything. Thread: the loop's. Ownership: keeps what its options
 * name.
 */
#ifndef FH_NODE_STATE_NAMES_H
#define FH_NODE_STATE_NAMES_H

#include "node/state/store_names.h"
#include "proto/identity/directory.h"
#include "proto/session/messages_names.h"

struct fh_names;

struct fh_names_options {
    struct fh_store *store;
    struct fh_directory *dir;
    struct fh_mesh_id mesh_id;
    struct fh_domain_id self;
};

/* The rule for which an admission is kept as proof: its name is another domain's. */
#define FH_NAMES_TAKEN "identity.name.taken"

/* Before the directory takes any record: what people here decided. */
FH_MUST_CHECK int
fh_names_settle(struct fh_store *store, struct fh_directory *dir, struct fh_err *err);
/* Reads what the store holds, and pins what has a name and no pin yet. Given. */
FH_MUST_CHECK int fh_names_open(struct fh_names **out,
                                const struct fh_names_options *options,
                                int64_t now_ms,
                                struct fh_err *err);
void fh_names_close(struct fh_names *names);
/* Pins what has a name and no pin yet, as after a charter. */
FH_MUST_CHECK int fh_names_pin(struct fh_names *names, int64_t now_ms, struct fh_err *err);
/* Looks again which names are stopped: after a contest, or a pin that was refused. */
FH_MUST_CHECK int fh_names_review(struct fh_names *names, struct fh_err *err);

/* ---- asking ---- */

/* The domain of a name; `out_alias` (may be NULL) says whether it is what people here call it.
 * FH_ESIG ("name.pinned": stopped, with the command that decides), FH_ENOTFOUND
 * ("domain.unknown"). */
FH_MUST_CHECK int fh_names_resolve(const struct fh_names *names,
                                   const char *name,
                                   struct fh_domain_id *out,
                                   bool *out_alias,
                                   struct fh_err *err);

enum fh_name_source fh_names_source(const struct fh_names *names,
                                    const struct fh_domain_id *domain);
/* Rises whenever it was looked again: names may mean something else, or be contested. */
uint64_t fh_names_edits(const struct fh_names *names);
/* Whether an admission gave the name to another domain too, whatever was decided about it. */
bool fh_names_contested(const struct fh_names *names, const char *name);
/* What people here call it, or "". Lent until the next change. */
const char *fh_names_alias_of(const struct fh_names *names, const struct fh_domain_id *domain);

struct fh_named {
    char name[FH_NAME_BYTES_MAX + 1];
    struct fh_domain_id domain;
    int64_t since_ms;
    bool alias;
    bool decided;
    bool known;   /* the domain is here, and for a pin: it has the name */
    bool stopped; /* `claimed_by` claims the name */
    struct fh_domain_id claimed_by;
};
typedef int fh_names_visit_fn(void *user, const struct fh_named *named, struct fh_err *err);
/* Aliases, then pins, each by name; a pin that several claim comes once for each of them. */
FH_MUST_CHECK int fh_names_each(const struct fh_names *names,
                                fh_names_visit_fn *visit,
                                void *user,
                                struct fh_err *err);

/* ---- deciding: durably, or with `dry_run` only checked ---- */

/* The name is this domain's. FH_ENOTFOUND ("pin.claim": it claims no such name), FH_EDENIED
 * ("pin.charter", "pin.own"), FH_ETOOBIG. */
FH_MUST_CHECK int fh_names_accept(struct fh_names *names,
                                  const char *name,
                                  const struct fh_domain_id *domain,
                                  int64_t now_ms,
                                  bool dry_run,
                                  struct fh_err *err);
/* People here call the domain so. FH_ENOTFOUND ("domain.unknown"), FH_EINVAL ("name.*"), FH_EDENIED
 * ("pin.own"), FH_ETOOBIG ("pin.aliases"). */
FH_MUST_CHECK int fh_names_alias(struct fh_names *names,
                                 const char *name,
                                 const struct fh_domain_id *domain,
                                 int64_t now_ms,
                                 bool dry_run,
                                 struct fh_err *err);
/* Forgets an alias, or else a pin: the name is pinned anew to whose it is now. FH_ENOTFOUND
 * ("pin.unknown"). */
FH_MUST_CHECK int fh_names_remove(
    struct fh_names *names, const char *name, int64_t now_ms, bool dry_run, struct fh_err *err);

#endif
