/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measurement: the signed summary of a look at a product's promises.
 *
 * The owner's node looks at its data on a schedule, and says what it found: how many promises
 * passed, failed, gave a warning or were not run, under which contract, when, and until when that
 * may count as news. The summary spreads like an announcement and every node keeps the newest of
 * each (domain, product, major version). It names the first promises that do not hold; all results
 * are beside it under a hash (proto/quality/results.h).
 *
 * A measurement is the owner's word about its own data, as a contract is. It is signed with the key
 * of the node that measured, by which it is held to it.
 *
 * Does not: verify signatures, know contracts, read clocks. Thread: any. Ownership: plain value.
 */
#ifndef FH_PROTO_QUALITY_MEASUREMENT_H
#define FH_PROTO_QUALITY_MEASUREMENT_H

#include "proto/contract/quality_gate.h"
#include "proto/quality/results.h"
#include "proto/wire/id.h"

/* X(NAME, text). What people are told of a product. */
#define FH_QUALITY_STATES(X)                                                                       \
    X(UNKNOWN, "unknown") /* never measured, or nothing could be run */                            \
    X(OK, "ok")                                                                                    \
    X(WARN, "warn")                                                                                \
    X(FAIL, "fail")                                                                                \
    X(STALE, "stale") /* what was measured has expired */

enum fh_quality_state {
#define X(name, text) FH_QUALITY_##name,
    FH_QUALITY_STATES(X)
#undef X
        FH_QUALITY_STATE_COUNT
};

/* "ok"; "unknown" out of range. */
const char *fh_quality_state_text(unsigned state);

/* What a list tells of a product's last measurement. */
struct fh_quality {
    bool measured; /* false: never, and the rest is 0 */
    enum fh_quality_state state;
    enum fh_quality_gate gate;
    int64_t measured_ms;
    int64_t expires_ms;
};

/* A promise that does not hold, in the summary. */
struct fh_measurement_broken {
    char id[FH_MEASUREMENT_SHOWN_ID_BYTES_MAX + 1]; /* cut where it is longer */
    enum fh_promise_outcome outcome;
};

struct fh_measurement {
    struct fh_domain_id domain;
    char product[FH_NAME_BYTES_MAX + 1];
    char version[FH_VERSION_BYTES_MAX + 1];
    uint32_t major;               /* of `version`; filled by parsing */
    struct fh_record_id contract; /* record id of the CONTRACT whose promises these are */
    int64_t measured_ms;          /* Unix, UTC: when the look began */
    int64_t expires_ms;           /* later by at most FH_MEASUREMENT_TTL_MS */
    enum fh_quality_gate gate;    /* what the contract wants when promises do not hold */
    uint64_t rows;                /* of all tables */
    uint64_t counts[FH_PROMISE_OUTCOME_COUNT];
    uint64_t up_permyriad; /* of the last 30 days this node served, in 1/10000; 10001: not known */
    struct fh_hash results;
    uint64_t results_bytes; /* 1 .. FH_MEASUREMENT_RESULTS_BYTES_MAX */
    unsigned broken_count;
    struct fh_measurement_broken broken[FH_MEASUREMENT_SHOWN_MAX];
};

enum { FH_MEASUREMENT_UP_UNKNOWN = 10001 };

/* Counts the results, keeps the first that do not hold, and hashes `encoded`, which is what
 * fh_results_encode made of them. The rest of `out` is the caller's. */
void fh_measurement_sum(struct fh_measurement *out,
                        const struct fh_result *results,
                        size_t count,
                        struct fh_bytes encoded);

/* Appends the payload (canonical, positional), naming fewer broken promises where they would not
 * fit FH_MEASUREMENT_BYTES_MAX. */
void fh_measurement_encode(struct fh_buf *out, const struct fh_measurement *measurement);

/* Reads and checks a scanned payload. FH_EINVAL ("measurement.*", "name.*", "semver.form"),
 * FH_EVERSION. */
FH_MUST_CHECK int
fh_measurement_parse(struct fh_measurement *out, struct fh_bytes payload, struct fh_err *err);

/* Whether `b` takes the place of `a` under one key: the later measured, then the greater record id.
 * Every node decides alike, in any order of arrival. */
bool fh_measurement_supersedes(int64_t a_measured_ms,
                               const struct fh_record_id *a_id,
                               int64_t b_measured_ms,
                               const struct fh_record_id *b_id);

/* OK, WARN, FAIL, or UNKNOWN when no promise was run; never STALE. */
enum fh_quality_state fh_measurement_state(const struct fh_measurement *measurement);
/* The same as people see it at `now_ms`: STALE when it has expired. */
enum fh_quality_state
fh_quality_state_at(enum fh_quality_state state, int64_t expires_ms, int64_t now_ms);

/* What follows for a query. */
enum fh_quality_verdict {
    FH_QUALITY_ADMIT,
    FH_QUALITY_NOTICE, /* answer, and tell that promises do not hold */
    FH_QUALITY_REFUSE, /* FH_EDENIED, rule "product.quality.blocked" */
};

/* Decides by the last measurement, however old: a gate closes when promises failed, and opens with
 * the next good measurement, not by itself. Warnings, and a measurement in which nothing could be
 * run, refuse nobody. The owner's own domain is never refused: it has to find what is wrong. */
enum fh_quality_verdict
fh_quality_decide(enum fh_quality_gate gate, enum fh_quality_state state, bool own_domain);

/* "3 of 20 promises failed: schema.t.properties.id.unique, slaProperties.freshness, ..." */
void fh_measurement_broken_text(char *out, size_t size, const struct fh_measurement *measurement);

#endif
