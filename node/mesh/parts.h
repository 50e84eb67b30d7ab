/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of node/mesh share; for them alone.
 */
#ifndef FH_NODE_MESH_PARTS_H
#define FH_NODE_MESH_PARTS_H

#include "node/mesh/mesh.h"

#include "common/list.h"

struct fh_timer;

/* Under which rules contradictions are kept (fh_store_proof_put). */
#define FH_PROOF_NAME_TAKEN FH_NAMES_TAKEN
#define FH_PROOF_MEMBER     "member.forked"

struct fh_mesh {
    struct fh_mesh_options options;
    struct fh_mesh_id id;
    struct fh_domain_id domain;
    struct fh_node_id node;
    bool quiet;

    /* gossip_driver.c */
    struct fh_udp *udp;
    struct fh_gossip *gossip; /* NULL until admitted */
    struct fh_gossip_actions *actions;
    struct fh_timer *gossip_timer;
    struct fh_list follow_ups; /* events that a step caused */
    uint64_t member_changes;   /* since the process started */
    bool stepping;
    bool reviewing; /* a FH_GOSSIP_REVIEW waits among the follow-ups */
    bool admitting; /* and a FH_GOSSIP_ADMITTED */
    bool mute;      /* the generation could not be stored: nothing is said any more */
    bool feeding;   /* members come from the store: they need not be stored again */
    fh_mesh_left_fn *left;
    void *left_user;
    struct fh_timer *leave_timer;

    /* joining.c */
    struct fh_joining *joining; /* NULL when admitted */

    /* sync.c */
    struct fh_list syncs;   /* on their way */
    int64_t wanted_sync_ms; /* the last one for want of what a rumour needs */
    struct fh_timer *pull_timer;
    bool pulling;
    unsigned pull_turn;                /* rotates through candidates */
    struct fh_domain_id pull_after[2]; /* the last turns' domains: an owner's, somebody else's */

    /* lacks.c */
    struct fh_mesh_lacks *lacks; /* NULL while there were none */

    /* measured.c */
    struct fh_mesh_early *early; /* NULL while there are none */

    /* rangesets.c */
    struct fh_mesh_rangesets *rangesets; /* NULL while nobody asked */
};

/* Where a record came from. */
struct fh_origin {
    struct fh_node_id node; /* zero: this node itself */
    bool bulk;              /* part of a synchronisation: do not spread it */
};

/* intake.c: takes one record of any type. FH_OK when it is known or accepted (`out_new`), else why
 * it was refused. */
FH_MUST_CHECK int fh_mesh_intake(struct fh_mesh *mesh,
                                 struct fh_bytes record,
                                 const struct fh_origin *origin,
                                 bool *out_new,
                                 struct fh_err *err);
/* A record that another node brought is taken: whoever keeps the audit log hears of it. */
void fh_mesh_tell_taken(struct fh_mesh *mesh,
                        const struct fh_record *record,
                        const struct fh_domain_id *domain,
                        const struct fh_origin *origin);
/* Takes many records (bulk ones, as of a synchronisation) in one transaction, so that each does not
 * cost its own fsync. Gossip waits until they are stored. `each` may be NULL; it hears what became
 * of every record, twice when a failure of the store made all of them be taken again. Fails when
 * they could not be stored: then none counts. */
typedef void fh_mesh_taken_fn(void *user, int code, bool is_new, const struct fh_err *err);
FH_MUST_CHECK int fh_mesh_intake_bulk(struct fh_mesh *mesh,
                                      const struct fh_msg_bins *records,
                                      const struct fh_origin *origin,
                                      fh_mesh_taken_fn *each,
                                      void *user,
                                      struct fh_err *err);

/* intake.c: delegations that begin after this date stay at home: the wall clock and
 * FH_DELEGATION_AHEAD_MS. */
int64_t fh_mesh_due_until(void);

/* lacks.c: whether a refusal means that identity records are missing here. */
bool fh_mesh_lacks_identity(const struct fh_err *err);
/* Asks for this domain's identity records, soon and until the signer of `refused` is known, for a
 * while. What was refused then comes again. Nothing happens for a zero domain. All borrowed. */
void fh_mesh_want_identity(struct fh_mesh *mesh,
                           const struct fh_domain_id *domain,
                           const struct fh_record *refused,
                           const struct fh_err *why,
                           const struct fh_node_id *from);
/* The same for a domain of whose node a record was refused: `key` signed it. The members are
 * synchronised then. */
void fh_mesh_want_member(struct fh_mesh *mesh,
                         const struct fh_domain_id *domain,
                         const struct fh_ref *key);
void fh_mesh_lacks_quiesce(struct fh_mesh *mesh);
void fh_mesh_lacks_end(struct fh_mesh *mesh);

/* gossip_driver.c */
FH_MUST_CHECK int fh_mesh_gossip_start(struct fh_mesh *mesh,
                                       const char *const *seeds,
                                       unsigned seed_count,
                                       struct fh_err *err);
void fh_mesh_gossip_event(struct fh_mesh *mesh, struct fh_gossip_event *event);
/* Between pause and resume no step is taken; what comes waits. They do not nest. */
void fh_mesh_gossip_pause(struct fh_mesh *mesh);
void fh_mesh_gossip_resume(struct fh_mesh *mesh);
/* Queues an event that carries `bytes` (copied) to be stepped after the running one. */
void fh_mesh_gossip_later(struct fh_mesh *mesh,
                          const struct fh_gossip_event *event,
                          struct fh_bytes bytes);
/* Who is admitted may have changed: the core asks about all again, once for all that waits. */
void fh_mesh_review(struct fh_mesh *mesh);
/* Identity records have come: the core judges again whom it took for strangers. */
void fh_mesh_judge_strangers(struct fh_mesh *mesh);
void fh_mesh_gossip_end(struct fh_mesh *mesh);

/* spreading.c: lets the record travel; one that is too large for a datagram is left to
 * synchronisation, unless it is urgent: then it is pushed to a few. */
void fh_mesh_spread(struct fh_mesh *mesh, struct fh_bytes record, enum fh_rumour_class class_);
/* Asks up to `most` others that answer, whoever they are but `except` (may be NULL), to take this
 * record, or what this PUSH request has. Borrowed. */
void fh_mesh_push(struct fh_mesh *mesh,
                  struct fh_bytes record,
                  unsigned most,
                  const struct fh_node_id *except);
void fh_mesh_push_request(struct fh_mesh *mesh,
                          const struct fh_buf *request,
                          unsigned most,
                          const struct fh_node_id *except);

/* measured.c: takes a MEASUREMENT record, as fh_mesh_intake does. */
FH_MUST_CHECK int fh_mesh_take_measurement(struct fh_mesh *mesh,
                                           struct fh_bytes record,
                                           const struct fh_origin *origin,
                                           bool *out_new,
                                           struct fh_err *err);
/* agreed.c: takes a MESH_POLICY or WAIVER record, as fh_mesh_intake does. */
FH_MUST_CHECK int fh_mesh_take_agreed(struct fh_mesh *mesh,
                                      const struct fh_record *record,
                                      const struct fh_origin *origin,
                                      bool *out_new,
                                      struct fh_err *err);
/* Answers POLICY_STATE; the question is taken. */
void fh_mesh_answer_policy_state(struct fh_mesh *mesh, struct fh_question *question);
/* An announcement came: measurements that were early for it are taken now. */
void fh_mesh_retry_early(struct fh_mesh *mesh, const struct fh_announce_key *key);
/* Answers MEASUREMENT; the question is taken. */
void fh_mesh_answer_measurement(struct fh_mesh *mesh, struct fh_question *question);
/* quality.c: answers QUALITY; the question is taken. */
void fh_mesh_answer_quality(struct fh_mesh *mesh, struct fh_question *question);
void fh_mesh_measured_end(struct fh_mesh *mesh);

/* sync.c: of what a rumour needs that this node brought; not more often than once a second, for
 * anybody may send such rumours. */
void fh_mesh_sync_wanted(struct fh_mesh *mesh, const struct fh_node_id *node, const char *address);
/* `pages`: all that the peer holds is wanted, as by a newcomer; else what differs. */
void fh_mesh_sync(struct fh_mesh *mesh,
                  const struct fh_node_id *node,
                  const char *address,
                  bool pages);
void fh_mesh_introduce(struct fh_mesh *mesh, const struct fh_node_id *node, const char *address);
/* Fetches contracts that announcements name and that are not here, soon. */
void fh_mesh_pull(struct fh_mesh *mesh);

/* reconcile.c: gets what only the peer holds of a set (not of forks), and gives what only this node
 * holds. `fn` is called once, perhaps before return: with FH_OK and the number of records that were
 * new here, or why not all was done. */
typedef void fh_mesh_reconciled_fn(int code, unsigned added, void *user);
void fh_mesh_reconcile(struct fh_mesh *mesh,
                       const struct fh_peer_target *target,
                       enum fh_sync_set set,
                       fh_mesh_reconciled_fn *fn,
                       void *user);
/* Answers RECONCILE; the question is taken. */
void fh_mesh_answer_reconcile(struct fh_mesh *mesh, struct fh_question *question);

/* forks.c: a fork of a chain that is new here is told to others. */
void fh_mesh_fork_found(struct fh_mesh *mesh, const struct fh_catalog_outcome *outcome);
/* What a peer knows of forks (pairs of ids): pulls what is missing here from it. */
void fh_mesh_forks_told(struct fh_mesh *mesh,
                        const struct fh_peer_target *target,
                        struct fh_msg_bins *pairs);

/* Two records of a node's life contradict each other: both are kept. */
void fh_mesh_member_forked(struct fh_mesh *mesh, const struct fh_gossip_action *action);

/* whereabouts.c: answers PEERS; the question is taken. */
void fh_mesh_answer_peers(struct fh_mesh *mesh, struct fh_question *question);
/* Fills an entry from a member of this mesh's gossip. */
void fh_mesh_tell_peer(struct fh_mesh *mesh,
                       const struct fh_gossip_member *member,
                       struct fh_msg_peer *out);

/* why.c: answers WHY and COUNTERS; the question is taken. */
void fh_mesh_answer_why(struct fh_mesh *mesh, struct fh_question *question);
void fh_mesh_answer_counters(struct fh_mesh *mesh, struct fh_question *question);

/* redeem.c: admits the domain that redeems an invitation (read from the question), and appends the
 * admission's record to `admission`. The question is borrowed. The invitation's and the directory's
 * errors; the identity records that a refused one brought stay. */
FH_MUST_CHECK int fh_mesh_redeem(struct fh_mesh *mesh,
                                 struct fh_question *question,
                                 struct fh_msg_redeem *redeem,
                                 struct fh_buf *admission,
                                 struct fh_err *err);
/* redeem.c: identity records for a domain that `admission` (borrowed) admits, each once and in an
 * order in which it accepts them: what proves the admission, then as much of the rest as `visit`
 * takes. */
void fh_mesh_each_for_joiner(const struct fh_mesh *mesh,
                             const struct fh_domain_id *joiner,
                             struct fh_bytes admission,
                             fh_directory_visit_fn *visit,
                             void *user);
/* charters.c: answers CHARTER and CHARTERS; the question is taken. */
void fh_mesh_answer_charter(struct fh_mesh *mesh, struct fh_question *question);
void fh_mesh_answer_charters(struct fh_mesh *mesh, struct fh_question *question);
/* A charter that the directory holds came into force, or contradicts another: it is logged and,
 * when `spread`, told to others at once, also when it is too large for a datagram. A contest, with
 * all that is part of it, and its settlement are told whatever `spread` says. */
void fh_mesh_charter_news(struct fh_mesh *mesh, const struct fh_record_id *id, bool spread);
/* proofs.c: answers PROOFS; the question is taken. */
void fh_mesh_answer_proofs(struct fh_mesh *mesh, struct fh_question *question);

/* whereabouts.c: keeps the member's newest record and address for the next start; the last ones may
 * be lost in a power cut. A failure is logged. */
void fh_mesh_keep_member(struct fh_mesh *mesh, const struct fh_gossip_member *member);

/* joining.c */
FH_MUST_CHECK int fh_mesh_join(struct fh_mesh *mesh, struct fh_err *err);
void fh_mesh_joining_end(struct fh_mesh *mesh);

#endif
