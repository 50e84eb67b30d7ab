/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Report: each product of a domain against each rule of the policies that govern it, the domain's
 * and the mesh's, with what shows it.
 *
 * Everything comes from where it is signed: contracts and measurements from the home's node, each
 * verified; policies as their records say them; who read and what was enforced from the audit log.
 * Of another domain's products the own node knows what the mesh agreed on, and no audit log.
 *
 *   ok         the rule holds for the product, or touches nothing of it
 *   violated   the contract is not as it says, it cannot be applied, or it or its policy closes the
 *              product (by its quality; expired, forked, unreadable)
 *   waived     a waiver spares everybody from it, or somebody while it holds for all others
 *   unknown    nothing here shows whether it holds
 *
 * Does not: print. Thread: one. Ownership: rows and their texts live in the report.
 */
#ifndef FH_TOOLS_COMPLIANCE_REPORT_H
#define FH_TOOLS_COMPLIANCE_REPORT_H

#include "common/arena.h"
#include "tools/compliance/source.h"

enum fh_compliance_state {
    FH_COMPLIANCE_OK,
    FH_COMPLIANCE_VIOLATED,
    FH_COMPLIANCE_WAIVED,
    FH_COMPLIANCE_UNKNOWN,
    FH_COMPLIANCE_STATE_COUNT
};
const char *fh_compliance_state_text(unsigned state);
/* FH_EINVAL ("compliance.state") with the words that there are. */
FH_MUST_CHECK int
fh_compliance_state_parse(enum fh_compliance_state *out, const char *text, struct fh_err *err);

struct fh_compliance_row {
    const char *domain;  /* name of the owner */
    const char *product; /* "shop/orders@1.2.0" */
    const char *name;    /* "orders" */
    uint32_t major;
    const char *policy; /* "personal 1.0.0" */
    bool mesh;          /* it is the mesh's */
    const char *rule;   /* "mask[0]": its place in the policy's text; "policy": as a whole */
    uint32_t line;      /* there; 0: the policy as a whole */
    enum fh_compliance_state state;
    const char *evidence;
    const char *waiver;      /* "fhr1..." of one that waives it; "" */
    int64_t waived_until_ms; /* of that; 0 */
    bool break_glass;        /* it is one for an emergency */
    uint64_t enforced_seq;   /* record of the audit log in which it was enforced last; 0: in none */
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
    bool log_changed; /* the audit log is not as it was written: see `freehold audit verify` */
};

/* Given: fh_compliance_fini, also after a failure. Errors of the calls; FH_ENOTFOUND
 * ("domain.unknown"), FH_ETOOBIG ("compliance.rows"). */
FH_MUST_CHECK int fh_compliance_make(struct fh_compliance *out,
                                     const struct fh_compliance_source *source,
                                     struct fh_err *err);
void fh_compliance_fini(struct fh_compliance *report);

#endif
