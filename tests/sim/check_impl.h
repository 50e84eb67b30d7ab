/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the checkers: the books that they keep.
 *
 *     check.c         who sealed what, who accused whom, what is broken
 *     check_safety.c  rules that hold after every step, one function each
 *     check_end.c     rules about what comes in time, one function each
 *
 * Thread: one. Ownership: the world's.
 */
#ifndef FH_TESTS_SIM_CHECK_IMPL_H
#define FH_TESTS_SIM_CHECK_IMPL_H

#include "tests/sim/check.h"

enum {
    SIM_ACCUSERS = 8, /* remembered of one life */
    SIM_NOT_LISTED = 255,
};

/* What a node's table showed last about another. */
struct sim_view {
    uint64_t generation;
    uint32_t incarnation;
    uint8_t state; /* enum fh_member_state or SIM_NOT_LISTED */
    bool floored;  /* no life up to this one comes back, also when it was forgotten */
    uint64_t floor_generation;
    uint32_t floor_incarnation;
};

/* Who accused one life of one node. */
struct sim_accused {
    uint32_t subject;
    uint64_t generation;
    uint32_t incarnation;
    unsigned count;
    uint32_t accusers[SIM_ACCUSERS];
    struct sim_accused *next;
};

struct sim_sealer {
    uint64_t ref;  /* the beginning of the id */
    uint32_t node; /* index + 1; 0: free */
};

struct sim_check {
    struct sim_view **views;
    uint32_t nodes;
    uint32_t stride;  /* every so many nodes is watched */
    uint64_t *sealed; /* set of (hash of record ^ signer) */
    size_t sealed_count;
    size_t sealed_size;
    struct sim_sealer *sealers; /* of ALIVE and LEAVE records, by id */
    size_t sealer_count;
    size_t sealer_size;
    struct sim_accused **accused; /* by subject */
    struct sim_view *own;         /* last life of each node as itself saw it */
    uint64_t *highest;            /* persisted generation of each node */
    unsigned broken;
    unsigned complaints;
};

/* What is known of accusations of this life; NULL when there are none and `make` is false. */
struct sim_accused *sim_check_accused(
    struct sim_check *c, uint32_t subject, uint64_t generation, uint32_t incarnation, bool make);
bool sim_check_was_sealed(const struct sim_check *c, uint32_t signer, struct fh_bytes record);

#endif
