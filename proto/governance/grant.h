/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grant: the owner's word that a domain, or one key of it, may read a product.
 *
 * A grant is a record of the owner, signed by its domain key or a publisher, and ends by itself at
 * `not_after`; a GRANT_END ends it before. It opens a product for the purposes, columns and rows
 * that it names, and for nothing else: what a policy masks or filters stays so.
 *
 * A token of a publisher that may decide signs grants too, within bounds: to the key that asked,
 * for what it asked, and for FH_TOKEN_GRANT_LIFE_MS at most.
 *
 * Several grants of one product stand side by side; each question is judged by all of them.
 *
 * Does not: evaluate the row scope, or know policies. Thread: any; pure. Ownership: texts of a
 * grant that was read lie in the arena given, its token in the record's bytes.
 */
#ifndef FH_PROTO_GOVERNANCE_GRANT_H
#define FH_PROTO_GOVERNANCE_GRANT_H

#include "proto/governance/text_list.h"
#include "proto/identity/token.h"

enum fh_grantee_kind {
    FH_GRANTEE_DOMAIN, /* every key of the domain that may ask */
    FH_GRANTEE_KEY,    /* one key, whichever domain it acts for */
    FH_GRANTEE_KIND_COUNT
};

/* "domain", "key"; "unknown". */
const char *fh_grantee_kind_text(unsigned kind);

struct fh_grant {
    struct fh_domain_id owner;
    enum fh_grantee_kind grantee_kind;
    uint8_t grantee[FH_ID_BYTES]; /* a domain id or a key id, by the kind */
    char product[FH_NAME_BYTES_MAX + 1];
    uint32_t major;               /* 0: every version, as versions 0.x are not granted alone */
    struct fh_text_list purposes; /* none: any purpose, also none stated */
    struct fh_text_list columns;  /* "table.column"; none: all */
    const char *rows;             /* Boolean SQL over column names; "": all rows. Never NULL */
    uint64_t rows_per_day;        /* 0: no bound of its own */
    uint64_t queries_per_hour;    /* 0: no bound of its own */
    bool relay_allowed;           /* a peer of a third domain may join for the grantee */
    int64_t not_before_ms;        /* Unix ms, inclusive; also when it was signed or later */
    int64_t not_after_ms;         /* Unix ms, inclusive; at most FH_GRANT_LIFE_MS later */
    const char *note;             /* for people; may be "". Never NULL */
    struct fh_record_id request;  /* of the ACCESS_REQUEST that it answers; zero: none */
    struct fh_bytes token;        /* TOKEN of the key that signs; empty: the key itself does */
};

/* What ends a grant before its time. It cannot be taken back: make a new grant. */
struct fh_grant_end {
    struct fh_domain_id owner;
    struct fh_record_id grant;
    int64_t since_ms; /* nothing is served at or after it */
    int64_t created_ms;
};

/* A grant as it is held: with its name and what is known of its end. */
struct fh_grant_held {
    struct fh_record_id id;
    struct fh_grant grant;
    int64_t ended_ms; /* since when a GRANT_END ends it; INT64_MAX: none does */
};

/* ---- records ---- */

/* Append the signed record; failures stick in `out`: FH_EINVAL when a reader would refuse the
 * values, FH_ENOMEM, FH_ETOOBIG. */
void fh_grant_make(struct fh_buf *out,
                   const struct fh_grant *grant,
                   const struct fh_mesh_id *mesh,
                   const struct fh_sign_secret *signer);
void fh_grant_end_make(struct fh_buf *out,
                       const struct fh_grant_end *end,
                       const struct fh_mesh_id *mesh,
                       const struct fh_sign_secret *signer);

/* What a reader would refuse: FH_EINVAL with the rule "grant.*" or "name.*" and what would be
 * right. */
FH_MUST_CHECK int fh_grant_check(const struct fh_grant *grant, struct fh_err *err);

/* Read and check the payload of a parsed record of their type. FH_EINVAL ("pack.shape", "grant.*",
 * "name.*"), FH_EVERSION. FH_GRANT_ARENA_BYTES_MAX of the arena are enough for any; `out` is
 * unchanged on failure. */
FH_MUST_CHECK int fh_grant_decode(struct fh_grant *out,
                                  const struct fh_record *record,
                                  struct fh_arena *arena,
                                  struct fh_err *err);
FH_MUST_CHECK int
fh_grant_end_decode(struct fh_grant_end *out, const struct fh_record *record, struct fh_err *err);

/* Verifies a GRANT record (parsed under the directory's mesh) that `grant` was read from, as of
 * `when_ms`: signed by a key that may publish for its owner then, or by a token of such a key that
 * may decide, for its purpose and product; `owner_name` is that of the owner's domain. Refusals:
 * those of fh_token_verify_signer, "token.purpose", "token.product". `out` may be NULL. */
FH_MUST_CHECK int fh_grant_verify(const struct fh_directory *dir,
                                  const struct fh_record *record,
                                  const struct fh_grant *grant,
                                  const char *owner_name,
                                  int64_t when_ms,
                                  struct fh_token_signer *out,
                                  struct fh_err *err);

/* ---- judging ---- */

/* A question that a grant may cover. Texts are borrowed. */
struct fh_grant_ask {
    struct fh_domain_id consumer;
    struct fh_key_id key;      /* of the consumer's session */
    struct fh_domain_id entry; /* domain of the node that joins; the consumer's when none does */
    const char *product;
    uint32_t major;
    const char *purpose; /* "" when none is stated */
    int64_t now_ms;
};

/* X(NAME, text). In the order of judging: the later, the nearer a grant came to covering. */
#define FH_GRANT_VERDICTS(X)                                                                       \
    X(OF_OTHER, "it is for somebody else")                                                         \
    X(OTHER_PRODUCT, "it is of another product")                                                   \
    X(OTHER_VERSION, "it is of another major version")                                             \
    X(EXPIRED, "it has expired")                                                                   \
    X(ENDED, "its owner has ended it")                                                             \
    X(NOT_YET, "it has not begun yet")                                                             \
    X(OTHER_PURPOSE, "it is for other purposes")                                                   \
    X(NO_RELAY, "it does not let a peer of a third domain join for you")                           \
    X(COVERS, "it covers the question")

enum fh_grant_verdict {
#define X(name, text) FH_GRANT_##name,
    FH_GRANT_VERDICTS(X)
#undef X
        FH_GRANT_VERDICT_COUNT
};

/* "it has expired"; "unknown". */
const char *fh_grant_verdict_text(unsigned verdict);

/* Whether the grant covers the question, and if not, the first thing that is missing. Purposes are
 * compared byte for byte. */
enum fh_grant_verdict fh_grant_covers(const struct fh_grant_held *held,
                                      const struct fh_grant_ask *ask);

/* Whether the grant opens this column of this table. */
bool fh_grant_has_column(const struct fh_grant *grant, const char *table, const char *column);

#endif
