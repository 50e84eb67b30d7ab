/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Member table: who is known, in which state, and whom to probe next.
 *
 * One entry of 32 bytes for each node, in it a reference to its record (proto/gossip/facts.h),
 * found by the first 8 bytes of its id. Slots are stable while a member lives in the table; slot 0
 * is this node itself. Probing goes round a shuffled list of those that are not dead or gone, so
 * that everybody is probed once in a round (SWIM section 4.3); a newcomer is put in at a random
 * place of the rest of the round.
 *
 * Does not: judge records or keep timers. Thread: distinct objects. Ownership: the table holds a
 * reference to each fact; entries are lent until the next call that adds or removes.
 */
#ifndef FH_PROTO_GOSSIP_MEMBERS_H
#define FH_PROTO_GOSSIP_MEMBERS_H

#include "common/prng.h"
#include "proto/gossip/facts.h"
#include "proto/gossip/gossip.h"
#include "proto/gossip/quota.h"
#include "proto/wire/id_sum.h"

#define FH_MEMBER_NONE UINT32_MAX

enum { FH_MEMBER_SELF = 0 };

/* Times are counted in steps of FH_MEMBER_STEP_MS since the table's first member, from 1; 0: never
 * (fh_members_step, fh_members_ms). That lasts for eight years. */
enum { FH_MEMBER_STEP_MS = 64, FH_MEMBER_ASKED_MAX = 15, FH_MEMBER_MOVES_MAX = 7 };

struct fh_member {
    struct fh_fact *alive; /* newest ALIVE; NULL marks an empty slot */
    uint32_t since;        /* step when it came into this state */
    uint32_t heard;        /* of the last awaited answer */
    uint32_t asked_at;     /* of the last ping outside the round (newcomers, refutation) */
    uint16_t next;         /* private: slot + 1 in the chain of the hash, or of free ones */
    uint16_t leave;        /* private: index + 1 into `leaves`, 0: none (fh_member_leave) */
    uint16_t suspicion;    /* index + 1 into the core's suspicions, 0: none */
    uint16_t keys;         /* index + 1 into the key cache, 0: none */
    uint16_t rtt_ms;       /* smoothed; 0: unknown */
    unsigned state : 3;    /* enum fh_member_state */
    unsigned address : 2;  /* which of its addresses is in use */
    unsigned linked : 3;   /* probes in a row that only a session answered */
    unsigned asked : 4;    /* pings outside the round that were not answered; sticks at the most */
    unsigned moves : 3;    /* starts elsewhere in a row, each soon after the last; sticks */
    unsigned forked : 1;   /* two records of this life were seen */
};
_Static_assert(sizeof(struct fh_member) <= 32, "10,000 members in 10,000 nodes fit a simulator");
_Static_assert(FH_MEMBERS_MAX < UINT16_MAX && FH_GOSSIP_SUSPICIONS_MAX < UINT16_MAX &&
                   FH_GOSSIP_KEYS_MAX < UINT16_MAX,
               "indices fit 16 bits");
_Static_assert(FH_MEMBER_STATE_COUNT <= 8 && FH_ADDRESSES_MAX <= 4, "states and addresses fit");

/* A member that left: its record lies here, because few have one. */
struct fh_departure {
    struct fh_fact *leave;
    uint32_t slot;
};

struct fh_members {
    struct fh_member *slots;
    uint32_t slot_count; /* used and free ones */
    uint32_t slot_max;
    uint32_t count; /* used ones */
    uint32_t limit;
    uint32_t by_state[FH_MEMBER_STATE_COUNT];
    /* private */
    int64_t born_ms;   /* of the first step */
    uint32_t free;     /* slot, or FH_MEMBER_NONE */
    uint16_t *buckets; /* slot + 1, or 0 */
    uint32_t bucket_count;
    uint16_t *round; /* slots in the order of probing; may hold slots that went meanwhile */
    uint32_t round_count;
    uint32_t round_at;
    struct fh_departure *leaves;
    uint32_t leave_count;
    uint32_t leave_max;
    struct fh_quota domains;
    struct fh_id_sum sum; /* of the records' ids: the fingerprint before hashing */
    struct fh_fact_pool *pool;
};

/* An empty table of at most `limit` members; `pool` is kept. FH_ENOMEM. */
FH_MUST_CHECK int
fh_members_init(struct fh_members *members, uint32_t limit, struct fh_fact_pool *pool);
void fh_members_fini(struct fh_members *members);

uint32_t fh_members_find(const struct fh_members *members, const struct fh_node_id *node);
/* The first slot after `after` (FH_MEMBER_NONE: from the start) whose id has this prefix. */
uint32_t
fh_members_find_prefix(const struct fh_members *members, const uint8_t prefix[8], uint32_t after);
uint32_t fh_members_find_ref(const struct fh_members *members, const struct fh_ref *ref);

/* Adds a member with its ALIVE fact (the caller's reference is taken), state UNVERIFIED.
 * FH_MEMBER_NONE when the table or the domain's share of it is full or there is no memory: then
 * nothing is taken. */
uint32_t fh_members_add(struct fh_members *members, struct fh_fact *alive, int64_t now_ms);
void fh_members_remove(struct fh_members *members, uint32_t slot);
/* Replaces the record by one of the same node and domain; `alive` clears `leave`. The caller's
 * reference is taken. */
void fh_members_set_alive(struct fh_members *members, uint32_t slot, struct fh_fact *alive);
/* A newer LEAVE; then the state is LEFT. The caller's reference is taken. FH_ENOMEM: it is not. */
FH_MUST_CHECK int
fh_members_set_leave(struct fh_members *members, uint32_t slot, struct fh_fact *leave);
void fh_members_set_state(struct fh_members *members,
                          uint32_t slot,
                          enum fh_member_state state,
                          int64_t now_ms);
/* Puts a member that lives again, or is new, into the running round. */
void fh_members_enter_round(struct fh_members *members, uint32_t slot, struct fh_prng *prng);

/* The next one to probe: not this node, not dead, not left; FH_MEMBER_NONE when there is nobody. */
uint32_t fh_members_next_probe(struct fh_members *members, struct fh_prng *prng);

/* Up to `want` distinct random slots whose state bit is in `states` (1 << state), never this node
 * nor `except`. Returns how many. */
unsigned fh_members_pick(const struct fh_members *members,
                         struct fh_prng *prng,
                         unsigned states,
                         uint32_t except,
                         unsigned want,
                         uint32_t *out);

/* Members that count as being there: self, unverified, alive, suspect. */
uint32_t fh_members_live(const struct fh_members *members);
/* BLAKE2b-128 over the sum of the ids of all records in force and their count. */
void fh_members_fingerprint(const struct fh_members *members,
                            uint8_t out[FH_GOSSIP_FINGERPRINT_BYTES]);
/* The same from scratch: what a checker compares with. O(n). */
void fh_members_fingerprint_slow(const struct fh_members *members,
                                 uint8_t out[FH_GOSSIP_FINGERPRINT_BYTES]);
size_t fh_members_memory(const struct fh_members *members);

static inline uint32_t fh_members_step(const struct fh_members *members, int64_t now_ms)
{
    return 1 + (uint32_t)((now_ms - members->born_ms) / FH_MEMBER_STEP_MS);
}
/* When the step began; INT64_MIN for never. */
static inline int64_t fh_members_ms(const struct fh_members *members, uint32_t step)
{
    return step == 0 ? INT64_MIN : members->born_ms + (int64_t)(step - 1) * FH_MEMBER_STEP_MS;
}

/* The LEAVE in force, newer than the ALIVE; NULL: it did not leave. */
static inline const struct fh_fact *fh_member_leave(const struct fh_members *members,
                                                    const struct fh_member *member)
{
    return member->leave == 0 ? NULL : members->leaves[member->leave - 1].leave;
}
/* The life in force: that of the LEAVE when there is one. */
static inline const struct fh_fact *fh_member_fact(const struct fh_members *members,
                                                   const struct fh_member *member)
{
    return member->leave == 0 ? member->alive : fh_member_leave(members, member);
}
static inline const char *fh_member_address(const struct fh_member *member)
{
    return member->alive->alive.address[member->address % member->alive->alive.address_count];
}
static inline bool fh_member_is_live(const struct fh_member *member)
{
    return member->alive != NULL && member->state != FH_MEMBER_DEAD &&
           member->state != FH_MEMBER_LEFT;
}

#endif
