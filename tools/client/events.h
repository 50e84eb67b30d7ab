/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events: a product's history as one list in time: versions of its chain, moves of its life, forks.
 *
 * Does not: ask (history.h does). Thread: one. Ownership: texts are lent with the history.
 */
#ifndef FH_TOOLS_CLIENT_EVENTS_H
#define FH_TOOLS_CLIENT_EVENTS_H

#include "tools/client/history.h"

struct fh_event {
    int64_t at_ms;
    unsigned order;      /* of what happened at one time */
    const char *what;    /* "published", "forked", or the status that it moved to */
    const char *version; /* or "" */
    uint64_t seq;        /* in the chain; 0: none */
    struct fh_record_id id;
    struct fh_key_id key; /* that signed; zero: not known to the node any more */
    char detail[256];
};

struct fh_events {
    struct fh_event *items; /* the oldest first */
    size_t count;
};

/* Of one major, or of all (0). FH_ENOMEM. */
FH_MUST_CHECK int fh_events_make(struct fh_events *out,
                                 const struct fh_history *history,
                                 uint32_t major,
                                 struct fh_err *err);
void fh_events_fini(struct fh_events *events);

#endif
