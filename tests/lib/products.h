/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products for tests: contracts and announcements as records, signed like real ones.
 *
 * Does not: touch files. Thread: any. Ownership: buffers are the caller's; failures abort.
 */
#ifndef FH_TESTS_LIB_PRODUCTS_H
#define FH_TESTS_LIB_PRODUCTS_H

#include "proto/gossip/announce.h"
#include "tests/lib/identities.h"

/* What a contract says; texts are borrowed. NULL texts get a default. */
struct test_product {
    const char *name;    /* "flights" */
    const char *version; /* "1.0.0" */
    const char *purpose; /* description */
    const char *tables;  /* YAML of the list under `schema`, two columns by default */
    const char *tag;     /* one tag */
    const char *person;  /* name of a team member */
    bool is_open;        /* every domain of the mesh may read */
    uint64_t seq;        /* 0: 1 */
    struct fh_record_id prev;
    int64_t created_ms;    /* 0: TEST_START_MS + an hour */
    uint64_t compat_rules; /* 0: FH_CONTRACT_COMPAT_RULES */
};

/* Appends a CONTRACT record by `signer` for `domain`; gives its id. */
struct fh_record_id test_contract_record(struct fh_buf *out,
                                         const struct test_product *product,
                                         const struct fh_domain_id *domain,
                                         const struct test_key *signer,
                                         const struct fh_mesh_id *mesh);

/* Appends an ANNOUNCEMENT record; gives its id. */
struct fh_record_id test_announcement_record(struct fh_buf *out,
                                             const struct fh_announcement *announcement,
                                             const struct test_key *signer,
                                             const struct fh_mesh_id *mesh);

/* The announcement of that contract, active, revision 1, issued with the contract, for a week. */
struct fh_announcement test_announcement_of(const struct test_product *product,
                                            const struct fh_domain_id *domain,
                                            const struct fh_record_id *contract,
                                            size_t contract_bytes);

#endif
