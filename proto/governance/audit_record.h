/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit record: one line of an owner's audit log.
 *
 * A log says who was allowed or refused what, and what became of it: never a value of a row, a
 * parameter, or a statement, but encrypted for an auditor. What was decided (READ) is one record,
 * and what came of it (ENDED) a later one, so that the first can be on disk before a row leaves.
 *
 *     [1, seq, time, prev bin32, kind, detail]
 *
 * `detail` is an array that belongs to the kind; proto/README.md has the tables. Records of a kind
 * that this version does not know keep their place in the chain (audit_chain.h).
 *
 * Does not: chain, sign or write. Texts may hold anything that UTF-8 can say but U+0000: whoever
 * prints them escapes. Thread: any; pure. Ownership: texts of a record that was read lie
 * in the arena given, bins in the bytes; of one that is packed they are borrowed.
 */
#ifndef FH_PROTO_GOVERNANCE_AUDIT_RECORD_H
#define FH_PROTO_GOVERNANCE_AUDIT_RECORD_H

#include "common/arena.h"
#include "proto/wire/record.h"

/* X(NAME, code, text) */
#define FH_AUDIT_KINDS(X)                                                                          \
    X(OPENED, 0, "opened")         /* a segment begins */                                          \
    X(READ, 1, "read")             /* a question about own products was decided */                 \
    X(ENDED, 2, "ended")           /* what came of one that was allowed */                         \
    X(GOVERNED, 3, "governed")     /* a publication, grant, policy, revocation was decided */      \
    X(CHECKPOINT, 4, "checkpoint") /* the node signs all before it */                              \
    X(RECOVERED, 5, "recovered")   /* the end of the log was torn, and dropped */                  \
    X(PRUNED, 6, "pruned")         /* the oldest segment was removed, under the quota */           \
    X(COUNTED, 7, "counted")       /* refusals that were too many for a record each */

enum fh_audit_kind {
#define X(name, code, text) FH_AUDIT_##name = (code),
    FH_AUDIT_KINDS(X)
#undef X
        FH_AUDIT_KIND_COUNT
};
/* "read"; "unknown" for a kind that this version does not know. */
const char *fh_audit_kind_text(unsigned kind);

struct fh_audit_opened {
    struct fh_mesh_id mesh;
    struct fh_domain_id domain; /* whose log it is */
    struct fh_sign_public key;  /* of the node: signs its checkpoints */
};

enum fh_audit_way {
    FH_AUDIT_QUERY, /* asked here, whatever the door: command, HTTP, PostgreSQL, sample, download */
    FH_AUDIT_PART,  /* a part of a join that another node works on */
    FH_AUDIT_CAN,   /* asked whether it may be read; refused */
    FH_AUDIT_WAY_COUNT
};
const char *fh_audit_way_text(unsigned way);

/* Who asks. */
struct fh_audit_who {
    struct fh_domain_id domain;
    const char *domain_name; /* as pinned then; "" */
    struct fh_key_id key;    /* the member's; zero: the owner's own people, on the admin socket */
    uint32_t role_count;     /* names of roles in its delegations */
    const char *const *roles;
    struct fh_record_id token; /* by which it asked; zero: by the key itself */
    const char *token_label;
};

/* A rule of a policy that did not bind the asker. */
struct fh_audit_waived {
    struct fh_record_id id; /* of the WAIVER */
    const char *rule;       /* "personal 1.0.0 mask[0]": policy, version and rule; without the last:
                               all of the policy */
};

/* What is read of one table of an own product. */
struct fh_audit_table {
    const char *product;
    const char *version;
    const char *table;
    struct fh_record_id contract;
    struct fh_record_id grant; /* zero: none was needed */
    uint32_t policy_count;     /* "name version" of those that governed, in their order */
    const char *const *policies;
    uint32_t column_count; /* those that the statement can have used; one "*": too many to list */
    const char *const *columns;
    uint32_t masked_count; /* of these, masked */
    const char *const *masked;
    bool filtered; /* rows were kept back */
    uint32_t waived_count;
    const struct fh_audit_waived *waived;
};

struct fh_audit_read {
    uint64_t question; /* number of the question: never twice in a log */
    enum fh_audit_way way;
    uint8_t request_id[16];      /* the consumer's number; zero when it was not read */
    struct fh_record_id request; /* the signed request; zero when it was not read */
    struct fh_audit_who who;
    struct fh_domain_id entry; /* of the node that asks or joins */
    const char *purpose;
    struct fh_hash sql;     /* of the statement; zero for a part: its columns say it all */
    struct fh_bytes sealed; /* statement and parameters, for the audit key; empty: none is set */
    uint32_t table_count;   /* own tables; none when it was refused before they were known */
    const struct fh_audit_table *tables;
    unsigned code; /* enum fh_code: FH_OK is allowed */
    const char *rule;
};

struct fh_audit_ended {
    uint64_t question;           /* as in its READ */
    struct fh_record_id request; /* as there */
    unsigned code;               /* FH_OK: complete */
    const char *rule;
    uint64_t rows;
    uint64_t bytes;
    uint64_t duration_ms;
    struct fh_record_id receipt; /* zero: none was given */
};

struct fh_audit_governed {
    const char *what;    /* "publish", "grant", "policy", ... */
    const char *subject; /* product or name; "" */
    struct fh_record_id record;
    struct fh_audit_who who;
    unsigned code;
    const char *rule;
};

struct fh_audit_recovered {
    uint64_t dropped_bytes;
};

/* Questions that were refused, one record for many: see node/state/refusals.h. */
struct fh_audit_counted {
    struct fh_domain_id domain; /* whose keys asked; zero: strangers, or several domains */
    const char *domain_name;
    struct fh_key_id key; /* zero: several */
    unsigned code;        /* FH_OK: several reasons */
    const char *rule;
    uint64_t count;
    int64_t first_ms; /* when the first and the last were refused */
    int64_t last_ms;
};

struct fh_audit_pruned {
    uint64_t first; /* numbers of the records that are gone */
    uint64_t last;
};

/* Any record. */
struct fh_audit_record {
    uint64_t seq;    /* from 1 */
    int64_t time_ms; /* never less than that of the record before */
    struct fh_hash prev;
    unsigned kind; /* may be unknown to this version: then there is no detail */
    union {
        struct fh_audit_opened opened;
        struct fh_audit_read read;
        struct fh_audit_ended ended;
        struct fh_audit_governed governed;
        struct fh_bytes checkpoint; /* an AUDIT_CHECKPOINT record */
        struct fh_audit_recovered recovered;
        struct fh_audit_pruned pruned;
        struct fh_audit_counted counted;
    } detail;
};

/* Append a detail; failures stick in `out`. Too many columns for FH_AUDIT_COLUMNS_MAX become "*".
 */
void fh_audit_opened_pack(struct fh_buf *out, const struct fh_audit_opened *opened);
void fh_audit_read_pack(struct fh_buf *out, const struct fh_audit_read *read);
void fh_audit_ended_pack(struct fh_buf *out, const struct fh_audit_ended *ended);
void fh_audit_governed_pack(struct fh_buf *out, const struct fh_audit_governed *governed);
void fh_audit_checkpoint_pack(struct fh_buf *out, struct fh_bytes record);
void fh_audit_recovered_pack(struct fh_buf *out, const struct fh_audit_recovered *recovered);
void fh_audit_pruned_pack(struct fh_buf *out, const struct fh_audit_pruned *pruned);
void fh_audit_counted_pack(struct fh_buf *out, const struct fh_audit_counted *counted);

/* Appends a whole record around a detail that was packed. */
void fh_audit_record_pack(struct fh_buf *out,
                          const struct fh_audit_record *record,
                          struct fh_bytes detail);

/* Reads a record; scans it first. FH_EINVAL ("pack.*"), FH_ETOOBIG, FH_EVERSION.
 * FH_AUDIT_ARENA_BYTES_MAX of the arena are enough for any; `out` is unchanged on failure. */
FH_MUST_CHECK int fh_audit_record_parse(struct fh_audit_record *out,
                                        struct fh_bytes bytes,
                                        struct fh_arena *arena,
                                        struct fh_err *err);

/* Whether a table's record says that this column can have been read. */
bool fh_audit_table_has(const struct fh_audit_table *table, const char *column);

#endif
