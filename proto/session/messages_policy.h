/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages about policies: what a consumer may see of a table, and what the owner's people publish.
 *
 *   VIEW  [REQUEST, table] -> [filtered, group size, [[column, masked], ...], [waived, ...]]
 *         at the owner, by a node that joins: the columns that are there for the consumer and for
 *         it, in the contract's order
 *
 *   QUERY answers  [..., [[table, filtered, group size, [masked column, ...]], ...], [waived, ...]]
 *         what is not as its owner has it: `table` is an index in the REQUEST
 *
 *   ADMIN_POLICY   [name] -> [seq, forked, POLICY or bin0]      the one in force
 *   ADMIN_AGREED   [name] -> [seq, forked, MESH_POLICY or bin0] the same of the mesh
 *   POLICY_STATE   [] -> [hash, text]   which policies of the mesh a node enforces, for any node
 *   ADMIN_POLICY_STATUS [] -> [[node...]]   the same of every member that answers, and who does not
 *   ADMIN_VERSIONS [name, of the mesh] -> [[record, ...]]   the newest first
 *   ADMIN_WAIVERS  [] -> [[[id, WAIVER's payload], ...]]
 *   ADMIN_ENFORCE  [POLICY, dry run] -> [[finding...]]          with an error nothing is taken
 *   ADMIN_POLICIES [] -> [[listed...]]
 *   ADMIN_EXPLAIN  [product, domain, entry, [role...], purpose] -> [decision, [column...]]
 *
 * As proto/session/messages.h: encoders append, decoders lend from the given bytes.
 */
#ifndef FH_PROTO_SESSION_MESSAGES_POLICY_H
#define FH_PROTO_SESSION_MESSAGES_POLICY_H

#include "proto/session/messages.h"

/* ---- VIEW ---- */

void fh_msg_view_request(struct fh_buf *out, struct fh_bytes request, uint32_t table);
FH_MUST_CHECK int fh_msg_view_read(struct fh_pack_reader *reader,
                                   struct fh_bytes *out_request,
                                   uint32_t *out_table,
                                   struct fh_err *err);
struct fh_msg_view_column {
    char name[FH_COLUMN_NAME_BYTES_MAX + 1];
    bool masked;
};
enum { FH_MSG_GROUP_MAX = 1000000 }; /* FH_GROUP_SIZE_MAX of view.h */
struct fh_msg_view {
    bool filtered;       /* not all rows are there */
    uint32_t group_size; /* rows are there by groups of at least so many subjects; 0: one by one */
    uint32_t column_count;
};
/* Then fh_msg_view_add for each column, and fh_msg_waived_put (messages_waived.h). */
void fh_msg_view_answer_begin(struct fh_buf *out, const struct fh_msg_view *view);
void fh_msg_view_add(struct fh_buf *out, const char *name, bool masked);
/* Then fh_msg_view_next for each column, and fh_msg_waived_read. */
FH_MUST_CHECK int
fh_msg_view_answer_read(struct fh_pack_reader *reader, struct fh_msg_view *out, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_view_next(struct fh_pack_reader *reader, struct fh_msg_view_column *out, struct fh_err *err);

/* ---- what a QUERY's answer says behind the stream ---- */

enum { FH_MSG_MASKED_MAX = 64 }; /* names of one table: enough for a person */
/* Behind fh_msg_query_answer; then fh_msg_limited_begin for each table, and fh_pack_cstr for each
 * of its names; behind all of them fh_msg_waived_put. */
void fh_msg_limited_tables(struct fh_buf *out, uint32_t count);
struct fh_msg_limited {
    uint32_t table;
    bool filtered;
    uint32_t group_size;   /* as struct fh_msg_view */
    uint32_t masked_count; /* names follow: fh_msg_limited_name for each */
};
void fh_msg_limited_begin(struct fh_buf *out, const struct fh_msg_limited *limited);
/* After fh_msg_query_read. 0 tables also when a node says nothing about them. */
FH_MUST_CHECK int
fh_msg_limited_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_limited_next(struct fh_pack_reader *reader, struct fh_msg_limited *out, struct fh_err *err);
FH_MUST_CHECK int fh_msg_limited_name(struct fh_pack_reader *reader,
                                      char out[FH_COLUMN_NAME_BYTES_MAX + 1],
                                      struct fh_err *err);

/* ---- the owner's people: what is in force ---- */

/* Of the own domain, or of the mesh: ADMIN_POLICY or ADMIN_AGREED. */
void fh_msg_policy_request(struct fh_buf *out, const char *name, bool mesh);
struct fh_msg_policy {
    uint64_t seq; /* 0: there is none of this name */
    bool forked;
    struct fh_bytes record;
};
void fh_msg_policy_answer(struct fh_buf *out, const struct fh_msg_policy *policy);
FH_MUST_CHECK int
fh_msg_policy_read(struct fh_pack_reader *reader, struct fh_msg_policy *out, struct fh_err *err);

void fh_msg_policies_request(struct fh_buf *out);
struct fh_msg_policy_listed {
    char name[FH_NAME_BYTES_MAX + 1];
    char version[FH_VERSION_BYTES_MAX + 1]; /* "" when it cannot be read */
    struct fh_record_id id;
    int64_t until_ms; /* INT64_MAX: for ever */
    bool mesh;
    bool forked;
    bool readable;
};
/* After fh_msg_ok(1) and an array of as many. */
void fh_msg_policy_list_add(struct fh_buf *out, const struct fh_msg_policy_listed *listed);
FH_MUST_CHECK int
fh_msg_policies_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int fh_msg_policy_list_next(struct fh_pack_reader *reader,
                                          struct fh_msg_policy_listed *out,
                                          struct fh_err *err);

void fh_msg_policy_state_request(struct fh_buf *out);
struct fh_msg_policy_state {
    struct fh_hash hash; /* equal where the same is enforced */
    char text[256];      /* "agreed 1.0.0, other 2.1.0 (forked)", cut where it is longer */
};
void fh_msg_policy_state_answer(struct fh_buf *out, const struct fh_msg_policy_state *state);
FH_MUST_CHECK int fh_msg_policy_state_read(struct fh_pack_reader *reader,
                                           struct fh_msg_policy_state *out,
                                           struct fh_err *err);

void fh_msg_policy_status_request(struct fh_buf *out);
struct fh_msg_policy_node {
    struct fh_node_id node;
    struct fh_domain_id domain;
    bool answered; /* else the rest is empty */
    bool same;     /* as the node that was asked */
    struct fh_msg_policy_state state;
};
/* After fh_msg_ok(1) and an array of as many. */
void fh_msg_policy_status_add(struct fh_buf *out, const struct fh_msg_policy_node *node);
FH_MUST_CHECK int
fh_msg_policy_status_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int fh_msg_policy_status_next(struct fh_pack_reader *reader,
                                            struct fh_msg_policy_node *out,
                                            struct fh_err *err);

void fh_msg_versions_request(struct fh_buf *out, const char *name, bool mesh);

void fh_msg_waivers_request(struct fh_buf *out);
/* After fh_msg_ok(1) and an array of as many. */
void fh_msg_waivers_add(struct fh_buf *out, const struct fh_record_id *id, struct fh_bytes payload);
FH_MUST_CHECK int
fh_msg_waivers_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
/* The payload is not looked at. */
FH_MUST_CHECK int fh_msg_waivers_next(struct fh_pack_reader *reader,
                                      struct fh_record_id *out_id,
                                      struct fh_bytes *out_payload,
                                      struct fh_err *err);

/* ---- publishing: a POLICY, a MESH_POLICY or a WAIVER ---- */

void fh_msg_enforce_request(struct fh_buf *out, struct fh_bytes record, bool dry_run);
FH_MUST_CHECK int fh_msg_enforce_read(struct fh_pack_reader *reader,
                                      struct fh_bytes *out_record,
                                      bool *out_dry_run,
                                      struct fh_err *err);
/* What the node says of a policy against its products; places are in the policy's text. */
struct fh_msg_policy_finding {
    bool error;
    uint32_t line;
    uint32_t column;
    char path[64];
    char rule[FH_ERR_RULE_BYTES];
    char text[FH_ERR_TEXT_BYTES];
};
/* After fh_msg_ok(1) and an array of as many. */
void fh_msg_policy_finding_add(struct fh_buf *out, const struct fh_msg_policy_finding *finding);
FH_MUST_CHECK int
fh_msg_enforced_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int fh_msg_policy_finding_next(struct fh_pack_reader *reader,
                                             struct fh_msg_policy_finding *out,
                                             struct fh_err *err);

/* ---- explaining ---- */

struct fh_msg_explain {
    struct fh_bytes product; /* as people write it */
    char domain[FH_NAME_BYTES_MAX + 1];
    char entry[FH_NAME_BYTES_MAX + 1]; /* domain of the node that joins */
    char purpose[FH_PURPOSE_BYTES_MAX + 1];
    uint32_t role_count;
    char roles[16][FH_NAME_BYTES_MAX + 1];
};
void fh_msg_explain_request(struct fh_buf *out, const struct fh_msg_explain *explain);
/* The fields alone, for ADMIN_RULES. */
enum { FH_MSG_EXPLAIN_FIELDS = 5 };
void fh_msg_explain_pack(struct fh_buf *out, const struct fh_msg_explain *explain);
FH_MUST_CHECK int
fh_msg_explain_read(struct fh_pack_reader *reader, struct fh_msg_explain *out, struct fh_err *err);

struct fh_msg_explained {
    char rule[FH_ERR_RULE_BYTES]; /* of the refusal; "": it is not refused */
    char text[FH_ERR_TEXT_BYTES];
    unsigned by; /* 0 own, 1 open, 2 granted */
    struct fh_record_id grant;
    int64_t until_ms; /* INT64_MAX */
    uint64_t rows_per_day;
    uint64_t queries_per_hour;
    uint32_t column_count; /* of all tables; fh_msg_explained_next for each */
};
struct fh_msg_explained_column {
    char table[FH_NAME_BYTES_MAX + 1];
    char column[FH_COLUMN_NAME_BYTES_MAX + 1]; /* "": a filter over the table's rows */
    char seen[64];                             /* "as it is", "hidden", a mask, or "rows" */
    struct fh_bytes why; /* "policy personal 1.0.0, line 7"; of a filter its SQL */
};
/* After fh_msg_ok(2): the decision, then an array of as many columns. */
void fh_msg_explained_add(struct fh_buf *out, const struct fh_msg_explained *explained);
void fh_msg_explained_column_add(struct fh_buf *out, const struct fh_msg_explained_column *column);
FH_MUST_CHECK int fh_msg_explained_read(struct fh_pack_reader *reader,
                                        struct fh_msg_explained *out,
                                        struct fh_err *err);
FH_MUST_CHECK int fh_msg_explained_next(struct fh_pack_reader *reader,
                                        struct fh_msg_explained_column *out,
                                        struct fh_err *err);

#endif
