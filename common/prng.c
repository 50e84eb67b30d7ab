/* SPDX-License-Identifier: Apache-2.0 */
#include "common/prng.h"

#include "common/assert.h"

static uint64_t rotate_left(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

void fh_prng_init(struct fh_prng *prng, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u;
        uint64_t z = seed;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        prng->s[i] = z ^ z >> 31;
    }
}

uint64_t fh_prng_u64(struct fh_prng *prng)
{
    uint64_t *s = prng->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t fh_prng_below(struct fh_prng *prng, uint64_t bound)
{
    FH_ASSERT(bound > 0);
    uint64_t threshold = (0 - bound) % bound; /* rejects the uneven rest */
    for (;;) {
        uint64_t r = fh_prng_u64(prng);
        if (r >= threshold) {
            return r % bound;
        }
    }
}
