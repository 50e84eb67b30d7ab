/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals: how much of the audit log they may take. Whoever asks in vain as fast as it can would
 * otherwise fill the log's files, and with the oldest of them go the records of what was read.
 *
 *     refused ──► its domain has room in the open file? ──yes──► a record of its own
 *                                   └──no──► counted ──► later one record for all that are alike
 *
 * A file closes when it is full, and refusals fill a part of it alone: so they cannot close one. In
 * a flood the counts are written ever less often, from FH_AUDIT_COUNTED_MS to
 * FH_AUDIT_COUNTED_MS_MAX; strangers, whose ids cost them nothing, are one domain.
 *
 * Does not: write, lock. Thread: distinct objects. Ownership: copies what it is told.
 */
#ifndef FH_NODE_STATE_REFUSALS_H
#define FH_NODE_STATE_REFUSALS_H

#include "common/err.h"
#include "proto/governance/audit_record.h"

/* Who was refused, and why; borrowed. */
struct fh_refusal {
    struct fh_domain_id domain; /* zero: of no domain of the mesh */
    const char *domain_name;    /* "" */
    struct fh_key_id key;       /* not looked at when the domain is zero */
    unsigned code;
    const char *rule;
};

/* That of somebody of whom a record says this: strangers have no name. */
struct fh_refusal fh_refusal_of(const struct fh_audit_who *who, unsigned code, const char *rule);

struct fh_refusals {
    /* private */
    uint64_t domain_bytes; /* that one may take of a file */
    uint64_t bytes;        /* that all may */
    uint64_t taken;        /* by all, of the open file */
    uint32_t domain_count;
    struct {
        struct fh_domain_id domain; /* the first is zero: strangers, and whoever has no place */
        uint64_t taken;
    } domains[1 + FH_AUDIT_REFUSED_DOMAINS_MAX];
    uint32_t kind_count;
    struct fh_refusals_kind {
        struct fh_audit_counted counted; /* its texts are the following */
        char domain_name[FH_NAME_BYTES_MAX + 1];
        char rule[FH_ERR_RULE_BYTES];
    } kinds[FH_AUDIT_COUNTED_MAX + 1]; /* the last: all others */
    int64_t interval_ms;
    int64_t due_ms;  /* monotonic: when the counts are written; 0: there are none */
    int64_t told_ms; /* monotonic: when they were the last time; 0: never */
};

/* Of files of this size. */
void fh_refusals_init(struct fh_refusals *refusals, uint64_t segment_bytes);
/* A new file has begun. */
void fh_refusals_anew(struct fh_refusals *refusals);

/* Whether the domain may have a record more. */
bool fh_refusals_have_room(const struct fh_refusals *refusals, const struct fh_domain_id *domain);
/* One of this size is written. */
void fh_refusals_take(struct fh_refusals *refusals,
                      const struct fh_domain_id *domain,
                      uint64_t bytes);

/* One has no record of its own. Times: Unix, monotonic. */
void fh_refusals_count(struct fh_refusals *refusals,
                       const struct fh_refusal *refusal,
                       int64_t wall_ms,
                       int64_t now_ms);
/* Gives what was counted when it is time, or at the end (`all`), and begins again: the kinds are
 * lent until the next count; their number. */
uint32_t fh_refusals_due(struct fh_refusals *refusals,
                         int64_t now_ms,
                         bool all,
                         const struct fh_refusals_kind **out);

#endif
