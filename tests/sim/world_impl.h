/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the world: what its files share.
 *
 *     world.c       nodes, network, actions of a core, the loop
 *     events.c      the heap of what is to happen
 *     exchange.c    the doubles of catalogue and session
 *     operations.c  what a scenario does to nodes
 *
 * Thread: one. Ownership: the world owns all.
 */
#ifndef FH_TESTS_SIM_WORLD_IMPL_H
#define FH_TESTS_SIM_WORLD_IMPL_H

#include "tests/sim/world.h"

enum { SIM_SEEDS = 3 };

enum sim_event_kind {
    EVENT_DATAGRAM,
    EVENT_TICK,
    EVENT_SYNC,
    EVENT_LINK,
    EVENT_OP,
};

struct sim_event {
    int64_t at_ms;
    uint64_t order;
    enum sim_event_kind kind;
    enum sim_op op;
    uint32_t node;
    uint32_t life;
    uint32_t peer;
    bool done;
    uint64_t token;
    char from[SIM_LABEL_BYTES];
    uint32_t size; /* of bytes */
    uint32_t wire; /* size on the wire */
    uint8_t *bytes;
};

/* Out of memory ends the program. */
void *sim_must(void *p);

/* events.c */
void sim_push(struct sim_world *w, struct sim_event event);
struct sim_event sim_pop(struct sim_world *w);

/* world.c */
void sim_random_bytes(struct sim_world *w, uint8_t *out, size_t size);
struct sim_node *sim_node_at(const struct sim_world *w, const char *address);
bool sim_reaches(const struct sim_node *from, const struct sim_node *to);
int64_t sim_delay_ms(struct sim_world *w);
/* Stops a core without a word. */
void sim_take_down(struct sim_world *w, struct sim_node *node);
struct fh_gossip_env sim_env(struct sim_node *node);
void sim_step(struct sim_world *w, struct sim_node *node, struct fh_gossip_event *event);
/* Plans the node's next tick. */
void sim_wind(struct sim_world *w, struct sim_node *node);

/* A model's packet: `bytes` stand for `wire` bytes on the wire. */
void sim_post(struct sim_world *w,
              struct sim_node *from,
              struct sim_node *to,
              struct fh_bytes bytes,
              uint32_t wire);
/* Plans EVENT_SYNC or EVENT_LINK between node and the one of index `peer`. */
void sim_stream(struct sim_world *w,
                struct sim_node *node,
                uint32_t peer,
                enum sim_event_kind kind,
                uint64_t token);

/* exchange.c */
void sim_count_session(struct sim_world *w,
                       struct sim_node *node,
                       struct sim_node *peer,
                       size_t bytes);
/* The announcement of this revision; it exists. */
uint32_t sim_announcement_of(const struct sim_world *w, uint32_t product, uint32_t revision);
/* The catalogue's judgement of an announcement known by its index: true when it is new. */
bool sim_keep_known(struct sim_world *w, struct sim_node *node, uint32_t announcement);
void sim_publish_catalogue(struct sim_world *w, struct sim_node *node);
/* The catalogue's judgement: true when the announcement is new; then it travels on if `spread`. */
bool sim_keep(struct sim_world *w, struct sim_node *node, struct fh_bytes bytes, bool spread);
void sim_announce(struct sim_world *w, struct sim_node *node, uint32_t product);
void sim_on_sync(struct sim_world *w, struct sim_node *node, const struct sim_event *event);
void sim_act_session(struct sim_world *w,
                     struct sim_node *node,
                     const struct fh_gossip_action *action,
                     enum sim_event_kind kind);
/* Whether a session from node to peer would be answered now. */
bool sim_answers(const struct sim_world *w,
                 const struct sim_node *node,
                 const struct sim_node *peer);

/* warm.c */
void sim_warm(struct sim_world *w, uint32_t nodes);

/* operations.c */
void sim_begin(struct sim_world *w, struct sim_node *node);
void sim_operate(struct sim_world *w, enum sim_op op, uint32_t a, uint32_t b);

#endif
