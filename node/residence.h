/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Residence: who lives in this home. The lock, the keys, what the store remembers, the directory of
 * identities and the catalogue, all opened and in agreement with each other.
 *
 * Opening reads the stored identities, then those that `init` and the key commands left in the
 * home, and finds the domain that delegates to the node's key.
 *
 * Does not: touch a network. Thread: the loop's. Ownership: owns all its parts; `config` is kept.
 */
#ifndef FH_NODE_RESIDENCE_H
#define FH_NODE_RESIDENCE_H

#include "node/config.h"
#include "node/peer/admit.h"
#include "node/query/rights.h"
#include "node/state/audit.h"
#include "node/state/catalog.h"
#include "node/state/deposits.h"
#include "node/state/keystore.h"

struct fh_residence {
    const struct fh_config *config;
    int lock; /* descriptor, or -1 */
    struct fh_store *store;
    struct fh_keystore *keys;
    struct fh_mesh_id mesh_id;
    struct fh_domain_id domain; /* ours */
    struct fh_directory *dir;
    struct fh_names *names;
    struct fh_catalog *catalog;
    struct fh_grants grants; /* opened with the catalogue */
    struct fh_policies *policies;
    struct fh_deposits *deposits;
    struct fh_rights *rights;
    struct fh_audit *audit; /* NULL: none is kept */
    struct fh_identity *identity;
    struct fh_verified *verified; /* private: of `dir` */
    bool remembers; /* private: a record that the store held whole is on its way into `dir` */
};

/* Opens everything. On failure what was opened stays for fh_residence_close. FH_EBUSY (another node
 * has the home), FH_ENOTFOUND ("identity.missing": no domain delegates to the node key), and the
 * errors of keystore, store, directory and catalogue. */
FH_MUST_CHECK int
fh_residence_open(struct fh_residence *home, const struct fh_config *config, struct fh_err *err);
/* Takes one identity record of the own domain into directory and store, as at the start; `out_new`
 * says whether it was unknown. Refusals of fh_directory_add. */
FH_MUST_CHECK int fh_residence_take(struct fh_residence *home,
                                    struct fh_bytes record,
                                    bool *out_new,
                                    struct fh_err *err);
/* Closes what is open; works on a residence that never opened. */
void fh_residence_close(struct fh_residence *home);

#endif
