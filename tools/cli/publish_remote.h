/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishing at a node elsewhere, as the key of --key and --access.
 *
 * The node may be any of the mesh: when it is not one of the key's own domain, the session runs end
 * to end with that domain's node through it.
 *
 * Does not: read contracts, sign. Thread: one. Ownership: owns its client.
 */
#ifndef FH_TOOLS_CLI_PUBLISH_REMOTE_H
#define FH_TOOLS_CLI_PUBLISH_REMOTE_H

#include "proto/session/messages.h"
#include "tools/cli/cli.h"
#include "tools/client/actor.h"

struct fh_remote;

/* Opens a session with a node of the own domain at or through `node`, or, when that is NULL, an
 * address of the access. Given: fh_remote_close.
 * FH_EUSAGE without --key and --access; FH_EUNREACH ("publish.node"), FH_EDENIED, FH_ESIG. */
FH_MUST_CHECK int
fh_remote_open(struct fh_remote **out, struct fh_cli *cli, const char *node, struct fh_err *err);
void fh_remote_close(struct fh_remote *remote);

/* Who publishes; lent. */
const struct fh_actor *fh_remote_actor(const struct fh_remote *remote);

/* What the next version of the product follows: seq and the last contract record (appended). */
FH_MUST_CHECK int fh_remote_chain(struct fh_remote *remote,
                                  const char *product,
                                  uint64_t *out_seq,
                                  struct fh_buf *out_record,
                                  struct fh_err *err);

/* The record that this version is judged against (appended); nothing for a new major. */
FH_MUST_CHECK int fh_remote_base(struct fh_remote *remote,
                                 const char *product,
                                 const char *version,
                                 struct fh_buf *out_record,
                                 struct fh_err *err);

/* Hands the order over and waits until the checks have ended; `reader` stands at their findings, in
 * memory that is lent until the next call. */
FH_MUST_CHECK int fh_remote_publish(struct fh_remote *remote,
                                    const struct fh_msg_order *order,
                                    struct fh_pack_reader *reader,
                                    struct fh_err *err);

/* Asks a message of the admin socket (borrowed, whole) there, and copies its answer, at whose first
 * field `reader` stands. "own.*", and the message's own refusals. */
FH_MUST_CHECK int fh_remote_own(struct fh_remote *remote,
                                struct fh_bytes message,
                                int64_t timeout_ms,
                                struct fh_buf *answer,
                                struct fh_pack_reader *reader,
                                struct fh_err *err);

#endif
