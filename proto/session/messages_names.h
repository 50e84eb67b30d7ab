/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages about names, on the admin socket alone: which id a name is pinned to at a node, and what
 * its people call domains.
 *
 *   ADMIN_NAMES []                              -> [[named...]]
 *   ADMIN_NAME  [what, name, domain, dry run]   -> [domain id]   the name is that domain's now
 *
 * As proto/session/messages.h: encoders append, decoders lend from the given bytes.
 */
#ifndef FH_PROTO_SESSION_MESSAGES_NAMES_H
#define FH_PROTO_SESSION_MESSAGES_NAMES_H

#include "proto/session/messages.h"

/* By whom a domain has its name at a node. */
enum fh_name_source {
    FH_NAME_UNVERIFIED, /* nobody admitted it, or its name is another's there */
    FH_NAME_ADMITTED,
    FH_NAME_CHARTERED,
    FH_NAME_DECIDED, /* people of the node's domain said so */
    FH_NAME_STOPPED, /* another domain claims it */
    FH_NAME_SOURCE_COUNT
};
/* "unverified", "admission", "charter", "accepted", "stopped". */
const char *fh_name_source_text(unsigned source);

enum fh_msg_name_kind { FH_MSG_NAME_FIRST_USE, FH_MSG_NAME_DECIDED, FH_MSG_NAME_ALIAS };

struct fh_msg_named {
    char name[FH_NAME_BYTES_MAX + 1];
    struct fh_domain_id domain;
    unsigned kind; /* enum fh_msg_name_kind */
    uint64_t since_ms;
    bool known;                     /* the domain is there, and a pin's has the name */
    bool contested;                 /* the mesh gave the name to others too, decided or not */
    struct fh_domain_id claimed_by; /* zero: the name is not stopped */
};

void fh_msg_names_request(struct fh_buf *out);
/* After fh_msg_ok(1) and an array of as many. */
void fh_msg_named_add(struct fh_buf *out, const struct fh_msg_named *named);
/* Number of names; then fh_msg_named_next for each. */
FH_MUST_CHECK int
fh_msg_names_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_named_next(struct fh_pack_reader *reader, struct fh_msg_named *out, struct fh_err *err);

enum fh_msg_name_what {
    FH_MSG_NAME_ACCEPT,
    FH_MSG_NAME_CALL, /* an alias */
    FH_MSG_NAME_REMOVE,
    FH_MSG_NAME_WHAT_COUNT
};

struct fh_msg_name {
    unsigned what; /* enum fh_msg_name_what */
    char name[FH_NAME_BYTES_MAX + 1];
    char domain[FH_ID_TEXT_BYTES]; /* an id, or a name (CALL); "" (REMOVE) */
    bool dry_run;
};
void fh_msg_name_request(struct fh_buf *out, const struct fh_msg_name *name);
FH_MUST_CHECK int
fh_msg_name_read(struct fh_pack_reader *reader, struct fh_msg_name *out, struct fh_err *err);
void fh_msg_name_answer(struct fh_buf *out, const struct fh_domain_id *domain);
FH_MUST_CHECK int fh_msg_name_answer_read(struct fh_pack_reader *reader,
                                          struct fh_domain_id *out,
                                          struct fh_err *err);

#endif
