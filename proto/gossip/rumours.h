/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dissemination queue: news on its way, a fixed number of it.
 *
 * One place for each key: what is newer replaces what is older and starts anew. Each time a
 * datagram has room, the queue fills it: the most important class first, in it what was sent least
 * often, and among those the newest. Every fifth datagram starts with the next lower class in turn,
 * so that no class starves. A rumour ends after its number of sends or at its age; what a full
 * queue drops (the most sent of the lowest class), synchronisation repairs.
 *
 * In a large mesh nearly every send meets somebody who has heard already. There the first
 * FH_RUMOUR_PUSHES sends carry the record, which is what makes it fast, and the others a hint of 26
 * bytes, which is what makes it certain: who lacks the record asks for it. What was sent often
 * enough stays in its place, to be asked for, until its age or until the place is needed.
 *
 * Does not: judge records. Thread: distinct objects. Ownership: the queue holds a reference to each
 * fact.
 */
#ifndef FH_PROTO_GOSSIP_RUMOURS_H
#define FH_PROTO_GOSSIP_RUMOURS_H

#include "proto/gossip/facts.h"
#include "proto/gossip/gossip.h"
#include "proto/gossip/messages.h"

enum {
    FH_RUMOUR_SENDS_MIN = 8, /* small meshes under loss: research, table of dissemination */
    FH_RUMOUR_SENDS_MAX = 40,
    FH_RUMOURS_LONG = 64, /* a queue that long does not empty within seconds */
    FH_RUMOUR_PUSHES = 4, /* sends of the record itself where the rest are hints: one burst */
    FH_RUMOUR_SMALL_BYTES = 600, /* a larger record is hinted at in a small mesh too */
    FH_RUMOURS_TAKEN_MAX = FH_MESSAGE_RECORDS_MAX + FH_MESSAGE_HINTS_MAX,
};

struct fh_rumour;

struct fh_rumours {
    struct fh_rumour *items;
    uint32_t capacity; /* allocated */
    uint32_t limit;
    uint32_t count; /* still to be sent */
    uint32_t done_count;
    uint32_t class_count[FH_RUMOUR_CLASS_COUNT];
    uint64_t dropped; /* by a full queue */
    /* private */
    uint32_t used;
    uint32_t free;
    uint32_t *buckets;
    uint32_t bucket_count;
    uint32_t heads[FH_RUMOUR_CLASS_COUNT + 1][FH_RUMOUR_SENDS_MAX];
    uint32_t done_oldest;
    uint32_t turn;
    struct fh_fact_pool *pool;
};

void fh_rumours_init(struct fh_rumours *rumours, uint32_t limit, struct fh_fact_pool *pool);
void fh_rumours_fini(struct fh_rumours *rumours);

/* Sends of one rumour by one node in a mesh of `members`: 2 * ceil(log2(members + 1)), at least
 * FH_RUMOUR_SENDS_MIN. With ceil(log2) + 1 a quarter of rumours miss somebody at 25 % loss. */
unsigned fh_rumour_sends(uint32_t members);

/* Queues the fact under its key, in place of an older one. The caller's reference is taken. */
void fh_rumours_put(struct fh_rumours *rumours,
                    const struct fh_ref *key,
                    enum fh_rumour_class class_,
                    struct fh_fact *fact,
                    int64_t now_ms);
/* Removes the rumour of this key, if any. */
void fh_rumours_cancel(struct fh_rumours *rumours, const struct fh_ref *key);

/* This news came from somebody else too. When the queue is long, that counts as one of our sends:
 * under overload each node says less, and what is missed then, synchronisation brings. */
void fh_rumours_heard(struct fh_rumours *rumours,
                      const struct fh_ref *key,
                      const struct fh_fact *fact);

/* What one datagram may carry. */
struct fh_rumour_limits {
    size_t bytes;          /* room for records, each with its msgpack head */
    unsigned records;      /* at most this many */
    unsigned hints;        /* and so many hints */
    bool hinted;           /* the mesh is large, or there is much news */
    unsigned sends;        /* a rumour sent so often is done */
    int64_t born_after_ms; /* older ones are done */
};
struct fh_rumour_taken {
    struct fh_fact *fact;
    struct fh_ref key;
    bool hint; /* it goes as a hint */
};
/* Chooses news for one datagram and counts it as sent. `out` has room for FH_RUMOURS_TAKEN_MAX; the
 * facts stay alive as long as the caller holds the references it is given. Returns how many. */
unsigned fh_rumours_take(struct fh_rumours *rumours,
                         const struct fh_rumour_limits *limits,
                         struct fh_rumour_taken *out);

/* What travels, or has lately travelled, under this key; NULL. Lent until the next call. */
const struct fh_fact *fh_rumours_find(const struct fh_rumours *rumours, const struct fh_ref *key);
/* News for which a burst is worth it; the rest waits for probes to ride on. */
static inline bool fh_rumours_pressing(const struct fh_rumours *rumours)
{
    return rumours->count > rumours->class_count[FH_RUMOUR_REFRESH];
}

size_t fh_rumours_memory(const struct fh_rumours *rumours);

#endif
