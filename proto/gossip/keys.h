/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key cache: datagram keys and replay windows of the peers spoken with lately.
 *
 * A key agreement costs tens of microseconds, so its result is kept for as many peers as the limit
 * allows; one that was not used lately makes room (second chance, which costs less at each datagram
 * than keeping them in order). What is lost with it is the replay window: an old datagram of the
 * same life may then pass once more. That is harmless by construction: answers are bound to what is
 * awaited, records to (generation, incarnation), and an answer that goes to an address its receiver
 * never signed carries no news.
 *
 * Does not: agree on keys. Thread: distinct objects. Ownership: results are lent until the next
 * call; secrets are wiped when they leave.
 */
#ifndef FH_PROTO_GOSSIP_KEYS_H
#define FH_PROTO_GOSSIP_KEYS_H

#include "proto/gossip/datagram.h"
#include "proto/gossip/members.h"
#include "proto/gossip/rate.h"

struct fh_peer_keys {
    uint8_t shared[32];
    uint8_t send[FH_AEAD_KEY_BYTES];
    uint8_t receive[FH_AEAD_KEY_BYTES];   /* for receive_boot */
    struct fh_datagram_boot receive_boot; /* of the last datagram that opened */
    struct fh_datagram_boot send_boot;    /* for which `send` was derived */
    struct fh_replay_window window;
    bool has_receive;
    bool has_send;
    struct fh_rate verify_rate; /* what this peer may make us do, whoever else asks */
    struct fh_rate relay_rate;
    struct fh_rate serve_rate;
    /* private */
    bool used;      /* since the hand came by */
    uint32_t owner; /* slot */
    uint32_t next_free;
};

struct fh_key_cache {
    struct fh_peer_keys *entries;
    uint32_t count;
    uint32_t capacity;
    uint32_t limit;
    uint32_t hand; /* where the search for one to replace goes on */
    uint32_t free; /* chained by `next_free` */
};

void fh_keys_init(struct fh_key_cache *cache, uint32_t limit);
void fh_keys_fini(struct fh_key_cache *cache);
/* NULL when the member's keys are not held. */
struct fh_peer_keys *fh_keys_get(struct fh_key_cache *cache, const struct fh_member *member);
/* Makes room and an entry for the member in `slot` (which has none) around the agreed secret. NULL:
 * no memory. */
struct fh_peer_keys *fh_keys_make(struct fh_key_cache *cache,
                                  struct fh_members *members,
                                  uint32_t slot,
                                  const uint8_t shared[32]);
/* Wipes what is held for this member: it left, or has another static key now. */
void fh_keys_forget(struct fh_key_cache *cache, struct fh_member *member);
size_t fh_keys_memory(const struct fh_key_cache *cache);

#endif
