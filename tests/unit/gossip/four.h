/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four nodes for tests of the gossip core, above all against hostile input: a victim, an honest
 * node, an admitted liar and a stranger; what they send can be forged in every way.
 *
 * Does not: test. Thread: one; everything is global, made anew by set_up.
 */
#ifndef FH_TESTS_UNIT_GOSSIP_FOUR_H
#define FH_TESTS_UNIT_GOSSIP_FOUR_H

#include "proto/gossip/core.h"

#include <stddef.h>
#include <string.h>

#define WALL_MS INT64_C(1772323200000)

enum { A, B, M, S, NODES }; /* victim, honest, mallory (admitted), stranger (not admitted) */

struct node {
    struct fh_sign_public key;
    struct fh_sign_secret secret;
    struct fh_agree_secret agree_secret;
    struct fh_agree_public agree;
    struct fh_node_id id;
    struct fh_domain_id domain;
    char address[16];
    struct fh_gossip *core;
    bool elsewhere; /* its records name another address */
    bool home;      /* and now its own, instead of an invented one */
};

extern const struct fh_mesh_id mesh;
extern struct node nodes[NODES];
extern struct fh_gossip_actions actions; /* of the last step */
extern unsigned verified;                /* signatures checked */
extern bool mallory_revoked;
extern bool anybody_admitted; /* Mallory's domain vouches for whatever key it makes up */
extern bool mallory_vouches;  /* Mallory's domain has admitted the stranger's */

/* All four run, and nobody knows anybody. */
int four_start(void **state);
/* All four run; A, B and M know each other; the stranger knows A and M. */
int four_set_up(void **state);
int four_tear_down(void **state);
struct fh_gossip_options options_of(struct node *n);
struct fh_gossip_event event_of(enum fh_gossip_event_kind kind, int64_t now_ms);
void step(struct node *n, struct fh_gossip_event event);
/* `n` hears of a record over a session with `from`; at 10 ms. */
void learn(struct node *n, const struct node *from, struct fh_bytes record);
void learn_at(struct node *n, const struct node *from, struct fh_bytes record, int64_t now_ms);

struct input {
    size_t size;
    uint8_t bytes[2048];
};

/* Any content, sealed by a node's own core for A. */
void wrap_content(struct input *out, struct node *by, struct fh_bytes content);
void wrap_message(struct input *out, struct node *by, const struct fh_message *m);
void wrap_record(struct input *out, struct node *by, struct fh_bytes record);

struct claim { /* a record to be made */
    unsigned type;
    int about;
    int accuser;
    int signer;
    int64_t generation; /* added to the true one */
    int64_t incarnation;
    int64_t issued_ms; /* added to now */
    bool other_mesh;
    bool other_domain;
};
/* Returns its size. */
size_t make_record(uint8_t *out, const struct claim *c);
/* A gets it from x:1; at 20 ms. */
void give(const struct input *in);
void give_at(const struct input *in, int64_t now_ms);

/* Records that the core keeps of nodes that nobody admits. */
unsigned strangers_of(const struct fh_gossip *g);

/* ---- judging -------------------------------------------------------------------------------- */

struct before {
    uint8_t fingerprint[16];
    uint32_t states[FH_MEMBER_STATE_COUNT];
    uint32_t incarnation;
    uint64_t generation;
    uint32_t queue;
    size_t facts;
    struct fh_gossip_counters counters;
};
/* Of A, now. */
void note(struct before *b);
/* Nothing was done, and nothing is different. */
void unchanged(const char *name, const struct before *b);
/* This counter went up by one. */
void counted(const char *name, const struct before *b, size_t offset);
#define COUNTER(name) offsetof(struct fh_gossip_counters, name)

/* The first of this kind in `actions`; NULL. */
const struct fh_gossip_action *find_action(enum fh_gossip_action_kind kind);

#endif
