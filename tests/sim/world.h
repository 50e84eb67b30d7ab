/* SPDX-License-Identifier: Apache-2.0 */
/*
 * World: a simulated mesh that drives the production gossip core.
 *
 * One virtual clock, one seeded source of chance, one heap of events; nodes are production cores
 * with doubles around them: a disk that keeps a generation, a catalogue that keeps announcements, a
 * session that synchronises in one go, an X25519 that is a hash. Signatures are real. Everything
 * that happens is mixed into one number, so that two runs of a seed can be compared.
 *
 * Does not: judge (check.h) or tell stories (scenario.h). Thread: one. Ownership: the world owns
 * all; nodes are lent.
 */
#ifndef FH_TESTS_SIM_WORLD_H
#define FH_TESTS_SIM_WORLD_H

#include "common/prng.h"
#include "proto/gossip/announce.h"
#include "proto/gossip/core.h"
#include "proto/gossip/rangeset.h"
#include "tests/sim/figures.h"

#include <stdio.h>

#define SIM_WALL_MS INT64_C(1772323200000) /* 2026-03-01T00:00:00Z at virtual time 0 */

#define SIM_OUTSIDER "x:1" /* address of who is no node */

enum {
    SIM_PRODUCTS_MAX = 256,
    SIM_CAPTURED_MAX = 512,
    SIM_CUTS_MAX = 64,
    SIM_LABEL_BYTES = 20,
};

struct sim_check;
struct sim_memberlist;
struct sim_world;

enum sim_preset {
    SIM_FREEHOLD,   /* the production core */
    SIM_MEMBERLIST, /* memberlist.h */
};

enum sim_delay {
    SIM_DELAY_LAN, /* 1 to 5 ms, 2 % of them up to 80 ms more */
    SIM_DELAY_CONSTANT,
    SIM_DELAY_UNIFORM, /* up to twice delay_ms */
    SIM_DELAY_TAIL,    /* about log-normal with median delay_ms: reorders much */
};

struct sim_options {
    enum sim_preset preset;
    enum sim_delay delay;
    unsigned delay_ms; /* 0: the distribution's own */
    unsigned mtu;      /* larger datagrams do not arrive */
    unsigned nodes;
    unsigned loss_permille;
    unsigned duplicate_permille;
    unsigned corrupt_permille;
    uint64_t seed;
    bool no_links;    /* sessions do not answer probes: datagrams alone decide */
    bool no_sync;     /* sessions serve newcomers only: rumours alone spread news */
    FILE *transcript; /* NULL: none */
};

struct sim_node {
    struct sim_world *world;
    struct fh_gossip *core;       /* NULL while it is down */
    struct sim_memberlist *model; /* instead of a core; NULL while it is down */
    uint32_t index;
    uint32_t life; /* counts starts; events of an earlier life are lost */
    bool called_leave;
    bool ever_left; /* said goodbye in any life */
    bool left;
    uint64_t disk_generation;
    struct fh_buf disk_members; /* records, each a bin */
    uint64_t start_entropy;
    struct fh_sign_public key;
    struct fh_sign_secret secret;
    struct fh_agree_public agree;
    struct fh_node_id id;
    struct fh_domain_id domain;
    char label[SIM_LABEL_BYTES];
    char address[SIM_LABEL_BYTES];
    int64_t tick_at_ms;
    int64_t paused_until_ms;
    int64_t wall_offset_ms; /* of its wall clock against the world's */
    uint32_t slow_ms;
    uint32_t moves; /* changes of address */
    bool withholds;
    bool hostile; /* withheld or equivocated once: what it has or says proves nothing */
    int64_t started_ms;
    int64_t disturbed_ms;       /* last time that something was done to it */
    int64_t disturbed_until_ms; /* until then a verdict about or by it proves nothing */
    int64_t down_since_ms;
    int64_t wronged_ms;      /* last false verdict about it */
    uint32_t suspected_life; /* of which the crash was suspected, and judged */
    uint32_t buried_life;
    bool joining;                        /* into a running mesh, and does not list all of it yet */
    uint64_t bytes;                      /* in and out since its start */
    uint32_t ticks_at_once;              /* without time passing */
    uint32_t island;                     /* nodes of different islands do not reach each other */
    bool deaf;                           /* receives nothing, sends: a one-way cut */
    uint32_t revision[SIM_PRODUCTS_MAX]; /* what its catalogue holds */
    uint32_t heard[SIM_PRODUCTS_MAX];    /* newest that ever came to it */
    struct fh_gossip_counters past;      /* of earlier lives */
};

struct sim_announcement {
    uint32_t product;
    uint32_t revision;
    struct fh_announcement said; /* what decides which of two wins; the rest is not used */
    uint32_t owner;
    struct fh_range_key place;
    struct fh_record_id id;
    int64_t born_ms;
    uint32_t wanted; /* nodes that were up at its birth and do not have it */
    size_t size;
    uint8_t *bytes;
};

enum sim_disk {
    SIM_DISK_KEPT,
    SIM_DISK_LOST,
    SIM_DISK_TORN, /* no generation, half of the members, one of them cut short */
};

enum sim_op {
    SIM_OP_WARM,    /* the first a nodes run and have known each other for long */
    SIM_OP_START,   /* node a, with seeds */
    SIM_OP_CRASH,   /* node a */
    SIM_OP_RESTART, /* node a; b: enum sim_disk */
    SIM_OP_LEAVE,   /* node a */
    SIM_OP_PAUSE,   /* node a for b ms */
    SIM_OP_SPLIT,   /* nodes with index % b < a are one island */
    SIM_OP_HEAL,
    SIM_OP_DEAF,     /* node a, b = 1: on, 0: off */
    SIM_OP_CUT,      /* nothing comes from node a to node b any more */
    SIM_OP_MEND,     /* all cuts */
    SIM_OP_SLOW,     /* whatever node a does comes up to b ms late; 0: off */
    SIM_OP_CLOCK,    /* the wall clock of node a jumps by (int32_t)b ms */
    SIM_OP_MOVE,     /* node a restarts at another address */
    SIM_OP_WITHHOLD, /* node a, b = 1: passes nothing on, tells nothing; 0: off */
    SIM_OP_FLOOD,    /* node a (admitted, hostile) sends b datagrams of true and false records */
    SIM_OP_ANNOUNCE, /* node a, product b */
    SIM_OP_LIE,      /* node a (admitted, hostile) accuses, forges and equivocates, b times */
    SIM_OP_NEWS_DUE, /* announcement a has had its time */
    SIM_OP_REPLAY,   /* an outsider sends b captured or damaged datagrams */
    SIM_OP_COUNT
};

struct sim_events;
struct sim_holdings;
struct sim_session;

/* Whose public key it is, and of which domain, by the beginnings of both: each node asks that of
 * all others each minute. */
struct sim_key {
    uint64_t key;
    uint64_t domain;
    uint32_t node; /* index + 1; 0: free */
};

struct sim_world {
    struct sim_options options;
    int64_t now_ms;
    uint64_t trace; /* everything that happened, mixed */
    struct fh_prng prng;
    struct fh_mesh_id mesh;
    struct fh_fact_pool *pool;
    struct sim_node *nodes;
    uint32_t *index;        /* node id -> node, open addressing */
    struct sim_key *by_key; /* the same by public key */
    uint32_t index_size;
    struct sim_events *events;
    struct sim_holdings *holdings; /* NULL: nothing was read yet */
    struct sim_session *sessions;
    uint32_t session_max;
    struct sim_announcement *announcements;
    uint32_t announcement_count;
    uint32_t latest[SIM_PRODUCTS_MAX]; /* newest announcement + 1 of each product */
    struct {
        uint32_t from;
        uint32_t to;
    } cuts[SIM_CUTS_MAX]; /* one-way */
    unsigned cut_count;
    uint32_t warm;        /* so many nodes were started by SIM_OP_WARM */
    bool hostile;         /* a node lied, flooded or withheld */
    uint64_t outsider_in; /* datagrams from and to addresses of no node */
    uint64_t outsider_out;
    uint32_t doubtful; /* the last node that did not agree */
    uint32_t up;       /* nodes that are up */
    struct sim_check *check;
    struct sim_figures figures;
    struct { /* datagrams seen on the way, for replays */
        uint32_t to;
        uint32_t size;
        uint8_t bytes[FH_DATAGRAM_BYTES_MAX];
    } captured[SIM_CAPTURED_MAX];
    uint32_t captured_count;
    int64_t last_fault_ms;
    struct fh_gossip_actions actions;
};

struct sim_world *sim_world_new(const struct sim_options *options);
void sim_world_free(struct sim_world *w);

/* Plans an operation. */
void sim_at(struct sim_world *w, int64_t at_ms, enum sim_op op, uint32_t a, uint32_t b);
/* Runs everything until the virtual time. */
void sim_run(struct sim_world *w, int64_t until_ms);

/* Whether every node that is up holds the same records, sees the others as they are and has the
 * newest announcements. */
bool sim_agrees(struct sim_world *w);

/* ---- for scenarios, checks and attacks ------------------------------------------------------- */

/* Who has admitted this domain. */
struct fh_domain_id sim_voucher(const struct fh_domain_id *domain);
/* NULL for a node that does not exist. */
struct sim_node *sim_node_of(const struct sim_world *w, const struct fh_node_id *id);
struct sim_node *sim_node_of_ref(const struct sim_world *w, const struct fh_ref *ref);
static inline bool sim_runs(const struct sim_node *node)
{
    return node->core != NULL || node->model != NULL;
}
static inline bool sim_is_up(const struct sim_node *node)
{
    return sim_runs(node) && !node->left;
}
/* Carries out what a core's step left in w->actions. */
void sim_act(struct sim_world *w, struct sim_node *node);
/* Puts a datagram on the way to `to`; `from` as the receiver sees it. */
void sim_send(struct sim_world *w,
              const struct sim_node *from,
              struct sim_node *to,
              const char *from_address,
              struct fh_bytes bytes);
/* Everything happening is mixed in here. */
void sim_mix(struct sim_world *w, uint64_t value);
uint64_t sim_hash(struct fh_bytes bytes);
void sim_say(struct sim_world *w, const struct sim_node *node, const char *text);

static inline int64_t sim_wall_ms(const struct sim_node *node)
{
    return SIM_WALL_MS + node->world->now_ms + node->wall_offset_ms;
}

/* attack.c */
void sim_flood(struct sim_world *w, struct sim_node *liar, unsigned times);
void sim_lie(struct sim_world *w, struct sim_node *liar, unsigned times);
void sim_replay(struct sim_world *w, unsigned times);

#endif
