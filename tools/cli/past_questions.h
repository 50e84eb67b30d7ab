/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Past questions: the last questions of the audit log, each that differs once, as ADMIN_SIMULATE
 * takes them.
 *
 * Statements are not needed, and may be encrypted: who asked as what, for which purpose, of which
 * table and columns is what decides.
 *
 * Does not: judge. Thread: one. Ownership: all lies in the arena given.
 */
#ifndef FH_TOOLS_CLI_PAST_QUESTIONS_H
#define FH_TOOLS_CLI_PAST_QUESTIONS_H

#include "common/arena.h"
#include "proto/session/messages_rules.h"
#include "tools/cli/cli.h"
#include "tools/client/actor.h"

enum { FH_PAST_QUESTIONS_MAX = 2000 }; /* that differ: some 2 kB each */

struct fh_past_question {
    struct fh_msg_simulated asked; /* without its columns: */
    const char *const *columns;
    const char *whom; /* "museum as analyst for billing" */
    uint64_t count;   /* how often */
    int64_t last_ms;
    struct fh_hash hash; /* private */
};

struct fh_past_questions {
    uint32_t count;
    struct fh_past_question *items; /* the oldest first */
    uint64_t reads;                 /* records that they were in */
    bool more;                      /* there are more that differ than are kept */
};

/* Of the last `most` records about own products, not older than `since_ms`. A log that was changed
 * is said so of, and read up to there. FH_EIO, FH_ENOMEM. */
FH_MUST_CHECK int fh_past_questions_read(struct fh_past_questions *out,
                                         struct fh_cli *cli,
                                         const struct fh_actor *actor,
                                         uint64_t most,
                                         int64_t since_ms,
                                         struct fh_arena *arena,
                                         struct fh_err *err);

/* Appends one with its columns. */
void fh_past_question_add(struct fh_buf *out, const struct fh_past_question *question);

#endif
