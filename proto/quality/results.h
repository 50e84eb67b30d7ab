/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results: what became of each promise of a contract in one measurement, as compact bytes.
 *
 *     [1, left out, [[id, category, outcome, rule, measured, failing, total], ...]]
 *
 * They stand beside the MEASUREMENT record, which has their hash, so whoever holds both can show
 * them to others. What does not hold comes first; when there are more than fit, passed ones are
 * left out and counted. `measured` is a number, a time, a length of time, true or false: its
 * characters are checked on both ways, so that no text of a row can stand there.
 *
 * Does not: say why in words: what was promised is in the contract (proto/quality/promise.h).
 * Thread: distinct objects. Ownership: strings read are views into the bytes.
 */
#ifndef FH_PROTO_QUALITY_RESULTS_H
#define FH_PROTO_QUALITY_RESULTS_H

#include "common/limits.h"
#include "proto/quality/promise.h"
#include "proto/wire/crypto.h"
#include "proto/wire/pack.h"

enum {
    FH_RESULT_RULE_BYTES_MAX = 47,
    FH_RESULT_MEASURED_BYTES_MAX = 79, /* a decimal of 64 digits with sign and point */
};

struct fh_result {
    char id[FH_MEASUREMENT_ID_BYTES_MAX + 1]; /* "schema.orders.properties.total.required" */
    enum fh_promise_category category;
    enum fh_promise_outcome outcome;
    char rule[FH_RESULT_RULE_BYTES_MAX + 1];         /* "required" */
    char measured[FH_RESULT_MEASURED_BYTES_MAX + 1]; /* "" when nothing was */
    uint64_t failing;                                /* rows that break it, or that were counted */
    uint64_t total;                                  /* rows of the table */
};

/* Fills id and rule, which are cut where they are too long; `measured` is left out when it is no
 * number, time or truth. */
void fh_result_make(struct fh_result *out,
                    const char *id,
                    const char *rule,
                    const char *measured,
                    enum fh_promise_category category,
                    enum fh_promise_outcome outcome);

/* Appends the results: failed, warnings, not run, passed, each in their order, at most
 * FH_MEASUREMENT_RESULTS_MAX and FH_MEASUREMENT_RESULTS_BYTES_MAX. */
void fh_results_encode(struct fh_buf *out, const struct fh_result *results, size_t count);

/* "freehold/v1/results\0" and the bytes, hashed. */
struct fh_hash fh_results_hash(struct fh_bytes results);

struct fh_results {
    uint32_t left;                /* still to be read */
    uint64_t left_out;            /* passed ones that did not fit */
    struct fh_pack_reader reader; /* private */
};

/* Scans foreign bytes (borrowed) and begins to read. FH_EINVAL ("results.*", "pack.*"),
 * FH_ETOOBIG, FH_EVERSION. */
FH_MUST_CHECK int
fh_results_open(struct fh_results *out, struct fh_bytes bytes, struct fh_err *err);
/* The next one; call it while `left` is not 0. FH_EINVAL "results.form", "results.measured". */
FH_MUST_CHECK int
fh_results_next(struct fh_results *results, struct fh_result *out, struct fh_err *err);

#endif
