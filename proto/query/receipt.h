/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipt: the signed end of an answer.
 *
 * It says what was asked (the id of the signed request), under which contracts and policy, how it
 * ended, and what came back (counts, digest of the batch tags, on demand a hash tree). One owner's
 * answer ends with the owner's receipt; a join ends with the entry peer's, which lists those of the
 * owners. An answer without a receipt that fits is incomplete, never silently short. Notices tell
 * the consumer of every product read that is not simply active: a draft, or deprecated and until
 * when.
 *
 * Does not: verify signatures (proto/query/receipt_file does, offline). Thread: any; values.
 * Ownership: plain values, nothing borrowed.
 */
#ifndef FH_PROTO_QUERY_RECEIPT_H
#define FH_PROTO_QUERY_RECEIPT_H

#include "proto/gossip/announce.h"
#include "proto/quality/measurement.h"
#include "proto/query/query.h"
#include "proto/query/tally.h"

enum {
    FH_RECEIPT_NOTICES_MAX = 32, /* products; what fits a receipt beside 64 tables of 64 owners */
};

/* What the signer says of a product that the answer was read from. */
struct fh_notice {
    struct fh_domain_id domain;
    char product[FH_NAME_BYTES_MAX + 1];
    char version[FH_VERSION_BYTES_MAX + 1];
    enum fh_announce_status status;
    int64_t sunset_ms;                          /* Unix; 0: no date */
    char successor[FH_SUCCESSOR_BYTES_MAX + 1]; /* as in the announcement; "" none */
    enum fh_quality_state quality; /* WARN or FAIL: promises did not hold; else UNKNOWN */
    int64_t measured_ms;           /* Unix: when that was found; 0 when nothing was */
    struct fh_record_id waiver; /* a WAIVER by which a rule of a policy did not bind; zero: none */
    int64_t waived_until_ms;    /* Unix; 0 without one */
    bool urgent;                /* it breaks the glass */
};

/* What of a waiver is told. */
struct fh_notice_waiver {
    struct fh_record_id id;
    int64_t until_ms;
    bool urgent;
};

struct fh_receipt {
    struct fh_record_id request; /* id of the REQUEST record */
    struct fh_request_id request_id;
    struct fh_domain_id owner; /* domain of the node that signs */
    struct fh_node_id node;    /* the node whose key signs */
    unsigned outcome;          /* enum fh_code: FH_OK when all rows were sent */
    struct fh_observed sent;
    size_t contract_count;
    struct fh_record_id contracts[FH_QUERY_TABLES_MAX];
    bool has_policy;
    struct fh_record_id policy;
    int64_t started_ms;
    int64_t finished_ms;
    size_t part_count; /* receipts of the owners that a join took from */
    struct fh_record_id parts[FH_QUERY_TABLES_MAX];
    size_t notice_count; /* of products that are not active or not good, each once */
    struct fh_notice notices[FH_RECEIPT_NOTICES_MAX];
};

/* Adds a notice of this product version unless it is there already, or there is nothing to say: it
 * is active, and its quality gate has nothing to tell. 32 of them say enough. */
void fh_receipt_notice(struct fh_receipt *receipt,
                       const struct fh_announcement *product,
                       const struct fh_quality *quality);

/* The same when a waiver had a part in the answer; of several the first is named, and one that
 * breaks the glass before any other. */
void fh_receipt_waived(struct fh_receipt *receipt,
                       const struct fh_announcement *product,
                       const struct fh_quality *quality,
                       const struct fh_notice_waiver *waiver);

/* Appends the canonical payload. FH_EINVAL (rule "receipt.*"), FH_ETOOBIG. */
FH_MUST_CHECK int
fh_receipt_build(struct fh_buf *out, const struct fh_receipt *receipt, struct fh_err *err);

/* Reads a payload; scans it first. `out` is unchanged on failure. FH_EINVAL ("pack.*",
 * "receipt.*"), FH_ETOOBIG, FH_EVERSION. */
FH_MUST_CHECK int
fh_receipt_parse(struct fh_receipt *out, struct fh_bytes payload, struct fh_err *err);

/* Whether the answer was read under this contract, as the receipt says. */
bool fh_receipt_is_under(const struct fh_receipt *receipt, const struct fh_record_id *contract);

/* Whether the receipt (NULL: none came) belongs to the request and to what was observed. Refusals,
 * in this order:
 *   FH_EINCOMPLETE "receipt.missing"   no receipt
 *   FH_ESIG        "receipt.request"   answers another request
 *   FH_ESIG        "receipt.time"      signed before the request was made, beyond FH_CLOCK_SKEW_MS
 *   FH_ESIG        "receipt.owner"     not by the tables' owner, or a join not by the entry peer
 *   FH_ESIG        "receipt.contract"  a contract of the request is not among the receipt's
 *   FH_EINCOMPLETE "receipt.outcome"   the producer says that it ended early, and why
 *   FH_EINCOMPLETE "receipt.rows"      rows, bytes or batches differ from those observed
 *   FH_ESIG        "receipt.tags"      the batches are not those that were sent
 *   FH_ESIG        "receipt.tree"      a tree was asked and lacks or differs
 * `observed` may be NULL when only the paper is at hand (offline): then the last three are not
 * checked. */
FH_MUST_CHECK int fh_receipt_check(const struct fh_receipt *receipt,
                                   const struct fh_query_request *request,
                                   const struct fh_record_id *request_record,
                                   const struct fh_observed *observed,
                                   struct fh_err *err);

/* Whether the owners' receipts behind a join are all there and fit: each part that `receipt` lists
 * is among `parts` (their record ids in `part_ids`), each answers the request for a domain that
 * owns one of its tables, completely or until the entry peer needed no more (FH_ECANCELLED), and
 * every table's owner signed something, under the contract that was asked. "receipt.missing",
 * "receipt.request", "receipt.time", "receipt.outcome", "receipt.owner", "receipt.contract". */
FH_MUST_CHECK int fh_receipt_check_parts(const struct fh_receipt *receipt,
                                         const struct fh_receipt *parts,
                                         const struct fh_record_id *part_ids,
                                         size_t part_count,
                                         const struct fh_query_request *request,
                                         const struct fh_record_id *request_record,
                                         struct fh_err *err);

#endif
