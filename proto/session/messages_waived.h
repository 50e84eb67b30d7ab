/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that tell of waivers: by which a rule of a policy did not bind an answer, and what
 * governs a product at all.
 *
 *   QUERY, VIEW and CAN answer  [..., [waived, ...]]   behind what they say else
 *   GOVERNED  [domain, product, major] -> [own, [governing, ...], [waived, ...]]
 *         the policies that the asked node holds and that are about the product, and the waivers of
 *         them that hold now, whoever they are for; of its own products all, of others' those of
 *         the mesh
 *
 *   waived     [table, WAIVER record id, policy name, version, rule, mesh, urgent, until, whom]
 *   governing  [policy name, version, mesh, record id, state, until]
 *
 * Never why it is waived, and never for whom by name: that is between the owner and its own people.
 *
 * As proto/session/messages.h: encoders append, decoders lend from the given bytes.
 */
#ifndef FH_PROTO_SESSION_MESSAGES_WAIVED_H
#define FH_PROTO_SESSION_MESSAGES_WAIVED_H

#include "proto/session/messages.h"

/* ---- waived ---- */

enum fh_waived_whom {
    FH_WAIVED_EVERYBODY,
    FH_WAIVED_DOMAIN, /* one domain, or its node that joins */
    FH_WAIVED_MEMBER, /* one key */
    FH_WAIVED_WHOM_COUNT
};
/* "everybody", "one domain", "one member"; "unknown" for what this version does not know. */
const char *fh_waived_whom_text(unsigned whom);

struct fh_msg_waived {
    uint32_t table;                     /* QUERY: index in the REQUEST, of the first table of the
                                           product; else 0 */
    struct fh_record_id id;             /* of the WAIVER */
    char policy[FH_NAME_BYTES_MAX + 1]; /* a name by name.* */
    char version[FH_VERSION_BYTES_MAX + 1];  /* of the policy, by semver */
    char rule[FH_WAIVER_RULE_BYTES_MAX + 1]; /* "mask[0]"; "": all of the policy */
    bool mesh;                               /* the policy is the mesh's; else the owner's */
    bool urgent;                             /* it breaks the glass */
    int64_t until_ms;                        /* inclusive */
    unsigned whom;                           /* may be unknown to this version */
};

/* Of one answer. */
enum { FH_MSG_WAIVED_MAX = 64 };

/* The whole list. Those that are too many are left out, urgent ones last. */
void fh_msg_waived_put(struct fh_buf *out, const struct fh_msg_waived *waived, uint32_t count);

/* Number of entries; 0 also when a node says nothing about them. Then fh_msg_waived_next for each.
 * FH_EPROTO ("message.form"): also for a name, version or rule that is none. */
FH_MUST_CHECK int
fh_msg_waived_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_waived_next(struct fh_pack_reader *reader, struct fh_msg_waived *out, struct fh_err *err);

/* ---- GOVERNED ---- */

enum fh_governing_state {
    FH_GOVERNING_IN_FORCE,
    FH_GOVERNING_EXPIRED,    /* the product is closed until the next version, as in the next two */
    FH_GOVERNING_FORKED,     /* two of one number are known */
    FH_GOVERNING_UNREADABLE, /* by the node that answers */
    FH_GOVERNING_STATE_COUNT
};
/* "in force", "expired", "forked", "unreadable"; "unknown". */
const char *fh_governing_state_text(unsigned state);

struct fh_msg_governing {
    char policy[FH_NAME_BYTES_MAX + 1];
    char version[FH_VERSION_BYTES_MAX + 1];
    bool mesh;
    struct fh_record_id id; /* of the POLICY or MESH_POLICY */
    unsigned state;         /* may be unknown to this version */
    int64_t until_ms;       /* Unix; 0: it does not end by itself */
};

/* Read by fh_msg_product_name_read. */
void fh_msg_governed_request(struct fh_buf *out, const struct fh_msg_product_name *name);
/* `own`: the asked node's domain owns the product, so that all that governs it is there. Then
 * fh_msg_governing_add for each, and a list of waived. */
void fh_msg_governed_answer(struct fh_buf *out, bool own, uint32_t count);
void fh_msg_governing_add(struct fh_buf *out, const struct fh_msg_governing *governing);
/* Number of policies, at most 2 * FH_POLICIES_MAX; then fh_msg_governing_next for each, and
 * fh_msg_waived_read. */
FH_MUST_CHECK int fh_msg_governed_answer_read(struct fh_pack_reader *reader,
                                              bool *out_own,
                                              uint32_t *out_count,
                                              struct fh_err *err);
FH_MUST_CHECK int fh_msg_governing_next(struct fh_pack_reader *reader,
                                        struct fh_msg_governing *out,
                                        struct fh_err *err);

#endif
