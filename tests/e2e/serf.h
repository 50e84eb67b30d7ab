/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of the agent protocol of HashiCorp's serf as tools/bench asks: handshake, stats and
 * event, each a msgpack map over TCP
 * (https://github.com/hashicorp/serf/blob/master/docs/agent/rpc.html.markdown).
 *
 * Does not: subscribe to anything; the counters of `stats` tell what is wanted. Thread: distinct
 * objects. Ownership: the handle is the caller's.
 */
#ifndef FH_TESTS_E2E_SERF_H
#define FH_TESTS_E2E_SERF_H

#include <stdbool.h>

struct fh_serf;

struct fh_serf_stats {
    unsigned members;    /* all that it remembers */
    unsigned failed;     /* of those */
    unsigned left;       /* of those */
    unsigned event_time; /* Lamport time of user events: rises when one is received or made */
};

/* Connects to the agent at `address`, a dotted quad; NULL when it does not answer. Given:
 * fh_serf_close. */
struct fh_serf *fh_serf_open(const char *address, unsigned short port);
/* NULL is fine. */
void fh_serf_close(struct fh_serf *serf);
/* False when the agent does not answer as expected: the handle is of no use then. */
bool fh_serf_stats(struct fh_serf *serf, struct fh_serf_stats *out);
/* A user event of this name with `payload`, at most 512 bytes together. */
bool fh_serf_event(struct fh_serf *serf, const char *name, const char *payload);

#endif
