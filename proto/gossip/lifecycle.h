/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life cycle: which announcement of a product's major version may follow which.
 *
 *      draft --> active --> deprecated --> retired --> withdrawn
 *
 * The status goes forward only; steps may be left out, since gossip may skip revisions. A sunset is
 * a promise to consumers: once stated it can be put off, never brought forward or taken back, until
 * the version is retired. Both hold at every peer, so an owner cannot take its word back by a
 * higher revision. What depends on the clock (a version is retired before its sunset) is judged by
 * the owner's side alone: peers with different clocks would disagree.
 *
 *   fh_lifecycle_follows   every peer, and the node before it announces
 *   fh_lifecycle_move      `product deprecate|retire`: makes the next announcement
 *   fh_lifecycle_publish   a new contract under a major that is there already
 *   fh_lifecycle_renew     the same again, with a new date
 *
 * Does not: sign, know clocks, decide who may be served. Thread: any. Ownership: plain values.
 */
#ifndef FH_PROTO_GOSSIP_LIFECYCLE_H
#define FH_PROTO_GOSSIP_LIFECYCLE_H

#include "common/time.h"
#include "proto/gossip/announce.h"

/* Whether `next`, of a higher revision, may take the place of `held` under their key. FH_ECHECK:
 * "announcement.status.backward", "announcement.sunset.earlier". */
FH_MUST_CHECK int fh_lifecycle_follows(const struct fh_announcement *held,
                                       const struct fh_announcement *next,
                                       struct fh_err *err);

/* What an owner asks for. */
struct fh_lifecycle_move {
    enum fh_announce_status status;
    int64_t sunset_ms;     /* Unix; 0: as it is */
    const char *successor; /* borrowed; NULL: as it is */
    bool force;            /* retire it although consumers were promised more */
};

/* Fills `out` with what follows `held` by this move at `now_ms`. FH_ECHECK: as
 * fh_lifecycle_follows; "lifecycle.retired.early" (not deprecated yet, or its sunset is ahead, and
 * no force), "lifecycle.sunset.past", "lifecycle.unchanged". FH_EINVAL "announce.*". */
FH_MUST_CHECK int fh_lifecycle_move(struct fh_announcement *out,
                                    const struct fh_announcement *held,
                                    const struct fh_lifecycle_move *move,
                                    int64_t now_ms,
                                    struct fh_err *err);

/* Settles the status of `next`, which carries what the contract states, where `held` is announced
 * (NULL: nothing yet). A deprecated major stays deprecated, with its sunset and successor, when the
 * contract says active: `*out_kept` is then true. FH_ECHECK: "product.retired" (a retired or
 * withdrawn major takes no new version), and as fh_lifecycle_move. */
FH_MUST_CHECK int fh_lifecycle_publish(struct fh_announcement *next,
                                       const struct fh_announcement *held,
                                       int64_t now_ms,
                                       bool *out_kept,
                                       struct fh_err *err);

/* What follows `held` with nothing changed but its dates. */
void fh_lifecycle_renew(struct fh_announcement *out,
                        const struct fh_announcement *held,
                        int64_t now_ms);

/* The day for people, "2027-03-31" when it ends with that day, else with its time; "" for 0. */
void fh_sunset_text(char out[FH_TIME_TEXT_BYTES], int64_t sunset_ms);

#endif
