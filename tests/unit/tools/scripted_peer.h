/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripted peer: a node that speaks the real protocol and then lies as it is told.
 *
 * It runs real sessions with real keys over a real NNG socket, so that the client under test is
 * whole; only what a node would look up (plan, batches, receipt) comes from a script. One node is
 * the entry peer, a second one can be reached through it by RELAY.
 *
 * Does not: run SQL. Thread: its own; the script is set before a client connects.
 */
#ifndef FH_TESTS_UNIT_TOOLS_SCRIPTED_PEER_H
#define FH_TESTS_UNIT_TOOLS_SCRIPTED_PEER_H

#include "tools/client/actor.h"

#include <nng/nng.h>
#include <pthread.h>
#include <stdatomic.h>

enum lie {
    LIE_NONE,
    LIE_NO_RECEIPT,       /* the stream ends without one */
    LIE_FEWER_ROWS,       /* the receipt says that more rows were sent */
    LIE_MORE_ROWS,        /* the receipt says that fewer rows were sent */
    LIE_OTHER_REQUEST,    /* the receipt answers another request */
    LIE_OTHER_TAGS,       /* the receipt is about other bytes */
    LIE_MEMBER_SIGNS,     /* a member key signs the receipt */
    LIE_BAD_SIGNATURE,    /* one bit of the receipt's signature is flipped */
    LIE_EARLY_END,        /* the receipt says that it ended early */
    LIE_BROKEN_BATCH,     /* a batch whose header lies */
    LIE_OTHER_COLUMNS,    /* the second batch has another type */
    LIE_DENIED,           /* QUERY is refused */
    LIE_FAILS_MIDWAY,     /* NEXT answers with an error */
    LIE_DIES_MIDWAY,      /* the socket closes */
    LIE_PLAN_DOMAIN,      /* the plan gives the name to another domain */
    LIE_PLAN_TABLE,       /* the plan reads a table that was not asked for, instead */
    LIE_PLAN_MORE,        /* and one beside: a join, which the entry peer answers */
    LIE_PLAN_NOTHING,     /* the plan reads no table: the entry peer answers for the owner */
    LIE_PLAN_UNREACHABLE, /* nobody of the owner is there */
    LIE_PLAN_STRANGER,    /* the plan names an owner that nobody admitted */
    LIE_PLAN_SILENT, /* the plan says active; the receipt says deprecated, and speaks of others */
    LIE_RELAY_FLIPS, /* the relay changes a bit of what it carries */
    LIE_RELAY_OTHER, /* the relay answers itself in the owner's place */
    LIE_GARBAGE,     /* frames that are none */
    LIE_SILENT_PEER, /* no valid session: rejects every frame */
    LIE_COUNT
};

/* One node: its keys and its half of one session. */
struct scripted_node {
    struct fh_actor *actor; /* of its home; kept */
    struct fh_sign_public key;
    struct fh_sign_secret secret;
    struct fh_agree_secret agree;
    struct fh_node_id id;
    struct fh_session *session;
    uint64_t session_number;
    struct fh_bytes records[FH_SESSION_RECORDS_MAX];
    unsigned record_count;
};

/* Where a waiver is told of. */
enum waived {
    WAIVED_NOWHERE,
    WAIVED_TOLD,      /* by the answer to QUERY, and signed in the receipt */
    WAIVED_HUSHED_UP, /* in the receipt alone */
    WAIVED_ELSEWHERE, /* of a table that was not asked for */
};

struct scripted_peer {
    enum lie lie;
    _Atomic(enum waived) waived;
    bool owner_is_remote;     /* the table belongs to `owner`, behind the entry */
    unsigned batches;         /* of two rows each */
    atomic_bool inlines;      /* the answer to QUERY has batch 0, and the end when that is all */
    atomic_uint outdated;     /* of QUERY: refused because the contract is another */
    atomic_uint stale_times;  /* so often NEXT is refused because the contract is another: */
    atomic_uint stale_next;   /* the one of this index, counted from 1 */
    atomic_uint half_known;   /* of PLAN: refused because the contract has not come yet */
    atomic_uint slow_plan_ms; /* each answer to PLAN takes so long */
    atomic_uint slow_query_ms;
    /* What the relay does to a frame of the owner before it hands it on; NULL: nothing. On the
     * peer's thread. */
    void (*meddle)(void *user, struct fh_buf *frame);
    void *meddle_user;
    struct scripted_node entry;
    struct scripted_node owner;
    const struct fh_mesh_id *mesh;
    struct fh_directory *directory; /* what IDENTITY answers; kept */
    const struct fh_domain_id *stranger;
    nng_socket socket;
    nng_listener listener;
    atomic_bool stopped;
    bool dies;
    pthread_t thread;
    char address[64];
    /* the one stream */
    struct fh_buf request_record;
    struct fh_buf tags; /* of batches sent, in order */
    unsigned batch_tags;
    atomic_uint greeted;          /* handshakes begun, with either node */
    atomic_uint cancelled;        /* CANCEL requests seen */
    atomic_uint relayed;          /* frames carried for the inner session */
    atomic_uint next_asked;       /* greatest index asked for, plus one */
    atomic_uint planned;          /* PLAN requests seen */
    atomic_uint planned_by_owner; /* of those, by the one behind the entry */
};

/* Opens the node of a home for the script. */
void scripted_node_open(struct scripted_node *node, struct fh_actor *actor);

/* Listens on a free port of the loopback and serves until stopped. */
void scripted_peer_start(struct scripted_peer *peer);
void scripted_peer_stop(struct scripted_peer *peer);

#endif
