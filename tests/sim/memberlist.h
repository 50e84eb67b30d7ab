/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memberlist: a model of the LAN rules of HashiCorp's memberlist, to compare with.
 *
 * It runs in the same world as the production core, over the same network and the same seeds, and
 * follows the documented rules: a probe each second, three relays and a stream ping after 500 ms,
 * verdict at the end of the (health-scaled) second; suspicion of 4 * max(1, log10 n) s, six times
 * that at first and shrinking with two confirmations; gossip of three packets each 200 ms while
 * there is news, each piece 4 * ceil(log10(n + 1)) times; whole states exchanged each 30 s, more
 * rarely above 32 members; refutation by a higher incarnation; the dead forgotten after 30 s.
 * Announcements are user broadcasts in a queue of their own, as serf's events are; the exchange of
 * states carries them too. A node that knows nobody asks its seeds each 30 s (serf's retry_join).
 *
 * Messages are small structures; their sizes are those of memberlist's msgpack maps with names as
 * short as the simulator's, without encryption (29 bytes less a packet) and without compression.
 *
 * Does not: contain any code of memberlist; serf's reconnects, snapshots and queries are left out.
 * Thread: one. Ownership: the world owns it.
 */
#ifndef FH_TESTS_SIM_MEMBERLIST_H
#define FH_TESTS_SIM_MEMBERLIST_H

#include "tests/sim/world_impl.h"

struct sim_memberlist;

/* A node that knows nobody, or all that run (`warm`). Never NULL. */
struct sim_memberlist *sim_memberlist_new(struct sim_node *node, bool warm);
void sim_memberlist_free(struct sim_memberlist *m);

void sim_memberlist_datagram(struct sim_memberlist *m, uint32_t from, struct fh_bytes bytes);
void sim_memberlist_tick(struct sim_memberlist *m);
int64_t sim_memberlist_deadline(const struct sim_memberlist *m);
/* A stream ping was answered or not. */
void sim_memberlist_linked(struct sim_memberlist *m, uint64_t token, bool reached);
/* A stream to the peer stands: both hand over their states. */
void sim_memberlist_exchange(struct sim_memberlist *m, struct sim_memberlist *peer);
void sim_memberlist_leave(struct sim_memberlist *m);
/* Spreads what the node's catalogue has accepted. */
void sim_memberlist_announce(struct sim_memberlist *m, uint32_t announcement);

/* Whether it lists the other as there, suspected or not. */
bool sim_memberlist_lists(const struct sim_memberlist *m, uint32_t other);
/* Members listed, itself too. */
uint32_t sim_memberlist_live(const struct sim_memberlist *m);
size_t sim_memberlist_memory(const struct sim_memberlist *m);

#endif
