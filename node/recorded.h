/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded: which message decides what, and who has the audit log keep it. Every message stands
 * here once; a test holds it against the list of messages.
 *
 * Does not: record. Thread: any; pure.
 */
#ifndef FH_NODE_RECORDED_H
#define FH_NODE_RECORDED_H

#include <stdbool.h>

enum fh_recorded {
    FH_RECORDED_UNLISTED, /* no such message */
    FH_RECORDED_NOTHING,  /* tells what the owner's own people may know; decides nothing */
    FH_RECORDED_REFUSAL,  /* decides nothing but whether it is answered: a refusal is kept */
    FH_RECORDED_DECISION, /* node/recording.c keeps what it carries or says, and how it ended */
    FH_RECORDED_STREAM,   /* node/query/auditing.c keeps that it may be read, and what came of it */
    FH_RECORDED_PUBLISHER, /* node/publish_remote.c says when it has ended */
    FH_RECORDED_INNER,     /* carries another message, which is kept as if it had come itself */
    FH_RECORDED_COUNT
};
enum fh_recorded fh_recorded_how(unsigned code);

/* What somebody asks by it who wants to read. */
bool fh_recorded_reads(unsigned code);

#endif
