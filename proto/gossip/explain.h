/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explain: why the gossip core thinks of a member what it thinks, and what it will do next.
 *
 * A reading of the core as it stands after a step: the state of the member with what speaks for it,
 * the timers that concern it, and one sentence about what comes next. With fh_gossip_evidence (who
 * accuses it, with the signed records) and fh_gossip_member_find (what it signed itself) that is
 * all that the core knows of a member.
 *
 * Does not: change anything. Thread: the core's. Ownership: plain values; texts are static.
 */
#ifndef FH_PROTO_GOSSIP_EXPLAIN_H
#define FH_PROTO_GOSSIP_EXPLAIN_H

#include "proto/gossip/gossip.h"

/* X(NAME, "name", what happens then) */
#define FH_GOSSIP_TIMERS(X)                                                                        \
    X(ANSWER, "answer", "the running probe of it asks others, or fails")                           \
    X(PROBE, "probe", "its turn in the round of probes, if nobody goes first")                     \
    X(SUSPICION, "suspicion", "the time that it has to refute ends")                               \
    X(LEASE, "lease", "its record of being alive expires")                                         \
    X(CONTACT, "contact", "a seed or a dead member is contacted")                                  \
    X(SYNC, "sync", "this node synchronises with a random member, whatever happens")               \
    X(RENEWAL, "renewal", "this node signs its own record again")                                  \
    X(BURST, "burst", "news goes to a few random members")

enum fh_gossip_timer {
#define X(name, text, what) FH_GOSSIP_TIMER_##name,
    FH_GOSSIP_TIMERS(X)
#undef X
        FH_GOSSIP_TIMER_COUNT
};
/* "probe"; what happens when it fires. */
const char *fh_gossip_timer_text(enum fh_gossip_timer timer);
const char *fh_gossip_timer_what(enum fh_gossip_timer timer);

struct fh_gossip_explanation {
    enum fh_member_state state;
    bool self;
    bool forked;     /* it signed two records of one generation and incarnation */
    bool probing;    /* a probe of it runs */
    bool own_failed; /* a probe of this node failed for this life */
    bool trial;      /* its time is over, and a probe of this node decides */
    bool keys_held;  /* datagrams to it can be sealed at once */
    unsigned accusers;
    unsigned others;        /* accusers beside this node */
    unsigned others_needed; /* so many stand for an own failed probe */
    bool convicted;         /* they do: domains enough answer for them */
    const char *next;       /* what this node will do about it, a sentence without its dot */
    /* Milliseconds from now, at least 0; -1: does not run. */
    int64_t timers[FH_GOSSIP_TIMER_COUNT];
};

/* False when the member is not known. `now_ms` is monotonic, `wall_ms` Unix, as in events. */
bool fh_gossip_explain(const struct fh_gossip *g,
                       const struct fh_node_id *node,
                       int64_t now_ms,
                       int64_t wall_ms,
                       struct fh_gossip_explanation *out);

/* What the queue of news holds. */
struct fh_gossip_news {
    unsigned waiting; /* still to be sent */
    unsigned by_class[FH_RUMOUR_CLASS_COUNT];
};
struct fh_gossip_news fh_gossip_news(const struct fh_gossip *g);

#endif
