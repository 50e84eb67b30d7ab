/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages about access: asking an owner for it, what became of that, and what a key may read.
 *
 *   ASK    [ACCESS_REQUEST, [record...]] -> [delivered]   to any peer; the records prove the signer
 *   ASKED  []                            -> [[asked...]]  requests of the session's key
 *   CAN    [product, major, column, purpose, TOKEN] -> [GRANT id, masked] at the owner; a refusal
 *                                               says why not
 *   STILL  [REQUEST, table]              -> [open, view id] at the owner, by a node that joins
 *
 *   ADMIN_ASKED  [after] -> [next, [asked...]]     those that came for the home's products
 *   ADMIN_GRANTS [after] -> [next, [granted...]]
 *   ADMIN_WHO    [name] -> [domain id]
 *   ADMIN_GOVERN [[record...], dry run] -> []      GRANT, GRANT_END, ACCESS_ANSWER: all or none
 *
 * As proto/session/messages.h: encoders append, decoders lend from the given bytes.
 */
#ifndef FH_PROTO_SESSION_MESSAGES_ACCESS_H
#define FH_PROTO_SESSION_MESSAGES_ACCESS_H

#include "proto/session/messages.h"

/* ---- ASK ---- */

struct fh_msg_ask {
    struct fh_bytes request;    /* ACCESS_REQUEST record */
    struct fh_msg_bins support; /* identity records of who signed it */
};
/* The caller appends the list: fh_pack_array(count), then each record with fh_pack_bin. */
void fh_msg_ask_begin(struct fh_buf *out, struct fh_bytes request);
FH_MUST_CHECK int
fh_msg_ask_read(struct fh_pack_reader *reader, struct fh_msg_ask *out, struct fh_err *err);
/* `delivered`: the owner has it; else it waits at the node that answers. */
void fh_msg_ask_answer(struct fh_buf *out, bool delivered);
FH_MUST_CHECK int
fh_msg_ask_answer_read(struct fh_pack_reader *reader, bool *out_delivered, struct fh_err *err);

/* ---- ASKED, ADMIN_ASKED ---- */

struct fh_msg_asked {
    struct fh_bytes request; /* ACCESS_REQUEST record */
    int64_t received_ms;
    bool delivered;                         /* false: it waits for its owner */
    char refused[FH_ERR_RULE_BYTES];        /* the rule by which the owner did not take it, or "" */
    struct fh_bytes answer;                 /* ACCESS_ANSWER record; empty: none is known here */
    struct fh_bytes grant;                  /* GRANT record of an approval, where it is held */
    int64_t ended_ms;                       /* since when that grant is ended; 0: it is not */
    char owner_name[FH_NAME_BYTES_MAX + 1]; /* as the node that answers knows them, for people */
    char consumer_name[FH_NAME_BYTES_MAX + 1];
    char key_label[FH_NAME_BYTES_MAX + 1]; /* of the delegation of the key that asks, or "" */
};
void fh_msg_asked_request(struct fh_buf *out);
void fh_msg_asked_add(struct fh_buf *out, const struct fh_msg_asked *asked);
/* Number of entries; then fh_msg_asked_next for each. */
FH_MUST_CHECK int
fh_msg_asked_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_asked_next(struct fh_pack_reader *reader, struct fh_msg_asked *out, struct fh_err *err);

/* ---- CAN ---- */

struct fh_msg_can {
    char product[FH_NAME_BYTES_MAX + 1];
    uint32_t major;                             /* 0: the highest active one */
    char column[FH_GRANT_COLUMN_BYTES_MAX + 1]; /* "table.column", "column", or "": any of it */
    char purpose[FH_PURPOSE_BYTES_MAX + 1];
    struct fh_bytes token; /* of the session, which narrows what may be read; empty: it has none */
};
void fh_msg_can_request(struct fh_buf *out, const struct fh_msg_can *can);
FH_MUST_CHECK int
fh_msg_can_read(struct fh_pack_reader *reader, struct fh_msg_can *out, struct fh_err *err);
/* `grant` is zero when none is needed; `masked`: not all of it is shown as it is. Then
 * fh_msg_waived_put (messages_waived.h), and fh_msg_waived_read behind the reading. */
void fh_msg_can_answer(struct fh_buf *out, const struct fh_record_id *grant, bool masked);
FH_MUST_CHECK int fh_msg_can_answer_read(struct fh_pack_reader *reader,
                                         struct fh_record_id *out_grant,
                                         bool *out_masked,
                                         struct fh_err *err);

/* ---- STILL ---- */

void fh_msg_still_request(struct fh_buf *out, struct fh_bytes request, uint32_t table);
FH_MUST_CHECK int fh_msg_still_read(struct fh_pack_reader *reader,
                                    struct fh_bytes *out_request,
                                    uint32_t *out_table,
                                    struct fh_err *err);

/* What the consumer sees now: the id of a view (proto/governance/view.h). */
struct fh_msg_still {
    bool open; /* all of the table */
    struct fh_hash view;
};
void fh_msg_still_answer(struct fh_buf *out, const struct fh_msg_still *still);
FH_MUST_CHECK int fh_msg_still_answer_read(struct fh_pack_reader *reader,
                                           struct fh_msg_still *out,
                                           struct fh_err *err);

/* ---- the owner's people ---- */

struct fh_msg_granted {
    struct fh_bytes grant;                    /* GRANT record */
    int64_t ended_ms;                         /* 0: it is not ended */
    char grantee_name[FH_NAME_BYTES_MAX + 1]; /* of a domain, for people; "" */
};
void fh_msg_admin_asked_request(struct fh_buf *out, const struct fh_record_id *after);
void fh_msg_admin_grants_request(struct fh_buf *out, const struct fh_record_id *after);
/* Of both: zero is the beginning. */
FH_MUST_CHECK int
fh_msg_after_read(struct fh_pack_reader *reader, struct fh_record_id *out, struct fh_err *err);
/* [next, [entry...]]: `next` zero is the end; then fh_msg_asked_add or fh_msg_granted_add for each.
 */
void fh_msg_page_begin(struct fh_buf *out, const struct fh_record_id *next, uint32_t count);
FH_MUST_CHECK int fh_msg_page_read(struct fh_pack_reader *reader,
                                   struct fh_record_id *out_next,
                                   uint32_t *out_count,
                                   struct fh_err *err);
void fh_msg_granted_add(struct fh_buf *out, const struct fh_msg_granted *granted);
FH_MUST_CHECK int
fh_msg_granted_next(struct fh_pack_reader *reader, struct fh_msg_granted *out, struct fh_err *err);

/* The domain of a name, as the home's node knows it. */
void fh_msg_who_request(struct fh_buf *out, const char *name);
FH_MUST_CHECK int fh_msg_who_read(struct fh_pack_reader *reader,
                                  char out_name[FH_NAME_BYTES_MAX + 1],
                                  struct fh_err *err);
void fh_msg_who_answer(struct fh_buf *out, const struct fh_domain_id *domain);
FH_MUST_CHECK int
fh_msg_who_answer_read(struct fh_pack_reader *reader, struct fh_domain_id *out, struct fh_err *err);

struct fh_msg_govern {
    struct fh_msg_bins records;
    bool dry_run;
};
/* The caller appends the list, then the Boolean: fh_pack_array(count), each record with
 * fh_pack_bin, fh_pack_bool. */
void fh_msg_govern_begin(struct fh_buf *out);
FH_MUST_CHECK int
fh_msg_govern_read(struct fh_pack_reader *reader, struct fh_msg_govern *out, struct fh_err *err);

#endif
