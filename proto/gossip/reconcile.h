/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reconciliation: two nodes find out what only one of them has, at a cost of what differs.
 *
 * Both hold a range set of the same kind. Whoever begins sends fingerprints of ranges that together
 * cover all keys; the other answers for each that it finds different with its own fingerprints of
 * smaller ranges, or with the ids of all that it holds there when they are few. Equal ranges are
 * never spoken of again. The answering end keeps no state between messages, and one engine serves
 * all sets.
 *
 *     begin ----------- [range, fingerprint] x 8 -----------> answer
 *     go on <---- [skip | fingerprint x 8 | list of ids] ---- answer
 *       ...
 *     done: "lacks" (ids that the other holds and we do not), "extra" (elements of ours that the
 *           other does not hold); what comes of both is judged like any record
 *
 * After A. Meyer, "Range-Based Set Reconciliation", SRDS 2023: ranges of keys, fan-out 8. Unlike
 * there an update is another id under the same key, so ranges stay as they are.
 *
 * Messages: the canonical array of [upper bound bin0|..32, mode, value], in ascending order of
 * their upper bounds, which are exclusive and cut as short as they tell neighbours apart; empty
 * means the end, and stands last. Modes: 0 skip (nil), 1 fingerprint (bin16), 2 list (bin, 16 bytes
 * of each id). A message has at most FH_RECONCILE_RANGES_MAX ranges and
 * FH_RECONCILE_BYTES_MAX bytes: what does not fit is folded into one fingerprint of all the rest.
 *
 * Does not: fetch records, decide who is right, or remember peers. Thread: distinct sets.
 * Ownership: messages are borrowed.
 */
#ifndef FH_PROTO_GOSSIP_RECONCILE_H
#define FH_PROTO_GOSSIP_RECONCILE_H

#include "common/limits.h"
#include "proto/gossip/rangeset.h"

enum {
    FH_RECONCILE_FANOUT = 8,    /* 16 saves a round trip and costs half as much again in bytes */
    FH_RECONCILE_LIST_MAX = 32, /* so few elements are listed instead of split */
};

/* ---- keys of the sets that nodes keep ---- */

/* Of what has one place for each (domain, product, major): first 4 of the domain id, then first 28
 * of H("freehold/v1/place\0" || domain id || u64be(major) || product). Short beginnings tell places
 * apart, and those of one domain lie together. */
struct fh_range_key
fh_reconcile_place_key(const struct fh_domain_id *domain, const char *product, uint32_t major);
/* Of an ALIVE or LEAVE record: the node id, with 0 or 1 for its last byte. */
struct fh_range_key fh_reconcile_member_key(const struct fh_node_id *node, bool is_leave);
/* Of records that are kept for ever: the record id. */
struct fh_range_key fh_reconcile_record_key(const struct fh_record_id *id);

/* ---- messages ---- */

/* The first message: fingerprints of all that we hold. */
void fh_reconcile_begin(const struct fh_rangeset *set, struct fh_buf *out);

/* The answer to a message of who began. FH_EINVAL (rule "reconcile.*", "pack.*") for bytes that are
 * no message; `out` is unchanged then. */
FH_MUST_CHECK int fh_reconcile_answer(const struct fh_rangeset *set,
                                      struct fh_bytes message,
                                      struct fh_buf *out,
                                      struct fh_err *err);

/* What is found. `ref` is the beginning of the id of a record that only the other end holds;
 * `element` (lent) is one of ours that the other does not hold. Neither may change the set. */
struct fh_reconcile_found {
    void (*lacks)(void *user, const struct fh_ref *ref);
    void (*extra)(void *user, const struct fh_range_element *element);
    void *user;
};

/* Takes an answer in: tells what is found, and appends the next message to `out`; nothing is
 * appended when all is known. Errors as fh_reconcile_answer. */
FH_MUST_CHECK int fh_reconcile_next(const struct fh_rangeset *set,
                                    struct fh_bytes answer,
                                    const struct fh_reconcile_found *found,
                                    struct fh_buf *out,
                                    struct fh_err *err);

#endif
