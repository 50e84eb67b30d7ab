/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages about the rules of policies: what each of them does to a product, and what another
 * version of a policy would change.
 *
 *   ADMIN_RULES    as ADMIN_EXPLAIN -> [rule, text, [rule...]]   `rule` of a refusal, or ""
 *   ADMIN_SIMULATE [text, of the mesh, from, [question...]] -> [[finding...], next, [change...]]
 *
 * Nothing is applied. Findings are those of ADMIN_ENFORCE.
 *
 * As proto/session/messages.h: encoders append, decoders lend from the given bytes.
 */
#ifndef FH_PROTO_SESSION_MESSAGES_RULES_H
#define FH_PROTO_SESSION_MESSAGES_RULES_H

#include "proto/session/messages_policy.h"

/* ---- ADMIN_RULES ---- */

/* Answered to fh_msg_explain_read. */
void fh_msg_rules_request(struct fh_buf *out, const struct fh_msg_explain *explain);

struct fh_msg_rule {
    char policy[FH_NAME_BYTES_MAX + 1];
    char version[FH_VERSION_BYTES_MAX + 1];
    bool mesh;
    struct fh_record_id id;
    char path[64]; /* "mask[0]", "purposes"; "": all of the policy */
    uint32_t line; /* 0: none */
    char table[FH_NAME_BYTES_MAX + 1];
    char column[FH_COLUMN_NAME_BYTES_MAX + 1];
    char outcome[32];        /* "decides", "outdone", "spared", "waived", "refuses" ... */
    struct fh_bytes does;    /* "hash", "rows: id > 5" */
    struct fh_bytes by;      /* what made the outcome so; "" */
    struct fh_bytes signers; /* of the policy: "shop (publisher ci), museum" */
};
/* After fh_msg_ok(3), rule and text of the refusal and an array of as many. */
void fh_msg_rule_add(struct fh_buf *out, const struct fh_msg_rule *rule);
FH_MUST_CHECK int fh_msg_rules_read(struct fh_pack_reader *reader,
                                    char out_rule[FH_ERR_RULE_BYTES],
                                    char out_text[FH_ERR_TEXT_BYTES],
                                    uint32_t *out_count,
                                    struct fh_err *err);
FH_MUST_CHECK int
fh_msg_rule_next(struct fh_pack_reader *reader, struct fh_msg_rule *out, struct fh_err *err);

/* ---- ADMIN_SIMULATE ---- */

/* A question that was decided once: of one table of an own product. */
enum { FH_MSG_SIMULATED_MAX = 256, FH_MSG_SIMULATED_ROLES_MAX = 16 };
struct fh_msg_simulated {
    char product[FH_NAME_BYTES_MAX + 1];
    uint32_t major;
    char table[FH_NAME_BYTES_MAX + 1];
    struct fh_domain_id domain;
    struct fh_key_id key;
    struct fh_domain_id entry;
    char purpose[FH_PURPOSE_BYTES_MAX + 1];
    uint32_t role_count;
    char roles[FH_MSG_SIMULATED_ROLES_MAX][FH_NAME_BYTES_MAX + 1];
    uint32_t column_count; /* names follow: fh_msg_simulated_column for each */
};
/* `from`: how many versions of products the answers before were about; 0 for the first, which
 * brings the findings. Then fh_msg_simulated_add for each of `count`, at most FH_MSG_SIMULATED_MAX,
 * and behind each fh_pack_cstr for its columns. */
void fh_msg_simulate_request(
    struct fh_buf *out, struct fh_bytes text, bool mesh, uint32_t from, uint32_t count);
void fh_msg_simulated_add(struct fh_buf *out, const struct fh_msg_simulated *question);
FH_MUST_CHECK int fh_msg_simulate_read(struct fh_pack_reader *reader,
                                       struct fh_bytes *out_text,
                                       bool *out_mesh,
                                       uint32_t *out_from,
                                       uint32_t *out_count,
                                       struct fh_err *err);
FH_MUST_CHECK int fh_msg_simulated_next(struct fh_pack_reader *reader,
                                        struct fh_msg_simulated *out,
                                        struct fh_err *err);
FH_MUST_CHECK int fh_msg_simulated_column(struct fh_pack_reader *reader,
                                          char out[FH_COLUMN_NAME_BYTES_MAX + 1],
                                          struct fh_err *err);

struct fh_msg_change {
    uint32_t question;       /* from 1: of the request; 0: of a product */
    bool breaks;             /* what was allowed is refused, or a contract is not as it must be */
    struct fh_bytes product; /* "shop/orders@1" */
    char whom[32];           /* "others", "own domain", "its next version"; of a question "" */
    struct fh_bytes about;   /* "orders.item", "rows of orders", "access", "contract" */
    struct fh_bytes before;
    struct fh_bytes after;
    struct fh_bytes why; /* "policy private 1.0.0, line 7"; "" */
};
/* After fh_msg_ok(3), the findings (an array, fh_msg_policy_finding_add), `next` and an array of as
 * many. */
void fh_msg_change_add(struct fh_buf *out, const struct fh_msg_change *change);
/* Behind the findings: fh_msg_enforced_read and fh_msg_policy_finding_next. `*out_next` is what to
 * go on from; 0: this was all. */
FH_MUST_CHECK int fh_msg_changes_read(struct fh_pack_reader *reader,
                                      uint32_t *out_next,
                                      uint32_t *out_count,
                                      struct fh_err *err);
FH_MUST_CHECK int
fh_msg_change_next(struct fh_pack_reader *reader, struct fh_msg_change *out, struct fh_err *err);

#endif
