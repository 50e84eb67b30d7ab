/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access: what this consumer may see of this product, and why.
 *
 * One function decides. Denied is what nobody opened:
 *
 *     the owner's own domain reads its products whole;
 *     every domain reads a product whose contract says `roles: [{role: mesh, access: read}]`;
 *     who holds a grant that covers the question reads the columns and rows that it names;
 *     policies of the mesh and of the owning domain then mask, hide and filter, and name the
 *     purposes; the own domain only where they say so. Of several rules the strictest holds, and of
 *     two parties, the consumer and the domain of the peer that joins, the stricter view.
 *
 * A policy that has expired, is contradicted by another of the same number, or cannot be read here
 * closes the products that it governs: what it hid must not come to light because it is gone. Which
 * those are is read of an unreadable one too, where that much can be; else they are all.
 *
 * Does not: verify who the consumer is, that the contract is current, or that grants and policies
 * are signed: the caller gives what it has verified. Thread: any; pure. Ownership: what is decided
 * lies in the arena given, and borrows texts of what was asked.
 */
#ifndef FH_PROTO_GOVERNANCE_ACCESS_H
#define FH_PROTO_GOVERNANCE_ACCESS_H

#include "common/limits.h"
#include "proto/governance/view.h"

struct fh_access_compiled; /* access_compiled.h */
struct fh_access_trace;    /* access_trace.h */
struct fh_contract;
struct fh_grant_held;  /* grant.h */
struct fh_policy_held; /* policy.h */
struct fh_waiver_held; /* waiver.h */

/* ---- what is asked ---- */

struct fh_access_column {
    const char *name;
    const char *classification; /* as the contract has it; "" when it says none */
    const char *sql_type;       /* sql_type.h; "" when it promises none that is served */
    uint32_t tag_count;
    const char *const *tags; /* the column's, then the table's */
};

struct fh_access_table {
    const char *name;
    uint32_t column_count;
    const struct fh_access_column *columns;
};

/* A version of a product, as its contract says it. */
struct fh_access_product {
    struct fh_domain_id owner;
    const char *owner_name; /* for people */
    const char *name;
    uint32_t major;
    bool open_to_mesh;
    uint32_t table_count;
    const struct fh_access_table *tables; /* all of the contract, in its order */
};

/* The part of a contract that decides; texts are borrowed from the contract, the rest lies in the
 * arena. `owner` and `owner_name` are the caller's to fill. NULL when there is no memory. */
FH_MUST_CHECK struct fh_access_product *fh_access_product_of(const struct fh_contract *contract,
                                                             struct fh_arena *arena);

struct fh_access_ask {
    const struct fh_access_product *product;
    struct fh_domain_id consumer; /* an admitted domain */
    const char *consumer_name;    /* as charter or admission pin it */
    struct fh_key_id key;         /* of the consumer's session */
    uint32_t role_count;          /* names of roles in the valid delegations of that key */
    const char *const *roles;
    struct fh_domain_id entry; /* domain of the node that joins; the consumer's when none does */
    const char *entry_name;
    const char *purpose; /* "" when none is stated */
    unsigned formats;    /* bits by enum fh_policy_format: what the answer will be written as */
    unsigned quality;    /* bits by enum fh_quality_state: what the last measurement found, however
                            old, and whether it is stale */
    int64_t now_ms;
    uint32_t grant_count; /* of the product; those for others are passed over */
    const struct fh_grant_held *const *grants;
    uint32_t policy_count; /* all of the mesh and of the owning domain, each name of either once */
    const struct fh_policy_held *const *policies;
    uint32_t waiver_count; /* those for other products and people are passed over */
    const struct fh_waiver_held *const *waivers;
    const struct fh_access_compiled *compiled; /* of this product and these policies, or NULL: the
                                                  decision is the same, and takes longer */
    struct fh_access_trace *trace; /* what each rule does is added here; NULL: nobody asks */
};

/* ---- what is decided ---- */

enum fh_access_by {
    FH_ACCESS_OWN,   /* the product is the domain's own */
    FH_ACCESS_OPEN,  /* its contract opens it to the mesh */
    FH_ACCESS_GRANT, /* a grant does */
    FH_ACCESS_BY_COUNT
};

/* Why a column looks as it does: the strictest rule that touched it. */
struct fh_access_why {
    const struct fh_policy_held *policy; /* NULL: no policy; then a hidden column is outside the
                                            grant, any other as it is */
    uint32_t line;                       /* of the rule in the policy's text */
};

/* "mesh policy personal 1.0.0, line 7"; "" without a policy. */
enum { FH_ACCESS_WHY_BYTES = FH_NAME_BYTES_MAX + FH_VERSION_BYTES_MAX + 48 };
void fh_access_why_text(char out[FH_ACCESS_WHY_BYTES], const struct fh_access_why *why);

struct fh_access_view {
    struct fh_view view;
    const struct fh_access_why *why; /* for each column of the table */
};

struct fh_access_decision {
    enum fh_access_by by;
    const struct fh_grant_held *grant;       /* the one that decided, or NULL */
    const struct fh_grant_held *entry_grant; /* that of the domain that joins, or NULL */
    uint64_t rows_per_day;                   /* 0: no bound; the grant's, for whoever counts */
    uint64_t queries_per_hour;
    int64_t until_ms;      /* not true any more after it: earliest end of what decided; INT64_MAX */
    uint32_t policy_count; /* those that govern the product for this consumer, by name */
    const struct fh_policy_held *const *policies;
    uint32_t waiver_count; /* those by which a rule did not bind that would have */
    const struct fh_waiver_held *const *waivers;
    struct fh_record_id policy_id; /* for the receipt: zero without a policy, the record's of one,
                                      else the hash of all their ids in order, and then of those of
                                      the waivers */
    uint32_t table_count;          /* as the product's */
    const struct fh_access_view *tables; /* a table of which nothing may be seen has no column in
                                            its view: whoever reads it is refused */
};

/* Decides. FH_OK with `out`, or FH_EDENIED with a text for the consumer, out of public names and of
 * what it asked, and the command that asks for access where that would help:
 *
 *     access.denied          neither open nor granted
 *     access.purpose         granted, for other purposes
 *     access.expired         granted once; over, ended, or not begun
 *     access.relay           granted, but not to be joined by a peer of a third domain
 *     access.entry.denied    the domain of the peer that joins may not see it
 *     policy.purpose         a policy names other purposes
 *     policy.quality         a policy closes the product in its present state
 *     policy.export          a policy lets the answer not be written in this form
 *     policy.residency       a policy keeps the domain, or that of the peer that joins, out
 *     policy.expired, policy.forked, policy.unreadable
 *
 * FH_ENOMEM. On failure `out` is unchanged. */
FH_MUST_CHECK int fh_access_decide(struct fh_access_decision *out,
                                   const struct fh_access_ask *ask,
                                   struct fh_arena *arena,
                                   struct fh_err *err);

/* FH_EDENIED ("access.table.denied") for a table of which the decision shows nothing. */
FH_MUST_CHECK int fh_access_check_table(const struct fh_access_decision *decision,
                                        const struct fh_access_ask *ask,
                                        uint32_t table,
                                        struct fh_err *err);

/* Appends `freehold access request DOMAIN/PRODUCT --purpose P --until 90d`, for a shell. Failures
 * stick in `out`. */
void fh_access_request_command(struct fh_buf *out, const struct fh_access_ask *ask);

#endif
