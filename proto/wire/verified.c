/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/verified.h"

#include "common/mem.h"

enum { WAYS = 4, SETS = FH_VERIFIED_MAX / WAYS };

_Static_assert(SETS >= 1 && SETS <= UINT16_MAX && SETS % 2 == 0, "a set by two bytes of a hash");

/* Those whose hash begins alike: one of them gives way to a new one. */
struct set {
    struct fh_hash good[WAYS]; /* zero: free; no hash is */
    bool again[WAYS];          /* it came again since the set was full of such */
};

struct fh_verified {
    struct fh_verifier by;
    struct set sets[SETS];
};

struct fh_verified *fh_verified_new(const struct fh_verifier *by)
{
    struct fh_verified *verified = fh_calloc(1, sizeof *verified);
    if (verified != NULL) {
        verified->by = *by;
    }
    return verified;
}

void fh_verified_free(struct fh_verified *verified)
{
    fh_free(verified);
}

static bool find(struct set *set, const struct fh_hash *hash)
{
    for (size_t i = 0; i < WAYS; i++) {
        if (memcmp(set->good[i].b, hash->b, sizeof hash->b) == 0) {
            set->again[i] = true;
            return true;
        }
    }
    return false;
}

static void keep(struct set *set, const struct fh_hash *hash)
{
    size_t place = 0;
    while (place < WAYS && set->again[place]) {
        place++;
    }
    if (place == WAYS) {
        memset(set->again, 0, sizeof set->again);
        place = 0;
    }
    /* The newest at the end: of those that came once the oldest gives way. */
    memmove(&set->good[place], &set->good[place + 1], (WAYS - 1 - place) * sizeof set->good[0]);
    memmove(&set->again[place], &set->again[place + 1], (WAYS - 1 - place) * sizeof set->again[0]);
    set->good[WAYS - 1] = *hash;
    set->again[WAYS - 1] = false;
}

bool fh_verified_check(struct fh_verified *verified,
                       const struct fh_signature *signature,
                       struct fh_bytes message,
                       const struct fh_sign_public *key)
{
    const struct fh_bytes parts[] = {
        fh_bytes(key->b, sizeof key->b), fh_bytes(signature->b, sizeof signature->b), message};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    struct set *set = &verified->sets[(size_t)(hash.b[0] << 8 | hash.b[1]) % SETS];
    if (find(set, &hash)) {
        return true;
    }
    if (!verified->by.verify(verified->by.user, signature, message, key)) {
        return false;
    }
    keep(set, &hash);
    return true;
}
