/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Served: the table of sessions that others have with this node, by number.
 *
 * It is bounded in all, by handshakes that are not done, and by key. Anybody can begin a handshake,
 * and make keys without end: what has shown least makes room first, so that strangers push out each
 * other and not the members of the mesh.
 *
 * Does not: open or seal, judge who speaks. Thread: the loop's. Ownership: the table owns its
 * sessions (one reference each) until they are dropped.
 */
#ifndef FH_NODE_PEER_SERVED_H
#define FH_NODE_PEER_SERVED_H

#include "node/peer/admit.h"

enum { FH_SERVED_SLOTS = 2 * FH_SESSIONS_MAX }; /* half full at most */

struct fh_served {
    struct fh_session *session; /* NULL: empty slot */
    uint64_t number;
    int64_t used_ms; /* monotonic: the last good frame */
    bool open;       /* the handshake is done: `speaker` is known */
    bool told;       /* the link trusts the connection */
    bool unheard;    /* its relay says that its asker has hung up; until it speaks again */
    bool leaving;    /* its key lost its standing: answers may still leave, nothing comes in */
    struct fh_speaker speaker;
    struct fh_node_id via; /* the relay through which it was made; zero: direct */
};

/* All zero but for `gone` and `user` when it is empty. */
struct fh_served_table {
    void (*gone)(uint64_t number, void *user); /* an open session was dropped; may be NULL */
    void *user;
    unsigned count;
    struct fh_served slots[FH_SERVED_SLOTS];
};

/* Lent until the next insert or drop: slots move. NULL: not there. */
struct fh_served *fh_served_find(struct fh_served_table *table, uint64_t number);
/* A slot for a new number, empty but for it; there is room after fh_served_make_room. */
struct fh_served *fh_served_insert(struct fh_served_table *table, uint64_t number);
/* Closes a session and takes it out; another one may move into its slot. */
void fh_served_drop(struct fh_served_table *table, struct fh_served *slot);
/* Whether an open session has been silent for so long that nothing will come on it any more, and
 * nobody works with it: 2.5 KiB that would stay for ten minutes. */
bool fh_served_is_silent(const struct fh_served *slot, int64_t now_ms);
/* Makes room for one more handshake: the quietest of those that have shown least goes (a handshake,
 * then a stranger, then a member). */
void fh_served_make_room(struct fh_served_table *table);
/* Makes room for one more open session of this key: its quietest one goes. */
void fh_served_make_room_of_key(struct fh_served_table *table, const struct fh_key_id *key);

#endif
