/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Governing: the owner's side of access, at the home of a domain or at its node elsewhere. What
 * that node holds of requests and grants, and records that a publisher signs and the node takes.
 *
 * Does not: print. Thread: one. Ownership: owns what its lists name.
 */
#ifndef FH_TOOLS_CLI_GOVERNING_H
#define FH_TOOLS_CLI_GOVERNING_H

#include "tools/cli/own_node.h"
#include "tools/client/access.h"

struct fh_governed {
    struct fh_record_id id;
    struct fh_grant grant;
    int64_t ended_ms;                         /* 0: it is not ended */
    char grantee_name[FH_NAME_BYTES_MAX + 1]; /* of a domain; "" */
};

struct fh_governing {
    struct fh_own_node own;
    const struct fh_actor *actor; /* of `own`: mesh and domain */
    struct fh_access_list asked;  /* requests for products of this domain */
    size_t count;
    size_t capacity;                 /* private */
    struct fh_governed *grants;      /* texts in asked.arena */
    struct fh_buf records;           /* private: what is to be handed over */
    uint32_t record_count;           /* private */
    bool has_publisher;              /* private: that key has been read */
    struct fh_sign_secret publisher; /* private */
};

/* Opens the home and its node, or a node elsewhere (fh_own_node_open). Given: fh_governing_close,
 * also after a failure. */
FH_MUST_CHECK int fh_governing_open(struct fh_governing *out,
                                    struct fh_cli *cli,
                                    const char *node,
                                    struct fh_err *err);
void fh_governing_close(struct fh_governing *governing);

/* Fill `asked`, or `grants`. */
FH_MUST_CHECK int fh_governing_read_asked(struct fh_governing *governing, struct fh_err *err);
FH_MUST_CHECK int fh_governing_read_grants(struct fh_governing *governing, struct fh_err *err);

/* The one whose id is `text`, or begins with it (8 letters and more). FH_ENOTFOUND
 * ("grant.unknown"), FH_EUSAGE when several do. */
FH_MUST_CHECK int fh_governing_grant_find(const struct fh_governing *governing,
                                          const char *text,
                                          const struct fh_governed **out,
                                          struct fh_err *err);

/* Sign a record by the publisher's key of the home, or the key elsewhere, and add it to what is
 * handed over. */
FH_MUST_CHECK int fh_governing_sign_grant(struct fh_governing *governing,
                                          const struct fh_grant *grant,
                                          struct fh_record_id *out_id,
                                          struct fh_err *err);
FH_MUST_CHECK int fh_governing_sign_end(struct fh_governing *governing,
                                        const struct fh_grant_end *end,
                                        struct fh_err *err);
FH_MUST_CHECK int fh_governing_sign_answer(struct fh_governing *governing,
                                           const struct fh_access_answer *answer,
                                           struct fh_err *err);
/* The node takes all of it or nothing; with `dry_run` it only judges. */
FH_MUST_CHECK int
fh_governing_hand_over(struct fh_governing *governing, bool dry_run, struct fh_err *err);

/* "museum", or the id of a key or of a domain without a name, shortened. */
enum { FH_GRANTEE_TEXT_BYTES = FH_NAME_BYTES_MAX + 1 };
void fh_governed_grantee(char out[FH_GRANTEE_TEXT_BYTES], const struct fh_governed *governed);
/* An id of a record: full for programs, shortened in a table. */
void fh_cli_record_id(char out[FH_ID_TEXT_BYTES],
                      const struct fh_cli *cli,
                      const struct fh_record_id *id);

#endif
