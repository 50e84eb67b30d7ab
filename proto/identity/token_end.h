/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token end: the word of a member that a token of its does not count any more, before its time.
 *
 * It goes the way of identity records, to every node, since whoever has a token may ask anywhere.
 * Nothing that the token signed at or after `since` counts. It cannot be taken back.
 *
 *     [1, domain bin32, member key bin32, TOKEN record id bin32, since, created]
 *
 * It is signed by the member key in it, and ends tokens of that key alone: whose token an id is,
 * the TOKEN says. Does not: verify (proto/identity/directory.h). Thread: any. Ownership: values.
 */
#ifndef FH_PROTO_IDENTITY_TOKEN_END_H
#define FH_PROTO_IDENTITY_TOKEN_END_H

#include "proto/wire/record.h"

struct fh_token_end {
    struct fh_domain_id domain;
    struct fh_sign_public member;
    struct fh_record_id token;
    int64_t since_ms; /* Unix ms: what it signed at or after it does not count */
    int64_t created_ms;
};

/* Appends the signed record; failures stick in `out`: FH_EINVAL when a reader would refuse the
 * values, FH_ENOMEM, FH_ETOOBIG. */
void fh_token_end_make(struct fh_buf *out,
                       const struct fh_token_end *end,
                       const struct fh_mesh_id *mesh,
                       const struct fh_sign_secret *member);

/* Reads a record parsed by fh_record_parse. FH_EINVAL ("pack.shape"; "token.end.time": since after
 * its making), FH_EVERSION. */
FH_MUST_CHECK int
fh_token_end_decode(struct fh_token_end *out, const struct fh_record *record, struct fh_err *err);

#endif
