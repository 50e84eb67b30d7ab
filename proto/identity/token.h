/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token: a key that a member's key vouches for, for a while.
 *
 * Whoever shows a TOKEN and signs with its key is that member, narrowed: until the token's end, for
 * its purposes and its products only. Grants, budgets, roles and revocations stay those of the
 * member's key. A token's key is in no directory: it can neither vouch for another nor sign any
 * record but a REQUEST that carries its TOKEN.
 *
 *     [1, domain bin32, member key bin32, token key bin32, not before, not after, label,
 *      [purpose, ...], [product, ...]]
 *
 * Does not: know the text that opens a token (proto/identity/deposit.h). Thread: any. Ownership:
 * values.
 */
#ifndef FH_PROTO_IDENTITY_TOKEN_H
#define FH_PROTO_IDENTITY_TOKEN_H

#include "proto/identity/directory.h"

enum {
    /* "domain/product" or "domain/product@MAJOR", as people write it. */
    FH_TOKEN_PRODUCT_BYTES_MAX = FH_SUCCESSOR_BYTES_MAX,
    FH_TOKEN_RECORD_BYTES_MAX = FH_TOKEN_BYTES_MAX + 256, /* with the envelope */
};

struct fh_token {
    struct fh_domain_id domain;
    struct fh_sign_public member;      /* the key that vouches: a member's or publisher's */
    struct fh_sign_public key;         /* the token's own */
    int64_t not_before_ms;             /* Unix ms, inclusive; when it was signed */
    int64_t not_after_ms;              /* inclusive; at most FH_TOKEN_LIFE_MS later */
    char label[FH_NAME_BYTES_MAX + 1]; /* for people, may be empty */
    /* Ascending by bytes, each once; none: no narrower than the member. */
    uint32_t purpose_count;
    char purposes[FH_TOKEN_PURPOSES_MAX][FH_PURPOSE_BYTES_MAX + 1];
    uint32_t product_count;
    char products[FH_TOKEN_PRODUCTS_MAX][FH_TOKEN_PRODUCT_BYTES_MAX + 1];
};

/* Appends the signed record; failures stick in `out`: FH_EINVAL when a reader would refuse the
 * values (fh_token_check says why), FH_ENOMEM, FH_ETOOBIG. */
void fh_token_make(struct fh_buf *out,
                   const struct fh_token *token,
                   const struct fh_mesh_id *mesh,
                   const struct fh_sign_secret *member);

/* FH_EINVAL: "token.time" (no end after the beginning, or more than 90 days), "token.key" (the
 * member's own), "token.label", "token.purposes", "token.products". */
FH_MUST_CHECK int fh_token_check(const struct fh_token *token, struct fh_err *err);

/* Reads a record parsed by fh_record_parse. As above, and FH_EINVAL ("pack.shape"), FH_EVERSION. */
FH_MUST_CHECK int
fh_token_decode(struct fh_token *out, const struct fh_record *record, struct fh_err *err);

/* Whether these bytes are a record of this type, whatever it holds. */
bool fh_token_is_record(struct fh_bytes bytes);

/* Reads the bytes of a TOKEN record (borrowed) and judges it at `when_ms`: its member's key signed
 * it, could at its beginning, and may still ask at `when_ms`, which lies within its time (with
 * FH_CLOCK_SKEW_MS before it). FH_EINVAL ("token.record" and those of decoding), FH_EDENIED
 * ("token.expired"), and the refusals of fh_directory_verify: "record.signer.unknown" also for what
 * another token signed. `out` is unchanged on failure, `out_id` may be NULL. */
FH_MUST_CHECK int fh_token_verify(struct fh_token *out,
                                  struct fh_record_id *out_id,
                                  const struct fh_directory *dir,
                                  struct fh_bytes bytes,
                                  int64_t when_ms,
                                  struct fh_err *err);

/* Whether it is in force at `when_ms`, signatures aside. FH_EDENIED ("token.expired"). */
FH_MUST_CHECK int
fh_token_check_time(const struct fh_token *token, int64_t when_ms, struct fh_err *err);

/* Whether it is for this purpose ("" when none was stated). FH_EDENIED ("token.purpose"). */
FH_MUST_CHECK int
fh_token_check_purpose(const struct fh_token *token, const char *purpose, struct fh_err *err);
/* Whether it is for this product. FH_EDENIED ("token.product"). */
FH_MUST_CHECK int fh_token_check_product(const struct fh_token *token,
                                         const char *domain_name,
                                         const char *product,
                                         uint32_t major,
                                         struct fh_err *err);

#endif
