/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeded pseudo-random numbers for protocol choices and simulation: never for keys or nonces.
 *
 * xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018),
 * seeded through splitmix64 as its authors advise. One seed gives one sequence on every machine.
 *
 * Thread: distinct objects. Ownership: plain value.
 */
#ifndef FH_COMMON_PRNG_H
#define FH_COMMON_PRNG_H

#include <stdint.h>

struct fh_prng {
    uint64_t s[4];
};

void fh_prng_init(struct fh_prng *prng, uint64_t seed);
uint64_t fh_prng_u64(struct fh_prng *prng);
/* Uniform in [0, bound) without bias; bound > 0. */
uint64_t fh_prng_below(struct fh_prng *prng, uint64_t bound);

#endif
