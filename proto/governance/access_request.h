/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access request: a consumer asks an owner for a grant, and the owner's answer.
 *
 * The request is signed with the consumer's own key, or that of a token of it, so it may travel by
 * any peer and wait there: whoever carries it can neither change it nor ask in the consumer's name.
 * The answer is signed by the owner, or a token of its publisher; an approval names the grant that
 * was made.
 *
 * Does not: decide. Thread: any; pure. Ownership: texts of a record that was read lie in the arena
 * given, its token in the record's bytes.
 */
#ifndef FH_PROTO_GOVERNANCE_ACCESS_REQUEST_H
#define FH_PROTO_GOVERNANCE_ACCESS_REQUEST_H

#include "proto/governance/grant.h"

struct fh_access_request {
    struct fh_domain_id consumer; /* for which the key acts */
    struct fh_key_id key;         /* signs the record */
    struct fh_domain_id owner;
    char product[FH_NAME_BYTES_MAX + 1];
    uint32_t major;              /* 0: every version */
    struct fh_text_list columns; /* "table.column"; none: all */
    const char *purpose;         /* 1 .. FH_PURPOSE_BYTES_MAX bytes. Never NULL */
    int64_t until_ms;            /* how long access is wanted: at most FH_GRANT_LIFE_MS */
    const char *note;            /* for the owner's people; may be "". Never NULL */
    int64_t created_ms;
    struct fh_bytes token; /* TOKEN of the key that signs; empty: the key itself does */
};

enum fh_access_outcome {
    FH_ACCESS_APPROVED,
    FH_ACCESS_DENIED,
    FH_ACCESS_OUTCOME_COUNT,
};

/* "approved", "denied"; "unknown". */
const char *fh_access_outcome_text(unsigned outcome);

struct fh_access_answer {
    struct fh_domain_id owner;
    struct fh_record_id request;
    enum fh_access_outcome outcome;
    struct fh_record_id grant;                /* of an approval; zero for a denial */
    char reason[FH_GRANT_NOTE_BYTES_MAX + 1]; /* of a denial; may be "" for an approval */
    int64_t created_ms;
    struct fh_bytes token; /* TOKEN of the key that signs; empty: the key itself does */
};

/* Append the signed record; failures stick in `out`: FH_EINVAL when a reader would refuse the
 * values, FH_ENOMEM, FH_ETOOBIG. */
void fh_access_request_make(struct fh_buf *out,
                            const struct fh_access_request *request,
                            const struct fh_mesh_id *mesh,
                            const struct fh_sign_secret *signer);
void fh_access_answer_make(struct fh_buf *out,
                           const struct fh_access_answer *answer,
                           const struct fh_mesh_id *mesh,
                           const struct fh_sign_secret *signer);

/* What a reader would refuse: FH_EINVAL with the rule "access.*" or "name.*" and what would be
 * right. */
FH_MUST_CHECK int fh_access_request_check(const struct fh_access_request *request,
                                          struct fh_err *err);

/* Verifies an ACCESS_REQUEST record (parsed under the directory's mesh) that `request` was read
 * from: signed by the key that it names, which could ask for the consumer then, or by a token of
 * that key that may ask, for this purpose and product; `owner_name` is that of the owner's domain.
 * FH_ESIG ("access.key"), and the refusals of fh_token_verify_signer, "token.purpose" and
 * "token.product". */
FH_MUST_CHECK int fh_access_request_verify(const struct fh_directory *dir,
                                           const struct fh_record *record,
                                           const struct fh_access_request *request,
                                           const char *owner_name,
                                           struct fh_err *err);

/* Verifies an ACCESS_ANSWER record (parsed under the directory's mesh) that `answer` was read from,
 * as of `when_ms`: signed by a key that may publish for its owner then, or by a token of such a key
 * that may decide, for the purpose and product of the `request` that it answers. Refusals: those of
 * fh_token_verify_signer, "token.purpose", "token.product". */
FH_MUST_CHECK int fh_access_answer_verify(const struct fh_directory *dir,
                                          const struct fh_record *record,
                                          const struct fh_access_answer *answer,
                                          const struct fh_access_request *request,
                                          const char *owner_name,
                                          int64_t when_ms,
                                          struct fh_err *err);

/* Whether a grant by a token gives no more than this request of this id asked for; FH_OK for a
 * grant that a key signed. FH_EDENIED ("grant.token.more"). */
FH_MUST_CHECK int fh_access_check_grant(const struct fh_grant *grant,
                                        const struct fh_access_request *request,
                                        const struct fh_record_id *id,
                                        struct fh_err *err);

/* Read and check the payload of a parsed record of their type. FH_EINVAL ("pack.shape",
 * "access.*", "name.*"), FH_EVERSION. FH_GRANT_ARENA_BYTES_MAX of the arena are enough for any;
 * `out` is unchanged on failure. */
FH_MUST_CHECK int fh_access_request_decode(struct fh_access_request *out,
                                           const struct fh_record *record,
                                           struct fh_arena *arena,
                                           struct fh_err *err);
FH_MUST_CHECK int fh_access_answer_decode(struct fh_access_answer *out,
                                          const struct fh_record *record,
                                          struct fh_err *err);

#endif
