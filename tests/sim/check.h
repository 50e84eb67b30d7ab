/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkers: what must hold in every run, judged from outside the core.
 *
 * They keep their own books: which node sealed which record, who accused whom, what each node's
 * table showed last. A broken rule is printed with seed and time and remembered by its number.
 *
 * Does not: influence the run. Thread: one. Ownership: the world's.
 */
#ifndef FH_TESTS_SIM_CHECK_H
#define FH_TESTS_SIM_CHECK_H

#include "tests/sim/world.h"

/* X(number, text) */
#define SIM_RULES(X)                                                                               \
    X(1, "lives never go back: (generation, incarnation) of a view, own generation over restarts") \
    X(2, "every record held was sealed by the node that it is about")                              \
    X(3, "nobody is dead without an own failed probe or three signed suspicions")                  \
    X(4, "nobody has left who did not say so")                                                     \
    X(5, "a node never suspects itself")                                                           \
    X(6, "what was withdrawn does not come back: lives after LEAVE, revisions of products")        \
    X(7, "the newest revision wins whatever the order")                                            \
    X(8, "datagrams, queues and memory keep to their limits")                                      \
    X(9, "fingerprints equal their recomputation")                                                 \
    X(10, "nothing after goodbye; no busy loops; events of a member in their order")               \
    X(11, "a crash is seen by all within its bound")                                               \
    X(12, "nobody dies who is up, connected and undisturbed")                                      \
    X(13, "after the faults all views and catalogues become equal")                                \
    X(14, "whoever is up is listed by all again: after a split, after restarts")                   \
    X(15, "news reaches everyone, also when queues overflow")                                      \
    X(16, "11 to 15 hold with hostile nodes too")                                                  \
    X(17, "a mesh at rest costs each node little")

enum {
    SIM_RULE_COUNT = 18,
    SIM_REST_BYTES_PER_S = 3000,
    SIM_NEWS_MS = 30000, /* to undisturbed nodes: rumours, else differences found by probes */
};

struct sim_check *sim_check_new(const struct sim_world *w);
void sim_check_free(struct sim_check *c);

/* A node sealed a record. */
void sim_check_sealed(struct sim_world *w,
                      const struct sim_node *node,
                      unsigned type,
                      struct fh_bytes record);
/* Who sealed the ALIVE or LEAVE whose id begins so (FH_REF_BYTES); NULL: nobody did. */
struct sim_node *sim_check_sealer(const struct sim_world *w, const uint8_t *ref);
void sim_check_started(struct sim_world *w, const struct sim_node *node);
/* It knows its generation no more. */
void sim_check_disk_lost(struct sim_world *w, const struct sim_node *node);
/* It was given a table full of members. */
void sim_check_warmed(struct sim_world *w, const struct sim_node *node);
void sim_check_persist(struct sim_world *w, const struct sim_node *node, uint64_t generation);
void sim_check_datagram(struct sim_world *w, const struct sim_node *node, size_t size);
/* To an address that is no node's. */
void sim_check_to_outsider(struct sim_world *w, const struct sim_node *node);
void sim_check_member(struct sim_world *w,
                      struct sim_node *node,
                      const struct fh_gossip_action *action);
void sim_check_revision(struct sim_world *w,
                        const struct sim_node *node,
                        uint32_t product,
                        uint32_t revision);
/* After a step, on the node that took it. */
void sim_check_step(struct sim_world *w, struct sim_node *node, bool tick);
/* Everything of one node: O(members). */
void sim_check_node(struct sim_world *w, struct sim_node *node);
/* The time in which an announcement must be everywhere is over. */
void sim_check_news(struct sim_world *w, const struct sim_announcement *a);
/* What nodes sent while nothing happened. */
void sim_check_rest(struct sim_world *w, double bytes_per_member_second);
/* At the end: rules about what must have come. */
void sim_check_end(struct sim_world *w, bool agreed);

void sim_check_break(struct sim_world *w,
                     const struct sim_node *node,
                     unsigned rule,
                     const char *format,
                     ...) FH_PRINTF(4, 5);
/* Bit n: rule n was broken. */
unsigned sim_check_broken(const struct sim_world *w);
/* How long a crash may stay unseen by somebody. */
int64_t sim_check_bound_ms(const struct sim_world *w);

#endif
