/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the model of memberlist: what its two files share.
 *
 * Thread: one. Ownership: the model owns all.
 */
#ifndef FH_TESTS_SIM_MEMBERLIST_IMPL_H
#define FH_TESTS_SIM_MEMBERLIST_IMPL_H

#include "tests/sim/broadcasts.h"
#include "tests/sim/figures.h"
#include "tests/sim/memberlist.h"

enum { /* the rules' numbers: memberlist's LAN configuration */
       PROBE_MS = 1000,
       PROBE_TIMEOUT_MS = 500,
       RELAYS = 3,
       SUSPICION_MULT = 4,
       SUSPICION_MAX_MULT = 6,
       CONFIRMATIONS = SUSPICION_MULT - 2,
       HEALTH_MAX = 7,
       GOSSIP_MS = 200,
       GOSSIP_NODES = 3,
       RETRANSMIT_MULT = 4,
       EXCHANGE_MS = 30000,
       EXCHANGE_SCALE_FROM = 32,
       FORGET_MS = 30000, /* the dead: gossiped to and listed until then */
       RETRY_JOIN_MS = 30000,
       LEAVE_MS = 3000,
       PACKET_BYTES = 1400,
       COMPOUND_BYTES = 2,      /* of a packet of several messages */
       COMPOUND_EACH_BYTES = 2, /* of each message in it */
       USER_BYTES = 1,
       STREAM_BYTES = 60, /* headers of an exchange of states, both ways */
};

enum { MESSAGES_MAX = 48, RELAYED_MAX = 128, SUSPICIONS_START = 8, NEVER_SUSPECT = 0 };

enum kind { PING, INDIRECT, ACK, NACK, SUSPECT, ALIVE, DEAD, USER };

enum state { UNKNOWN, LIVE, SUSPECTED, FAILED, GONE };

struct peer {
    uint32_t incarnation;
    uint32_t changed_ms;
    uint32_t suspicion; /* index + 1 */
    uint8_t state;
};

struct suspicion {
    uint32_t subject;
    unsigned confirmed;
    unsigned expected;
    uint32_t from[CONFIRMATIONS + 1];
    int64_t started_ms;
    int64_t min_ms;
    int64_t deadline_ms;
};

struct relayed {
    uint32_t seq; /* 0: free */
    uint32_t origin;
    uint32_t origin_seq;
    int64_t expires_ms;
};

struct probing {
    bool active;
    bool asked; /* relays and stream */
    bool linked;
    uint32_t subject;
    uint32_t seq;
    unsigned nacks_expected;
    unsigned nacks;
    int64_t next_ms; /* end of the first wait, then of the probe */
    int64_t end_ms;
};

struct sim_memberlist {
    struct sim_world *w;
    struct sim_node *node;
    uint32_t self;
    struct peer *peers; /* by node index */
    uint32_t *order;    /* of probing: all known, this node too */
    uint32_t known;
    uint32_t live;
    uint32_t order_at;
    uint32_t seq;
    unsigned health;
    bool leaving;
    bool probe_owed; /* a ticker holds one tick while the probe before runs */
    struct probing probe;
    struct suspicion *suspicions;
    uint32_t suspicion_count;
    uint32_t suspicion_max;
    struct relayed relayed[RELAYED_MAX];
    struct sim_broadcasts news;
    struct sim_broadcasts user;
    int64_t probe_tick_ms;
    int64_t gossip_phase_ms;
    int64_t exchange_ms;
    int64_t join_ms;
    int64_t leave_ms;
    int64_t suspicion_next_ms;
    int64_t relayed_next_ms;
};

/* Bytes on the wire of a message, and of one entry of an exchange of states. */
uint32_t sim_ml_size_of(const struct sim_memberlist *m, const struct sim_gossip *g);
uint32_t sim_ml_state_size(const struct sim_world *w, uint32_t subject);
/* How often each piece of news is sent. */
unsigned sim_ml_sends(const struct sim_memberlist *m);
int64_t sim_ml_exchange_ms(const struct sim_memberlist *m);
void sim_ml_health(struct sim_memberlist *m, int delta);
void sim_ml_spread(struct sim_memberlist *m, enum kind kind, uint32_t subject, uint32_t from);
bool sim_ml_lists(const struct peer *p);
void sim_ml_set_state(struct sim_memberlist *m, uint32_t subject, enum state state);
/* After each round of probes: the long dead go, the rest is shuffled. */
void sim_ml_reset_order(struct sim_memberlist *m);
/* Up to `want` random members, `suspects` and the lately dead too. */
unsigned
sim_ml_pick(struct sim_memberlist *m, unsigned want, uint32_t except, bool suspects, uint32_t *out);
void sim_ml_on_alive(struct sim_memberlist *m, uint32_t subject, uint32_t incarnation);
void sim_ml_on_dead(struct sim_memberlist *m,
                    uint32_t subject,
                    uint32_t incarnation,
                    uint32_t from);
void sim_ml_on_suspect(struct sim_memberlist *m,
                       uint32_t subject,
                       uint32_t incarnation,
                       uint32_t from);

#endif
