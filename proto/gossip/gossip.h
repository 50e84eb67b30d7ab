/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gossip: who is in the mesh, who answers, and how news travels. A step core.
 *
 * Every node probes one other node a second, in a shuffled round; a probe that fails directly, over
 * three relays and over a session becomes a signed suspicion, which the suspect refutes with a
 * higher incarnation or which turns, at each node for itself, into "dead". News rides on probes and
 * on small bursts to three random peers. Fingerprints in answers show a difference; the node then
 * synchronises over a session. Intuition: rumours are fast, synchronisation is certain.
 *
 * After SWIM (Das, Gupta, Motivala, DSN 2002) and Lifeguard (Dadgar, Phillips, Currey, 2017), with
 * one rule of our own: a fact about a node is believed only if that node signed it, an opinion is
 * signed by who holds it, and death is a local conclusion that no message can carry.
 *
 *             ALIVE (new node)             awaited answer
 *   (nothing) ----------------> UNVERIFIED ---------------> ALIVE
 *                                   |  own failed probe or    |
 *                                   |  signed SUSPECT         |
 *                                   +-------> SUSPECT <-------+
 *           ALIVE, higher incarnation <---------+ |
 *                                                 | time-out and (own failed probe
 *           ALIVE, higher incarnation             v  or 3 distinct accusers)
 *             UNVERIFIED <--------------------- DEAD
 *   any --- LEAVE, self-signed ---> LEFT --- ALIVE, higher (generation, incarnation) --> UNVERIFIED
 *
 * Does not: read a clock, draw entropy, open a socket, keep a secret, verify announcements (it
 * carries them as bytes) or speak over sessions: it asks for those with actions.
 * Thread: one thread per core. Ownership: see "Events and actions".
 */
#ifndef FH_PROTO_GOSSIP_GOSSIP_H
#define FH_PROTO_GOSSIP_GOSSIP_H

#include "common/limits.h"
#include "proto/wire/crypto.h"
#include "proto/wire/id_sum.h"

struct fh_fact_pool;
struct fh_gossip;

#define FH_GOSSIP_NEVER INT64_MAX /* fh_gossip_deadline: nothing to wait for */

enum {
    FH_GOSSIP_EVIDENCE_MAX = 4,  /* accusers kept of one member: three others and this node */
    FH_GOSSIP_ACTIONS_MAX = 160, /* of one step: 24 records of a datagram, each at most 4, and 64 */
    FH_GOSSIP_SCRATCH_BYTES = 64 * FH_DATAGRAM_BYTES_MAX,
    FH_GOSSIP_FINGERPRINT_BYTES = FH_ID_SUM_BYTES,
};

/* ---- what the core is given ------------------------------------------------------------------ */

/* The outside world as functions. All are called from inside a step, never later; none may call
 * back into the core. */
struct fh_gossip_env {
    void *user; /* kept */
    /* Whether this node key belongs to an admitted node of this domain now (delegation valid, not
     * revoked, domain a charter member). In the daemon: proto/identity/directory. */
    bool (*admitted)(void *user,
                     const struct fh_domain_id *domain,
                     const struct fh_sign_public *node_key,
                     int64_t wall_ms);
    /* Who answers for a domain: itself when it is a member of the charter, else the domain that
     * admitted it. However many domains and nodes one admits, they accuse with one voice. NULL:
     * each domain answers for itself. In the daemon: proto/identity/directory. */
    struct fh_domain_id (*voucher)(void *user, const struct fh_domain_id *domain);
    /* Appends a record of `type` around `payload` signed by this node's key: fh_record_seal with
     * the secret that stays in the keystore. Failures stick in `out`. */
    void (*seal)(void *user, struct fh_buf *out, unsigned type, struct fh_bytes payload);
    /* X25519 of this node's static secret with `peer`; false as fh_agree. */
    bool (*agree)(void *user, uint8_t out_shared[32], const struct fh_agree_public *peer);
    struct fh_verifier verifier;
};

/* Intervals in milliseconds; fh_gossip_timing_lan and _wan are presets, a test may squeeze them. */
struct fh_gossip_timing {
    uint32_t probe_ms;      /* between probes, times (health + 1) */
    uint32_t answer_min_ms; /* adaptive time-out: 4 times the smoothed round trip, clamped */
    uint32_t answer_max_ms; /* also while the round trip is unknown */
    uint32_t tick_ms;       /* between bursts while there is news */
    uint32_t fanout;        /* peers of one burst */
    uint32_t relays;        /* asked after a direct probe failed */
    uint32_t refute_ms;     /* for each doubling of the mesh that a suspect has to refute */
    uint32_t sync_ms;       /* forced synchronisation, +-25 % */
    uint32_t sync_gap_ms;   /* between synchronisations caused by a difference */
    uint32_t contact_ms;    /* between contacts with a seed and a dead peer, for ever */
    uint32_t rumour_age_ms; /* older news is left to synchronisation */
    uint32_t leave_ms;      /* how long a leaving node still answers */
};

struct fh_gossip_timing fh_gossip_timing_lan(void);
struct fh_gossip_timing fh_gossip_timing_wan(void);

struct fh_gossip_options {
    struct fh_mesh_id mesh;
    struct fh_domain_id domain;
    struct fh_sign_public node_key;
    struct fh_agree_public agree_key; /* public part of the static key behind env.agree */
    uint64_t seed;                    /* of protocol choices (not secret) */
    uint8_t boot[8];                  /* fresh random bytes of this start: part of the boot id */
    const char *label;                /* for people, at most FH_NAME_BYTES_MAX; copied */
    const char *addresses[FH_ADDRESSES_MAX]; /* "host:port" to advertise, best first; copied */
    unsigned address_count;                  /* >= 1 */
    const char *seeds[FH_GOSSIP_SEEDS_MAX];  /* "host:port", contacted for ever; copied */
    unsigned seed_count;
    unsigned protocol_min;
    unsigned protocol_max;
    unsigned capabilities;
    struct fh_gossip_timing timing;
    struct fh_gossip_env env;
    uint32_t keys_max;         /* datagram keys of peers held; 0: FH_GOSSIP_KEYS_MAX */
    struct fh_fact_pool *pool; /* NULL: one of its own; the simulator shares one. Kept */
    bool trace;                /* emit FH_GOSSIP_TRACE lines */
};

/* ---- events and actions ---------------------------------------------------------------------- */

/* Importance of news, highest first (proto/gossip/rumours.h). */
enum fh_rumour_class {
    FH_RUMOUR_URGENT,  /* own LEAVE, refutation, revocation, key event, own announcement */
    FH_RUMOUR_MEMBERS, /* ALIVE of newcomers, SUSPECT, LEAVE of others */
    FH_RUMOUR_PRODUCTS,
    FH_RUMOUR_REFRESH, /* renewed leases, news learned by synchronisation */
    FH_RUMOUR_CLASS_COUNT
};

enum fh_gossip_event_kind {
    FH_GOSSIP_START,       /* once, first */
    FH_GOSSIP_DATAGRAM,    /* bytes came in */
    FH_GOSSIP_TICK,        /* the deadline has come (early or late is fine) */
    FH_GOSSIP_RECORD,      /* an ALIVE, LEAVE or SUSPECT record learned over a session */
    FH_GOSSIP_RUMOUR,      /* spread this record (an announcement that the catalogue accepted) */
    FH_GOSSIP_LEAVE,       /* say goodbye; FH_GOSSIP_LEFT follows */
    FH_GOSSIP_LINK_PROBED, /* answer to FH_GOSSIP_PROBE_LINK */
    FH_GOSSIP_SYNCED,      /* a synchronisation ended, well or not */
    FH_GOSSIP_REVIEW,   /* who is admitted has changed (revocation, charter): ask about all again;
                           the core also does so by itself every timing.sync_ms */
    FH_GOSSIP_ADMITTED, /* identity records have come: judge again who was a stranger */
    FH_GOSSIP_MOVE,     /* others reach this node at other addresses from now on */
    FH_GOSSIP_EVENT_COUNT
};

/* All memory of an event is borrowed. */
struct fh_gossip_event {
    enum fh_gossip_event_kind kind;
    int64_t now_ms;  /* monotonic, never less than in the step before */
    int64_t wall_ms; /* Unix; only for dates inside records */
    union {
        struct {
            uint64_t generation; /* last persisted one, 0 for a first start */
        } start;
        struct {
            struct fh_bytes bytes;
            const char *from; /* "ip:port" where answers go */
        } datagram;
        struct {
            struct fh_bytes bytes;
            struct fh_node_id from; /* the session's peer */
        } record;
        struct {
            struct fh_bytes bytes; /* at most FH_RECORD_GOSSIP_BYTES_MAX */
            enum fh_rumour_class class_;
            struct fh_ref key; /* newest of a key replaces; e.g. of domain, product, major */
        } rumour;
        struct {
            uint64_t token;
            bool reached;
        } link;
        struct {
            struct fh_node_id node; /* who answered; zero when nobody did */
            bool done;
        } synced;
        struct {
            unsigned count;           /* 1 to FH_ADDRESSES_MAX, else FH_EINVAL "gossip.options" */
            const char *const *items; /* "host:port"; the first is where others try first */
        } move;
    } u;
};

enum fh_member_state {
    FH_MEMBER_UNVERIFIED, /* known from its own record, has not answered us yet; counts as alive */
    FH_MEMBER_ALIVE,
    FH_MEMBER_SUSPECT,
    FH_MEMBER_DEAD, /* our own conclusion */
    FH_MEMBER_LEFT, /* it said so */
    FH_MEMBER_STATE_COUNT
};
/* "alive" */
const char *fh_member_state_text(enum fh_member_state state);

enum fh_member_change {
    FH_MEMBER_JOINED,    /* first record, or back from dead or left */
    FH_MEMBER_UPDATED,   /* newer record of a live member: addresses, head, label */
    FH_MEMBER_VERIFIED,  /* unverified -> alive */
    FH_MEMBER_SUSPECTED, /* -> suspect */
    FH_MEMBER_CLEARED,   /* suspect -> alive: it refuted */
    FH_MEMBER_DIED,      /* -> dead */
    FH_MEMBER_WENT,      /* -> left */
    FH_MEMBER_EXPELLED,  /* no longer admitted: no longer listed */
    FH_MEMBER_FORGOTTEN, /* dead or left, and its lease has expired: no longer listed */
    FH_MEMBER_BLOCKED,   /* answers over sessions only: datagrams do not get through */
    FH_MEMBER_UNBLOCKED, /* they do again */
    FH_MEMBER_CONTESTED, /* several instances use its key: it starts elsewhere again and again */
    FH_MEMBER_CHANGE_COUNT
};
const char *fh_member_change_text(enum fh_member_change change);

enum fh_gossip_action_kind {
    FH_GOSSIP_PERSIST,    /* generation: durable BEFORE any later action is done, or stop */
    FH_GOSSIP_SEND,       /* datagram bytes to address */
    FH_GOSSIP_DELIVER,    /* another type of record came as a rumour: judge it; if it is new and
                             accepted, hand it back with FH_GOSSIP_RUMOUR so that it travels on */
    FH_GOSSIP_MEMBER,     /* node, change, state */
    FH_GOSSIP_SYNC,       /* synchronise over a session with address (node zero: whoever it is) */
    FH_GOSSIP_INTRODUCE,  /* hand our ALIVE record over a session: the peer seems not to know us */
    FH_GOSSIP_PROBE_LINK, /* does a session with node answer? token comes back in LINK_PROBED */
    FH_GOSSIP_FORK,       /* two records of one node, generation and incarnation: the proof */
    FH_GOSSIP_LEFT,       /* goodbye was said; the core is still from now on */
    FH_GOSSIP_TRACE,      /* one line for people and golden traces; only with options.trace */
    FH_GOSSIP_ACTION_COUNT
};

enum {                        /* reasons of FH_GOSSIP_SYNC, as bits */
       FH_SYNC_JOIN = 1,      /* we know nobody */
       FH_SYNC_MEMBERS = 2,   /* member fingerprints differ */
       FH_SYNC_CATALOGUE = 4, /* the other fingerprint: what else is held differs */
       FH_SYNC_TIMER = 8,
       FH_SYNC_CONTACT = 16, /* a seed or dead peer, so that partitions heal */
};

struct fh_gossip_action {
    enum fh_gossip_action_kind kind;
    enum fh_member_change change;
    enum fh_member_state state;
    unsigned type;          /* DELIVER: record type */
    unsigned reasons;       /* SYNC */
    uint32_t within_ms;     /* PROBE_LINK: a later answer is of no use */
    uint64_t generation;    /* PERSIST, MEMBER */
    uint64_t token;         /* PROBE_LINK */
    struct fh_node_id node; /* MEMBER, SYNC, INTRODUCE, PROBE_LINK, FORK; DELIVER: from whom */
    const char *address;    /* SEND, SYNC, INTRODUCE, PROBE_LINK; lent */
    struct fh_bytes bytes;  /* SEND, DELIVER, FORK; lent (DELIVER: until the event's bytes end) */
    struct fh_bytes other;  /* FORK: the second record; lent */
    const char *text;       /* TRACE; lent */
};

/* Caller's storage, about 100 kB, one for any number of cores. Everything in it is lent until the
 * next step or setter of the same core, or the next use of this storage. Do the actions in order.
 */
struct fh_gossip_actions {
    unsigned count;
    struct fh_gossip_action items[FH_GOSSIP_ACTIONS_MAX];
    /* private */
    size_t used;
    uint8_t scratch[FH_GOSSIP_SCRATCH_BYTES];
};

/* ---- lifecycle ------------------------------------------------------------------------------- */

/* Copies the options. FH_EINVAL names the wrong option, FH_ENOMEM. The core is given. */
FH_MUST_CHECK int
fh_gossip_new(struct fh_gossip **out, const struct fh_gossip_options *options, struct fh_err *err);
void fh_gossip_free(struct fh_gossip *g);
static inline void fh_gossip_freep(struct fh_gossip **g)
{
    fh_gossip_free(*g);
}

/* ---- operation ------------------------------------------------------------------------------- */

/* Takes one event, fills `actions` from empty. Foreign bytes never fail: they are counted
 * (fh_gossip_counters) and leave no other trace. FH_ENOMEM leaves the core usable; FH_EINVAL,
 * FH_ETOOBIG for an own FH_GOSSIP_RUMOUR that is no record or too large; FH_ESTATE for an event
 * before START or after LEFT. */
FH_MUST_CHECK int fh_gossip_step(struct fh_gossip *g,
                                 const struct fh_gossip_event *event,
                                 struct fh_gossip_actions *actions,
                                 struct fh_err *err);

/* Monotonic time of the next wanted TICK; FH_GOSSIP_NEVER before START and after LEFT. Changes only
 * in a step or setter. */
int64_t fh_gossip_deadline(const struct fh_gossip *g);

/* The catalogue as of now: its fingerprint goes into ACKs; count, root and time of the own domain's
 * live records go into the ALIVE lease. Another count or root renews the lease within a second. */
struct fh_gossip_head {
    uint64_t count;
    uint8_t root[32];
    int64_t time_ms; /* Unix */
};
void fh_gossip_set_catalogue(struct fh_gossip *g,
                             const uint8_t fingerprint[FH_GOSSIP_FINGERPRINT_BYTES],
                             const struct fh_gossip_head *head,
                             int64_t now_ms);

/* A record that the core delivered in this step was refused for want of another one: the next copy
 * is delivered again. */
void fh_gossip_deliver_again(struct fh_gossip *g, struct fh_bytes record);

/* ---- queries --------------------------------------------------------------------------------- */

/* Strings and bytes are lent until the next step. */
struct fh_gossip_member {
    struct fh_node_id node;
    struct fh_domain_id domain;
    struct fh_sign_public key;
    struct fh_agree_public agree_key;
    enum fh_member_state state;
    bool self;
    uint64_t generation;
    uint32_t incarnation;
    int64_t issued_ms;   /* of the record, Unix */
    int64_t since_ms;    /* monotonic: when it came into this state */
    int64_t heard_ms;    /* monotonic: last awaited answer, or INT64_MIN */
    uint32_t rtt_ms;     /* 0: unknown */
    bool blocked;        /* FH_MEMBER_BLOCKED */
    bool contested;      /* FH_MEMBER_CONTESTED; of this node: it leaves its key to the other */
    bool forked;         /* it signed two records of one life: FH_GOSSIP_FORK */
    unsigned accusers;   /* distinct signed suspicions held against it: fh_gossip_evidence */
    int64_t deadline_ms; /* monotonic: a suspect is declared dead then; else FH_GOSSIP_NEVER */
    unsigned address_count;
    const char *addresses[FH_ADDRESSES_MAX];
    unsigned protocol_min;
    unsigned protocol_max;
    unsigned capabilities;
    struct fh_bytes label;
    struct fh_gossip_head head;
    struct fh_bytes alive; /* the signed records */
    struct fh_bytes leave; /* empty unless it left */
};

/* Why a member is suspect or dead. Bytes are lent until the next step. */
struct fh_gossip_evidence {
    struct fh_ref accuser;
    bool own;               /* a probe of this node failed */
    int64_t issued_ms;      /* Unix; 0 without a record */
    struct fh_bytes record; /* SUSPECT, signed; empty when it could not be made or kept */
};
/* Returns how many; 0 for a member that is neither, or not known. */
unsigned fh_gossip_evidence(const struct fh_gossip *g,
                            const struct fh_node_id *node,
                            struct fh_gossip_evidence out[FH_GOSSIP_EVIDENCE_MAX]);

struct fh_node_id fh_gossip_self(const struct fh_gossip *g);
uint64_t fh_gossip_generation(const struct fh_gossip *g);
/* Entries 0 .. fh_gossip_member_slots - 1; false for an empty one. Slot 0 is this node. */
unsigned fh_gossip_member_slots(const struct fh_gossip *g);
bool fh_gossip_member_at(const struct fh_gossip *g, unsigned slot, struct fh_gossip_member *out);
bool fh_gossip_member_find(const struct fh_gossip *g,
                           const struct fh_node_id *node,
                           struct fh_gossip_member *out);
unsigned fh_gossip_member_count(const struct fh_gossip *g, enum fh_member_state state);
/* Fingerprint of all records of all members: equal sets, equal bytes. */
void fh_gossip_fingerprint(const struct fh_gossip *g, uint8_t out[FH_GOSSIP_FINGERPRINT_BYTES]);
/* Own ALIVE record; empty before START. Lent. */
struct fh_bytes fh_gossip_alive(const struct fh_gossip *g);
/* What a full synchronisation hands over: calls with *cursor = 0 first; each gives one ALIVE or
 * LEAVE record (an ALIVE before its LEAVE), then the SUSPECT records of who is suspect or dead;
 * false at the end. A step in between is allowed: a record that comes or goes meanwhile may then be
 * missed once. Any cursor is safe. */
bool fh_gossip_records(const struct fh_gossip *g, uint64_t *cursor, struct fh_bytes *out);
/* The same records by who speaks, what (an ALIVE or a LEAVE) and id. */
struct fh_gossip_record {
    struct fh_node_id node;
    bool is_leave;
    struct fh_record_id id;
};
bool fh_gossip_record_ids(const struct fh_gossip *g,
                          uint64_t *cursor,
                          struct fh_gossip_record *out);

/* X(name, what it counts) */
#define FH_GOSSIP_COUNTERS(X)                                                                      \
    X(datagrams_in, "datagrams received")                                                          \
    X(datagrams_out, "datagrams sent")                                                             \
    X(bytes_in, "bytes of datagrams received")                                                     \
    X(bytes_out, "bytes of datagrams sent")                                                        \
    X(drop_size, "dropped: too short or too long")                                                 \
    X(drop_version, "dropped: another protocol version")                                           \
    X(drop_mesh, "dropped: another mesh")                                                          \
    X(drop_unknown, "dropped: unknown sender")                                                     \
    X(drop_boot, "dropped: from an earlier life of the sender")                                    \
    X(drop_budget, "dropped: key agreements or verifications above the rate")                      \
    X(drop_sealed, "dropped: does not open")                                                       \
    X(drop_replay, "dropped: counter seen before or too old")                                      \
    X(drop_form, "dropped: opened, but not a well-formed list of messages")                        \
    X(drop_message, "ignored messages: not ours, not awaited, unknown type")                       \
    X(record_form, "refused records: malformed")                                                   \
    X(record_stale, "refused records: not newer than what is held, or expired")                    \
    X(record_future, "refused records: from the future")                                           \
    X(record_stranger, "refused records: signer not admitted or not known")                        \
    X(record_signature, "refused records: signature does not verify")                              \
    X(record_accused, "refused suspicions: about another incarnation, repeated or enough")         \
    X(record_new, "records accepted")                                                              \
    X(record_synced, "of them over a session")                                                     \
    X(record_known, "records that were held already")                                              \
    X(probes, "probes begun")                                                                      \
    X(probes_answered, "probes answered directly")                                                 \
    X(probes_relayed, "probes answered through a relay")                                           \
    X(probes_linked, "probes answered by a session only")                                          \
    X(probes_failed, "probes that failed")                                                         \
    X(relays_served, "probes relayed for others")                                                  \
    X(suspicions, "suspicions begun")                                                              \
    X(refutations, "own refutations")                                                              \
    X(deaths, "members concluded dead")                                                            \
    X(forks, "pairs of contradicting records seen")                                                \
    X(pulls, "records asked for after a hint")                                                     \
    X(pulls_served, "records sent to who asked")                                                   \
    X(rumours_dropped, "news dropped from a full queue")                                           \
    X(syncs, "synchronisations asked for")

struct fh_gossip_counters {
#define X(name, text) uint64_t name;
    FH_GOSSIP_COUNTERS(X)
#undef X
};
struct fh_gossip_counters fh_gossip_counters(const struct fh_gossip *g);

/* Health score 0 (well) .. 8: how much this node doubts itself (Lifeguard). */
unsigned fh_gossip_health(const struct fh_gossip *g);
/* Heap bytes held by the core (without a shared pool). */
size_t fh_gossip_memory(const struct fh_gossip *g);
/* News waiting in the queue. */
unsigned fh_gossip_queue(const struct fh_gossip *g);

#endif
