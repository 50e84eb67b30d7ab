/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the gossip core: what its files share. Not for others.
 *
 *     gossip.c  lifecycle, the step, deadline
 *     queries.c  what it tells about itself
 *     post.c    letters in and out: keys, sealing, opening, room for news
 *     belief.c  records of others: what is believed about whom
 *     own.c     own record, refutation, goodbye, own suspicions
 *     probe.c   failure detection: probes, relays, answers
 *     strangers.c  records of nodes that nobody admits yet
 *     suspicion.c  suspects, accusers, verdict
 *     hints.c   hints and questions: news that is pulled
 *     spread.c  bursts of news, newcomers, seeds, synchronisation, goodbye
 *
 * Thread: one thread per core. Ownership: the core owns all.
 */
#ifndef FH_PROTO_GOSSIP_CORE_H
#define FH_PROTO_GOSSIP_CORE_H

#include "proto/gossip/gossip.h"
#include "proto/gossip/keys.h"
#include "proto/gossip/members.h"
#include "proto/gossip/messages.h"
#include "proto/gossip/rate.h"
#include "proto/gossip/rumours.h"

enum {
    FH_CORE_ACCUSERS = 3, /* distinct signed suspicions that stand for an own failed probe */
    FH_CORE_VOICES = 3,   /* of them by nodes that so many domains answer for, where so many do */
    FH_CORE_HEALTH_MAX = 8,
    FH_CORE_LAG_MS = 100, /* a tick so late says that this node is slow itself */
    FH_CORE_RENEW_GAP_MS = 200,
    FH_CORE_CLONE_GAP_MS = 5000,
    FH_CORE_PROOF_GAP_MS = 60000,
    FH_CORE_CONTESTED = 3, /* takings over of one key within the next: two instances have it */
    FH_CORE_CONTESTED_MS = 300000,
    FH_CORE_BLOCKED = 4, /* probes in a row that only a session answered: at 25 % loss 1 in 500 */
    FH_CORE_DELIVERED = 1024,      /* marks of records delivered lately */
    FH_CORE_PULLS = 256,           /* records asked for lately */
    FH_CORE_STRANGERS = 64,        /* newcomers whose admission is still on its way */
    FH_CORE_EXPIRED_PER_STEP = 16, /* suspicions and members ended in one step */
    FH_CORE_LAST_ASKS = 3,         /* pings to a suspect before its time ends */
    FH_CORE_LAST_ASKS_PER_S = 32,  /* of one node: when half the mesh is suspect, no storm */
};

_Static_assert(FH_GOSSIP_EVIDENCE_MAX == FH_CORE_ACCUSERS + 1, "others, and this node");

enum fh_awaited_kind {
    FH_AWAITED_NONE,
    FH_AWAITED_PROBE, /* the running probe: direct or through a relay */
    FH_AWAITED_HELLO, /* a ping outside the round */
    FH_AWAITED_RELAY, /* for `origin` */
};

struct fh_awaited {
    enum fh_awaited_kind kind;
    uint32_t slot;   /* whose answer */
    uint32_t origin; /* slot of the relay's client */
    struct fh_ref target;
    struct fh_ref origin_ref;
    uint64_t seq;
    uint64_t origin_seq;
    int64_t sent_ms;
    int64_t expires_ms;
};

/* A record that a hint named and that is asked for. */
struct fh_pull {
    struct fh_hint hint;
    int64_t due_ms; /* not again before */
    uint32_t slot;  /* who hinted last */
    uint32_t asks;  /* left */
};

struct fh_suspicion {
    uint32_t slot;
    bool own_failed; /* a probe of ours failed for this life */
    bool trial;      /* the time is over, and the probe that decides is wanted or running */
    bool concluded;  /* dead: kept for whoever asks why */
    uint8_t asks;    /* last pings that it had */
    unsigned accuser_count;
    struct fh_ref accusers[FH_GOSSIP_EVIDENCE_MAX];
    struct fh_ref voices[FH_GOSSIP_EVIDENCE_MAX];     /* who answers for each */
    struct fh_fact *evidence[FH_GOSSIP_EVIDENCE_MAX]; /* what each signed; NULL: not held */
    int64_t started_ms;
    int64_t deadline_ms;
};

struct fh_probe {
    bool active;
    bool asked; /* relays and link */
    uint32_t slot;
    struct fh_ref target;
    uint64_t seq;
    unsigned relays;
    unsigned nacks;
    int64_t sent_ms;
    int64_t deadline_ms;
};

struct fh_gossip {
    struct fh_gossip_options options; /* pointers inside are copies below */
    char *addresses[FH_ADDRESSES_MAX];
    char *seeds[FH_GOSSIP_SEEDS_MAX];
    char (*lost)[FH_ADDRESS_BYTES_MAX]; /* of members that were forgotten while dead; NULL: none */
    uint32_t seed_slots[FH_GOSSIP_SEEDS_MAX]; /* who was last found at each seed */
    unsigned lost_count;
    unsigned lost_next; /* to be overwritten when the list is full */
    char label[FH_NAME_BYTES_MAX + 1];
    struct fh_fact_pool *pool;
    bool own_pool;

    bool started;
    bool leaving;
    bool left;
    struct fh_node_id self;
    uint8_t mesh_tag[FH_DATAGRAM_TAG_BYTES];
    struct fh_prng prng;
    uint64_t generation;
    uint32_t incarnation;
    struct fh_datagram_boot boot;
    uint64_t counter; /* of datagrams sent in this boot */
    uint64_t seq;

    struct fh_members members;
    struct fh_key_cache keys;
    struct fh_rumours rumours;
    struct fh_awaited awaited[FH_GOSSIP_AWAITED_MAX];
    struct fh_suspicion *suspicions;
    uint32_t suspicion_count;
    uint32_t suspicion_max;
    int64_t suspicion_due_ms; /* the first may end then; FH_GOSSIP_NEVER */
    uint32_t rtt_ms;          /* of all that answered, smoothed; 0: nobody did */
    uint32_t rtt_off_ms;      /* how far they are off it, smoothed */
    uint32_t greeted;         /* the newcomer pinged last */
    uint32_t doubted;         /* never answered: probed before the round; FH_MEMBER_NONE */
    struct fh_probe probe;
    unsigned health;

    int64_t expected_ms; /* until when the next step was due, as of the last one */
    int64_t probe_at_ms;
    int64_t relay_due_ms; /* earliest end of a relayed probe; FH_GOSSIP_NEVER */
    int64_t tick_at_ms;
    int64_t contact_at_ms;
    int64_t sync_at_ms;
    int64_t sync_set_ms; /* when that was set */
    int64_t told_ms;     /* when the node last gave us a rumour: identity or catalogue changed */
    int64_t renew_at_ms; /* own record changes then; FH_GOSSIP_NEVER */
    int64_t renewed_ms;
    int64_t refresh_wall_ms; /* own lease is renewed after this date */
    int64_t leave_until_ms;
    int64_t synced_ms;    /* last synchronisation asked for */
    int64_t sync_open_ms; /* a synchronisation runs since; INT64_MIN: none */
    int64_t members_changed_ms;
    int64_t catalogue_changed_ms;
    int64_t introduced_ms;
    unsigned contact_turn;
    unsigned sync_news;      /* records learned by the running synchronisation that were spread */
    int64_t contact_wait_ms; /* while nobody is known: doubles */
    enum fh_rumour_class renew_class;
    int64_t forget_wall_ms; /* nobody who is dead or gone is to be forgotten before this date */
    int64_t review_due_ms;  /* FH_GOSSIP_NEVER: no review is running */
    uint32_t review_at;     /* slot to be reviewed next */
    int64_t
        sync_gap_ms; /* between synchronisations for a difference: grows when they bring nothing */
    uint64_t sync_held; /* records accepted when the running one began */
    int64_t forked_ms;  /* last proof about ourselves */
    unsigned sightings; /* of our own key in use elsewhere, in the window that began then: */
    int64_t sighted_ms;
    int64_t passive_until_ms; /* until then we leave the key to the other; 0: we do not */

    uint8_t catalogue[FH_GOSSIP_FINGERPRINT_BYTES];
    struct fh_gossip_head head;

    struct fh_rate verify_rate;
    struct fh_rate agree_rate;
    struct fh_rate relay_rate;
    struct fh_rate news_rate;
    struct fh_rate pull_rate;
    struct fh_rate ask_rate;

    struct fh_buf content; /* of the letter being written */
    struct fh_buf payload; /* of the own record being written */
    struct fh_buf record;
    struct fh_fact *strangers[FH_CORE_STRANGERS]; /* ALIVE records; NULL: free */
    unsigned stranger_next;                       /* to be replaced when none is free */
    int64_t strangers_due_ms; /* the rest is judged then; FH_GOSSIP_NEVER: nobody waits */
    uint64_t delivered[FH_CORE_DELIVERED];
    uint8_t delivered_key[32];
    struct fh_pull pulls[FH_CORE_PULLS];
    int64_t pull_due_ms; /* the first may be due then; FH_GOSSIP_NEVER */
    struct fh_gossip_counters counters;
};

/* What every handler needs: the core, when it is, where actions go. */
struct fh_turn {
    struct fh_gossip *g;
    struct fh_gossip_actions *actions;
    int64_t now_ms;
    int64_t wall_ms;
    bool answered; /* one answer to a datagram, whatever it asks */
    bool asked;    /* one question, whatever it hints at */
    bool served;   /* and one delivery */
    bool newest;   /* the datagram is the newest that its sender sealed, as far as we know */
};

/* ---- gossip.c: actions ----------------------------------------------------------------------- */

struct fh_gossip_action *fh_turn_action(struct fh_turn *turn, enum fh_gossip_action_kind kind);
/* Whether a loop of a tick may go on: the rest of the tick needs room for its own actions. */
bool fh_turn_room(const struct fh_turn *turn);
/* Scratch memory lent with the actions; NULL when it is used up. */
uint8_t *fh_turn_scratch(struct fh_turn *turn, size_t size);
/* A copy in scratch, because records may be replaced later in the same step; "" without room. */
const char *fh_turn_text(struct fh_turn *turn, const char *text);
struct fh_bytes fh_turn_bytes(struct fh_turn *turn, struct fh_bytes bytes);
void fh_turn_member(struct fh_turn *turn, uint32_t slot, enum fh_member_change change);
void fh_turn_trace(struct fh_turn *turn, const char *format, ...) FH_PRINTF(2, 3);
/* Label of a member, else a short id; lent until the fourth call from now. */
const char *fh_turn_name(struct fh_turn *turn, uint32_t slot);
/* `ms` give or take a quarter. */
int64_t fh_turn_about(struct fh_turn *turn, int64_t ms);

/* ---- post.c ---------------------------------------------------------------------------------- */

/* Opens a datagram of a known member; false after counting why not. */
bool fh_post_open(struct fh_turn *turn,
                  struct fh_bytes datagram,
                  uint8_t *content,
                  size_t *out_size,
                  uint32_t *out_slot);
/* Starts a letter of full size, or of `budget` content bytes. */
void fh_post_begin(struct fh_turn *turn, struct fh_letter *letter, size_t budget);
/* Puts in records: `first` (or NULL), then news as far as it fits. Returns how many. */
unsigned fh_post_records(struct fh_turn *turn,
                         struct fh_letter *letter,
                         const struct fh_fact *first,
                         bool news);
/* The letter as a datagram for the member, in scratch; empty when it cannot be made. */
struct fh_bytes fh_post_seal(struct fh_turn *turn, struct fh_letter *letter, uint32_t slot);
/* Seals and sends to `address` (NULL: the member's own). False when it could not be made. */
bool fh_post_send(struct fh_turn *turn,
                  struct fh_letter *letter,
                  uint32_t slot,
                  const char *address);
/* Takes apart what came from `slot`. `from` answers go to; NULL inside a relayed datagram, where
 * the answer is left in *out_answer. */
void fh_post_read(struct fh_turn *turn,
                  uint32_t slot,
                  struct fh_bytes content,
                  const char *from,
                  struct fh_bytes *out_answer);

/* Takes from the peer's own rate, then from that of all; false when either is used up. */
struct fh_shared_rate {
    struct fh_rate *all;
    size_t of_peer; /* offset in struct fh_peer_keys */
    uint32_t all_per_s;
    uint32_t peer_per_s;
};
bool fh_post_take(struct fh_turn *turn, uint32_t slot, struct fh_shared_rate rate, uint32_t amount);

/* ---- hints.c --------------------------------------------------------------------------------- */

void fh_hints_read(struct fh_turn *turn, uint32_t slot, const struct fh_message *m);
/* Asks again what was not answered. */
void fh_hints_tick(struct fh_turn *turn);
void fh_hints_serve(struct fh_turn *turn, uint32_t slot, const struct fh_message *m);

/* ---- belief.c -------------------------------------------------------------------------------- */

struct fh_source {
    bool session; /* came over a session, not in a datagram */
    const struct fh_node_id *from;
};
void fh_belief_record(struct fh_turn *turn, struct fh_bytes bytes, const struct fh_source *source);
/* The member is dead or gone now, or its record changed: it will be forgotten in time. */
void fh_belief_gone(struct fh_gossip *g, uint32_t slot);
void fh_belief_forget_expired(struct fh_turn *turn);
/* Expels who is not admitted any more; goes on in the next tick when one step has no room. */
void fh_belief_review(struct fh_turn *turn);

/* ---- strangers.c ------------------------------------------------------------------------------
 */

/* Keeps an ALIVE that was refused because nobody admits its node; the last few are kept. Borrowed.
 */
void fh_strangers_keep(struct fh_gossip *g, struct fh_fact *fact);
/* Judges again those who are admitted now; goes on in the next tick when one step has no room. */
void fh_strangers_judge(struct fh_turn *turn);
void fh_strangers_fini(struct fh_gossip *g);

/* ---- own.c ----------------------------------------------------------------------------------- */

/* Signs a new own record with the present fields; class of the rumour. FH_OK or why not. */
int fh_belief_renew(struct fh_turn *turn, enum fh_rumour_class class_);
/* Renews at once when the last time is long enough ago, else a little later. */
void fh_belief_renew_soon(struct fh_turn *turn, enum fh_rumour_class class_, int64_t gap_ms);
/* Somebody suspects us in this life, or holds us dead: raises the incarnation when that helps. */
void fh_belief_accused(struct fh_turn *turn, uint64_t generation, uint32_t incarnation);
/* Begins a new life. */
void fh_belief_adopt(struct fh_turn *turn, uint64_t generation);
/* Whether this node leaves its key to another instance for now; called at each sighting of one. */
bool fh_belief_contested(struct fh_turn *turn);
/* One place in the queue for each accuser and accused. */
struct fh_ref fh_belief_suspect_key(const struct fh_fact *fact);
/* Signs the own suspicion of the member and spreads it. */
void fh_belief_suspect(struct fh_turn *turn, uint32_t slot);
int fh_belief_leave(struct fh_turn *turn);

/* ---- probe.c --------------------------------------------------------------------------------- */

void fh_probe_tick(struct fh_turn *turn);
/* Adds time to whatever is waited for. */
void fh_probe_forgive(struct fh_gossip *g, int64_t ms);
/* This member began another life, or lives elsewhere now: whether a probe of it that went out
 * before is answered says nothing about it. */
void fh_probe_abandon(struct fh_gossip *g, uint32_t slot);
/* Between two probes, as things are. */
int64_t fh_probe_gap_ms(const struct fh_gossip *g);
int64_t fh_probe_deadline(const struct fh_gossip *g);
/* Pings outside the round; `with_record` puts the own record in. */
void fh_probe_hello(struct fh_turn *turn, uint32_t slot, bool with_record);
void fh_probe_on_ping(struct fh_turn *turn,
                      uint32_t slot,
                      const struct fh_message *m,
                      const char *from,
                      struct fh_bytes *out_answer);
void fh_probe_on_ack(struct fh_turn *turn, uint32_t slot, const struct fh_message *m, bool relayed);
void fh_probe_on_request(struct fh_turn *turn, uint32_t slot, const struct fh_message *m);
void fh_probe_on_relay_ping(struct fh_turn *turn,
                            uint32_t slot,
                            const struct fh_message *m,
                            const char *from);
void fh_probe_on_relayed_ack(struct fh_turn *turn, uint32_t slot, const struct fh_message *m);
void fh_probe_on_nack(struct fh_turn *turn, uint32_t slot, const struct fh_message *m);
void fh_probe_on_link(struct fh_turn *turn, uint64_t token, bool reached);
/* ---- distance.c ------------------------------------------------------------------------------ */

/* How long the member's answer is waited for: four of its round trips, within the timing's bounds,
 * more while this node doubts itself. */
int64_t fh_distance_answer_ms(const struct fh_gossip *g, uint32_t slot);
/* The member's answer took so long: for its own round trip and for that of all. */
void fh_distance_measure(struct fh_gossip *g, struct fh_member *member, int64_t took_ms);

/* ---- suspicion.c ----------------------------------------------------------------------------- */

/* NULL: not suspected. Lent until the next call that adds or ends one. */
struct fh_suspicion *fh_suspicion_of(const struct fh_gossip *g, uint32_t slot);
/* Whether a suspicion by the member in slot `accuser` would count now, before its signature is
 * checked. */
bool fh_suspicion_admits(const struct fh_gossip *g, uint32_t slot, uint32_t accuser);
/* A verified suspicion by the member in slot `accuser`; of FH_MEMBER_SELF: an own failed probe.
 * True when the accuser is new. */
bool fh_suspicion_add(struct fh_turn *turn, uint32_t slot, uint32_t accuser);
/* Keeps what the accuser signed. The caller's reference is taken. */
void fh_suspicion_keep(struct fh_gossip *g,
                       uint32_t slot,
                       const struct fh_ref *accuser,
                       struct fh_fact *fact);
/* Distinct accusers other than this node. */
unsigned fh_suspicion_others(const struct fh_gossip *g, const struct fh_suspicion *s);
/* Whether they stand for an own failed probe: so many, and answered for by domains enough. */
bool fh_suspicion_convicts(const struct fh_gossip *g, const struct fh_suspicion *s);
void fh_suspicion_clear(struct fh_gossip *g, uint32_t slot);
/* First-hand evidence against the suspicion. */
void fh_suspicion_acquit(struct fh_turn *turn, uint32_t slot);
void fh_suspicion_conclude(struct fh_turn *turn, uint32_t slot);
/* Ends those whose time is over. */
void fh_suspicion_tick(struct fh_turn *turn);
/* A suspect that only a probe of ours can decide about; FH_MEMBER_NONE. */
uint32_t fh_suspicion_next_trial(const struct fh_gossip *g);
int64_t fh_suspicion_deadline(const struct fh_gossip *g);

/* ---- spread.c -------------------------------------------------------------------------------- */

void fh_spread_start(struct fh_turn *turn);
void fh_spread_tick(struct fh_turn *turn);
int64_t fh_spread_deadline(const struct fh_gossip *g);
/* Fingerprints of a peer's ACK. */
void fh_spread_compare(struct fh_turn *turn, uint32_t slot, const struct fh_message *ack);
/* News was queued: the next burst is due, when one is worth it. */
void fh_spread_wake(struct fh_turn *turn);
/* Datagrams do not reach the member: news and differences go over a session, at most so often. */
void fh_spread_blocked(struct fh_turn *turn, uint32_t slot);
/* A dead member is forgotten, but its address is called for ever: a partition may last longer than
 * a lease. */
void fh_spread_lost(struct fh_gossip *g, const char *address);
/* A synchronisation ended. */
void fh_spread_synced(struct fh_turn *turn, bool done);
int fh_spread_leave(struct fh_turn *turn);

#endif
