/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the world: what its files share.
 *
 *     world.c       nodes and the doubles around a core
 *     step.c        steps, actions of a core, the loop
 *     network.c     datagrams on their way
 *     events.c      what is to happen
 *     exchange.c    the double of the catalogue
 *     holdings.c    what a node holds, as reconciliation reads it
 *     session.c     sessions, and reconciliation over them
 *     operations.c  what a scenario does to nodes
 *     warm.c        a mesh that stands from the beginning
 *
 * Thread: one. Ownership: the world owns all.
 */
#ifndef FH_TESTS_SIM_WORLD_IMPL_H
#define FH_TESTS_SIM_WORLD_IMPL_H

#include "tests/sim/world.h"

enum {
    SIM_SEEDS = 3,
    SIM_DISK_BYTES_MAX = 64 * 1024 * 1024,
};

enum sim_event_kind {
    EVENT_DATAGRAM,
    EVENT_TICK,
    EVENT_SYNC,
    EVENT_LINK,
    EVENT_STREAM, /* a message of a session; token: which */
    EVENT_OP,
};

struct sim_event {
    int64_t at_ms;
    uint64_t order;         /* private */
    struct sim_event *next; /* private */
    enum sim_event_kind kind;
    enum sim_op op;
    uint32_t node;
    uint32_t life;
    uint32_t peer;
    bool done;
    bool late; /* a slow node takes it now */
    uint64_t token;
    char from[SIM_LABEL_BYTES];
    uint32_t size; /* of bytes */
    uint32_t wire; /* size on the wire */
    uint8_t *bytes;
};

/* Out of memory ends the program. */
void *sim_must(void *p);

/* events.c */
struct sim_events *sim_events_new(void);
void sim_events_free(struct sim_events *events);
/* Plans a copy of the event; its bytes are taken. */
void sim_push(struct sim_world *w, const struct sim_event *event);
/* When the next one is; FH_GOSSIP_NEVER when there is none. */
int64_t sim_next_ms(const struct sim_world *w);
/* Takes the next one; it is given back with sim_event_done. */
struct sim_event *sim_pop(struct sim_world *w);
void sim_event_done(struct sim_world *w, struct sim_event *event);

/* world.c */
void sim_random_bytes(struct sim_world *w, uint8_t *out, size_t size);
struct sim_node *sim_node_at(const struct sim_world *w, const char *address);
/* It crashed or has left. */
void sim_gone(struct sim_world *w, struct sim_node *node);
/* Stops a core without a word. */
void sim_take_down(struct sim_world *w, struct sim_node *node);
struct fh_gossip_env sim_env(struct sim_node *node);

/* network.c */
bool sim_reaches(const struct sim_node *from, const struct sim_node *to);
int64_t sim_delay_ms(struct sim_world *w);
/* A node sent a datagram; `hash` stands for its bytes. */
void sim_count_datagram(struct sim_world *w, struct sim_node *node, uint64_t hash, size_t wire);
/* A model's packet: `bytes` stand for `wire` bytes on the wire. */
void sim_post(struct sim_world *w,
              struct sim_node *from,
              struct sim_node *to,
              struct fh_bytes bytes,
              uint32_t wire);
/* From now on nothing comes from one to the other. */
void sim_cut(struct sim_world *w, uint32_t from, uint32_t to);

/* step.c */
void sim_step(struct sim_world *w, struct sim_node *node, struct fh_gossip_event *event);
/* Plans the node's next tick. */
void sim_wind(struct sim_world *w, struct sim_node *node);

/* exchange.c */
/* The announcement of this revision; it exists. */
uint32_t sim_announcement_of(const struct sim_world *w, uint32_t product, uint32_t revision);
/* The catalogue's judgement of an announcement known by its index: true when it is new. */
bool sim_keep_known(struct sim_world *w, struct sim_node *node, uint32_t announcement);
struct fh_ref sim_product_key(uint32_t product);
void sim_publish_catalogue(struct sim_world *w, struct sim_node *node);
/* The catalogue's judgement: true when the announcement is new; then it travels on if `spread`. */
bool sim_keep(struct sim_world *w, struct sim_node *node, struct fh_bytes bytes, bool spread);
void sim_announce(struct sim_world *w, struct sim_node *node, uint32_t product);

/* holdings.c */
enum sim_set { SIM_SET_MEMBERS, SIM_SET_CATALOGUE, SIM_SET_COUNT };
/* One record of a set, as the holder has it. */
struct sim_held {
    struct fh_record_id id;
    struct fh_range_key key;
    struct fh_bytes bytes;
};
/* What the node holds of the set; freed by the caller. */
struct sim_held *sim_gather(const struct sim_world *w,
                            const struct sim_node *node,
                            enum sim_set set,
                            size_t *out_count);
/* Appends those records of members that begin with one of the refs (FH_REF_BYTES at each `stride`)
 * and that the node holds, each a bin, in the order of its table. False, and nothing appended, when
 * a hostile node made one of them. */
bool sim_pack_members(const struct sim_world *w,
                      const struct sim_node *node,
                      const uint8_t *refs,
                      size_t stride,
                      size_t count,
                      struct fh_buf *out);
/* What sim_gather finds, as a range set; lent until the next call but 63. */
const struct fh_rangeset *
sim_rangeset_of(struct sim_world *w, const struct sim_node *node, enum sim_set set);
void sim_holdings_free(struct sim_holdings *h);

/* session.c */
/* Plans EVENT_SYNC or EVENT_LINK between node and the one of index `peer`. */
void sim_stream(struct sim_world *w,
                struct sim_node *node,
                uint32_t peer,
                enum sim_event_kind kind,
                uint64_t token);
void sim_count_session(struct sim_world *w,
                       struct sim_node *node,
                       struct sim_node *peer,
                       size_t bytes);
void sim_on_sync(struct sim_world *w, struct sim_node *node, const struct sim_event *event);
void sim_on_stream(struct sim_world *w, struct sim_node *node, const struct sim_event *event);
/* Its next message does not arrive. */
void sim_session_broken(struct sim_world *w, uint64_t token);
void sim_sessions_free(struct sim_world *w);
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
