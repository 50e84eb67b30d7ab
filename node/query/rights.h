/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rights: what whoever asks may see of an own table, as access.h decides it.
 *
 * Gathers what the decision needs: the product as its contract says it, the roles of the
 * consumer's key, the grants and the policies that this node holds. Contracts never change, so what
 * of them decides is read once and remembered.
 *
 * Does not: check that the request is signed, or carry a view out. Thread: the loop's. Ownership:
 * keeps what its options name; what is decided lies in the caller's arena alone, so policies may
 * change meanwhile.
 */
#ifndef FH_NODE_QUERY_RIGHTS_H
#define FH_NODE_QUERY_RIGHTS_H

#include "node/query/plan.h"
#include "node/state/grants.h"
#include "node/state/policies.h"
#include "proto/governance/access.h"
#include "proto/session/messages_waived.h"

struct fh_rights;

struct fh_rights_options {
    struct fh_catalog *catalog;
    const struct fh_directory *dir;
    struct fh_grants *grants;
    struct fh_policies *policies;
    struct fh_domain_id domain;
};

FH_MUST_CHECK int
fh_rights_new(struct fh_rights **out, const struct fh_rights_options *options, struct fh_err *err);
void fh_rights_free(struct fh_rights *rights);

/* Who asks. Borrowed for the call. */
struct fh_rights_question {
    struct fh_domain_id consumer;
    struct fh_key_id key;
    struct fh_domain_id entry; /* of the node that joins; the consumer's when none does */
    const char *purpose;
    unsigned formats; /* as struct fh_access_ask */
    int64_t now_ms;
    uint32_t role_count; /* roles to suppose, in place of those of the key; NULL: the key's */
    const char *const *roles;
    /* For whoever supposes or explains; zero for whoever serves. */
    bool let_in;           /* suppose that the product is open: what do policies do? */
    uint32_t policy_count; /* policies to suppose, in place of those in force; NULL: those */
    const struct fh_policy_held *const *policies;
    struct fh_access_trace *trace; /* what each rule does is added here; NULL */
};

/* What was decided for one table. */
struct fh_right {
    struct fh_view view;
    struct fh_record_id policy;  /* for the receipt; zero when no policy governs */
    struct fh_record_id grant;   /* zero when none was needed */
    uint32_t policy_count;       /* those that govern, by name */
    const char *const *policies; /* "name version" */
    uint64_t rows_per_day;       /* 0: no bound */
    uint64_t queries_per_hour;
    uint32_t waiver_count;               /* waivers that had a part in it */
    const struct fh_msg_waived *waivers; /* as they are told; `table` is 0 */
};

/* What of a contract decides. Lent until the next question. FH_ENOTFOUND, FH_ENOMEM. */
FH_MUST_CHECK int fh_rights_product(struct fh_rights *rights,
                                    const struct fh_record_id *contract,
                                    const struct fh_access_product **out,
                                    struct fh_err *err);

/* The same for a whole product and anybody, as if he asked: for explanations. `decided` borrows
 * from `ask`, `ask` from the arena and from what this node holds, until the next question or
 * record. */
struct fh_rights_asked {
    struct fh_access_product product;
    const char *roles[FH_ROLE_NAMES_MAX];
    struct fh_access_ask ask;
    struct fh_access_decision decided;
};
FH_MUST_CHECK int fh_rights_explain(struct fh_rights *rights,
                                    const struct fh_rights_question *question,
                                    const struct fh_catalog_entry *entry,
                                    struct fh_arena *arena,
                                    struct fh_rights_asked *out,
                                    struct fh_err *err);

/* What a rule about the quality of a product is asked with: bits by enum fh_quality_state. */
unsigned fh_rights_quality(const struct fh_quality *quality, int64_t now_ms);

/* Decides for an own table. FH_EDENIED with the rules of access.h, FH_ENOTFOUND (no contract),
 * FH_ENOMEM. On failure `out` is unchanged. */
FH_MUST_CHECK int fh_rights_decide(struct fh_rights *rights,
                                   const struct fh_rights_question *question,
                                   const struct fh_plan_table *table,
                                   struct fh_arena *arena,
                                   struct fh_right *out,
                                   struct fh_err *err);

/* The policy id of a receipt over all own tables of a plan; false when no policy governs any. */
bool fh_rights_policy(const struct fh_plan *plan, struct fh_record_id *out);

#endif
