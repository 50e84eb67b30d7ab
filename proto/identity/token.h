/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token: a key that a member's key vouches for, for a while.
 *
 * Whoever shows a TOKEN and signs with its key is that member, narrowed: until the token's end, for
 * its purposes and its products only. Grants, budgets, roles and revocations stay those of the
 * member's key. A token's key is in no directory: it can neither vouch for another nor sign any
 * record but those that carry its TOKEN: a REQUEST, and what its powers say.
 *
 *     [1, domain bin32, member key bin32, token key bin32, not before, not after, label,
 *      [purpose, ...], [product, ...], powers]
 *
 * Does not: know the text that opens a token (proto/identity/deposit.h). Thread: any. Ownership:
 * values.
 */
#ifndef FH_PROTO_IDENTITY_TOKEN_H
#define FH_PROTO_IDENTITY_TOKEN_H

#include "proto/identity/directory.h"

struct fh_pack_reader;

enum {
    /* "domain/product" or "domain/product@MAJOR", as people write it. */
    FH_TOKEN_PRODUCT_BYTES_MAX = FH_SUCCESSOR_BYTES_MAX,
    FH_TOKEN_RECORD_BYTES_MAX = FH_TOKEN_BYTES_MAX + 256, /* with the envelope */
};

/* What a token may beside reading: bits. X(NAME, bit, word, what it lets do) */
#define FH_TOKEN_POWERS(X)                                                                         \
    X(ASK, 1, "ask", "ask owners for access")                                                      \
    X(DECIDE, 2, "decide", "answer requests for access to the domain's products")

enum fh_token_power {
#define X(name, bit, word, what) FH_TOKEN_##name = (bit),
    FH_TOKEN_POWERS(X)
#undef X
};
enum { FH_TOKEN_POWERS_TEXT_BYTES = 32 }; /* all words, by comma */

/* The power of this word; 0: there is none of that name. */
unsigned fh_token_power_of(const char *word);
/* "ask,decide"; "" for none, and nothing for bits that are not known. */
void fh_token_powers_text(char out[FH_TOKEN_POWERS_TEXT_BYTES], unsigned bits);

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
    uint32_t powers; /* bits of enum fh_token_power; those of later versions give nothing */
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
 * ("token.expired", "token.revoked"), and the refusals of fh_directory_verify:
 * "record.signer.unknown" also for what another token signed. `out` is unchanged on failure,
 * `out_id` may be NULL. */
FH_MUST_CHECK int fh_token_verify(struct fh_token *out,
                                  struct fh_record_id *out_id,
                                  const struct fh_directory *dir,
                                  struct fh_bytes bytes,
                                  int64_t when_ms,
                                  struct fh_err *err);

/* Whether a TOKEN of this id was not ended by its member before `when_ms`; FH_OK for a zero id.
 * FH_EDENIED ("token.revoked"). */
FH_MUST_CHECK int fh_token_check_end(const struct fh_directory *dir,
                                     const struct fh_sign_public *member,
                                     const struct fh_record_id *id,
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
/* Whether it may do this beside reading. FH_EDENIED ("token.power"). */
FH_MUST_CHECK int
fh_token_check_power(const struct fh_token *token, enum fh_token_power power, struct fh_err *err);

/* ---- records that a token signs ---- */

/* Such a record carries the TOKEN as the element behind those that it always has, so that whoever
 * gets it can judge it. Appends it; nothing for an empty one. `fields` counts the element. */
static inline uint32_t fh_token_carried_fields(struct fh_bytes token)
{
    return token.size > 0 ? 1 : 0;
}
void fh_token_carry(struct fh_buf *out, struct fh_bytes token);
/* Reads it when `count`, the elements that are there, says so; lent from the reader's bytes. Gives
 * how many of the elements are known. */
uint32_t fh_token_read_carried(struct fh_bytes *out,
                               struct fh_pack_reader *reader,
                               uint32_t count,
                               uint32_t fields);

/* Who signed a record. */
struct fh_token_signer {
    struct fh_key_id key;         /* whose word it is: the signer's, of a token its member's */
    struct fh_sign_public public; /* by which the signature is: the signer's, or the token's */
    bool by_token;
    struct fh_record_id token_id; /* zero without a token */
    struct fh_token token;
};

/* Verifies a record (parsed under the directory's mesh) of `domain` that was signed at `when_ms` by
 * a key with one of `roles`, or, with `carried` (empty: none), by the key of that token, whose
 * member has one of `roles`; `power` is what the token must have (0: reading is enough). Refusals:
 * those of fh_directory_verify and fh_token_verify, "record.signature" and "token.other" (FH_ESIG),
 * "token.power" (FH_EDENIED). `out` is unchanged on failure. */
FH_MUST_CHECK int fh_token_verify_signer(struct fh_token_signer *out,
                                         const struct fh_directory *dir,
                                         const struct fh_record *record,
                                         const struct fh_domain_id *domain,
                                         struct fh_bytes carried,
                                         unsigned power,
                                         unsigned roles,
                                         int64_t when_ms,
                                         struct fh_err *err);
/* The same without the signature of the record itself: fh_token_prove_signer has to hold, too,
 * before anything is read for it, or shown to others. */
FH_MUST_CHECK int fh_token_judge_signer(struct fh_token_signer *out,
                                        const struct fh_directory *dir,
                                        const struct fh_record *record,
                                        const struct fh_domain_id *domain,
                                        struct fh_bytes carried,
                                        unsigned power,
                                        unsigned roles,
                                        int64_t when_ms,
                                        struct fh_err *err);
/* Whether a record has exactly one signature, and it is by the key that was judged.
 * FH_ESIG ("record.signature"). */
FH_MUST_CHECK int fh_token_prove_signer(const struct fh_token_signer *signer,
                                        const struct fh_directory *dir,
                                        const struct fh_record *record,
                                        struct fh_err *err);

#endif
