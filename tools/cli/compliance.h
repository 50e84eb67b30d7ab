/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compliance: each own product against each rule of the policies that govern it, the domain's and
 * the mesh's, with what shows it.
 *
 * Everything comes from where it is signed: contracts and measurements from the home's node, each
 * verified; policies as their records say them; who read and what was enforced from the audit log.
 *
 *   ok         the rule holds for the product, or touches nothing of it
 *   violated   the contract is not as it says, it cannot be applied, or it or its policy closes the
 *              product (by its quality; expired, forked, unreadable)
 *   waived     a waiver spares everybody from it, or somebody while it holds for all others
 *   unknown    nothing here shows whether it holds
 *
 * Does not: print. Thread: one. Ownership: rows and their texts live in the report.
 */
#ifndef FH_TOOLS_CLI_COMPLIANCE_H
#define FH_TOOLS_CLI_COMPLIANCE_H

#include "common/arena.h"
#include "tools/cli/cli.h"

enum fh_compliance_state {
    FH_COMPLIANCE_OK,
    FH_COMPLIANCE_VIOLATED,
    FH_COMPLIANCE_WAIVED,
    FH_COMPLIANCE_UNKNOWN,
    FH_COMPLIANCE_STATE_COUNT
};
const char *fh_compliance_state_text(unsigned state);

struct fh_compliance_row {
    const char *product; /* "shop/orders@1.2.0" */
    const char *policy;  /* "personal 1.0.0" */
    bool mesh;           /* it is the mesh's */
    const char *rule;    /* "mask[0]": its place in the policy's text */
    uint32_t line;       /* there; 0: the policy as a whole */
    enum fh_compliance_state state;
    const char *evidence;
    uint64_t enforced_seq; /* record of the audit log in which it was enforced last; 0: in none */
    int64_t enforced_ms;
    const char *readers; /* domains that read the product, by the audit log */
    int64_t read_ms;     /* the last time; 0: never */
    const char *quality;
    int64_t measured_ms; /* 0: never */
    const char *owner;   /* team; "" */
    uint32_t columns;
    uint32_t classified; /* of them */
    uint32_t levels;     /* of service */
    uint32_t channels;   /* of support */
};

struct fh_compliance {
    struct fh_arena *arena;
    uint32_t count;
    uint32_t capacity; /* private */
    struct fh_compliance_row *rows;
};

/* Gathers the report of the home's domain; its node must run. Given: fh_compliance_fini, also after
 * a failure. */
FH_MUST_CHECK int
fh_compliance_make(struct fh_compliance *out, struct fh_cli *cli, struct fh_err *err);
void fh_compliance_fini(struct fh_compliance *report);

#endif
