/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Window: which counters of one direction were seen, so that each is admitted once.
 *
 * A ring of bits covers the FH_SESSION_REPLAY_WINDOW counters up to the greatest one admitted;
 * older ones count as seen. The shape is RFC 6479's: whole words are cleared as the window moves.
 *
 * Does not: verify anything: a counter is shown to it only after its frame's tag verified.
 * Thread: distinct objects; the session holds its lock. Ownership: plain value, zero is empty.
 */
#ifndef FH_PROTO_SESSION_WINDOW_H
#define FH_PROTO_SESSION_WINDOW_H

#include "common/limits.h"

#include <stdbool.h>
#include <stdint.h>

enum { FH_WINDOW_WORDS = FH_SESSION_REPLAY_WINDOW / 64 + 1 }; /* one word is being cleared */

struct fh_window {
    uint64_t next; /* the greatest counter admitted, plus one; 0: none */
    uint64_t words[FH_WINDOW_WORDS];
};

_Static_assert(FH_SESSION_REPLAY_WINDOW % 64 == 0, "whole words");

/* Marks `counter` as seen; false (and nothing changes) when it was seen or is too old.
 * `counter` < UINT64_MAX. */
bool fh_window_admit(struct fh_window *window, uint64_t counter);

#endif
